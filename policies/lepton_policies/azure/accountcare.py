"""What stands behind a storage account: keys of one's own, and a way back from a deletion."""

from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.azure.words import means
from lepton_policies.shared.keys import WHY_OWN_KEY

_ACCOUNT: Final = "azure-native:storage:StorageAccount"
_BLOBS: Final = "azure-native:storage:BlobServiceProperties"
_SKU: Final = {"kind": "StorageV2", "sku": {"name": "Standard_ZRS"}}
_KEPT: Final = {"enabled": True, "days": 7}


@rule(
    "az-storage-cmk",
    Severity.LOW,
    _ACCOUNT,
    why=WHY_OWN_KEY,
    fix='Set `encryption={"key_source": "Microsoft.Keyvault", "key_vault_properties": {...}}`.',
    references=("checkov:CKV2_AZURE_1", "trivy:AZU-0060", "prowler:storage_ensure_encryption_with_customer_managed_keys"),
    good=[{"encryption": {"keySource": "Microsoft.Keyvault", "keyVaultProperties": {"keyName": "weights"}}}],
    bad=[_SKU, {"encryption": {"keySource": "Microsoft.Storage", "requireInfrastructureEncryption": True}}],
    unknown=[{"encryption": UNKNOWN}, {"encryption": {"keySource": UNKNOWN}}],
)
def key_is_ours(account: Resource) -> Verdict:
    """An account is encrypted by a key of one's own."""
    return means(account.encryption.keySource, "Microsoft.Keyvault")


@rule(
    "az-storage-infra-encryption",
    Severity.LOW,
    _ACCOUNT,
    why="A second layer of encryption keeps data shut if the first one's key or algorithm fails; it can only be had from the start.",
    fix='Set `encryption={"require_infrastructure_encryption": True, ...}` when the account is made.',
    references=("trivy:AZU-0061", "prowler:storage_infrastructure_encryption_is_enabled"),
    good=[{"encryption": {"keySource": "Microsoft.Storage", "requireInfrastructureEncryption": True}}],
    bad=[_SKU, {"encryption": {"requireInfrastructureEncryption": False}}],
    unknown=[{"encryption": UNKNOWN}, {"encryption": {"requireInfrastructureEncryption": UNKNOWN}}],
)
def encrypted_twice(account: Resource) -> Verdict:
    """An account is encrypted a second time below."""
    return account.encryption.requireInfrastructureEncryption.is_true()


@rule(
    "az-storage-soft-delete",
    Severity.MEDIUM,
    _BLOBS,
    why="A deleted checkpoint is gone at once, whoever deleted it and why; soft delete gives days to notice.",
    fix='Set `delete_retention_policy={"enabled": True, "days": 7}` and `container_delete_retention_policy` likewise.',
    references=(
        "checkov:CKV2_AZURE_38",
        "trivy:AZU-0056",
        "prowler:storage_ensure_soft_delete_is_enabled",
        "cis-azure-6.0:9.2.1",
        "cis-azure-6.0:9.2.2",
    ),
    good=[{"deleteRetentionPolicy": _KEPT, "containerDeleteRetentionPolicy": _KEPT}],
    bad=[
        {"accountName": "weights"},
        {"deleteRetentionPolicy": _KEPT},
        {"deleteRetentionPolicy": {"enabled": False}, "containerDeleteRetentionPolicy": _KEPT},
    ],
    unknown=[
        {"deleteRetentionPolicy": _KEPT, "containerDeleteRetentionPolicy": UNKNOWN},
        {"deleteRetentionPolicy": {"enabled": UNKNOWN}, "containerDeleteRetentionPolicy": _KEPT},
    ],
)
def deletions_can_be_undone(blobs: Resource) -> Verdict:
    """Deleted blobs and containers can be brought back."""
    return blobs.deleteRetentionPolicy.enabled.is_true() & blobs.containerDeleteRetentionPolicy.enabled.is_true()


@rule(
    "az-disk-public",
    Severity.HIGH,
    "azure-native:compute:Disk",
    "azure-native:compute:Snapshot",
    why="A disk that may be exported over the internet leaves by one signed link, which works for whoever has it.",
    fix='Set `network_access_policy="DenyAll"` (or "AllowPrivate" with `disk_access_id`) and `public_network_access="Disabled"`.',
    references=("checkov:CKV_AZURE_251",),
    good=[
        {"networkAccessPolicy": "DenyAll"},
        {"networkAccessPolicy": "allowPrivate", "diskAccessId": "d", "publicNetworkAccess": "Disabled"},
        {"publicNetworkAccess": "Disabled"},
        On("azure-native:compute:Snapshot", {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Enabled"}),
    ],
    bad=[
        {"diskSizeGB": 512},
        {"networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Enabled"},
        On("azure-native:compute:Snapshot", {"incremental": True}),
    ],
    unknown=[{"networkAccessPolicy": UNKNOWN}, {"publicNetworkAccess": UNKNOWN}],
)
def disk_stays_inside(disk: Resource) -> Verdict:
    """A disk cannot be exported over the internet."""
    return means(disk.networkAccessPolicy, "DenyAll", "AllowPrivate") | means(disk.publicNetworkAccess, "Disabled")


@rule(
    "az-disk-cmk",
    Severity.LOW,
    "azure-native:compute:Disk",
    why=WHY_OWN_KEY,
    fix='Set `encryption={"type": "EncryptionAtRestWithCustomerKey", "disk_encryption_set_id": ...}`.',
    references=("checkov:CKV_AZURE_93",),
    good=[
        {"encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": UNKNOWN}},
        {"encryption": {"type": "EncryptionAtRestWithPlatformAndCustomerKeys", "diskEncryptionSetId": "d"}},
    ],
    bad=[{"diskSizeGB": 512}, {"encryption": {"type": "EncryptionAtRestWithPlatformKey"}}],
    unknown=[{"encryption": UNKNOWN}, {"encryption": {"type": UNKNOWN}}],
)
def disk_key_is_ours(disk: Resource) -> Verdict:
    """A disk is encrypted by a key of one's own."""
    return means(disk.encryption.type, "EncryptionAtRestWithCustomerKey", "EncryptionAtRestWithPlatformAndCustomerKeys")


@rule(
    "az-lustre-root-squash",
    Severity.MEDIUM,
    "azure-native:storagecache:AmlFilesystem",
    why="Root on any client is root on the file system: one container that runs as root rewrites everybody's data sets and checkpoints.",
    fix='Set `root_squash_settings={"mode": "All", ...}` or "RootOnly".',
    references=("https://learn.microsoft.com/azure/azure-managed-lustre/root-squash-configure-settings",),
    good=[{"rootSquashSettings": {"mode": "RootOnly", "squashUID": 1000}}, {"rootSquashSettings": {"mode": "all"}}],
    bad=[{"storageCapacityTiB": 48}, {"rootSquashSettings": {"mode": "None"}}],
    unknown=[{"rootSquashSettings": UNKNOWN}, {"rootSquashSettings": {"mode": UNKNOWN}}],
)
def lustre_squashes_root(filesystem: Resource) -> Verdict:
    """Root on a client is nobody on a Lustre file system."""
    return means(filesystem.rootSquashSettings.mode, "RootOnly", "All")


@rule(
    "az-lustre-cmk",
    Severity.LOW,
    "azure-native:storagecache:AmlFilesystem",
    why=WHY_OWN_KEY,
    fix='Set `encryption_settings={"key_encryption_key": {...}}`.',
    references=("https://learn.microsoft.com/azure/azure-managed-lustre/customer-managed-encryption-keys",),
    good=[{"encryptionSettings": {"keyEncryptionKey": {"keyUrl": UNKNOWN, "sourceVault": {"id": "v"}}}}],
    bad=[{"storageCapacityTiB": 48}, {"encryptionSettings": {}}],
    unknown=[{"encryptionSettings": UNKNOWN}],
)
def lustre_key_is_ours(filesystem: Resource) -> Verdict:
    """A Lustre file system is encrypted by a key of one's own."""
    return filesystem.encryptionSettings.keyEncryptionKey.is_set()
