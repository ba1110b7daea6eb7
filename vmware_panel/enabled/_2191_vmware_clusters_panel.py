PANEL = "vmware_clusters"
PANEL_DASHBOARD = "admin"
PANEL_GROUP = "vmware"
ADD_PANEL = "vmware_panel.panels.clusters.panel.Clusters"
