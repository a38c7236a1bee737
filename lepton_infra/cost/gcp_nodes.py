"""What machines and disks of Google Cloud cost: instances, groups of them, node pools, disks."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from lepton_infra.cost.inputs import flag, listed, mapping, number, text, value, value_in
from lepton_infra.cost.kit import ONE, Line, machines, price_of_one, tried
from lepton_infra.cost.model import Item, Part, Range
from lepton_infra.cost.nodes import between
from lepton_infra.cost.prices import NoPriceError, Prices, UndecidedError
from lepton_infra.graph import Graph, Resource

_ZONE: Final = re.compile(r"^([a-z]+-[a-z]+\d+)-[a-z]$")
_TEMPLATES: Final = (
    "gcp:compute/instanceTemplate:InstanceTemplate",
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate",
)
_AUTOSCALERS: Final = ("gcp:compute/autoscaler:Autoscaler", "gcp:compute/regionAutoscaler:RegionAutoscaler")
_CLUSTER: Final = "gcp:container/cluster:Cluster"
_REGION_ZONES: Final = 3
"""Zones that a regional pool takes where it names none (cloud.google.com/kubernetes-engine, regional clusters)."""
_NODE_DISK_GIB, _NODE_DISK, _NODE_MACHINE = 100, "pd-balanced", "e2-medium"
"""What GKE takes where a pool says nothing (cloud.google.com/kubernetes-engine, node pools)."""
_BOOT_DISK: Final = "pd-standard"
"""What Compute Engine takes where a boot disk says nothing."""
_PAID_IOPS: Final = frozenset({"pd-extreme", "hyperdisk-extreme"})


def region_of(place: str) -> str:
    """Return the region of a zone; a region as it stands."""
    match = _ZONE.match(place)
    return match[1] if match else place


def node_pool(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    """Yield the nodes of a pool, with their boot disks; bounds and counts are per zone unless they say total."""
    cluster = next(graph.needs(resource, _CLUSTER), None)
    # A pool may leave its place to its cluster.
    place = resource.inputs.get("location") or (cluster.inputs.get("location") if cluster else None)
    home = Prices(prices.catalog, prices.cloud, region_of(place)) if isinstance(place, str) else prices
    zones = _zones(resource, cluster, place)
    yield from _pool(resource, mapping(value(resource, "nodeConfig")), _pool_nodes(resource, zones), home)


def default_pool(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield the nodes of a cluster's own pools: the default one, unless it is removed, and those that stand in the cluster."""
    zones = _zones(resource, None, resource.inputs.get("location"))
    pools = listed(value(resource, "nodePools"))
    for pool in map(mapping, pools):
        count = number(value_in(pool, "nodeCount") or value_in(pool, "initialNodeCount"), "nodes", 1.0) * zones
        yield from _pool(resource, mapping(value_in(pool, "nodeConfig")), Range.always(count), prices)
    if not pools and not flag(value(resource, "removeDefaultNodePool")):
        count = number(value(resource, "initialNodeCount"), "nodes", 1.0) * zones
        yield from _pool(resource, mapping(value(resource, "nodeConfig")), Range.always(count), prices)


def instance(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield one machine with its boot disk."""
    yield from _machine(resource, resource.inputs, ONE, prices)
    boot = mapping(value(resource, "bootDisk.initializeParams"))
    yield from tried(lambda: _disk(resource, value_in(boot, "size"), value_in(boot, "type"), prices, ONE))


def group(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    """Yield the machines of a managed group, with their disks: as many as asked for, or between an autoscaler's bounds."""
    template = next((found for token in _TEMPLATES for found in graph.needs(resource, token)), None)
    if template is None:
        raise NoPriceError("no instance template in the graph")
    nodes = _group_nodes(resource, graph)
    yield from _machine(resource, template.inputs, nodes, prices)
    for one in map(mapping, listed(value(template, "disks"))):
        yield from _template_disk(resource, one, prices, nodes)


def disk(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield a disk by its size and what it promises beyond it."""
    inputs = resource.inputs
    iops = inputs.get("provisionedIops")
    yield from tried(lambda: _disk(resource, inputs.get("size"), inputs.get("type"), prices, ONE, iops))


def _template_disk(resource: Resource, one: Mapping[str, object], prices: Prices, nodes: Range) -> Iterator[Line]:
    yield from tried(lambda: _disk(resource, one.get("diskSizeGb"), one.get("diskType"), prices, nodes))


def _pool(resource: Resource, config: Mapping[str, object], nodes: Range, prices: Prices) -> Iterator[Line]:
    yield from _machine(resource, {"machineType": _NODE_MACHINE, **config}, nodes, prices)
    size, kind = config.get("diskSizeGb") or _NODE_DISK_GIB, config.get("diskType") or _NODE_DISK
    yield from tried(lambda: _disk(resource, size, kind, prices, nodes))


def _machine(resource: Resource, config: Mapping[str, object], nodes: Range, prices: Prices) -> Iterator[Line]:
    yield from tried(lambda: _machines(resource, config, nodes, prices))


def _machines(resource: Resource, config: Mapping[str, object], nodes: Range, prices: Prices) -> Item:
    name = text(value_in(config, "machineType"), "machine type")
    spot = (
        flag(value_in(config, "spot"))
        or flag(value_in(config, "preemptible"))
        or value_in(config, "scheduling.provisioningModel") == "SPOT"
        or flag(value_in(config, "scheduling.preemptible"))
    )
    attached = [mapping(one) for one in listed(value_in(config, "guestAccelerators"))]
    machine = prices.machine(name)
    if attached and not machine.gpu:
        kind = text(value_in(attached[0], "type"), "kind of accelerator")
        message = f"no price of {kind} attached to {name}"
        raise NoPriceError(message)
    return machines(resource, [machine], nodes, spot=spot)


def _disk(resource: Resource, size: object, kind: object, prices: Prices, nodes: Range, iops: object = None) -> Item:
    gib = number(value_in({"disk size": size}, "disk size"), "disk size")
    name = text(value_in({"disk type": kind or _BOOT_DISK}, "disk type"), "disk type").rpartition("/")[2]
    price = prices.service(name)
    each = gib * price.usd
    if name in _PAID_IOPS:
        each += number(value_in({"IOPS": iops}, "IOPS"), "provisioned IOPS") * prices.service(f"{name}-iops").usd
    basis = f"{nodes.expected:.1f} x {gib:.0f} GiB {name} at {price_of_one(price)}"
    return Item(resource.urn, resource.name, Part.DISKS, nodes * each, basis, price.as_of, price.source)


def _pool_nodes(resource: Resource, zones: int) -> Range:
    first = value(resource, "initialNodeCount")
    scaling = mapping(value(resource, "autoscaling"))
    if not scaling:
        return Range.always(number(value(resource, "nodeCount") or first, "nodes", 1.0) * zones)
    start = number(first, "nodes", 0.0) * zones
    if "totalMaxNodeCount" in scaling:
        return between(value_in(scaling, "totalMinNodeCount"), start, value_in(scaling, "totalMaxNodeCount"))
    return between(number(value_in(scaling, "minNodeCount"), "fewest nodes", 0.0) * zones, start, _most(scaling, zones))


def _most(scaling: Mapping[str, object], zones: int) -> float:
    return number(value_in(scaling, "maxNodeCount"), "most nodes") * zones


def _group_nodes(resource: Resource, graph: Graph) -> Range:
    scaler = next((one for token in _AUTOSCALERS for one in graph.of_type(token) if resource.urn in one.dependencies), None)
    if scaler is None:
        return Range.always(number(value(resource, "targetSize"), "target size"))
    bounds = mapping(value(scaler, "autoscalingPolicy"))
    return between(value_in(bounds, "minReplicas"), value(resource, "targetSize"), value_in(bounds, "maxReplicas"))


def _zones(resource: Resource, cluster: Resource | None, place: object) -> int:
    """Return in how many zones a pool's nodes stand.

    Raises:
        UndecidedError: where it stands is known only after the update.
    """
    named = listed(value(resource, "nodeLocations")) or (listed(value(cluster, "nodeLocations")) if cluster else [])
    if named:
        return len(named)
    if not isinstance(place, str):
        raise UndecidedError("in how many zones it stands is known only after the update")
    return 1 if _ZONE.match(place) else _REGION_ZONES
