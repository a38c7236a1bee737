"""The comparison on the last days: nothing in it may know them beforehand."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.compare import chosen, compare, history
from lepton_infra.sizing.dayahead import HOURS, hourly_task, replayed
from lepton_infra.sizing.forecast import Method, Task, methods
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.simulator import Setting

WINDOWS = 144
LAST = 4 * WINDOWS


def series(values: Floats, start: dt.datetime = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)) -> DemandSeries:
    return DemandSeries(start, 600, values, "requests_per_second")


def walk_then_wave() -> tuple[Floats, Floats]:
    """Two weeks that begin alike: the last four days go on as they were in one, and follow the clock in the other."""
    rng = np.random.default_rng(11)
    walk = 300 + np.cumsum(rng.normal(0, 2, 14 * WINDOWS)).clip(-200, 200)
    wave = walk.copy()
    wave[-LAST:] = 300 + 250 * np.sin(np.arange(LAST) / WINDOWS * 2 * np.pi)
    return walk, wave


@pytest.mark.parametrize("grain", ["windows", "hours"])
def test_the_choice_does_not_know_the_days_it_is_judged_on(grain: str) -> None:
    picks = set()
    for values in walk_then_wave():
        past = history(series(values))
        lead = Task(past.windows.values, WINDOWS, (3,), 0.95, 2 * WINDOWS, 0.005)
        task, last = (lead, LAST) if grain == "windows" else (hourly_task(past.hours, 0.95), 4 * HOURS)
        picks.add(chosen(task, methods(FORECASTERS), last))
    assert len(picks) == 1


def test_a_replayed_day_knows_the_days_before_it_alone() -> None:
    hours = np.random.default_rng(12).gamma(9, 10, 14 * HOURS)
    task = hourly_task(replace(series(hours), step_seconds=3600), 0.9)
    said = replayed(task, Method("ridge", "plain"), 4)
    assert len(said) == 4 * HOURS
    for day in range(4):
        first = (10 + day) * HOURS
        changed = hours.copy()
        changed[first:] = 999
        again = replayed(replace(task, values=changed), Method("ridge", "plain"), 4)
        assert again[: (day + 1) * HOURS] == pytest.approx(said[: (day + 1) * HOURS])


def test_both_grains_end_where_the_last_whole_hour_ends() -> None:
    start = dt.datetime(2026, 1, 5, 0, 20, tzinfo=dt.UTC)
    past = history(series(np.arange(1000, dtype=np.float64), start))
    assert past.hours.start == dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC)
    assert past.hours.end == past.windows.end == dt.datetime(2026, 1, 11, 23, tzinfo=dt.UTC)
    assert past.hours.values[0] == 9
    assert past.days == 3


def test_the_planned_hours_are_served_in_their_own_windows() -> None:
    # Demand that is one node by night and ten by day, at the same hours every day: planned hours must fall on the right windows.
    # Thirty days, so that what the forecaster missed while it knew no day is out of the margin's memory.
    values = np.where((np.arange(30 * WINDOWS) % WINDOWS) // 6 >= 12, 100.0, 10.0)
    for minutes in (0, 20, 30):
        past = history(series(values, dt.datetime(2026, 1, 5, 0, minutes, tzinfo=dt.UTC)))
        setting = Setting(past.windows.values, 10.0, 0, 1, 1 / 6)
        lead = Task(past.windows.values, WINDOWS, (1,), 0.95, 2 * WINDOWS, 0.005)
        table, _ = compare(past, setting, lead, hourly_task(past.hours, 0.95), methods(["seasonal-naive"]))
        assert table is not None
        assert table.violated["schedule"] == 0
        # The hour in which demand rises is planned whole: an hour a day of nine nodes more than the oracle at most.
        assert table.oracle <= table.schedule <= table.oracle + 4 * 9


def test_a_history_shorter_than_two_days_is_not_compared() -> None:
    past = history(series(np.full(2 * WINDOWS - 6, 50.0)))
    lead = Task(past.windows.values, WINDOWS, (1,), 0.95, 2 * WINDOWS, 0.005)
    assert compare(past, Setting(past.windows.values, 10.0, 0, 1, 1 / 6), lead, hourly_task(past.hours, 0.95), methods(["naive"])) == (
        None,
        None,
    )
