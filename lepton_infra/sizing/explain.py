"""Why the plan is as it is, and what to doubt in it: sentences with their numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

from lepton_infra.config import Pool
from lepton_infra.sizing.compare import THRESHOLDS, Judged
from lepton_infra.sizing.dayahead import Day, day_told, trusted
from lepton_infra.sizing.fleet import Fleet
from lepton_infra.sizing.forecast import Method
from lepton_infra.sizing.history import History
from lepton_infra.sizing.lead import lead_minutes
from lepton_infra.sizing.level import Asked, Level, named
from lepton_infra.sizing.plan import Loop, Money
from lepton_infra.sizing.record import Record
from lepton_infra.sizing.series import CYCLES_FOR_TRUST
from lepton_infra.sizing.units import UNIT_NAMES

_OFF_COVERAGE: Final = 0.03
_UNLIKE_DAYS: Final = 1.5
_MANY_GAPS: Final = 0.05
_SHORT: Final = 0.02
_NEXT: Final = 2


@dataclass(frozen=True, slots=True)
class Explained:
    """All that the sentences are about."""

    pool: Pool
    past: History
    asked: Asked
    day: Day
    at_lead: list[tuple[float, Method]]
    """Methods by their loss at the lead time, best first."""
    ahead: list[tuple[float, Method]]
    """Methods by their loss over the day ahead, best first."""
    fleets: list[Fleet]
    """Machines by the price of the hours at the quantile that forecasters are chosen by, cheapest first."""
    floors: Fleet
    """What the hours planned hold."""
    level: Level
    loop: Loop | None
    """The loop as the plan states it."""
    money: Money
    judged: Judged | None
    record: Record
    source: str
    """Where the throughput comes from."""
    said: tuple[str, ...]
    """What lead time, throughput and staffing rest on."""


def why(told: Explained) -> tuple[str, ...]:
    """Return the reasons for machine, forecasters, floors and loop."""
    best = told.fleets[0].candidate
    unit = UNIT_NAMES[told.past.windows.unit]
    fit = f"{best.node.replicas} replicas" if best.node.replicas > 1 else "one replica"
    sentences = [
        f"A {best.machine.name} holds {fit} and serves {best.node.capacity:.6g} {unit} ({told.source}).",
        *told.said,
        _machine(told),
        f"At {lead_minutes(told.pool)} minutes of lead time {_choice(told.at_lead, unit)}.",
        f"Over the day ahead {day_told(told.ahead, unit)}.",
        _level(told),
        _loop(told),
        _month(told.money),
        *_compared(told),
    ]
    sentences += _burst(told)
    return tuple(filter(None, sentences))


def warnings(told: Explained) -> tuple[str, ...]:
    """Return what the reader should doubt."""
    return tuple(_warnings(told))


def _warnings(told: Explained) -> Iterator[str]:
    windows, record = told.past.windows, told.record
    if record.lost:
        yield (
            f"In {record.lost:,} steps some of the {len(record.tenants)} tenants were not recorded; a step counts only where all are, "
            "so these are gaps."
        )
    if not trusted(told.past.hours.values):
        yield (
            f"The history has {windows.cycles:.1f} daily cycles, fewer than {CYCLES_FOR_TRUST}: no pattern can be told from chance. "
            "The margin is half as wide again, and no hour is planned below the most that was seen."
        )
    if windows.gaps > _MANY_GAPS * len(windows.values):
        yield f"{windows.gaps / len(windows.values):.1%} of the history are gaps; they were left out, not counted as zero."
    yield from _doubtful_level(told)
    yield from _unlike_days(told)
    caveat = told.fleets[0].candidate.machine.caveat
    if caveat:
        yield f"{told.fleets[0].candidate.machine.name}: {caveat}."


def _doubtful_level(told: Explained) -> Iterator[str]:
    """Yield what to doubt about quantiles, floors and loop."""
    judged, found = told.judged, told.level.found
    if judged and judged.covered is not None and judged.covered < told.asked.scored - _OFF_COVERAGE:
        stayed = f"Demand stayed within the {told.asked.scored:.1%} quantile in {judged.covered:.1%} of the last windows"
        yield f"{stayed}: the margin is too narrow for what came."
    if found and found.done.violated > told.asked.allowed:
        yield (
            f"No floors and loop would have kept to {told.asked.allowed:.1%} of windows short; these come closest with "
            f"{found.done.violated:.1%}. Shorten the lead time, raise max_nodes, or allow more."
        )
    if judged and judged.table.of("schedule").short > told.asked.allowed + _SHORT:
        alone = f"The floors alone would have been short in {judged.table.of('schedule').short:.1%} of the last windows"
        if told.level.tracking:
            yield f"{alone}: an autoscaler has to run by the loop's numbers above them, up to {told.pool.max_nodes} nodes."
        else:
            yield f"{alone}: plan again every day, or say violations in place of quantile and run an autoscaler."
    most = ceil(float(told.day.at(0.99).max()) / told.fleets[0].candidate.node.capacity)
    if most > told.pool.max_nodes:
        yield f"The 99 % quantile of the busiest hour needs {most} nodes, more than max_nodes, which is {told.pool.max_nodes}."


def _unlike_days(told: Explained) -> Iterator[str]:
    values, season = told.past.windows.values, told.past.windows.season
    days = values[len(values) % season :].reshape(-1, season)[-7:]
    recorded = days[np.sum(~np.isnan(days), axis=1) * 2 > season]
    if len(recorded) < CYCLES_FOR_TRUST:
        return
    means = np.nanmean(recorded, axis=1)
    low, high = float(means.min()), float(means.max())
    if high > _UNLIKE_DAYS * low:
        unit = UNIT_NAMES[told.past.windows.unit]
        yield (
            f"The last {len(means)} days are unlike each other (mean {low:.0f} to {high:.0f} {unit}): "
            "the schedule repeats one day, so plan again every day."
        )


def _burst(told: Explained) -> Iterator[str]:
    """Yield how uneven demand is inside a window, and what of it staffing takes into account."""
    burst, queue = told.record.burst, told.fleets[0].candidate.node.queue
    if not burst:
        return
    yield (
        f"The trace has single requests: within {burst.window_seconds} s the busiest second had {burst.median:.1f} times the mean one "
        f"in half of the windows, and {burst.p95:.1f} times or more in one of twenty; half have "
        f"{burst.beyond_chance:.2f} times what chance makes or more."
    )
    if queue and told.pool.slo and told.pool.slo.peak_to_mean is None:
        yield (
            f"The promise says no peak_to_mean, so replicas are staffed for {queue.peak_to_mean:.2f}, which the trace shows: "
            "queueing allows for chance, and this for what is beyond it."
        )


def _machine(told: Explained) -> str:
    best = told.fleets[0]
    machine = best.candidate.machine
    start = (
        f"{machine.name} costs least to hold the {told.asked.scored:.1%} quantile of the hours planned: {best.usd:,.2f} $ a day for "
        f"{sum(best.nodes)} node-hours"
    )
    if len(told.fleets) == 1:
        return f"{start}; no other machine satisfies the pool."
    other = told.fleets[1]
    more = other.usd / best.usd - 1 if best.usd else 0.0
    return (
        f"{start}; next of {len(told.fleets)} machines is {other.candidate.machine.name} at {other.usd:,.2f} $ "
        f"for {sum(other.nodes)} node-hours ({more:+.1%})."
    )


def _choice(ranking: list[tuple[float, Method]], unit: str) -> str:
    best = ranking[0][1]
    others: dict[str, float] = {}
    for loss, method in ranking:
        others.setdefault(method.forecaster, loss)
    rest = [f"{_words(name)} {loss:.3g}" for name, loss in others.items() if name != best.forecaster][:_NEXT]
    start = f"{_words(best.forecaster)} with a {best.margin} margin lost least on the history (pinball {ranking[0][0]:.3g} {unit}"
    return f"{start}; next {', '.join(rest)})" if rest else f"{start})"


def _words(forecaster: str) -> str:
    names = forecaster.split("+")
    return forecaster if len(names) == 1 else f"the mean of {', '.join(names[:-1])} and {names[-1]}"


def _level(told: Explained) -> str:
    """Say how the level came about."""
    level, asked = told.level, told.asked
    if level.tracking is None:
        return f"The stack file fixes the quantile: floors hold {named(level.quantile)} of each hour, and nothing runs above them."
    spare = f"keeps {level.tracking.margin:.2g} times the root of the load to spare"
    hold = f"floors that hold {named(level.quantile)} of each hour and a loop above them that {spare}"
    if not level.found:
        return f"With too few days to find a level on, it is a cautious guess: {hold}."
    days = round((level.found.span.end - level.found.span.first) / told.past.windows.season)
    return (
        f"Allowed are {asked.allowed:.1%} of windows short: of all levels, {hold} would have cost least on the last {days} days, each "
        f"planned as of its beginning, with {level.found.done.violated:.2%} short."
    )


def _loop(told: Explained) -> str:
    loop = told.loop
    if loop is None:
        return ""
    few, many = loop.steps[0], loop.steps[-1]
    low, high = few.out_above / few.nodes, many.out_above / many.nodes
    serve = "serves" if few.nodes == 1 else "serve"
    return (
        f"The loop orders nodes above {low:.0%} utilisation where {few.nodes} {serve} and above {high:.0%} where {many.nodes} do. "
        f"It lets {loop.release_percent} % go at a time, every {loop.scale_in_wait_minutes} minutes at most: one that goes too early is "
        f"missed for the {loop.scale_out_wait_minutes} that another takes."
    )


def _month(money: Money) -> str:
    if money.p10 is None or money.p90 is None:
        return ""
    return (
        f"A month of days like the last {money.days} costs {money.expected:,.0f} $; one month in ten less than {money.p10:,.0f} $, "
        f"one in ten more than {money.p90:,.0f} $."
    )


def _compared(told: Explained) -> Iterator[str]:
    judged = told.judged
    if not judged:
        return
    days = judged.table.days
    if judged.covered is not None:
        within = f"within the {told.asked.scored:.1%} quantile at the lead time in {judged.covered:.1%} of windows"
        yield f"On the last {days} days demand stayed {within}."
    gained = judged.table.gained
    if gained:
        ours, theirs = judged.table.of("plan"), judged.table.of(THRESHOLDS)
        yield (
            f"Against scaling out at 80 % and in at 40 %, the plan would have paid {gained.cost:+.1%}, had {gained.peak_capacity:+.1%} "
            f"capacity at the peak for the same money and {gained.off_peak_utilisation:+.1%} utilisation off it, and been short in "
            f"{ours.short:.1%} of windows instead of {theirs.short:.1%}."
        )
