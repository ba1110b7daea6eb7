"""The join of a page is made anew when a book has changed, and only then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.unit.domain.builders import inventory, server, vm
from vmware_panel.api.joined import Joins
from vmware_panel.api.reading import Reading
from vmware_panel.domain.cloud import ComputeService, ServiceState

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SERVICE = ComputeService("1", "compute-1", state=ServiceState.UP, updated=AT)


def test_a_sign_of_life_of_a_compute_service_makes_no_new_join():
    joins, servers, reading = Joins(), (server(),), Reading((inventory(vm()),))
    later = replace(SERVICE, updated=AT + timedelta(seconds=10))
    first = joins.joined(servers, reading, (SERVICE,), ())
    assert joins.joined(servers, reading, (later,), ()) is first


def test_a_compute_service_that_went_down_shows_in_the_next_join():
    joins, servers, reading = Joins(), (server(),), Reading((inventory(vm()),))
    joins.joined(servers, reading, (SERVICE,), ())
    down = replace(SERVICE, state=ServiceState.DOWN, updated=AT + timedelta(seconds=90))
    (placement,) = joins.joined(servers, reading, (down,), ()).placements
    assert placement.service and placement.service.state is ServiceState.DOWN


def test_a_book_that_was_read_again_makes_a_new_join():
    joins, servers = Joins(), (server(),)
    first = joins.joined(servers, Reading((inventory(vm()),)), (SERVICE,), ())
    (placement,) = joins.joined(servers, Reading((inventory(),)), (SERVICE,), ()).placements
    assert first.placements[0].vm
    assert placement.vm is None
