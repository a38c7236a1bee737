"""The integer program of one hour or of several: columns for nodes, rows for limits.

For a service s and an offer j: x_js whole nodes, a_js the share of the need that one serves, T_s = sum of a_js x_js the capacity,
u_s the share of the need that stays unserved. Rows of a service are counted in typical nodes, not in shares, so that the solver's
tolerances mean the same for two nodes and for two thousand.

* need: T_s + u_s >= 1
* share of a domain D: sum over D of a_js x_js <= share * T_s
* zones: z_js >= x_js / zones, whole: the most nodes of the offer that a zone holds when they are spread evenly. A zone of region r then
  holds at most L_r = sum of a_js z_js. The loss of any k zones is the sum of the k largest, a region counting once for each of its zones:
  the least k t + sum over r of zones_r q_r with q_r >= L_r - t, q >= 0 (Ogryczak and Tamir, Information Processing Letters 85, 2003).
  Offers of one region are taken to have their fuller zones in common: on the safe side.
* spot pool p: T_s - a_ps x_ps + u_s >= 1
* where less than the need is to be kept after a loss, that share of it stands in place of the 1 in the last two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import inf
from statistics import median
from typing import TypeAlias

import numpy as np

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.packing.model import Case, Limits, Need, Offer, Quota

Entries: TypeAlias = list[tuple[int, float]]
GRAMS_PER_TONNE = 1e6


@dataclass(slots=True)
class Program:
    """Columns and rows, to be solved for any objective over the columns."""

    usd: list[float] = field(default_factory=list[float])
    """Dollars an hour of each column."""
    grams: list[float] = field(default_factory=list[float])
    """Grams of CO2 equivalent an hour of each column."""
    whole: list[bool] = field(default_factory=list[bool])
    """Whether the column takes whole numbers only."""
    upper: list[float] = field(default_factory=list[float])
    """Upper bound of each column; the lower one is 0."""
    entries: list[tuple[int, int, float]] = field(default_factory=list[tuple[int, int, float]])
    """Row, column, value."""
    low: list[float] = field(default_factory=list[float])
    """Lower bound of each row."""
    high: list[float] = field(default_factory=list[float])
    """Upper bound of each row."""
    nodes: dict[tuple[int, int, int], int] = field(default_factory=dict[tuple[int, int, int], int])
    """Column of nodes by hour, offer and service."""
    unserved: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    """Column of the unserved share by hour and service."""
    capacity: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict[tuple[int, int], tuple[int, float]])
    """Column of the capacity by hour and service, and what counts there as the whole need."""

    def column(self, usd: float = 0.0, grams: float = 0.0, upper: float = inf, *, whole: bool = False) -> int:
        """Add a column and return its place."""
        self.usd.append(usd)
        self.grams.append(grams)
        self.whole.append(whole)
        self.upper.append(upper)
        return len(self.usd) - 1

    def row(self, entries: Iterable[tuple[int, float]], low: float = -inf, high: float = inf) -> int:
        """Add a row and return its place."""
        place = len(self.low)
        self.entries.extend((place, column, value) for column, value in entries)
        self.low.append(low)
        self.high.append(high)
        return place

    def cost(self, limits: Limits) -> Floats:
        """Return the objective: dollars, with the price on carbon."""
        return np.asarray(self.usd) + np.asarray(self.grams) * (limits.usd_per_tonne_co2e / GRAMS_PER_TONNE)


@dataclass(frozen=True, slots=True)
class Cut:
    """What may stay unserved: nothing, anything, or up to a share by hour and service."""

    free: bool = False
    """Whether any share may."""
    most: dict[tuple[int, int], float] = field(default_factory=dict[tuple[int, int], float])
    """Otherwise the most, by hour and service; none where it is missing."""


def build(case: Case, offers: Sequence[Offer], hours: Iterable[int], cut: Cut, tighten: float = 0.0) -> Program:
    """Return the program of the hours.

    Args:
        case: needs and limits.
        offers: the offers to choose from, already allowed.
        hours: which hours.
        cut: what may stay unserved.
        tighten: share by which more than the need is asked for.
    """
    program = Program()
    for hour in hours:
        _add_hour(program, case, offers, hour, cut, tighten)
    return program


def _add_hour(program: Program, case: Case, offers: Sequence[Offer], hour: int, cut: Cut, tighten: float) -> None:
    columns: list[tuple[Offer, int]] = []
    for service, need in enumerate(case.needs):
        own = _nodes(program, need, offers, (hour, service), max(need.min_nodes, case.limits.min_nodes))
        columns += [(offer, column) for offer, column, _ in own]
        counted: Entries = [(column, 1.0) for _, column, _ in own]
        if need.min_nodes or need.max_nodes is not None:
            program.row(counted, need.min_nodes, inf if need.max_nodes is None else need.max_nodes)
        if need.demand[hour] > 0:
            most = 1.0 if cut.free else cut.most.get((hour, service), 0.0)
            unserved = program.column(upper=most)
            program.unserved[hour, service] = unserved
            _serve(program, own, case.limits, (hour, service), tighten, need.kept[hour])
    _together(program, columns, case.limits)


def _nodes(program: Program, need: Need, offers: Sequence[Offer], place: tuple[int, int], least: int) -> list[tuple[Offer, int, float]]:
    """Add the columns of a service's nodes; return each with the share of the need that a node serves."""
    hour, service = place
    idle = need.demand[hour] <= 0
    if idle and not least:
        return []
    found: list[tuple[Offer, int, float]] = []
    for at, offer in enumerate(offers):
        cover = need.cover(offer.machine, hour)
        if cover > 0 or (idle and offer.machine.key in need.shapes):
            column = program.column(offer.usd_per_hour, offer.grams_per_hour or 0.0, whole=True)
            program.nodes[hour, at, service] = column
            found.append((offer, column, cover))
    return found


def _serve(
    program: Program, own: list[tuple[Offer, int, float]], limits: Limits, place: tuple[int, int], tighten: float, kept: float
) -> None:
    """Add what a service asks for, and the share of it that is to be kept after a loss."""
    unserved = program.unserved[place]
    if not own:
        program.row([(unserved, 1.0)], 1.0)
        return
    unit = 1 / median(cover for _, _, cover in own)
    parts = [(offer, column, cover * unit) for offer, column, cover in own]
    total = program.column()
    program.capacity[place] = (total, unit)
    program.row([*((column, cover) for _, column, cover in parts), (total, -1.0)], 0.0, 0.0)
    needed = unit * (1 + tighten)
    program.row([*((column, cover) for _, column, cover in parts), (unserved, unit)], needed)
    _shares(program, parts, limits, total)
    if limits.spreads:
        _zones(program, parts, limits, (total, unserved, unit), needed * kept)
    if limits.survive_spot_pool:
        for offer, column, cover in parts:
            if offer.spot:
                program.row([(total, 1.0), (column, -cover), (unserved, unit)], needed * kept)


def _shares(program: Program, parts: list[tuple[Offer, int, float]], limits: Limits, total: int) -> None:
    spot: Entries = [(column, cover) for offer, column, cover in parts if offer.spot]
    if limits.max_spot_share is not None and spot:
        program.row([*spot, (total, -limits.max_spot_share)], high=0.0)
    for share, key in ((limits.max_cloud_share, _cloud), (limits.max_region_share, _place)):
        if share is not None and share < 1:
            for _, domain in groupby(sorted(parts, key=key), key):
                program.row([*((column, cover) for _, column, cover in domain), (total, -share)], high=0.0)


def _zones(program: Program, parts: list[tuple[Offer, int, float]], limits: Limits, ends: tuple[int, int, float], needed: float) -> None:
    total, unserved, unit = ends
    losses: list[tuple[int, Entries]] = []
    for _, domain in groupby(sorted(parts, key=_place), _place):
        loss: Entries = []
        count = 1
        for offer, column, cover in domain:
            fullest, count = program.column(whole=True), max(count, offer.zones)
            program.row([(fullest, float(offer.zones)), (column, -1.0)], 0.0)
            loss.append((fullest, cover))
        losses.append((count, loss))
        if limits.max_zone_share is not None and limits.max_zone_share < 1:
            program.row([*loss, (total, -limits.max_zone_share)], high=0.0)
    if limits.survive_zones:
        level, above = program.column(), [(count, program.column()) for count, _ in losses]
        for (_, loss), (_, more) in zip(losses, above, strict=True):
            program.row([(more, 1.0), (level, 1.0), *((column, -cover) for column, cover in loss)], 0.0)
        lost: Entries = [(level, -float(limits.survive_zones)), *((more, -float(count)) for count, more in above)]
        program.row([(total, 1.0), (unserved, unit), *lost], needed)


def _together(program: Program, columns: list[tuple[Offer, int]], limits: Limits) -> None:
    """Add what all services share."""
    for quota in limits.quotas:
        for group in _counted(columns, quota):
            program.row([(column, 1.0) for column in group], high=quota.most)
    if limits.min_nodes or limits.max_nodes is not None:
        program.row([(column, 1.0) for _, column in columns], limits.min_nodes, inf if limits.max_nodes is None else limits.max_nodes)


def _counted(columns: list[tuple[Offer, int]], quota: Quota) -> list[list[int]]:
    matching = [(offer.key if quota.each else (), column) for offer, column in columns if quota.covers(offer)]
    groups: dict[tuple[str, ...], list[int]] = {}
    for key, column in matching:
        groups.setdefault(key, []).append(column)
    return list(groups.values())


def _cloud(part: tuple[Offer, int, float]) -> str:
    return part[0].cloud


def _place(part: tuple[Offer, int, float]) -> tuple[str, str]:
    return part[0].place
