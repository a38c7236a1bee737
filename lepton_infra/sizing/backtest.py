"""The backtest: our planner beside its rivals on a recorded series, every level fixed from the part before the test days.

All run in one simulator (`simulator.py`). Forecasters, margins, quantiles, targets and thresholds are chosen on the part before the test,
each by rehearsing its own policy there for the share of violated windows that is allowed; within the test every policy knows what happened
up to the window it decides at.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Final

import numpy as np

from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing import planner, policies
from lepton_infra.sizing.arrays import Floats, trailing_max
from lepton_infra.sizing.forecast import GAIN, WARM_UP_SEASONS, Method, Task, blended, coverage, methods, ranked
from lepton_infra.sizing.rungs import open_rungs
from lepton_infra.sizing.series import HISTORY_DAYS, LARGEST, DemandSeries
from lepton_infra.sizing.simulator import CALM, Policy, Score, Setting, Span, Trouble, score, simulate

OURS: Final = "lepton"
"""The name of our planner among the policies."""
NOMINAL: Final = 0.95
"""The quantile whose coverage is reported, and by whose loss forecasters are chosen."""
MEMORY_DAYS: Final = 14
"""Days whose misses a margin is learnt from: enough for the rare ones."""
LEAST_DAYS_BEFORE: Final = 2
"""Days before the test that a level needs to be fixed on."""
MOST_NODES: Final = 1_000_000
"""Nodes beyond which a capacity is taken for a slip."""
TARGETS: Final = tuple(round(0.3 + 0.025 * step, 3) for step in range(27))
"""Utilisations that target tracking is tuned over."""
HIGHS: Final = tuple(round(0.3 + 0.05 * step, 2) for step in range(14))
"""Upper thresholds that the reactive rule is tuned over; the lower is half of it, the aim three quarters, as 40 and 60 are of 80."""
_LEAST_CAPACITY: Final = 1e-9
_MOST_LEAD_MINUTES: Final = 24 * 60
_RIVALS: Final = ("naive", "moving-average", "seasonal-naive", "ses", "seed")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a series."""

    capacity: float
    """Demand that a node serves."""
    lead_minutes: float = 10
    """From ordering a node until it serves."""
    test_days: int = 4
    """Last days, on which policies are judged."""
    violations: float = 0.02
    """Share of windows in which demand may exceed the nodes."""
    trouble: Trouble = CALM
    """What goes wrong in the test; the past is rehearsed with as much of it, drawn from another seed."""


@dataclass(frozen=True, slots=True)
class Row:
    """How one policy did on the test days."""

    policy: str
    """Its name."""
    node_hours_over_oracle: float
    """Node-hours billed, over those of perfect knowledge in a world without trouble."""
    violated_share: float
    """Share of the recorded windows in which demand exceeded the serving nodes."""
    coverage_95: float | None
    """Share of the recorded windows within the 95 % quantile of its forecast; None for what forecasts nothing."""
    unserved_share: float
    """Share of demand that exceeded the serving nodes."""
    level: str
    """What was fixed before the test days: a quantile, a utilisation, a size."""
    forecaster: str | None
    """What forecasts, with its margin; None for what forecasts nothing."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What a policy can reach on the test days with its level chosen afterwards: where it lies, not how to get there."""

    name: str
    """Of the policy."""
    points: tuple[tuple[float, float], ...]
    """Node-hours over the oracle's and share of violated windows, by level."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """The answer."""

    windows: int
    """Recorded windows on the test days."""
    gaps: int
    """Windows without a record there."""
    step_seconds: int
    """Length of a window."""
    oracle_node_hours: float
    """Of perfect knowledge."""
    rows: tuple[Row, ...]
    """Ours first."""
    curves: tuple[Curve, ...]
    """For the plot."""


def backtest(series: DemandSeries, question: Question, report: Callable[[str], None] | None = None) -> Backtest:
    """Judge every policy on the last days of a series.

    Args:
        series: recorded demand; windows shorter than five minutes are joined.
        question: what to judge by.
        report: called with what is being done.

    Raises:
        BadInput: the question makes no sense, the series is too short for it, or it records nothing where something must be known.
    """
    check(question)
    case = _case(series.recent().windows(), question)
    rows: list[Row] = []
    curves: list[Curve] = []
    for name, make in _contestants(case):
        if report:
            report(f"backtest: {name}")
        made = make()
        rows.append(_row(case, name, made))
        curves += [Curve(name, tuple(_point(case, policy) for policy in made.others))] if made.others else []
    known = case.setting.values[case.test.first :]
    return Backtest(
        windows=int(np.sum(~np.isnan(known))),
        gaps=int(np.sum(np.isnan(known))),
        step_seconds=case.step_seconds,
        oracle_node_hours=case.oracle.node_hours,
        rows=tuple(rows),
        curves=tuple(curves),
    )


def check(question: Question) -> None:
    """Hold a question to what can be answered.

    Raises:
        BadInput: with every number out of its range, by the name of its option.
    """
    trouble = question.trouble
    ranges: list[tuple[str, float, float, float]] = [
        ("--capacity", question.capacity, _LEAST_CAPACITY, LARGEST),
        ("--lead-minutes", question.lead_minutes, 0, _MOST_LEAD_MINUTES),
        ("--test-days", question.test_days, 1, HISTORY_DAYS),
        ("--violations", question.violations, 0, 0.5),
        ("--preempt-per-hour", trouble.preempt_per_hour, 0, 1),
        ("--stock-out", trouble.stock_out, 0, 1),
        ("--lead-jitter", trouble.lead_jitter, 0, 10),
        ("--seed", trouble.seed, 0, 2**31),
    ]
    faults = [
        Fault(name, f"is {given:g}", f"a number from {low:g} to {high:g}") for name, given, low, high in ranges if not low <= given <= high
    ]
    if faults:
        raise BadInput(faults)


@dataclass(frozen=True, slots=True)
class _Case:
    """A question put to a series."""

    question: Question
    setting: Setting
    step_seconds: int
    task: Task
    past: Span
    test: Span
    oracle: Score


@dataclass(frozen=True, slots=True)
class _Made:
    """A policy with its level fixed."""

    policy: Policy
    level: str
    method: Method | None = None
    others: Sequence[Policy] = ()
    """The same at other levels."""


def _case(windows: DemandSeries, question: Question) -> _Case:
    season, values = windows.season, windows.values
    lead = int(np.ceil(question.lead_minutes * 60 / windows.step_seconds - 1e-9))
    start = len(values) - question.test_days * season
    setting = Setting(values, question.capacity, lead, 1, windows.step_seconds / 3600)
    faults = list(_faults(values, start, season, question))
    if faults:
        raise BadInput(faults)
    task = Task(values, season, (lead + 1,), NOMINAL, MEMORY_DAYS * season, GAIN)
    past = Span(min(WARM_UP_SEASONS * season, start // 2), start)
    test = setting.last(question.test_days * season)
    return _Case(
        question, setting, windows.step_seconds, task, past, test, score(setting, simulate(setting, policies.oracle(setting)), test)
    )


def _faults(values: Floats, start: int, season: int, question: Question) -> Iterator[Fault]:
    if start < LEAST_DAYS_BEFORE * season:
        days = f"leaves {max(start / season, 0):.1f} days of {len(values) / season:.1f} before the test"
        yield Fault("--test-days", f"is {question.test_days}, which {days}", f"{LEAST_DAYS_BEFORE} days or more to fix a level on")
        return
    for part, where in ((values[start:], "on the test days"), (values[start // 2 : start], "in the days before the test")):
        if not np.any(part > 0):
            yield Fault("the series", f"has no demand above zero {where}", "some, to judge by")
    nodes = float(np.nanmax(values)) / question.capacity
    if nodes > MOST_NODES:
        yield Fault("--capacity", f"is {question.capacity:g}, so that the peak needs {nodes:.3g} nodes", f"{MOST_NODES:,} at most")


def _contestants(case: _Case) -> Iterator[tuple[str, Callable[[], _Made]]]:
    yield OURS, lambda: _ours(case)
    for name in _RIVALS:
        yield name, lambda name=name: _rival(case, name)
    yield "hpa-70", lambda: _Made(policies.target_tracking(case.setting), "70 %")
    yield "hpa-tuned", lambda: _tuned(case, TARGETS, policies.target_tracking, "{:.1%}")
    yield "thresholds-80-40", lambda: _Made(policies.thresholds(case.setting), "80 %, 40 %")
    yield "thresholds-tuned", lambda: _tuned(case, HIGHS, _thresholds, "{:.0%} and half")
    yield "static-peak", lambda: _Made(policies.static(case.setting, case.test.first), "peak")
    yield "static-p99", lambda: _Made(policies.static(case.setting, case.test.first, 0.99), "p99")


def _ours(case: _Case) -> _Made:
    method = blended(_before(case), _open(case))
    hold = planner.eased(case.setting, policies.wanted(case.setting, planner.ladder(case.task, method)))
    aim = planner.SHARE_AIMED_AT * case.question.violations
    rung = planner.calibrated(case.setting, hold, aim, case.past, _rehearsed(case))
    policy = planner.kept(case.setting, hold, rung, aim, case.test.first)
    others = [planner.kept(case.setting, hold, other, tail, case.test.first) for other, tail in enumerate(planner.TAILS.tolist())]
    return _Made(policy, f"{_named(rung)} at first", method, others)


def _open(case: _Case) -> tuple[str, ...]:
    """Return the forecasters that a plan made before the test would choose from."""
    return open_rungs(float(np.sum(~np.isnan(case.task.values[: case.test.first]))) / case.task.season)


def _rival(case: _Case, name: str) -> _Made:
    """Make the policy of one plain forecaster with the better margin, at the quantile that would have done on the past."""
    method = ranked(_before(case), methods([name]))[0][1]
    hold = trailing_max(policies.wanted(case.setting, planner.ladder(case.task, method)), case.setting.lead + 1)
    rung = planner.calibrated(case.setting, hold, case.question.violations, case.past, _rehearsed(case))
    rungs = [policies.steady(hold[:, each]) for each in range(hold.shape[1])]
    return _Made(rungs[rung], _named(rung), method, rungs if name == "naive" else ())


def _named(rung: int) -> str:
    return f"p{planner.quantile_of(rung) * 100:.4g}"


def _tuned(case: _Case, levels: Iterable[float], make: Callable[[Setting, float], Policy], words: str) -> _Made:
    """Make the policy at the level that would have cost least on the past within the violations allowed, or else violated least."""
    choices = list(levels)

    def cost(level: float) -> tuple[float, float]:
        done = score(case.setting, simulate(case.setting, make(case.setting, level), _rehearsed(case)), case.past)
        return max(done.violated - case.question.violations, 0.0), done.node_hours

    best = min(choices, key=cost)
    return _Made(make(case.setting, best), words.format(best), None, [make(case.setting, level) for level in choices])


def _thresholds(setting: Setting, high: float) -> Policy:
    return policies.thresholds(setting, high, high / 2, high * 0.75)


def _before(case: _Case) -> Task:
    """Return what a method is chosen on: its own margins, which a level that makes up for them would hide."""
    return replace(case.task, values=case.task.values[: case.test.first], gain=0.0)


def _rehearsed(case: _Case) -> Trouble:
    return replace(case.question.trouble, seed=case.question.trouble.seed + 1)


def _row(case: _Case, name: str, made: _Made) -> Row:
    done = score(case.setting, simulate(case.setting, made.policy, case.question.trouble), case.test)
    covered = coverage(case.task, made.method, case.test.end - case.test.first) if made.method else float("nan")
    return Row(
        policy=name,
        node_hours_over_oracle=round(done.node_hours / case.oracle.node_hours, 4),
        violated_share=round(done.violated, 5),
        coverage_95=None if isnan(covered) else round(covered, 4),
        unserved_share=round(done.unserved, 6),
        level=made.level,
        forecaster=f"{made.method.forecaster} ({made.method.margin})" if made.method else None,
    )


def _point(case: _Case, policy: Policy) -> tuple[float, float]:
    done = score(case.setting, simulate(case.setting, policy, case.question.trouble), case.test)
    return done.node_hours / case.oracle.node_hours, done.violated
