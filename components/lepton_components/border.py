"""The border: what a user writes, as Pulumi passes it on, turned into a spec or refused with every fault.

Pulumi hands a component's constructor a plain dict whatever its annotation says, and its analyzer wants a TypedDict without literals,
unions or tuples. So a component declares a TypedDict, and the spec behind it checks.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NotRequired, TypedDict, TypeVar, cast, get_args

import pulumi
from pydantic import BaseModel, ValidationError

from lepton_infra.config.faults import sentences
from lepton_infra.config.model import Frozen
from lepton_infra.errors import BadInput, Fault

Spec = TypeVar("Spec", bound=Frozen)


class ScopeArgs(TypedDict):
    """Where things are built and whose they are; the same for every component of a stack."""

    cloud: str
    """The cloud's name: `aws`."""
    region: str
    """The cloud's name of the region."""
    owner: str
    """Who answers for it, as an address or a name; a tag on everything."""
    team: str
    """Who pays for it; a tag on everything."""
    environment: str
    """How careful to be: `sandbox`, `dev`, `staging` or `prod`."""


class ChangeArgs(TypedDict):
    """One scheduled change of a pool's size."""

    cron: str
    """When, as a five-field cron expression in UTC."""
    min_nodes: int
    """Fewest nodes from then on."""


class StepArgs(TypedDict):
    """One size of a pool, and the loads that it is enough for, in nodes' worth: a load of 3 fills three nodes."""

    nodes: int
    """The size."""
    out_above: float
    """Load above which more nodes are ordered."""
    in_below: float
    """Load up to which a larger pool may come down to this size."""


class LoopArgs(TypedDict):
    """What scales on load above the schedule's floors."""

    window_minutes: int
    """Time that load is averaged over for one decision."""
    wait_minutes: int
    """Time between two times that nodes are taken away."""
    release_percent: int
    """Share of the nodes that goes at a time, in percent, rounded down, but one node at least."""
    steps: list[StepArgs]
    """Sizes that are gone to, rising, each with the loads that it is enough for."""


class PoolArgs(TypedDict):
    """GPU nodes of one machine type."""

    name: str
    """Name of the pool inside the stack."""
    machine: str
    """The cloud's name of the machine."""
    gpu: str
    """Kind of GPU, for instance `H100`."""
    gpus: int
    """GPUs per node."""
    min_nodes: int
    """Fewest nodes."""
    max_nodes: int
    """Most nodes."""
    disk_gib: int
    """Size of a node's encrypted root disk."""
    lead_minutes: int
    """Minutes from ordering a node until it serves."""
    schedule: list[ChangeArgs]
    """Changes of the lower bound over the day."""
    pool: NotRequired[str]
    """Pool of the stack that it is a part of, where the pool has several machines or markets; its own name where it is not said."""
    spot: NotRequired[bool]
    """Whether nodes are bought as spot, which the cloud may take back at short notice; on demand where it is not said."""
    target_utilisation: NotRequired[float]
    """Share of the nodes' capacity that whatever scales on load aims at; where nothing does, the schedule sets the size itself."""
    loop: NotRequired[LoopArgs]
    """What scales on load by a table of sizes, in place of one target for every size."""


class BadArgs(BadInput, pulumi.RunError):
    """A component was given what it cannot use; Pulumi shows the sentences without a traceback, and nothing was created."""


def read(spec: type[Spec], args: Mapping[str, object], where: str) -> Spec:
    """Turn a component's arguments into its spec; `where` is the component's name.

    Raises:
        BadArgs: with every fault, each at its path below `where`.
    """
    given = {**args, "scope": _scope(args.get("scope"))}
    faults = _unknown(spec, given, where)
    try:
        result = spec.model_validate(_pruned(spec, given))
    except ValidationError as error:
        raise BadArgs(faults + sentences(error, where)) from None
    if faults:
        raise BadArgs(faults)
    return result


def _scope(value: object) -> object:
    """Add what Pulumi knows of the running program."""
    if not isinstance(value, Mapping):
        return value
    return {**cast("Mapping[str, object]", value), "project": pulumi.get_project(), "stack": pulumi.get_stack()}


def _unknown(model: type[BaseModel], args: Mapping[str, object], where: str) -> list[Fault]:
    """Return a fault for each key that no field has, at any depth."""
    faults: list[Fault] = []
    for key, value in args.items():
        if key not in model.model_fields:
            near = get_close_matches(key, model.model_fields, n=1)
            allowed = f"one of {', '.join(model.model_fields)}"
            faults.append(Fault(f"{where}.{key}", "is unknown", allowed, f"Write {near[0]!r}" if near else "Remove it"))
        for path, inner, below in _below(model, key, value):
            faults.extend(_unknown(inner, below, f"{where}{path}"))
    return faults


def _pruned(model: type[BaseModel], args: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments without unknown keys, so that each fault is told once and in our words."""
    known = {key: value for key, value in args.items() if key in model.model_fields}
    for key, value in known.items():
        inner = [_pruned(kind, below) for _, kind, below in _below(model, key, value)]
        if inner:
            known[key] = inner[0] if isinstance(value, Mapping) else inner
    return known


def _below(model: type[BaseModel], key: str, value: object) -> list[tuple[str, type[BaseModel], Mapping[str, object]]]:
    """Return the mappings directly below a field that hold models, with their paths and models."""
    kind = _model(model, key)
    if kind is None:
        return []
    if isinstance(value, Mapping):
        return [(f".{key}", kind, cast("Mapping[str, object]", value))]
    items = cast("list[object]", value) if isinstance(value, list) else []
    if not all(isinstance(item, Mapping) for item in items):
        return []
    return [(f".{key}[{place}]", kind, cast("Mapping[str, object]", item)) for place, item in enumerate(items)]


def _model(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    field = model.model_fields.get(key)
    candidates = (field.annotation, *get_args(field.annotation)) if field else ()
    return next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), None)
