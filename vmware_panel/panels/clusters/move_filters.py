"""What a history of moves is narrowed down to, by the parameters of the page's address."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from vmware_panel.domain.tasks import Move, MoveKind

DAYS = 7
MOST_DAYS = 30
BY_DRS, BY_USER = "drs", "user"
BY = (BY_DRS, BY_USER)


@dataclass(frozen=True, slots=True)
class MoveFilters:
    """`host` and `vm` are parts of names, compared without case; empty: all of them.

    `errors` says in words which parameter is wrong; that one is then left aside.
    """

    days: int = DAYS
    host: str = ""
    vm: str = ""
    by: str = ""
    errors: tuple[str, ...] = ()

    def lets_through(self, move: Move) -> bool:
        by_drs = move.kind in (MoveKind.DRS, MoveKind.POWERED_ON)
        return (
            (not self.by or by_drs is (self.by == BY_DRS))
            and self.vm.lower() in move.vm_name.lower()
            and any(self.host.lower() in name.lower() for name in (move.source, move.destination))
        )

    def narrowed(self, moves: Iterable[Move]) -> list[Move]:
        return [move for move in moves if self.lets_through(move)]


def move_filters(query: QueryDict) -> MoveFilters:
    errors = []
    days = DAYS
    told = query.get("days", "").strip()
    if told:
        if told.isdecimal() and 1 <= int(told) <= MOST_DAYS:
            days = int(told)
        else:
            errors.append(
                _("days: a whole number from 1 to %(most)d is needed.") % {"most": MOST_DAYS}
            )
    by = query.get("by", "").strip()
    if by and by not in BY:
        errors.append(_("by: only %(known)s are known.") % {"known": ", ".join(BY)})
        by = ""
    return MoveFilters(
        days=days,
        host=query.get("host", "").strip(),
        vm=query.get("vm", "").strip(),
        by=by,
        errors=tuple(errors),
    )
