"""Networks: subnets with a guard, no way out that nobody chose, and a record of what flowed."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import IT, On, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource, View

_NETWORK: Final = "azure-native:network:VirtualNetwork"
_SUBNET: Final = "azure-native:network:Subnet"
_FLOW_LOG: Final = "azure-native:network:FlowLog"
_RANGE: Final = "10.0.1.0/24"
_GUARDED: Final = {"networkSecurityGroup": {"id": UNKNOWN}}
_KEPT_DAYS: Final = 90
"""What CIS demands of a flow log (CIS Azure Foundations 6.0, 7.5)."""
_SPECIAL: Final = re.compile(
    r"\A(AzureBastionSubnet|GatewaySubnet|AzureFirewallSubnet|AzureFirewallManagementSubnet|RouteServerSubnet)\Z", re.IGNORECASE
)
"""Subnets of Azure's own appliances, by the names that Azure demands; most refuse a security group."""


def _subnets(resource: Resource) -> Iterator[tuple[View, Verdict]]:
    """Iterate over the subnets inside a network, or the one that a resource is, and whether it is that of an appliance of Azure's."""
    if resource.type_token.endswith(":Subnet"):
        yield resource, resource.name.text_matches(_SPECIAL) | resource.subnetName.text_matches(_SPECIAL)
        return
    yield from ((subnet, subnet.name.text_matches(_SPECIAL)) for subnet in resource.subnets)


@rule(
    "az-subnet-nsg",
    Severity.MEDIUM,
    _NETWORK,
    _SUBNET,
    why="In a subnet without a security group every port of every machine is open to the whole network.",
    fix='Set `network_security_group={"id": ...}` on the subnet.',
    references=("checkov:CKV2_AZURE_31", "prowler:network_subnet_nsg_associated", "cis-azure-6.0:7.11"),
    good=[
        {"subnets": [{"name": "gpu", "addressPrefix": _RANGE, **_GUARDED}]},
        {"subnets": [{"name": "GatewaySubnet", "addressPrefix": _RANGE}, {"name": "AzureBastionSubnet"}]},
        {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
        On(_SUBNET, {"addressPrefix": _RANGE, **_GUARDED}),
        On(_SUBNET, {"subnetName": "azurefirewallsubnet", "addressPrefix": _RANGE}),
    ],
    bad=[
        {"subnets": [{"name": "gpu", **_GUARDED}, {"name": "data", "addressPrefix": _RANGE}]},
        On(_SUBNET, {"addressPrefix": _RANGE}),
        On(_SUBNET, {"addressPrefix": _RANGE, "networkSecurityGroup": None}),
    ],
    unknown=[{"subnets": UNKNOWN}, {"subnets": [{"networkSecurityGroup": UNKNOWN}]}, On(_SUBNET, {"networkSecurityGroup": UNKNOWN})],
)
def subnet_is_guarded(network: Resource) -> Verdict:
    """Every subnet has a network security group."""
    return all_of(subnet.networkSecurityGroup.is_set() | is_azures for subnet, is_azures in _subnets(network))


@rule(
    "az-subnet-default-outbound",
    Severity.LOW,
    _SUBNET,
    _NETWORK,
    why="By default machines reach the internet through an address of Azure's that nobody chose, can allow elsewhere, or can watch.",
    fix="Set `default_outbound_access=False`, and give the subnet a NAT gateway or a route through the firewall.",
    references=("https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access",),
    good=[{"addressPrefix": _RANGE, "defaultOutboundAccess": False}, On(_NETWORK, {"subnets": [{"defaultOutboundAccess": "false"}]})],
    bad=[
        {"addressPrefix": _RANGE},
        {"defaultOutboundAccess": True},
        On(_NETWORK, {"subnets": [{"name": "gpu", "defaultOutboundAccess": False}, {"name": "data"}]}),
    ],
    unknown=[{"defaultOutboundAccess": UNKNOWN}, On(_NETWORK, {"subnets": [{"defaultOutboundAccess": UNKNOWN}]})],
)
def way_out_is_chosen(network: Resource) -> Verdict:
    """No subnet leaves by Azure's default address."""
    return all_of(subnet.defaultOutboundAccess.is_false() | is_azures for subnet, is_azures in _subnets(network))


@stack_rule(
    "az-vnet-flow-logs",
    Severity.MEDIUM,
    _NETWORK,
    why="Without flow logs nobody can say afterwards where the weights went.",
    fix="Add an `azure_native.network.FlowLog` with the network's id as `target_resource_id` and `enabled=True`.",
    references=("prowler:network_flow_log_captured_sent",),
    good=[On(_NETWORK, {}, around={"log": On(_FLOW_LOG, {"targetResourceId": IT, "enabled": True, "storageId": "s"})})],
    bad=[
        {"virtualNetworkName": "gpu"},
        On(_NETWORK, {}, around={"log": On(_FLOW_LOG, {"targetResourceId": IT, "enabled": False})}),
    ],
    unknown=[
        On(_NETWORK, {}, around={"log": On(_FLOW_LOG, {"targetResourceId": UNKNOWN, "enabled": True})}),
        On(_NETWORK, {}, around={"log": On(_FLOW_LOG, {"targetResourceId": IT, "enabled": UNKNOWN})}),
    ],
)
def network_is_logged(network: Resource, stack: Stack) -> Verdict:
    """Every network has a flow log that is on."""
    logs = (log.targetResourceId.refers_to(network) & log.enabled.is_true() for log in stack.of(_FLOW_LOG))
    return network.has_some("flow log", logs)


@rule(
    "az-flow-log-retention",
    Severity.LOW,
    _FLOW_LOG,
    why="Thefts of data are found after months; a record that is gone by then told nobody.",
    fix='Set `retention_policy={"enabled": True, "days": 90}` or more; 0 days keeps it for good.',
    references=("checkov:CKV_AZURE_12", "trivy:AZU-0049", "cis-azure-6.0:7.5"),
    good=[
        {"retentionPolicy": {"enabled": True}},
        {"retentionPolicy": {"enabled": True, "days": 90}},
        {"retentionPolicy": {"enabled": True, "days": 0}},
        {"enabled": True, "retentionPolicy": {"enabled": False}},
        {"enabled": True},
    ],
    bad=[{"retentionPolicy": {"enabled": True, "days": 7}}, {"retentionPolicy": {"enabled": "true", "days": "89"}}],
    unknown=[{"retentionPolicy": {"enabled": True, "days": UNKNOWN}}, {"retentionPolicy": UNKNOWN}],
)
def flow_log_is_kept(log: Resource) -> Verdict:
    """A flow log is kept for 90 days at least; without a retention policy it is kept for good."""
    kept = log.retentionPolicy
    return ~kept.enabled.is_true() | (kept.days >= _KEPT_DAYS) | (kept.days == 0) | kept.days.is_absent()
