"""vmware_panel: what stands behind each OpenStack instance on VMware, inside Horizon."""

__version__ = "0.1.0"
