"""Nova's service of a row's compute: None is unknown, and `""` is a row without a compute.

`compute` is its name as the row has it, `service` what Nova says of it.
"""

from vmware_panel.domain.cloud import ComputeService


def state_of(compute: str | None, service: ComputeService | None) -> str | None:
    """Whether Nova takes it for alive."""
    if not compute:
        return compute
    return service.state.value if service and service.state else None


def status_of(compute: str | None, service: ComputeService | None) -> str | None:
    if not compute:
        return compute
    if service is None or service.enabled is None:
        return None
    return "enabled" if service.enabled else "disabled"
