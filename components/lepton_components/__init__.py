"""Pulumi components: neutral nouns here, their words for each cloud in the folders."""

from lepton_components.border import BadArgs, ChangeArgs, PoolArgs, ScopeArgs
from lepton_components.budget import Budget, BudgetArgs
from lepton_components.cluster import GpuCluster, GpuClusterArgs, SystemPoolArgs
from lepton_components.group import AutoscalingGroup, AutoscalingGroupArgs
from lepton_components.keys import Keys, KeysArgs
from lepton_components.network import EncryptedNetwork, EncryptedNetworkArgs
from lepton_components.storage import Storage, StorageArgs

__all__ = [
    "AutoscalingGroup",
    "AutoscalingGroupArgs",
    "BadArgs",
    "Budget",
    "BudgetArgs",
    "ChangeArgs",
    "EncryptedNetwork",
    "EncryptedNetworkArgs",
    "GpuCluster",
    "GpuClusterArgs",
    "Keys",
    "KeysArgs",
    "PoolArgs",
    "ScopeArgs",
    "Storage",
    "StorageArgs",
    "SystemPoolArgs",
]
