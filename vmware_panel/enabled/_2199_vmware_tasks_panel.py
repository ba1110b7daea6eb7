PANEL = "vmware_tasks"
PANEL_DASHBOARD = "admin"
PANEL_GROUP = "vmware"
ADD_PANEL = "vmware_panel.panels.tasks.panel.Tasks"
