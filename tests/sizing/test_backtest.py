"""The backtest: honest, repeatable, and as good on the shipped trace as it says it is."""

import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lepton_infra.errors import BadInput
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.backtest import OURS, Backtest, Question, Row, backtest, check
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.simulator import Trouble

ROOT = Path(__file__).parents[2]
RIVALS = {"naive", "moving-average", "seasonal-naive", "ses", "seed", "hpa-70", "hpa-tuned", "thresholds-80-40", "thresholds-tuned"}
QUESTION = Question(capacity=10, lead_minutes=10, test_days=4, violations=0.02)


def series(values: Floats, step: int = 600) -> DemandSeries:
    return DemandSeries(dt.datetime(2026, 1, 5, tzinfo=dt.UTC), step, values, "requests_per_second")


def trace() -> Floats:
    with (ROOT / "stacks/demand/servegen_m_large_10min.csv").open() as file:
        return np.array([float(row["rate_rps"]) for row in csv.DictReader(file)])


def waves(days: int = 10, seed: int = 31) -> Floats:
    time = np.arange(days * 48)
    return (200 + 120 * np.sin(time / 48 * 2 * np.pi)) * np.exp(np.random.default_rng(seed).normal(0, 0.1, len(time)))


def row(found: Backtest, name: str) -> Row:
    return {each.policy: each for each in found.rows}[name]


@pytest.fixture(scope="module")
def shipped() -> Backtest:
    return backtest(series(trace()), QUESTION)


def test_ours_stands_first_and_every_rival_is_there(shipped: Backtest) -> None:
    assert shipped.rows[0].policy == OURS
    assert {each.policy for each in shipped.rows} == {OURS, *RIVALS, "static-peak", "static-p99"}
    assert shipped.windows == 576
    assert {curve.name for curve in shipped.curves} == {OURS, "naive", "hpa-tuned", "thresholds-tuned"}


def test_known_figures_of_the_shipped_trace(shipped: Backtest) -> None:
    # The survey of rivals on this trace, method and all, is in the design's own table: 1.47 and 1.59 with 17 and 8 of 576 windows short.
    assert row(shipped, "hpa-70").node_hours_over_oracle == pytest.approx(1.47, abs=0.005)
    assert row(shipped, "hpa-70").violated_share == pytest.approx(17 / 576, abs=1e-5)
    assert row(shipped, "thresholds-80-40").node_hours_over_oracle == pytest.approx(1.59, abs=0.005)
    assert row(shipped, "thresholds-80-40").violated_share == pytest.approx(8 / 576, abs=1e-5)


def test_ours_keeps_to_what_is_allowed_at_less_than_those_that_do(shipped: Backtest) -> None:
    ours = shipped.rows[0]
    assert ours.violated_share <= 0.02
    assert ours.coverage_95 == pytest.approx(0.95, abs=0.01)
    within = [each.node_hours_over_oracle for each in shipped.rows[1:] if each.violated_share <= 0.02]
    assert ours.node_hours_over_oracle < min(within)


@pytest.mark.parametrize("seed", range(3))
def test_levels_do_not_know_the_test_days(seed: int) -> None:
    values = waves(seed=seed)
    other = np.concatenate([values[:-96], values[-96:][::-1] * 3])
    question = Question(10, 30, 2, 0.05)
    first, second = (backtest(series(each, 1800), question) for each in (values, other))
    for before, after in zip(first.rows, second.rows, strict=True):
        assert (before.level, before.forecaster) == (after.level, after.forecaster)
    assert first.rows[0].violated_share != second.rows[0].violated_share


def test_same_question_same_answer_and_units_are_names() -> None:
    trouble = Trouble(0.02, 0.1, 0.3, 5)
    question = Question(10, 30, 2, 0.05, trouble)
    first = backtest(series(waves(), 1800), question)
    assert first == backtest(series(waves(), 1800), question)
    scaled = backtest(series(waves() * 1024, 1800), replace(question, capacity=10 * 1024))
    assert [each.violated_share for each in scaled.rows] == [each.violated_share for each in first.rows]


def test_trouble_costs() -> None:
    calm = backtest(series(waves(), 1800), Question(10, 30, 2, 0.05))
    worse = backtest(series(waves(), 1800), Question(10, 30, 2, 0.05, Trouble(preempt_per_hour=0.1, stock_out=0.3, lead_jitter=1)))
    assert row(worse, "naive").level != row(calm, "naive").level
    assert row(worse, "static-peak").violated_share >= row(calm, "static-peak").violated_share
    assert row(worse, "hpa-70").unserved_share > row(calm, "hpa-70").unserved_share
    assert worse.oracle_node_hours == calm.oracle_node_hours


def test_gaps_are_not_scored() -> None:
    values = waves()
    holed = values.copy()
    holed[-60:-40] = np.nan
    found = backtest(series(holed, 1800), Question(10, 30, 2, 0.05))
    assert (found.windows, found.gaps) == (76, 20)
    assert found.oracle_node_hours < backtest(series(values, 1800), Question(10, 30, 2, 0.05)).oracle_node_hours


@pytest.mark.parametrize(
    ("values", "question", "said"),
    [
        (waves(5), Question(10, 30, 4), "--test-days: is 4, which leaves 1.0 days of 5.0"),
        (waves(5), Question(10, 30, 40), "--test-days: is 40"),
        (waves(5), Question(1e-6, 30, 2), "the peak needs"),
        (np.concatenate([waves(5), np.zeros(96)]), Question(10, 30, 2), "no demand above zero on the test days"),
        (np.concatenate([np.zeros(240), waves(2)]), Question(10, 30, 2), "no demand above zero in the days before"),
    ],
)
def test_a_series_that_cannot_answer_says_so(values: Floats, question: Question, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        backtest(series(values, 1800), question)


def test_every_number_out_of_range_is_named_at_once() -> None:
    nan = float("nan")
    with pytest.raises(BadInput) as caught:
        check(Question(0, -1, 0, nan, Trouble(2, -1, float("inf"), -5)))
    assert [fault.where for fault in caught.value.faults] == [
        "--capacity",
        "--lead-minutes",
        "--test-days",
        "--violations",
        "--preempt-per-hour",
        "--stock-out",
        "--lead-jitter",
        "--seed",
    ]


def test_ours_chooses_from_what_so_much_history_opens() -> None:
    """Three days before the test of which less than two were recorded: the plan's ladder knows no more than naive yet, and so do we."""
    values = waves(4)
    values[: 3 * 48][np.arange(3 * 48) % 3 > 0] = np.nan
    found = backtest(series(values, 1800), Question(10, 30, 1, 0.02))
    assert (row(found, OURS).forecaster or "").split(" ")[0] == "naive"
    whole = backtest(series(waves(4), 1800), Question(10, 30, 1, 0.02))
    assert (row(whole, OURS).forecaster or "").split(" ")[0] != "naive"
