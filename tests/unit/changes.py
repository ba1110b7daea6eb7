"""A change that asks nobody, for what all changes have in common."""

from typing import Any

from vmware_panel.api.changing import Made
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import ChangeKind, Plan, Refusal


class SampleChange:
    """Plans and makes what a test says, and keeps how often."""

    kind = ChangeKind.MIGRATE

    def __init__(self, subject: str = "vm-7", basis: tuple[str, ...] = ("host-1",)) -> None:
        self.vcenter = "west"
        self.subject = subject
        self.basis = basis
        self.refusals: tuple[Refusal, ...] = ()
        self.planned = 0
        self.sent = 0
        self.answer: Made | Exception = Made(MoRef("task-1"))
        self.while_sending: Any = None

    def plan(self) -> Plan:
        self.planned += 1
        return Plan(
            change=self.kind,
            target="shop-1",
            vcenter=self.vcenter,
            moref=MoRef(self.subject),
            refusals=self.refusals,
            basis=self.basis,
        )

    def make(self, plan: Plan) -> Made:
        self.sent += 1
        if self.while_sending:
            self.while_sending()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def follow(self, plan: Plan) -> tuple[MoRef, ...]:
        return (MoRef(self.subject),)
