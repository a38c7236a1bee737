"""Clusters: who reaches the API server, and as whom."""

from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.azure.words import means
from lepton_policies.shared.production import is_production

_CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
_OPEN: Final = "0.0.0.0/0"
"""Whom AKS lets in where no ranges are said (AKS, "API server authorized IP ranges")."""
_PROD: Final = {"tags": {"environment": "prod"}}


@rule(
    "az-aks-api-open",
    Severity.CRITICAL,
    _CLUSTER,
    why="An API server open to the world is probed within minutes; one leaked token or one unpatched flaw is then enough.",
    fix='Set `api_server_access_profile={"enable_private_cluster": True}`, or list your own addresses in its `authorized_ip_ranges`.',
    references=(
        "checkov:CKV_AZURE_115",
        "checkov:CKV_AZURE_6",
        "trivy:AZU-0065",
        "trivy:AZU-0041",
        "prowler:aks_clusters_public_access_disabled",
        "cis-aks-1.8:5.4.1",
        "cis-aks-1.8:5.4.2",
    ),
    good=[
        {"apiServerAccessProfile": {"enablePrivateCluster": True}},
        {"apiServerAccessProfile": {"enablePrivateCluster": "true", "authorizedIPRanges": ["0.0.0.0/0"]}},
        {"apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24", "198.51.100.7"]}},
        {"apiServerAccessProfile": {"authorizedIPRanges": ["0.0.0.0/32"]}},
    ],
    bad=[
        {"dnsPrefix": "gpu"},
        {"apiServerAccessProfile": {"enablePrivateCluster": False, "authorizedIPRanges": []}},
        {"apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24", "0.0.0.0/0"]}},
        {"apiServerAccessProfile": {"authorizedIPRanges": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"apiServerAccessProfile": {"authorizedIPRanges": [UNKNOWN, "0.0.0.0/0"]}},
        {"apiServerAccessProfile": {"enableVnetIntegration": True, "enablePrivateClusterPublicFQDN": False}},
    ],
    unknown=[
        {"apiServerAccessProfile": UNKNOWN},
        {"apiServerAccessProfile": {"enablePrivateCluster": UNKNOWN}},
        {"apiServerAccessProfile": {"authorizedIPRanges": ["203.0.113.0/24", UNKNOWN]}},
    ],
)
def api_server_is_not_open(cluster: Resource) -> Verdict:
    """The API server is not open to the world."""
    access = cluster.apiServerAccessProfile
    return ~is_world(access.authorizedIPRanges.or_default(_OPEN)) | access.enablePrivateCluster.is_true()


@rule(
    "az-aks-local-accounts",
    Severity.MEDIUM,
    _CLUSTER,
    why="The local admin certificate bypasses Entra: no second factor, no name in the log, and it cannot be taken back from one person.",
    fix="Set `disable_local_accounts=True`.",
    references=(
        "checkov:CKV_AZURE_141",
        "prowler:aks_cluster_local_accounts_disabled",
    ),
    good=[{"disableLocalAccounts": True}],
    bad=[{"dnsPrefix": "gpu"}, {"disableLocalAccounts": False}],
    unknown=[{"disableLocalAccounts": UNKNOWN}],
)
def no_local_accounts(cluster: Resource) -> Verdict:
    """A cluster has no accounts of its own."""
    return cluster.disableLocalAccounts.is_true()


@rule(
    "az-aks-rbac",
    Severity.HIGH,
    _CLUSTER,
    why="Without RBAC whoever may enter the cluster is its administrator, and so is every pod's token.",
    fix="Remove `enable_rbac=False`; it can only be set when the cluster is made.",
    references=("checkov:CKV_AZURE_5", "trivy:AZU-0042", "prowler:aks_cluster_rbac_enabled"),
    good=[{"enableRBAC": True}, {"dnsPrefix": "gpu"}],
    bad=[{"enableRBAC": False}, {"enableRBAC": "false"}],
    unknown=[{"enableRBAC": UNKNOWN}],
)
def rbac_is_on(cluster: Resource) -> Verdict:
    """Kubernetes RBAC is not switched off."""
    return ~cluster.enableRBAC.is_false()


@rule(
    "az-aks-entra",
    Severity.MEDIUM,
    _CLUSTER,
    why="People who leave the company keep a cluster whose users are not those of Entra; roles outside Azure RBAC are reviewed by nobody.",
    fix='Set `aad_profile={"managed": True, "enable_azure_rbac": True}`.',
    references=("cis-aks-1.8:5.2.2", "cis-aks-1.8:5.5.1"),
    good=[{"aadProfile": {"managed": True, "enableAzureRBAC": True}}],
    bad=[
        {"dnsPrefix": "gpu"},
        {"aadProfile": {"managed": True, "adminGroupObjectIDs": ["g"]}},
        {"aadProfile": {"managed": True, "enableAzureRBAC": False}},
        {"aadProfile": {"clientAppID": "c", "serverAppID": "s", "enableAzureRBAC": True}},
    ],
    unknown=[{"aadProfile": UNKNOWN}, {"aadProfile": {"managed": True, "enableAzureRBAC": UNKNOWN}}],
)
def users_are_those_of_entra(cluster: Resource) -> Verdict:
    """A cluster's users and their rights are those of Entra and Azure RBAC."""
    return cluster.aadProfile.managed.is_true() & cluster.aadProfile.enableAzureRBAC.is_true()


@rule(
    "az-aks-workload-identity",
    Severity.MEDIUM,
    _CLUSTER,
    why="Without workload identity pods use secrets, or the identity of their node, which every pod on it then has.",
    fix='Set `oidc_issuer_profile={"enabled": True}` and `security_profile={"workload_identity": {"enabled": True}}`.',
    references=("cis-aks-1.8:5.2.1",),
    good=[{"oidcIssuerProfile": {"enabled": True}, "securityProfile": {"workloadIdentity": {"enabled": True}}}],
    bad=[
        {"dnsPrefix": "gpu"},
        {"oidcIssuerProfile": {"enabled": True}},
        {"oidcIssuerProfile": {"enabled": False}, "securityProfile": {"workloadIdentity": {"enabled": True}}},
    ],
    unknown=[
        {"oidcIssuerProfile": {"enabled": True}, "securityProfile": UNKNOWN},
        {"oidcIssuerProfile": {"enabled": UNKNOWN}, "securityProfile": {"workloadIdentity": {"enabled": True}}},
    ],
)
def pods_have_their_own_identity(cluster: Resource) -> Verdict:
    """Pods get identities of their own."""
    return cluster.oidcIssuerProfile.enabled.is_true() & cluster.securityProfile.workloadIdentity.enabled.is_true()


@rule(
    "az-aks-pod-identity",
    Severity.MEDIUM,
    _CLUSTER,
    why="Pod-managed identity is retired, and on kubenet any pod can take any other's identity by forging an ARP answer.",
    fix="Remove `pod_identity_profile`, and use workload identity.",
    references=("https://learn.microsoft.com/azure/aks/use-azure-ad-pod-identity",),
    good=[{"dnsPrefix": "gpu"}, {"podIdentityProfile": {"enabled": False}}],
    bad=[{"podIdentityProfile": {"enabled": True}}, {"podIdentityProfile": {"enabled": "true", "allowNetworkPluginKubenet": True}}],
    unknown=[{"podIdentityProfile": UNKNOWN}],
)
def pod_identity_is_gone(cluster: Resource) -> Verdict:
    """The retired pod-managed identity is not used."""
    return ~cluster.podIdentityProfile.enabled.is_true()


@rule(
    "az-aks-service-principal",
    Severity.MEDIUM,
    _CLUSTER,
    why="A service principal's secret lies in plain text on every node, and the cluster stops when it expires.",
    fix='Set `identity={"type": "SystemAssigned"}` or "UserAssigned", and remove `service_principal_profile`.',
    references=("https://learn.microsoft.com/azure/aks/use-managed-identity",),
    good=[{"identity": {"type": "SystemAssigned"}}, {"identity": {"type": "UserAssigned", "userAssignedIdentities": [UNKNOWN]}}],
    bad=[
        {"dnsPrefix": "gpu"},
        {"servicePrincipalProfile": {"clientId": "6b1f", "secret": UNKNOWN}},
        {"identity": {"type": "None"}},
    ],
    unknown=[{"identity": UNKNOWN}, {"identity": {"type": UNKNOWN}}],
)
def cluster_has_a_managed_identity(cluster: Resource) -> Verdict:
    """A cluster acts by a managed identity."""
    return means(cluster.identity.type, "SystemAssigned", "UserAssigned")


@rule(
    "az-aks-run-command",
    Severity.LOW,
    _CLUSTER,
    why="`az aks command invoke` runs anything as cluster administrator past the private network, for whoever has one Azure role.",
    fix='Set `api_server_access_profile={"disable_run_command": True}`.',
    references=("https://learn.microsoft.com/azure/aks/access-private-cluster",),
    good=[{"apiServerAccessProfile": {"disableRunCommand": True}, **_PROD}, {"tags": {"environment": "dev"}}],
    bad=[_PROD, {"apiServerAccessProfile": {"disableRunCommand": False}, "tags": {"Environment": "Production"}}],
    unknown=[{"apiServerAccessProfile": UNKNOWN, **_PROD}, {"tags": UNKNOWN}],
)
def commands_come_by_the_front_door(cluster: Resource) -> Verdict:
    """In production nobody runs commands in the cluster past its network."""
    return is_production(cluster).implies(cluster.apiServerAccessProfile.disableRunCommand.is_true())


@rule(
    "az-aks-tier",
    Severity.LOW,
    _CLUSTER,
    why="The free tier has no uptime promise and few API server replicas: it fails first when a hundred GPU nodes come at once.",
    fix='Set `sku={"name": "Base", "tier": "Standard"}`, about 0.10 $ an hour.',
    references=("checkov:CKV_AZURE_170",),
    good=[{"sku": {"tier": "Standard"}, **_PROD}, {"sku": {"name": "Base", "tier": "premium"}, **_PROD}, {"sku": {"tier": "Free"}}],
    bad=[_PROD, {"sku": {"name": "Base", "tier": "Free"}, **_PROD}],
    unknown=[{"sku": UNKNOWN, **_PROD}, {"sku": {"tier": "Free"}, "tags": UNKNOWN}],
)
def production_is_not_free(cluster: Resource) -> Verdict:
    """A cluster in production has a tier with an uptime promise."""
    return is_production(cluster).implies(means(cluster.sku.tier.or_default("Free"), "Standard", "Premium"))
