"""The plan: how many nodes of which machine must run when, what that costs and why.

A plan is a lock file: byte-identical for identical inputs, reviewed in the repository, read by `pulumi up`, which computes nothing.
"""

import datetime as dt
from typing import Literal

from pydantic import Field

from lepton_infra.config.model import Frozen


class Inputs(Frozen):
    """Hashes (SHA-256, hex) of all that the plan was made from."""

    settings: str
    """Of the part of the stack that sizing reads."""
    catalog: str
    """Of the price catalogue."""
    demand: dict[str, str]
    """Of each file of demand and of known events, by its name in the stack file."""
    throughput: dict[str, str] = Field(default_factory=dict)
    """Of each benchmark, by its name in the stack file, and of the shipped tables where a pool looks its throughput up."""


class Offer(Frozen):
    """The machine that was chosen, and its price when it was."""

    cloud: str
    """Where it is bought."""
    region: str
    """Where it is bought, in the cloud's words."""
    machine: str
    """The cloud's name of the machine."""
    gpu: str
    """Kind of GPU."""
    gpus: int
    """GPUs per node."""
    usd_per_hour: float
    """On-demand price of a node."""
    price_date: dt.date
    """When that was the price."""


class Hour(Frozen):
    """What is needed in one hour."""

    start: dt.datetime
    """When it begins, UTC."""
    demand_p50: float
    """Median of demand in the demand's unit."""
    demand: float
    """Demand at the pool's quantile, which the nodes serve."""
    replicas: int
    """Replicas of the model."""
    nodes: int
    """Nodes that serve throughout the hour."""


class Change(Frozen):
    """One scheduled change of a pool's size, repeated every day."""

    cron: str
    """When, as a five-field cron expression in UTC, already early by the lead time."""
    min_nodes: int
    """Fewest nodes from then on; the autoscaler may add up to the pool's `max_nodes`."""


class NodeHours(Frozen):
    """Node-hours on the last days of the series, each policy deciding with what it knew then."""

    days: int
    """Length of the comparison."""
    oracle: float
    """With perfect knowledge."""
    plan: float
    """With this plan's forecaster and margin, decided again at each window at the lead time."""
    schedule: float
    """With the hours planned a day ahead alone, decided once a day, no autoscaler above them."""
    static_peak: float
    """With the peak of the history always running."""
    thresholds: float
    """Scaling out at 80 % and in at 40 % utilisation."""
    violated: dict[str, float]
    """Share of windows in which demand exceeded the nodes, by policy."""


class PoolPlan(Frozen):
    """The plan of one pool."""

    name: str
    """The pool's name in the stack file."""
    offer: Offer
    """The machine chosen."""
    runner_up: Offer | None
    """The next best, for the reader to compare."""
    unit: str
    """Unit of demand."""
    node_capacity: float
    """Demand that one node serves."""
    quantile: float
    """Quantile of demand that the nodes serve."""
    lead_minutes: int
    """Minutes from ordering a node until it serves."""
    forecaster: str
    """Name of the forecaster that won at the lead time, with its margin."""
    day_ahead_forecaster: str
    """Name of the forecaster that won over the 24 hours planned, with its margin."""
    coverage: float | None
    """Share of the recorded windows of the last days in which demand stayed within the quantile; None where too few were recorded."""
    why: tuple[str, ...]
    """Sentences that explain the choices, numbers included."""
    warnings: tuple[str, ...]
    """What the reader should doubt, for instance a short history."""
    hours: tuple[Hour, ...]
    """The hours planned, in order."""
    min_nodes: int
    """Lower bound for the autoscaler."""
    max_nodes: int
    """Upper bound for the autoscaler."""
    target_utilisation: float | None
    """Mean share of busy slots for an autoscaler to aim at: the most that keeps the promise at the fewest nodes; None without a promise."""
    schedule: tuple[Change, ...]
    """Changes of the lower bound over the day, in order of time."""
    usd_per_month: float
    """Cost of the planned node-hours over 730 hours."""
    compared: NodeHours | None
    """The plan beside its rivals on the user's own history; None where that is shorter than two days."""


class Plan(Frozen):
    """What `stacks/plans/<stack>.json` holds."""

    format: Literal["lepton.plan/1"] = "lepton.plan/1"
    """Name and version of this format."""
    stack: str
    """Name of the stack."""
    inputs: Inputs
    """What it was made from."""
    pools: tuple[PoolPlan, ...]
    """One plan for each pool, in the stack file's order."""

    def pool(self, name: str) -> PoolPlan:
        """Return the plan of the pool with this name.

        Raises:
            KeyError: no pool has it.
        """
        return {pool.name: pool for pool in self.pools}[name]
