"""Admin > VMware > Capacity: which flavors fit which clusters, and where one would land."""
