"""A folder that is to go, and where it lies between the two looks: its steps, as the journal has them.

    first look -> make room -> set aside -> second look -> delete
                                                        -> put back

Aside is `[datastore] vmware_temp/<number>/<name>`: a rename on the same datastore, which moves no
bytes and is whole or not at all. Nova's own next boot then finds no folder and copies the image from
Glance anew (`vmops._fetch_image_if_missing`), sized copies included, which it makes again of it. A
worker that dies in between leaves the path in the journal, and the next one goes on from where the
folder lies.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from vmware_panel.domain.datastore_files import TEMP_FOLDER
from vmware_panel.domain.datastore_paths import (
    DatastorePath,
    FilePlace,
    FolderListing,
    UnsafePath,
    below,
    parse,
)
from vmware_panel.domain.details import Detail, DetailKind, detail
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.jobs import Step
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind, told
from vmware_panel.domain.plans import Refusal, RefusalKind
from vmware_panel.domain.tasks import TaskRecord, TaskState
from vmware_panel.jobs.waiting import TaskUnsettled, wait_for_task
from vmware_panel.jobs.works import Report
from vmware_panel.vsphere import VCenterClient, VSphereError

MAKE_ROOM, SET_ASIDE, PUT_BACK, DELETE = "make_room", "set_aside", "put_back", "delete"

TASK_DEADLINE_S = 600.0
"""Of a rename or a deletion: some folders take a vCenter minutes."""


class TaskFailed(SourceError):
    """vCenter's task ended with an error: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Note:
    """What another worker needs to go on; `reasons` are those for putting it back."""

    aside: DatastorePath
    size_bytes: int | None = None
    reasons: tuple[Refusal, ...] = ()

    @property
    def text(self) -> str:
        reasons = [[r.kind.value, r.subject, _written(r.detail)] for r in self.reasons]
        return json.dumps({"aside": str(self.aside), "bytes": self.size_bytes, "reasons": reasons})


def _written(about: str | Detail) -> str | list[str]:
    return about if isinstance(about, str) else [about.kind.value, *about.values]


def _read(about: str | list[str]) -> str | Detail:
    return about if isinstance(about, str) else detail(DetailKind(about[0]), *about[1:])


def note_of(steps: Sequence[Step]) -> Note:
    """Of the newest step that has one. Raises `UnsafePath` where none can be read."""
    for step in reversed(steps):
        try:
            note = json.loads(step.note)
            reasons = tuple(
                Refusal(RefusalKind(kind), subject, _read(about))
                for kind, subject, about in note["reasons"]
            )
            return Note(parse(note["aside"]), note["bytes"], reasons)
        except (KeyError, ValueError, TypeError):
            continue
    raise UnsafePath("the journal does not tell where the folder was set aside")


class SetAside:
    """One folder: `path` is its place, `note.aside` the other one; `began` are the steps so far."""

    def __init__(
        self,
        client: VCenterClient,
        report: Report,
        path: DatastorePath,
        note: Note,
        began: Iterable[str] = (),
    ) -> None:
        self.client = client
        self.path = path
        self.note = note
        self.began = set(began)
        self._report = report

    @classmethod
    def planned(cls, client: VCenterClient, report: Report, listing: FolderListing) -> "SetAside":
        """Nothing is sent yet."""
        room = below(listing.path.datastore, TEMP_FOLDER, str(uuid.uuid4()))
        note = Note(room.child(listing.path.name), listing.size_bytes)
        return cls(client, report, listing.path, note)

    @classmethod
    def resumed(
        cls, client: VCenterClient, report: Report, path: DatastorePath, steps: Sequence[Step]
    ) -> "SetAside":
        """As a worker before has left it. Raises `UnsafePath`."""
        return cls(client, report, path, note_of(steps), (step.name for step in steps))

    @property
    def _room(self) -> DatastorePath:
        """The folder made for it, of which it alone is in."""
        aside = self.note.aside
        return below(aside.datastore, *aside.names[:-1])

    def set_aside(self, listing: FolderListing) -> None:
        """Makes room for it, and moves it there. Raises `SourceError`: unanswered, nobody knows."""
        self._about_to(MAKE_ROOM)
        self.client.make_directory(listing.place, self._room, parents=True)
        self._report.sent()
        self._about_to(SET_ASIDE)
        try:
            self._moved(listing, self.note.aside)
        except TaskFailed:
            self.clear_room(listing.place)
            raise

    def lies_aside(self, place: FilePlace) -> FolderListing | None:
        return self.client.list_folder(place, self.note.aside)

    def lies_in_place(self, place: FilePlace) -> FolderListing | None:
        return self.client.list_folder(place, self.path)

    def put_back(self, place: FilePlace, reasons: tuple[Refusal, ...]) -> bool:
        """False if something else lies in its place by now: it then stays aside.

        Raises `SourceError`.
        """
        self.note = replace(self.note, reasons=reasons)
        listing = self.lies_aside(place)
        if listing is None:
            raise _lost(self, place)
        if self.lies_in_place(place) is not None:
            return False
        self._about_to(PUT_BACK)
        self._moved(listing, self.path)
        self.clear_room(place)
        return True

    def delete(self, place: FilePlace) -> None:
        """What lies aside, with the folder made for it. Raises `SourceError`."""
        listing = self.client.list_folder(place, self._room)
        if listing is None or listing.names != {self.path.name}:
            raise _lost(self, place)
        self._about_to(DELETE)
        task = self.client.delete_folder(listing)
        self._report.sent(task)
        self._ended(self.wait(task))

    def clear_room(self, place: FilePlace) -> None:
        """The empty folder that was made for it; one that stays is a leftover and does no harm."""
        with suppress(VSphereError):
            listing = self.client.list_folder(place, self._room)
            if listing is not None and not listing.files:
                self.client.delete_folder(listing)

    def _about_to(self, step: str) -> None:
        self._report.about_to(step, self.note.text)
        self.began.add(step)

    def _moved(self, listing: FolderListing, to: DatastorePath) -> None:
        task = self.client.move_folder(listing, to)
        self._report.sent(task)
        self._ended(self.wait(task))

    def wait(self, task: MoRef) -> TaskRecord:
        """The task when it is done. Raises `TaskUnsettled`."""
        return wait_for_task(
            self.client,
            task,
            self._report,
            source=self.client.endpoint.name,
            deadline_s=TASK_DEADLINE_S,
            poll_s=0.5,
            cancel=False,
        )

    def _ended(self, record: TaskRecord) -> None:
        if record.state is not TaskState.SUCCESS:
            raise TaskFailed(
                Trouble(self.client.endpoint.name, TroubleKind.BAD_ANSWER, record.error)
            )


def _lost(its: SetAside, place: FilePlace) -> SourceError:
    why = detail(DetailKind.NOT_ASIDE, its.note.aside, its.path)
    return TaskUnsettled(told(its.client.endpoint.name, TroubleKind.NOT_FOUND, why))
