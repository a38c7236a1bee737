"""What a plan holds of a fleet: nodes by hour over clouds and markets, what limits cost, what stands beside it."""

import datetime as dt

from lepton_infra.config.model import Frozen


class Use(Frozen):
    """An offer that a pool uses, and how much of it by the hour."""

    pool: str
    """Name of the pool."""
    cloud: str
    """Where it is bought."""
    region: str
    """Where it is bought, in the cloud's words."""
    machine: str
    """The cloud's name of the machine."""
    market: str
    """`on-demand` or `spot`."""
    gpu: str
    """Kind of GPU."""
    gpus: int
    """GPUs per node."""
    usd_per_hour: float
    """Price of a node in that market."""
    price_date: dt.date
    """When that was the price."""
    here: bool
    """Whether this stack builds it: it is in the stack's own cloud and region. What is elsewhere is for other stacks to build."""
    nodes: tuple[int, ...]
    """Nodes in each hour planned."""


class Part(Frozen):
    """A node pool or group that this stack builds for a pool: one machine in one market."""

    pool: str
    """Name of the pool in the stack file."""
    name: str
    """Its own name."""
    machine: str
    """The cloud's name of the machine."""
    gpu: str
    """Kind of GPU."""
    gpus: int
    """GPUs per node."""
    spot: bool
    """Whether its nodes may be taken back."""
    min_nodes: int
    """Lower bound for the autoscaler."""
    max_nodes: int
    """Upper bound for the autoscaler."""
    schedule: tuple[tuple[str, int], ...]
    """Changes of the lower bound over the day: cron expression in UTC, and fewest nodes from then on."""


class FleetHour(Frozen):
    """One hour of the whole fleet."""

    start: dt.datetime
    """When it begins, UTC."""
    nodes: int
    """Nodes that serve."""
    usd: float
    """Their price."""
    unserved: dict[str, float]
    """Share of the demand planned for that stays unserved, by pool; pools that are served whole left out."""
    binding: tuple[str, ...]
    """Limits without which this hour would certainly cost less or serve more."""


class LimitPrice(Frozen):
    """What a limit costs: the hours planned again without it."""

    limit: str
    """Its name in the stack file."""
    usd_per_day: float
    """Dollars a day; below 0 where it is why less is bought and served."""
    share: float
    """The same as a share of what the hours would cost without it."""
    served: float
    """Share of a day's demand that could be served more without it, summed over pools."""
    binding_hours: int
    """Hours in which it binds."""


class Rival(Frozen):
    """Another fleet."""

    name: str
    """What it is."""
    usd_per_day: float
    """Dollars a day, nodes that are starting included."""
    unserved: dict[str, float]
    """Share of a day's demand that it leaves unserved, by pool."""
    breaks: tuple[str, ...]
    """Limits that it does not keep."""


class FleetPlan(Frozen):
    """The fleet of all pools together."""

    uses: tuple[Use, ...]
    """What is used, by pool, then most nodes first."""
    hours: tuple[FleetHour, ...]
    """The hours planned."""
    builds: tuple[Part, ...]
    """What this stack builds of it."""
    usd_per_day: float
    """Price of the nodes while they serve."""
    start_usd_per_day: float
    """Price of nodes from order to service."""
    usd_per_month: float
    """Both, over 730 hours."""
    kg_co2e_per_month: float | None
    """Kilograms of CO2 equivalent over 730 hours, by the catalogue's estimate; None where an offer used has none."""
    spot_share: float
    """Share of the dollars that is spent on spot."""
    gap: float
    """At most so much above what any fleet within the limits that serves as much costs, as a share, starts left out."""
    gap_offers: int | None
    """How many offers those fleets are made of, where budget or cap on carbon kept the search to few of them; None for all."""
    gap_with_starts: float
    """The same with starting nodes, as if a fleet could do without."""
    complete: bool
    """Whether every search ended within its gap."""
    unserved: dict[str, float]
    """Share of a day's demand that stays unserved, by pool; pools that are served whole left out."""
    limits: tuple[LimitPrice, ...]
    """The price of each limit, the dearest first."""
    rivals: tuple[Rival, ...]
    """Other fleets: the runner-up first."""
    why: tuple[str, ...]
    """Sentences that explain it."""
    warnings: tuple[str, ...]
    """What the reader should doubt."""
