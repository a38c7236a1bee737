"""Clusters: who reaches the API server, and as whom one may come."""

from typing import Final

from lepton_infra.rules.card import IT, On, Severity, rule, stack_rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource
from lepton_policies.gcp.nodes import CLUSTER, POOL, has_no_default_pool, pools_of
from lepton_policies.shared.production import is_production

_PROD: Final = {"environment": "prod"}
_PRIVATE: Final = {"enablePrivateNodes": True}


def _networks(*cidrs: object) -> dict[str, object]:
    """Return a configuration of authorized networks, for examples."""
    return {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": cidr, "displayName": "x"} for cidr in cidrs]}}


@rule(
    "gcp-gke-control-plane-open",
    Severity.CRITICAL,
    CLUSTER,
    why="An API server open to the world is probed within minutes; one leaked token or one unpatched flaw is then enough.",
    fix="Set `master_authorized_networks_config` to your own addresses, or `private_cluster_config={'enable_private_endpoint': True}`.",
    references=(
        "checkov:CKV_GCP_18",
        "checkov:CKV_GCP_20",
        "trivy:GCP-0053",
        "trivy:GCP-0061",
        "cis-gke-1.9:5.6.3",
    ),
    good=[
        _networks("203.0.113.0/24", "2001:db8::/48"),
        {"masterAuthorizedNetworksConfig": {}},
        {"privateClusterConfig": {"enablePrivateEndpoint": True}},
        {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}},
        {**_networks("0.0.0.0/0"), "privateClusterConfig": {"enablePrivateEndpoint": "true"}},
    ],
    bad=[
        {"location": "europe-west4"},
        {"privateClusterConfig": {"enablePrivateNodes": True, "masterIpv4CidrBlock": "172.16.0.0/28"}},
        _networks("203.0.113.0/24", "0.0.0.0/0"),
        _networks("0.0.0.0/1", "128.0.0.0/1"),
        _networks("::/0"),
        _networks(UNKNOWN, "0.0.0.0/0"),
        {"enableAutopilot": True, "controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": True}}},
    ],
    unknown=[
        _networks("203.0.113.0/24", UNKNOWN),
        {"masterAuthorizedNetworksConfig": UNKNOWN},
        {"privateClusterConfig": {"enablePrivateEndpoint": UNKNOWN}},
    ],
)
def control_plane_is_not_open(cluster: Resource) -> Verdict:
    """The API server is not open to the world; a cluster that names no networks lets in all of them."""
    authorized = cluster.masterAuthorizedNetworksConfig
    narrowed = authorized.is_set() & ~is_world(*(block.cidrBlock for block in authorized.cidrBlocks))
    no_address = cluster.controlPlaneEndpointsConfig.ipEndpointsConfig.enabled.is_false()
    return narrowed | cluster.privateClusterConfig.enablePrivateEndpoint.is_true() | no_address


@rule(
    "gcp-gke-google-addresses",
    Severity.MEDIUM,
    CLUSTER,
    why="With it every machine that anyone rents at Google reaches the API server, whatever networks are listed beside it.",
    fix='Set `master_authorized_networks_config={"gcp_public_cidrs_access_enabled": False, ...}`.',
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks",),
    good=[
        {"masterAuthorizedNetworksConfig": {"gcpPublicCidrsAccessEnabled": True}, "privateClusterConfig": {"enablePrivateEndpoint": True}},
        {**_networks("203.0.113.0/24")},
        {"masterAuthorizedNetworksConfig": {"gcpPublicCidrsAccessEnabled": False}},
    ],
    bad=[
        {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "203.0.113.0/24"}], "gcpPublicCidrsAccessEnabled": True}},
    ],
    unknown=[{"masterAuthorizedNetworksConfig": {"gcpPublicCidrsAccessEnabled": UNKNOWN}}],
)
def strangers_at_google_are_kept_out(cluster: Resource) -> Verdict:
    """The API server is not opened to all of Google's public addresses."""
    opened = cluster.masterAuthorizedNetworksConfig.gcpPublicCidrsAccessEnabled.is_true()
    return ~opened | cluster.privateClusterConfig.enablePrivateEndpoint.is_true()


@stack_rule(
    "gcp-gke-private-nodes",
    Severity.HIGH,
    CLUSTER,
    why="Nodes with public addresses put the kubelet and every pod's host ports on the internet, one firewall rule away.",
    fix='Set `private_cluster_config={"enable_private_nodes": True}`, or `network_config` so on every node pool.',
    references=(
        "checkov:CKV_GCP_64",
        "checkov:CKV_GCP_25",
        "trivy:GCP-0059",
        "cis-gke-1.9:5.6.5",
    ),
    good=[
        {"privateClusterConfig": _PRIVATE},
        On(
            CLUSTER,
            {"removeDefaultNodePool": True},
            around={"pool": On(POOL, {"cluster": IT, "networkConfig": {"enablePrivateNodes": True}})},
        ),
    ],
    bad=[
        {},
        {"privateClusterConfig": {"enablePrivateNodes": False, "masterIpv4CidrBlock": "172.16.0.0/28"}},
        On(
            CLUSTER,
            {"removeDefaultNodePool": True},
            around={
                "a": On(POOL, {"cluster": IT, "networkConfig": {"enablePrivateNodes": True}}),
                "b": On(POOL, {"cluster": IT, "networkConfig": {"podRange": "pods"}}),
            },
        ),
        On(CLUSTER, {}, around={"pool": On(POOL, {"cluster": IT, "networkConfig": {"enablePrivateNodes": True}})}),
        On(
            CLUSTER,
            {"privateClusterConfig": _PRIVATE},
            around={"pool": On(POOL, {"cluster": IT, "networkConfig": {"enablePrivateNodes": False}})},
        ),
    ],
    unknown=[
        {"privateClusterConfig": UNKNOWN},
        {"privateClusterConfig": {"enablePrivateNodes": UNKNOWN}},
        On(
            CLUSTER,
            {"removeDefaultNodePool": True},
            around={"pool": On(POOL, {"cluster": IT, "networkConfig": UNKNOWN})},
        ),
    ],
)
def nodes_are_private(cluster: Resource, stack: Stack) -> Verdict:
    """No node has a public address; a pool that says otherwise than its cluster has the last word."""
    pools = pools_of(cluster, stack)
    opened = (its & pool.networkConfig.enablePrivateNodes.is_false() for pool, its in pools)
    silent = (its & ~pool.networkConfig.enablePrivateNodes.is_true() for pool, its in pools)
    by_pools = (
        has_no_default_pool(cluster)
        & cluster.has_some("node pool beside it", (its for _, its in pools))
        & ~cluster.has_some("node pool with public addresses", silent)
    )
    as_a_whole = cluster.privateClusterConfig.enablePrivateNodes.is_true() & ~cluster.has_some("node pool with public addresses", opened)
    return as_a_whole | by_pools


@rule(
    "gcp-gke-private-endpoint",
    Severity.MEDIUM,
    CLUSTER,
    why="In production nobody needs the API server from outside: a public address is kept for convenience and found by scanners.",
    fix='Set `private_cluster_config={"enable_private_endpoint": True}`, and connect by the DNS endpoint or from within.',
    references=("cis-gke-1.9:5.6.4",),
    good=[
        {"resourceLabels": _PROD, "privateClusterConfig": {"enablePrivateEndpoint": True}},
        {"resourceLabels": _PROD, "controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}},
        {"resourceLabels": {"environment": "dev"}},
        {},
    ],
    bad=[{"resourceLabels": _PROD}, {"resourceLabels": {"env": "Production"}, "privateClusterConfig": _PRIVATE}],
    unknown=[
        {"resourceLabels": _PROD, "privateClusterConfig": UNKNOWN},
        {"resourceLabels": UNKNOWN},
    ],
)
def endpoint_is_private(cluster: Resource) -> Verdict:
    """In production the API server has no public address."""
    no_address = cluster.controlPlaneEndpointsConfig.ipEndpointsConfig.enabled.is_false()
    return is_production(cluster).implies(cluster.privateClusterConfig.enablePrivateEndpoint.is_true() | no_address)


@rule(
    "gcp-gke-workload-identity",
    Severity.HIGH,
    CLUSTER,
    why="Without it every pod is the node: whoever breaks into a model server holds what the node's service account may do.",
    fix='Set `workload_identity_config={"workload_pool": f"{project}.svc.id.goog"}`.',
    references=("https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity", "cis-gke-1.9:5.2.2"),
    good=[{"workloadIdentityConfig": {"workloadPool": "p.svc.id.goog"}}, {"enableAutopilot": True}],
    bad=[{}, {"workloadIdentityConfig": {}}, {"enableAutopilot": False, "workloadIdentityConfig": {"workloadPool": ""}}],
    unknown=[{"workloadIdentityConfig": UNKNOWN}, {"enableAutopilot": UNKNOWN}],
)
def pods_have_identities(cluster: Resource) -> Verdict:
    """Pods have identities of their own; in Autopilot clusters they always have."""
    return cluster.workloadIdentityConfig.workloadPool.is_set() | cluster.enableAutopilot.is_true()


@rule(
    "gcp-gke-legacy-abac",
    Severity.HIGH,
    CLUSTER,
    why="Legacy authorization gives every service account in the cluster nearly everything, whatever RBAC says.",
    fix="Set `enable_legacy_abac=False`, or leave it out.",
    references=("checkov:CKV_GCP_7", "trivy:GCP-0062", "cis-gke-1.9:5.8.3"),
    good=[{}, {"enableLegacyAbac": False}],
    bad=[{"enableLegacyAbac": True}, {"enableLegacyAbac": "true"}],
    unknown=[{"enableLegacyAbac": UNKNOWN}],
)
def rbac_alone_decides(cluster: Resource) -> Verdict:
    """Legacy authorization is off."""
    return ~cluster.enableLegacyAbac.is_true()


@rule(
    "gcp-gke-client-cert",
    Severity.HIGH,
    CLUSTER,
    why="A client certificate is a credential that stands in the state file, cannot be withdrawn and lives as long as the cluster.",
    fix='Set `master_auth={"client_certificate_config": {"issue_client_certificate": False}}`, or leave it out.',
    references=("checkov:CKV_GCP_13", "trivy:GCP-0064", "cis-gke-1.9:5.8.1"),
    good=[{}, {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": False}}}],
    bad=[{"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": True}}}],
    unknown=[{"masterAuth": UNKNOWN}, {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": UNKNOWN}}}],
)
def no_client_certificate(cluster: Resource) -> Verdict:
    """No client certificate is issued."""
    return ~cluster.masterAuth.clientCertificateConfig.issueClientCertificate.is_true()


@rule(
    "gcp-gke-anonymous-binding",
    Severity.HIGH,
    CLUSTER,
    why="A role bound to everyone holds for anyone who reaches the API server, for system:authenticated with any Google account.",
    fix="Set both flags of `rbac_binding_config` to False; new clusters otherwise allow such bindings.",
    references=("cis-gke-1.9:4.1.8", "cis-gke-1.9:4.1.10", "https://cloud.google.com/kubernetes-engine/docs/best-practices/rbac"),
    good=[
        {},
        {"rbacBindingConfig": {"enableInsecureBindingSystemAuthenticated": False, "enableInsecureBindingSystemUnauthenticated": False}},
    ],
    bad=[
        {"rbacBindingConfig": {"enableInsecureBindingSystemAuthenticated": True}},
        {"rbacBindingConfig": {"enableInsecureBindingSystemAuthenticated": False, "enableInsecureBindingSystemUnauthenticated": True}},
    ],
    unknown=[{"rbacBindingConfig": UNKNOWN}, {"rbacBindingConfig": {"enableInsecureBindingSystemUnauthenticated": UNKNOWN}}],
)
def roles_are_bound_to_someone(cluster: Resource) -> Verdict:
    """Nobody asks for roles to be bound to everyone."""
    flags = cluster.rbacBindingConfig
    opened = (flags.enableInsecureBindingSystemAuthenticated, flags.enableInsecureBindingSystemUnauthenticated)
    return all_of(~flag.is_true() for flag in opened)


@rule(
    "gcp-gke-anonymous-access",
    Severity.MEDIUM,
    CLUSTER,
    why="By default the API server answers anonymous callers wherever a binding lets them; nothing but health checks needs that.",
    fix='Set `anonymous_authentication_config={"mode": "LIMITED"}`.',
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster", "cis-gke-1.9:4.1.10"),
    good=[{"anonymousAuthenticationConfig": {"mode": "LIMITED"}}, {"enableAutopilot": True}, {}],
    bad=[{"anonymousAuthenticationConfig": {"mode": "ENABLED"}}],
    unknown=[{"anonymousAuthenticationConfig": UNKNOWN}],
)
def strangers_get_health_checks_alone(cluster: Resource) -> Verdict:
    """Nobody asks for anonymous access beyond health checks."""
    return ~cluster.anonymousAuthenticationConfig.mode.is_one_of("ENABLED")


@rule(
    "gcp-gke-external-ips",
    Severity.MEDIUM,
    CLUSTER,
    why="Whoever may make a Service with external IPs can catch other pods' traffic to any address (CVE-2020-8554).",
    fix='Set `service_external_ips_config={"enabled": False}`, or leave it out.',
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster",),
    good=[{}, {"serviceExternalIpsConfig": {"enabled": False}}],
    bad=[{"serviceExternalIpsConfig": {"enabled": True}}],
    unknown=[{"serviceExternalIpsConfig": UNKNOWN}],
)
def services_take_no_foreign_address(cluster: Resource) -> Verdict:
    """Services may not claim external addresses by themselves."""
    return ~cluster.serviceExternalIpsConfig.enabled.is_true()
