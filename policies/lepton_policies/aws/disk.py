"""Disks: whatever is written to one is encrypted at rest.

FSx is not here: its file systems are always encrypted (FSx User Guide, "Encrypting data at rest"), as objects in S3 are since January 2023.
"""

from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource, View

_VOLUME: Final = "aws:ebs/volume:Volume"
_SNAPSHOT_COPY: Final = "aws:ebs/snapshotCopy:SnapshotCopy"
_AMI_COPY: Final = "aws:ec2/amiCopy:AmiCopy"
_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_RECIPE: Final = "aws:imagebuilder/imageRecipe:ImageRecipe"
_INSTANCE: Final = "aws:ec2/instance:Instance"
_SPOT: Final = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
_CONFIGURATION: Final = "aws:ec2/launchConfiguration:LaunchConfiguration"
_FILE_SYSTEM: Final = "aws:efs/fileSystem:FileSystem"
_DATABASE: Final = "aws:rds/instance:Instance"

_WHY: Final = "Whoever gets hold of the disk, or of a snapshot of it, reads weights, prompts and credentials off it."


def _is_encrypted(block: View) -> Verdict:
    """Return whether a block device is encrypted; one from a snapshot cannot say so and is what its snapshot is."""
    from_snapshot = block.snapshotId.is_set().maybe("decides: the disk is as encrypted as its snapshot")
    return block.encrypted.is_true() | block.encrypted.is_absent() & from_snapshot


@rule(
    "aws-ebs-encrypted",
    Severity.HIGH,
    _VOLUME,
    _SNAPSHOT_COPY,
    _AMI_COPY,
    why=_WHY,
    fix="Set `encrypted=True`, and `kms_key_id` for a key of your own.",
    references=("checkov:CKV_AWS_3", "trivy:AWS-0026", "prowler:ec2_ebs_volume_encryption", "cis-aws-7.0:6.1.1"),
    good=[{"availabilityZone": "us-east-1a", "encrypted": True}, {"encrypted": "true"}, On(_AMI_COPY, {"encrypted": True})],
    bad=[{"availabilityZone": "us-east-1a"}, {"encrypted": False}, {"encrypted": "false", "kmsKeyId": "k"}, On(_SNAPSHOT_COPY, {})],
    unknown=[{"encrypted": UNKNOWN}],
)
def volume_is_encrypted(disk: Resource) -> Verdict:
    """A disk is encrypted."""
    return disk.encrypted.is_true()


@rule(
    "aws-ebs-default-encryption",
    Severity.HIGH,
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
    why="With the account's default switched off, every disk that somebody makes by hand is readable.",
    fix="Set `enabled=True`, or leave it out.",
    references=("checkov:CKV_AWS_106", "prowler:ec2_ebs_default_encryption", "cis-aws-7.0:6.1.1"),
    good=[{}, {"enabled": True}],
    bad=[{"enabled": False}],
    unknown=[{"enabled": UNKNOWN}],
)
def default_is_encrypted(account: Resource) -> Verdict:
    """Disks are encrypted by default."""
    return account.enabled.or_default(value=True).is_true()


@rule(
    "aws-lt-ebs-encrypted",
    Severity.HIGH,
    _TEMPLATE,
    _RECIPE,
    why=f"{_WHY} A template makes as many such disks as the group has nodes.",
    fix='Set `encrypted="true"` in `ebs` of every entry of `block_device_mappings`.',
    references=("trivy:AWS-0008", "prowler:ec2_ebs_volume_encryption", "cis-aws-7.0:6.1.1"),
    good=[
        {},
        {
            "blockDeviceMappings": [
                {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}},
                {"deviceName": "/dev/sdb", "virtualName": "ephemeral0"},
            ]
        },
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": True, "kmsKeyId": UNKNOWN}}]},
    ],
    bad=[
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 100}}]},
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"deleteOnTermination": True}}]},
        {"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}, {"ebs": UNKNOWN}, {"ebs": {"encrypted": "false"}}]},
        {"blockDeviceMappings": [{"ebs": {"encrypted": False, "snapshotId": "snap-1"}}]},
        On(_RECIPE, {"blockDeviceMappings": [{"ebs": {"volumeSize": 100}}]}),
    ],
    unknown=[
        {"blockDeviceMappings": [{"ebs": {"encrypted": UNKNOWN}}]},
        {"blockDeviceMappings": UNKNOWN},
        {"blockDeviceMappings": [{"ebs": {"snapshotId": "snap-1"}}]},
    ],
)
def template_disks_are_encrypted(template: Resource) -> Verdict:
    """Every disk of a launch template, or of an image, is encrypted."""
    return all_of(_is_encrypted(mapping.ebs) | mapping.ebs.is_absent() for mapping in template.blockDeviceMappings)


@rule(
    "aws-ec2-ebs-encrypted",
    Severity.HIGH,
    _INSTANCE,
    _SPOT,
    _CONFIGURATION,
    why=_WHY,
    fix="Set `encrypted=True` in `root_block_device` and in every entry of `ebs_block_devices`.",
    references=("checkov:CKV_AWS_8", "trivy:AWS-0131", "prowler:ec2_ebs_volume_encryption", "cis-aws-7.0:6.1.1"),
    good=[
        {"rootBlockDevice": {"encrypted": True}},
        {"rootBlockDevice": {"encrypted": True}, "ebsBlockDevices": [{"deviceName": "/dev/sdb", "encrypted": True}]},
        {"launchTemplate": {"id": "lt-1"}},
        On(_CONFIGURATION, {"rootBlockDevice": {"encrypted": True}, "ebsBlockDevices": [{"deviceName": "/dev/sdb", "noDevice": True}]}),
    ],
    bad=[
        {},
        {"rootBlockDevice": {"volumeSize": 100}, "launchTemplate": {"id": "lt-1"}},
        {"rootBlockDevice": {"encrypted": True}, "ebsBlockDevices": [{"encrypted": True}, {"deviceName": "/dev/sdb"}]},
        On(_CONFIGURATION, {"rootBlockDevice": {"encrypted": "false"}}),
        On(_SPOT, {"rootBlockDevice": {"encrypted": UNKNOWN}, "ebsBlockDevices": [{"encrypted": False}]}),
    ],
    unknown=[
        {"rootBlockDevice": UNKNOWN},
        {"rootBlockDevice": {"encrypted": True}, "ebsBlockDevices": [{"snapshotId": UNKNOWN}]},
    ],
)
def machine_disks_are_encrypted(machine: Resource) -> Verdict:
    """Every disk of a machine is encrypted; a root disk that is not spoken of is the template's, if there is one."""
    root = machine.rootBlockDevice
    root_is_fine = root.encrypted.is_true() | root.is_absent() & machine.launchTemplate.is_set()
    return root_is_fine & all_of(_is_encrypted(device) | device.noDevice.is_true() for device in machine.ebsBlockDevices)


@rule(
    "aws-efs-encrypted",
    Severity.HIGH,
    _FILE_SYSTEM,
    why=_WHY,
    fix="Set `encrypted=True`; a file system that exists has to be copied to a new one.",
    references=("checkov:CKV_AWS_42", "trivy:AWS-0037", "prowler:efs_encryption_at_rest_enabled", "cis-aws-7.0:3.3.1"),
    good=[{"encrypted": True}],
    bad=[{}, {"encrypted": False, "kmsKeyId": "k"}],
    unknown=[{"encrypted": UNKNOWN}],
)
def file_system_is_encrypted(system: Resource) -> Verdict:
    """A shared file system is encrypted."""
    return system.encrypted.is_true()


@rule(
    "aws-rds-encrypted",
    Severity.HIGH,
    _DATABASE,
    "aws:rds/cluster:Cluster",
    "aws:docdb/cluster:Cluster",
    "aws:neptune/cluster:Cluster",
    why=_WHY,
    fix="Set `storage_encrypted=True`; a database that exists has to be restored from an encrypted copy of a snapshot.",
    references=("checkov:CKV_AWS_16", "checkov:CKV_AWS_96", "cis-aws-7.0:3.2.1"),
    good=[{"storageEncrypted": True}, On("aws:rds/cluster:Cluster", {"storageEncrypted": "true"})],
    bad=[{}, {"storageEncrypted": False, "replicateSourceDb": "db-1"}, On("aws:docdb/cluster:Cluster", {"engine": "docdb"})],
    unknown=[{"storageEncrypted": UNKNOWN}, {"replicateSourceDb": "db-1"}, {"snapshotIdentifier": "snap-1"}],
)
def database_is_encrypted(database: Resource) -> Verdict:
    """A database's storage is encrypted; a replica or a restored one that does not say is what its source is."""
    source = (database.replicateSourceDb.is_set() | database.snapshotIdentifier.is_set()).maybe(
        "decides: the storage is as encrypted as its source"
    )
    return database.storageEncrypted.is_true() | database.storageEncrypted.is_absent() & source
