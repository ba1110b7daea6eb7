"""The geometry of the pictures: nothing outside, nothing on top of each other, areas as amounts."""

import re
from itertools import combinations

from django.template.loader import render_to_string
from django.test import SimpleTestCase
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.domain.cluster_sums import ResourceSums, total
from vmware_panel.panels.drawing import bars, heat
from vmware_panel.panels.drawing.treemap import Rect, squarified
from vmware_panel.wording import mb_of

ROOM = Rect(10, 20, 300, 90)
NEARLY = 1e-6


@given(st.lists(st.floats(0.5, 1e5), min_size=1, max_size=60))
def test_tiles_fill_their_room_in_proportion_and_do_not_overlap(amounts):
    amounts = sorted(amounts, reverse=True)
    rects = squarified(amounts, ROOM)
    area = ROOM.width * ROOM.height
    for amount, rect in zip(amounts, rects, strict=True):
        share = rect.width * rect.height / area
        assert abs(share - amount / sum(amounts)) < NEARLY
        assert rect.x >= ROOM.x - NEARLY and rect.x + rect.width <= ROOM.x + ROOM.width + NEARLY
        assert rect.y >= ROOM.y - NEARLY and rect.y + rect.height <= ROOM.y + ROOM.height + NEARLY
    for one, other in combinations(rects[:20], 2):
        apart = (
            one.x + one.width <= other.x + NEARLY
            or other.x + other.width <= one.x + NEARLY
            or one.y + one.height <= other.y + NEARLY
            or other.y + other.height <= one.y + NEARLY
        )
        assert apart, (one, other)


def test_no_room_and_no_amount_draw_nothing():
    assert squarified([], ROOM) == []
    assert squarified([1.0], Rect(0, 0, 0, 5)) == [Rect(0, 0, 0.0, 0.0)]


amounts = st.none() | st.integers(0, 10**7)


@given(st.lists(st.tuples(amounts, amounts), max_size=5), st.none() | st.integers(0, 10**7))
def test_the_parts_of_a_bar_are_the_whole_of_it(hosts, reserved):
    size = total(size for size, _used in hosts)
    used = total(used for _size, used in hosts)
    sums = ResourceSums(total=size, usable=size, used=used, free=size, reserved=reserved)
    drawn = bars.resource_bar("Memory", sums, mb_of)
    if not size.exact:
        assert drawn.parts == (), "a bar of nothing, or of what nobody knows, is not drawn"
        return
    assert abs(sum(part.width for part in drawn.parts) - bars.WIDTH) < 0.01
    assert sum(part.amount for part in drawn.parts) == size.exact
    shares = [part.share for part in drawn.parts]
    assert (bars.Share.UNKNOWN in shares) is (used.exact is None)


def a_host(number: int, count: int, **changes: object) -> heat.Host:
    fields: dict[str, object] = {
        "name": f"esx-{number}.example.org",
        "href": f"/admin/vmware_hosts/lab/host-{number}/",
        "state": "connected",
        "usable": True,
        "percent": 42.0,
        "memory_mb": 262144,
        "vms": tuple(heat.Vm(f"web-{n}", 1024 * (n % 7 + 1), f"/{n}") for n in range(count)),
    }
    return heat.Host(**{**fields, **changes})  # type: ignore[arg-type]


class TestTheHeat(SimpleTestCase):
    def test_two_hosts(self) -> None:
        drawn = heat.heat(heat.Measure.MEMORY, [a_host(1, 3), a_host(2, 0)])
        first, second = drawn.cells
        assert [len(cell.tiles) for cell in drawn.cells] == [3, 0]
        assert first.rect.x + first.rect.width < second.rect.x
        assert drawn.joined == 0 and "2 ESX hosts" in drawn.text

    def test_no_host_is_no_picture(self) -> None:
        drawn = heat.heat(heat.Measure.MEMORY, [])
        assert (drawn.cells, drawn.height) == ((), 0.0)

    def test_a_large_cluster_joins_small_vms_and_says_so(self) -> None:
        hosts = [a_host(n, 47) for n in range(64)]
        drawn = heat.heat(heat.Measure.MEMORY, hosts)
        tiles = [tile for cell in drawn.cells for tile in cell.tiles]
        assert len(tiles) <= heat.MOST_TILES
        alone = sum(tile.kind != "rest" for tile in tiles)
        assert drawn.joined + alone == 64 * 47, "every VM is drawn or counted"
        assert len(render_to_string("vmware_panel/drawing/_heat.html", {"heat": drawn})) < 500_000

    def test_a_domain_that_all_share_is_left_out_of_the_cells(self) -> None:
        assert heat.labels(["esx-1.a.example", "esx-2.a.example"]) == ["esx-1", "esx-2"]
        for names in (
            ["esx-1.a.example", "esx-2.b.example"],
            ["10.0.0.1", "10.0.0.2"],
            ["n", "m"],
        ):
            assert heat.labels(names) == names
        assert heat.labels(["esx.a", "esx.a"]) == ["esx", "esx"], "two of one name stay two"

    def test_more_hosts_than_any_cluster_has_are_counted(self) -> None:
        drawn = heat.heat(heat.Measure.MEMORY, [a_host(n, 1) for n in range(100)])
        assert (len(drawn.cells), drawn.left_out) == (heat.MOST_CELLS, 4)

    def test_the_colour_is_of_the_use_and_unknown_is_no_cold(self) -> None:
        levels = {p: heat.level_of(p, True) for p in (None, 0.0, 19.9, 20.0, 89.9, 90.0, 130.0)}
        assert list(levels.values()) == ["untold", "0", "0", "1", "4", "full", "full"]
        assert heat.level_of(5.0, False) == "out"

    def test_a_vm_of_unknown_size_is_counted_and_not_drawn(self) -> None:
        host = a_host(1, 0, vms=(heat.Vm("a", None), heat.Vm("b", 1024)))
        drawn = heat.heat(heat.Measure.MEMORY, [host])
        assert (len(drawn.cells[0].tiles), drawn.joined) == (1, 1)

    def test_a_host_of_unknown_size_still_shows_its_vms(self) -> None:
        drawn = heat.heat(heat.Measure.CPU, [a_host(1, 4, memory_mb=None, percent=None)])
        (cell,) = drawn.cells
        assert len(cell.tiles) == 4 and cell.level == "untold" and cell.figure == "unknown"

    def test_names_of_all_kinds_are_cut_and_escaped(self) -> None:
        hostile = "<script>alert(1)</script>\"'{{ 7*7 }}"
        for name in (hostile, "n" * 80, "名" * 80):
            host = a_host(1, 0, name=name, vms=(heat.Vm(name, 1024, "/x"),))
            drawn = heat.heat(heat.Measure.MEMORY, [host])
            page = render_to_string("vmware_panel/drawing/_heat.html", {"heat": drawn})
            assert "<script" not in page and " style=" not in page
            assert len(drawn.cells[0].name) <= 45
            assert drawn.cells[0].title.startswith(name)

    def test_a_picture_is_the_same_in_every_language(self) -> None:
        """SVG takes no decimal comma."""
        drawn = heat.heat(heat.Measure.MEMORY, [a_host(n, 5) for n in range(5)])
        with translation.override("de"):
            page = render_to_string("vmware_panel/drawing/_heat.html", {"heat": drawn})
        numbers = re.findall(r' (?:x|y|width|height)="([^"]*)"', page)
        assert numbers and all(re.fullmatch(r"[0-9.]+", number) for number in numbers)
