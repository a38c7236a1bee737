"""Forecasters and margins: causal, free of units, calibrated on the real trace."""

import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.sizing.arrays import Floats, ahead
from lepton_infra.sizing.dayahead import HOURS, day_ahead, hourly_task, replayed
from lepton_infra.sizing.forecast import Method, Task, blends, coverage, methods, pinball, ranked, rolling
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.paths import path, paths, rising
from lepton_infra.sizing.series import DemandSeries

ROOT = Path(__file__).parents[2]


def trace() -> Floats:
    with (ROOT / "stacks/demand/servegen_m_large_10min.csv").open() as file:
        return np.array([float(row["rate_rps"]) for row in csv.DictReader(file)])


def task(values: Floats, horizon: int = 3, quantile: float = 0.95) -> Task:
    return Task(values, 144, (horizon,), quantile, 288, 0.005)


@pytest.mark.parametrize("name", FORECASTERS)
@pytest.mark.parametrize(("horizon", "season"), [(1, 24), (3, 24), (24, 24), (30, 24)])
def test_a_forecaster_sees_nothing_of_the_future(name: str, horizon: int, season: int) -> None:
    rng = np.random.default_rng(3)
    values = rng.gamma(4, 20, 240)
    full = FORECASTERS[name](values, horizon, season)
    for cut in (30, 100, 169, 201):
        other = np.concatenate([values[:cut], rng.gamma(4, 500, 240 - cut)])
        assert FORECASTERS[name](other, horizon, season)[:cut] == pytest.approx(full[:cut])


@pytest.mark.parametrize("name", FORECASTERS)
def test_a_forecaster_knows_no_unit(name: str) -> None:
    values = np.random.default_rng(4).gamma(4, 20, 400)
    assert FORECASTERS[name](values * 1000, 3, 24) == pytest.approx(FORECASTERS[name](values, 3, 24) * 1000)


@pytest.mark.parametrize("name", FORECASTERS)
def test_steady_demand_is_forecast_as_it_is(name: str) -> None:
    assert FORECASTERS[name](np.full(300, 7.0), 3, 24)[50:] == pytest.approx(7.0)


def test_a_daily_pattern_is_seen_by_those_that_look_for_one() -> None:
    day = 100 + 50 * np.sin(np.arange(24 * 20) / 24 * 2 * np.pi)
    actual = ahead(day, 6)[24 * 10 : -6]
    for name in ("seasonal-naive", "ridge"):
        assert FORECASTERS[name](day, 6, 24)[24 * 10 : -6] == pytest.approx(actual, abs=1.0)
    assert np.abs(FORECASTERS["naive"](day, 6, 24)[24 * 10 : -6] - actual).mean() > 20


def test_the_seed_formula_finds_its_own_parameters() -> None:
    # d(t + 1) = 0.2 * (sum of the last three) + 0.1 * (C - S), with C above every demand.
    values = [10.0, 30.0, 20.0]
    rng = np.random.default_rng(5)
    for _ in range(600):
        values.append(max(0.2 * sum(values[-3:]) + 0.1 * (60 - values[-1]) + rng.normal(0, 0.01), 0.0))
    series = np.array(values[100:])
    forecast = FORECASTERS["seed"](series, 1, 24)
    assert np.abs(forecast[200:-1] - series[201:]).mean() < 0.05


@pytest.mark.parametrize("name", FORECASTERS)
@pytest.mark.parametrize("horizon", [2, 3])
def test_coverage_of_the_lead_time_on_held_out_days(name: str, horizon: int) -> None:
    # 576 windows: one standard error of 95 % is 0.9 points were misses independent.
    for method in methods([name]):
        assert coverage(task(trace(), horizon), method, 4 * 144) == pytest.approx(0.95, abs=0.02), method


@pytest.mark.parametrize("quantile", [0.8, 0.9, 0.98])
def test_coverage_at_other_quantiles(quantile: float) -> None:
    assert coverage(task(trace(), 2, quantile), Method("ses", "plain"), 4 * 144) == pytest.approx(quantile, abs=0.025)


def test_coverage_of_the_day_ahead_on_held_out_days() -> None:
    hours = trace().reshape(-1, 6).max(axis=1)
    whole = Task(hours, HOURS, tuple(range(1, 25)), 0.95, 14 * HOURS, 0.0)
    method = ranked(replace(whole, values=hours[: -4 * HOURS]), methods(FORECASTERS))[0][1]
    assert coverage(whole, method, 4 * HOURS) == pytest.approx(0.95, abs=0.03)
    said = replayed(whole, method, 4, (0.95,))[:, 0]
    # 96 hours planned at four midnights, each day's misses alike: a wide band, but far from the median's half.
    assert np.mean(hours[-96:] <= said) > 0.88


def test_gaps_are_not_scored_and_do_not_break_the_forecast() -> None:
    values = trace()
    holes = np.random.default_rng(6).random(len(values)) < 0.1
    holed = np.where(holes, np.nan, values)
    made = rolling(task(holed), Method("ridge", "level-scaled"), 3)
    assert np.isfinite(made.upper[300:]).all()
    assert coverage(task(holed), Method("ridge", "level-scaled"), 4 * 144) == pytest.approx(0.95, abs=0.03)
    assert pinball(np.array([np.nan, 2.0]), np.array([1.0, 1.0]), 0.9) == pytest.approx(0.9)
    assert pinball(np.array([np.nan]), np.array([1.0]), 0.9) == float("inf")


def test_a_quantile_is_made_from_the_past_alone() -> None:
    values = trace()
    full = rolling(task(values), Method("ses", "plain"), 3)
    cut = rolling(task(values[:1500]), Method("ses", "plain"), 3)
    assert np.array_equal(full.upper[:1500], cut.upper, equal_nan=True)


@pytest.mark.parametrize("margin", ["plain", "level-scaled"])
def test_quantiles_do_not_cross(margin: str) -> None:
    values = trace()
    tops = [rolling(task(values, quantile=quantile), Method("naive", margin), 3).upper[400:] for quantile in (0.5, 0.9, 0.99)]
    assert (tops[0] <= tops[1]).all()
    assert (tops[1] <= tops[2]).all()
    made = rolling(task(values), Method("naive", margin), 3)
    assert (made.p50[400:] <= made.upper[400:]).all()


def test_the_choice_is_by_pinball_at_the_lead_time() -> None:
    sine = 100 + 50 * np.sin(np.arange(24 * 20) / 24 * 2 * np.pi) + np.random.default_rng(7).normal(0, 2, 24 * 20)
    ranking = ranked(Task(sine, 24, (6,), 0.95, 48, 0.0), methods(FORECASTERS))
    assert ranking[0][1].forecaster in {"ridge", "seasonal-naive"}
    assert [loss for loss, _ in ranking] == sorted(loss for loss, _ in ranking)
    walk = 500 + np.cumsum(np.random.default_rng(8).normal(0, 3, 24 * 20))
    best = ranked(Task(walk, 24, (1,), 0.95, 48, 0.0), methods(["naive", "seasonal-naive", "moving-average"]))[0][1]
    assert best.forecaster == "naive"


def test_a_longer_horizon_is_never_surer() -> None:
    values = np.random.default_rng(9).gamma(9, 10, 24 * 14)
    p50, upper = path(Task(values, 24, tuple(range(1, 25)), 0.9, 14 * 24, 0.0), Method("naive", "plain"))
    assert (upper >= p50).all()
    whole = Task(values[:30], 24, tuple(range(1, 25)), 0.9, 14 * 24, 0.0)
    short = path(whole, Method("naive", "plain"))[1]
    assert np.isfinite(short).all()
    assert (np.diff(short) >= -1e-9).all()


@pytest.mark.parametrize("margin", ["plain", "level-scaled"])
def test_paths_made_at_once_are_those_made_one_by_one_and_do_not_cross(margin: Literal["plain", "level-scaled"]) -> None:
    values = trace().reshape(-1, 6).max(axis=1)
    whole, levels = Task(values, 24, tuple(range(1, 25)), 0.9, 14 * 24, 0.0), (0.05, 0.25, 0.5, 0.9, 0.99)
    origins = np.array([100, 200, len(values) - 1])
    made = paths(whole, Method("ridge", margin), levels, origins)
    assert (np.diff(made.quantiles, axis=2) >= -1e-9).all()
    assert (made.quantiles >= 0).all()
    for place, origin in enumerate(origins.tolist()):
        p50, upper = path(replace(whole, values=values[: origin + 1]), Method("ridge", margin))
        assert made.p50[place] == pytest.approx(p50)
        assert made.quantiles[place, :, 3] == pytest.approx(upper)


def test_blends_hold_every_forecaster_and_the_means_of_the_best() -> None:
    ranking = blends(task(trace()), list(FORECASTERS))
    assert [loss for loss, _ in ranking] == sorted(loss for loss, _ in ranking)
    names = {method.forecaster for _, method in ranking}
    assert set(FORECASTERS) < names
    assert {len(name.split("+")) for name in names} == {1, 2, 3, 4}
    assert blends(task(trace()), ("seed",))[0][1].forecaster == "seed"


def test_a_horizon_that_was_never_scored_is_not_taken_for_sure() -> None:
    # Every other hour is missing, so no forecast of one, three, five hours was ever followed by a record.
    values = np.random.default_rng(10).gamma(9, 10, 24 * 14)
    values[::2] = np.nan
    p50, upper = path(Task(values, 24, tuple(range(1, 25)), 0.9, 14 * 24, 0.0), Method("naive", "plain"))
    assert (upper - p50 > 10).all()


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40))
def test_the_nearest_rising_sequence(values: list[float]) -> None:
    out = rising(np.array(values))
    assert (np.diff(out) >= -1e-9).all()
    assert out.sum() == pytest.approx(sum(values), abs=1e-6)
    assert rising(np.sort(np.array(values))) == pytest.approx(np.sort(values))


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 71), st.integers(0, 2**32 - 1))
def test_a_short_history_widens_and_never_pretends(length: int, seed: int) -> None:
    values = np.random.default_rng(seed).gamma(4, 20, length)
    day = day_ahead(hourly_task(hours(values), 0.95), Method("naive", "plain"), (0.25, 0.95))
    assert (day.at(0.95) >= values.max()).all()
    assert (day.at(0.25) <= day.p50).all()
    assert len(day.at(0.95)) == HOURS


def hours(values: Floats) -> DemandSeries:
    return DemandSeries(dt.datetime(2026, 1, 5, tzinfo=dt.UTC), 3600, values, "requests_per_second")
