"""GPU pools: what keeps a pool of accelerators from idling, from being taken by others, and from growing without end."""

import re
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import ABSENT, UNKNOWN, number_in
from lepton_infra.rules.verdict import Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.azure.machines import MOST_GPUS, gpus, has_gpus, is_accelerated, pools_of, sizes_of
from lepton_policies.azure.words import means
from lepton_policies.shared.production import is_production, is_trial, tagged

_POOL: Final = "azure-native:containerservice:AgentPool"
_CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
_BOTH: Final = (_POOL, _CLUSTER)
_H100: Final = "Standard_ND96isr_H100_v5"
_T4: Final = "Standard_NC4as_T4_v3"
_CPU: Final = "Standard_D4s_v5"
_PROD: Final = {"environment": "prod"}
_DEV: Final = {"environment": "dev"}
_SYSTEM: Final = {"name": "system", "mode": "System", "vmSize": _CPU, "count": 3}
_KEEPS_AWAY: Final = re.compile(r":(NoSchedule|NoExecute)\s*\Z", re.IGNORECASE)
_PREEMPTIBLE: Final = re.compile(r"\A(.*[:/])?(preemptible|interruptible)\Z", re.IGNORECASE)
_WORKLOAD: Final = re.compile(r"\A(.*[:/])?(workload|purpose)\Z", re.IGNORECASE)
_TRAINING: Final = re.compile(r"train|fine-?tun", re.IGNORECASE)
_TRUE: Final = re.compile(r"\A\s*(true|yes)\s*\Z", re.IGNORECASE)
_RETIRED: Final = re.compile(
    r"\A\s*standard_(nc\d+r?(_promo)?|nc\d+r?s_v[23]|nd\d+r?s|nd40rs_v2|nv\d+(_promo)?|nv\d+s_v[23]|nv\d+as_v4)\s*\Z", re.IGNORECASE
)
"""Sizes that Azure has switched off or announced the end of: NC, NCv2, NCv3, ND, NDv2, NV, NVv3, NVv4 (Azure, "Retired sizes")."""


def _cluster(*pools: object, tags: object = None) -> On:
    return On(_CLUSTER, {"agentPoolProfiles": list(pools), "tags": tags})


def is_spot(pool: View) -> Verdict:
    """Return whether Azure may take the machines of a pool away at thirty seconds' notice."""
    return means(pool.scaleSetPriority, "Spot")


@rule(
    "cost-az-gpu-taint",
    Severity.MEDIUM,
    *_BOTH,
    why="Without a taint any pod may settle on a GPU node; the autoscaler then keeps the node, at dollars an hour, for a log shipper.",
    fix='Add "nvidia.com/gpu=present:NoSchedule" to `node_taints`; AKS adds none by itself.',
    references=("https://learn.microsoft.com/azure/aks/use-nvidia-gpu",),
    good=[
        {"vmSize": _H100, "nodeTaints": ["team=ml:PreferNoSchedule", "sku=gpu:NoSchedule"]},
        {"vmSize": _H100, "nodeTaints": ["nvidia.com/gpu=present:NoExecute"]},
        {"vmSize": _CPU},
        _cluster(_SYSTEM, {"name": "gpu", "vmSize": _T4, "nodeTaints": ["gpu=true:NoSchedule"]}),
    ],
    bad=[
        {"vmSize": _H100},
        {"vmSize": "standard_nc40ads_h100_v5", "nodeTaints": ["gpu=true:PreferNoSchedule"]},
        {"type": "VirtualMachines", "virtualMachinesProfile": {"scale": {"manual": [{"size": _CPU}, {"size": _T4, "count": 1}]}}},
        _cluster(_SYSTEM, {"name": "gpu", "vmSize": _T4}),
    ],
    unknown=[{"vmSize": _H100, "nodeTaints": UNKNOWN}, {"vmSize": UNKNOWN}, On(_CLUSTER, {"agentPoolProfiles": UNKNOWN})],
)
def gpu_nodes_are_tainted(resource: Resource) -> Verdict:
    """A GPU pool keeps pods away that need no GPU."""
    return all_of(has_gpus(pool).implies(_keeps_pods_away(pool)) for pool in pools_of(resource))


def _keeps_pods_away(pool: View) -> Verdict:
    found = any_of(taint.text_matches(_KEEPS_AWAY) for taint in pool.nodeTaints)
    return found if found.facts else pool.nodeTaints.fail_because()


@rule(
    "cost-az-gpu-min-zero",
    Severity.HIGH,
    *_BOTH,
    why="A GPU node that nobody uses costs as much as one that works: eight H100s for a forgotten weekend are thousands of dollars.",
    fix="Set `enable_auto_scaling=True` and `min_count=0` outside production; the autoscaler brings nodes when pods wait.",
    references=("checkov:CKV_AZURE_150",),
    good=[
        {"vmSize": _H100, "enableAutoScaling": True, "minCount": 0, "maxCount": 4, "count": 2, "tags": _DEV},
        {"vmSize": _H100, "count": 2, "tags": _PROD},
        {"vmSize": _H100, "count": 0},
        {"vmSize": _CPU, "count": 3},
        _cluster(_SYSTEM, {"name": "gpu", "vmSize": _H100, "count": 2}, tags=_PROD),
    ],
    bad=[
        {"vmSize": _H100, "enableAutoScaling": True, "minCount": 1, "maxCount": 4, "tags": _DEV},
        {"vmSize": _H100, "enableAutoScaling": True, "minCount": "2", "maxCount": 4},
        {"vmSize": _T4},
        {"vmSize": _H100, "enableAutoScaling": False, "minCount": 0, "count": 1},
        _cluster(_SYSTEM, {"name": "gpu", "vmSize": _H100, "count": 2}, tags=_DEV),
    ],
    unknown=[
        {"vmSize": _H100, "enableAutoScaling": True, "minCount": UNKNOWN},
        {"vmSize": _H100, "enableAutoScaling": UNKNOWN, "minCount": 0, "count": 1},
        {"vmSize": _H100, "count": 1, "tags": UNKNOWN},
        {"vmSize": UNKNOWN, "count": 1},
    ],
)
def gpu_pool_can_be_empty(resource: Resource) -> Verdict:
    """Outside production a GPU pool shrinks to nothing."""
    return is_production(resource) | all_of(has_gpus(pool).implies(_can_be_empty(pool)) for pool in pools_of(resource))


def _can_be_empty(pool: View) -> Verdict:
    scales = pool.enableAutoScaling.is_true()
    return scales & (pool.minCount <= 0) | ~scales & (pool.count.or_default(1) <= 0)


@rule(
    "cost-az-gpu-max-bound",
    Severity.HIGH,
    *_BOTH,
    why="A runaway autoscaler, a retry loop or a stolen token grows a pool to its maximum, and GPUs bill by the second.",
    fix="Set `max_count` to what the plan needs; raise the setting `maxGpus` of this rule if one pool may really be larger.",
    references=("gatekeeper:replicalimits",),
    settings={"maxGpus": Setting(1024, "the most GPUs that one pool may grow to")},
    good=[
        {"vmSize": _H100, "enableAutoScaling": True, "minCount": 0, "maxCount": 60},
        {"vmSize": _CPU, "enableAutoScaling": True, "maxCount": 1000},
        {"vmSize": _T4, "enableAutoScaling": "true", "maxCount": "1000"},
        {"vmSize": _H100, "count": 2.0},
        _cluster(_SYSTEM, {"name": "gpu", "vmSize": _H100, "enableAutoScaling": True, "maxCount": 8}),
    ],
    bad=[
        {"vmSize": _H100, "enableAutoScaling": True, "minCount": 1},
        {"vmSize": _H100, "enableAutoScaling": True, "maxCount": 1000},
        {"vmSize": "Standard_ND999isr_X_v9", "enableAutoScaling": True, "maxCount": 129},
        {"vmSize": _H100, "count": 500},
        {"virtualMachinesProfile": {"scale": {"manual": [{"size": _CPU, "count": 1}, {"size": _H100, "count": 200}]}}},
        _cluster(_SYSTEM, {"name": "gpu", "vmSize": _H100, "enableAutoScaling": True, "maxCount": 1000}),
    ],
    unknown=[
        {"vmSize": _H100, "enableAutoScaling": True, "maxCount": UNKNOWN},
        {"vmSize": UNKNOWN, "enableAutoScaling": True, "maxCount": 500},
        {"vmSize": _H100, "enableAutoScaling": UNKNOWN, "count": 2},
    ],
)
def gpu_pool_ends(resource: Resource) -> Verdict:
    """A GPU pool has a maximum, and one that somebody could mean."""
    limit = number_in(resource.its_settings.maxGpus.raw_value()) or 0
    return all_of(_ends(pool, limit) for pool in pools_of(resource))


def _ends(pool: View, limit: float) -> Verdict:
    scales = pool.enableAutoScaling.is_true()
    fixed = pool.count.or_default(1)
    most = _most_nodes(pool.vmSize, limit)
    bounded = scales & (pool.maxCount >= 0) & (pool.maxCount <= most) | ~scales & (fixed <= most)
    by_hand = (~is_accelerated(one.size) | (one.count.or_default(1) <= _most_nodes(one.size, limit)) for one in _by_hand(pool))
    return (~is_accelerated(pool.vmSize) | bounded) & all_of(by_hand)


def _by_hand(pool: View) -> list[View]:
    return list(pool.virtualMachinesProfile.scale.manual)


def _most_nodes(size: View, limit: float) -> float:
    name = size.raw_value()
    return limit / (gpus(name) or MOST_GPUS if isinstance(name, str) else MOST_GPUS)


@rule(
    "cost-az-gpu-sku",
    Severity.HIGH,
    *_BOTH,
    why="A trial rarely needs the machine that production needs; eight H100s cost nearly two hundred times as much as one T4.",
    fix="Choose a size with one of the GPUs in the setting `gpusForTrials`, or widen it for this team.",
    references=("infracost:approved-instance-types",),
    settings={"gpusForTrials": Setting("T4 A10", "GPUs that trials may use, as the names of sizes spell them")},
    good=[
        {"vmSize": _T4, "tags": _DEV},
        {"vmSize": "Standard_NV36ads_A10_v5", "tags": _DEV},
        {"vmSize": _H100, "tags": _PROD},
        {"vmSize": _H100},
        _cluster(_SYSTEM, {"vmSize": _T4}, tags=_DEV),
    ],
    bad=[
        {"vmSize": _H100, "tags": _DEV},
        {"vmSize": "Standard_NC24ads_A100_v4", "tags": {"Environment": "Sandbox"}},
        _cluster(_SYSTEM, {"name": "gpu", "vmSize": _H100}, tags=_DEV),
    ],
    unknown=[{"vmSize": UNKNOWN, "tags": _DEV}, {"vmSize": _H100, "tags": {"environment": UNKNOWN}}],
)
def trial_takes_a_small_gpu(resource: Resource) -> Verdict:
    """Outside production GPUs are of a kind that trials are meant to use."""
    allowed = str(resource.its_settings.gpusForTrials.raw_value()).lower().split()
    fits = all_of(_is_of(allowed, size) for pool in pools_of(resource) for size in sizes_of(pool))
    return is_trial(resource).implies(fits)


def _is_of(allowed: list[str], size: View) -> Verdict:
    name = size.raw_value()
    parts = name.strip().lower().split("_") if isinstance(name, str) else []
    return size.pass_because("") if any(part in allowed for part in parts) else ~is_accelerated(size)


@rule(
    "cost-az-gpu-retired-size",
    Severity.MEDIUM,
    *_BOTH,
    "azure-native:compute:VirtualMachine",
    "azure-native:compute:VirtualMachineScaleSet",
    why="Azure switches K80, M60, P40, P100 and V100 machines off; until then an hour costs more per token than one of anything newer.",
    fix="Move to NCasT4_v3, NVadsA10_v5, NC_A100_v4, NCads_H100_v5 or a later series; `lepton plan` says which is cheapest for your model.",
    references=("https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/retired-sizes-list", "infracost:previous-generation"),
    good=[
        {"vmSize": _H100},
        {"vmSize": _T4},
        {"vmSize": "Standard_NV12ads_A10_v5"},
        {},
        On("azure-native:compute:VirtualMachine", {"hardwareProfile": {"vmSize": _CPU}}),
    ],
    bad=[
        {"vmSize": "Standard_NC6s_v3"},
        {"vmSize": "standard_nd40rs_v2"},
        {"vmSize": "Standard_NC24rs_v3"},
        _cluster(_SYSTEM, {"vmSize": "Standard_NV12s_v3"}),
        On("azure-native:compute:VirtualMachine", {"hardwareProfile": {"vmSize": "Standard_NC6"}}),
        On("azure-native:compute:VirtualMachineScaleSet", {"sku": {"name": "Standard_NC24_Promo", "capacity": 1}}),
    ],
    unknown=[{"vmSize": UNKNOWN}, On("azure-native:compute:VirtualMachine", {"hardwareProfile": UNKNOWN})],
)
def size_is_still_made(resource: Resource) -> Verdict:
    """No machine is of a GPU size that Azure retires."""
    return ~any_of(size.text_matches(_RETIRED) for size in _sizes(resource))


def _sizes(resource: Resource) -> list[View]:
    """Return the VM sizes that a pool, a cluster, a machine or a scale set names."""
    kind = resource.type_token.rpartition(":")[2]
    if kind == "VirtualMachine":
        return [resource.hardwareProfile.vmSize]
    if kind == "VirtualMachineScaleSet":
        return [resource.sku.name, *(one.name for one in resource.skuProfile.vmSizes)]
    return [size for pool in pools_of(resource) for size in sizes_of(pool)]


@rule(
    "cost-az-spot-required",
    Severity.MEDIUM,
    _POOL,
    why="Work that may be interrupted costs a fraction on spot capacity; who says it may and pays in full pays for nothing.",
    fix='Set `scale_set_priority="Spot"` and `scale_set_eviction_policy="Delete"`.',
    references=("https://learn.microsoft.com/azure/aks/spot-node-pool",),
    good=[{"scaleSetPriority": "Spot", "tags": {"preemptible": "true"}}, {"scaleSetPriority": "Regular"}, {"vmSize": _H100}],
    bad=[{"scaleSetPriority": "Regular", "tags": {"Preemptible": "true"}}, {"vmSize": _H100, "tags": {"preemptible": "yes"}}],
    unknown=[{"scaleSetPriority": UNKNOWN, "tags": {"preemptible": "true"}}, {"tags": {"preemptible": UNKNOWN}}],
)
def what_may_be_interrupted_runs_on_spot(pool: Resource) -> Verdict:
    """A pool whose work may be interrupted runs on spot capacity."""
    return tagged(pool, _PREEMPTIBLE, _TRUE).implies(is_spot(pool))


@rule(
    "cost-az-spot-forbidden-prod",
    Severity.MEDIUM,
    _POOL,
    why="GPU spot capacity goes for hours at a time, at thirty seconds' notice, and a service that stands on nothing else goes with it.",
    fix='Serve the floor from a second pool of `scale_set_priority="Regular"`, or tag the pool `preemptible=true` where it may go.',
    references=("prowler:compute_instance_preemptible_vm_disabled", "https://learn.microsoft.com/azure/aks/spot-node-pool"),
    good=[
        {"vmSize": _H100, "scaleSetPriority": "Regular", "tags": _PROD},
        {"vmSize": _H100, "scaleSetPriority": "Spot", "tags": _DEV},
        {"vmSize": _H100, "scaleSetPriority": "Spot", "tags": {"environment": "prod", "preemptible": "true"}},
    ],
    bad=[{"vmSize": _H100, "scaleSetPriority": "spot", "tags": _PROD}],
    unknown=[
        {"vmSize": _H100, "scaleSetPriority": UNKNOWN, "tags": _PROD},
        {"vmSize": _H100, "scaleSetPriority": "Spot", "tags": {"environment": UNKNOWN}},
    ],
)
def production_does_not_stand_on_spot_alone(pool: Resource) -> Verdict:
    """A GPU pool in production is not on spot capacity, unless its work may be interrupted."""
    at_risk = has_gpus(pool) & is_production(pool) & is_spot(pool)
    return ~at_risk | tagged(pool, _PREEMPTIBLE, _TRUE)


@rule(
    "az-aks-spot-training",
    Severity.MEDIUM,
    _POOL,
    why="Training keeps hours of work in memory; thirty seconds' notice saves it only if somebody has made sure of checkpoints.",
    fix="Tag the pool `preemptible=true` once the job resumes from checkpoints, or run it on regular capacity.",
    references=("https://learn.microsoft.com/azure/aks/spot-node-pool",),
    good=[
        {"scaleSetPriority": "Spot", "tags": {"workload": "training", "preemptible": "true"}},
        {"scaleSetPriority": "Regular", "tags": {"workload": "training"}},
        {"scaleSetPriority": "Spot", "tags": {"workload": "inference"}},
    ],
    bad=[{"scaleSetPriority": "Spot", "tags": {"workload": "llm-training"}}],
    unknown=[{"scaleSetPriority": UNKNOWN, "tags": {"workload": "training"}}, {"scaleSetPriority": "Spot", "tags": {"workload": UNKNOWN}}],
)
def training_on_spot_is_meant(pool: Resource) -> Verdict:
    """Training runs on spot capacity only where it says that it can be interrupted."""
    return ~(tagged(pool, _WORKLOAD, _TRAINING) & is_spot(pool)) | tagged(pool, _PREEMPTIBLE, _TRUE)


@rule(
    "cost-az-gpu-reservation",
    Severity.MEDIUM,
    *_BOTH,
    why="Eight-GPU machines are sold out for weeks: in production a pool without a reservation comes back from a restart with fewer nodes.",
    fix="Set `capacity_reservation_group_id`.",
    references=("https://learn.microsoft.com/azure/aks/use-capacity-reservation-groups",),
    good=[
        {"vmSize": _H100, "tags": _PROD, "capacityReservationGroupID": "/subscriptions/s/g"},
        {"vmSize": _H100, "tags": _DEV},
        {"vmSize": _T4, "tags": _PROD},
        {"vmSize": _H100, "tags": _PROD, "scaleSetPriority": "Spot"},
        _cluster(_SYSTEM, {"vmSize": _T4}, tags=_PROD),
    ],
    bad=[
        {"vmSize": _H100, "tags": _PROD},
        {"vmSize": "standard_nd96ams_a100_v4", "tags": {"env": "live"}},
        _cluster(_SYSTEM, {"vmSize": _H100}, tags=_PROD),
    ],
    unknown=[{"vmSize": _H100, "tags": UNKNOWN}, {"vmSize": _H100, "tags": _PROD, "capacityReservationGroupID": UNKNOWN}],
)
def big_machines_are_reserved(resource: Resource) -> Verdict:
    """In production machines with eight GPUs come out of a reservation."""
    unreserved = any_of(_is_big(pool) & ~is_spot(pool) & pool.capacityReservationGroupID.is_absent() for pool in pools_of(resource))
    return ~(is_production(resource) & unreserved)


def _is_big(pool: View) -> Verdict:
    return any_of(_has_all_gpus(size) for size in sizes_of(pool))


def _has_all_gpus(size: View) -> Verdict:
    name = size.raw_value()
    if name is UNKNOWN:
        return size.undecided_because()
    full = name is not ABSENT and isinstance(name, str) and gpus(name) >= MOST_GPUS
    return size.pass_because("") if full else size.fail_because()
