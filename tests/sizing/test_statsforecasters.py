"""The real library under our contract: no hindsight, daily fits, the same point forecasts as its own."""

import warnings

import numpy as np
import pytest

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.forecast import Method, Task, coverage
from lepton_infra.sizing.paths import path
from lepton_infra.sizing.statsforecasters import NAMES, statsforecast_path


def series(days: int) -> Floats:
    rng = np.random.default_rng(11)
    place = np.arange(days * 24)
    week = np.where(place // 24 % 7 >= 5, 0.7, 1.0)
    return (100 + 40 * np.sin(place / 24 * 2 * np.pi)) * week * rng.gamma(80, 1 / 80, len(place))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_seen_of_the_future_and_units_are_names(name: str) -> None:
    values = series(4)
    full = statsforecast_path(name, values, 3, 24)
    other = np.concatenate([values[:80], np.full(16, 1.0)])
    assert statsforecast_path(name, other, 3, 24)[:80] == pytest.approx(full[:80])
    assert full[: 3 * 24] == pytest.approx(values[: 3 * 24])
    assert not np.allclose(full[3 * 24 :], values[3 * 24 :])


def test_at_a_fit_mstl_says_what_the_library_says() -> None:
    from statsforecast.models import MSTL, AutoARIMA  # noqa: PLC0415 (this test alone needs it)

    values = series(15)[: 14 * 24 + 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of fits that do not converge
        theirs = MSTL(season_length=[24, 168], trend_forecaster=AutoARIMA()).fit(values).predict(24)["mean"]
    ours = [statsforecast_path("mstl", values, horizon, 24)[-1] for horizon in (1, 7, 24)]
    assert ours == pytest.approx([theirs[0], theirs[6], theirs[23]])


def test_the_same_margin_is_learnt_from_its_misses() -> None:
    task = Task(series(16), 24, (1, 6), 0.9, 10 * 24, 0.0)
    method = Method("autotheta+ses", "plain")
    p50, upper = path(task, method)
    assert (upper > p50).all()
    assert coverage(task, method, 5 * 24) == pytest.approx(0.9, abs=0.06)


def test_what_never_moves_is_forecast_as_it_is() -> None:
    for name in NAMES:
        assert statsforecast_path(name, np.full(120, 7.0), 3, 24) == pytest.approx(7.0)
