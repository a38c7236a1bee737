"""Which kinds of resources are worth a place of their own in a picture, by the last word of their type.

The words are those of the providers `aws`, `gcp`, `azure-native` and `kubernetes`. What is not listed is counted in its box.
"""

from enum import StrEnum
from typing import Final

from lepton_infra.graph.model import Resource


class Role(StrEnum):
    """What a resource is in an architecture."""

    MACHINES = "machines"
    CLUSTER = "cluster"
    NETWORK = "network"
    SUBNET = "subnet"
    DOOR = "door"
    """A way in or out of a network."""
    STORAGE = "storage"
    KEY = "key"
    OTHER = "other"


_WORDS: Final = {
    Role.MACHINES: (
        "NodeGroup Group NodePool AgentPool Instance SpotInstanceRequest Fleet SpotFleetRequest InstanceGroupManager "
        "RegionInstanceGroupManager VirtualMachine VirtualMachineScaleSet Deployment StatefulSet DaemonSet Job "
        "CapacityReservation Reservation"
    ),
    Role.CLUSTER: "Cluster ManagedCluster",
    Role.NETWORK: "Vpc DefaultVpc Network VirtualNetwork",
    Role.SUBNET: "Subnet Subnetwork DefaultSubnet",
    Role.DOOR: (
        "VpcEndpoint NatGateway InternetGateway VpnGateway TransitGateway LoadBalancer Router RouterNat PrivateEndpoint "
        "Firewall FirewallPolicy AzureFirewall SecurityGroup NetworkSecurityGroup PublicIPAddress Address Eip Service Ingress "
        "ServiceConnectionPolicy ForwardingRule"
    ),
    Role.STORAGE: (
        "Bucket BucketV2 StorageAccount BlobContainer Volume Disk FileSystem LustreFileSystem OpenZfsFileSystem Repository "
        "Registry Table Database DatabaseInstance PersistentVolumeClaim Share FileShare LogGroup Workspace"
    ),
    Role.KEY: "Key CryptoKey KeyRing Vault ManagedHsm Secret",
}
_ROLES: Final = {word: role for role, words in _WORDS.items() for word in words.split()}
_NOT_MACHINES: Final = frozenset({"aws:iam/group:Group", "aws:resourcegroups/group:Group", "aws:xray/group:Group"})
"""Groups of something else."""


def role_of(resource: Resource) -> Role:
    """Return what a resource is in an architecture."""
    return Role.OTHER if resource.type in _NOT_MACHINES else _ROLES.get(resource.kind, Role.OTHER)
