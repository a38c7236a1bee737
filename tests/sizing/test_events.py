"""Known events: read, refused, and applied to the hours they cover."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.errors import BadInput
from lepton_infra.sizing.events import Event, affected, cautions, read_events, told

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
WHERE = "Pulumi.x.yaml: lepton:stack.pools[0].demand"


def event(first: float, last: float, factor: float = 1.0, add: float = 0.0, name: str = "launch") -> Event:
    return Event(name=name, start=MONDAY + dt.timedelta(hours=first), end=MONDAY + dt.timedelta(hours=last), factor=factor, add=add)


def read(tmp_path: Path, content: str | bytes) -> tuple[Event, ...]:
    path = tmp_path / "events"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_events(path, "events", WHERE)


def refused(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, content)
    return str(caught.value)


def test_yaml_and_csv_say_the_same(tmp_path: Path) -> None:
    yaml = """
    events:
      - {name: launch, start: 2026-01-05T02:00:00, end: "2026-01-05T05:00:00+01:00", factor: 2}
      - {name: batch, start: 2026-01-06, end: 2026-01-07, add: -5}
    """
    text = '\ufeffname, start, end, factor, add\nlaunch,2026-01-05T02:00:00Z,2026-01-05 04:00:00,2,\n"batch",2026-01-06,2026-01-07,,-5\n'
    assert read(tmp_path, yaml) == read(tmp_path, text) == (event(2, 4, 2), event(24, 48, add=-5, name="batch"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "events: holds nothing; a mapping"),
        ("events: 5\n", "events: calendar.events is 5"),
        ("event: []\n", "calendar.event is unknown; one of events. Write 'events'"),
        ("events: [{name: a, start: 2026-01-05, end: 2026-01-06, facter: 2}]", "calendar.events[0].facter is unknown"),
        ("events: [{name: a, start: 2026-01-05, end: 2026-01-06, factor: 1}]", "calendar.events[0] changes nothing; a factor other than 1"),
        ("start,end,name,add\n2026-01-05,2026-01-06,a,0\n", "events:2: event changes nothing; a factor other than 1"),
        ("start,end,name,factor\n2026-01-06,2026-01-05,a,2\n", "events:2: event.end is 2026-01-05 00:00; a time after start"),
        ("start,end,name,factor\n2026-01-05,2026-01-06,a,nan\n", "events:2: event.factor is 'nan'"),
        ("start,end,name,factor\n2026-01-05,2026-01-06,a,-1\n", "events:2: event.factor is '-1'"),
        ("start,end,name,factor\nsoon,2026-01-06,,2,9\n", "events:2: event.name is missing"),
        ("start,end,name,factor\nsoon,2026-01-06,,2,9\n", "events:2: event.start is 'soon'"),
        ("start,end,name,factor\nsoon,2026-01-06,,2,9\n", "event.beyond the header is unknown"),
        ("start,end,name,add\n0001-01-01T00:00:00+14:00,2026-01-06,a,1\n", "event.start is in the year 1"),
        ("start,end,name,factor\n" + "x,x,x,x\n" * 100, "more faults like these"),
        ('start,end,name,factor\n"2026-01-05,' + "x" * 200_000, "is not CSV"),
        (b"\xff\xfe\x00", "is not text in UTF-8"),
    ],
)
def test_bad_calendars(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in refused(tmp_path, content)


def test_a_missing_calendar_is_named_as_the_stack_file_does(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"demand\.events is 'e\.csv', which does not exist"):
        read_events(tmp_path / "e.csv", "e.csv", WHERE)


def test_an_hour_counts_by_the_most_in_it() -> None:
    usual = np.asarray([10.0, 10.0, 10.0, 10.0])
    assert affected(usual, MONDAY, (), 1).tolist() == [10, 10, 10, 10]
    assert affected(usual, MONDAY, (event(1, 3, 2),), 1).tolist() == [10, 20, 20, 10]
    # More demand in a part of an hour is planned for; less in a part of it leaves the rest of the hour as it is.
    assert affected(usual, MONDAY, (event(0.5, 1.5, 2),), 1).tolist() == [20, 20, 10, 10]
    assert affected(usual, MONDAY, (event(0.5, 2, 0.1),), 1).tolist() == [10, 1, 10, 10]


def test_events_at_once_multiply_then_add() -> None:
    both = (event(0, 1, 2, 1), event(0, 2, 3, 4))
    assert affected(np.asarray([10.0, 10.0]), MONDAY, both, 0.5).tolist() == [62.5, 32]
    assert affected(np.asarray([10.0]), MONDAY, (event(0, 1, add=-100),), 1).tolist() == [0]


def test_reasons_name_what_counts() -> None:
    assert told((), MONDAY, 24) == []
    assert told((event(24, 48, 2),), MONDAY, 24) == ["None of the 1 known events falls into the hours planned."]
    known = (event(-3, 2.5, 2), event(20, 99, 1.5, -3, name="end"))
    assert told(known, MONDAY, 24) == [
        "Known event 'launch' (2026-01-04 21:00 to 2026-01-05 02:30 UTC) multiplies demand by 2 in 3 of the hours planned.",
        "Known event 'end' (2026-01-05 20:00 to 2026-01-09 03:00 UTC) multiplies demand by 1.5 and takes away 3 in 4 of the hours planned.",
    ]


def test_an_event_in_a_schedule_that_repeats_is_cautioned_about() -> None:
    assert cautions((event(24, 48, 2), event(-9, 0, 2)), MONDAY, 24) == []
    (said,) = cautions((event(1, 30, 2), event(2, 3, 2)), MONDAY, 24)
    assert said.endswith("plan again when the first is over, 2026-01-05 03:00 UTC.")


quarters = st.integers(-8, 40).map(lambda each: each / 4)


@given(st.lists(st.tuples(quarters, quarters, st.floats(1, 10), st.floats(0.01, 100)), max_size=4), st.lists(st.floats(0, 1e6), min_size=1))
def test_what_adds_never_lowers_and_what_is_not_covered_stays(spans: list[tuple[float, float, float, float]], usual: list[float]) -> None:
    events = [event(first, first + 0.25 + abs(length), factor, add) for first, length, factor, add in spans]
    changed = affected(np.asarray(usual), MONDAY, events, 1)
    assert (changed >= np.asarray(usual)).all()
    for place, (before, after) in enumerate(zip(usual, changed.tolist(), strict=True)):
        hour = MONDAY + dt.timedelta(hours=place)
        covered = any(one.start < hour + dt.timedelta(hours=1) and one.end > hour for one in events)
        assert covered == (after != before)
