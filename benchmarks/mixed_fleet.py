"""A fleet of several machine types and markets on recorded demand, with troubles: what `dollars.py` and `case_study.py` run both sides on.

The rules are the simulator's: what is decided at the end of window `t` is billed from `t + 1` and serves from `t + 1 + lead` or later,
a gap is neither billed nor judged. Every draw belongs to a market (all on-demand types of a run share one, each spot pool has its own) and
a window, not to who asks: both sides meet the same refusals, delays and losses.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import ceil, isnan
from zlib import crc32

import numpy as np

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.packing.replan import Ask, Stock, replan
from lepton_infra.sizing.simulator import Setting, Span

JITTER = 0.3
"""Mean of what a node takes longer than the lead, as a share of it."""
SOLD_OUT_HOURS = 1.0
"""Mean hours for which a lost pool is not sold again."""
STAY_HOURS, START_HOURS = 1.0, 0.25
"""What the planner reckons with: hours that a node stays, and is paid for before it serves (lead, delay, and what waits for it)."""
ON_DEMAND = "on demand"
WARM_UP = 12
"""Windows run before a span, so that it begins with nodes on their way."""
_ROUNDING = 1e-9
_UNLIMITED = 1 << 40


@dataclass(frozen=True, slots=True)
class Offer:
    """A machine at a price."""

    name: str
    capacity: float
    """Demand that it serves."""
    usd_per_hour: float
    loss_per_hour: float
    """Chance that all of its pool is lost within an hour; 0 on demand."""
    refused: float
    """Chance that an order is refused."""
    market: str = ON_DEMAND
    """What runs out and is lost as one: all that is sold on demand, or one kind of accelerator as spot in one zone."""
    committed_usd: float | None = None
    """Dollars per hour under the cheapest commitment of one year; None where none is sold."""

    @property
    def spot(self) -> bool:
        """Say whether it may be lost."""
        return self.market != ON_DEMAND

    @property
    def usd_per_unit(self) -> float:
        """Return the price of serving one unit of demand."""
        return self.usd_per_hour / self.capacity


@dataclass(frozen=True, slots=True)
class Mix:
    """What a fleet may be made of."""

    stood: tuple[Offer, ...]
    """On-demand types."""
    spot: tuple[Offer, ...] = ()
    """Spot pools."""
    share: float = 0.0
    """Most of what is held for that may stand on spot."""
    survives: bool = False
    """Whether the demand to be expected is served without the largest pool of spot."""
    committed: int = 0
    """Nodes of the first type that are paid for whether they run or not."""

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Return the on-demand types and the pools."""
        return (*self.stood, *self.spot)

    def split(self, wanted: float, expected: float, pools: "Sequence[Pool]", place: int) -> list[int]:
        """Return nodes of each offer for the demand to hold for, as the product's `replan` says; those held where nothing will do."""
        ask = Ask(wanted, expected if self.survives else 0.0, self.share, STAY_HOURS, START_HOURS)
        nodes = self._planned(ask, [pool.limit(place) for pool in pools], pools)
        if nodes is None:  # as when all is refused: on-demand orders are tried all the same
            nodes = self._planned(ask, [pool.limit(place) if pool.offer.spot else _UNLIMITED for pool in pools], pools)
        return nodes or [pool.held for pool in pools]

    def _planned(self, ask: Ask, limits: list[int], pools: "Sequence[Pool]") -> list[int] | None:
        stocks = [
            Stock(one.capacity, one.usd_per_hour, one.spot, pool.held, most)
            for one, pool, most in zip(self.offers, pools, limits, strict=True)
        ]
        if not self.committed:
            found = replan(stocks, ask)
            return list(found) if found else None
        first, few = stocks[0], min(stocks[0].held, self.committed)
        paid = Stock(first.serves, 0.0, held=few, most=min(self.committed, first.most))
        found = replan([paid, replace(first, held=first.held - few, most=first.most - paid.most), *stocks[1:]], ask)
        return [found[0] + found[1], *found[2:]] if found else None

    @property
    def words(self) -> str:
        """Return what it is, in words."""
        committed = f" ({self.committed} of the first committed)" if self.committed else ""
        stood = ", ".join(one.name for one in self.stood) + committed
        return f"{stood}; spot in up to {len(self.spot)} pools" if self.spot else stood


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a market, by window."""

    lost: list[bool]
    back: list[int]
    """Windows for which it is not sold after a loss."""
    refuses: list[bool]
    late: list[float]
    """By how much an order takes longer than the lead, as a share of it."""


@lru_cache(maxsize=512)
def fate(seed: int, market: str, refused: float, loss_per_window: float, hours: float, windows: int) -> Fate:
    """Draw what becomes of a market: the same seed and market, the same draws."""
    rng = np.random.default_rng([seed, crc32(market.encode())])
    lost, refuses = rng.random(windows) < loss_per_window, rng.random(windows) < refused
    back = 1 + (rng.exponential(SOLD_OUT_HOURS / hours, windows)).astype(np.int64)
    return Fate(lost.tolist(), back.tolist(), refuses.tolist(), rng.exponential(JITTER, windows).tolist())


@lru_cache(maxsize=64)
def calm(seed: int, market: str, hours: float, windows: int) -> Fate:
    """Return a market in which nothing happens but what is taken at noon."""
    return Fate([False] * windows, fate(seed, market, 0.0, 0.0, hours, windows).back, [False] * windows, [0.0] * windows)


@dataclass(slots=True)
class Pool:
    """Nodes of one offer."""

    offer: Offer
    fate: Fate
    ready: int = 0
    orders: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    back: int = 0
    """Window from which it is sold again."""

    held: int = 0
    """Nodes that are paid for, those on their way included."""

    def limit(self, place: int) -> int:
        """Return how many nodes may be wanted: none while sold out, no more than there are while orders are refused."""
        if self.back > place:
            return 0
        return self.held if self.fate.refuses[place] else _UNLIMITED

    def begin(self, place: int) -> None:
        """Let nodes come up, and lose the pool if that is its hour."""
        if self.orders:
            self.ready += sum(count for when, count in self.orders if when <= place)
            self.orders = [order for order in self.orders if order[0] > place]
        if self.fate.lost[place]:
            self.lose(place)

    def lose(self, place: int) -> None:
        """Lose all nodes, and be sold out for a while."""
        self.ready, self.held, self.orders = 0, 0, []
        self.back = place + self.fate.back[place]

    def order(self, wanted: int, place: int, lead: int) -> None:
        """Order what is missing."""
        missing = wanted - self.held
        if missing > 0 and not self.fate.refuses[place]:
            self.orders.append((place + 1 + ceil(lead * (1 + self.fate.late[place]) - _ROUNDING), missing))
            self.held = wanted

    def give_back(self, count: int, running: int) -> tuple[int, int]:
        """Cancel orders, the youngest first, and stop nodes, at most `running` of them; return how many of each."""
        cancelled = 0
        while self.orders and cancelled < count:
            when, ordered = self.orders.pop()
            taken = min(ordered, count - cancelled)
            if ordered > taken:
                self.orders.append((when, ordered - taken))
            cancelled += taken
        stopped = min(count - cancelled, running, self.ready)
        self.ready, self.held = self.ready - stopped, self.held - cancelled - stopped
        return cancelled, stopped


@dataclass(frozen=True, slots=True)
class Done:
    """How a fleet did over a span."""

    usd: float
    violated: float
    """Share of the windows short."""
    unserved: float
    """Share of the demand that was not served."""
    base: Floats
    """Nodes of the base that were wanted, by window of the span."""
    serving: Floats
    """Demand that could have been served, by window of the span."""


@dataclass(frozen=True, slots=True)
class World:
    """Whose troubles are met: a draw, and whether the largest spot pool is taken every noon besides."""

    seed: int
    noons: bool = False
    calm: bool = False
    """Whether nothing else happens: no refusal, no delay, no loss."""


def pools_of(setting: Setting, mix: Mix, world: World) -> list[Pool]:
    """Return the empty pools of a mix, each with its fate."""
    hours, windows = setting.hours_per_window, len(setting.values)

    def one(offer: Offer) -> Pool:
        if world.calm:
            return Pool(offer, calm(world.seed, offer.market, hours, windows))
        loss = 1 - (1 - offer.loss_per_hour) ** hours
        return Pool(offer, fate(world.seed, offer.market, offer.refused, loss, hours, windows))

    return [one(offer) for offer in mix.offers]


def bill(pools: list[Pool], mix: Mix) -> float:
    """Return dollars per hour for what is held; what is committed is paid for whether it runs or not."""
    first = mix.stood[0]
    paid = mix.committed * ((first.committed_usd or 0.0) - first.usd_per_hour) + max(mix.committed - pools[0].held, 0) * first.usd_per_hour
    return paid + sum(pool.held * pool.offer.usd_per_hour for pool in pools)


Decide = Callable[[int, float, float, float], tuple[float, float]]
"""Given a window's place, its demand, what could be served in it and what could be with the nodes on their way: demand to order for, and
demand to be expected."""


def drive(setting: Setting, mix: Mix, decide: Decide, span: Span, world: World) -> Done:
    """Run a mix over a span.

    Nodes stop only while those that are up serve what is held for without them, and orders are cancelled only while those that are up or on
    their way do, so that moving from one type to another leaves no hole.
    """
    pools = pools_of(setting, mix, world)
    usd, short, missing, day = 0.0, 0, 0.0, round(24 / setting.hours_per_window)
    base, serving = np.zeros(span.end), np.zeros(span.end)
    for place, demand in steps(setting, span):
        for pool in pools:
            pool.begin(place)
        if world.noons and place % day == day // 2:
            max(pools[len(mix.stood) :], key=lambda pool: pool.ready * pool.offer.capacity).lose(place)
        up = sum(pool.ready * pool.offer.capacity for pool in pools)
        serving[place] = up
        if place >= span.first and not isnan(demand):
            usd += bill(pools, mix) * setting.hours_per_window
            short, missing = short + (demand > up * (1 + _ROUNDING)), missing + max(demand - up, 0.0)
        held = sum(pool.held * pool.offer.capacity for pool in pools)
        wanted, expected = decide(place, demand, up, held)
        nodes = mix.split(wanted, expected, pools, place)
        base[place] = nodes[0]
        settle_to(pools, nodes, (up - wanted, held - wanted), place, setting.lead)
        if place == max(span.first - WARM_UP, 0):
            settle(pools)
    known = setting.values[span.first : span.end]
    count, total = max(int(np.sum(~np.isnan(known))), 1), float(np.nansum(known))
    return Done(usd, short / count, missing / total if total else 0.0, base[span.first :], serving[span.first :])


def settle_to(pools: list[Pool], nodes: list[int], free: tuple[float, float], place: int, lead: int) -> None:
    """Order what is missing and give back what is too much, the dearest first.

    `free` is what could be served above what is to be held for, by the nodes that are up and with those on their way: no more is given
    back.
    """
    running, coming = free
    for pool, count in sorted(zip(pools, nodes, strict=True), key=lambda pair: -pair[0].offer.usd_per_unit):
        size = pool.offer.capacity
        surplus = min(max(pool.held - count, 0), max(int(coming / size + _ROUNDING), 0))
        pool.order(count, place, lead)
        cancelled, stopped = pool.give_back(surplus, max(int(running / size + _ROUNDING), 0))
        running, coming = running - stopped * size, coming - (cancelled + stopped) * size


def steps(setting: Setting, span: Span) -> Iterator[tuple[int, float]]:
    """Yield the windows of a span and those run before it, with their demand."""
    first = max(span.first - WARM_UP, 0)
    demand: list[float] = setting.values[first : span.end].tolist()
    return enumerate(demand, first)


def settle(pools: list[Pool]) -> None:
    """Let the first orders serve at once: a run begins with a fleet."""
    for pool in pools:
        pool.ready, pool.orders = pool.held, []
