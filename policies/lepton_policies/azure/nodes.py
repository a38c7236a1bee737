"""Node pools, inside a cluster and beside it: their addresses, their disks, and who settles on them."""

import re
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.azure.machines import has_gpus, pools_of, sizes_of
from lepton_policies.azure.words import means

_POOL: Final = "azure-native:containerservice:AgentPool"
_CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
_BOTH: Final = (_POOL, _CLUSTER)
_H100: Final = "Standard_ND96isr_H100_v5"
_SYSTEM: Final = {"name": "system", "mode": "System", "vmSize": "Standard_D4s_v5"}
_ADDONS_ONLY: Final = re.compile(r"\A\s*CriticalAddonsOnly(=[^:]*)?:(NoSchedule|NoExecute)\s*\Z", re.IGNORECASE)


_FABRIC: Final = re.compile(r"\A\s*standard_n[cd]\d+[a-z]*r[a-z]*_", re.IGNORECASE)
"""Sizes with an InfiniBand port: the letter r among their features (Azure, "VM sizes naming conventions")."""


def _spreads_fabric(pool: View) -> Verdict:
    """Return whether a pool has InfiniBand and more than one zone."""
    zones = pool.availabilityZones
    if zones.raw_value() is UNKNOWN:
        spread = zones.undecided_because()
    else:
        spread = zones.pass_because("") if len(list(zones)) > 1 else zones.fail_because()
    return any_of(size.text_matches(_FABRIC) for size in sizes_of(pool)) & spread


def _cluster(*pools: object) -> On:
    return On(_CLUSTER, {"agentPoolProfiles": list(pools)})


@rule(
    "az-aks-node-public-ip",
    Severity.HIGH,
    *_BOTH,
    why="A node with a public address is one security group rule away from the internet, with its kubelet and every host port.",
    fix="Remove `enable_node_public_ip=True`; send traffic in by a load balancer and out by a NAT gateway.",
    references=("checkov:CKV_AZURE_143", "prowler:aks_clusters_created_with_private_nodes", "cis-aks-1.8:5.4.3"),
    good=[{"vmSize": _H100}, {"enableNodePublicIP": False}, _cluster(_SYSTEM, {"name": "gpu", "enableNodePublicIP": "false"})],
    bad=[{"enableNodePublicIP": True}, _cluster(_SYSTEM, {"name": "gpu", "enableNodePublicIP": True})],
    unknown=[
        {"enableNodePublicIP": UNKNOWN},
        On(_CLUSTER, {"agentPoolProfiles": UNKNOWN}),
        _cluster(_SYSTEM, {"enableNodePublicIP": UNKNOWN}),
    ],
)
def nodes_have_no_public_address(resource: Resource) -> Verdict:
    """No node has a public address."""
    return ~any_of(pool.enableNodePublicIP.is_true() for pool in pools_of(resource))


@rule(
    "az-aks-host-encryption",
    Severity.MEDIUM,
    *_BOTH,
    why="Weights in the node's cache and temporary disk are written in the clear unless the host encrypts them.",
    fix="Set `enable_encryption_at_host=True`.",
    references=("checkov:CKV_AZURE_227",),
    good=[{"enableEncryptionAtHost": True}, _cluster({**_SYSTEM, "enableEncryptionAtHost": True})],
    bad=[{"vmSize": _H100}, _cluster({**_SYSTEM, "enableEncryptionAtHost": True}, {"name": "gpu", "enableEncryptionAtHost": False})],
    unknown=[{"enableEncryptionAtHost": UNKNOWN}, On(_CLUSTER, {"agentPoolProfiles": UNKNOWN})],
)
def hosts_encrypt(resource: Resource) -> Verdict:
    """The host of every node encrypts its disks and caches."""
    return all_of(pool.enableEncryptionAtHost.is_true() for pool in pools_of(resource))


@rule(
    "az-aks-system-taint",
    Severity.LOW,
    *_BOTH,
    why="Workloads that settle on the system pool push out DNS and metrics when they grow, and the whole cluster stumbles.",
    fix='Add "CriticalAddonsOnly=true:NoSchedule" to `node_taints` of the pool whose `mode` is "System".',
    references=("checkov:CKV_AZURE_232",),
    good=[
        {"mode": "System", "nodeTaints": ["team=ml:NoSchedule", "CriticalAddonsOnly=true:NoSchedule"]},
        {"mode": "User"},
        {"vmSize": _H100},
        _cluster({**_SYSTEM, "nodeTaints": ["CriticalAddonsOnly=true:NoExecute"]}, {"name": "gpu", "mode": "User"}),
    ],
    bad=[
        {"mode": "System"},
        {"mode": "system", "nodeTaints": ["CriticalAddonsOnly=true:PreferNoSchedule"]},
        _cluster({"name": "gpu", "mode": "User"}, _SYSTEM),
    ],
    unknown=[{"mode": UNKNOWN}, {"mode": "System", "nodeTaints": [UNKNOWN]}, On(_CLUSTER, {"agentPoolProfiles": UNKNOWN})],
)
def system_pool_is_kept_free(resource: Resource) -> Verdict:
    """Only the cluster's own add-ons run on a system pool."""
    return all_of(
        means(pool.mode, "System").implies(
            any_of(taint.text_matches(_ADDONS_ONLY) for taint in pool.nodeTaints) | pool.nodeTaints.fail_because()
        )
        for pool in pools_of(resource)
    )


@rule(
    "az-aks-ssh",
    Severity.LOW,
    *_BOTH,
    why="Nobody needs SSH to a node that can be replaced; `kubectl debug` is logged, and a key on all nodes is not.",
    fix='Set `security_profile={"ssh_access": "Disabled"}`.',
    references=("https://learn.microsoft.com/azure/aks/manage-ssh-node-access",),
    good=[{"securityProfile": {"sshAccess": "Disabled"}}, _cluster({"name": "gpu", "securityProfile": {"sshAccess": "disabled"}})],
    bad=[
        {"vmSize": _H100},
        {"securityProfile": {"sshAccess": "LocalUser"}},
        _cluster({"name": "gpu", "securityProfile": {"sshAccess": "Disabled"}}, _SYSTEM),
    ],
    unknown=[{"securityProfile": UNKNOWN}, _cluster({"securityProfile": {"sshAccess": UNKNOWN}})],
)
def nodes_have_no_ssh(resource: Resource) -> Verdict:
    """No node takes SSH."""
    return all_of(means(pool.securityProfile.sshAccess, "Disabled") for pool in pools_of(resource))


@rule(
    "az-aks-gpu-driver",
    Severity.MEDIUM,
    *_BOTH,
    why="GPU nodes without a driver join the cluster, cost the full price, and offer no GPU.",
    fix='Set `gpu_profile={"driver": "Install"}`, or tag the pool `gpu-driver=operator` where the NVIDIA GPU Operator installs it.',
    references=("https://learn.microsoft.com/azure/aks/use-nvidia-gpu",),
    good=[
        {"vmSize": _H100},
        {"vmSize": _H100, "gpuProfile": {"driver": "Install"}},
        {"vmSize": _H100, "gpuProfile": {"driver": "None"}, "tags": {"gpu-driver": "operator"}},
        {"vmSize": "Standard_D4s_v5", "gpuProfile": {"driver": "None"}},
    ],
    bad=[
        {"vmSize": _H100, "gpuProfile": {"driver": "None"}},
        _cluster(_SYSTEM, {"name": "gpu", "vmSize": "standard_nc40ads_h100_v5", "gpuProfile": {"driver": "none"}}),
    ],
    unknown=[{"vmSize": _H100, "gpuProfile": UNKNOWN}, {"vmSize": UNKNOWN, "gpuProfile": {"driver": "None"}}],
)
def gpu_nodes_get_a_driver(resource: Resource) -> Verdict:
    """GPU nodes get a driver from AKS, or say who else brings it."""
    return all_of(
        ~(has_gpus(pool) & means(pool.gpuProfile.driver, "None")) | means(pool.tags["gpu-driver"], "operator")
        for pool in pools_of(resource)
    )


@rule(
    "az-aks-gpu-fabric",
    Severity.MEDIUM,
    *_BOTH,
    why="InfiniBand works between nodes of one scale set in one fabric; spread over zones, training falls back to Ethernet and waits.",
    fix="Give an ND pool one entry in `availability_zones`, and make one pool per zone.",
    references=("https://learn.microsoft.com/azure/virtual-machines/setup-infiniband",),
    good=[
        {"vmSize": _H100, "availabilityZones": ["1"]},
        {"vmSize": _H100},
        {"vmSize": "Standard_NC4as_T4_v3", "availabilityZones": ["1", "2", "3"]},
    ],
    bad=[{"vmSize": _H100, "availabilityZones": ["1", "2"]}, _cluster(_SYSTEM, {"vmSize": _H100, "availabilityZones": ["1", "3"]})],
    unknown=[{"vmSize": UNKNOWN, "availabilityZones": ["1", "2"]}],
)
def fabric_stays_in_one_zone(resource: Resource) -> Verdict:
    """A pool of machines with InfiniBand stands in one zone."""
    return all_of(~_spreads_fabric(pool) for pool in pools_of(resource))
