"""Past events taken out of a history: undone where their size is known, gaps where it is not, and never expected again."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.dayahead import day_ahead, hourly_task
from lepton_infra.sizing.events import Event, cautions, told
from lepton_infra.sizing.forecast import methods, ranked
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.usual import MOST_TOLD, taken_out, usual

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def event(first: float, last: float, name: str = "launch", factor: float | None = None, add: float | None = None) -> Event:
    start, end = MONDAY + dt.timedelta(hours=first), MONDAY + dt.timedelta(hours=last)
    said = {"name": name, "start": start, "end": end, "factor": factor, "add": add}
    return Event.model_validate({key: value for key, value in said.items() if value is not None})


def series(values: list[float], step: int = 3600) -> DemandSeries:
    return DemandSeries(MONDAY, step, np.asarray(values, dtype=np.float64), "requests_per_second")


def test_a_factor_and_what_was_added_are_undone() -> None:
    assert usual(series([10, 30, 30, 10]), [event(1, 3, factor=3)]).values.tolist() == [10, 10, 10, 10]
    assert usual(series([10, 15, 10]), [event(1, 2, add=5)]).values.tolist() == [10, 10, 10]
    assert usual(series([10, 25, 10]), [event(1, 2, factor=2, add=5)]).values.tolist() == [10, 10, 10]
    assert usual(series([10, 3, 10]), [event(1, 2, add=5)]).values.tolist() == [10, 0, 10]  # less than nothing is nothing


@pytest.mark.parametrize(("factor", "add"), [(None, None), (0, None), (0, 2)])
def test_what_cannot_be_undone_is_a_gap(factor: float | None, add: float | None) -> None:
    values = usual(series([10, 30, 30, 10]), [event(1, 3, factor=factor, add=add)]).values
    assert np.isnan(values).tolist() == [False, True, True, False]


def test_a_step_that_is_covered_in_part_is_a_gap() -> None:
    values = usual(series([10, 25, 30, 20, 10]), [event(1.25, 3.5, factor=3)]).values
    assert np.isnan(values).tolist() == [False, True, False, True, False]
    assert values[2] == 10


def test_events_elsewhere_leave_the_series_as_it_is() -> None:
    whole = series([1 / 3, 0.1, float("nan")])
    assert usual(whole, []) is whole
    assert usual(whole, [event(-5, 0, factor=2), event(3, 9)]) is whole
    # What no event covers keeps its value to the last digit.
    assert usual(whole, [event(1, 2, factor=2)]).values[0] == 1 / 3


@given(
    st.lists(st.floats(0, 1e9), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(-3, 30), st.integers(1, 9), st.floats(0.1, 50), st.floats(0, 1e6)), max_size=4),
)
def test_undoing_what_events_did_gives_back_what_was(values: list[float], sizes: list[tuple[int, int, float, float]]) -> None:
    events = [event(first, first + length, factor=factor, add=add) for first, length, factor, add in sizes if (factor, add) != (1, 0)]
    made = np.asarray(values)
    for place in range(len(made)):
        now = [one for one in events if one.start <= MONDAY + dt.timedelta(hours=place) < one.end]
        made[place] = made[place] * float(np.prod([one.factor for one in now])) + sum(one.add for one in now)
    back = usual(series(made.tolist()), events).values
    # Rounding counts against the largest that was in between.
    assert np.allclose(back, values, rtol=1e-6, atol=1e-6 * max(1.0, float(made.max())))


def test_the_launch_of_last_week_is_not_planned_for_again() -> None:
    hours = np.arange(14 * 24)
    quiet = 100 + 30 * np.sin(2 * np.pi * hours / 24)
    launch = event(13 * 24 + 8, 14 * 24, factor=4)
    loud = quiet.copy()
    loud[13 * 24 + 8 :] *= 4
    candidates = methods(["seasonal-naive", "naive"])

    def upper(history: DemandSeries) -> Floats:
        task = hourly_task(history, 0.95)
        return day_ahead(task, ranked(task, candidates)[0][1], (0.95,)).at(0.95)

    expected, repeated = upper(series(quiet.tolist())), upper(series(loud.tolist()))
    known = usual(series(loud.tolist()), [launch])
    assert upper(known) == pytest.approx(expected, rel=1e-6)
    assert repeated.max() > 2 * expected.max()
    # Even where nobody knows how large it was, it does not come again.
    unsized = usual(series(loud.tolist()), [replace_size(launch)])
    assert upper(unsized).max() < 1.2 * expected.max()


def replace_size(one: Event) -> Event:
    return Event(name=one.name, start=one.start, end=one.end)


def test_each_event_taken_out_is_told() -> None:
    whole = series([10.0] * 48)
    assert taken_out(whole, [event(1, 3, factor=3, add=-2), event(4, 5.5, name="outage"), event(60, 61, factor=2)]) == [
        "Known event 'launch' (2026-01-05 01:00 to 2026-01-05 03:00 UTC) was taken out of the history: 2 steps, plus 2, divided by 3.",
        (
            "Known event 'outage' (2026-01-05 04:00 to 2026-01-05 05:30 UTC) was taken out of the history: its 2 steps count as gaps, "
            "because its size is not known."
        ),
    ]
    many = [event(place, place + 1, name=f"e{place}", factor=2) for place in range(MOST_TOLD + 3)]
    said = taken_out(whole, many)
    assert len(said) == MOST_TOLD + 1
    assert said[-1] == "3 earlier known events were taken out of the history too."
    assert taken_out(replace(whole, start=MONDAY + dt.timedelta(days=30)), many) == []


def test_an_event_to_come_without_a_size_is_a_warning_and_no_reason() -> None:
    unknown = event(1, 3)
    assert told([unknown], MONDAY, 24) == []
    assert cautions([unknown], MONDAY, 24)[0] == (
        "Known event 'launch' (2026-01-05 01:00 to 2026-01-05 03:00 UTC) has neither factor nor add: nothing is planned for it."
    )
