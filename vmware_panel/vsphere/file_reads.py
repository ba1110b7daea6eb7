"""What a client reads of datastores' files."""

from collections.abc import Mapping

from vmware_panel.domain.datastore_files import Scan
from vmware_panel.domain.inventory import MoRef
from vmware_panel.vsphere.datastore_search import DatastoreSearch, Told, once_more
from vmware_panel.vsphere.deadlines import Deadline
from vmware_panel.vsphere.endpoint import Endpoint
from vmware_panel.vsphere.search_calls import mounted_datastores
from vmware_panel.vsphere.session import Session


class FileReads:
    """A part of `VCenterClient`. Who calls may cut `until` short from another thread."""

    endpoint: Endpoint
    _session: Session

    def mounted_datastores(self, until: Deadline) -> Mapping[MoRef, str]:
        """Those that the hosts of some cluster mount, by id with their names: one call."""
        timeout_s = self.endpoint.read_timeout_s
        return once_more(self._session, mounted_datastores, until, timeout_s)

    def search_datastore(
        self,
        datastore: MoRef,
        until: Deadline,
        told: Told = lambda name, percent: None,
    ) -> Scan:
        """Everything that lies on it: see `DatastoreSearch.run`. Takes seconds to minutes."""
        return DatastoreSearch(self._session, self.endpoint, datastore, until, told).run()
