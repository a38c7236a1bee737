"""Our planner at the lead time: its ladder of quantiles, the rung it begins on, and how it keeps to its aim."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.forecast import Method, Task, blended, misses
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.planner import TAILS, calibrated, eased, kept, ladder, quantile_of
from lepton_infra.sizing.policies import steady, wanted
from lepton_infra.sizing.simulator import Setting, Span, score, simulate

ROOT = Path(__file__).parents[2]
SES = Method("ses", "level-scaled")


def trace() -> Floats:
    with (ROOT / "stacks/demand/servegen_m_large_10min.csv").open() as file:
        return np.array([float(row["rate_rps"]) for row in csv.DictReader(file)])


def task(values: Floats, horizon: int = 3) -> Task:
    return Task(values, 144, (horizon,), 0.95, 1008, 0.005)


def setting(values: Floats, lead: int = 2) -> Setting:
    return Setting(values, 10.0, lead, 1, 1 / 6)


def test_rungs_rise_and_hold_the_share_they_say() -> None:
    values = np.random.default_rng(20).gamma(9, 20, 40 * 144)
    rungs = ladder(task(values), Method("moving-average", "plain"))
    assert (np.diff(rungs[200:], axis=1) >= 0).all()
    for rung in (0, 9, 16, 20):
        within = np.mean(values[1003:] <= rungs[1000:-3, rung])
        assert within == pytest.approx(quantile_of(rung), abs=0.01), rung


def test_a_ladder_is_made_from_the_past_alone() -> None:
    values = trace()
    full, cut = ladder(task(values), SES), ladder(task(values[:900]), SES)
    assert np.array_equal(full[:900], cut, equal_nan=True)


def test_the_lowest_rung_that_would_have_done() -> None:
    values = trace()
    one, span = setting(values), Span(432, 1440)
    hold = eased(one, wanted(one, ladder(task(values), SES)))
    rung = calibrated(one, hold, 0.02, span)
    shares = [score(one, simulate(one, steady(hold[:, each])), span).violated for each in (rung - 1, rung)]
    assert shares[0] > 0.02 >= shares[1]
    assert calibrated(one, hold, 0.005, span) > rung > calibrated(one, hold, 0.1, span)


def test_the_rung_does_not_know_what_comes_after_its_span() -> None:
    values = trace()
    changed = np.concatenate([values[:1440], values[1440:] * 5])
    rungs = [calibrated(setting(each), wanted(setting(each), ladder(task(each), SES)), 0.02, Span(432, 1440)) for each in (values, changed)]
    assert rungs[0] == rungs[1]


@pytest.mark.parametrize("rung", [0, 12, 36])
def test_the_aim_is_kept_from_whatever_rung(rung: int) -> None:
    rng = np.random.default_rng(21)
    values = 200 * np.exp(rng.normal(0, 0.2, 60 * 144))
    one = setting(values)
    hold = eased(one, wanted(one, ladder(task(values), Method("moving-average", "plain"))))
    run = simulate(one, kept(one, hold, rung, 0.02, 1000))
    assert score(one, run, Span(2000, len(values))).violated == pytest.approx(0.02, abs=0.004)


def test_a_rung_stays_where_it_is_before_the_start() -> None:
    values = trace()
    one = setting(values)
    hold = eased(one, wanted(one, ladder(task(values), SES)))
    still, moving = simulate(one, steady(hold[:, 15])), simulate(one, kept(one, hold, 15, 0.02, 1440))
    assert (still.serving[:1440] == moving.serving[:1440]).all()
    assert (still.serving[1440:] != moving.serving[1440:]).any()


def test_what_is_no_longer_wanted_goes_by_half_while_it_was_wanted_for_later() -> None:
    nodes = np.array([[4, 1], [9, 1], [5, 2], [1, 6], [1, 1], [1, 1]])
    assert eased(setting(np.ones(6), lead=0), nodes).tolist() == nodes.tolist()
    assert eased(setting(np.ones(6), lead=1), nodes).tolist() == [[4, 1], [9, 1], [7, 2], [3, 6], [1, 4], [1, 1]]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(1, 1e6), st.integers(0, len(TAILS) - 1))
def test_more_demand_is_never_fewer_nodes(seed: int, more: float, rung: int) -> None:
    values = np.random.default_rng(seed).gamma(4, 20, 400)
    values[50:60] = np.nan
    few, many = (wanted(setting(each), ladder(Task(each, 24, (2,), 0.95, 168, 0.0), SES)) for each in (values, values * (1 + more)))
    assert (many[:, rung] >= few[:, rung]).all()


def test_the_mean_of_several_is_their_mean() -> None:
    one = task(trace())
    parts = [misses(one, Method(name, "plain"), 3).point for name in ("ses", "ridge")]
    assert misses(one, Method("ses+ridge", "plain"), 3).point == pytest.approx(np.mean(parts, axis=0))


def test_a_blend_takes_in_what_is_good_and_leaves_out_what_is_not() -> None:
    walk = 500 + np.cumsum(np.random.default_rng(8).normal(0, 3, 24 * 20))
    chosen = blended(Task(walk, 24, (1,), 0.95, 48, 0.0), list(FORECASTERS))
    assert "seasonal-naive" not in chosen.forecaster
    assert blended(Task(walk, 24, (1,), 0.95, 48, 0.0), ["naive"]).forecaster == "naive"
