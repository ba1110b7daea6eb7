"""The application itself, and its tab in Horizon's own instance views."""

FEATURE = "vmware_panel"

ADD_INSTALLED_APPS = ["vmware_panel", "django_tables2"]

ADD_SCSS_FILES = ["vmware_panel/scss/vmware.scss"]

ADD_JS_FILES = ["vmware_panel/js/progress.js"]

EXTRA_TABS = {
    "openstack_dashboard.dashboards.admin.instances.tabs.AdminInstanceDetailTabs": (
        (10, "vmware_panel.instance_views.tab.AdminVMwareTab"),
    ),
    "openstack_dashboard.dashboards.project.instances.tabs.InstanceDetailTabs": (
        (10, "vmware_panel.instance_views.tab.ProjectVMwareTab"),
    ),
}
