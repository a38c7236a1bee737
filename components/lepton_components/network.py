"""An encrypted private network: the neutral component."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

from lepton_components.border import ScopeArgs, read
from lepton_components.contract import NetworkSpec, cloud


class EncryptedNetworkArgs(TypedDict):
    """Arguments of `EncryptedNetwork`."""

    scope: ScopeArgs
    """Where the network is made and whose it is."""
    cidr: str
    """Addresses of the network, a private range of /16 to /21."""
    zones: int
    """Number of zones with a private subnet each, 2 to 6."""
    reserved: NotRequired[list[str]]
    """Networks that this one must not overlap, for instance those it is peered with."""
    flow_log_days: int
    """Days for which flow logs are kept."""
    logs_key: pulumi.Input[str]
    """Key for logs, from `Keys`."""


class EncryptedNetwork(pulumi.ComponentResource):
    """A private network: a subnet in each zone, private ways to the cloud's own services, a flow log, and no way in or out otherwise."""

    network_id: pulumi.Output[str]
    """The network, by the cloud's identifier."""
    subnets: pulumi.Output[list[str]]
    """The private subnets, in the zones' order; known when routes and endpoints are ready."""
    zones: pulumi.Output[list[str]]
    """The zones' names."""
    storage_prefix: pulumi.Output[str]
    """What a firewall rule names to reach object storage without leaving the cloud."""

    def __init__(self, name: str, args: EncryptedNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        spec = read(NetworkSpec, args, name)
        chosen = cloud(spec.scope.cloud)
        super().__init__("lepton:index:EncryptedNetwork", name, {}, opts)
        facts = chosen.network(name, spec, self)
        self.network_id = facts.id
        self.subnets = facts.subnets.apply(_listed)
        self.zones = facts.zones.apply(_listed)
        self.storage_prefix = facts.storage_prefix
        self.register_outputs(
            {"networkId": self.network_id, "subnets": self.subnets, "zones": self.zones, "storagePrefix": self.storage_prefix}
        )


def _listed(values: Sequence[str]) -> list[str]:
    return list(values)
