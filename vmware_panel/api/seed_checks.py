"""Whether a seed may go on, and whether its image lies in the cache: by fresh reads, right when it matters."""

from vmware_panel.domain.cache_users import BUILDING
from vmware_panel.domain.datastore_paths import FilePlace, FolderListing, below
from vmware_panel.domain.details import Detail, DetailKind
from vmware_panel.domain.driver_sums import GIB_BYTES
from vmware_panel.domain.outcome import SourceError, Trouble, TroubleKind
from vmware_panel.domain.plans import Refusal, RefusalKind, Refused
from vmware_panel.domain.seed_order import SeedOrder
from vmware_panel.domain.seeding import gib
from vmware_panel.jobs.works import Report, required_access
from vmware_panel.openstack import nova
from vmware_panel.vsphere import VCenterClient


class SeedChecks:
    """Of one item, for one worker. `target` is the image's folder in the cache, below `root`."""

    def __init__(
        self,
        vsphere: VCenterClient,
        vcenter: str,
        place: FilePlace,
        order: SeedOrder,
        report: Report,
    ) -> None:
        self._client = vsphere
        self._vcenter = vcenter
        self._place = place
        self._order = order
        self._report = report
        self.root = below(order.datastore_name, order.root)
        self.target = self.root.child(order.image_id)

    def done(self) -> FolderListing | None:
        """The image's folder, if all that was asked for lies in it. Raises `SourceError`."""
        there = self._listed()
        return there if self._is_done(there) else None

    def require_possible(self) -> None:
        """Before anything is sent. Raises `Refused`, `SourceError`."""
        order = self._order
        there = self._listed()
        if self._is_done(there):
            raise Refused(Refusal(RefusalKind.ALREADY_SO, str(self.target)))
        if order.only_sized != (there is not None):
            raise Refused(Refusal(RefusalKind.CHANGED_FILES, str(self.target), _lies(there)))
        self.require_not_building()
        datastores = self._client.datastores_now([order.datastore])
        now = datastores[0] if datastores else None
        if now is None or not now.accessible or now.maintenance_mode not in (None, "normal"):
            out = Detail(DetailKind.OUT_OF_SERVICE)
            raise Refused(Refusal(RefusalKind.NOT_ALLOWED, order.datastore_name, out))
        needed = order.disk_bytes or order.size_bytes
        if order.root_gb:
            sized = max(needed, order.root_gb * GIB_BYTES)
            needed = sized if order.only_sized else needed + sized
        if now.free_bytes is not None and now.free_bytes < needed:
            detail = f"{gib(needed)} > {gib(now.free_bytes)}"
            raise Refused(Refusal(RefusalKind.NO_SPACE, now.name, detail))

    def require_not_building(self) -> None:
        """Nova makes the same sized copy while it builds: the later of the two would fail, and
        Nova's boot with it. Raises `Refused`, `SourceError`.
        """
        if not self._order.only_sized:
            return  # a whole folder that is there already, Nova takes as its own
        access = required_access(self._report)
        for status in sorted(BUILDING):
            filters = {"image": self._order.image_id, "status": status}
            for server in nova.list_servers(access, all_projects=True, filters=filters):
                raise Refused(Refusal(RefusalKind.BEING_BUILT, str(self.target), server.name))

    def require_whole(self, staged: dict[str, int]) -> None:
        """`staged`: the files of the staging folder with their sizes. Raises `SourceError`."""
        order = self._order
        wanted = {order.sized_name} if order.sized_name else set()
        if not order.only_sized:
            wanted.add(order.file_name)
        missing = sorted(name for name in wanted if name not in staged)
        extent = staged.get(order.extent_name)
        if not order.only_sized and order.disk_bytes and extent not in (None, order.disk_bytes):
            missing.append(f"{order.extent_name} with {order.disk_bytes} B, not {extent} B")
        if missing:
            raise self._failed(f"not in the staging folder: {', '.join(missing)}")

    def require_it_stayed(self) -> None:
        """A boot whose own copy failed upon ours deletes that (`_use_disk_image_as_linked_clone`),
        the descriptor without its extent: then no boot of that size comes about. Raises `SourceError`.
        """
        there = self._listed()
        if not self._is_done(there):
            names = ", ".join(sorted(there.names)) if there else "nothing"
            raise self._failed(
                f"a boot has taken {self._order.sized_name} away; {names} is left: an extent without "
                "its descriptor has to be deleted by hand"
            )

    def _listed(self) -> FolderListing | None:
        return self._client.list_folder(self._place, self.target)

    def _is_done(self, there: FolderListing | None) -> bool:
        order = self._order
        wanted = {order.file_name} | ({order.sized_name} if order.sized_name else set())
        return there is not None and wanted <= there.names

    def _failed(self, detail: str) -> SourceError:
        return SourceError(Trouble(self._vcenter, TroubleKind.BAD_ANSWER, detail))


def _lies(there: FolderListing | None) -> str | Detail:
    if there is None:
        return Detail(DetailKind.FOLDER_GONE)
    return ", ".join(sorted(there.names)) or Detail(DetailKind.EMPTY_FOLDER)
