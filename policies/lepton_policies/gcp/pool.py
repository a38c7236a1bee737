"""Node pools: as whom their nodes act, what of the node a pod gets to see, and whether a broken node is mended."""

import re
from typing import Final

from lepton_infra.rules.card import On, Ref, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import State, Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.gcp.machines import has_accelerators
from lepton_policies.gcp.nodes import CLUSTER, POOL, means_true, on_every_node, pools_in

_SERVER: Final = {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}
_WITH_IDENTITY: Final = {"workloadIdentityConfig": {"workloadPool": "p.svc.id.goog"}}
_DEFAULT_ACCOUNT: Final = re.compile(r"\A\s*(default|.*-compute@developer\.gserviceaccount\.com)\s*\Z", re.IGNORECASE)
"""The account that a project gives to every machine that names none."""
_EVERYTHING: Final = re.compile(r"(\A|/auth/)cloud-platform\s*\Z")
"""The scope for every API of Google Cloud."""
_OWN_ACCOUNT: Final = "gke-nodes@p.iam.gserviceaccount.com"
_CONTAINERD: Final = re.compile(r"_CONTAINERD\Z|\A\s*(COS|UBUNTU)_CONTAINERD|\ACUSTOM", re.IGNORECASE)
_H100: Final = "a3-highgpu-8g"


@stack_rule(
    "gcp-gke-metadata-server",
    Severity.HIGH,
    POOL,
    why="Otherwise a pod asks the node's metadata server and becomes the node: one broken model server then reads every bucket.",
    fix='Set `node_config={"workload_metadata_config": {"mode": "GKE_METADATA"}}`.',
    references=("checkov:CKV_GCP_69", "trivy:GCP-0057", "cis-gke-1.9:5.2.2"),
    good=[
        {"cluster": "c", "nodeConfig": _SERVER},
        On(POOL, {"cluster": Ref("c")}, around={"c": On(CLUSTER, _WITH_IDENTITY)}),
    ],
    bad=[
        {"cluster": "c"},
        {"cluster": "c", "nodeConfig": {"machineType": "n4-standard-8"}},
        {"cluster": "c", "nodeConfig": {"workloadMetadataConfig": {"mode": "GCE_METADATA"}}},
        On(
            POOL,
            {"cluster": Ref("c"), "nodeConfig": {"workloadMetadataConfig": {"mode": "GCE_METADATA"}}},
            around={"c": On(CLUSTER, _WITH_IDENTITY)},
        ),
        On(POOL, {"cluster": Ref("a")}, around={"a": On(CLUSTER, {}), "b": On(CLUSTER, _WITH_IDENTITY)}),
    ],
    unknown=[
        {"cluster": "c", "nodeConfig": UNKNOWN},
        {"cluster": "c", "nodeConfig": {"workloadMetadataConfig": {"mode": UNKNOWN}}},
        On(POOL, {"cluster": UNKNOWN}, around={"c": On(CLUSTER, _WITH_IDENTITY)}),
    ],
)
def node_is_hidden_from_pods(pool: Resource, stack: Stack) -> Verdict:
    """Pods do not reach their node's identity; a pool that says nothing does as its cluster has workload identity or not."""
    mode = pool.nodeConfig.workloadMetadataConfig.mode
    hidden = mode.is_one_of("GKE_METADATA")
    if hidden.state is State.PASS:
        return hidden
    clusters = ((pool.cluster.refers_to(one), one.workloadIdentityConfig.workloadPool.is_set()) for one in stack.of(CLUSTER))
    by_default = pool.has_some("cluster with workload identity", (its & has_it for its, has_it in clusters))
    return hidden | mode.is_absent() & by_default


@rule(
    "gcp-gke-node-sa",
    Severity.MEDIUM,
    POOL,
    CLUSTER,
    why="The default account is editor of the project in many organisations; a node, or whoever breaks out onto one, then owns it.",
    fix="Set `node_config.service_account` to an account of its own with the role roles/container.defaultNodeServiceAccount.",
    references=("trivy:GCP-0050", "prowler:gke_cluster_no_default_service_account", "cis-gke-1.9:5.2.2"),
    good=[
        {"cluster": "c", "nodeConfig": {"serviceAccount": _OWN_ACCOUNT}},
        On(CLUSTER, {"removeDefaultNodePool": True, "initialNodeCount": 1}),
        On(CLUSTER, {"nodeConfig": {"serviceAccount": _OWN_ACCOUNT}}),
        On(CLUSTER, {"nodePools": [{"nodeConfig": {"serviceAccount": _OWN_ACCOUNT}}]}),
    ],
    bad=[
        {"cluster": "c"},
        {"cluster": "c", "nodeConfig": {"serviceAccount": "default"}},
        {"cluster": "c", "nodeConfig": {"serviceAccount": "123456789012-compute@developer.gserviceaccount.com"}},
        On(CLUSTER, {"initialNodeCount": 1}),
        On(CLUSTER, {"nodePools": [{"nodeConfig": {"serviceAccount": _OWN_ACCOUNT}}, {"name": "b"}]}),
    ],
    unknown=[{"cluster": "c", "nodeConfig": {"serviceAccount": UNKNOWN}}, On(CLUSTER, {"removeDefaultNodePool": UNKNOWN})],
)
def nodes_have_an_account(resource: Resource) -> Verdict:
    """Nodes act as an account made for them, not as the project's default one."""
    return on_every_node(resource, lambda node: node.serviceAccount.is_set() & ~node.serviceAccount.text_matches(_DEFAULT_ACCOUNT))


@rule(
    "gcp-gke-node-scopes",
    Severity.LOW,
    POOL,
    CLUSTER,
    why="Scopes that reach no further than pulling images and writing logs hold even where the account's roles are too wide.",
    fix="Leave `oauth_scopes` out once pods have workload identity, or list what nodes need.",
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/access-scopes",),
    good=[
        {"cluster": "c", "nodeConfig": {"oauthScopes": ["https://www.googleapis.com/auth/devstorage.read_only"]}},
        {"cluster": "c"},
        {"cluster": "c", "nodeConfig": {"serviceAccount": _OWN_ACCOUNT, "oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"]}},
    ],
    bad=[
        {"cluster": "c", "nodeConfig": {"oauthScopes": ["logging-write", "https://www.googleapis.com/auth/cloud-platform"]}},
        On(CLUSTER, {"nodeConfig": {"serviceAccount": "default", "oauthScopes": ["cloud-platform"]}}),
    ],
    unknown=[{"cluster": "c", "nodeConfig": {"oauthScopes": [UNKNOWN]}}],
)
def default_account_is_narrowed(resource: Resource) -> Verdict:
    """Nodes that act as the project's default account do not hold the scope for everything."""
    return on_every_node(resource, lambda node: ~_reaches_everything(node) | _is_own_account(node))


def _is_own_account(node: View) -> Verdict:
    return node.serviceAccount.is_set() & ~node.serviceAccount.text_matches(_DEFAULT_ACCOUNT)


def _reaches_everything(node: View) -> Verdict:
    return any_of(scope.text_matches(_EVERYTHING) for scope in node.oauthScopes)


@rule(
    "gcp-gke-node-integrity",
    Severity.MEDIUM,
    POOL,
    CLUSTER,
    why="Without integrity monitoring nobody notices that a node boots something else than it did yesterday.",
    fix='Set `node_config={"shielded_instance_config": {"enable_integrity_monitoring": True}}`, or leave it out.',
    references=("checkov:CKV_GCP_72",),
    good=[{"cluster": "c"}, {"nodeConfig": {"shieldedInstanceConfig": {"enableSecureBoot": True}}}, On(CLUSTER, {})],
    bad=[
        {"nodeConfig": {"shieldedInstanceConfig": {"enableIntegrityMonitoring": False}}},
        On(CLUSTER, {"nodePools": [{"name": "a"}, {"nodeConfig": {"shieldedInstanceConfig": {"enableIntegrityMonitoring": False}}}]}),
    ],
    unknown=[{"nodeConfig": UNKNOWN}, {"nodeConfig": {"shieldedInstanceConfig": {"enableIntegrityMonitoring": UNKNOWN}}}],
)
def boot_is_watched(resource: Resource) -> Verdict:
    """Nodes watch what they boot; by default they do."""
    return on_every_node(resource, lambda node: ~node.shieldedInstanceConfig.enableIntegrityMonitoring.is_false())


@rule(
    "gcp-gke-node-secure-boot",
    Severity.LOW,
    POOL,
    CLUSTER,
    why="With secure boot a node loads signed kernels and drivers alone, so that a rootkit does not outlive a restart.",
    fix='Set `node_config={"shielded_instance_config": {"enable_secure_boot": True}}`; not on GPU pools with unsigned drivers.',
    references=("checkov:CKV_GCP_68",),
    good=[
        {"nodeConfig": {"shieldedInstanceConfig": {"enableSecureBoot": True}}},
        {"nodeConfig": {"machineType": _H100}},
        {"nodeConfig": {"machineType": "n1-standard-8", "guestAccelerators": [{"type": "nvidia-tesla-t4", "count": 1}]}},
    ],
    bad=[
        {"cluster": "c"},
        {"nodeConfig": {"machineType": "n4-standard-8", "shieldedInstanceConfig": {"enableSecureBoot": False}}},
        On(CLUSTER, {"nodeConfig": {"machineType": "e2-standard-4"}}),
    ],
    unknown=[{"nodeConfig": UNKNOWN}, {"nodeConfig": {"machineType": UNKNOWN}}],
)
def boot_is_signed(resource: Resource) -> Verdict:
    """Nodes without GPUs boot what is signed alone."""
    return on_every_node(resource, lambda node: node.shieldedInstanceConfig.enableSecureBoot.is_true() | has_accelerators(node))


@rule(
    "gcp-gke-pool-upgrade",
    Severity.LOW,
    POOL,
    why="A pool that is not upgraded keeps known flaws in kernel, runtime and GPU driver until Google forces it.",
    fix='Set `management={"auto_upgrade": True}`, and a maintenance window or exclusion for long training runs.',
    references=("checkov:CKV_GCP_10", "trivy:GCP-0058"),
    good=[{"cluster": "c"}, {"management": {"autoUpgrade": True}}],
    bad=[{"management": {"autoUpgrade": False, "autoRepair": True}}],
    unknown=[{"management": UNKNOWN}, {"management": {"autoUpgrade": UNKNOWN}}],
)
def pool_is_upgraded(pool: Resource) -> Verdict:
    """Nobody switches upgrades off."""
    return ~pool.management.autoUpgrade.is_false()


@rule(
    "gcp-gke-pool-repair",
    Severity.MEDIUM,
    POOL,
    why="A node whose GPU died keeps billing and keeps failing pods, until somebody looks.",
    fix='Set `management={"auto_repair": True}`.',
    references=("checkov:CKV_GCP_9", "trivy:GCP-0063"),
    good=[{"cluster": "c"}, {"management": {"autoRepair": True}}],
    bad=[{"management": {"autoRepair": False}}],
    unknown=[{"management": UNKNOWN}, {"management": {"autoRepair": UNKNOWN}}],
)
def pool_is_repaired(pool: Resource) -> Verdict:
    """Nobody switches repair off."""
    return ~pool.management.autoRepair.is_false()


@rule(
    "gcp-gke-pool-cos",
    Severity.LOW,
    POOL,
    CLUSTER,
    why="Other images run the container runtime that Google no longer mends, or more beside it than containers need.",
    fix='Set `node_config={"image_type": "COS_CONTAINERD"}`, or leave it out.',
    references=("checkov:CKV_GCP_22", "trivy:GCP-0054", "cis-gke-1.9:5.5.1"),
    good=[{"cluster": "c"}, {"nodeConfig": {"imageType": "cos_containerd"}}, {"nodeConfig": {"imageType": "UBUNTU_CONTAINERD"}}],
    bad=[
        {"nodeConfig": {"imageType": "COS"}},
        {"nodeConfig": {"imageType": "UBUNTU"}},
        {"nodeConfig": {"imageType": "WINDOWS_LTSC"}},
        On(CLUSTER, {"nodePools": [{"nodeConfig": {"imageType": "COS_CONTAINERD"}}, {"nodeConfig": {"imageType": "COS"}}]}),
    ],
    unknown=[{"nodeConfig": {"imageType": UNKNOWN}}],
)
def image_is_containerd(resource: Resource) -> Verdict:
    """Nodes run one of the images with containerd; by default they do."""
    return on_every_node(resource, lambda node: node.imageType.is_absent() | node.imageType.text_matches(_CONTAINERD))


@rule(
    "gcp-gke-kubelet-port",
    Severity.MEDIUM,
    POOL,
    CLUSTER,
    why="The kubelet's read-only port tells any pod, without a password, what runs on the node and with which environment.",
    fix='Set `node_config={"kubelet_config": {"insecure_kubelet_readonly_port_enabled": "FALSE"}}`.',
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/disable-kubelet-readonly-port",),
    good=[{"cluster": "c"}, {"nodeConfig": {"kubeletConfig": {"insecureKubeletReadonlyPortEnabled": "FALSE"}}}],
    bad=[
        {"nodeConfig": {"kubeletConfig": {"insecureKubeletReadonlyPortEnabled": "TRUE"}}},
        On(CLUSTER, {"nodePoolAutoConfig": {"nodeKubeletConfig": {"insecureKubeletReadonlyPortEnabled": "TRUE"}}}),
        On(CLUSTER, {"nodeConfig": {"kubeletConfig": {"insecureKubeletReadonlyPortEnabled": "true"}}}),
    ],
    unknown=[{"nodeConfig": {"kubeletConfig": UNKNOWN}}, On(CLUSTER, {"nodePoolAutoConfig": UNKNOWN})],
)
def kubelet_tells_nothing(resource: Resource) -> Verdict:
    """Nobody opens the kubelet's read-only port."""
    made = ~means_true(resource.nodePoolAutoConfig.nodeKubeletConfig.insecureKubeletReadonlyPortEnabled)
    return made & on_every_node(resource, lambda node: ~means_true(node.kubeletConfig.insecureKubeletReadonlyPortEnabled))


@rule(
    "gcp-gke-node-ssd-keys",
    Severity.LOW,
    POOL,
    why="Checkpoints and prompts spill to local SSDs; under an ephemeral key nothing of them survives the node.",
    fix='Set `node_config={"local_ssd_encryption_mode": "EPHEMERAL_KEY_ENCRYPTION"}` on pools with local SSDs that hold private data.',
    references=("https://cloud.google.com/kubernetes-engine/docs/concepts/local-ssd",),
    good=[
        {"nodeConfig": {"localSsdEncryptionMode": "EPHEMERAL_KEY_ENCRYPTION", "ephemeralStorageLocalSsdConfig": {"localSsdCount": 16}}},
        {"nodeConfig": {"machineType": "n4-standard-8"}},
        {"cluster": "c"},
    ],
    bad=[
        {"nodeConfig": {"ephemeralStorageLocalSsdConfig": {"localSsdCount": 16}}},
        {"nodeConfig": {"localNvmeSsdBlockConfig": {"localSsdCount": 1}, "localSsdEncryptionMode": "STANDARD_ENCRYPTION"}},
    ],
    unknown=[{"nodeConfig": {"localSsdCount": UNKNOWN}}, {"nodeConfig": UNKNOWN}],
)
def spilled_data_dies_with_the_node(pool: Resource) -> Verdict:
    """What is written to local SSDs is under a key that dies with the node."""
    return all_of(_forgets(one.nodeConfig) for one in pools_in(pool))


def _forgets(node: View) -> Verdict:
    counts = (node.localSsdCount, node.ephemeralStorageLocalSsdConfig.localSsdCount, node.localNvmeSsdBlockConfig.localSsdCount)
    none = all_of(~(count > 0) for count in counts)
    return none | node.localSsdEncryptionMode.is_one_of("EPHEMERAL_KEY_ENCRYPTION")
