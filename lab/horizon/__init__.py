"""Horizon from a checkout: stock Horizon with this project's plugin and the lab's settings."""
