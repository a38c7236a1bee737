"""Application gateways: they answer the world for what stands behind them, and groups of the backends see only the gateway."""

from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource
from lepton_policies.shared.ports import AI

_ADDRESS: Final = {"publicIPAddress": {"id": UNKNOWN}}
_INSIDE: Final = {"subnet": {"id": UNKNOWN}, "privateIPAddress": "10.0.0.4"}


@rule(
    "az-appgw-ai-ports-public",
    Severity.HIGH,
    "azure-native:network:ApplicationGateway",
    why="The gateway passes the world on to a tool without a password; the group around the tool sees the gateway's own address.",
    fix="Leave `public_ip_address` out of `frontend_ip_configurations`, or serve on 443 and let the gateway ask for client certificates.",
    references=("https://learn.microsoft.com/azure/application-gateway/configuration-infrastructure",),
    good=[
        {"frontendIPConfigurations": [_ADDRESS], "frontendPorts": [{"name": "https", "port": 443}]},
        {"frontendIPConfigurations": [_INSIDE], "frontendPorts": [{"name": "ray", "port": 8265}]},
    ],
    bad=[
        {"frontendIPConfigurations": [_INSIDE, _ADDRESS], "frontendPorts": [{"port": 443}, {"name": "ray", "port": 8265}]},
        {"frontendIPConfigurations": [_ADDRESS], "frontendPorts": [{"port": "8888"}]},
        {"frontendIPConfigurations": [{"publicIPAddress": {"id": "a public address"}}], "frontendPorts": [{"port": 11434}]},
    ],
    unknown=[
        {"frontendIPConfigurations": [_ADDRESS], "frontendPorts": [{"port": UNKNOWN}]},
        {"frontendIPConfigurations": UNKNOWN, "frontendPorts": [{"port": 8265}]},
    ],
)
def gateway_serves_no_tool(gateway: Resource) -> Verdict:
    """No gateway with a public address listens on a port of an AI tool."""
    listens = any_of(one.port.is_one_of(*AI) for one in gateway.frontendPorts)
    public = any_of(one.publicIPAddress.is_set() for one in gateway.frontendIPConfigurations)
    return ~(listens & public)
