"""The journal in a cache of Django's that all machines share, such as Redis.

Where things are, each under the job's own keys: `head` (what never changes), `now` (who works at it
and how far it is), the items, `CHUNK` of them a key, the sealed access, the mark of a cancel, and the
lease. The items' keys hold the fence of the claim that `now` names: who holds an older claim writes to
keys that nobody reads. Slots, numbered from 1 on, say which jobs there are.

It is as durable as the cache: one that throws away what is in use, or forgets all when it restarts,
does not serve (see `vmware_panel.checks`).
"""

import logging
import math
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec

from vmware_panel.domain.jobs import Job, JobItem, JobState, Summary
from vmware_panel.domain.outcome import TroubleKind
from vmware_panel.jobs.encoding import (
    Now,
    decode_head,
    decode_items,
    decode_now,
    encode_head,
    encode_items,
    encode_now,
)
from vmware_panel.jobs.journal import LEASE_S, MOST_JOBS, JournalError, WorkerStopped
from vmware_panel.store.base import StoreError
from vmware_panel.store.channel import Channel
from vmware_panel.store.lease import CacheLease

LOG = logging.getLogger(__name__)

SLOTS_AHEAD = 20
"""So many jobs may begin at one moment before the hint of the last slot is written."""

CHUNK = 16
"""Items a key. A claim writes all of them anew, and each key has its price; to write one item is to
write its chunk.
"""


class CacheJournal:
    """See `Journal`. `alias` is a key of CACHES, `deployment` names whose jobs they are."""

    def __init__(self, alias: str, deployment: str) -> None:
        self._channel = Channel(alias)
        self._prefix = f"vmware_panel:jobs:{deployment}"

    def add(self, job: Job, sealed: bytes | None) -> None:
        now = Now("0", len(job.items), dict(job.counts))
        parts = {
            self._key(job.id, "head"): encode_head(job),
            self._key(job.id, "now"): encode_now(now),
            **self._chunks(job.id, now.fence, job.items),
        }
        if sealed is not None:
            parts[self._key(job.id, "sealed")] = sealed
        with _failures():
            self._channel.put(parts, None)
            slot = self._number("last") + 1
            while not self._channel.add(self._slot(slot), job.id.encode(), None):
                slot += 1
            self._channel.put({f"{self._prefix}:last": str(slot).encode()}, None)

    def summaries(self) -> tuple[Summary, ...]:
        ids = list(reversed(self._ids().values()))
        with _failures():
            found = self._channel.get_many(
                [self._key(i, part) for i in ids for part in ("head", "now", "cancel", "lease")]
            )
        summaries: list[Summary] = []
        for job_id in ids:
            try:
                summary = self._summary(job_id, found)
            except JournalError as error:
                # One that another release has written is no reason to show none.
                LOG.warning("Job %s cannot be read: %s", job_id, error.trouble.detail)
            else:
                summaries += [summary] if summary is not None else []
        return tuple(summaries)

    def _summary(self, job_id: str, found: Mapping[str, bytes]) -> Summary | None:
        head, now = (found.get(self._key(job_id, part)) for part in ("head", "now"))
        if head is None or now is None:
            return None
        its = decode_now(now)
        state = JobState.WAITING
        if its.ended_at is not None:
            state = JobState.ENDED
        elif self._key(job_id, "cancel") in found:
            state = JobState.CANCELLING
        elif self._key(job_id, "lease") in found:
            state = JobState.RUNNING
        job = replace(
            decode_head(head),
            state=state,
            worker=its.worker,
            beat_at=its.beat_at,
            ended_at=its.ended_at,
        )
        return Summary(job, its.counts)

    def read(self, job_id: str) -> Job | None:
        # The items' fence may change between the two looks: then once more.
        for _attempt in range(3):
            with _failures():
                found = self._channel.get_many(
                    [self._key(job_id, part) for part in ("head", "now", "cancel", "lease")]
                )
            summary = self._summary(job_id, found)
            if summary is None:
                return None
            its = decode_now(found[self._key(job_id, "now")])
            keys = self._chunk_keys(job_id, its.fence, its.items)
            with _failures():
                bodies = self._channel.get_many(keys) if keys else {}
            packed = [bodies[key] for key in keys if key in bodies]
            items = tuple(item for chunk in packed for item in decode_items(chunk))
            if len(items) == its.items:
                return replace(summary.job, items=items)
        raise JournalError(TroubleKind.BAD_ANSWER, f"items of job {job_id} are missing")

    def idle(self) -> Collection[str]:
        ids = list(self._ids().values())
        with _failures():
            found = self._channel.get_many(
                [self._key(i, part) for i in ids for part in ("now", "lease")]
            )
        return [
            job_id
            for job_id in ids
            if self._key(job_id, "lease") not in found
            and (its := _now_if_ours(found.get(self._key(job_id, "now")))) is not None
            and its.ended_at is None
        ]

    def may_enqueue(self, job_id: str, for_s: float) -> bool:
        with _failures():
            return self._channel.add(self._key(job_id, "queued"), b"1", max(1, round(for_s)))

    def enqueued(self, job_id: str, result_id: str) -> None:
        with _failures():
            self._channel.put({self._key(job_id, "queue"): result_id.encode()}, None)

    def enqueued_as(self, job_id: str) -> str:
        with _failures():
            return (self._channel.get(self._key(job_id, "queue")) or b"").decode()

    def claim(self, job_id: str, worker: str) -> "CacheClaim | None":
        lease = CacheLease(self._channel, self._key(job_id, "lease"), worker, LEASE_S)
        with _failures():
            if not lease.acquire():
                return None
        job = self.read(job_id)
        if job is None or job.ended_at is not None:
            with _failures():
                lease.release()
            return None
        before = self._read_now(job_id)
        its = Now(uuid4().hex, len(job.items), dict(job.counts), worker, datetime.now(UTC))
        with _failures():
            self._channel.put(self._chunks(job_id, its.fence, job.items), None)
            if not lease.held:
                return None
            self._write_now(job_id, its)
            old = self._chunk_keys(job_id, before.fence, before.items)
            self._channel.delete([self._key(job_id, "queued"), *old])
        return CacheClaim(self, job, its, lease)

    def sealed(self, job_id: str) -> bytes | None:
        with _failures():
            return self._channel.get(self._key(job_id, "sealed"))

    def ask_cancel(self, job_id: str) -> None:
        with _failures():
            self._channel.put({self._key(job_id, "cancel"): b"1"}, None)

    def cancel_asked(self, job_id: str) -> bool:
        with _failures():
            return self._channel.get(self._key(job_id, "cancel")) is not None

    def prune(self, keep: timedelta, most: int = MOST_JOBS) -> int:
        slots = self._ids()
        with _failures():
            found = self._channel.get_many([self._key(i, "now") for i in slots.values()])
        oldest = datetime.now(UTC) - keep
        dropped = 0
        for place, (slot, job_id) in enumerate(reversed(slots.items()), start=1):
            packed = found.get(self._key(job_id, "now"))
            its = _now_if_ours(packed)
            if packed is not None and its is None:
                continue  # another release's, which may still work at it
            if its is None or (its.ended_at and (its.ended_at < oldest or place > most)):
                self._drop(slot, job_id, its)
                dropped += 1
        if dropped and (left := self._ids()):
            with _failures():
                self._channel.put({f"{self._prefix}:first": str(min(left)).encode()}, None)
        return dropped

    def _drop(self, slot: int, job_id: str, its: Now | None) -> None:
        parts = ("head", "now", "sealed", "cancel", "queue", "queued")
        keys = [self._key(job_id, part) for part in parts]
        if its is not None:
            keys += self._chunk_keys(job_id, its.fence, its.items)
        with _failures():
            self._channel.delete([self._slot(slot), *keys])

    def _ids(self) -> dict[int, str]:
        """The jobs by their slots, in their order."""
        first, last = self._number("first") or 1, self._number("last")
        slots = {self._slot(n): n for n in range(first, last + SLOTS_AHEAD + 1)}
        with _failures():
            found = self._channel.get_many(list(slots))
        return {n: found[key].decode() for key, n in slots.items() if key in found}

    def _number(self, name: str) -> int:
        with _failures():
            told = self._channel.get(f"{self._prefix}:{name}") or b"0"
        return int(told) if told.isdigit() else 0

    def _slot(self, number: int) -> str:
        return f"{self._prefix}:slot:{number}"

    def _key(self, job_id: str, *parts: object) -> str:
        return ":".join(map(str, (self._prefix, job_id, *parts)))

    def _chunks(self, job_id: str, fence: str, items: Sequence[JobItem]) -> dict[str, bytes]:
        keys = self._chunk_keys(job_id, fence, len(items))
        starts = range(0, len(items), CHUNK)
        return {k: encode_items(items[n : n + CHUNK]) for k, n in zip(keys, starts, strict=True)}

    def _chunk_keys(self, job_id: str, fence: str, items: int) -> list[str]:
        return [self._key(job_id, fence, n) for n in range(math.ceil(items / CHUNK))]

    def _read_now(self, job_id: str) -> Now:
        with _failures():
            packed = self._channel.get(self._key(job_id, "now"))
        if packed is None:
            raise JournalError(TroubleKind.NOT_FOUND, f"job {job_id} is gone")
        return decode_now(packed)

    def _write_now(self, job_id: str, its: Now) -> None:
        with _failures():
            self._channel.put({self._key(job_id, "now"): encode_now(its)}, None)


class CacheClaim:
    """See `Claim`."""

    def __init__(self, journal: CacheJournal, job: Job, now: Now, lease: CacheLease) -> None:
        self.job = job
        self._journal = journal
        self._now = now
        self._lease = lease
        self._items = list(job.items)
        self._counts = Counter(item.state for item in job.items)
        self._lock = threading.Lock()

    def beat(self) -> None:
        with self._lock:
            with _failures():
                if not self._lease.acquire():
                    raise WorkerStopped
            self._see_to_fence()
            self._tell(beat_at=datetime.now(UTC))

    def write(self, number: int, item: JobItem) -> None:
        with self._lock:
            if not self._lease.held:
                raise WorkerStopped
            self._see_to_fence()
            start = number - number % CHUNK
            chunk = self._items[start : start + CHUNK]
            chunk[number - start] = item
            key = self._journal._key(self.job.id, self._now.fence, number // CHUNK)
            with _failures():
                self._journal._channel.put({key: encode_items(chunk)}, None)
            before, self._items[number] = self._items[number], item
            if before.state is not item.state:
                self._counts[before.state] -= 1
                self._counts[item.state] += 1
                self._tell()

    def end(self, at: datetime) -> None:
        with self._lock:
            if not self._lease.held:
                raise WorkerStopped
            self._see_to_fence()
            parts = ("sealed", "cancel", "queue", "queued")
            journal, job_id = self._journal, self.job.id
            # Once more: a Redis that failed over has lost what it took right before.
            items = journal._chunks(job_id, self._now.fence, self._items)
            with _failures():
                if items:
                    journal._channel.put(items, None)
                journal._channel.delete([journal._key(job_id, part) for part in parts])
            self._tell(ended_at=at)
            with _failures():
                self._lease.release()

    def release(self) -> None:
        with self._lock, _failures():
            self._lease.release()
            self._journal._channel.delete([self._journal._key(self.job.id, "queued")])

    def _see_to_fence(self) -> None:
        if self._journal._read_now(self.job.id).fence != self._now.fence:
            raise WorkerStopped

    def _tell(self, **changed: datetime) -> None:
        counts = {state: count for state, count in self._counts.items() if count}
        self._now = msgspec.structs.replace(self._now, counts=counts, **changed)
        self._journal._write_now(self.job.id, self._now)


def _now_if_ours(packed: bytes | None) -> Now | None:
    """None for what is not there, and for what another release has written: no reason to leave all
    the other jobs alone.
    """
    try:
        return None if packed is None else decode_now(packed)
    except JournalError:
        return None


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise JournalError(error.trouble.kind, error.trouble.detail) from None
