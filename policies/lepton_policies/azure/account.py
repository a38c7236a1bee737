"""Storage accounts: who reaches the weights and the data sets, and with what key."""

from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource
from lepton_policies.azure.words import means

_ACCOUNT: Final = "azure-native:storage:StorageAccount"
_CONTAINER: Final = "azure-native:storage:BlobContainer"
_SKU: Final = {"kind": "StorageV2", "sku": {"name": "Standard_ZRS"}}


def is_off(resource: Resource) -> Verdict:
    """Return whether an account is closed to public networks altogether; `SecuredByPerimeter` leaves it to a perimeter."""
    return means(resource.publicNetworkAccess, "Disabled", "SecuredByPerimeter")


@rule(
    "az-storage-container-public",
    Severity.CRITICAL,
    _CONTAINER,
    why="Whoever knows or guesses the address downloads the container: weights, data sets, checkpoints with credentials in them.",
    fix='Set `public_access="None"`, and hand out access by roles or short-lived user delegation SAS.',
    references=("checkov:CKV_AZURE_34", "trivy:AZU-0007", "prowler:storage_blob_public_access_level_is_disabled", "cis-azure-6.0:9.3.8"),
    good=[{"accountName": "weights", "publicAccess": "None"}, {"accountName": "weights"}],
    bad=[{"publicAccess": "Blob"}, {"publicAccess": "container"}],
    unknown=[{"publicAccess": UNKNOWN}],
)
def container_is_private(container: Resource) -> Verdict:
    """A container is not open to everyone."""
    return ~means(container.publicAccess, "Blob", "Container")


@rule(
    "az-storage-anonymous",
    Severity.HIGH,
    _ACCOUNT,
    why="As long as the account allows it, one careless container publishes everything in it; accounts of before November 2023 allow it "
    "where nothing is said.",
    fix="Set `allow_blob_public_access=False`.",
    references=(
        "checkov:CKV_AZURE_190",
        "checkov:CKV2_AZURE_47",
        "prowler:storage_blob_public_access_level_is_disabled",
        "cis-azure-6.0:9.3.8",
    ),
    good=[{**_SKU, "allowBlobPublicAccess": False}, {"allowBlobPublicAccess": "false"}],
    bad=[{**_SKU, "allowBlobPublicAccess": True}, _SKU],
    unknown=[{"allowBlobPublicAccess": UNKNOWN}],
)
def nobody_is_anonymous(account: Resource) -> Verdict:
    """An account says that no container may be public."""
    return account.allowBlobPublicAccess.is_false()


@rule(
    "az-storage-https",
    Severity.HIGH,
    _ACCOUNT,
    why="Over plain HTTP the account key's signature and the data go over the network for everybody to copy.",
    fix="Remove `enable_https_traffic_only=False`; it is true by default. NFS needs an account of its own.",
    references=("checkov:CKV_AZURE_3", "trivy:AZU-0008", "prowler:storage_secure_transfer_required_is_enabled", "cis-azure-6.0:9.3.4"),
    good=[{**_SKU, "enableHttpsTrafficOnly": True}, _SKU],
    bad=[{"enableHttpsTrafficOnly": False}, {"enableHttpsTrafficOnly": "False", "enableNfsV3": True}],
    unknown=[{"enableHttpsTrafficOnly": UNKNOWN}],
)
def only_https(account: Resource) -> Verdict:
    """An account answers HTTPS only."""
    return account.enableHttpsTrafficOnly.or_default(value=True).is_true()


@rule(
    "az-storage-tls",
    Severity.HIGH,
    _ACCOUNT,
    why="TLS 1.0 and 1.1 can be broken by who listens (RFC 8996 forbids them); where nothing is said the API reads TLS 1.0.",
    fix='Set `minimum_tls_version="TLS1_2"`.',
    references=("checkov:CKV_AZURE_44", "trivy:AZU-0011", "prowler:storage_ensure_minimum_tls_version_12", "cis-azure-6.0:9.3.6"),
    good=[{"minimumTlsVersion": "TLS1_2"}, {"minimumTlsVersion": "TLS1_3"}],
    bad=[{"minimumTlsVersion": "TLS1_1"}, {"minimumTlsVersion": "TLS1_0"}, _SKU],
    unknown=[{"minimumTlsVersion": UNKNOWN}],
)
def tls_is_new(account: Resource) -> Verdict:
    """An account demands TLS 1.2 at least."""
    return means(account.minimumTlsVersion.or_default("TLS1_0"), "TLS1_2", "TLS1_3")


@rule(
    "az-storage-public-network",
    Severity.MEDIUM,
    _ACCOUNT,
    why="With a public endpoint a stolen key works from anywhere; with a private one the thief has to be inside first.",
    fix='Set `public_network_access="Disabled"` and add an `azure_native.network.PrivateEndpoint`.',
    references=("checkov:CKV_AZURE_59", "cis-azure-6.0:9.3.2.2"),
    good=[{"publicNetworkAccess": "Disabled"}, {"publicNetworkAccess": "SecuredByPerimeter"}],
    bad=[{"publicNetworkAccess": "Enabled"}, _SKU, {"publicNetworkAccess": "Enabled", "networkRuleSet": {"defaultAction": "Deny"}}],
    unknown=[{"publicNetworkAccess": UNKNOWN}],
)
def account_is_off_the_internet(account: Resource) -> Verdict:
    """An account has no public endpoint."""
    return is_off(account)


@rule(
    "az-storage-default-deny",
    Severity.HIGH,
    _ACCOUNT,
    why="Without a firewall that denies by default every network in the world may try the account's keys.",
    fix='Set `network_rule_set={"default_action": "Deny", ...}` with your networks, or `public_network_access="Disabled"`.',
    references=("checkov:CKV_AZURE_35", "trivy:AZU-0012", "cis-azure-6.0:9.3.2.3"),
    good=[
        {"networkRuleSet": {"defaultAction": "Deny", "bypass": "AzureServices"}},
        {"publicNetworkAccess": "disabled"},
        {"publicNetworkAccess": "Enabled", "networkRuleSet": {"defaultAction": "deny"}},
    ],
    bad=[_SKU, {"networkRuleSet": {"defaultAction": "Allow"}}, {"publicNetworkAccess": "Enabled", "networkRuleSet": {"bypass": "None"}}],
    unknown=[{"networkRuleSet": UNKNOWN}, {"publicNetworkAccess": UNKNOWN, "networkRuleSet": {"defaultAction": "Allow"}}],
)
def networks_are_listed(account: Resource) -> Verdict:
    """An account that is on the internet answers only the networks that it lists."""
    return is_off(account) | means(account.networkRuleSet.defaultAction.or_default("Allow"), "Deny")


@rule(
    "az-storage-bypass",
    Severity.LOW,
    _ACCOUNT,
    why="A firewall that keeps Azure's own trusted services out breaks backup, logs and image builds, and somebody then opens it for all.",
    fix='Add "AzureServices" to `network_rule_set.bypass`.',
    references=(
        "checkov:CKV_AZURE_36",
        "trivy:AZU-0010",
        "prowler:storage_ensure_azure_services_are_trusted_to_access_is_enabled",
        "cis-azure-6.0:9.3.5",
    ),
    good=[
        {"networkRuleSet": {"defaultAction": "Deny"}},
        {"networkRuleSet": {"defaultAction": "Deny", "bypass": "Logging, AzureServices"}},
        {"networkRuleSet": {"defaultAction": "Allow", "bypass": "None"}},
    ],
    bad=[
        {"networkRuleSet": {"defaultAction": "Deny", "bypass": "None"}},
        {"networkRuleSet": {"defaultAction": "Deny", "bypass": "Metrics"}},
    ],
    unknown=[{"networkRuleSet": {"defaultAction": "Deny", "bypass": UNKNOWN}}, {"networkRuleSet": UNKNOWN}],
)
def trusted_services_pass(account: Resource) -> Verdict:
    """A firewall lets Azure's trusted services through."""
    rules = account.networkRuleSet
    words = rules.bypass.or_default("AzureServices")
    text = words.raw_value()
    parts = [words.read_as(part) for part in text.split(",")] if isinstance(text, str) else [words]
    return means(rules.defaultAction, "Deny").implies(any_of(means(part, "AzureServices") for part in parts))


@rule(
    "az-storage-shared-key",
    Severity.MEDIUM,
    _ACCOUNT,
    why="An account key opens everything, names nobody in the logs, and lies in more configuration files than anyone knows.",
    fix="Set `allow_shared_key_access=False` and use identities with roles.",
    references=("checkov:CKV2_AZURE_40", "cis-azure-6.0:9.3.1.3"),
    good=[{"allowSharedKeyAccess": False}],
    bad=[{"allowSharedKeyAccess": True}, _SKU],
    unknown=[{"allowSharedKeyAccess": UNKNOWN}],
)
def keys_are_refused(account: Resource) -> Verdict:
    """An account refuses its own keys."""
    return account.allowSharedKeyAccess.or_default(value=True).is_false()


@rule(
    "az-storage-cross-tenant",
    Severity.MEDIUM,
    _ACCOUNT,
    why="Object replication into another company's tenant copies every new blob out, for good, without one download in the logs.",
    fix="Set `allow_cross_tenant_replication=False`.",
    references=("cis-azure-6.0:9.3.7", "prowler:storage_cross_tenant_replication_disabled"),
    good=[{"allowCrossTenantReplication": False}],
    bad=[{"allowCrossTenantReplication": True}, _SKU],
    unknown=[{"allowCrossTenantReplication": UNKNOWN}],
)
def stays_in_the_tenant(account: Resource) -> Verdict:
    """An account says that nothing is replicated into another tenant; old accounts allow it where nothing is said."""
    return account.allowCrossTenantReplication.is_false()


@rule(
    "az-storage-oauth-default",
    Severity.LOW,
    _ACCOUNT,
    why="The portal asks for the account key unless it is told otherwise, so people are given keys in order to look at files.",
    fix="Set `default_to_o_auth_authentication=True`.",
    references=("cis-azure-6.0:9.3.3.1",),
    good=[{"defaultToOAuthAuthentication": True}],
    bad=[{"defaultToOAuthAuthentication": False}, _SKU],
    unknown=[{"defaultToOAuthAuthentication": UNKNOWN}],
)
def portal_asks_for_identity(account: Resource) -> Verdict:
    """The portal uses the identity of who looks."""
    return account.defaultToOAuthAuthentication.is_true()


@rule(
    "az-storage-local-users",
    Severity.LOW,
    _ACCOUNT,
    why="Local users of SFTP are passwords and keys outside Entra: no second factor, no conditional access, no leaver process.",
    fix="Remove `is_local_user_enabled=True` and `is_sftp_enabled=True`; copy with identities (azcopy).",
    references=("checkov:CKV_AZURE_244",),
    good=[{"isLocalUserEnabled": False, "isSftpEnabled": False}, _SKU],
    bad=[{"isLocalUserEnabled": True}, {"isSftpEnabled": "true", "isHnsEnabled": True}],
    unknown=[{"isLocalUserEnabled": UNKNOWN}, {"isSftpEnabled": UNKNOWN}],
)
def no_local_users(account: Resource) -> Verdict:
    """An account has no users of its own."""
    return ~(account.isLocalUserEnabled.is_true() | account.isSftpEnabled.is_true())


@rule(
    "az-storage-sas-policy",
    Severity.LOW,
    _ACCOUNT,
    why="A shared access signature is good for as long as its maker wrote, and years are written by habit.",
    fix='Set `sas_policy={"sas_expiration_period": "1.00:00:00", "expiration_action": "Block"}`, or refuse keys altogether.',
    references=("checkov:CKV2_AZURE_41",),
    good=[{"sasPolicy": {"sasExpirationPeriod": "1.00:00:00", "expirationAction": "Log"}}, {"allowSharedKeyAccess": False}],
    bad=[_SKU, {"allowSharedKeyAccess": True, "sasPolicy": {"expirationAction": "Log"}}],
    unknown=[{"sasPolicy": UNKNOWN}, {"allowSharedKeyAccess": UNKNOWN}],
)
def signatures_expire(account: Resource) -> Verdict:
    """Shared access signatures end, unless there are none."""
    return account.allowSharedKeyAccess.is_false() | account.sasPolicy.sasExpirationPeriod.is_set()


@rule(
    "az-storage-copy-scope",
    Severity.LOW,
    _ACCOUNT,
    why="Copy jobs may write from any account in the world into this one, and from this one to any, unless the scope is said.",
    fix='Set `allowed_copy_scope="AAD"` (this tenant) or "PrivateLink".',
    references=("https://learn.microsoft.com/azure/storage/common/security-restrict-copy-operations",),
    good=[{"allowedCopyScope": "AAD"}, {"allowedCopyScope": "privatelink"}],
    bad=[_SKU],
    unknown=[{"allowedCopyScope": UNKNOWN}],
)
def copies_stay_at_home(account: Resource) -> Verdict:
    """Copies go only where the tenant or its private links reach."""
    return means(account.allowedCopyScope, "AAD", "PrivateLink")
