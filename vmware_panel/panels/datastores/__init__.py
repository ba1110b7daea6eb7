"""Admin > VMware > Datastores: every datastore, and the page of one."""
