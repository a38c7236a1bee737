"""The interval of a month's bill holds the month that comes as often as it says."""

import datetime as dt

import numpy as np
import pytest

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.dayahead import hourly_task
from lepton_infra.sizing.forecast import Method
from lepton_infra.sizing.history import history
from lepton_infra.sizing.level import Asked, Case, by_day, find_level
from lepton_infra.sizing.loop import Limits, floor_and_loop
from lepton_infra.sizing.money import interval, share_of_variance, student90
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.simulator import Setting, simulate

MONTH = 30


def days(count: int, correlated: float, rng: np.random.Generator) -> Floats:
    """Return a stationary autoregression about 100 with deviation 10."""
    out, fresh = np.empty(count), rng.normal(size=count)
    out[0] = fresh[0]
    for place in range(1, count):
        out[place] = correlated * out[place - 1] + np.sqrt(1 - correlated**2) * fresh[place]
    return 100 + 10 * out


@pytest.mark.parametrize(("correlated", "count", "least"), [(0, 7, 0.78), (0, 28, 0.78), (0.5, 14, 0.73), (0.5, 28, 0.75), (0.8, 28, 0.72)])
def test_it_holds_the_next_month_eight_times_in_ten(correlated: float, count: int, least: float) -> None:
    rng, turns, below, above = np.random.default_rng(40), 1500, 0, 0
    for _ in range(turns):
        series = days(count + MONTH, correlated, rng)
        found = interval(series[:count])
        assert found is not None
        came = float(series[count:].mean())
        below, above = below + (came < found.p10), above + (came > found.p90)
    assert least < 1 - (below + above) / turns < 0.88
    assert below == pytest.approx(above, abs=0.04 * turns)


def test_an_interval_that_took_hours_and_days_for_independent_would_be_too_narrow() -> None:
    rng = np.random.default_rng(41)
    hung = [interval(days(28, 0.8, rng)) for _ in range(300)]
    free = [interval(days(28, 0.0, rng)) for _ in range(300)]
    widths = [np.mean([one.p90 - one.p10 for one in each if one]) for each in (hung, free)]
    assert widths[0] > 2 * widths[1]


def test_the_bill_of_floors_and_loop_over_months_of_demand() -> None:
    """Learn from three weeks of demand whose days hang together, and look at the month after: the whole way from demand to interval."""
    inside, turns = 0, 40
    for seed in range(turns):
        rng = np.random.default_rng(seed)
        level = np.repeat(days(24 + MONTH, 0.5, rng) * 2, 24)
        clock = 1 + 0.4 * np.sin(np.arange(len(level)) / 24 * 2 * np.pi)
        demand = level * clock * np.exp(rng.normal(0, 0.05, len(level)))
        past = history(DemandSeries(dt.datetime(2026, 1, 5, tzinfo=dt.UTC), 3600, demand, "bytes"))
        one = Setting(past.windows.values, 10.0, 1, 1, 1.0)
        hourly = hourly_task(past.hours, 0.95)
        case = Case(past, one, hourly, hourly, ("ridge",), Asked(0.02, None), Limits(1, 100), 1.0)
        found = find_level(case, Method("ridge", "plain"), held_out=MONTH)
        nodes = by_day(past, simulate(one, floor_and_loop(one, found.floors, found.tracking)).billed, found.span.first)
        expected = interval(nodes[:-MONTH])
        assert expected is not None
        inside += expected.p10 <= float(nodes[-MONTH:].mean()) <= expected.p90
    assert 0.65 <= inside / turns <= 0.95


def test_days_not_recorded_are_left_out_and_a_few_say_nothing() -> None:
    nan = float("nan")
    assert interval(np.array([1, nan, 2, 3, 4])) is None
    found = interval(np.array([nan, 5, 5, 5, nan, 5, 5]))
    assert found is not None
    assert (found.p10, found.expected, found.p90) == (5, 5, 5)
    wide = interval(np.array([0.0, 0, 0, 0, 1]))
    assert wide is not None
    assert wide.p10 == 0


def test_parts_by_hand() -> None:
    assert share_of_variance(4, 0.0) == pytest.approx(1 / 4)
    # Three days a, b, c with correlation one half: var(a+b+c)/9 = (3 + 2 (2/2 + 1/4)) / 9.
    assert share_of_variance(3, 0.5) == pytest.approx((3 + 2 * (1 + 0.25)) / 9)
    for freedom, exact in ((1, 3.0777), (2, 1.8856), (5, 1.4759), (30, 1.3104)):
        assert student90(freedom) == pytest.approx(exact, rel=0.04 if freedom == 1 else 0.005)
