"""GPU nodes of one machine type: what a pool is to be, in every cloud's words at once."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from lepton_infra.config.model import Frozen, Slug
from lepton_infra.config.tags import PLANNED_NODES


class ChangeSpec(Frozen):
    """One scheduled change of a pool's size."""

    cron: Annotated[str, Field(pattern=r"^\S+ \S+ \S+ \S+ \S+$")]
    """When, as a five-field cron expression in UTC."""
    min_nodes: Annotated[int, Field(ge=0)]
    """Fewest nodes from then on."""


class StepSpec(Frozen):
    """One size of a pool, and the loads that it is enough for, in nodes' worth: a load of 3 fills three nodes."""

    nodes: Annotated[int, Field(ge=1)]
    """The size."""
    out_above: Annotated[float, Field(ge=0)]
    """Load above which more nodes are ordered."""
    in_below: Annotated[float, Field(ge=0)]
    """Load up to which a larger pool may come down to this size."""


class LoopSpec(Frozen):
    """What scales on load above the schedule's floors."""

    window_minutes: Annotated[int, Field(ge=1, le=24 * 60)]
    """Time that load is averaged over for one decision."""
    wait_minutes: Annotated[int, Field(ge=1, le=24 * 60)]
    """Time between two times that nodes are taken away."""
    release_percent: Annotated[int, Field(ge=1, le=100)]
    """Share of the nodes that goes at a time, in percent, rounded down, but one node at least."""
    steps: Annotated[tuple[StepSpec, ...], Field(min_length=1, max_length=100)]
    """Sizes that are gone to, rising, each with the loads that it is enough for."""

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: tuple[StepSpec, ...]) -> tuple[StepSpec, ...]:
        for before, after in pairwise(steps):
            if not (before.nodes < after.nodes and before.out_above <= after.out_above and before.in_below <= after.in_below):
                message = f"has {after.nodes} nodes after {before.nodes}; sizes and loads that rise"
                raise ValueError(message)
        return steps


class PoolSpec(Frozen):
    """GPU nodes of one machine type."""

    name: Slug
    """Name of the pool inside the stack."""
    machine: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    """The cloud's name of the machine."""
    gpu: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]+$")]
    """Kind of GPU."""
    gpus: Annotated[int, Field(ge=1)]
    """GPUs per node."""
    min_nodes: Annotated[int, Field(ge=0)]
    """Fewest nodes."""
    max_nodes: Annotated[int, Field(ge=1)]
    """Most nodes."""
    disk_gib: Annotated[int, Field(ge=50, le=16_384)]
    """Size of a node's encrypted root disk."""
    lead_minutes: Annotated[int, Field(ge=0, le=24 * 60)]
    """Minutes from ordering a node until it serves."""
    pool: Slug | None = None
    """Pool of the stack that it is a part of, where the pool has several machines or markets."""
    spot: bool = False
    """Whether nodes are bought as spot."""
    schedule: tuple[ChangeSpec, ...] = ()
    """Changes of the lower bound over the day."""
    target_utilisation: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the nodes' capacity that whatever scales on load aims at; where nothing does, the schedule sets the size itself."""
    loop: LoopSpec | None = None
    """What scales on load by a table of sizes, in place of one target for every size."""
    planned_nodes: Annotated[float, Field(ge=0)] | None = None
    """Nodes that the plan expects, the mean over a month; where nothing says it, bills count the floors."""

    @field_validator("max_nodes")
    @classmethod
    def _ordered(cls, most: int, info: ValidationInfo) -> int:
        least: int | None = info.data.get("min_nodes")
        if least is not None and most < least:
            message = f"is {most}; min_nodes {least} or more"
            raise ValueError(message)
        return most

    @field_validator("schedule")
    @classmethod
    def _bounded(cls, schedule: tuple[ChangeSpec, ...], info: ValidationInfo) -> tuple[ChangeSpec, ...]:
        most: int | None = info.data.get("max_nodes")
        faults = [
            f"wants {change.min_nodes} nodes at {change.cron!r}; up to max_nodes {most}"
            for change in schedule
            if most is not None and change.min_nodes > most
        ]
        faults += [f"has {cron!r} more than once; a time of its own for each change" for cron in doubled([one.cron for one in schedule])]
        if faults:
            raise ValueError("\n".join(faults))
        return schedule

    @property
    def follows(self) -> bool:
        """Say whether something scales on load."""
        return self.loop is not None or self.target_utilisation is not None

    @property
    def planned_tags(self) -> dict[str, str]:
        """Return the tag of the group that says what the plan expects; none where it says nothing."""
        return {} if self.planned_nodes is None else {PLANNED_NODES: f"{self.planned_nodes:.1f}"}

    @property
    def served(self) -> str:
        """Return the pool of the stack that these nodes serve."""
        return self.pool or self.name


def doubled(values: Sequence[str]) -> list[str]:
    """Return what stands more than once in a list, in order."""
    return sorted({value for value in values if values.count(value) > 1})
