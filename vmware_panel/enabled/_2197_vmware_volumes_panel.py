PANEL = "vmware_volumes"
PANEL_DASHBOARD = "admin"
PANEL_GROUP = "vmware"
ADD_PANEL = "vmware_panel.panels.volumes.panel.Volumes"
