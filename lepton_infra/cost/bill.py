"""From a graph to a bill. What a type costs is each cloud's own file; this one only asks."""

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from lepton_infra.catalog import Catalog
from lepton_infra.cost.inputs import value_in
from lepton_infra.cost.kit import Line, Pricer
from lepton_infra.cost.model import Cost, Gap, Item, Range, Reason, Unpriced
from lepton_infra.cost.prices import NoPriceError, Prices
from lepton_infra.graph import Graph, Resource
from lepton_infra.rules.subject import plain_type

TARIFFS: Final = {"aws": "aws", "azure-native": "azure", "gcp": "gcp", "kubernetes": "kubernetes"}
"""By Pulumi package, the file that prices it."""
_FREE: Final = frozenset({"command", "pulumiservice", "random", "std", "time", "tls"})
"""Packages that make nothing that a cloud bills."""
_ON_NODES: Final = frozenset({"kubernetes"})
"""Packages whose objects run on nodes that are on the bill already, but for the types in their table."""


class Tariff(Protocol):
    """What a cloud's file says; what is free or billed by use stands in `data/<cloud>.csv`."""

    CLOUD: str
    """The cloud's name in the catalogue."""
    PRICERS: Mapping[str, Pricer]
    """How a resource of a type is priced."""

    def region(self, resource: Resource, graph: Graph) -> object:
        """Return the region that a resource is built in: text, an unknown, or None where nothing says it."""
        ...


def bill(graph: Graph, catalog: Catalog) -> Cost:
    """Price every resource of the graph; what no file knows is named as unpriced.

    The answer depends on the resources alone, not on their order.
    """
    items: list[Item] = []
    open_ones: dict[tuple[str, str, Reason], list[str]] = {}
    for resource in sorted(graph.built(), key=lambda one: one.urn):
        for line in lines(resource, graph, catalog):
            if isinstance(line, Item):
                items.append(line)
            else:
                open_ones.setdefault((plain_type(resource.type), line.why, line.reason), []).append(resource.urn)
    unpriced = (Unpriced(token, len(urns), why, reason, tuple(urns)) for (token, why, reason), urns in sorted(open_ones.items()))
    return Cost(tuple(items), tuple(unpriced))


def monthly(resource: Resource, graph: Graph, catalog: Catalog) -> Range | None:
    """Return what one resource costs a month; None where any of it is undecided or has no price. What is billed by use is not in it."""
    found = list(lines(resource, graph, catalog))
    if any(isinstance(line, Gap) and line.reason is not Reason.BY_USE for line in found):
        return None
    return sum((line.usd_per_month for line in found if isinstance(line, Item)), start=Range.always(0.0))


def lines(resource: Resource, graph: Graph, catalog: Catalog) -> Iterator[Line]:
    """Yield what one resource puts on the bill, and what it leaves open; nothing for one that is free."""
    token = plain_type(resource.type)
    package = token.partition(":")[0]
    if package in _FREE:
        return
    if package not in TARIFFS:
        yield Gap("a cloud that is not priced yet", Reason.NO_PRICE)
        return
    tariff = cast("Tariff", import_module(f"lepton_infra.cost.{TARIFFS[package]}"))
    pricer = tariff.PRICERS.get(token)
    if pricer is None and package in _ON_NODES:
        return
    if pricer is None:
        yield from _told(TARIFFS[package], token)
        return
    try:
        region = value_in({"region": tariff.region(resource, graph)}, "region")
        where = region if isinstance(region, str) and region else "a region that nothing names"
        yield from pricer(resource, graph, Prices(catalog, tariff.CLOUD, where))
    except NoPriceError as error:
        yield error.gap


def _told(cloud: str, token: str) -> Iterator[Gap]:
    """Yield what a graph cannot tell about the cost of a type that has no price; nothing for those that are free."""
    known = _other_types(cloud)
    why = known.get(token, "a type that is not priced yet")
    if why:
        yield Gap(why, Reason.BY_USE if token in known else Reason.NO_PRICE)


@cache
def _other_types(cloud: str) -> Mapping[str, str]:
    """Return the types that no pricer sees: the usage that they are billed by, or nothing for those that are free."""
    with (Path(__file__).parent / "data" / f"{cloud}.csv").open(encoding="utf-8", newline="") as file:
        return {row["type"]: row["what"] for row in csv.DictReader(file)}
