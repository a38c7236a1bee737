"""The comparison on the last days: nothing in it may know them beforehand."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.compare import at_lead, compare, gained
from lepton_infra.sizing.dayahead import HOURS, days_to_replay, hourly_task, replayed
from lepton_infra.sizing.forecast import Method, Task
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.history import history
from lepton_infra.sizing.level import Asked, Case, by_day, find_level, spread
from lepton_infra.sizing.loop import Limits
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.simulator import Run, Setting

WINDOWS = 144
LAST = 4 * WINDOWS
ASKED = Asked(0.02, None)
LIMITS = Limits(3, 1000)


def series(values: Floats, start: dt.datetime = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)) -> DemandSeries:
    return DemandSeries(start, 600, values, "requests_per_second")


def case(
    values: Floats,
    names: tuple[str, ...] = tuple(FORECASTERS),
    *,
    lead: int = 2,
    asked: Asked = ASKED,
    start: dt.datetime = dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
) -> Case:
    past = history(series(values, start))
    setting = Setting(past.windows.values, 10.0, lead, 1, 1 / 6)
    at = Task(past.windows.values, WINDOWS, (lead + 1,), 0.95, 7 * WINDOWS, 0.005)
    return Case(past, setting, at, hourly_task(past.hours, 0.95), names, asked, LIMITS, 5.0)


def walk() -> Floats:
    rng = np.random.default_rng(11)
    return 300 + np.cumsum(rng.normal(0, 2, 14 * WINDOWS)).clip(-200, 200)


def test_levels_do_not_know_the_days_they_are_judged_on() -> None:
    values = walk()
    changed = values.copy()
    changed[-LAST:] = 300 + 250 * np.sin(np.arange(LAST) / WINDOWS * 2 * np.pi)
    levels = [find_level(one, Method("ridge", "plain"), held_out=4) for one in (case(values), case(changed))]
    assert (levels[0].quantile, levels[0].tracking, levels[0].found) == (levels[1].quantile, levels[1].tracking, levels[1].found)
    assert np.array_equal(levels[0].floors[: -LAST + WINDOWS], levels[1].floors[: -LAST + WINDOWS])
    assert not np.array_equal(levels[0].floors, levels[1].floors)


def test_what_is_decided_before_the_last_day_does_not_know_it() -> None:
    values = walk()
    changed = values.copy()
    changed[-WINDOWS:] *= 3
    for name in ("plan", "each-window", "seed", "schedule", "static-peak"):
        tables = [compare(case(each[: len(values) - keep])) for each, keep in ((values, 0), (changed, 0))]
        assert tables[0] is not None
        assert tables[1] is not None
        assert tables[1].table.of(name).short > tables[0].table.of(name).short
        assert tables[1].table.of("oracle").short == 0


def test_a_replayed_day_knows_the_days_before_it_alone() -> None:
    hours = np.random.default_rng(12).gamma(9, 10, 14 * HOURS)
    task = hourly_task(replace(series(hours), step_seconds=3600), 0.9)
    said = replayed(task, Method("ridge", "plain"), 4, (0.25, 0.9))
    assert said.shape == (4 * HOURS, 2)
    for day in range(4):
        first = (10 + day) * HOURS
        changed = hours.copy()
        changed[first:] = 999
        again = replayed(replace(task, values=changed), Method("ridge", "plain"), 4, (0.25, 0.9))
        assert again[: (day + 1) * HOURS] == pytest.approx(said[: (day + 1) * HOURS])


def test_days_are_left_for_learning() -> None:
    assert [days_to_replay(hours) for hours in (24, 47, 48, 72, 6 * 24, 14 * 24 + 5)] == [0, 1, 1, 1, 3, 11]


def test_both_grains_end_where_the_last_whole_hour_ends() -> None:
    start = dt.datetime(2026, 1, 5, 0, 20, tzinfo=dt.UTC)
    past = history(series(np.arange(1000, dtype=np.float64), start))
    assert past.hours.start == dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC)
    assert past.hours.end == past.windows.end == dt.datetime(2026, 1, 11, 23, tzinfo=dt.UTC)
    assert past.hours.values[0] == 9
    assert past.days == 3


def test_nodes_of_hours_fall_on_their_windows() -> None:
    past = history(series(np.arange(1000, dtype=np.float64), dt.datetime(2026, 1, 5, 0, 20, tzinfo=dt.UTC)))
    nodes = np.arange(48)
    spread_out, first = spread(past, nodes)
    assert first == len(past.windows.values) - 48 * 6
    assert spread_out[first:].tolist() == np.repeat(nodes, 6).tolist()
    assert set(spread_out[:first].tolist()) == {0}
    assert by_day(past, spread_out, first).tolist() == [11.5, 35.5]


def test_the_planned_hours_are_served_in_their_own_windows() -> None:
    # Demand that is one node by night and ten by day, at the same hours every day: planned hours must fall on the right windows.
    # Thirty days, so that what the forecaster missed while it knew no day is out of the margin's memory.
    values = np.where((np.arange(30 * WINDOWS) % WINDOWS) // 6 >= 12, 100.0, 10.0)
    for minutes in (0, 20, 30):
        start = dt.datetime(2026, 1, 5, 0, minutes, tzinfo=dt.UTC)
        judged = compare(case(values, ("seasonal-naive",), lead=0, asked=Asked(0.05, 0.95), start=start))
        assert judged is not None
        oracle, schedule = judged.table.of("oracle").node_hours, judged.table.of("schedule").node_hours
        assert judged.table.of("schedule").short == 0
        # The hour in which demand rises is planned whole: an hour a day of nine nodes more than the oracle at most.
        assert oracle <= schedule <= oracle + 4 * 9


def test_each_window_is_the_planner_of_the_backtest() -> None:
    one = case(walk())
    level, policy = at_lead(one.setting, one.lead, Method("ses", "plain"), ASKED, len(one.setting.values) - LAST)
    tighter, _ = at_lead(one.setting, one.lead, Method("ses", "plain"), Asked(0.005, None), len(one.setting.values) - LAST)
    assert 0.5 <= level < tighter < 1
    assert at_lead(one.setting, one.lead, Method("ses", "plain"), Asked(0.03, 0.97), 100)[0] == 0.97
    assert policy.start >= 1


def test_gains_by_hand() -> None:
    # A hundred windows; in the five busiest demand is 100 and in all others 10.
    values = np.where(np.arange(2 * WINDOWS) % 20 == 0, 100.0, 10.0)
    one = replace(case(np.tile(values, 3)), setting=Setting(values, 10.0, 0, 1, 1 / 6))
    ours = np.where(values == 100, 10, 2)
    theirs = np.full(len(values), 4)
    found = gained(one, Run(ours, ours), Run(theirs, theirs), one.setting.last(2 * WINDOWS))
    assert found is not None
    share = float(np.mean(values == 100))
    cost = (10 * share + 2 * (1 - share)) / 4
    assert found.cost == pytest.approx(cost - 1, abs=1e-4)
    assert found.peak_capacity == pytest.approx(10 / 4 / cost - 1, abs=1e-4)
    assert found.off_peak_utilisation == pytest.approx(4 / 2 - 1)
    assert gained(one, Run(ours, ours), Run(theirs * 0, theirs * 0), one.setting.last(2 * WINDOWS)) is None


def test_a_history_shorter_than_two_days_is_not_compared() -> None:
    assert compare(case(np.full(2 * WINDOWS - 6, 50.0))) is None
