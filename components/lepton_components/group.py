"""An autoscaling group of GPU workers outside Kubernetes: the neutral component."""

from typing import TypedDict

import pulumi

from lepton_components.border import PoolArgs, ScopeArgs, read
from lepton_components.contract import Capability, GroupSpec, cloud


class AutoscalingGroupArgs(TypedDict):
    """Arguments of `AutoscalingGroup`."""

    scope: ScopeArgs
    """Where the group is made and whose it is."""
    pool: PoolArgs
    """The workers."""
    cidr: str
    """Addresses of the network."""
    network: pulumi.Input[str]
    """The network, from `EncryptedNetwork`."""
    subnets: pulumi.Input[list[str]]
    """Its private subnets, from `EncryptedNetwork`."""
    storage_prefix: pulumi.Input[str]
    """What a firewall rule names to reach object storage, from `EncryptedNetwork`."""
    disks_key: pulumi.Input[str]
    """Key for disks, from `Keys`."""
    storage: pulumi.Input[str]
    """The bucket that workers read models from, from `Storage`."""
    storage_key: pulumi.Input[str]
    """Key for stored data, from `Keys`."""


class AutoscalingGroup(pulumi.ComponentResource):
    """GPU workers outside Kubernetes, in the plan's bounds and hours, that nobody can connect to and that may read one bucket."""

    group: pulumi.Output[str]
    """The group, by the cloud's name."""
    identity: pulumi.Output[str]
    """The identity that workers act as; grant it what they need beyond reading the bucket."""

    def __init__(self, name: str, args: AutoscalingGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        spec = read(GroupSpec, args, name)
        chosen = cloud(spec.scope.cloud, *([Capability.GROUP_SCHEDULE] if spec.pool.schedule else []))
        super().__init__("lepton:index:AutoscalingGroup", name, {}, opts)
        facts = chosen.group(name, spec, self)
        self.group = facts.name
        self.identity = facts.identity
        self.register_outputs({"group": self.group, "identity": self.identity})
