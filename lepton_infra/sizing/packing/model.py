"""What a fleet is packed from: offers to buy, needs to serve, limits to keep."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Final, TypeAlias

from lepton_infra.catalog import Machine
from lepton_infra.sizing.staffing import NodeShape, replicas_for

Key: TypeAlias = tuple[str, str, str, str]
"""Cloud, region, machine, market: what names an offer."""
DEFAULT_ZONES: Final = 3
"""Zones of a region where nothing else is known; the clouds' regions with GPUs have three as a rule."""


class Market(StrEnum):
    """How a node is bought."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"


@dataclass(frozen=True)
class Offer:
    """A machine in a region in a market."""

    machine: Machine
    """What is bought."""
    market: Market
    """How."""
    usd_per_hour: float
    """Price of a node."""
    zones: int = DEFAULT_ZONES
    """Zones of its region that sell it."""
    grams_per_hour: float | None = None
    """CO2 equivalent of a node at full draw; None where unknown."""

    @cached_property
    def key(self) -> Key:
        """Return what names the offer."""
        return (*self.machine.key, self.market.value)

    @property
    def cloud(self) -> str:
        """Return the cloud."""
        return self.machine.cloud.value

    @property
    def place(self) -> tuple[str, str]:
        """Return cloud and region: regions of two clouds are two, whatever their names."""
        return self.machine.cloud.value, self.machine.region

    @property
    def spot(self) -> bool:
        """Say whether it may be taken back."""
        return self.market is Market.SPOT


@dataclass(frozen=True)
class Need:
    """A service and what it has to serve.

    Several kinds of node may serve it side by side. They are then taken to share one queue (or a balancer that sends each request to
    the least loaded), so that a node with r of the R replicas that its kind alone would need covers r / R of the need: what a replica
    serves without a promise about waiting, and its share of the staffing rule with one. Beside an exact queue of two kinds that is on
    the safe side.
    """

    name: str
    """Name of the service."""
    demand: tuple[float, ...]
    """Demand by hour, in any one unit."""
    shapes: Mapping[tuple[str, str, str], NodeShape]
    """What a node of a machine holds, by the machine's key; a machine without one cannot serve."""
    priority: int = 0
    """The higher is served first where not all can be, as with a PriorityClass of Kubernetes."""
    min_nodes: int = 0
    """Fewest nodes, whatever the demand."""
    max_nodes: int | None = None
    """Most nodes; None for any number."""
    lead_hours: float = 0.25
    """Hours from ordering a node until it serves, which are paid for."""
    surviving: tuple[float, ...] | None = None
    """Demand by hour to serve after a loss that the limits speak of, at most `demand`; None for all of it."""

    @cached_property
    def replicas(self) -> Callable[[NodeShape], tuple[int, ...]]:
        """Return a function that says how many replicas of a kind alone would serve each hour."""
        known: dict[tuple[float, object], tuple[int, ...]] = {}

        def count(shape: NodeShape) -> tuple[int, ...]:
            mark = (shape.per_replica, shape.queue)
            if mark not in known:
                known[mark] = replicas_for(self.demand, NodeShape(1, shape.per_replica, shape.queue))
            return known[mark]

        return count

    @cached_property
    def kept(self) -> tuple[float, ...]:
        """Return the share of each hour's need to serve after a loss.

        With a promise about waiting it is one of replicas, which kinds of node differ in: the largest of any, on the safe side.
        """
        if self.surviving is None:
            return (1.0,) * len(self.demand)
        queued = {(one.per_replica, one.queue): NodeShape(1, one.per_replica, one.queue) for one in self.shapes.values() if one.queue}
        pairs = [(self.surviving, self.demand), *((replicas_for(self.surviving, one), self.replicas(one)) for one in queued.values())]
        shares = [[min(left / whole, 1.0) if whole > 0 else 1.0 for left, whole in zip(*pair, strict=True)] for pair in pairs]
        return tuple(max(hour) for hour in zip(*shares, strict=True))

    def cover(self, machine: Machine, hour: int) -> float:
        """Return the share of the hour's need that one node serves; 0 where it cannot serve or nothing is needed."""
        shape = self.shapes.get(machine.key)
        if shape is None or self.demand[hour] <= 0:
            return 0.0
        if shape.queue is None:
            return shape.capacity / self.demand[hour]
        return shape.replicas / max(self.replicas(shape)[hour], 1)


@dataclass(frozen=True, slots=True)
class Quota:
    """Most nodes of all offers that match."""

    most: int
    """Most nodes at a time, all services together."""
    cloud: str = "*"
    """Pattern of the cloud."""
    region: str = "*"
    """Pattern of the region."""
    machine: str = "*"
    """Pattern of the machine."""
    market: str = "*"
    """Pattern of the market: `spot`, `on-demand`."""
    each: bool = False
    """Whether it holds for each machine type in each region and market by itself, not for all that match together."""

    def covers(self, offer: Offer) -> bool:
        """Say whether the offer counts."""
        patterns = (self.cloud, self.region, self.machine, self.market)
        return all(fnmatchcase(word, pattern) for word, pattern in zip(offer.key, patterns, strict=True))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a fleet must keep to.

    A share is of a service's installed capacity in the hour, each node counted by the share of the need that it serves.
    """

    clouds: tuple[str, ...] = ()
    """Patterns of clouds allowed; empty allows all."""
    regions: tuple[str, ...] = ()
    """Patterns of regions allowed; empty allows all."""
    residency: tuple[str, ...] = ()
    """Countries (`DE`) or areas (`EU`, `EEA`) that data may lie in; empty allows all. A region of unknown country is not allowed."""
    machines: tuple[str, ...] = ()
    """Patterns of machines allowed; empty allows all."""
    gpus: tuple[str, ...] = ()
    """Kinds of GPU allowed; empty allows all."""
    spot: bool = True
    """Whether spot is bought at all."""
    max_spot_share: float | None = None
    """Most of a service's capacity on spot."""
    max_cloud_share: float | None = None
    """Most of it in one cloud."""
    max_region_share: float | None = None
    """Most of it in one region."""
    max_zone_share: float | None = None
    """Most of it in one zone, nodes of each offer spread evenly over the zones of their region."""
    survive_zones: int = 0
    """Zones whose loss at the same time must leave enough for what of the need is to be kept."""
    survive_spot_pool: bool = False
    """Whether the loss of the largest spot pool (cloud, region, machine) must leave enough for that."""
    quotas: tuple[Quota, ...] = ()
    """Most nodes of what matches."""
    min_nodes: int = 0
    """Fewest nodes of the whole fleet."""
    max_nodes: int | None = None
    """Most nodes of the whole fleet."""
    usd_per_month: float | None = None
    """Budget for 730 hours, started nodes included."""
    kg_co2e_per_month: float | None = None
    """Most kilograms of CO2 equivalent in 730 hours. Offers of unknown carbon are left out."""
    usd_per_tonne_co2e: float = 0.0
    """Price on carbon that is added to the objective. Offers of unknown carbon are left out where it is set."""
    may_cut: bool = True
    """Whether demand may stay unserved where capacity or budget is short, the lowest priority first; if not, that is refused."""

    @property
    def counts_carbon(self) -> bool:
        """Say whether carbon matters."""
        return self.kg_co2e_per_month is not None or self.usd_per_tonne_co2e > 0

    @property
    def spreads(self) -> bool:
        """Say whether it matters how nodes lie over zones."""
        return self.survive_zones > 0 or self.max_zone_share is not None


@dataclass(frozen=True)
class Case:
    """One thing to pack."""

    offers: tuple[Offer, ...]
    """What can be bought, in any order."""
    needs: tuple[Need, ...]
    """What has to be served, all with the same hours."""
    limits: Limits = field(default_factory=Limits)
    """What must be kept to."""

    @property
    def hours(self) -> int:
        """Return how many hours are packed."""
        return len(self.needs[0].demand)

    def within(self, limits: Limits) -> "Case":
        """Return the case with other limits."""
        return replace(self, limits=limits)
