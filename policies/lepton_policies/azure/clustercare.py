"""What keeps a cluster in order: its network policy, its records, its keys, its updates."""

from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.azure.words import means
from lepton_policies.shared.keys import WHY_OWN_KEY
from lepton_policies.shared.production import is_production

_CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
_PROD: Final = {"tags": {"environment": "prod"}}
_BARE: Final = {"dnsPrefix": "gpu"}


def _addons(cluster: Resource, name: str) -> list[View]:
    """Return what stands under an add-on's name, which AKS writes in different cases; an unknown map may hold it."""
    profiles = cluster.addonProfiles
    if profiles.raw_value() is UNKNOWN:
        return [profiles]
    return [addon for key, addon in profiles.map_items() if key.lower() == name.lower()]


def _is_on(cluster: Resource, name: str) -> Verdict:
    found = any_of(addon.enabled.is_true() for addon in _addons(cluster, name))
    return found if found.facts else cluster.addonProfiles.fail_because(f"has no '{name}'")


@rule(
    "az-aks-network-policy",
    Severity.MEDIUM,
    _CLUSTER,
    why="Without network policies every pod reaches every other: one stolen notebook talks to all model servers and their metrics.",
    fix='Set `network_profile={"network_policy": "cilium", "network_dataplane": "cilium", ...}`, or "azure" or "calico".',
    references=("checkov:CKV_AZURE_7", "trivy:AZU-0043", "prowler:aks_network_policy_enabled", "cis-aks-1.8:5.4.4"),
    good=[
        {"networkProfile": {"networkPolicy": "calico"}},
        {"networkProfile": {"networkPolicy": "Azure"}},
        {"networkProfile": {"networkPlugin": "azure", "networkDataplane": "cilium"}},
    ],
    bad=[
        _BARE,
        {"networkProfile": {"networkPolicy": "none"}},
        {"networkProfile": {"networkPlugin": "kubenet"}},
        {"networkProfile": {"networkPolicy": "none", "networkDataplane": "cilium"}},
    ],
    unknown=[
        {"networkProfile": UNKNOWN},
        {"networkProfile": {"networkPolicy": UNKNOWN}},
        {"networkProfile": {"networkDataplane": UNKNOWN}},
    ],
)
def pods_are_kept_apart(cluster: Resource) -> Verdict:
    """A cluster enforces network policies; Cilium's dataplane does by itself."""
    network = cluster.networkProfile
    by_itself = means(network.networkDataplane, "cilium") & network.networkPolicy.is_absent()
    return means(network.networkPolicy, "azure", "calico", "cilium") | by_itself


@rule(
    "az-aks-logging",
    Severity.MEDIUM,
    _CLUSTER,
    why="What a cluster does not send out is gone with the node: nobody can say afterwards what ran, or when a GPU began to fail.",
    fix='Set `addon_profiles={"omsagent": {"enabled": True, ...}}` or `azure_monitor_profile={"metrics": {"enabled": True}}`.',
    references=("checkov:CKV_AZURE_4", "trivy:AZU-0040", "prowler:aks_cluster_azure_monitor_enabled", "cis-aks-1.8:2.1.1"),
    good=[
        {"addonProfiles": {"omsagent": {"enabled": True, "config": {"logAnalyticsWorkspaceResourceID": UNKNOWN}}}},
        {"addonProfiles": {"omsAgent": {"enabled": "true"}, "azurepolicy": {"enabled": False}}},
        {"azureMonitorProfile": {"metrics": {"enabled": True}}},
    ],
    bad=[
        _BARE,
        {"addonProfiles": {"omsagent": {"enabled": False}}},
        {"addonProfiles": {"azurepolicy": {"enabled": True}}, "azureMonitorProfile": {"metrics": {"enabled": False}}},
    ],
    unknown=[{"addonProfiles": UNKNOWN}, {"addonProfiles": {"omsagent": {"enabled": UNKNOWN}}}, {"azureMonitorProfile": UNKNOWN}],
)
def cluster_is_watched(cluster: Resource) -> Verdict:
    """A cluster sends its logs or metrics to Azure Monitor."""
    return _is_on(cluster, "omsagent") | cluster.azureMonitorProfile.metrics.enabled.is_true()


@rule(
    "az-aks-policy-addon",
    Severity.LOW,
    _CLUSTER,
    why="Without an admission policy a privileged pod is one manifest away, whoever may deploy.",
    fix='Set `addon_profiles={"azurepolicy": {"enabled": True}}`.',
    references=("checkov:CKV_AZURE_116", "trivy:AZU-0066"),
    good=[{"addonProfiles": {"azurepolicy": {"enabled": True}}}, {"addonProfiles": {"azurePolicy": {"enabled": True}}}],
    bad=[_BARE, {"addonProfiles": {"azurepolicy": {"enabled": False}}}, {"addonProfiles": {"omsagent": {"enabled": True}}}],
    unknown=[{"addonProfiles": UNKNOWN}, {"addonProfiles": {"azurepolicy": UNKNOWN}}],
)
def admission_is_watched(cluster: Resource) -> Verdict:
    """Azure Policy looks at what is deployed."""
    return _is_on(cluster, "azurepolicy")


@rule(
    "az-aks-secret-rotation",
    Severity.LOW,
    _CLUSTER,
    why="A secret that was renewed in the vault stays old in the pods, until somebody restarts them or the old one is refused.",
    fix='Set `config={"enableSecretRotation": "true"}` on the add-on azureKeyvaultSecretsProvider.',
    references=("checkov:CKV_AZURE_172",),
    good=[
        {"addonProfiles": {"azureKeyvaultSecretsProvider": {"enabled": True, "config": {"enableSecretRotation": "true"}}}},
        {"addonProfiles": {"azureKeyvaultSecretsProvider": {"enabled": False}}},
        _BARE,
    ],
    bad=[
        {"addonProfiles": {"azureKeyvaultSecretsProvider": {"enabled": True}}},
        {"addonProfiles": {"azurekeyvaultsecretsprovider": {"enabled": True, "config": {"enableSecretRotation": "false"}}}},
    ],
    unknown=[{"addonProfiles": UNKNOWN}, {"addonProfiles": {"azureKeyvaultSecretsProvider": {"enabled": True, "config": UNKNOWN}}}],
)
def secrets_are_renewed(cluster: Resource) -> Verdict:
    """Secrets mounted from the vault follow it."""
    mounted = _addons(cluster, "azureKeyvaultSecretsProvider")
    return ~any_of(addon.enabled.is_true() & ~addon.config.enableSecretRotation.is_true() for addon in mounted)


@rule(
    "az-aks-kms",
    Severity.MEDIUM,
    _CLUSTER,
    why="Tokens for model hubs and registries lie in etcd under a key that is not yours; who gets a copy of it has them.",
    fix='Set `security_profile={"azure_key_vault_kms": {"enabled": True, "key_id": ...}}`.',
    references=("cis-aks-1.8:5.3.1",),
    good=[
        {"securityProfile": {"azureKeyVaultKms": {"enabled": True, "keyId": UNKNOWN}}, **_PROD},
        {"tags": {"environment": "dev"}},
        _BARE,
    ],
    bad=[_PROD, {"securityProfile": {"azureKeyVaultKms": {"enabled": False}}, **_PROD}],
    unknown=[{"securityProfile": UNKNOWN, **_PROD}, {"tags": {"environment": UNKNOWN}}],
)
def secrets_are_encrypted(cluster: Resource) -> Verdict:
    """In production secrets in etcd are encrypted by a key of one's own."""
    return is_production(cluster).implies(cluster.securityProfile.azureKeyVaultKms.enabled.is_true())


@rule(
    "az-aks-defender",
    Severity.LOW,
    _CLUSTER,
    why="A miner on a GPU node looks like a job; only what watches processes and connections tells the two apart.",
    fix='Set `security_profile={"defender": {"security_monitoring": {"enabled": True}, ...}}`.',
    references=("https://learn.microsoft.com/azure/defender-for-cloud/defender-for-containers-introduction",),
    good=[{"securityProfile": {"defender": {"securityMonitoring": {"enabled": True}}}, **_PROD}, _BARE],
    bad=[_PROD, {"securityProfile": {"defender": {"logAnalyticsWorkspaceResourceId": "w"}}, **_PROD}],
    unknown=[{"securityProfile": UNKNOWN, **_PROD}, {"tags": UNKNOWN}],
)
def somebody_looks_for_intruders(cluster: Resource) -> Verdict:
    """In production Defender watches what runs."""
    return is_production(cluster).implies(cluster.securityProfile.defender.securityMonitoring.enabled.is_true())


@rule(
    "az-aks-upgrade-channel",
    Severity.LOW,
    _CLUSTER,
    why="A version of Kubernetes is supported for a year; a cluster that nobody upgrades misses patches, and then must jump.",
    fix='Set `auto_upgrade_profile={"upgrade_channel": "patch", "node_os_upgrade_channel": "NodeImage"}`.',
    references=("checkov:CKV_AZURE_171",),
    good=[
        {"autoUpgradeProfile": {"upgradeChannel": "patch"}},
        {"autoUpgradeProfile": {"upgradeChannel": "Stable", "nodeOSUpgradeChannel": "SecurityPatch"}},
    ],
    bad=[
        _BARE,
        {"autoUpgradeProfile": {"upgradeChannel": "none"}},
        {"autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"}},
        {"autoUpgradeProfile": {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "None"}},
    ],
    unknown=[{"autoUpgradeProfile": UNKNOWN}, {"autoUpgradeProfile": {"upgradeChannel": UNKNOWN}}],
)
def cluster_stays_new(cluster: Resource) -> Verdict:
    """Kubernetes and the nodes' system are upgraded by themselves; the latter is the default."""
    profile = cluster.autoUpgradeProfile
    channel = means(profile.upgradeChannel, "rapid", "stable", "patch", "node-image")
    return channel & ~means(profile.nodeOSUpgradeChannel, "None", "Unmanaged")


@rule(
    "az-aks-des",
    Severity.LOW,
    _CLUSTER,
    why=WHY_OWN_KEY,
    fix="Set `disk_encryption_set_id`; it can only be set when the cluster is made.",
    references=("checkov:CKV_AZURE_117", "trivy:AZU-0067"),
    good=[{"diskEncryptionSetID": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/diskEncryptionSets/gpu"}],
    bad=[_BARE, {"diskEncryptionSetID": ""}],
    unknown=[{"diskEncryptionSetID": UNKNOWN}],
)
def node_disks_have_our_key(cluster: Resource) -> Verdict:
    """The disks of a cluster's nodes are encrypted by a key of one's own."""
    return cluster.diskEncryptionSetID.is_set()


@rule(
    "az-aks-image-cleaner",
    Severity.LOW,
    _CLUSTER,
    why="Images of CUDA stacks are tens of gigabytes; old ones with known flaws stay on the node and fill its disk until pods are evicted.",
    fix='Set `security_profile={"image_cleaner": {"enabled": True, "interval_hours": 168}}`.',
    references=("https://learn.microsoft.com/azure/aks/image-cleaner",),
    good=[{"securityProfile": {"imageCleaner": {"enabled": True, "intervalHours": 168}}}],
    bad=[_BARE, {"securityProfile": {"imageCleaner": {"enabled": False}}}],
    unknown=[{"securityProfile": UNKNOWN}, {"securityProfile": {"imageCleaner": {"enabled": UNKNOWN}}}],
)
def old_images_are_removed(cluster: Resource) -> Verdict:
    """Images that nothing uses are removed from the nodes."""
    return cluster.securityProfile.imageCleaner.enabled.is_true()
