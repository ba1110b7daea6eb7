"""Having vCenter count a datastore's space anew (`RefreshDatastore`), and the plan of it."""

from collections.abc import Collection
from dataclasses import dataclass

from vmware_panel.domain.datastores import DatastoreDetail, state_of
from vmware_panel.domain.inventory import MoRef
from vmware_panel.domain.plans import ChangeKind, Plan, Refusal, RefusalKind

PRIVILEGE = "System.Read"
"""What `RefreshDatastore` asks for, by the API's own definition, which pyVmomi carries. Every role
but "No access" has it.
"""


@dataclass(frozen=True, kw_only=True)
class RefreshDatastorePlan(Plan):
    """`before` is what vCenter says now; None: there is no such datastore."""

    before: DatastoreDetail | None = None


def refresh_plan(
    vcenter: str,
    moref: MoRef,
    before: DatastoreDetail | None,
    missing_privileges: Collection[str] = (),
) -> RefreshDatastorePlan:
    """It harms nothing, so that only a missing right speaks against it. The figures are not what
    one decides by: they may move between looking and confirming.
    """
    if before is None:
        return RefreshDatastorePlan(
            change=ChangeKind.DATASTORE_REFRESH,
            target=moref,
            vcenter=vcenter,
            moref=moref,
            refusals=(Refusal(RefusalKind.NOT_THERE, moref),),
        )
    name = before.datastore.name
    refusals = (Refusal(RefusalKind.NO_PRIVILEGE, name, one) for one in missing_privileges)
    return RefreshDatastorePlan(
        change=ChangeKind.DATASTORE_REFRESH,
        target=name,
        vcenter=vcenter,
        moref=moref,
        refusals=tuple(refusals),
        basis=(str(state_of(before.datastore)),),
        before=before,
    )
