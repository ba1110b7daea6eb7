"""Jobs and items as bytes, and back.

Only fields of the domain's own types are read, so foreign bytes come to an error and never to code.
A field that a newer release has written and this one does not know is passed over.
"""

from dataclasses import replace

import msgspec

from vmware_panel.domain.jobs import Job, JobItem
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs.journal import JournalError

_ENCODER = msgspec.msgpack.Encoder()
_JOB: msgspec.msgpack.Decoder[Job] = msgspec.msgpack.Decoder(Job)
_ITEM: msgspec.msgpack.Decoder[JobItem] = msgspec.msgpack.Decoder(JobItem)


def encode_head(job: Job) -> bytes:
    """The job without its items, which are kept one by one."""
    return _ENCODER.encode(replace(job, items=()))


def encode_item(item: JobItem) -> bytes:
    return _ENCODER.encode(item)


def decode_head(packed: bytes) -> Job:
    """Raises `JournalError`."""
    try:
        return _JOB.decode(packed)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _unreadable(error) from None


def decode_item(packed: bytes) -> JobItem:
    """Raises `JournalError`."""
    try:
        return _ITEM.decode(packed)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> JournalError:
    detail = f"not what this release writes: {type(error).__name__}: {error}"
    return JournalError(TroubleKind.BAD_ANSWER, detail[:200])
