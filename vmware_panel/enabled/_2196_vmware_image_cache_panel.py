PANEL = "vmware_image_cache"
PANEL_DASHBOARD = "admin"
PANEL_GROUP = "vmware"
ADD_PANEL = "vmware_panel.panels.image_cache.panel.ImageCache"
