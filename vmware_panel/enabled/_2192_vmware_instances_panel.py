PANEL = "vmware_instances"
PANEL_DASHBOARD = "admin"
PANEL_GROUP = "vmware"
ADD_PANEL = "vmware_panel.panels.instances.panel.Instances"
