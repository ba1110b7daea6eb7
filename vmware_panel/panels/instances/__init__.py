"""Admin > VMware > Instances: every instance and what stands behind it."""
