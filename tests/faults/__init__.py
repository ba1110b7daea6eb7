"""Faults that the collector and the pages survive."""
