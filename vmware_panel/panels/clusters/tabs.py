from horizon import tabs

from vmware_panel.panels.clusters.capacity_tab import CapacityTab
from vmware_panel.panels.clusters.history_tab import HistoryTab
from vmware_panel.panels.clusters.hosts_tab import HostsTab
from vmware_panel.panels.clusters.instances_tab import InstancesTab
from vmware_panel.panels.clusters.overview_tab import OverviewTab
from vmware_panel.panels.clusters.recommendations_tab import RecommendationsTab
from vmware_panel.panels.clusters.rules_tab import RulesTab


class ClusterTabs(tabs.TabGroup):
    """In the order of the page: a tab is one line here, and one module."""

    slug = "cluster"
    show_single_tab = True
    tabs = (
        OverviewTab,
        CapacityTab,
        HostsTab,
        InstancesTab,
        RecommendationsTab,
        RulesTab,
        HistoryTab,
    )
