"""What resources of AWS cost: a record or function per type that costs money by the hour or month.

What is free, or billed by use alone, stands in `data/aws.csv`.
"""

from collections.abc import Iterator
from typing import Final

from lepton_infra.cost import aws_nodes
from lepton_infra.cost.inputs import flag, listed, number, text, value
from lepton_infra.cost.kit import ONE, Flat, Line, tried, units
from lepton_infra.cost.model import Gap, Item, Part, Range, Reason
from lepton_infra.cost.prices import NoPriceError, Prices
from lepton_infra.graph import Graph, Resource

CLOUD: Final = "aws"
_GB = "billed per GiB that flows through it"
_LCU = "billed per capacity unit that traffic takes"


def region(resource: Resource, graph: Graph) -> object:
    """Return where a resource is built: its own region, or its provider's."""
    provider = graph.by_urn.get(resource.provider or "") or next(graph.of_type("pulumi:providers:aws"), None)
    return resource.inputs.get("region") or (provider.inputs.get("region") if provider else None)


def _cluster(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield a control plane; one that may outlive its version's standard support costs six times as much when it does."""
    price = prices.service("eks-cluster")
    item = units(resource, Part.CONTROL_PLANE, price, ONE, "1")
    if value(resource, "upgradePolicy.supportType") == "STANDARD":
        yield item
        return
    longer = prices.service("eks-cluster-extended")
    most = Range(1, 1, longer.usd / price.usd)
    yield units(resource, Part.CONTROL_PLANE, price, most, f"1 in standard support ({longer.usd:g} $ after it)")


def _endpoint(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    if value(resource, "vpcEndpointType") in {None, "Gateway"}:
        return
    zones = len(listed(value(resource, "subnetIds"))) or len(listed(value(resource, "subnetConfigurations")))
    if not zones:
        raise NoPriceError("no subnets in it, and it is billed by zone")
    yield units(resource, Part.NETWORK, prices.service("vpc-interface-endpoint"), Range.always(zones), f"{zones} zones")
    yield Gap(_GB, Reason.BY_USE)


def _balancer(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    kind = text(value(resource, "loadBalancerType") or "application", "kind of load balancer")
    yield from Flat(Part.NETWORK, f"lb-{kind}", _LCU)(resource, _, prices)


def _lustre(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    deployment = text(value(resource, "deploymentType") or "SCRATCH_1", "deployment")
    per_tib = value(resource, "perUnitStorageThroughput")
    scratch, hdd = deployment.startswith("SCRATCH"), value(resource, "storageType") == "HDD"
    tier = "hdd" if hdd else "scratch" if scratch else f"persistent-{number(per_tib, 'throughput per TiB'):g}"
    size = number(value(resource, "storageCapacity"), "size in GiB")
    yield from tried(
        lambda: units(resource, Part.FILES, prices.service(f"fsx-lustre-{tier}"), Range.always(size), f"{size:,.0f} GiB of Lustre")
    )


def _efs(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    if value(resource, "throughputMode") == "provisioned":
        pace = number(value(resource, "provisionedThroughputInMibps"), "provisioned throughput")
        yield from tried(lambda: units(resource, Part.FILES, prices.service("efs-throughput"), Range.always(pace), f"{pace:g} MiB/s"))
    kept = prices.service("efs-one-zone" if value(resource, "availabilityZoneName") else "efs-standard")
    yield Gap(f"billed per GiB stored ({kept.usd:g} $ a month)", Reason.BY_USE)


def _database(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield the machine and the disk of a database, twice where it stands in two zones."""
    zones = Range.always(2.0 if flag(value(resource, "multiAz")) else 1.0)
    kind = text(value(resource, "instanceClass"), "class")
    engine = text(value(resource, "engine"), "engine")
    yield from tried(lambda: units(resource, Part.DATABASES, prices.service(f"rds-{engine}-{kind}"), zones, f"{zones.low:.0f} x {kind}"))
    yield from tried(lambda: _database_disk(resource, prices, zones))


def _database_disk(resource: Resource, prices: Prices, zones: Range) -> Item:
    size = number(value(resource, "allocatedStorage"), "allocated storage")
    disk = prices.service(f"rds-{text(value(resource, 'storageType') or 'gp2', 'kind of disk')}")
    return units(resource, Part.DATABASES, disk, zones * size, f"{zones.low:.0f} x {size:,.0f} GiB")


def _cache(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    groups = number(value(resource, "numNodeGroups"), "node groups", 1.0)
    replicas = number(value(resource, "replicasPerNodeGroup"), "replicas", 0.0)
    nodes = number(value(resource, "numCacheNodes") or value(resource, "numCacheClusters"), "nodes", groups * (1 + replicas))
    kind = text(value(resource, "nodeType"), "node type")
    yield from tried(
        lambda: units(resource, Part.DATABASES, prices.service(f"elasticache-{kind}"), Range.always(nodes), f"{nodes:.0f} x {kind}")
    )


PRICERS: Final = {
    "aws:alb/loadBalancer:LoadBalancer": _balancer,
    "aws:autoscaling/group:Group": aws_nodes.group,
    "aws:ebs/volume:Volume": aws_nodes.volume,
    "aws:ec2/eip:Eip": Flat(Part.NETWORK, "public-ipv4-address"),
    "aws:ec2/instance:Instance": aws_nodes.instance,
    "aws:ec2/natGateway:NatGateway": Flat(Part.NETWORK, "nat-gateway", _GB),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:ec2/vpnConnection:VpnConnection": Flat(Part.NETWORK, "vpn-connection", _GB),
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": Flat(Part.NETWORK, "transit-gateway-attachment", _GB),
    "aws:efs/fileSystem:FileSystem": _efs,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": aws_nodes.node_group,
    "aws:elasticache/cluster:Cluster": _cache,
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:elb/loadBalancer:LoadBalancer": Flat(Part.NETWORK, "lb-classic", _GB),
    "aws:fsx/lustreFileSystem:LustreFileSystem": _lustre,
    "aws:kms/key:Key": Flat(Part.KEYS, "kms-key"),
    "aws:kms/replicaKey:ReplicaKey": Flat(Part.KEYS, "kms-key"),
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:rds/instance:Instance": _database,
    "aws:secretsmanager/secret:Secret": Flat(Part.SECRETS, "secret"),
}
