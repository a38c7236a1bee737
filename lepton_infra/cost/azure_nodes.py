"""What machines and disks of Azure cost: machines, scale sets, agent pools, managed disks."""

from collections.abc import Iterator, Mapping
from typing import Final

from lepton_infra.cost.inputs import flag, listed, mapping, number, text, value, value_in
from lepton_infra.cost.kit import ONE, Line, machines, tried, units
from lepton_infra.cost.model import Gap, Item, Part, Range, Reason
from lepton_infra.cost.nodes import between
from lepton_infra.cost.prices import NoPriceError, Prices
from lepton_infra.graph import Graph, Resource

_SETTING: Final = "azure-native:insights:AutoscaleSetting"
_STEPS: Final = ((4, 1), (8, 2), (16, 3), (32, 4), (64, 6), (128, 10), (256, 15), (512, 20), (1024, 30), (2048, 40), (4096, 50))
"""Sizes in GiB that disks are billed in, with the number of each in the names of the steps (learn.microsoft.com, disk types)."""
_KINDS: Final = {"Premium_LRS": ("premium", "p"), "StandardSSD_LRS": ("standardssd", "e"), "Standard_LRS": ("standard", "s")}
_SMALLEST: Final = {"Standard_LRS": 32}
"""Hard disks begin at this size."""


def agent_pool(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield the nodes of a pool of a cluster."""
    yield from pool(resource, resource.inputs, prices)


def pool(resource: Resource, settings: object, prices: Prices) -> Iterator[Line]:
    """Yield the nodes of a pool, wherever it is described, with their system disks; a disk on the machine itself is free."""
    count = value_in(settings, "count")
    if flag(value_in(settings, "enableAutoScaling")):
        nodes = between(value_in(settings, "minCount"), count, value_in(settings, "maxCount"))
    else:
        nodes = Range.always(number(count, "nodes", 1.0))
    spot = value_in(settings, "scaleSetPriority") == "Spot"
    yield from tried(lambda: _machine(resource, value_in(settings, "vmSize"), nodes, prices, spot=spot))
    if value_in(settings, "osDiskType") != "Ephemeral":
        size = value_in(settings, "osDiskSizeGB")
        if size in {None, 0}:
            yield Gap("the machine decides on the size of its disk", Reason.UNDECIDED)
        else:
            # Where nothing says managed, the disk is on the machine itself if it fits there.
            paid = nodes if value_in(settings, "osDiskType") == "Managed" else Range(0, nodes.expected, nodes.high)
            yield from tried(lambda: _disk(resource, size, "Premium_LRS", prices, paid))


def instance(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield one machine with its disks."""
    spot = value(resource, "priority") == "Spot"
    yield from tried(lambda: _machine(resource, value(resource, "hardwareProfile.vmSize"), ONE, prices, spot=spot))
    yield from _disks(resource, mapping(value(resource, "storageProfile")), prices, ONE)


def group(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    """Yield the machines of a scale set with their disks: its capacity, or between the bounds of its autoscale setting."""
    nodes = _group_nodes(resource, graph)
    profile = mapping(value(resource, "virtualMachineProfile"))
    spot = value_in(profile, "priority") == "Spot"
    yield from tried(lambda: _machine(resource, value(resource, "sku.name"), nodes, prices, spot=spot))
    yield from _disks(resource, mapping(value_in(profile, "storageProfile")), prices, nodes)


def disk(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield a managed disk: the step of its kind that holds it."""
    inputs = resource.inputs
    yield from tried(lambda: _disk(resource, inputs.get("diskSizeGB"), value(resource, "sku.name"), prices, ONE))


def _machine(resource: Resource, name: object, nodes: Range, prices: Prices, *, spot: bool) -> Item:
    return machines(resource, [prices.machine(text(name, "machine type"))], nodes, spot=spot)


def _group_nodes(resource: Resource, graph: Graph) -> Range:
    capacity = value(resource, "sku.capacity")
    setting = next((one for one in graph.of_type(_SETTING) if resource.urn in one.dependencies), None)
    profiles = [mapping(one) for one in listed(value(setting, "profiles"))] if setting else []
    if not profiles:
        return Range.always(number(capacity, "capacity"))
    bounds = [between(*(value_in(one, f"capacity.{name}") for name in ("minimum", "default", "maximum"))) for one in profiles]
    # The first profile holds where no other's time has come.
    return Range(min(one.low for one in bounds), bounds[0].expected, max(one.high for one in bounds))


def _disks(resource: Resource, profile: Mapping[str, object], prices: Prices, nodes: Range) -> Iterator[Line]:
    system = mapping(value_in(profile, "osDisk"))
    for one in ([system] if system else []) + [mapping(extra) for extra in listed(value_in(profile, "dataDisks"))]:
        if value_in(one, "diffDiskSettings.option") == "Local":
            continue
        yield from _one_disk(resource, one, prices, nodes)


def _one_disk(resource: Resource, one: Mapping[str, object], prices: Prices, nodes: Range) -> Iterator[Line]:
    if one.get("diskSizeGB") is None:
        yield Gap("the machine image decides on the disk", Reason.UNDECIDED)
        return
    yield from tried(lambda: _disk(resource, one["diskSizeGB"], value_in(one, "managedDisk.storageAccountType"), prices, nodes))


def _disk(resource: Resource, size: object, kind: object, prices: Prices, nodes: Range) -> Item:
    gib = number(value_in({"disk size": size}, "disk size"), "disk size")
    name = text(kind or "Standard_LRS", "kind of disk")
    if name not in _KINDS:
        message = f"no price of disks of kind {name[:40]}"
        raise NoPriceError(message)
    step = next((name_of for most, name_of in _STEPS if max(gib, _SMALLEST.get(name, 0)) <= most), None)
    if step is None:
        message = f"no price of a disk of {gib:.0f} GiB"
        raise NoPriceError(message)
    family, letter = _KINDS[name]
    price = prices.service(f"disk-{family}-{letter}{step}")
    return units(resource, Part.DISKS, price, nodes, f"{nodes.expected:.1f} x {letter.upper()}{step} ({gib:.0f} GiB)")
