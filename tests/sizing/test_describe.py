"""What is said of a series, and what is not where it cannot be known."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lepton_infra.sizing.describe import Description, describe, means, strength
from lepton_infra.sizing.record import Record
from lepton_infra.sizing.series import DemandSeries

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def series(values: np.ndarray, step: int = 3600, start: dt.datetime = MONDAY) -> DemandSeries:
    return DemandSeries(start, step, values.astype(np.float64), "requests_per_second")


def described(values: np.ndarray, step: int = 3600, start: dt.datetime = MONDAY) -> Description:
    return describe(Record("CSV", series(values, step, start)))


def wave(hours: int, period: float = 24) -> np.ndarray:
    return 100 + 50 * np.sin(2 * np.pi * np.arange(hours) / period)


def test_a_daily_wave_is_clear_and_its_week_is_none() -> None:
    daily, weekly = described(wave(24 * 35)).cycles
    assert (daily.verdict, daily.strength) == ("clear", pytest.approx(1))
    assert weekly.verdict == "none"
    assert daily.cycles == 35


def test_weekends_are_a_weekly_cycle() -> None:
    days = np.where(np.arange(42) % 7 < 5, 100.0, 40.0)
    found = described(np.repeat(days, 24)).cycles[1]
    assert (found.verdict, found.strength) == ("clear", pytest.approx(1))


@pytest.mark.parametrize("values", [np.arange(24 * 30.0), np.full(24 * 30, 0.1), wave(24 * 30, 24 * 9)], ids=["trend", "flat", "slow"])
def test_what_is_no_daily_cycle(values: np.ndarray) -> None:
    assert described(values).cycles[0].verdict == "none"


def test_noise_is_no_cycle() -> None:
    verdicts = [described(np.random.default_rng(seed).normal(100, 10, 24 * 14)).cycles[0].verdict for seed in range(20)]
    assert verdicts.count("none") >= 18


def test_too_short_is_said() -> None:
    daily, weekly = described(wave(24 * 5 // 2)).cycles
    assert (daily.strength, daily.verdict, daily.cycles) == (None, "too short to tell", 2.5)
    assert weekly.verdict == "too short to tell"
    # Three days between first and last record, half of them empty, are no three days of history.
    half = wave(24 * 4)
    half[24:72] = np.nan
    assert described(half).cycles[0].verdict == "too short to tell"


def test_gaps_peaks_and_days() -> None:
    values = np.ones(48)
    values[[3, 4, 5, 20]], values[30] = np.nan, 9
    found = described(values, start=MONDAY + dt.timedelta(hours=12))
    assert (found.gaps.steps, found.gaps.count, found.gaps.longest_seconds) == (4, 2, 3 * 3600)
    assert found.gaps.longest_at == MONDAY + dt.timedelta(hours=15)
    assert (found.peak, found.peak_at) == (9, MONDAY + dt.timedelta(hours=42))
    assert found.mean == pytest.approx(52 / 44)
    assert found.peak_to_mean == pytest.approx(9 * 44 / 52)
    assert [(day.date.day, day.mean, day.peak, day.recorded) for day in found.days] == [
        (5, 1, 1, 0.375),
        (6, pytest.approx(31 / 23), 9, round(23 / 24, 4)),
        (7, 1, 1, 0.5),
    ]


def test_nothing_is_made_up_of_silence() -> None:
    found = described(np.zeros(24 * 4))
    assert found.peak_to_mean is None
    assert found.cycles[0].strength == 0
    values = np.ones(24 * 3)
    values[24:48] = np.nan
    assert [day.mean for day in described(values).days] == [1, None, 1]


some = hnp.arrays(np.float64, st.integers(1, 200), elements=st.one_of(st.floats(0, 1e12), st.just(float("nan"))))


@given(some, st.sampled_from([2, 7, 24]))
def test_strength_is_a_correlation(values: np.ndarray, period: int) -> None:
    alike, pairs = strength(values, period)
    assert -1.000001 <= alike <= 1.000001
    assert pairs <= max(len(values) - 2 * (period - 1), 0)


@given(some, st.sampled_from([60, 420, 3600]), st.integers(0, 86_400))
def test_means_keep_the_sum(values: np.ndarray, step: int, offset: int) -> None:
    one = series(values, step, MONDAY + dt.timedelta(seconds=offset))
    _, mean, recorded = means(one, 86_400)
    known = ~np.isnan(values)
    assert ((mean >= 0) | np.isnan(mean)).all()
    assert (np.isnan(mean) == (recorded == 0)).all()
    assert recorded.sum() * 86_400 <= known.sum() * step + 1
    if known.any():
        assert np.nanmin(values) <= np.nanmin(mean) * (1 + 1e-9)
        assert np.nanmax(mean) <= np.nanmax(values) * (1 + 1e-9)
