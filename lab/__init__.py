"""The lab: an OpenStack on VMware, a vCenter simulator and Horizon with the plugin, on one machine.

``python -m lab up`` brings it up. :mod:`lab.services` says what runs, :mod:`lab.supervisor` how it
is started and stopped, :mod:`lab.cloud` what the cloud holds.
"""
