"""Tenants forecast one by one: they add up, they are chosen where they help, and only there."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lepton_infra.config import Demand
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.events import Event
from lepton_infra.sizing.forecast import Method, Task, blended, methods, ranked, rolling
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.history import history
from lepton_infra.sizing.paths import path
from lepton_infra.sizing.record import Record, Split, Tenant
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.source import read_record
from lepton_infra.sizing.tenants import FITTED, MOST_PARTS, Parts, bottom_up, by_tenant, inner, parts
from lepton_infra.sizing.usual import usual

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
EVERY = [*FORECASTERS, *(f"bottom-up({name})" for name in FITTED)]
HOURS = np.arange(28 * 24)


def task(split: Floats, horizons: tuple[int, ...] = (2,)) -> Task:
    return Task(split.sum(axis=0), 24, horizons, 0.95, 14 * 24, 0.0, Parts(split))


def recorded(split: Floats, step: int = 600, start: dt.datetime = MONDAY) -> Record:
    names = [f"t{place}" for place in range(len(split))]
    whole = DemandSeries(start, step, split.sum(axis=0), "requests_per_second")
    tenants = tuple(Tenant(name, 1.0, 1.0, 0) for name in names)
    return Record("CSV", whole, tenants, Split(np.arange(len(whole.values)), split.T))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_tenants_with_opposite_calendars_are_better_known_one_by_one(seed: int) -> None:
    random, daily = np.random.default_rng(seed), np.sin(2 * np.pi * HOURS / 24)
    # One comes by day, and each hour is as good as drawn anew; the other by night, and what it asks for drifts.
    by_day = 100 * np.maximum(daily, 0) * np.maximum(1 + 0.5 * random.standard_normal(len(HOURS)), 0)
    drift = np.exp(np.cumsum(0.08 * random.standard_normal(len(HOURS))))
    by_night = 100 * np.maximum(-daily, 0.1) * drift / drift.mean()
    ranking = ranked(task(np.stack([by_day, by_night])), methods(EVERY))
    assert ranking[0][1].forecaster == "bottom-up(ridge)"
    best_of_the_sum = min(loss for loss, method in ranking if inner(method.forecaster) is None)
    assert ranking[0][0] < 0.99 * best_of_the_sum
    assert "bottom-up(ridge)" in blended(task(np.stack([by_day, by_night])), EVERY).forecaster


def test_a_split_that_is_chance_is_not_used() -> None:
    random = np.random.default_rng(3)
    whole = (100 + 40 * np.sin(2 * np.pi * HOURS / 24)) * (1 + 0.05 * random.standard_normal(len(HOURS)))
    share = random.uniform(0.2, 0.8, len(HOURS))
    ranking = ranked(task(np.stack([whole * share, whole * (1 - share)])), methods(EVERY))
    assert inner(ranking[0][1].forecaster) is None
    assert min(loss for loss, method in ranking if inner(method.forecaster)) > 1.1 * ranking[0][0]


def test_a_split_that_tells_nothing_decides_nothing() -> None:
    random = np.random.default_rng(5)
    whole = np.abs(100 + np.cumsum(3 * random.standard_normal(len(HOURS))))
    ranking = ranked(task(np.stack([whole / 3, whole * 2 / 3])), methods([*(f"bottom-up({name})" for name in FITTED), *FITTED]))
    losses = {method: loss for loss, method in ranking}
    for name in FITTED:
        for margin in ("plain", "level-scaled"):
            assert losses[Method(f"bottom-up({name})", margin)] == pytest.approx(losses[Method(name, margin)], rel=1e-9)
    assert inner(ranked(task(np.stack([whole / 3, whole * 2 / 3])), methods(EVERY))[0][1].forecaster) is None


def test_what_follows_is_not_looked_at() -> None:
    random = np.random.default_rng(7)
    split = np.abs(50 + np.cumsum(random.standard_normal((3, len(HOURS))), axis=1))
    whole, method = task(split), Method("bottom-up(ridge)+ses", "plain")
    first = replace(whole, values=whole.values[:400])
    np.testing.assert_array_equal(rolling(first, method, 2).p50, rolling(whole, method, 2).p50[:400])
    other = split.copy()
    other[:, 400:] = 1e6
    np.testing.assert_array_equal(rolling(replace(task(other), values=first.values), method, 2).upper, rolling(first, method, 2).upper)


def test_units_scale_and_order_means_nothing() -> None:
    random = np.random.default_rng(9)
    split = np.abs(50 + np.cumsum(random.standard_normal((3, len(HOURS))), axis=1))
    hours = tuple(range(1, 25))
    for name in FITTED:
        method = Method(f"bottom-up({name})", "level-scaled")
        upper = path(task(split, hours), method)[1]
        assert path(task(split[::-1], hours), method)[1] == pytest.approx(upper, rel=1e-9)
        assert path(task(1024 * split, hours), method)[1] == pytest.approx(1024 * upper, rel=1e-6)


@pytest.mark.parametrize("step", [60, 300, 600, 3600, 420])
def test_parts_add_up_to_windows_and_hours(step: int) -> None:
    random = np.random.default_rng(11)
    split = random.uniform(0, 10, (3, 3 * 86_400 // step))
    split[:, 5:9] = np.nan
    split[1, 20] = np.nan
    made = recorded(split, step, MONDAY + dt.timedelta(minutes=7))
    demand = made.series.recent()
    past = history(demand)
    for grain in (past.windows, past.hours):
        found = parts(made, demand, grain)
        assert found is not None
        assert found.values.shape == (3, len(grain.values))
        assert found.values.sum(axis=0) == pytest.approx(grain.values, nan_ok=True)
        # They are what was recorded in one step, not an average of several.
        known = np.flatnonzero(~np.isnan(grain.values))
        assert all(bool(np.isclose(split, value, rtol=1e-9).any()) for value in found.values[0, known[:20]].tolist())


def test_parts_follow_what_was_done_to_the_sum() -> None:
    split = np.stack([np.full(72, 10.0), np.full(72, 30.0)])
    split[:, 30:33] *= 5
    made = recorded(split, 3600)
    start = MONDAY + dt.timedelta(hours=30)
    launch = Event(name="launch", start=start, end=start + dt.timedelta(hours=3), factor=5)
    demand = usual(made.series.recent(), [launch]).scaled(0.5)
    found = parts(made, demand, demand)
    assert found is not None
    assert found.values[0] == pytest.approx(np.full(72, 5.0))
    assert found.values[1] == pytest.approx(np.full(72, 15.0))


def test_small_tenants_count_as_one() -> None:
    split = np.outer(np.arange(1, 31), np.ones(48))
    made = recorded(split, 3600)
    found = parts(made, made.series, made.series)
    assert found is not None
    assert found.values[:, 0].tolist() == [*range(31 - MOST_PARTS + 1, 31), float(sum(range(1, 31 - MOST_PARTS + 1)))]


def test_a_silent_hour_and_silent_tenants_do_no_harm() -> None:
    split = np.stack([np.zeros(240), np.concatenate([np.zeros(120), np.full(120, 8.0)])])
    made = recorded(split, 3600)
    found = parts(made, made.series, made.series)
    assert found is not None
    assert found.values.sum(axis=0).tolist() == made.series.values.tolist()
    assert np.isfinite(bottom_up(found, "ridge", 2, 24)).all()


def test_a_file_without_tenants_is_not_split(tmp_path: Path) -> None:
    file = tmp_path / "load.csv"
    file.write_text("time,rps\n" + "".join(f"2026-01-05T{hour:02}:00:00Z,{hour}\n" for hour in range(24)))
    made = read_record(file, Demand(file="load.csv"), "--")
    assert made.split is None
    assert by_tenant(made.split) == ()
    assert parts(made, made.series, made.series) is None


def test_rows_left_out_of_a_file_are_gaps_of_every_tenant(tmp_path: Path) -> None:
    file = tmp_path / "load.csv"
    kept = [hour for hour in range(24) if hour not in {3, 4}]
    file.write_text("time,a,b\n" + "".join(f"2026-01-05T{hour:02}:00:00Z,{hour},{2 * hour}\n" for hour in kept))
    made = read_record(file, Demand(file="load.csv", unit="requests_per_second"), "--")
    found = parts(made, made.series, made.series)
    assert found is not None
    assert np.isnan(found.values).all(axis=0).tolist() == [hour in {3, 4} for hour in range(24)]
    assert found.values[1, 5] == 10
