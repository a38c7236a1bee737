"""What is wanted: the frozen model of `lepton:stack`.

The docstring under each attribute is read by pydantic (JSON Schema, editor hover) and by people; keep it one sentence with its unit.
Nothing here knows what can be bought: whether a region sells a machine is for `sizing` to say.
"""

import datetime as dt
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from lepton_infra.config import subnets
from lepton_infra.config.base import Frozen, Names, beside
from lepton_infra.config.budget import Budget
from lepton_infra.config.fleet import Fleet
from lepton_infra.config.service import KnownThroughput, LeadMinutes, Slo, TokenSlo, WayOfThroughput


def _at_least(most: int, fewest: int | None) -> int:
    if fewest is not None and most < fewest:
        message = f"is {most}; min_nodes, which is {fewest}, or more"
        raise ValueError(message)
    return most


Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9 _.:/=+@-]{1,128}$")]
Unit = Literal["requests_per_second", "input_tokens_per_second", "output_tokens_per_second", "concurrent_gpus", "bytes_per_second", "bytes"]
Days = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]

VIOLATIONS: Final = 0.01
"""Share of windows that may be short where a pool says nothing: one hour and forty minutes of a week."""


class Network(Frozen):
    """An encrypted private network, without a way in from the internet."""

    cidr: IPv4Network = IPv4Network("10.0.0.0/16")
    """Addresses of the network; the subnets are cut from it by an append-only allocator."""
    zones: Annotated[int, Field(ge=2, le=6)] = 3
    """Number of availability zones with a private subnet each."""
    reserved: tuple[IPv4Network, ...] = ()
    """Networks that this one must not overlap, for instance those it is peered with."""
    flow_log_days: Days = 365
    """Days for which flow logs are kept."""

    @field_validator("cidr")
    @classmethod
    def _fits(cls, cidr: IPv4Network) -> IPv4Network:
        subnets.check_size(cidr)
        return cidr

    @field_validator("reserved")
    @classmethod
    def _apart(cls, reserved: tuple[IPv4Network, ...], info: ValidationInfo) -> tuple[IPv4Network, ...]:
        subnets.check_apart(reserved, info.data.get("cidr"))
        return reserved


class Storage(Frozen):
    """An encrypted bucket for data and model weights."""

    name: Slug = "data"
    """Name of the bucket inside the stack; the cloud's own name gets a random end."""
    noncurrent_days: Annotated[int, Field(ge=1)] = 30
    """Days for which overwritten and deleted objects can be brought back."""


class SystemPool(Frozen):
    """Small nodes for the cluster's own workloads."""

    machine: str = "m7i.large"
    """The cloud's name of the machine."""
    min_nodes: Annotated[int, Field(ge=1)] = 2
    """Fewest nodes."""
    max_nodes: Annotated[int, Field(ge=1)] = 4
    """Most nodes."""

    @field_validator("max_nodes")
    @classmethod
    def _ordered(cls, most: int, info: ValidationInfo) -> int:
        return _at_least(most, info.data.get("min_nodes"))


class Cluster(Frozen):
    """A Kubernetes cluster whose API server is reachable from inside the network only."""

    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] = "1.34"
    """Minor version of Kubernetes."""
    service_cidr: IPv4Network = IPv4Network("172.20.0.0/16")
    """Addresses of Kubernetes services; apart from the network's."""
    log_days: Days = 365
    """Days for which the control plane's logs are kept."""
    deletion_protection: bool = True
    """Whether the cloud refuses to delete the cluster."""
    administrators: tuple[str, ...] = ()
    """ARNs of the roles that administer the cluster."""
    system_pool: SystemPool = SystemPool()
    """Nodes for the cluster's own workloads."""


class Demand(Frozen):
    """Where the demand of a pool is written down."""

    file: str
    """CSV, Parquet, request trace or Prometheus range-query JSON beside the stack file; its content says which."""
    unit: Unit | None = None
    """Unit of the values where the file does not say it; of a request trace, what to count (requests where nothing is said)."""
    columns: Names = ()
    """Columns that hold the demand, one per tenant, summed; needed only where the header leaves it open."""
    events: str | None = None
    """YAML or CSV beside the stack file with known events, past and to come: start, end, factor or add, name."""
    start: dt.datetime | None = None
    """Time of the first row where the file counts seconds from its start; UTC where no zone is given."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the series that this pool serves."""

    @field_validator("file", "events")
    @classmethod
    def _beside(cls, file: str | None) -> str | None:
        return None if file is None else beside(file)


class Pool(Frozen):
    """GPU nodes of one machine type, sized from a demand series."""

    name: Slug
    """Name of the pool inside the stack."""
    runs_on: Literal["cluster", "group"]
    """`cluster`: a node pool of the Kubernetes cluster. `group`: an autoscaling group without Kubernetes."""
    gpu: Annotated[Names, Field(min_length=1)]
    """Kind or kinds of GPU that will do; the cheapest machine that has one of them is chosen."""
    machines: Names = ()
    """The cloud's names of the machines allowed; empty allows all."""
    demand: Demand
    """What the pool has to serve."""
    throughput: WayOfThroughput
    """What a GPU serves: stated by `per_gpu`, or looked up by `model`."""
    gpus_per_replica: Annotated[int, Field(ge=1, le=64)] = 1
    """GPUs that one replica of the model needs."""
    slo: Slo | None = None
    """What requests were promised: time to the first token and between tokens, or the probability of waiting; empty asks for neither."""
    lead_minutes: LeadMinutes = 15
    """Minutes from ordering a node until it serves: one number, or node, image and weights as distributions."""
    violations: Annotated[float, Field(gt=0, le=0.5)] | None = None
    """Share of windows in which demand may exceed the nodes, floors and an autoscaler above them together; 0.01 where nothing is said."""
    quantile: Annotated[float, Field(ge=0.5, lt=1)] | None = None
    """In place of `violations`, where no autoscaler runs above the planned hours: quantile of demand that they serve alone."""
    forecaster: str = "auto"
    """Name of the forecaster. `auto` lets the one with the least pinball loss on the series itself win, or the mean of the best few; where
    demand is split by tenant, each is tried on the sum and tenant by tenant, bottom up. `auto+statsforecast` lets the models of the extra
    `forecast` take part."""
    min_nodes: Annotated[int, Field(ge=0)] = 1
    """Fewest nodes, whatever the forecast says."""
    max_nodes: Annotated[int, Field(ge=1)] = 100
    """Most nodes; a plan that needs more is refused."""
    disk_gib: Annotated[int, Field(ge=50, le=16_384)] = 200
    """Size of a node's encrypted root disk."""
    priority: int = 0
    """Which pool is served first where a fleet is short: the higher, as with a PriorityClass of Kubernetes. Counts only beside `fleet`."""

    @field_validator("throughput")
    @classmethod
    def _complete(cls, throughput: WayOfThroughput, info: ValidationInfo) -> WayOfThroughput:
        if isinstance(throughput, KnownThroughput):
            return throughput
        missing = [kind for kind in info.data.get("gpu", ()) if kind not in throughput.per_gpu]
        if missing:
            message = f"has no per_gpu figure for {', '.join(missing)}; a figure for each kind in gpu"
            raise ValueError(message)
        return throughput

    @field_validator("slo")
    @classmethod
    def _answerable(cls, slo: Slo | None, info: ValidationInfo) -> Slo | None:
        known = isinstance(info.data.get("throughput"), KnownThroughput)
        if known and not isinstance(slo, TokenSlo):
            message = (
                "does not say how fast tokens must come; ttft_seconds, tpot_ms, input_tokens and output_tokens beside throughput.model"
            )
            raise ValueError(message)
        if "throughput" in info.data and not known and isinstance(slo, TokenSlo):
            message = "speaks of tokens, which throughput.per_gpu does not; wait_probability, or throughput.model in place of per_gpu"
            raise ValueError(message)
        return slo

    @field_validator("quantile")
    @classmethod
    def _one_level(cls, quantile: float | None, info: ValidationInfo) -> float | None:
        allowed: float | None = info.data.get("violations")
        if quantile is not None and allowed is not None:
            message = f"is {quantile:g} beside violations, which is {allowed:g}; one of the two. Remove one"
            raise ValueError(message)
        return quantile

    @field_validator("max_nodes")
    @classmethod
    def _ordered(cls, most: int, info: ValidationInfo) -> int:
        return _at_least(most, info.data.get("min_nodes"))

    @property
    def allowed(self) -> float | None:
        """Return the share of windows that may be short; None where a quantile is fixed."""
        if self.quantile is not None:
            return None
        return self.violations if self.violations is not None else VIOLATIONS


class Stack(Frozen):
    """All that a stack is to be."""

    cloud: Literal["aws"]
    """The cloud that it is built on."""
    region: str
    """The cloud's name of the region."""
    owner: Tag
    """Who answers for it, as an address or a name; a tag on everything."""
    team: Tag
    """Who pays for it; a tag on everything."""
    environment: Literal["sandbox", "dev", "staging", "prod"]
    """How careful to be; a tag on everything."""
    network: Network = Network()
    """The private network."""
    storage: Storage = Storage()
    """The bucket for data."""
    cluster: Cluster = Cluster()
    """The Kubernetes cluster."""
    pools: Annotated[tuple[Pool, ...], Field(min_length=1)]
    """GPU nodes, in the cluster and outside it."""
    fleet: Fleet | None = None
    """Limits within which the pools are planned together, over clouds, regions, machines and markets; where it is missing, each pool
    gets the cheapest machine on demand in the stack's own region."""
    budget: Budget | None = None
    """What a month may cost and who hears of it; where it is missing, no budget is built."""

    @field_validator("budget")
    @classmethod
    def _known(cls, budget: Budget | None, info: ValidationInfo) -> Budget | None:
        if budget is not None and budget.usd_per_month is None and info.data.get("fleet") is not None:
            message = "has no usd_per_month beside fleet, whose plan knows no spread of its dollars; dollars a month"
            raise ValueError(message)
        return budget

    @field_validator("cluster")
    @classmethod
    def _beside(cls, cluster: Cluster, info: ValidationInfo) -> Cluster:
        network: Network | None = info.data.get("network")
        if network and cluster.service_cidr.overlaps(network.cidr):
            message = f"has service_cidr {cluster.service_cidr}, which overlaps network.cidr {network.cidr}; ranges apart"
            raise ValueError(message)
        return cluster

    @field_validator("pools")
    @classmethod
    def _named(cls, pools: tuple[Pool, ...]) -> tuple[Pool, ...]:
        names = [pool.name for pool in pools]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            message = f"has the name {', '.join(map(repr, doubled))} more than once; a name of its own for each pool"
            raise ValueError(message)
        return pools
