"""What resources of Google Cloud cost: a record or function per type that costs money by the hour or month.

What is free, or billed by use alone, stands in `data/gcp.csv`.
"""

from collections.abc import Iterator
from typing import Final

from lepton_infra.cost import gcp_nodes
from lepton_infra.cost.inputs import flag, listed, text, value
from lepton_infra.cost.kit import ONE, Flat, Line, units
from lepton_infra.cost.model import Gap, Item, Part, Range, Reason
from lepton_infra.cost.prices import NoPriceError, Prices
from lepton_infra.graph import Graph, Resource

CLOUD: Final = "gcp"
_GB = "billed per GiB that flows through it"


def region(resource: Resource, graph: Graph) -> object:
    """Return where a resource is built: its own place, that of its cluster or group, or its provider's."""
    provider = graph.by_urn.get(resource.provider or "") or next(graph.of_type("pulumi:providers:gcp"), None)
    places = (resource.inputs.get(name) for name in ("region", "location", "zone"))
    settings = (provider.inputs.get(name) for name in ("region", "zone")) if provider else iter(())
    found = next((place for place in (*places, *settings) if place is not None), None)
    return gcp_nodes.region_of(found) if isinstance(found, str) else found


def _nat(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield a gateway, which costs by the machines behind it: one at the least, thirty-two or more as expected."""
    least, most = prices.service("nat-gateway-vm"), prices.service("nat-gateway")
    count = Range(least.usd / most.usd, 1, 1)
    yield units(resource, Part.NETWORK, most, count, "1 before 32 machines or more, one at the least,")
    yield Gap(_GB, Reason.BY_USE)


def _address(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield an address: in use at the least, attached to nothing at the most; internal ones are free."""
    if value(resource, "addressType") == "INTERNAL":
        return
    used, idle = prices.service("address-in-use"), prices.service("address-idle")
    yield units(resource, Part.NETWORK, used, Range(1, 1, idle.usd / used.usd), f"1 ({idle.usd:g} $ where it is attached to nothing)")


def _forwarding(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield a rule of a load balancer: the first five of a project cost more than the others."""
    first, others = prices.service("forwarding-rule"), prices.service("forwarding-rule-more")
    yield units(resource, Part.NETWORK, first, Range(others.usd / first.usd, 1, 1), f"1 ({others.usd:g} $ above five)")
    yield Gap(_GB, Reason.BY_USE)


def _key(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield one version of a key; a rotation adds one each time, and old ones are paid for until they are destroyed."""
    level = value(resource, "versionTemplate.protectionLevel")
    if level not in {None, "SOFTWARE"}:
        message = f"no price of keys of level {text(level, 'protection level')}"
        raise NoPriceError(message)
    yield units(resource, Part.KEYS, prices.service("kms-key-version"), ONE, "1 version")
    if value(resource, "rotationPeriod"):
        yield Gap("each rotation adds a version that is paid for", Reason.BY_USE)


def _secret(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    secret = next(graph.needs(resource, "gcp:secretmanager/secret:Secret"), None)
    places = len(listed(value(secret, "replication.userManaged.replicas"))) if secret else 0
    yield _versions(resource, prices, places or 1)


def _versions(resource: Resource, prices: Prices, places: int) -> Item:
    return units(resource, Part.SECRETS, prices.service("secret-version"), Range.always(places), f"1 version in {places} places")


def _cluster(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    yield from Flat(Part.CONTROL_PLANE, "gke-cluster")(resource, graph, prices)
    if flag(value(resource, "enableAutopilot")):
        yield Gap("billed by what its pods ask for", Reason.BY_USE)
    elif flag(value(resource, "clusterAutoscaling.enabled")):
        yield Gap("nodes that auto-provisioning makes as pods ask for them", Reason.BY_USE)
    if not flag(value(resource, "enableAutopilot")):
        yield from gcp_nodes.default_pool(resource, graph, prices)


PRICERS: Final = {
    "gcp:compute/address:Address": _address,
    "gcp:compute/disk:Disk": gcp_nodes.disk,
    "gcp:compute/forwardingRule:ForwardingRule": _forwarding,
    "gcp:compute/globalAddress:GlobalAddress": _address,
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": _forwarding,
    "gcp:compute/instance:Instance": gcp_nodes.instance,
    "gcp:compute/instanceGroupManager:InstanceGroupManager": gcp_nodes.group,
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": gcp_nodes.group,
    "gcp:compute/routerNat:RouterNat": _nat,
    "gcp:compute/vPNTunnel:VPNTunnel": Flat(Part.NETWORK, "vpn-tunnel", _GB),
    "gcp:container/cluster:Cluster": _cluster,
    "gcp:container/nodePool:NodePool": gcp_nodes.node_pool,
    "gcp:kms/cryptoKey:CryptoKey": _key,
    "gcp:secretmanager/secretVersion:SecretVersion": _secret,
}
