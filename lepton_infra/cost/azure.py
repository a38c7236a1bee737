"""What resources of Azure cost: a record or function per type that costs money by the hour or month.

What is free, or billed by use alone, stands in `data/azure.csv`.
"""

from collections.abc import Iterator
from typing import Final

from lepton_infra.cost import azure_nodes
from lepton_infra.cost.inputs import listed, text, value
from lepton_infra.cost.kit import ONE, Flat, Line, tried, units
from lepton_infra.cost.model import Gap, Part, Range, Reason
from lepton_infra.cost.prices import NoPriceError, Prices
from lepton_infra.graph import Graph, Resource

CLOUD: Final = "azure"
_GB = "billed per GiB that flows through it"
_RULES_INCLUDED: Final = 5
"""Rules of a Standard load balancer that its own price covers."""
_GROUP: Final = "azure-native:resources:ResourceGroup"


def region(resource: Resource, graph: Graph) -> object:
    """Return where a resource is built: its own location, its resource group's, its provider's or that of what it belongs to."""
    provider = graph.by_urn.get(resource.provider or "") or next(graph.of_type("pulumi:providers:azure-native"), None)
    around = [graph.by_urn[urn] for urn in resource.dependencies if urn in graph.by_urn]
    near = sorted(around, key=lambda one: one.type != _GROUP)
    places = (one.inputs.get("location") for one in (resource, *near, provider) if one)
    found = next((place for place in places if place is not None), None)
    return found.lower().replace(" ", "") if isinstance(found, str) else found


def _cluster(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    """Yield a control plane by its tier, and the nodes of the pools that stand in the cluster itself."""
    tier = value(resource, "sku.tier")
    if tier not in {None, "Free"}:
        service = f"aks-{str(tier).lower()}"
        yield from tried(lambda: units(resource, Part.CONTROL_PLANE, prices.service(service), ONE, "1"))
    for pool in listed(value(resource, "agentPoolProfiles")):
        yield from azure_nodes.pool(resource, pool, prices)


def _address(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    if value(resource, "sku.name") != "Standard" and value(resource, "publicIPAllocationMethod") != "Static":
        raise NoPriceError("no price of dynamic Basic addresses")
    service = "public-ip-global" if value(resource, "sku.tier") == "Global" else "public-ip"
    yield from Flat(Part.NETWORK, service)(resource, graph, prices)


def _balancer(resource: Resource, _: Graph, prices: Prices) -> Iterator[Line]:
    if value(resource, "sku.name") in {None, "Basic"}:
        return
    yield from tried(lambda: units(resource, Part.NETWORK, prices.service("load-balancer"), ONE, "1"))
    kinds = ("loadBalancingRules", "outboundRules", "inboundNatRules")
    more = sum(len(listed(value(resource, kind))) for kind in kinds) - _RULES_INCLUDED
    if more > 0:
        rules = Range.always(more)
        yield from tried(lambda: units(resource, Part.NETWORK, prices.service("load-balancer-rule"), rules, f"{more} rules above five"))
    yield Gap(_GB, Reason.BY_USE)


def _vpn_gateway(resource: Resource, graph: Graph, prices: Prices) -> Iterator[Line]:
    """Yield a gateway by its size; one for ExpressRoute has other prices, and its circuit is billed beside it."""
    if value(resource, "gatewayType") != "Vpn":
        raise NoPriceError("no price of gateways for ExpressRoute")
    size = text(value(resource, "sku.name"), "size of the gateway").lower()
    yield from Flat(Part.NETWORK, f"vpn-gateway-{size}", _GB)(resource, graph, prices)


PRICERS: Final = {
    "azure-native:compute:Disk": azure_nodes.disk,
    "azure-native:compute:VirtualMachine": azure_nodes.instance,
    "azure-native:compute:VirtualMachineScaleSet": azure_nodes.group,
    "azure-native:containerservice:AgentPool": azure_nodes.agent_pool,
    "azure-native:containerservice:ManagedCluster": _cluster,
    "azure-native:network:LoadBalancer": _balancer,
    "azure-native:network:NatGateway": Flat(Part.NETWORK, "nat-gateway", _GB),
    "azure-native:network:PrivateEndpoint": Flat(Part.NETWORK, "private-endpoint", _GB),
    "azure-native:network:PublicIPAddress": _address,
    "azure-native:network:VirtualNetworkGateway": _vpn_gateway,
}
