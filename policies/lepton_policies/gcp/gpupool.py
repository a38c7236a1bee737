"""GPU pools of GKE: where a pool ends, whether it can be empty, and who else settles on it."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Ref, Setting, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN, as_list, number_in
from lepton_infra.rules.verdict import State, Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.gcp.machines import accelerated, has_accelerators
from lepton_policies.gcp.nodes import CLUSTER, POOL, pools_in, pools_of
from lepton_policies.shared.production import is_production, tagged

_A3: Final = "a3-highgpu-8g"
_T4: Final = {"machineType": "n1-standard-8", "guestAccelerators": [{"type": "nvidia-tesla-t4", "count": 1}]}
_PROD: Final = {"environment": "prod"}
_DEV: Final = {"environment": "dev"}
_REGION: Final = re.compile(r"\A[a-z]+-[a-z]+\d+\Z")
_MOST_ZONES: Final = 4
"""No region of Google Cloud has more zones (us-central1)."""
_REGIONAL_ZONES: Final = 3
"""In so many zones GKE puts a regional cluster's nodes where nobody lists them (GKE, "Regional clusters")."""
_WORKLOAD: Final = re.compile(r"\A(.*[:/_-])?(workload|purpose)\Z", re.IGNORECASE)
_TRAINING: Final = re.compile(r"train|fine-?tun", re.IGNORECASE)


def _pool(machine: object = _A3, labels: object = None) -> dict[str, object]:
    """Return a pool, for examples."""
    node = {"machineType": machine} | ({} if labels is None else {"resourceLabels": labels})
    return {"cluster": "c", "nodeConfig": node}


def zones_of(pool: View, whole: Resource) -> tuple[int, int]:
    """Return in how many zones a pool's nodes stand at least and at most; a pool within a cluster stands where that does."""
    listed = as_list(pool.nodeLocations.raw_value())
    if listed:
        return len(listed), len(listed)
    location = whole.location.raw_value()
    if pool.nodeLocations.raw_value() is UNKNOWN:
        return 1, _MOST_ZONES
    if not isinstance(location, str):
        return 1, _REGIONAL_ZONES
    return (_REGIONAL_ZONES, _REGIONAL_ZONES) if _REGION.match(location.strip()) else (1, 1)


@rule(
    "cost-gcp-gpu-max-bound",
    Severity.HIGH,
    POOL,
    CLUSTER,
    why="A runaway autoscaler, a retry loop or a stolen token grows a pool to its maximum, and GPUs bill by the second.",
    fix="Set `autoscaling.total_max_node_count` to what the plan needs; `max_node_count` counts in each zone. Raise `maxGpus` if meant.",
    references=("gatekeeper:replicalimits",),
    settings={"maxGpus": Setting(1024, "the most accelerators that one pool may grow to")},
    good=[
        {**_pool(), "autoscaling": {"totalMinNodeCount": 0, "totalMaxNodeCount": 60}},
        {**_pool(), "autoscaling": {"maxNodeCount": "40"}, "nodeLocations": ["a", "b"]},
        {**_pool(), "nodeCount": 4, "location": "europe-west4-a"},
        {**_pool("n4-standard-8"), "autoscaling": {"maxNodeCount": 1000}},
        {**_pool(UNKNOWN), "autoscaling": {"maxNodeCount": 8}},
    ],
    bad=[
        {**_pool(), "autoscaling": {"minNodeCount": 1}},
        {**_pool(), "autoscaling": {"totalMaxNodeCount": 1000}},
        {**_pool(), "autoscaling": {"maxNodeCount": 60}, "location": "europe-west4"},
        {**_pool(), "autoscaling": {"maxNodeCount": 70}, "nodeLocations": ["europe-west4-a", UNKNOWN]},
        {**_pool(), "autoscaling": {"maxNodeCount": -1}},
        {"cluster": "c", "nodeConfig": _T4, "autoscaling": {"maxNodeCount": 1000, "locationPolicy": "ANY"}, "location": "us-central1"},
        {**_pool("ct6e-standard-4t"), "nodeCount": 900},
        {**_pool("a9-megagpu-8g"), "autoscaling": {"totalMaxNodeCount": 129}},
        On(CLUSTER, {"nodePools": [{"name": "cpus"}, {"nodeConfig": {"machineType": _A3}, "autoscaling": {"totalMaxNodeCount": 500}}]}),
    ],
    unknown=[
        {**_pool(), "autoscaling": {"totalMaxNodeCount": UNKNOWN}},
        {**_pool(), "autoscaling": UNKNOWN},
        {**_pool(), "autoscaling": {"maxNodeCount": 60}},
        {**_pool(), "autoscaling": {"maxNodeCount": 60}, "nodeLocations": UNKNOWN},
        {**_pool(UNKNOWN), "autoscaling": {"totalMaxNodeCount": 500}},
    ],
)
def gpu_pool_ends(resource: Resource) -> Verdict:
    """A GPU pool has a maximum, and one that somebody could mean."""
    return all_of(
        holds.implies(_is_bounded(pool, count, resource)) for pool in pools_in(resource) for count, holds in accelerated(pool.nodeConfig)
    )


def _is_bounded(pool: View, count: int, resource: Resource) -> Verdict:
    limit = (number_in(resource.its_settings.maxGpus.raw_value()) or 0) / count
    scaling = pool.autoscaling
    total, each = scaling.totalMaxNodeCount, scaling.maxNodeCount
    if scaling.is_set().state is State.FAIL:
        each = _fixed_size(pool)
    fewest, most = zones_of(pool, resource)
    in_zones = (each <= limit / most) | (each <= limit / fewest).maybe("counts in each zone, and how many zones there are is not known")
    return (total >= 0) & (total <= limit) | (each >= 0) & in_zones


def _fixed_size(pool: View) -> View:
    """Return how many nodes a pool without an autoscaler has in each zone; where nothing is said the provider asks for none."""
    return pool.nodeCount if pool.nodeCount.is_set().state is not State.FAIL else pool.initialNodeCount.or_default(0)


@rule(
    "cost-gcp-gpu-min-zero",
    Severity.HIGH,
    POOL,
    CLUSTER,
    why="A GPU node that nobody uses costs as much as one that works: eight H100s for a forgotten weekend are thousands of dollars.",
    fix="Set `autoscaling.total_min_node_count=0` outside production; the autoscaler brings nodes when pods wait.",
    references=("checkov:CKV_AZURE_150",),
    good=[
        {**_pool(labels=_DEV), "autoscaling": {"totalMinNodeCount": 0, "totalMaxNodeCount": 4}},
        {**_pool(labels=_DEV), "initialNodeCount": 1, "autoscaling": {"maxNodeCount": 4}},
        {**_pool(labels=_PROD), "autoscaling": {"minNodeCount": 2, "maxNodeCount": 4}},
        {**_pool("n4-standard-8", _DEV), "nodeCount": 3},
        {**_pool(labels=_DEV), "queuedProvisioning": {"enabled": True}, "autoscaling": {"totalMaxNodeCount": 2}},
    ],
    bad=[
        {**_pool(labels=_DEV), "autoscaling": {"minNodeCount": 1, "maxNodeCount": 4}},
        {**_pool(), "autoscaling": {"totalMinNodeCount": "1", "totalMaxNodeCount": 4}},
        {**_pool(labels=_DEV), "nodeCount": 2},
        {"cluster": "c", "nodeConfig": {**_T4, "labels": {"env": "dev"}}, "initialNodeCount": 1},
        On(CLUSTER, {"nodePools": [{"name": "cpus", "nodeCount": 3}, {"nodeConfig": {"machineType": _A3}, "nodeCount": 1}]}),
    ],
    unknown=[
        {**_pool(), "autoscaling": {"minNodeCount": UNKNOWN}},
        {**_pool(labels=UNKNOWN), "nodeCount": 1},
        {**_pool(UNKNOWN), "nodeCount": 1},
    ],
)
def gpu_pool_can_be_empty(resource: Resource) -> Verdict:
    """Outside production a GPU pool shrinks to nothing."""
    pools = all_of(has_accelerators(pool.nodeConfig).implies(_can_be_empty(pool)) for pool in pools_in(resource))
    return pools | is_production(resource)


def _can_be_empty(pool: View) -> Verdict:
    scaling = pool.autoscaling
    shrinks = scaling.is_set() & all_of(fewest.or_default(0) <= 0 for fewest in (scaling.minNodeCount, scaling.totalMinNodeCount))
    return shrinks | scaling.is_absent() & (_fixed_size(pool) <= 0)


@stack_rule(
    "cost-gcp-gpu-taint",
    Severity.MEDIUM,
    POOL,
    why="GKE taints GPU nodes only where the cluster has other nodes; without them log shippers keep a GPU node, at dollars an hour.",
    fix='Add a pool without GPUs to the cluster, or a taint: `{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}`.',
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/gpus",),
    good=[
        {"cluster": "c", "nodeConfig": {"machineType": _A3, "taints": [{"key": "team", "effect": "NO_SCHEDULE", "value": "x"}]}},
        On(
            POOL,
            {**_pool(), "cluster": Ref("c")},
            around={"c": On(CLUSTER, {"removeDefaultNodePool": True}), "cpus": On(POOL, {**_pool("n4-standard-8"), "cluster": Ref("c")})},
        ),
        On(POOL, {**_pool(), "cluster": Ref("c")}, around={"c": On(CLUSTER, {"initialNodeCount": 1})}),
        _pool("n4-standard-8"),
    ],
    bad=[
        On(POOL, {**_pool(), "cluster": Ref("c")}, around={"c": On(CLUSTER, {"removeDefaultNodePool": True})}),
        On(
            POOL,
            {
                "cluster": Ref("c"),
                "nodeConfig": {"machineType": _A3, "taints": [{"key": "x", "effect": "PREFER_NO_SCHEDULE", "value": "y"}]},
            },
            around={
                "c": On(CLUSTER, {"removeDefaultNodePool": True}),
                "d": On(CLUSTER, {}),
                "gpus": On(POOL, {**_pool("g2-standard-8"), "cluster": Ref("c")}),
                "elsewhere": On(POOL, {**_pool("n4-standard-8"), "cluster": Ref("d")}),
            },
        ),
    ],
    unknown=[
        _pool(),
        {"cluster": "c", "nodeConfig": {"machineType": _A3, "taints": UNKNOWN}},
        On(POOL, {**_pool(), "cluster": UNKNOWN}, around={"c": On(CLUSTER, {"removeDefaultNodePool": True})}),
    ],
)
def gpu_nodes_are_tainted(pool: Resource, stack: Stack) -> Verdict:
    """A GPU pool keeps pods away that need no GPU: by a taint of its own, or by GKE's beside a pool without GPUs."""
    node = pool.nodeConfig
    tainted = any_of(taint.effect.is_one_of("NO_SCHEDULE", "NO_EXECUTE") for taint in node.taints)
    by_itself = ~has_accelerators(node) | tainted
    if by_itself.state is State.PASS:
        return by_itself
    clusters = [(pool.cluster.refers_to(one), one) for one in stack.of(CLUSTER)]
    known = pool.has_some("cluster in its stack", (its for its, _ in clusters))
    others = [*_plain_pools(clusters, stack), (~known).maybe("may have other pools")]
    return by_itself | pool.has_some("pool without GPUs beside it", others)


def _plain_pools(clusters: list[tuple[Verdict, Resource]], stack: Stack) -> Iterator[Verdict]:
    """Iterate over what may be a pool without GPUs in one of the clusters, each of which is the wanted one if its verdict says so."""
    for its, cluster in clusters:
        if its.state is State.UNDECIDED:  # so is whatever one finds there
            yield its
        if its.state is not State.PASS:
            continue
        kept = ~(cluster.removeDefaultNodePool.is_true() | cluster.nodePools.is_set())
        yield kept & ~has_accelerators(cluster.nodeConfig)
        yield from (~has_accelerators(inner.nodeConfig) for inner in cluster.nodePools)
        for other, of_it in pools_of(cluster, stack):
            yield of_it & ~has_accelerators(other.nodeConfig)


@rule(
    "cost-gcp-gpu-single-zone",
    Severity.MEDIUM,
    POOL,
    why="Ranks of one training job in two zones wait for each other over the network between them, and pay for every gigabyte of it.",
    fix="Set `node_locations` to one zone.",
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/compact-placement",),
    good=[
        {**_pool(), "placementPolicy": {"type": "COMPACT"}, "nodeLocations": ["europe-west4-b"]},
        {**_pool(_A3, {"workload": "training"}), "location": "europe-west4-b"},
        {**_pool(_A3, {"workload": "inference"}), "nodeLocations": ["europe-west4-a", "europe-west4-b"]},
        {**_pool("n4-standard-8", {"workload": "training"}), "location": "europe-west4"},
    ],
    bad=[
        {**_pool(), "placementPolicy": {"type": "COMPACT"}, "nodeLocations": ["europe-west4-a", "europe-west4-b"]},
        {**_pool(_A3, {"workload": "llm-training"}), "location": "europe-west4"},
    ],
    unknown=[
        {**_pool(), "placementPolicy": {"type": "COMPACT"}},
        {**_pool(), "placementPolicy": {"type": "COMPACT"}, "nodeLocations": UNKNOWN},
        {**_pool(), "placementPolicy": UNKNOWN, "location": "europe-west4"},
    ],
)
def ranks_stand_together(pool: Resource) -> Verdict:
    """A pool for coupled training stands in one zone."""
    coupled = pool.placementPolicy.type.is_one_of("COMPACT") | tagged(pool, _WORKLOAD, _TRAINING)
    return ~(has_accelerators(pool.nodeConfig) & coupled) | _stands_in_one_zone(pool)


def _stands_in_one_zone(pool: Resource) -> Verdict:
    fewest, most = zones_of(pool, pool)
    if fewest == most:
        place = pool.nodeLocations if pool.nodeLocations.is_set().state is State.PASS else pool.location
        return place.pass_because("") if most == 1 else place.fail_because(f"puts nodes in {most} zones")
    return pool.nodeLocations.undecided_because("does not say in how many zones nodes stand")


@rule(
    "cost-gcp-disk-oversize",
    Severity.LOW,
    POOL,
    why="A boot disk is paid for on every node at any hour; what does not fit an image belongs on a shared file system or local SSD.",
    fix="Lower `node_config.disk_size_gb`, or raise the setting `maxDiskGb` if images are that large.",
    references=("infracost:oversized-disk",),
    settings={"maxDiskGb": Setting(500, "the largest boot disk of a node in GB")},
    good=[{"nodeConfig": {"diskSizeGb": 200}}, {"cluster": "c"}, {"nodeConfig": {"bootDisk": {"sizeGb": "500"}}}],
    bad=[{"nodeConfig": {"diskSizeGb": 2000}}, {"nodeConfig": {"bootDisk": {"sizeGb": 1000, "diskType": "hyperdisk-balanced"}}}],
    unknown=[{"nodeConfig": {"diskSizeGb": UNKNOWN}}, {"nodeConfig": UNKNOWN}],
)
def boot_disk_is_modest(pool: Resource) -> Verdict:
    """A node's boot disk is no larger than images need."""
    node, most = pool.nodeConfig, pool.its_settings.maxDiskGb
    return all_of(~(size > most) for size in (node.diskSizeGb, node.bootDisk.sizeGb))


@rule(
    "cost-gpu-nap-limits",
    Severity.HIGH,
    CLUSTER,
    why="Node auto-provisioning makes pools of whatever pods ask for, up to its limits: they are all that stands before the bill.",
    fix="Give `cluster_autoscaling.resource_limits` an entry for each GPU type, with a `maximum`; raise the setting `maxGpus` if meant.",
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/node-auto-provisioning",),
    settings={"maxGpus": Setting(1024, "the most accelerators of one type that auto-provisioning may make")},
    good=[
        {
            "clusterAutoscaling": {
                "enabled": True,
                "resourceLimits": [{"resourceType": "cpu", "maximum": 5000}, {"resourceType": "nvidia-l4", "maximum": 16}],
            }
        },
        {"clusterAutoscaling": {"enabled": False}},
        {},
        {"enableAutopilot": True},
    ],
    bad=[
        {"clusterAutoscaling": {"enabled": True}},
        {"clusterAutoscaling": {"enabled": True, "resourceLimits": [{"resourceType": "cpu", "maximum": 64}, {"resourceType": "memory"}]}},
        {
            "clusterAutoscaling": {
                "enabled": True,
                "resourceLimits": [{"resourceType": "nvidia-l4", "maximum": 16}, {"resourceType": "nvidia-h100-80gb", "maximum": 100000}],
            }
        },
        {"clusterAutoscaling": {"enabled": True, "resourceLimits": [{"resourceType": "nvidia-l4", "minimum": 1}]}},
    ],
    unknown=[
        {"clusterAutoscaling": UNKNOWN},
        {"clusterAutoscaling": {"enabled": True, "resourceLimits": UNKNOWN}},
        {"clusterAutoscaling": {"enabled": True, "resourceLimits": [{"resourceType": "nvidia-l4", "maximum": UNKNOWN}]}},
    ],
)
def auto_provisioning_ends(cluster: Resource) -> Verdict:
    """Node auto-provisioning has a limit for each type of GPU, and one that somebody could mean."""
    scaling, most = cluster.clusterAutoscaling, cluster.its_settings.maxGpus
    limits = [(~limit.resourceType.is_one_of("cpu", "memory"), limit.maximum) for limit in scaling.resourceLimits]
    named = any_of(of_gpus for of_gpus, _ in limits)
    speaks_of_gpus = named if named.facts else scaling.resourceLimits.fail_because()
    return scaling.enabled.is_true().implies(speaks_of_gpus & all_of(gpus.implies((top >= 0) & (top <= most)) for gpus, top in limits))
