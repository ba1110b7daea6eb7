"""What a worker sends for one seeding, each step written down before and after."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from vmware_panel.domain.datastore_paths import DatastorePath, FilePlace, FolderListing
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.jobs.waiting import wait_for_task
from vmware_panel.jobs.works import Report
from vmware_panel.vsphere import VCenterClient, VSphereError

T = TypeVar("T")

CLEAN, CANCELLED = "clean", "cancelled"
"""The step that takes away what was staged, and why, besides what went wrong."""

LONGEST_S = 6 * 3600.0
"""A copy of a large disk over a slow network; nothing else takes long."""
POLL_S = 1.0

_THERE = "FileAlreadyExists"


class GivenUp(Exception):
    """The job was cancelled; what was staged is to go."""


@dataclass(frozen=True, slots=True)
class Staging:
    """`folder` is `vmware_temp/<name>`, `image` the image's folder in it."""

    place: FilePlace
    name: str
    folder: DatastorePath
    image: DatastorePath

    def file(self, name: str) -> DatastorePath:
        return self.image.child(name)


class Sending:
    """Steps of one staging folder. `step` is the one begun last. What they are made of, `client` and
    `report` among it, is for whoever makes the steps.
    """

    def __init__(
        self, vsphere: VCenterClient, vcenter: str, staging: Staging, report: Report
    ) -> None:
        self.staging = staging
        self.step = ""
        self.client = vsphere
        self.vcenter = vcenter
        self.report = report

    def heed_cancel(self) -> None:
        """Raises `GivenUp`."""
        if self.report.cancelled():
            raise GivenUp

    def make_directory(self, step: str, path: DatastorePath, *, may_exist: bool = False) -> None:
        """Raises `SourceError`."""
        if may_exist and self.client.list_folder(self.staging.place, path) is not None:
            return
        self._about_to(step)
        try:
            self.client.make_directory(self.staging.place, path, parents=True)
        except VSphereError as error:
            if not (may_exist and error.fault == _THERE):
                raise
        self.report.sent()

    def task(self, step: str, send: Callable[[], MoRef]) -> None:
        """Sends it and waits for its end. Raises `SourceError` where it fails, `GivenUp`."""
        self.heed_cancel()
        error = self._run(step, send, cancel=True)
        if error:
            raise self._failed(f"{step}: {error}")

    def last_task(self, step: str, send: Callable[[], MoRef], reason: str = "") -> str:
        """One that is let through to its end; what vCenter says of its failure, else nothing."""
        return self._run(step, send, cancel=False, reason=reason)

    def call(self, step: str, send: Callable[[], T], reason: str = "") -> T:
        """What makes no task: it is through when it is answered."""
        self._about_to(step, reason)
        answer = send()
        self.report.sent()
        return answer

    def upload(self, step: str, send: Callable[[], int]) -> None:
        """What lasts as long as its call."""
        self.heed_cancel()
        self._about_to(step)
        send()
        self.report.sent()

    def outcome(self, task: MoRef) -> str:
        """Waits for a task that was sent before; as `last_task`. Raises `TaskUnsettled`."""
        return self._said(self._waited(task, cancel=True), heed=True)

    def there(self) -> bool:
        return self.client.list_folder(self.staging.place, self.staging.folder) is not None

    def listing(self) -> FolderListing:
        """The staged image as it is now. Raises `SourceError` if it is gone."""
        listing = self.client.list_folder(self.staging.place, self.staging.image)
        if listing is None:
            raise self._failed(f"{self.staging.image} is gone")
        return listing

    def sizes(self) -> dict[str, int]:
        return {file.name: file.size_bytes or 0 for file in self.listing().files}

    def clean(self, step: str, reason: str) -> None:
        """Takes the staging folder away. `reason` is for the worker that has to finish it."""
        listing = self.client.list_folder(self.staging.place, self.staging.folder)
        if listing is not None:
            self.clean_folder(step, reason, listing)

    def clean_folder(self, step: str, reason: str, listing: FolderListing) -> None:
        error = self.last_task(step, lambda: self.client.delete_folder(listing), reason)
        if error:
            raise self._failed(f"{step}: {error}")

    def _run(self, step: str, send: Callable[[], MoRef], *, cancel: bool, reason: str = "") -> str:
        self._about_to(step, reason)
        task = send()
        self.report.sent(task)
        return self._said(self._waited(task, cancel=cancel), heed=cancel)

    def _about_to(self, step: str, reason: str = "") -> None:
        self.step = step
        self.report.about_to(step, f"{self.staging.name} {reason}".strip())

    def _waited(self, task: MoRef, *, cancel: bool) -> TaskRecord:
        return wait_for_task(
            self.client,
            task,
            self.report,
            source=self.vcenter,
            deadline_s=LONGEST_S,
            poll_s=POLL_S,
            cancel=cancel,
        )

    def _said(self, record: TaskRecord, *, heed: bool) -> str:
        """With `heed`, raises `GivenUp` for a task that ended because the job is to."""
        if record.state is TaskState.SUCCESS:
            return ""
        if heed and record.cancelled and self.report.cancelled():
            raise GivenUp
        return record.error or "failed"

    def _failed(self, detail: str) -> SourceError:
        return SourceError(Trouble(self.vcenter, TroubleKind.BAD_ANSWER, detail))
