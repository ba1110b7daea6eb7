#!/usr/bin/env python3
"""Django's commands in a checkout: Horizon with the plugin, in front of the lab's cloud."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lab.horizon_settings")
    execute_from_command_line(sys.argv)
