"""The ladder: what opens when, and what is said of a forecaster that is not there."""

import datetime as dt

import numpy as np
import pytest

from lepton_infra.sizing import rungs, statsforecasters
from lepton_infra.sizing.arrays import ahead
from lepton_infra.sizing.dayahead import HOURS, day_losses, hourly_task
from lepton_infra.sizing.exponential import ets_paths
from lepton_infra.sizing.forecast import NEAR_BEST, Method, Task, ranked, rolling
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.paths import path
from lepton_infra.sizing.rungs import RUNGS, forecaster_fault, open_rungs
from lepton_infra.sizing.series import DemandSeries


def hourly(days: int, seed: int = 7) -> Task:
    rng = np.random.default_rng(seed)
    place = np.arange(days * HOURS)
    values = (100 + 40 * np.sin(place / HOURS * 2 * np.pi)) * rng.gamma(60, 1 / 60, len(place))
    return hourly_task(DemandSeries(dt.datetime(2026, 1, 5, tzinfo=dt.UTC), 3600, values, "requests_per_second"), 0.95)


@pytest.mark.parametrize(
    ("days", "wanted", "said"),
    [
        (1.9, "auto", {"naive"}),
        (1.9, "auto+statsforecast", {"naive"}),
        (2, "auto", set(FORECASTERS)),
        (2, "auto+statsforecast", {*FORECASTERS, "autoarima", "autotheta"}),
        (30, "auto", set(FORECASTERS)),
        (14, "auto+statsforecast", {*FORECASTERS, "autoarima", "autotheta", "mstl"}),
        (0, "mstl", {"mstl"}),
    ],
)
def test_what_a_history_opens(days: float, wanted: str, said: set[str]) -> None:
    assert set(open_rungs(days, wanted)) == said


def test_every_forecaster_stands_on_one_rung() -> None:
    assert sorted(name for rung in RUNGS for name in (*rung.forecasters, *rung.extra)) == sorted([*FORECASTERS, *statsforecasters.NAMES])


def test_a_forecaster_that_nobody_knows_or_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "choose" in str(forecaster_fault("prophet", "--forecaster")[0])
    assert forecaster_fault("mstl", "--forecaster") == []
    monkeypatch.setattr(rungs, "installed", lambda: False)
    assert forecaster_fault("auto", "--forecaster") == []
    for wanted in ("mstl", "auto+statsforecast"):
        assert "uv add 'lepton-infra[forecast]'" in str(forecaster_fault(wanted, "--forecaster")[0])


def test_a_day_is_forecast_by_the_mean_of_the_best() -> None:
    task = hourly(12)
    losses = day_losses(task, list(FORECASTERS))
    joined = losses[0][1].forecaster.split("+")
    alone = list(dict.fromkeys(method.forecaster for _, method in losses[1:]))
    near = [method.forecaster for loss, method in losses[1:] if loss <= NEAR_BEST * losses[1][0]]
    assert len(joined) > 1
    assert set(joined) == set(list(dict.fromkeys(near))[:4])
    assert sorted(alone) == sorted(FORECASTERS)
    parts = [rolling(task, Method(name, "plain"), 5).p50 for name in joined]
    assert min(part[-1] for part in parts) * 0.8 < path(task, losses[0][1])[0][4] < max(part[-1] for part in parts) * 1.2


def test_who_is_clearly_right_is_not_watered_down() -> None:
    task = hourly(12)
    task.values[:] = 100 + 40 * np.sin(np.arange(len(task.values)) / HOURS * 2 * np.pi)
    assert day_losses(task, list(FORECASTERS))[0][1].forecaster in {"ets", "ridge", "seasonal-naive"}


def test_losses_of_the_last_windows_forget_what_was_before() -> None:
    # Naive is hopeless in a first half of saw teeth and perfect in the flat second half.
    saw = np.where(np.arange(10 * HOURS) % 2, 10.0, 100.0)
    values = np.concatenate([saw, np.full(10 * HOURS, 55.0)])
    task = Task(values, HOURS, (1,), 0.95, 24, 0.0)
    first = ranked(task, [Method("naive", "plain")], last=5 * HOURS)[0][0]
    whole = ranked(task, [Method("naive", "plain")])[0][0]
    assert first == pytest.approx(0.0)
    assert whole > 1


def test_ets_learns_a_day_and_a_drift() -> None:
    place = np.arange(24 * 20)
    values = 100 + 0.1 * place + 30 * np.sin(place / 24 * 2 * np.pi)
    actual, said = ahead(values, 6), FORECASTERS["ets"](values, 6, 24)
    late = slice(24 * 12, -6)
    assert np.abs(said[late] - actual[late]).mean() < 2.0
    assert np.abs(FORECASTERS["ses"](values, 6, 24)[late] - actual[late]).mean() > 10


def test_ets_without_trend_and_season_is_ses() -> None:
    values = np.random.default_rng(3).gamma(4, 20, 200)
    level, said = values[23], np.empty(200)
    for place in range(24, 200):
        level += 0.15 * (values[place] - level)
        said[place] = level
    assert ets_paths(values, 5, 24)[24:, 6] == pytest.approx(said[24:])
