"""From a graph to a bill. What a type costs is each cloud's own file; this one only asks."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from lepton_infra.catalog import Catalog
from lepton_infra.cost.model import Cost, Item, Unpriced
from lepton_infra.cost.prices import NoPriceError, Prices
from lepton_infra.graph import Graph, Resource

Pricer = Callable[[Resource, Graph, Prices], Iterable[Item]]
"""Yields what a resource puts on the bill."""


class Tariff(Protocol):
    """What a cloud's file says; what is free or billed by usage stands in `data/<cloud>.csv`."""

    PRICERS: Mapping[str, Pricer]
    """How a resource of a type is priced."""

    def region(self, graph: Graph) -> str:
        """Return the region that the graph builds in."""
        ...


def bill(graph: Graph, catalog: Catalog, clouds: Iterable[str] = ("aws",)) -> Cost:
    """Price every resource of the graph that these clouds hold; what no file knows is named as unpriced."""
    tariffs = {cloud: cast("Tariff", import_module(f"lepton_infra.cost.{cloud}")) for cloud in clouds}
    items: list[Item] = []
    unpriced: Counter[tuple[str, str]] = Counter()
    for resource in graph.built():
        cloud = resource.type.partition(":")[0]
        if cloud not in tariffs:
            unpriced[resource.type, "a cloud that is not priced yet"] += 1
            continue
        tariff = tariffs[cloud]
        why = _why_unpriced(cloud, resource.type, tariff)
        try:
            items.extend(tariff.PRICERS.get(resource.type, _nothing)(resource, graph, Prices(catalog, cloud, tariff.region(graph))))
        except NoPriceError as error:
            why = str(error)
        if why:
            unpriced[resource.type, why] += 1
    return Cost(tuple(items), tuple(Unpriced(token, count, why) for (token, why), count in sorted(unpriced.items())))


def _nothing(_resource: Resource, _graph: Graph, _prices: Prices) -> Iterable[Item]:
    return ()


def _why_unpriced(cloud: str, token: str, tariff: Tariff) -> str:
    """Return what a graph cannot tell about the cost of a type; empty where it tells all."""
    return "" if token in tariff.PRICERS else _other_types(cloud).get(token, "a type that is not priced yet")


@cache
def _other_types(cloud: str) -> Mapping[str, str]:
    """Return the types that no pricer sees: the usage that they are billed by, or nothing for those that are free."""
    with (Path(__file__).parent / "data" / f"{cloud}.csv").open(encoding="utf-8", newline="") as file:
        return {row["type"]: row["what"] for row in csv.DictReader(file)}
