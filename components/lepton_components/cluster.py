"""A Kubernetes cluster with GPU pools: the neutral component."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi

from lepton_components.border import PoolArgs, ScopeArgs, read
from lepton_components.contract import Capability, ClusterSpec, cloud


class SystemPoolArgs(TypedDict):
    """Nodes for the cluster's own workloads."""

    machine: str
    """The cloud's name of the machine."""
    min_nodes: int
    """Fewest nodes."""
    max_nodes: int
    """Most nodes."""


class GpuClusterArgs(TypedDict):
    """Arguments of `GpuCluster`."""

    scope: ScopeArgs
    """Where the cluster is made and whose it is."""
    kubernetes_version: str
    """Minor version of Kubernetes, for instance `1.34`."""
    service_cidr: str
    """Addresses of Kubernetes services; apart from the network's."""
    log_days: int
    """Days for which the control plane's logs are kept."""
    deletion_protection: bool
    """Whether the cloud refuses to delete the cluster."""
    administrators: NotRequired[list[str]]
    """The cloud's names of the roles or groups that administer the cluster."""
    system_pool: SystemPoolArgs
    """Nodes for the cluster's own workloads."""
    pools: NotRequired[list[PoolArgs]]
    """GPU pools."""
    network: pulumi.Input[str]
    """The network, from `EncryptedNetwork`."""
    subnets: pulumi.Input[list[str]]
    """Its private subnets, from `EncryptedNetwork`."""
    secrets_key: pulumi.Input[str]
    """Key for Kubernetes secrets, from `Keys`."""
    disks_key: pulumi.Input[str]
    """Key for disks, from `Keys`."""
    logs_key: pulumi.Input[str]
    """Key for logs, from `Keys`."""


class GpuCluster(pulumi.ComponentResource):
    """A Kubernetes cluster reachable from inside the network only, with a system pool and GPU pools in the plan's bounds and hours."""

    cluster: pulumi.Output[str]
    """The cluster's name."""
    endpoint: pulumi.Output[str]
    """Address of the API server, reachable from inside the network."""
    certificate_authority: pulumi.Output[str]
    """Certificate of the API server's authority, in base64."""
    pools: pulumi.Output[dict[str, str]]
    """The cloud's names of the GPU pools, by their names in the stack."""

    def __init__(self, name: str, args: GpuClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        spec = read(ClusterSpec, args, name)
        chosen = cloud(spec.scope.cloud, *_needs(spec))
        super().__init__("lepton:index:GpuCluster", name, {}, opts)
        facts = chosen.cluster(name, spec, self)
        self.cluster = facts.name
        self.endpoint = facts.endpoint
        self.certificate_authority = facts.certificate_authority
        self.pools = facts.pools.apply(_mapped)
        self.register_outputs(
            {
                "cluster": self.cluster,
                "endpoint": self.endpoint,
                "certificateAuthority": self.certificate_authority,
                "pools": self.pools,
            }
        )


def _mapped(values: Mapping[str, str]) -> dict[str, str]:
    return dict(values)


def _needs(spec: ClusterSpec) -> list[Capability]:
    """Return what the spec asks of a cloud beyond what every cloud has."""
    repair = [Capability.NODE_REPAIR] if spec.pools else []
    schedule = [Capability.CLUSTER_SCHEDULE] if any(pool.schedule for pool in spec.pools) else []
    return repair + schedule
