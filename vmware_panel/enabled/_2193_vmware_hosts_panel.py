PANEL = "vmware_hosts"
PANEL_DASHBOARD = "admin"
PANEL_GROUP = "vmware"
ADD_PANEL = "vmware_panel.panels.hosts.panel.Hosts"
