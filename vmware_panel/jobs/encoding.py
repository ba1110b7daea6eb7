"""Jobs and items as bytes, and back.

Only fields of the domain's own types are read, so foreign bytes come to an error and never to code.
A field that a newer release has written and this one does not know is passed over.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import msgspec

from vmware_panel.domain.jobs import ItemState, Job, JobItem
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs.journal import JournalError

T = TypeVar("T")


class Now(msgspec.Struct, frozen=True):
    """Who works at a job and how far it is, where its items are kept apart from it."""

    fence: str
    items: int
    counts: dict[ItemState, int]
    worker: str = ""
    beat_at: datetime | None = None
    ended_at: datetime | None = None


_ENCODER = msgspec.msgpack.Encoder()
_JOB: msgspec.msgpack.Decoder[Job] = msgspec.msgpack.Decoder(Job)
_NOW: msgspec.msgpack.Decoder[Now] = msgspec.msgpack.Decoder(Now)
_ITEM: msgspec.msgpack.Decoder[JobItem] = msgspec.msgpack.Decoder(JobItem)
_ITEMS: msgspec.msgpack.Decoder[tuple[JobItem, ...]] = msgspec.msgpack.Decoder(tuple[JobItem, ...])


def encode_head(job: Job) -> bytes:
    """The job without its items, which are kept one by one."""
    return _ENCODER.encode(replace(job, items=()))


def encode_now(now: Now) -> bytes:
    return _ENCODER.encode(now)


def encode_item(item: JobItem) -> bytes:
    return _ENCODER.encode(item)


def encode_items(items: Sequence[JobItem]) -> bytes:
    return _ENCODER.encode(items)


def decode_head(packed: bytes) -> Job:
    """Raises `JournalError`."""
    return _decoded(_JOB, packed)


def decode_now(packed: bytes) -> Now:
    """Raises `JournalError`."""
    return _decoded(_NOW, packed)


def decode_item(packed: bytes) -> JobItem:
    """Raises `JournalError`."""
    return _decoded(_ITEM, packed)


def decode_items(packed: bytes) -> tuple[JobItem, ...]:
    """Raises `JournalError`."""
    return _decoded(_ITEMS, packed)


def _decoded(decoder: msgspec.msgpack.Decoder[T], packed: bytes) -> T:
    try:
        return decoder.decode(packed)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> JournalError:
    detail = f"not what this release writes: {type(error).__name__}: {error}"
    return JournalError(TroubleKind.BAD_ANSWER, detail[:200])
