PANEL = "vmware_datastores"
PANEL_DASHBOARD = "admin"
PANEL_GROUP = "vmware"
ADD_PANEL = "vmware_panel.panels.datastores.panel.Datastores"
