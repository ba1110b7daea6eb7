PANEL = "vmware_capacity"
PANEL_DASHBOARD = "admin"
PANEL_GROUP = "vmware"
ADD_PANEL = "vmware_panel.panels.capacity.panel.Capacity"
