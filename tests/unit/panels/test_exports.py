import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vmware_panel import exports

AT = datetime(2026, 11, 22, 3, 7, tzinfo=UTC)
SIGNS = tuple("=+-@\t\r\n＝＋－＠")


def parsed(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


@pytest.mark.parametrize("sign", SIGNS)
def test_a_formula_is_made_text(sign: str) -> None:
    assert exports.safe_cell(f"{sign}cmd|' /C calc'!A0") == f"'{sign}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["web-1", "1+1", "a=b", "", "'tis", "[ds1] a/b.vmdk", "日本"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert exports.safe_cell(text) == text


@pytest.mark.parametrize(
    "text", [" =1+1", "\N{NO-BREAK SPACE}=1", "\N{ZERO WIDTH NO-BREAK SPACE}=1"]
)
def test_blanks_before_a_formula_do_not_save_it(text: str) -> None:
    assert exports.safe_cell(text).startswith("'")


cells = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("=+-@'\t\r\n,;\"＝"))


@given(st.lists(st.lists(cells, min_size=2, max_size=4), max_size=5))
@example([["'=1", "''=1"], ["a\r\nb", '"=1"']])
def test_a_csv_gives_back_every_value_and_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    read = parsed(b"".join(exports.csv_lines(["a", "b"], rows)))
    assert read[0] == ["a", "b"]
    assert [[exports.original_cell(cell) for cell in row] for row in read[1:]] == rows
    assert not [cell for row in read for cell in row if cell.startswith(SIGNS)]


def test_what_is_no_unicode_text_does_not_break_an_export() -> None:
    assert b"\\ud800" in b"".join(exports.csv_lines(["a"], [["\ud800"]]))
    assert json.loads(b"".join(exports.json_parts({}, [{"a": "\ud800"}])))


texts = st.dictionaries(st.text(max_size=5), st.none() | cells | st.lists(cells), max_size=3)


@given(st.dictionaries(st.sampled_from("abc"), cells), st.lists(texts, max_size=4))
def test_a_json_is_one_object_of_the_head_and_all_rows(
    head: dict[str, str], rows: list[dict[str, object]]
) -> None:
    assert json.loads(b"".join(exports.json_parts(head, rows))) == {**head, "rows": rows}


def test_a_file_is_to_be_saved_under_a_name_with_its_date_and_not_to_be_kept() -> None:
    response = exports.csv_response("vmware-instances", AT, ["a"], [["1"]])
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8; header=present"
    name = 'attachment; filename="vmware-instances-2026-11-22T0307Z.csv"'
    assert response["Content-Disposition"] == name
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert exports.json_response("x", AT, {}, [])["Content-Type"] == "application/json"


def test_rows_are_written_as_they_are_asked_for() -> None:
    taken: list[int] = []

    def rows() -> object:
        for number in range(1000):
            taken.append(number)
            yield [str(number)]

    parts = exports.csv_lines(["n"], rows())  # type: ignore[arg-type]
    assert [next(parts) for _number in range(3)] == [b"n\r\n", b"0\r\n", b"1\r\n"]
    assert len(taken) == 2
