"""Container registries: who pulls, who pushes, and what piles up."""

from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.azure.words import means
from lepton_policies.shared.keys import WHY_OWN_KEY

_REGISTRY: Final = "azure-native:containerregistry:Registry"
_SKU: Final = {"sku": {"name": "Premium"}}


@rule(
    "az-acr-admin",
    Severity.HIGH,
    _REGISTRY,
    why="The admin user is one password for all: who has it pushes an image that every GPU node then runs.",
    fix="Remove `admin_user_enabled=True`, and give identities the roles AcrPull and AcrPush.",
    references=("checkov:CKV_AZURE_137", "prowler:containerregistry_admin_user_disabled"),
    good=[_SKU, {"adminUserEnabled": False}],
    bad=[{"adminUserEnabled": True}, {**_SKU, "adminUserEnabled": "true"}],
    unknown=[{"adminUserEnabled": UNKNOWN}],
)
def no_admin_user(registry: Resource) -> Verdict:
    """A registry has no admin user."""
    return ~registry.adminUserEnabled.is_true()


@rule(
    "az-acr-anonymous",
    Severity.HIGH,
    _REGISTRY,
    why="Everybody may pull: images carry code, model weights, and now and then a token.",
    fix="Remove `anonymous_pull_enabled=True`.",
    references=("checkov:CKV_AZURE_138",),
    good=[_SKU, {"anonymousPullEnabled": False}],
    bad=[{"anonymousPullEnabled": True}],
    unknown=[{"anonymousPullEnabled": UNKNOWN}],
)
def nobody_pulls_unnamed(registry: Resource) -> Verdict:
    """A registry asks who pulls."""
    return ~registry.anonymousPullEnabled.is_true()


@rule(
    "az-acr-public",
    Severity.MEDIUM,
    _REGISTRY,
    why="With a public endpoint a leaked token pulls and pushes from anywhere.",
    fix='Set `public_network_access="Disabled"` with a private endpoint, or `network_rule_set={"default_action": "Deny", ...}`.',
    references=("checkov:CKV_AZURE_139", "prowler:containerregistry_not_publicly_accessible"),
    good=[{**_SKU, "publicNetworkAccess": "Disabled"}, {**_SKU, "networkRuleSet": {"defaultAction": "Deny"}}],
    bad=[_SKU, {"publicNetworkAccess": "Enabled"}, {"networkRuleSet": {"defaultAction": "Allow"}}],
    unknown=[{"publicNetworkAccess": UNKNOWN}, {"networkRuleSet": UNKNOWN}],
)
def registry_is_off_the_internet(registry: Resource) -> Verdict:
    """A registry answers no network that it does not list."""
    listed = means(registry.networkRuleSet.defaultAction, "Deny")
    return means(registry.publicNetworkAccess.or_default("Enabled"), "Disabled") | listed


@rule(
    "az-acr-retention",
    Severity.LOW,
    _REGISTRY,
    why="Every build leaves an untagged image of up to 20 GB of CUDA behind, and each is billed by the day.",
    fix='Set `policies={"retention_policy": {"status": "enabled", "days": 7}}` (Premium).',
    references=("checkov:CKV_AZURE_167",),
    good=[{**_SKU, "policies": {"retentionPolicy": {"status": "enabled", "days": 7}}}],
    bad=[_SKU, {"policies": {"retentionPolicy": {"status": "disabled", "days": 7}}}],
    unknown=[{"policies": UNKNOWN}, {"policies": {"retentionPolicy": {"status": UNKNOWN}}}],
)
def old_images_go(registry: Resource) -> Verdict:
    """Untagged images are deleted in time."""
    return means(registry.policies.retentionPolicy.status, "enabled")


@rule(
    "az-acr-export",
    Severity.LOW,
    _REGISTRY,
    why="A registry that is closed to the internet still copies images into any other registry, unless export is off.",
    fix='Set `policies={"export_policy": {"status": "disabled"}}`, with `public_network_access="Disabled"`.',
    references=("https://learn.microsoft.com/azure/container-registry/data-loss-prevention",),
    good=[{"publicNetworkAccess": "Disabled", "policies": {"exportPolicy": {"status": "disabled"}}}, _SKU],
    bad=[{"publicNetworkAccess": "Disabled"}, {"publicNetworkAccess": "disabled", "policies": {"exportPolicy": {"status": "enabled"}}}],
    unknown=[{"publicNetworkAccess": UNKNOWN}, {"publicNetworkAccess": "Disabled", "policies": UNKNOWN}],
)
def closed_registry_exports_nothing(registry: Resource) -> Verdict:
    """A registry that is closed lets no copy of an image out either."""
    is_closed = means(registry.publicNetworkAccess, "Disabled")
    return is_closed.implies(means(registry.policies.exportPolicy.status.or_default("enabled"), "disabled"))


@rule(
    "az-acr-cmk",
    Severity.LOW,
    _REGISTRY,
    why=WHY_OWN_KEY,
    fix='Set `encryption={"status": "enabled", "key_vault_properties": {...}}` when the registry is made.',
    references=("https://learn.microsoft.com/azure/container-registry/tutorial-enable-customer-managed-keys",),
    good=[{"encryption": {"status": "enabled", "keyVaultProperties": {"keyIdentifier": UNKNOWN}}}],
    bad=[_SKU, {"encryption": {"status": "disabled"}}],
    unknown=[{"encryption": UNKNOWN}, {"encryption": {"status": UNKNOWN}}],
)
def registry_key_is_ours(registry: Resource) -> Verdict:
    """A registry is encrypted by a key of one's own."""
    return means(registry.encryption.status, "enabled")
