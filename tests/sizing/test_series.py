"""Windows and hours of a series."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lepton_infra.sizing.arrays import ahead, held, lagged, leading_max, trailing_sum
from lepton_infra.sizing.series import DemandSeries

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def series(values: list[float], step: int = 600, start: dt.datetime = MONDAY) -> DemandSeries:
    return DemandSeries(start, step, np.array(values, dtype=np.float64), "requests_per_second")


def test_an_hour_is_its_largest_window() -> None:
    hours = series([1, 2, 9, 3, 4, 5, 7, 7, 8, 7, 7, 7, 99]).hours()
    assert hours.values.tolist() == [9, 8]
    assert hours.start == MONDAY
    assert hours.end == MONDAY + dt.timedelta(hours=2)


def test_hours_are_those_of_the_clock() -> None:
    hours = series([50.0, *range(12)], start=MONDAY - dt.timedelta(minutes=10)).hours()
    assert hours.start == MONDAY
    assert hours.values.tolist() == [5, 11]


def test_steps_that_do_not_fill_an_hour_count_where_they_begin() -> None:
    values = [float(place) for place in range(30)]
    hours = series(values, step=420, start=MONDAY).hours()
    # Seven minutes: the second hour holds the steps that begin from minute 60 to 119, numbers 9 to 17.
    assert hours.start == MONDAY + dt.timedelta(hours=1)
    assert hours.values.tolist()[0] == 17


def test_an_hour_with_few_records_is_a_gap() -> None:
    nan = float("nan")
    assert np.isnan(series([5, 5, nan, nan, nan, nan]).hours().values).all()
    assert series([5, 6, 4, nan, nan, nan]).hours().values.tolist() == [6]


def test_short_steps_are_joined_to_windows() -> None:
    windows = series([float(place) for place in range(20)], step=60).windows()
    assert windows.step_seconds == 300
    assert windows.values.tolist() == [4, 9, 14, 19]
    assert series([1, 2], step=600).windows().step_seconds == 600


def test_only_recent_history_counts() -> None:
    recent = series([float(place) for place in range(24 * 60)], step=3600).recent()
    assert len(recent.values) == 24 * 56
    assert recent.end == MONDAY + dt.timedelta(days=60)


def test_a_share_is_a_part_of_every_value() -> None:
    assert series([10, 20]).scaled(0.2).values == pytest.approx([2, 4])


finite = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1e6))


@given(finite, st.integers(1, 30))
def test_tools_on_windows(values: np.ndarray, length: int) -> None:
    assert held(values).tolist() == values.tolist()
    for place in range(len(values)):
        before = [values[max(place - back, 0)] for back in range(length)]
        assert trailing_sum(values, length)[place] == pytest.approx(sum(before), rel=1e-9, abs=1e-3)
        assert lagged(values, length)[place] == values[max(place - length, 0)]
        assert leading_max(values.astype(np.int64), length)[place] == max(values.astype(np.int64)[place : place + length])
        later = ahead(values, length)[place]
        assert later == values[place + length] if place + length < len(values) else np.isnan(later)


def test_a_gap_holds_the_last_known_value() -> None:
    nan = float("nan")
    assert held(np.array([nan, nan, 3.0, nan, 4.0, nan])).tolist() == [3, 3, 3, 3, 4, 4]
