"""Admin > VMware > Hosts: every ESX host, and the page of one."""
