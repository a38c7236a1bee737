"""What resources of AWS cost: a function per type that costs money by the hour or month."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.cost.model import Item, Part, Range
from lepton_infra.cost.prices import NoPriceError, Prices
from lepton_infra.cost.schedule import average, minute_of_day
from lepton_infra.graph import Graph, Resource

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_SCHEDULE = "aws:autoscaling/schedule:Schedule"
_GP3_IOPS, _GP3_MIBPS = 3000, 125
"""What a gp3 volume includes (aws.amazon.com/ebs/pricing)."""


def region(graph: Graph) -> str:
    """Return the region of the graph's AWS provider."""
    return next((str(provider.inputs["region"]) for provider in graph.of_type("pulumi:providers:aws") if "region" in provider.inputs), "")


def _key(resource: Resource, _: Graph, prices: Prices) -> Iterator[Item]:
    price = prices.service("kms-key")
    yield _item(resource, Part.KEYS, Range.always(price.usd), f"1 key at {price.usd:.2f} $ a month ({price.as_of})", price.as_of)


def _cluster(resource: Resource, _: Graph, prices: Prices) -> Iterator[Item]:
    price = prices.service("eks-cluster")
    yield _item(
        resource, Part.CONTROL_PLANE, Range.always(price.usd * HOURS_PER_MONTH), f"{price.usd:.2f} $ an hour ({price.as_of})", price.as_of
    )


def _endpoint(resource: Resource, _: Graph, prices: Prices) -> Iterator[Item]:
    if resource.inputs.get("vpcEndpointType", "Gateway") == "Gateway":
        return
    price = prices.service("vpc-interface-endpoint")
    zones = len(_list(resource.inputs.get("subnetIds")))
    usd = zones * price.usd * HOURS_PER_MONTH
    yield _item(resource, Part.NETWORK, Range.always(usd), f"{zones} zones at {price.usd:.2f} $ an hour ({price.as_of})", price.as_of)


def _nat(resource: Resource, _: Graph, prices: Prices) -> Iterator[Item]:
    price = prices.service("nat-gateway")
    yield _item(
        resource, Part.NETWORK, Range.always(price.usd * HOURS_PER_MONTH), f"{price.usd:.3f} $ an hour ({price.as_of})", price.as_of
    )


def _node_group(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Item]:
    scaling = _mapping(resource.inputs.get("scalingConfig"))
    nodes = _nodes(resource, graph, scaling.get("minSize"), scaling.get("desiredSize"), scaling.get("maxSize"))
    yield from _machines(resource, graph, prices, nodes)


def _group(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Item]:
    inputs = resource.inputs
    nodes = _nodes(resource, graph, inputs.get("minSize"), inputs.get("desiredCapacity"), inputs.get("maxSize"))
    yield from _machines(resource, graph, prices, nodes)


def _machines(resource: Resource, graph: Graph, prices: Prices, nodes: Range) -> Iterator[Item]:
    template = next(graph.needs(resource, _TEMPLATE), None)
    settings: Mapping[str, object] = template.inputs if template else {}
    types = _list(resource.inputs.get("instanceTypes"))
    name = types[0] if types else settings.get("instanceType")
    if not isinstance(name, str):
        raise NoPriceError("no machine type in it or in its launch template")
    machine = prices.machine(name)
    usd, as_of, market = machine.usd_per_hour, machine.price_date, ""
    if _spot(resource):
        if machine.spot_usd_per_hour is None:
            message = f"no spot price of {machine.name}"
            raise NoPriceError(message)
        usd, as_of, market = machine.spot_usd_per_hour, machine.spot_date or machine.price_date, " spot"
    basis = f"{nodes.expected:.1f} x {machine.name}{market} at {usd:.2f} $ an hour ({as_of})"
    yield _item(resource, Part.COMPUTE, nodes * (usd * HOURS_PER_MONTH), basis, as_of)
    for device in _list(settings.get("blockDeviceMappings")):
        yield _disk(resource, _mapping(_mapping(device).get("ebs")), prices, nodes)


def _spot(resource: Resource) -> bool:
    """Say whether nodes are bought as spot: a node group that says so, or a group that buys nothing on demand."""
    if resource.inputs.get("capacityType") == "SPOT":
        return True
    shared = _mapping(_mapping(resource.inputs.get("mixedInstancesPolicy")).get("instancesDistribution"))
    return bool(shared) and _number(shared.get("onDemandPercentageAboveBaseCapacity", 100)) == 0


def _disk(resource: Resource, disk: Mapping[str, object], prices: Prices, nodes: Range) -> Item:
    kind = disk.get("volumeType")
    if kind != "gp3":
        message = f"no price of {kind} volumes in {prices.region}"
        raise NoPriceError(message)
    size = _number(disk.get("volumeSize"))
    price = prices.service("ebs-gp3")
    each = size * price.usd
    each += max(0.0, _number(disk.get("iops")) - _GP3_IOPS) * prices.service("ebs-gp3-iops").usd
    each += max(0.0, _number(disk.get("throughput")) - _GP3_MIBPS) * prices.service("ebs-gp3-throughput").usd
    basis = f"{nodes.expected:.1f} x {size:.0f} GiB gp3 at {price.usd:.2f} $ a GiB-month ({price.as_of})"
    return _item(resource, Part.DISKS, nodes * each, basis, price.as_of)


def _nodes(resource: Resource, graph: Graph, fewest: object, desired: object, most: object) -> Range:
    """Return nodes at the fewest, as scheduled over the day, and at the most."""
    low = _number(fewest)
    expected = max(low, _number(desired)) if desired is not None else low
    schedules = [schedule for schedule in graph.of_type(_SCHEDULE) if resource.urn in schedule.dependencies]
    changes = [
        (minute, _number(schedule.inputs.get("minSize")))
        for schedule in schedules
        if (minute := minute_of_day(str(schedule.inputs.get("recurrence")))) is not None
    ]
    if changes:
        low, expected = min(size for _, size in changes), average(changes)
    return Range(low, expected, max(_number(most), expected))


def _item(resource: Resource, part: Part, usd_per_month: Range, basis: str, as_of: dt.date) -> Item:
    return Item(resource.urn, resource.name, part, usd_per_month, basis, as_of)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | str) and value != "" else 0.0


def _list(value: object) -> Sequence[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


PRICERS: Final = {
    "aws:autoscaling/group:Group": _group,
    "aws:ec2/natGateway:NatGateway": _nat,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:kms/key:Key": _key,
}
