"""What a benchmark run prints and writes, on made-up figures."""

import json

from benchmarks.report import Goal, Result, Table, document, goals_table, text

SLOW = Goal("P1", "reader to the bytes", 3.4, 2.0, raw="6.8 s / 2.0 s")
FAST = Goal("P1", "times faster", 5.0, 3.0, at_least=True)
RESULT = Result(
    "P1",
    "Cold inventory",
    [Table("1,000 VMs", ("s", "calls"), [("bytes", 0.25, 3), ("one by one", 12.5, None)])],
    [SLOW, FAST],
    {"1000": {"seconds": 0.25}},
    ["estimated"],
)


def test_a_goal_is_met_at_its_limit_and_beyond_it_on_the_right_side():
    assert not SLOW.met
    assert FAST.met
    assert Goal("P6", "at most", 2.0, 2.0).met
    assert not Goal("P1", "at least", 2.9, 3.0, at_least=True).met


def test_the_table_of_goals_says_which_are_not_met():
    _, slow, fast = goals_table([SLOW, FAST]).splitlines()
    assert "<= 2 x" in slow and "3.4 x" in slow and "NOT MET" in slow and "6.8 s / 2.0 s" in slow
    assert ">= 3 x" in fast and "NOT MET" not in fast and "met" in fast


def test_columns_stand_under_their_headings_and_what_was_not_measured_is_a_dash():
    head, measured, estimated = text(RESULT).split("\n\n")[1].splitlines()
    assert len(head) == len(measured) == len(estimated)
    assert measured.endswith("3")
    assert estimated.endswith("-")


def test_the_json_holds_every_figure_every_goal_and_the_machine():
    said = json.loads(json.dumps(document([RESULT], {"revision": "abc"})))
    assert said["revision"] == "abc"
    assert [goal["met"] for goal in said["goals"]] == [False, True]
    assert said["parts"]["P1"]["figures"] == {"1000": {"seconds": 0.25}}
    assert said["parts"]["P1"]["notes"] == ["estimated"]
