"""Key vaults and registries: who reaches keys, secrets and images, and whether they can be got back."""

from collections.abc import Mapping
from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource
from lepton_policies.azure.words import means

_VAULT: Final = "azure-native:keyvault:Vault"
_KEY: Final = "azure-native:keyvault:Key"
_SECRET: Final = "azure-native:keyvault:Secret"  # noqa: S105 (a type, no password)
_EXPIRES: Final = {"attributes": {"expires": 1924992000}}


def _with(properties: Mapping[str, object]) -> dict[str, object]:
    return {"resourceGroupName": "rg", "properties": properties}


@rule(
    "az-kv-purge",
    Severity.MEDIUM,
    _VAULT,
    why="Who deletes and purges the key of encrypted weights has deleted the weights.",
    fix="Set `enable_purge_protection=True` in `properties`; it cannot be taken back.",
    references=("checkov:CKV_AZURE_110", "checkov:CKV_AZURE_42", "trivy:AZU-0016", "prowler:keyvault_recoverable", "cis-azure-6.0:8.3.5"),
    good=[_with({"enablePurgeProtection": True, "enableSoftDelete": True}), _with({"enablePurgeProtection": "true"})],
    bad=[_with({}), _with({"enablePurgeProtection": False}), _with({"enablePurgeProtection": True, "enableSoftDelete": False})],
    unknown=[{"properties": UNKNOWN}, _with({"enablePurgeProtection": UNKNOWN})],
)
def keys_cannot_be_purged(vault: Resource) -> Verdict:
    """Deleted keys and secrets can be brought back."""
    return vault.properties.enablePurgeProtection.is_true() & ~vault.properties.enableSoftDelete.is_false()


@rule(
    "az-kv-rbac",
    Severity.MEDIUM,
    _VAULT,
    why="Access policies are of the vault alone: contributors may write themselves in, and no review of roles sees them.",
    fix="Set `enable_rbac_authorization=True` in `properties`.",
    references=("cis-azure-6.0:8.3.6", "prowler:keyvault_rbac_enabled"),
    good=[_with({"enableRbacAuthorization": True})],
    bad=[_with({}), _with({"enableRbacAuthorization": False}), _with({"accessPolicies": [{"objectId": "o", "tenantId": "t"}]})],
    unknown=[{"properties": UNKNOWN}, _with({"enableRbacAuthorization": UNKNOWN})],
)
def vault_knows_roles(vault: Resource) -> Verdict:
    """A vault is opened by roles."""
    return vault.properties.enableRbacAuthorization.is_true()


@rule(
    "az-kv-network",
    Severity.HIGH,
    _VAULT,
    why="Without a firewall that denies by default a stolen token opens the vault from anywhere.",
    fix='Set `network_acls={"default_action": "Deny", "bypass": "AzureServices", ...}`, or `public_network_access="Disabled"`.',
    references=("checkov:CKV_AZURE_109", "trivy:AZU-0013"),
    good=[_with({"networkAcls": {"defaultAction": "Deny"}}), _with({"publicNetworkAccess": "Disabled"})],
    bad=[
        _with({}),
        _with({"networkAcls": {"defaultAction": "Allow"}}),
        _with({"publicNetworkAccess": "enabled", "networkAcls": {"bypass": "None"}}),
    ],
    unknown=[_with({"networkAcls": UNKNOWN}), _with({"networkAcls": {"defaultAction": UNKNOWN}})],
)
def vault_lists_its_networks(vault: Resource) -> Verdict:
    """A vault that is on the internet answers only the networks that it lists."""
    properties = vault.properties
    return means(properties.networkAcls.defaultAction.or_default("Allow"), "Deny") | means(properties.publicNetworkAccess, "Disabled")


@rule(
    "az-kv-public",
    Severity.MEDIUM,
    _VAULT,
    why="With a public endpoint one wrong firewall rule is enough; with a private one the thief has to be inside first.",
    fix='Set `public_network_access="Disabled"` in `properties`, and add an `azure_native.network.PrivateEndpoint`.',
    references=("checkov:CKV_AZURE_189", "prowler:keyvault_private_endpoints", "cis-azure-6.0:8.3.7"),
    good=[_with({"publicNetworkAccess": "disabled"}), _with({"publicNetworkAccess": "Disabled"})],
    bad=[_with({}), _with({"publicNetworkAccess": "enabled", "networkAcls": {"defaultAction": "Deny"}})],
    unknown=[_with({"publicNetworkAccess": UNKNOWN}), {"properties": UNKNOWN}],
)
def vault_is_off_the_internet(vault: Resource) -> Verdict:
    """A vault has no public endpoint."""
    return means(vault.properties.publicNetworkAccess.or_default("enabled"), "Disabled")


@rule(
    "az-kv-key-expiry",
    Severity.MEDIUM,
    _KEY,
    why="A key without an end is never renewed, and what was taken of it is good for ever.",
    fix='Set `attributes={"expires": ...}` in `properties`, in seconds since 1970.',
    references=("checkov:CKV_AZURE_40", "trivy:AZU-0014", "cis-azure-6.0:8.3.1"),
    good=[_with({**_EXPIRES}), _with({"attributes": {"expires": "1924992000"}})],
    bad=[_with({"kty": "RSA"}), _with({"attributes": {"enabled": True}})],
    unknown=[_with({"attributes": UNKNOWN}), _with({"attributes": {"expires": UNKNOWN}})],
)
def key_ends(key: Resource) -> Verdict:
    """A key has an end."""
    return key.properties.attributes.expires.is_set()


@rule(
    "az-kv-secret-expiry",
    Severity.MEDIUM,
    _SECRET,
    why="A token for a model hub that never ends is rotated when it has been stolen, and not before.",
    fix='Set `attributes={"expires": ...}` in `properties`, in seconds since 1970.',
    references=("checkov:CKV_AZURE_41", "trivy:AZU-0017", "cis-azure-6.0:8.3.3"),
    good=[_with({**_EXPIRES, "value": UNKNOWN})],
    bad=[_with({"value": UNKNOWN}), _with({"attributes": {"enabled": True}})],
    unknown=[_with({"attributes": UNKNOWN}), _with({"attributes": {"expires": UNKNOWN}})],
)
def secret_ends(secret: Resource) -> Verdict:
    """A secret has an end."""
    return secret.properties.attributes.expires.is_set()


@rule(
    "az-kv-key-rotation",
    Severity.LOW,
    _KEY,
    why="A key that has to be renewed by hand is renewed after the outage.",
    fix='Set `rotation_policy={"lifetime_actions": [{"action": {"type": "rotate"}, "trigger": {...}}]}` in `properties`.',
    references=("cis-azure-6.0:8.3.9", "prowler:keyvault_key_rotation_enabled"),
    good=[_with({"rotationPolicy": {"lifetimeActions": [{"action": {"type": "notify"}}, {"action": {"type": "Rotate"}}]}})],
    bad=[_with({"kty": "RSA"}), _with({"rotationPolicy": {"lifetimeActions": [{"action": {"type": "notify"}}]}})],
    unknown=[_with({"rotationPolicy": UNKNOWN}), _with({"rotationPolicy": {"lifetimeActions": [{"action": UNKNOWN}]}})],
)
def key_renews_itself(key: Resource) -> Verdict:
    """A key is rotated by the vault."""
    policy = key.properties.rotationPolicy
    rotates = any_of(means(one.action.type, "rotate") for one in policy.lifetimeActions)
    return rotates if rotates.facts else policy.fail_because("rotates nothing")
