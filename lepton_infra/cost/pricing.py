"""Prices for rules: the bill of `lepton cost`, over resources as rules see them.

Rules stand below this room and cannot ask it; whoever runs them passes `pricing` in (`rules/outside.py`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

from lepton_infra.catalog import load_catalog
from lepton_infra.cost.bill import bill
from lepton_infra.cost.model import Reason
from lepton_infra.graph import Graph, Resource
from lepton_infra.graph import Secret as HiddenValue
from lepton_infra.graph.model import UNKNOWN as UNKNOWN_THERE
from lepton_infra.rules.outside import Bill, Month, Open
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import ABSENT, UNKNOWN, Asset, Secret, as_list, as_map

_HUSHED: Final = "a price that a secret decides"
"""In place of a sentence that may quote one."""


def pricing(subjects: Sequence[Subject]) -> Bill:
    """Return what resources cost a month, by the shipped catalogue or what this machine refreshed.

    A price that is missing or not decided yet is a gap, never zero; what is billed by use is in neither.
    """
    return priced(_graph_of(subjects))


def priced(graph: Graph) -> Bill:
    """Return the same of a graph: the numbers of `lepton cost`, as rules read them."""
    cost = bill(graph, load_catalog())
    months = {urn: Month(usd.low, usd.expected, usd.high) for urn, usd in cost.by_resource().items()}
    gaps: dict[str, tuple[Open, ...]] = {}
    for one in cost.unpriced:
        for urn in one.urns if one.reason is not Reason.BY_USE else ():
            gaps[urn] = (*gaps.get(urn, ()), _open(graph.by_urn[urn], one.why, one.reason))
    return Bill(months, gaps)


def _open(resource: Resource, why: str, reason: Reason) -> Open:
    # Keys come in any order; what JSON has no word for (an unknown, a secret) is told by its kind alone.
    asked = "" if reason is Reason.UNDECIDED else json.dumps(dict(resource.inputs), sort_keys=True, default=repr)
    digest = hashlib.sha256(asked.encode()).hexdigest() if asked else ""
    return Open(_HUSHED if _has_secret(resource.inputs) else why, digest)


def _graph_of(subjects: Sequence[Subject]) -> Graph:
    """Return the resources as a graph, each with its provider: the region stands there."""
    nodes: list[Resource] = []
    providers: dict[str, Resource] = {}
    for subject in subjects:
        provider = None
        if subject.provider is not None:
            made = _provider(subject.type.partition(":")[0], subject.provider)
            provider = providers.setdefault(made.urn, made).urn
        nodes.append(
            Resource(
                urn=subject.urn,
                type=subject.type,
                name=subject.name,
                parent=None,
                custom=True,
                inputs=_mapping(subject.inputs),
                outputs={},
                dependencies=subject.dependencies,
                protect=subject.protect,
                provider=provider,
            )
        )
    return Graph("", "", (*providers.values(), *nodes))


def _provider(package: str, inputs: Mapping[str, object]) -> Resource:
    """Return a provider; of two with the same inputs one will do."""
    kind = f"pulumi:providers:{package}"
    urn = f"{kind}::{sorted(inputs.items(), key=lambda item: item[0])!r}"
    return Resource(urn, kind, package, None, custom=True, inputs=_mapping(inputs), outputs={}, dependencies=(), protect=False)


def _mapping(values: Mapping[str, object]) -> dict[str, object]:
    return {key: _written(value) for key, value in values.items()}


def _written(value: object) -> object:
    """Return a value of the rules as a graph holds it."""
    if value is UNKNOWN:
        return UNKNOWN_THERE
    if isinstance(value, Secret):
        return HiddenValue(_written(value.value))
    items, inside = as_list(value), as_map(value)
    if items is not None:
        return [_written(item) for item in items]
    return None if value is ABSENT or isinstance(value, Asset) else value if inside is None else _mapping(inside)


def _has_secret(value: object) -> bool:
    if isinstance(value, HiddenValue):
        return True
    inside = cast("Mapping[str, object]", value).values() if isinstance(value, Mapping) else as_list(value) or ()
    return any(map(_has_secret, inside))
