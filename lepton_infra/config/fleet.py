"""Limits on the fleet that all pools share: which clouds and regions, how much on spot, what must survive, what may be spent."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from lepton_infra.config.base import Frozen, Names

_Share = Annotated[float, Field(gt=0, le=1)]
_Count = Annotated[int, Field(ge=0, le=100_000)]
_Amount = Annotated[float, Field(gt=0, le=1e12)]


class Quota(Frozen):
    """The most nodes that may run of whatever matches; patterns as in `us-*`."""

    most: _Count
    """Most nodes at a time, all pools together."""
    cloud: str = "*"
    """Pattern of the cloud."""
    region: str = "*"
    """Pattern of the region."""
    machine: str = "*"
    """Pattern of the machine."""
    market: Literal["*", "on-demand", "spot"] = "*"
    """`spot` or `on-demand`; both where nothing is said."""
    each: bool = False
    """Whether it holds for each machine type in each region and market by itself, not for all that match together."""


class Fleet(Frozen):
    """What the fleet may be made of. A share is of a pool's capacity in each hour."""

    clouds: Names = ()
    """Patterns of clouds that may be used; empty allows all that the catalogue has."""
    regions: Names = ()
    """Patterns of regions that may be used, for instance `us-*`; empty allows all."""
    residency: Names = ()
    """Countries (`DE`) or areas (`EU`, `EEA`, `UK`) that data may lie in; empty allows all. A region of unknown country is left out."""
    machines: Names = ()
    """Patterns of machines that may be used; empty allows all."""
    gpus: Names = ()
    """Kinds of GPU that may be used, of those that the pools allow; empty allows all."""
    max_spot_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Most of a pool's capacity on spot; none where nothing is said."""
    max_cloud_share: _Share | None = None
    """Most of it in one cloud."""
    max_region_share: _Share | None = None
    """Most of it in one region."""
    max_zone_share: _Share | None = None
    """Most of it in one availability zone."""
    survive_zones: Annotated[int, Field(ge=0, le=3)] = 0
    """Availability zones whose loss at the same time must leave enough for the demand planned for."""
    survive_spot_pool: bool = False
    """Whether the loss of all spot machines of one type in one region must leave enough for it."""
    survive_demand: Literal["planned", "p50", "p90", "p95"] = "planned"
    """What enough is after such a loss: all that is planned for, or no more than a quantile of the hour's demand. Margin and surplus are
    then not added up: a loss in the very window in which demand is at its highest is not provided for."""
    quotas: tuple[Quota, ...] = ()
    """Most nodes of what matches."""
    min_nodes: _Count = 0
    """Fewest nodes of the whole fleet."""
    max_nodes: _Count | None = None
    """Most nodes of the whole fleet."""
    usd_per_month: _Amount | None = None
    """Budget for 730 hours of the planned floors, nodes that are starting included."""
    kg_co2e_per_month: _Amount | None = None
    """Most kilograms of CO2 equivalent in 730 hours, nodes at the draw that the catalogue estimates. What has no estimate is left out."""
    usd_per_tonne_co2e: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    """Price on carbon that is weighed against dollars; it is not paid."""
    when_short: Literal["cut", "refuse"] = "cut"
    """Where quotas or budget are short: `cut` what has the lowest priority and say so, or `refuse` to plan."""

    @field_validator("max_nodes")
    @classmethod
    def _ordered(cls, most: int | None, info: ValidationInfo) -> int | None:
        fewest: int | None = info.data.get("min_nodes")
        if most is not None and fewest is not None and most < fewest:
            message = f"is {most}; min_nodes, which is {fewest}, or more"
            raise ValueError(message)
        return most
