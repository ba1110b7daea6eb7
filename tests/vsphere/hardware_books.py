"""What the simulator itself says of hosts and clusters, read by pyVmomi alone."""

from typing import Any

from pyVmomi import vim


def every(service: vim.ServiceInstance, kind: type) -> list[Any]:
    content = service.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], True)
    try:
        return list(view.view)
    finally:
        view.DestroyView()


def host_quick_stats(service: vim.ServiceInstance) -> dict[str, Any]:
    return {host._moId: host.summary.quickStats for host in every(service, vim.HostSystem)}


def cluster_summaries(service: vim.ServiceInstance) -> dict[str, Any]:
    return {c._moId: c.summary for c in every(service, vim.ClusterComputeResource)}
