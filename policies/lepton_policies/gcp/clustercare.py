"""Clusters: what is encrypted, watched, kept up to date, and kept from being deleted."""

from typing import Final

from lepton_infra.rules.card import IT, On, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import FAIL, PASS, State, Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.gcp.machines import has_accelerators
from lepton_policies.gcp.nodes import CLUSTER, POOL, has_no_default_pool, pools_of
from lepton_policies.shared.production import is_production

_PROD: Final = {"environment": "prod"}
_KEY: Final = "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k"
_GPU_POOL: Final = {"cluster": IT, "nodeConfig": {"machineType": "a3-highgpu-8g"}}


def _contains(listed: View, wanted: str) -> Verdict:
    verdict = any_of(element.is_one_of(wanted) for element in listed)
    return verdict if verdict.facts else listed.fail_because()


@rule(
    "gcp-gke-secrets-cmek",
    Severity.MEDIUM,
    CLUSTER,
    why="Kubernetes secrets hold the tokens of model hubs and databases; under a key of yours a stolen backup of etcd stays closed.",
    fix='Set `database_encryption={"state": "ENCRYPTED", "key_name": key.id}`.',
    references=("cis-gke-1.9:5.3.1", "https://cloud.google.com/kubernetes-engine/docs/how-to/encrypting-secrets"),
    good=[
        {"databaseEncryption": {"state": "ENCRYPTED", "keyName": _KEY}},
        {"databaseEncryption": {"state": "ALL_OBJECTS_ENCRYPTION_ENABLED", "keyName": _KEY}},
    ],
    bad=[{}, {"databaseEncryption": {"state": "DECRYPTED"}}, {"databaseEncryption": {"keyName": _KEY, "state": "DECRYPTED"}}],
    unknown=[{"databaseEncryption": UNKNOWN}, {"databaseEncryption": {"state": UNKNOWN, "keyName": _KEY}}],
)
def secrets_are_encrypted(cluster: Resource) -> Verdict:
    """Kubernetes secrets are under a key of yours."""
    return cluster.databaseEncryption.state.is_one_of("ENCRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED")


@rule(
    "gcp-gke-network-policy",
    Severity.MEDIUM,
    CLUSTER,
    why="Without it a NetworkPolicy is text that nobody enforces: a notebook reaches every model server and every database.",
    fix='Set `datapath_provider="ADVANCED_DATAPATH"`, or `network_policy={"enabled": True}`.',
    references=("checkov:CKV_GCP_12", "trivy:GCP-0056", "cis-gke-1.9:4.3.1"),
    good=[
        {"datapathProvider": "ADVANCED_DATAPATH"},
        {"networkPolicy": {"enabled": True, "provider": "CALICO"}},
        {"enableAutopilot": True},
        {"datapathProvider": "ADVANCED_DATAPATH", "networkPolicy": {"enabled": False}},
    ],
    bad=[{}, {"datapathProvider": "LEGACY_DATAPATH"}, {"networkPolicy": {"enabled": False, "provider": "CALICO"}}],
    unknown=[{"datapathProvider": UNKNOWN}, {"networkPolicy": UNKNOWN}, {"enableAutopilot": UNKNOWN}],
)
def network_policies_are_enforced(cluster: Resource) -> Verdict:
    """Network policies are enforced; Dataplane V2 and Autopilot always do."""
    advanced = cluster.datapathProvider.is_one_of("ADVANCED_DATAPATH")
    return advanced | cluster.networkPolicy.enabled.is_true() | cluster.enableAutopilot.is_true()


@rule(
    "gcp-gke-binauthz",
    Severity.MEDIUM,
    CLUSTER,
    why="Without it production runs any image that somebody can name, from any registry, built by anyone.",
    fix='Set `binary_authorization={"evaluation_mode": "PROJECT_SINGLETON_POLICY_ENFORCE"}`.',
    references=("checkov:CKV_GCP_66", "cis-gke-1.9:5.1.4"),
    good=[
        {"resourceLabels": _PROD, "binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"}},
        {"resourceLabels": {"environment": "dev"}},
        {"binaryAuthorization": {"evaluationMode": "DISABLED"}},
    ],
    bad=[
        {"resourceLabels": _PROD},
        {"resourceLabels": _PROD, "binaryAuthorization": {"evaluationMode": "DISABLED"}},
        {"resourceLabels": {"env": "prod"}, "binaryAuthorization": {"evaluationMode": "EVALUATION_MODE_UNSPECIFIED"}},
    ],
    unknown=[{"resourceLabels": _PROD, "binaryAuthorization": UNKNOWN}, {"resourceLabels": {"environment": UNKNOWN}}],
)
def images_are_vouched_for(cluster: Resource) -> Verdict:
    """In production only images that somebody vouched for run."""
    mode = cluster.binaryAuthorization.evaluationMode
    checked = mode.is_set() & ~mode.is_one_of("DISABLED", "EVALUATION_MODE_UNSPECIFIED")
    return is_production(cluster).implies(checked | cluster.binaryAuthorization.enabled.is_true())


@rule(
    "gcp-gke-shielded",
    Severity.MEDIUM,
    CLUSTER,
    why="Without shielded nodes whoever steals a node's bootstrap token can join the cluster as that node.",
    fix="Set `enable_shielded_nodes=True`, or leave it out.",
    references=("checkov:CKV_GCP_71", "trivy:GCP-0055"),
    good=[{}, {"enableShieldedNodes": True}, {"enableAutopilot": True}],
    bad=[{"enableShieldedNodes": False}],
    unknown=[{"enableShieldedNodes": UNKNOWN}],
)
def nodes_are_shielded(cluster: Resource) -> Verdict:
    """Shielded nodes are not switched off."""
    return ~cluster.enableShieldedNodes.is_false()


@rule(
    "gcp-gke-logging",
    Severity.MEDIUM,
    CLUSTER,
    why="Without the system's log an intrusion or a dying node leaves no trace.",
    fix='Leave `logging_service` out, and set `logging_config={"enable_components": ["SYSTEM_COMPONENTS", "WORKLOADS"]}`.',
    references=("checkov:CKV_GCP_1", "trivy:GCP-0060", "cis-gke-1.9:5.7.1"),
    good=[
        {},
        {"loggingService": "logging.googleapis.com/kubernetes"},
        {"loggingConfig": {"enableComponents": ["WORKLOADS", "SYSTEM_COMPONENTS"]}},
    ],
    bad=[
        {"loggingService": "none"},
        {"loggingConfig": {"enableComponents": ["WORKLOADS"]}},
        {"loggingConfig": {"enableComponents": []}},
    ],
    unknown=[{"loggingService": UNKNOWN}, {"loggingConfig": {"enableComponents": [UNKNOWN]}}, {"loggingConfig": UNKNOWN}],
)
def cluster_is_logged(cluster: Resource) -> Verdict:
    """The system's components are logged; by default they are."""
    config = cluster.loggingConfig
    return ~cluster.loggingService.is_one_of("none") & (config.is_absent() | _contains(config.enableComponents, "SYSTEM_COMPONENTS"))


@rule(
    "gcp-gke-monitoring",
    Severity.MEDIUM,
    CLUSTER,
    why="Without the system's metrics a full node or a stuck scheduler shows as silence.",
    fix='Leave `monitoring_service` out, and set `monitoring_config={"enable_components": ["SYSTEM_COMPONENTS", "DCGM"]}`.',
    references=("checkov:CKV_GCP_8", "trivy:GCP-0052", "cis-gke-1.9:5.7.1"),
    good=[
        {},
        {"monitoringConfig": {"enableComponents": ["DCGM", "SYSTEM_COMPONENTS"]}},
        {"monitoringConfig": {"managedPrometheus": {"enabled": True}}},
    ],
    bad=[{"monitoringService": "none"}, {"monitoringConfig": {"enableComponents": ["STORAGE"]}}],
    unknown=[{"monitoringService": UNKNOWN}, {"monitoringConfig": UNKNOWN}],
)
def cluster_is_measured(cluster: Resource) -> Verdict:
    """The system's components are measured; by default they are."""
    listed = cluster.monitoringConfig.enableComponents
    return ~cluster.monitoringService.is_one_of("none") & (listed.is_absent() | _contains(listed, "SYSTEM_COMPONENTS"))


@stack_rule(
    "gcp-gke-gpu-metrics",
    Severity.MEDIUM,
    CLUSTER,
    why="Without DCGM's metrics nobody sees that a GPU idles at dollars an hour, overheats, or reports XID errors.",
    fix='Add "DCGM" to `monitoring_config.enable_components`, or run its exporter yourself.',
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/dcgm-metrics",),
    good=[
        On(CLUSTER, {"monitoringConfig": {"enableComponents": ["SYSTEM_COMPONENTS", "DCGM"]}}, around={"gpus": On(POOL, _GPU_POOL)}),
        On(CLUSTER, {}, around={"gpus": On(POOL, _GPU_POOL)}),
        On(
            CLUSTER,
            {"monitoringConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]}},
            around={"cpus": On(POOL, {"cluster": IT, "nodeConfig": {"machineType": "n4-standard-8"}})},
        ),
    ],
    bad=[On(CLUSTER, {"monitoringConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]}}, around={"gpus": On(POOL, _GPU_POOL)})],
    unknown=[
        On(CLUSTER, {"monitoringConfig": UNKNOWN}, around={"gpus": On(POOL, _GPU_POOL)}),
        On(
            CLUSTER,
            {"monitoringConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]}},
            around={"gpus": On(POOL, {**_GPU_POOL, "cluster": UNKNOWN})},
        ),
    ],
)
def gpus_are_measured(cluster: Resource, stack: Stack) -> Verdict:
    """A cluster with GPUs that lists what it measures lists DCGM; one that does not list has it by default."""
    listed = cluster.monitoringConfig.enableComponents
    measured = listed.is_absent() | _contains(listed, "DCGM")
    if measured.state is State.PASS:
        return measured
    return measured | ~cluster.has_some("pool of GPUs", (its & has_accelerators(pool.nodeConfig) for pool, its in pools_of(cluster, stack)))


@rule(
    "gcp-gke-release-channel",
    Severity.LOW,
    CLUSTER,
    why="A cluster on no channel keeps its version until it is forced off it, and misses patches until then.",
    fix='Set `release_channel={"channel": "REGULAR"}`, or "STABLE".',
    references=("checkov:CKV_GCP_70",),
    good=[{"releaseChannel": {"channel": "REGULAR"}}, {}, {"enableAutopilot": True}],
    bad=[{"releaseChannel": {"channel": "UNSPECIFIED"}}],
    unknown=[{"releaseChannel": UNKNOWN}],
)
def cluster_is_on_a_channel(cluster: Resource) -> Verdict:
    """Nobody takes the cluster off its release channel."""
    return ~cluster.releaseChannel.channel.is_one_of("UNSPECIFIED")


@rule(
    "gcp-gke-alpha",
    Severity.HIGH,
    CLUSTER,
    why="An alpha cluster gets no security patches and is deleted by Google after thirty days.",
    fix="Set `enable_kubernetes_alpha=False`, or leave it out.",
    references=("checkov:CKV2_GCP_19",),
    good=[{}, {"enableKubernetesAlpha": False}],
    bad=[{"enableKubernetesAlpha": True}],
    unknown=[{"enableKubernetesAlpha": UNKNOWN}],
)
def cluster_is_no_alpha(cluster: Resource) -> Verdict:
    """The cluster is no alpha cluster."""
    return ~cluster.enableKubernetesAlpha.is_true()


@rule(
    "gcp-gke-intranode",
    Severity.LOW,
    CLUSTER,
    why="Without it traffic between pods on one node is in no flow log and passes no firewall rule.",
    fix="Set `enable_intranode_visibility=True`.",
    references=("checkov:CKV_GCP_61",),
    good=[{"enableIntranodeVisibility": True}, {"enableAutopilot": True}],
    bad=[{}, {"enableIntranodeVisibility": False}],
    unknown=[{"enableIntranodeVisibility": UNKNOWN}],
)
def traffic_within_a_node_is_seen(cluster: Resource) -> Verdict:
    """Traffic between pods on one node goes through the network; in Autopilot clusters it always does."""
    return cluster.enableIntranodeVisibility.is_true() | cluster.enableAutopilot.is_true()


@rule(
    "gcp-gke-default-pool",
    Severity.LOW,
    CLUSTER,
    why="The default pool cannot be changed without replacing the cluster, and its nodes run as the project's default account.",
    fix="Set `remove_default_node_pool=True` with `initial_node_count=1`, and add pools as resources of their own.",
    references=("checkov:CKV_GCP_123",),
    good=[
        {"removeDefaultNodePool": True, "initialNodeCount": 1},
        {"enableAutopilot": True},
        {"nodePools": [{"name": "system", "initialNodeCount": 1}]},
    ],
    bad=[{"initialNodeCount": 3}, {"removeDefaultNodePool": False}],
    unknown=[{"removeDefaultNodePool": UNKNOWN}, {"nodePools": UNKNOWN}],
)
def pools_are_laid_out(cluster: Resource) -> Verdict:
    """The default pool is removed."""
    return has_no_default_pool(cluster)


@rule(
    "gcp-gke-deletion-protection",
    Severity.MEDIUM,
    CLUSTER,
    why="With the cluster go its volumes' claims, its certificates and everyone's running work.",
    fix="Leave `deletion_protection` out, or set it to True; `protect=True` among the resource's options guards it too.",
    references=("https://www.pulumi.com/registry/packages/gcp/api-docs/container/cluster/",),
    good=[
        {"resourceLabels": _PROD},
        {"resourceLabels": {"environment": "dev"}, "deletionProtection": False},
        On(CLUSTER, {"resourceLabels": _PROD, "deletionProtection": False}, protect=True),
    ],
    bad=[{"resourceLabels": _PROD, "deletionProtection": False}],
    unknown=[{"resourceLabels": _PROD, "deletionProtection": UNKNOWN}, {"resourceLabels": UNKNOWN, "deletionProtection": False}],
)
def cluster_is_protected(cluster: Resource) -> Verdict:
    """In production a cluster is protected from deletion; by default it is."""
    kept = ~cluster.deletionProtection.is_false() | (PASS if cluster.its_subject.protect else FAIL)
    return is_production(cluster).implies(kept)
