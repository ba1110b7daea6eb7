"""The lines above the list of volumes."""

from dataclasses import dataclass

from vmware_panel.api.volumes import VolumesReport
from vmware_panel.domain.volumes import FindingKind, VolumeState
from vmware_panel.wording import at_least, bytes_of, gb_of
from vmware_panel.wording.volumes import (
    finding_heading,
    volume_state,
    volume_state_sentence,
    volume_state_tone,
)

SHOWN_STATES = tuple(state for state in VolumeState if state is not VolumeState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows, and the filter that leaves them."""

    count: int
    text: str
    href: str
    title: str = ""
    label_class: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """`size` is Cinder's, None where it did not answer; `stored` vCenter's of all shadow VMs.

    `sure` False: a book is missing, in which there may be findings.
    """

    volumes: int | None
    size: str | None
    stored: str | None
    with_findings: int
    unknown: int
    states: tuple[Count, ...]
    findings: tuple[Count, ...]
    cinder_known: bool
    all_projects: bool
    nova_known: bool
    sure: bool


def _told(size: str, unsized: int) -> str:
    return at_least(size) if unsized else size


def summary_of(report: VolumesReport) -> Summary | None:
    counts = report.counts
    if report.entries is None or counts is None:
        return None
    known = report.cinder_read_at is not None
    return Summary(
        volumes=counts.volumes if known else None,
        size=_told(gb_of(counts.size_gb), counts.unsized_volumes) if known else None,
        stored=_told(bytes_of(counts.stored_bytes), counts.unsized_disks)
        if report.inventories
        else None,
        sure=known and report.all_projects and report.nova_known and report.complete,
        with_findings=counts.with_findings,
        unknown=counts.by_state.get(VolumeState.UNKNOWN, 0),
        states=tuple(
            Count(
                counts.by_state[state],
                volume_state(state),
                f"?state={state.value}",
                volume_state_sentence(state),
                f"label-{volume_state_tone(state).value}",
            )
            for state in SHOWN_STATES
            if counts.by_state.get(state)
        ),
        findings=tuple(
            Count(counts.by_finding[kind], finding_heading(kind), f"?finding={kind.value}")
            for kind in FindingKind
            if counts.by_finding.get(kind)
        ),
        cinder_known=known,
        all_projects=report.all_projects,
        nova_known=report.nova_known,
    )
