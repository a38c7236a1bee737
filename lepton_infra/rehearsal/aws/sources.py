"""AWS's data sources: what a program asks of the account before it builds."""

from collections.abc import Iterable, Mapping
from typing import Final

from lepton_infra.catalog import AcceleratorClass, Machine, Wanted, class_of, load_catalog, nearest
from lepton_infra.rehearsal.aws.policy_document import policy_document
from lepton_infra.rehearsal.aws.zones import zones
from lepton_infra.rehearsal.facts import Source, World
from lepton_infra.rehearsal.template import draw
from lepton_infra.rehearsal.wire import Properties, Value, rows, table, text, texts

_HEX: Final = "0123456789abcdef"
_MIB_PER_GIB: Final = 1024
_MIB_PER_GB: Final = 1000**3 / 1024**2
_ADDONS: Final = {
    "aws-ebs-csi-driver": "v1.53.0",
    "aws-fsx-csi-driver": "v1.7.0",
    "aws-mountpoint-s3-csi-driver": "v2.2.0",
    "coredns": "v1.12.4",
    "eks-node-monitoring-agent": "v1.4.1",
    "eks-pod-identity-agent": "v1.3.10",
    "metrics-server": "v0.8.0",
    "vpc-cni": "v1.20.4",
}
"""Add-on versions of late 2025 (docs.aws.amazon.com, EKS add-ons); kube-proxy follows the cluster."""
_IMAGES: Final = ("/aws/service/eks/", "/aws/service/bottlerocket/", "/aws/service/ami-", "/aws/service/deeplearning/", "/aws/service/ecs/")
"""Paths of AWS's own parameters that hold image ids."""


def _region(arguments: Properties, world: World) -> str:
    return text(arguments.get("region")) or text(world.place.get("region"))


def _availability_zones(arguments: Properties, world: World) -> Properties:
    region = _region(arguments, world)
    names, ids = texts(rows(arguments.get("excludeNames"))), texts(rows(arguments.get("excludeZoneIds")))
    filters = _filters(arguments, {"group-name", "opt-in-status", "region-name", "state", "zone-id", "zone-name", "zone-type"})
    found = [
        zone
        for zone in zones(region)
        if zone.name not in names
        and zone.id not in ids
        and _fits(
            filters,
            {
                "group-name": region,
                "opt-in-status": "opt-in-not-required",
                "region-name": region,
                "state": "available",
                "zone-id": zone.id,
                "zone-name": zone.name,
                "zone-type": "availability-zone",
            },
        )
        and arguments.get("state") in {None, "available"}
    ]
    return {
        "id": region,
        "region": region,
        "groupNames": [region],
        "names": [zone.name for zone in found],
        "zoneIds": [zone.id for zone in found],
    }


def _caller_identity(_: Properties, world: World) -> Properties:
    account = text(world.place.get("account"))
    arn = f"arn:{world.place['partition']}:iam::{account}:user/rehearsal"
    return {"id": account, "accountId": account, "arn": arn, "userId": world.place.get("user")}


def _partition(_: Properties, world: World) -> Properties:
    partition = world.place["partition"]
    return {"id": partition, "partition": partition, "dnsSuffix": world.place["dns"], "reverseDnsPrefix": "com.amazonaws"}


def _region_facts(arguments: Properties, world: World) -> Properties:
    region = text(arguments.get("name")) or _region(arguments, world)
    zones(region)
    return {"id": region, "name": region, "region": region, "description": region, "endpoint": f"ec2.{region}.{world.place['dns']}"}


def _image(arguments: Properties, world: World) -> Properties:
    region = _region(arguments, world)
    identity = f"ami-0{draw(f'{region}{sorted(map(str, arguments.items()))}', _HEX, 16)}"
    names = [text(row) for one in rows(arguments.get("filters")) if table(one).get("name") == "name" for row in rows(table(one)["values"])]
    return {
        "id": identity,
        "imageId": identity,
        "architecture": "x86_64",
        "arn": f"arn:{world.place['partition']}:ec2:{region}::image/{identity}",
        "name": names[0].replace("*", "2026.01.01") if names else identity,
        "ownerId": "137112412989",
        "region": region,
        "rootDeviceName": "/dev/xvda",
        "rootDeviceType": "ebs",
        "rootSnapshotId": f"snap-0{draw(identity, _HEX, 16)}",
        "state": "available",
        "virtualizationType": "hvm",
    }


def _parameter(arguments: Properties, world: World) -> Properties:
    name, region = text(arguments.get("name")), _region(arguments, world)
    account = world.place["account"]
    own = next((one for one in world.every("aws:ssm/parameter:Parameter") if one.get("name") == name), None)
    if own is None and not name.startswith(_IMAGES):
        raise LookupError(f"parameter {name!r} is neither built nor one of AWS's own ({', '.join(_IMAGES)}). Correct the name.")
    value = own.get("value") if own else f"ami-0{draw(region + name, _HEX, 16)}"
    kind = own.get("type") if own else "String"
    arn = f"arn:{world.place['partition']}:ssm:{region}:{account if own else ''}:parameter{name}"
    return {"id": name, "arn": arn, "name": name, "region": region, "type": kind, "value": value, "insecureValue": value, "version": 1}


def _machine_names() -> set[str]:
    return {one.name for one in load_catalog().select(Wanted(cloud="aws"))}


def _machine(name: str) -> Machine:
    found = load_catalog().machine("aws", name)
    if found is None:
        near = nearest(name, _machine_names())
        raise LookupError(f"instance type {name!r} is not in the catalogue; the nearest are {', '.join(near)}. Correct the name.")
    return found


def _instance_type(arguments: Properties, world: World) -> Properties:
    """Answer what the catalogue knows; what it does not (network cards, disks) is absent."""
    machine = _machine(text(arguments.get("instanceType")))
    # EC2 counts chips of other makes and FPGAs apart from GPUs.
    count = machine.gpus if class_of(machine) is AcceleratorClass.GPU else 0
    memory = round((machine.gpu_memory_gb or 0) * _MIB_PER_GB)
    gpus: list[Value] = [{"count": int(count), "manufacturer": "NVIDIA", "memorySize": memory, "name": machine.gpu}] if count else []
    return {
        "id": machine.name,
        "instanceType": machine.name,
        "region": _region(arguments, world),
        "currentGeneration": True,
        "defaultVcpus": machine.vcpus,
        "gpuses": gpus,
        "memorySize": None if machine.memory_gib is None else round(machine.memory_gib * _MIB_PER_GIB),
        "supportedVirtualizationTypes": ["hvm"],
        "totalGpuMemory": round(memory * count),
    }


def _instance_types(arguments: Properties, world: World) -> Properties:
    filters = _filters(arguments, {"instance-type"})
    names = sorted(name for name in _machine_names() if _fits(filters, {"instance-type": name}))
    return {"id": _region(arguments, world), "region": _region(arguments, world), "instanceTypes": list[Value](names)}


def _offerings(arguments: Properties, world: World) -> Properties:
    """The catalogue knows regions, not zones: what a region has, each of its zones has."""
    region, kind = _region(arguments, world), text(arguments.get("locationType")) or "region"
    places = {
        "region": [region],
        "availability-zone": [one.name for one in zones(region)],
        "availability-zone-id": [one.id for one in zones(region)],
    }
    if kind not in places:
        raise LookupError(f"locationType is {kind!r}; it may be {', '.join(places)}. Correct it.")
    filters = _filters(arguments, {"instance-type", "location"})
    found = sorted(
        (name, place) for name in _machine_names() for place in places[kind] if _fits(filters, {"instance-type": name, "location": place})
    )
    return {
        "id": region,
        "region": region,
        "instanceTypes": [name for name, _ in found],
        "locations": [place for _, place in found],
        "locationTypes": [kind for _ in found],
    }


def _addon_version(arguments: Properties, _: World) -> Properties:
    name, cluster = text(arguments.get("addonName")), text(arguments.get("kubernetesVersion"))
    if name != "kube-proxy" and name not in _ADDONS:
        raise LookupError(f"add-on {name!r} is not known; known are {', '.join(sorted([*_ADDONS, 'kube-proxy']))}. Correct the name.")
    version = f"v{cluster}.0" if name == "kube-proxy" else _ADDONS[name]
    return {"id": name, "addonName": name, "kubernetesVersion": cluster, "version": f"{version}-eksbuild.1"}


def _key(arguments: Properties, world: World) -> Properties:
    asked = text(arguments.get("keyId"))
    alias = next((one for one in world.every("aws:kms/alias:Alias") if asked in _names(one, "name", "arn")), None)
    wanted = {asked, text((alias or {}).get("targetKeyId"))}
    found = _only([one for one in world.every("aws:kms/key:Key") if wanted & _names(one, "id", "arn")], f"key {asked!r}")
    state = {"awsAccountId": world.place["account"], "enabled": True, "keyState": "Enabled", "keyManager": "CUSTOMER", "origin": "AWS_KMS"}
    names = ("arn", "customerMasterKeySpec", "description", "id", "keyUsage", "multiRegion")
    spec = found.get("customerMasterKeySpec")
    return {**state, **{name: found.get(name) for name in names}, "keyId": asked, "keySpec": spec}


def _alias(arguments: Properties, world: World) -> Properties:
    name = text(arguments.get("name"))
    found = _only([one for one in world.every("aws:kms/alias:Alias") if one.get("name") == name], f"alias {name!r}")
    key = text(found.get("targetKeyId"))
    target: Properties = next((one for one in world.every("aws:kms/key:Key") if key in _names(one, "id", "arn")), Properties())
    return {
        "id": found.get("arn"),
        "arn": found.get("arn"),
        "name": name,
        "targetKeyId": target.get("id"),
        "targetKeyArn": target.get("arn"),
    }


def _vpc(arguments: Properties, world: World) -> Properties:
    wanted = {name: text(arguments[name]) for name in ("id", "cidrBlock") if arguments.get(name)}
    found = [one for one in _matching("aws:ec2/vpc:Vpc", arguments, world) if all(one.get(name) == value for name, value in wanted.items())]
    one = _only(found, "VPC")
    names = ("arn", "cidrBlock", "enableDnsHostnames", "enableDnsSupport", "id", "instanceTenancy", "mainRouteTableId", "ownerId", "region")
    return {**{name: one.get(name) for name in names}, "default": False, "state": "available", "tags": one.get("tags")}


def _subnets(arguments: Properties, world: World) -> Properties:
    found = _matching("aws:ec2/subnet:Subnet", arguments, world)
    return {
        "id": _region(arguments, world),
        "region": _region(arguments, world),
        "ids": list[Value](sorted(text(one["id"]) for one in found)),
    }


_COLUMNS: Final = {"availability-zone": "availabilityZone", "cidr-block": "cidrBlock", "subnet-id": "id", "vpc-id": "vpcId"}


def _matching(kind: str, arguments: Properties, world: World) -> list[Properties]:
    tags = table(arguments.get("tags"))
    filters = _filters(arguments, {*_COLUMNS, "tag:"})
    own = "vpc-id" if kind == "aws:ec2/vpc:Vpc" else "subnet-id"

    def row(one: Properties) -> dict[str, Value]:
        columns = {name: one.get(wire) for name, wire in _COLUMNS.items()} | {own: one.get("id")}
        return columns | {f"tag:{key}": value for key, value in table(one.get("tagsAll")).items()}

    return [one for one in world.every(kind) if tags.items() <= table(one.get("tagsAll")).items() and _fits(filters, row(one))]


def _names(one: Properties, *columns: str) -> set[str]:
    return {text(one.get(column)) for column in columns}


def _only(found: list[Properties], what: str) -> Properties:
    if len(found) != 1:
        raise LookupError(f"{len(found)} of what was asked for exist ({what}); one is wanted. Ask for what is built, and closely enough.")
    return found[0]


def _filters(arguments: Properties, known: Iterable[str]) -> dict[str, list[str]]:
    asked = {text(table(one).get("name")): texts(rows(table(one).get("values"))) for one in rows(arguments.get("filters"))}
    for name in asked:
        if name not in known and f"{name.partition(':')[0]}:" not in known:
            raise LookupError(f"filter {name!r} is not served by the pretend cloud; served are {', '.join(sorted(known))}. Correct it.")
    return asked


def _fits(filters: Mapping[str, list[str]], row: Mapping[str, Value]) -> bool:
    return all(any(_like(text(row.get(name)), value) for value in values) for name, values in filters.items())


def _like(value: str, pattern: str) -> bool:
    first, *rest = pattern.split("*")
    if not rest:
        return value == pattern
    return value.startswith(first) and value.endswith(rest[-1]) and all(part in value for part in rest)


SOURCES: Final[Mapping[str, Source]] = {
    "aws:ec2/getAmi:getAmi": _image,
    "aws:ec2/getInstanceType:getInstanceType": _instance_type,
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": _offerings,
    "aws:ec2/getInstanceTypes:getInstanceTypes": _instance_types,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:eks/getAddonVersion:getAddonVersion": _addon_version,
    "aws:iam/getPolicyDocument:getPolicyDocument": policy_document,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region_facts,
    "aws:kms/getAlias:getAlias": _alias,
    "aws:kms/getKey:getKey": _key,
    "aws:ssm/getParameter:getParameter": _parameter,
}
"""Data sources by token."""
