PANEL = "vmware_jobs"
PANEL_DASHBOARD = "admin"
PANEL_GROUP = "vmware"
ADD_PANEL = "vmware_panel.panels.jobs.panel.Jobs"
