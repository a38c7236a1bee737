"""Why the plan is as it is, and what to doubt in it: sentences with their numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from lepton_infra.config import Pool
from lepton_infra.sizing.compare import History
from lepton_infra.sizing.dayahead import Day, day_told, trusted
from lepton_infra.sizing.fleet import Fleet
from lepton_infra.sizing.forecast import Method
from lepton_infra.sizing.lead import lead_minutes
from lepton_infra.sizing.plan import NodeHours
from lepton_infra.sizing.record import Record
from lepton_infra.sizing.series import CYCLES_FOR_TRUST
from lepton_infra.sizing.units import UNIT_NAMES

_OFF_COVERAGE: Final = 0.03
_UNLIKE_DAYS: Final = 1.5
_MANY_GAPS: Final = 0.05
_SHORT: Final = 0.02


@dataclass(frozen=True, slots=True)
class Explained:
    """All that the sentences are about."""

    pool: Pool
    past: History
    day: Day
    ranking: list[tuple[float, Method]]
    fleets: list[Fleet]
    compared: NodeHours | None
    covered: float | None
    record: Record
    source: str
    """Where the throughput comes from."""
    said: tuple[str, ...]
    """What lead time, throughput and staffing rest on."""
    doubted: tuple[str, ...]
    """Kinds of GPU that were refused, and why."""


def why(told: Explained) -> tuple[str, ...]:
    """Return the reasons for machine, forecasters and margin."""
    best = told.fleets[0].candidate
    unit = UNIT_NAMES[told.past.windows.unit]
    fit = f"{best.node.replicas} replicas" if best.node.replicas > 1 else "one replica"
    sentences = [
        f"A {best.machine.name} holds {fit} and serves {best.node.capacity:.6g} {unit} ({told.source}).",
        *told.said,
        _machine(told.fleets),
        f"At {lead_minutes(told.pool)} minutes of lead time {_choice(told.ranking, unit)}.",
        f"Over the day ahead {day_told(told.day, unit)}." if told.day.losses else "",
    ]
    if told.compared and told.covered is not None:
        within = f"within the {told.pool.quantile:.1%} quantile in {told.covered:.1%} of windows"
        sentences.append(f"On the last {told.compared.days} days demand stayed {within}.")
    burst = told.record.burst
    if burst:
        sentences.append(
            f"The trace has single requests: within {burst.window_seconds} s the busiest second had {burst.median:.1f} times the mean one "
            f"in half of the windows, and {burst.p95:.1f} times or more in one of twenty."
        )
    return tuple(filter(None, sentences))


def warnings(told: Explained) -> tuple[str, ...]:
    """Return what the reader should doubt."""
    return tuple(_warnings(told))


def _warnings(told: Explained) -> Iterator[str]:
    yield from told.doubted
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
    if told.covered is not None and told.covered < told.pool.quantile - _OFF_COVERAGE:
        stayed = f"Demand stayed within the {told.pool.quantile:.1%} quantile in {told.covered:.1%} of the last windows"
        yield f"{stayed}: the margin is too narrow for what came."
    yield from _unlike_days(told)
    if told.compared and told.compared.violated["schedule"] > 1 - told.pool.quantile + _SHORT:
        yield (
            f"Hours planned a day ahead fell short in {told.compared.violated['schedule']:.1%} of the last windows: "
            f"let the autoscaler add up to {told.pool.max_nodes} nodes above them, and plan again every day."
        )
    caveat = told.fleets[0].candidate.machine.caveat
    if caveat:
        yield f"{told.fleets[0].candidate.machine.name}: {caveat}."


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


def _machine(fleets: list[Fleet]) -> str:
    best = fleets[0]
    machine = best.candidate.machine
    start = f"{machine.name} costs least over the hours planned: {best.usd:,.2f} $ a day for {sum(best.nodes)} node-hours"
    if len(fleets) == 1:
        return f"{start}; no other machine satisfies the pool."
    other = fleets[1]
    more = other.usd / best.usd - 1 if best.usd else 0.0
    return (
        f"{start}; next of {len(fleets)} machines is {other.candidate.machine.name} at {other.usd:,.2f} $ "
        f"for {sum(other.nodes)} node-hours ({more:+.1%})."
    )


def _choice(ranking: list[tuple[float, Method]], unit: str) -> str:
    best = ranking[0][1]
    others: dict[str, float] = {}
    for loss, method in ranking:
        others.setdefault(method.forecaster, loss)
    rest = ", ".join(f"{name} {loss:.3g}" for name, loss in others.items() if name != best.forecaster)
    start = f"{best.forecaster} with a {best.margin} margin lost least on the history (pinball {ranking[0][0]:.3g} {unit}"
    return f"{start}; {rest})" if rest else f"{start})"
