"""What machines and disks of AWS cost: groups, node groups, single instances, volumes."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from lepton_infra.cost.inputs import flag, listed, mapping, number, text, value, value_in
from lepton_infra.cost.kit import ONE, Line, machines, price_of_one, tried, units
from lepton_infra.cost.model import Gap, Item, Part, Range, Reason
from lepton_infra.cost.nodes import between, planned, scheduled
from lepton_infra.cost.prices import NoPriceError, Prices
from lepton_infra.graph import Graph, Resource

_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_SCHEDULE: Final = "aws:autoscaling/schedule:Schedule"
_GP3_IOPS, _GP3_MIBPS = 3000, 125
"""What a gp3 volume includes (aws.amazon.com/ebs/pricing)."""
_PROVISIONED: Final = frozenset({"io1", "io2"})
"""Volumes whose every IOPS is paid for."""
_EKS_ROOT_GIB: Final = 20
"""Root volume of a managed node whose launch template names none (docs.aws.amazon.com/eks, `disk_size`)."""


def node_group(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    """Yield the nodes of a managed node group, with their disks."""
    bounds = between(*(value(resource, f"scalingConfig.{name}") for name in ("minSize", "desiredSize", "maxSize")))
    nodes = planned(scheduled(bounds, _changes(resource, graph)), mapping(resource.inputs.get("tags")))
    spot = value(resource, "capacityType") == "SPOT"
    settings = _settings(resource, graph)
    yield from tried(lambda: _machines(prices, resource, _types(resource, settings), nodes, spot=spot))
    if "blockDeviceMappings" in settings:
        yield from _template_disks(resource, settings, prices, nodes)
    else:
        root = {"volumeType": "gp3", "volumeSize": resource.inputs.get("diskSize") or _EKS_ROOT_GIB}
        yield from _one_disk(resource, root, prices, nodes)


def group(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    """Yield the machines of an autoscaling group, with their disks; where it mixes types or spot, the cheapest to the dearest."""
    bounds = between(value(resource, "minSize"), value(resource, "desiredCapacity"), value(resource, "maxSize"))
    tags = {str(one.get("key")): one.get("value") for one in map(mapping, listed(resource.inputs.get("tags")))}
    nodes = planned(scheduled(bounds, _changes(resource, graph)), tags)
    settings = _settings(resource, graph)
    yield from tried(lambda: _group_machines(resource, settings, prices, nodes))
    yield from _template_disks(resource, settings, prices, nodes)
    if any(flag(mapping(one).get("associatePublicIpAddress")) for one in listed(settings.get("networkInterfaces"))):
        yield from tried(lambda: _addresses(resource, prices, nodes))


def instance(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    """Yield one machine with its disks and its public address."""
    settings = _settings(resource, graph)
    spot = value_in(resource.inputs.get("instanceMarketOptions") or settings.get("instanceMarketOptions"), "marketType") == "spot"
    yield from tried(lambda: _machines(prices, resource, _types(resource, settings), ONE, spot=spot))
    root = mapping(value(resource, "rootBlockDevice"))
    for disk in chain([root] if root else [], map(mapping, listed(value(resource, "ebsBlockDevices")))):
        yield from _one_disk(resource, disk, prices, ONE)
    if not root:
        yield from _template_disks(resource, settings, prices, ONE)
    if flag(value(resource, "associatePublicIpAddress")):
        yield from tried(lambda: _addresses(resource, prices, ONE))


def volume(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield a volume by its size and what it promises beyond it."""
    inputs = resource.inputs
    disk = {name: inputs.get(other) for name, other in _VOLUME_NAMES.items()}
    yield from tried(lambda: _disk(resource, {**disk, "volumeType": inputs.get("type") or "gp2"}, prices, ONE))


_VOLUME_NAMES: Final = {"volumeSize": "size", "iops": "iops", "throughput": "throughput"}


def _group_machines(resource: Resource, settings: Mapping[str, object], prices: Prices, nodes: Range) -> Item:
    policy = mapping(value(resource, "mixedInstancesPolicy"))
    overrides = listed(value_in(policy, "launchTemplate.overrides"))
    kinds = [text(value_in(one, "instanceType"), "machine type") for one in overrides] or _types(resource, settings)
    market = value_in(settings.get("instanceMarketOptions"), "marketType")
    if not policy:
        return _machines(prices, resource, kinds, nodes, spot=market == "spot")
    base = number(value_in(policy, "instancesDistribution.onDemandBaseCapacity"), "on-demand base", 0.0)
    share = number(value_in(policy, "instancesDistribution.onDemandPercentageAboveBaseCapacity"), "on-demand share", 100.0) / 100
    if share >= 1 or not base + share:
        return _machines(prices, resource, kinds, nodes, spot=share < 1)
    firm = Range(*(min(count, base) + max(0.0, count - base) * share for count in (nodes.low, nodes.expected, nodes.high)))
    return _both(
        _machines(prices, resource, kinds, firm, spot=False),
        _machines(prices, resource, kinds, nodes - firm, spot=True),
    )


def _both(firm: Item, spot: Item) -> Item:
    """Return on-demand and spot nodes of one group as one item, dated by the older price."""
    older = min(firm, spot, key=lambda one: one.as_of)
    air = firm.kg_co2e_per_month + spot.kg_co2e_per_month if firm.kg_co2e_per_month and spot.kg_co2e_per_month else None
    usd = firm.usd_per_month + spot.usd_per_month
    return Item(firm.urn, firm.name, firm.part, usd, f"{firm.basis}, {spot.basis}", older.as_of, older.source, air)


def _machines(prices: Prices, resource: Resource, names: list[str], nodes: Range, *, spot: bool) -> Item:
    return machines(resource, [prices.machine(name) for name in names], nodes, spot=spot)


def _types(resource: Resource, settings: Mapping[str, object]) -> list[str]:
    """Return the machine types that may be chosen from, the first preferred.

    Raises:
        NoPriceError: none is named, or one is known only after the update.
    """
    named = listed(value(resource, "instanceTypes"))
    single = value(resource, "instanceType") or value_in(settings, "instanceType")
    found = [text(value_in({"instanceType": one}, "instanceType"), "machine type") for one in named or [single] if one]
    if not found:
        raise NoPriceError("no machine type in it or in its launch template")
    return found


def _settings(resource: Resource, graph: Graph) -> Mapping[str, object]:
    template = next(graph.needs(resource, _TEMPLATE), None)
    return template.inputs if template else {}


def _template_disks(resource: Resource, settings: Mapping[str, object], prices: Prices, nodes: Range) -> Iterator[Line]:
    """Yield the disks of a launch template; one that names none leaves the disk to the machine image."""
    try:
        devices = listed(value_in(settings, "blockDeviceMappings"))
    except NoPriceError as error:
        yield error.gap
        return
    if not devices:
        yield Gap("the machine image decides on the disk", Reason.UNDECIDED)
    for device in devices:
        disk = mapping(mapping(device).get("ebs"))
        if disk:
            yield from _one_disk(resource, disk, prices, nodes)


def _one_disk(resource: Resource, disk: Mapping[str, object], prices: Prices, nodes: Range) -> Iterator[Line]:
    yield from tried(lambda: _disk(resource, disk, prices, nodes))


def _disk(resource: Resource, disk: Mapping[str, object], prices: Prices, nodes: Range) -> Item:
    kind = text(value_in(disk, "volumeType") or "gp2", "kind of volume")
    size = number(value_in(disk, "volumeSize"), "size of a disk")
    price = prices.service(f"ebs-{kind}")
    each = size * price.usd
    iops = number(value_in(disk, "iops"), "IOPS", 0.0)
    if kind == "gp3":
        each += max(0.0, iops - _GP3_IOPS) * prices.service("ebs-gp3-iops").usd
        extra = max(0.0, number(value_in(disk, "throughput"), "throughput", 0.0) - _GP3_MIBPS)
        each += extra * prices.service("ebs-gp3-throughput").usd
    elif kind in _PROVISIONED:
        each += iops * prices.service(f"ebs-{kind}-iops").usd
    basis = f"{nodes.expected:.1f} x {size:.0f} GiB {kind} at {price_of_one(price)}"
    return Item(resource.urn, resource.name, Part.DISKS, nodes * each, basis, price.as_of, price.source)


def _addresses(resource: Resource, prices: Prices, nodes: Range) -> Item:
    return units(resource, Part.NETWORK, prices.service("public-ipv4-address"), nodes, f"{nodes.expected:.1f} public addresses")


def _changes(resource: Resource, graph: Graph) -> Iterator[tuple[str, float]]:
    """Yield the scheduled changes of a group's lower bound."""
    for schedule in graph.of_type(_SCHEDULE):
        if resource.urn in schedule.dependencies:
            yield str(value(schedule, "recurrence")), number(value(schedule, "minSize"), "scheduled nodes", 0.0)
