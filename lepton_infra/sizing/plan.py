"""The plan: how many nodes of which machine must run when, what that costs and why.

A plan is a lock file: byte-identical for identical inputs, reviewed in the repository, read by `pulumi up`, which computes nothing.
"""

import datetime as dt
from typing import Literal, cast

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from lepton_infra.config.model import Frozen
from lepton_infra.sizing.fleetplan import FleetPlan
from lepton_infra.sizing.promise import Promise


class Inputs(Frozen):
    """Hashes (SHA-256, hex) of all that the plan was made from."""

    settings: str
    """Of the part of the stack that sizing reads."""
    catalog: str
    """Of the price catalogue."""
    demand: dict[str, str]
    """Of each file of demand and of known events, by its name in the stack file."""
    commitments: str = ""
    """Of the commitment prices of the stack's cloud and region."""
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
    """What is needed in one hour: quantiles of its busiest window, in the demand's unit."""

    start: dt.datetime
    """When it begins, UTC."""
    demand_p50: float
    """Median."""
    demand_p90: float
    """90 % quantile."""
    demand_p95: float
    """95 % quantile."""
    demand_p99: float
    """99 % quantile."""
    demand: float
    """Demand at the pool's quantile, which the nodes planned serve alone."""
    replicas: int
    """Replicas of the model for that."""
    nodes: int
    """Nodes that serve throughout the hour: the floor below which the loop does not go."""


class Change(Frozen):
    """One scheduled change of a pool's size, repeated every day."""

    cron: str
    """When, as a five-field cron expression in UTC, already early by the lead time."""
    min_nodes: int
    """Fewest nodes from then on; the autoscaler may add up to the pool's `max_nodes`."""
    scale: Literal["out", "in"]
    """Whether the floor rises or falls."""


class Step(Frozen):
    """One size of a pool, and the loads that it is enough for: demand of a window over what a node serves, so a load of 3 fills three."""

    nodes: int
    """The size."""
    out_above: float
    """Load above which more nodes are ordered."""
    in_below: float
    """Load up to which a larger pool may come down to this size."""


class Loop(Frozen):
    """How whatever scales on load decides above the floors; the plan's own simulation of it decides by these numbers.

    After each window: where the smallest size that is enough for its load is larger than what serves, that size is ordered. Else, where
    what would be left after letting `release_percent` go is enough to come down to, that share goes.
    """

    scale_out_above: float
    """Mean utilisation of the serving nodes, as a share of their capacity, above which a pool of usual size gets more nodes. A larger one
    may run hotter: `steps` say how hot."""
    scale_in_below: float
    """Mean utilisation below which nodes of a pool of usual size are taken away."""
    scale_out_wait_minutes: int
    """Time for which nodes on their way count as if they served: the lead time. Nothing is taken away in it."""
    scale_in_wait_minutes: int
    """Time between two times that nodes are taken away."""
    window_minutes: int = 0
    """Time that load is averaged over for one decision; 0 in a plan from before there were steps."""
    release_percent: int = 0
    """Share of the nodes that goes at a time, in percent, rounded down, but one node at least."""
    steps: tuple[Step, ...] = ()
    """Sizes that are gone to, rising, each with the loads that it is enough for."""


class Money(Frozen):
    """Dollars per month of 730 hours for the nodes as they would be run, floors and loop, at the on-demand price."""

    expected: float
    """Mean of the recorded days, each run as planned at its beginning; of the floors alone where too few days were recorded."""
    p10: float | None
    """One month in ten costs less; None where too few days were recorded to say."""
    p90: float | None
    """One month in ten costs more; None where too few days were recorded to say."""
    days: int
    """Recorded days that it rests on."""


class Outcome(Frozen):
    """How one policy did on the last days of the series, deciding with what it knew then."""

    policy: str
    """Its name."""
    node_hours: float
    """Billed, booting nodes included."""
    usd: float
    """Their on-demand price."""
    short: float
    """Share of windows in which demand exceeded the nodes."""
    unserved: float
    """Share of demand that exceeded them."""
    utilisation: float
    """Demand over the capacity of the nodes billed."""


class Gained(Frozen):
    """The plan against scaling out at 80 % and in at 40 %, on the last days; each a share more, negative where it is less."""

    peak_capacity: float
    """Mean nodes that served in the twentieth of the windows with the most demand, for each dollar paid over all of the days."""
    off_peak_utilisation: float
    """Demand over the capacity of the nodes billed, in the half of the windows with the least demand."""
    cost: float
    """Dollars paid over all of the days."""


class Compared(Frozen):
    """The plan beside its rivals."""

    days: int
    """Length of the comparison; levels, targets and forecasters were fixed on what came before."""
    policies: tuple[Outcome, ...]
    """`oracle`: perfect knowledge. `plan`: as it would be run. `each-window`: our planner, deciding again at every window
    at the lead time, as `lepton backtest` has it. `schedule`: the floors alone. The rest are the rivals."""
    gained: Gained | None
    """What the plan gains; None where there is nothing to divide by."""

    def of(self, policy: str) -> Outcome:
        """Return how a policy did.

        Raises:
            KeyError: there is none of this name.
        """
        return {one.policy: one for one in self.policies}[policy]


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
    violations: float | None
    """Share of windows that may be short, for which the quantile and the loop were found; None where the quantile is fixed."""
    quantile: float
    """Quantile of the hours' demand that the planned nodes serve alone."""
    lead_quantile: float
    """Quantile of demand at the lead time that would have kept to the same share without floors, decided at each window."""
    lead_minutes: int
    """Minutes from ordering a node until it serves."""
    forecaster: str
    """Name of the forecaster that won at the lead time, with its margin."""
    day_ahead_forecaster: str
    """Name of the forecaster that won over the 24 hours planned, with its margin."""
    coverage: float | None
    """Share of the recorded windows of the last days in which demand stayed within the quantile that forecasters are chosen by at the lead
    time (`scored_quantile`); None where too few were recorded."""
    scored_quantile: float
    """Quantile by whose pinball loss forecasters are chosen: the fixed one, or 0.95."""
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
    """Mean share of the serving nodes' capacity that a pool of usual size settles about, for an autoscaler that knows no table. None where
    the quantile is fixed and the floors do it alone."""
    loop: Loop | None
    """What scales on load above the floors."""
    schedule: tuple[Change, ...]
    """Changes of the lower bound over the day, in order of time."""
    usd_per_month: Money
    """What it costs."""
    compared: Compared | None
    """The plan beside its rivals on the user's own history; None where that is shorter than two days."""


class Plan(Frozen):
    """What `stacks/plans/<stack>.json` holds."""

    format: Literal["lepton.plan/2"] = "lepton.plan/2"
    """Name and version of this format."""
    stack: str
    """Name of the stack."""
    inputs: Inputs
    """What it was made from."""
    pools: tuple[PoolPlan, ...]
    """One plan for each pool, in the stack file's order."""
    commitments: tuple[Promise, ...] = ()
    """What could be committed to, from the need of the pools' whole histories; none where the catalogue has no such price."""
    fleet: FleetPlan | None = None
    """The floors of all pools packed as one fleet; None where the stack file has no `fleet`. Each pool's own plan then says what the
    cheapest machine of the stack's region alone would have been."""

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Leave the fleet out where there is none: a plan without one says nothing about it."""
        written = cast("dict[str, object]", write(self))
        return {name: value for name, value in written.items() if name != "fleet" or value is not None}

    def pool(self, name: str) -> PoolPlan:
        """Return the plan of the pool with this name.

        Raises:
            KeyError: no pool has it.
        """
        return {pool.name: pool for pool in self.pools}[name]
