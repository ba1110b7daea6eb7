from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class VMwarePanelConfig(AppConfig):
    name = "vmware_panel"
    verbose_name = gettext_lazy("VMware")

    def ready(self) -> None:
        from vmware_panel import checks  # noqa: F401  registers the checks of the settings
        from vmware_panel.instance_views import columns

        columns.install()
