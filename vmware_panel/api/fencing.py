"""Nothing is sent by a worker that stood still for so long that another has its job now."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from vmware_panel.domain.jobs import JobItem
from vmware_panel.jobs.works import Report
from vmware_panel.vsphere.before_sending import before_sending

W = TypeVar("W")
R = TypeVar("R")


def fenced(method: Callable[[W, JobItem, Report], R]) -> Callable[[W, JobItem, Report], R]:
    """For `do` and `settle` of a `Work`: the claim is looked at before each change is sent."""

    @wraps(method)
    def asking(work: W, item: JobItem, report: Report) -> R:
        with before_sending(report.still_ours):
            return method(work, item, report)

    return asking
