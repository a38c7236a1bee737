"""Shared file systems: who may reach which part as whom, under whose key, and what is left when one is gone."""

from typing import Final

from lepton_infra.rules.card import IT, On, Setting, Severity, rule, stack_rule
from lepton_infra.rules.iam import is_public
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.shared.keys import EXAMPLE_KEY, WHY_OWN_KEY
from lepton_policies.shared.production import is_production

_EFS: Final = "aws:efs/fileSystem:FileSystem"
_POINT: Final = "aws:efs/accessPoint:AccessPoint"
_LUSTRE: Final = "aws:fsx/lustreFileSystem:LustreFileSystem"
_ONTAP: Final = "aws:fsx/ontapFileSystem:OntapFileSystem"
_ZFS: Final = "aws:fsx/openZfsFileSystem:OpenZfsFileSystem"
_ASSOCIATION: Final = "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation"
_PROD: Final = {"environment": "prod"}
_EVERYONE: Final = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}]}


@rule(
    "aws-efs-cmk",
    Severity.LOW,
    _EFS,
    why=WHY_OWN_KEY,
    fix="Set `kms_key_id` (and `encrypted=True`).",
    references=("checkov:CKV_AWS_184",),
    good=[{"encrypted": True, "kmsKeyId": EXAMPLE_KEY}],
    bad=[{"encrypted": True}],
    unknown=[{"encrypted": True, "kmsKeyId": UNKNOWN}],
)
def efs_has_a_key(system: Resource) -> Verdict:
    """A shared file system is under a key of yours."""
    return system.kmsKeyId.is_set()


@rule(
    "aws-efs-ap-root",
    Severity.MEDIUM,
    _POINT,
    why="An access point at the root shows every team's files to whoever mounts it.",
    fix='Set `root_directory={"path": "/team"}`.',
    references=("checkov:CKV_AWS_329", "prowler:efs_access_point_enforce_root_directory"),
    good=[{"fileSystemId": "fs-1", "rootDirectory": {"path": "/models"}}],
    bad=[{"fileSystemId": "fs-1"}, {"rootDirectory": {"path": "/"}}],
    unknown=[{"rootDirectory": UNKNOWN}],
)
def access_point_has_a_root(point: Resource) -> Verdict:
    """An access point shows a part of its file system."""
    return point.rootDirectory.path.is_set() & ~point.rootDirectory.path.is_one_of("/")


@rule(
    "aws-efs-ap-user",
    Severity.MEDIUM,
    _POINT,
    why="Without a user of its own an access point believes whatever user id a client claims, 0 included.",
    fix='Set `posix_user={"uid": 1000, "gid": 1000}`.',
    references=("checkov:CKV_AWS_330", "prowler:efs_access_point_enforce_user_identity"),
    good=[{"posixUser": {"uid": 1000, "gid": 1000}}],
    bad=[{"posixUser": {"gid": 1000}}, {}, {"posixUser": {"uid": 1000}}],
    unknown=[{"posixUser": UNKNOWN}],
)
def access_point_has_a_user(point: Resource) -> Verdict:
    """An access point decides as whom its clients act."""
    return point.posixUser.uid.is_set() & point.posixUser.gid.is_set()


@rule(
    "aws-efs-policy-public",
    Severity.HIGH,
    "aws:efs/fileSystemPolicy:FileSystemPolicy",
    why="The file system then asks nobody who they are; one wide security group later everyone mounts it.",
    fix='Name the roles, or add the condition `{"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}`.',
    references=("prowler:efs_not_publicly_accessible",),
    good=[
        {"policy": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/node"}, "Action": "*"}]}},
        {
            "policy": {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "*"},
                        "Action": "elasticfilesystem:ClientMount",
                        "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
                    }
                ]
            }
        },
    ],
    bad=[{"policy": _EVERYONE}],
    unknown=[{"policy": UNKNOWN}],
)
def file_system_is_not_public(system: Resource) -> Verdict:
    """No file system's policy lets everyone mount it."""
    return ~is_public(system.policy, also_narrow=("elasticfilesystem:accessedviamounttarget",))


@rule(
    "aws-fsx-cmk",
    Severity.LOW,
    _LUSTRE,
    _ONTAP,
    _ZFS,
    why=WHY_OWN_KEY,
    fix="Set `kms_key_id`; scratch file systems take none.",
    references=("checkov:CKV_AWS_190", "checkov:CKV_AWS_203"),
    good=[{"deploymentType": "PERSISTENT_2", "kmsKeyId": EXAMPLE_KEY}, {"deploymentType": "SCRATCH_2"}, {}],
    bad=[{"deploymentType": "PERSISTENT_2"}, On(_ZFS, {"deploymentType": "SINGLE_AZ_2"})],
    unknown=[{"deploymentType": "PERSISTENT_2", "kmsKeyId": UNKNOWN}, {"deploymentType": UNKNOWN}],
)
def fsx_has_a_key(system: Resource) -> Verdict:
    """A file system that lasts is under a key of yours."""
    return system.kmsKeyId.is_set() | _is_scratch(system)


def _is_scratch(system: Resource) -> Verdict:
    return system.deploymentType.or_default("SCRATCH_1").is_one_of("SCRATCH_1", "SCRATCH_2")


@stack_rule(
    "aws-fsx-scratch-prod",
    Severity.MEDIUM,
    _LUSTRE,
    why="A scratch file system keeps one copy: a failed disk takes the checkpoints of a month with it.",
    fix='Set `deployment_type="PERSISTENT_2"`, or tie it to S3 by a `DataRepositoryAssociation` or `export_path`.',
    references=("https://docs.aws.amazon.com/fsx/latest/LustreGuide/using-fsx-lustre.html",),
    good=[
        {"deploymentType": "PERSISTENT_2", "tags": _PROD},
        {"deploymentType": "SCRATCH_2", "tags": _PROD, "exportPath": "s3://models/out"},
        On(_LUSTRE, {"deploymentType": "SCRATCH_2", "tags": _PROD}, around={"s3": On(_ASSOCIATION, {"fileSystemId": IT})}),
        {"deploymentType": "SCRATCH_2"},
    ],
    bad=[{"deploymentType": "SCRATCH_2", "tags": _PROD}, {"tags": {"env": "production"}}],
    unknown=[{"deploymentType": UNKNOWN, "tags": _PROD}, {"deploymentType": "SCRATCH_2", "tags": UNKNOWN}],
)
def scratch_is_tied_to_s3(system: Resource, stack: Stack) -> Verdict:
    """In production a scratch file system writes back to S3."""
    tied = system.has_some("tie to S3", (one.fileSystemId.refers_to(system) for one in stack.of(_ASSOCIATION)))
    return ~(_is_scratch(system) & is_production(system)) | system.exportPath.is_set() | tied


@rule(
    "aws-fsx-backups",
    Severity.LOW,
    _LUSTRE,
    why="A file system without backups ends with the first `rm -rf` in the wrong directory.",
    fix="Set `automatic_backup_retention_days`, or tie the file system to S3.",
    references=("https://docs.aws.amazon.com/fsx/latest/LustreGuide/using-backups-fsx.html",),
    good=[
        {"deploymentType": "PERSISTENT_2", "automaticBackupRetentionDays": 7, "tags": _PROD},
        {"deploymentType": "SCRATCH_2", "tags": _PROD},
    ],
    bad=[
        {"deploymentType": "PERSISTENT_2", "tags": _PROD},
        {"deploymentType": "PERSISTENT_1", "automaticBackupRetentionDays": 0, "tags": _PROD},
    ],
    unknown=[{"deploymentType": "PERSISTENT_2", "automaticBackupRetentionDays": UNKNOWN, "tags": _PROD}],
)
def fsx_is_backed_up(system: Resource) -> Verdict:
    """In production a file system that lasts is backed up."""
    return _is_scratch(system) | (system.automaticBackupRetentionDays.or_default(0) > 0) | ~is_production(system)


@rule(
    "aws-fsx-root-squash",
    Severity.LOW,
    _LUSTRE,
    why="Lustre believes its clients: root in any container that mounts it is root over everyone's files.",
    fix='Set `root_squash_configuration={"root_squash": "65534:65534"}`.',
    references=("https://docs.aws.amazon.com/fsx/latest/LustreGuide/root-squash.html",),
    good=[{"rootSquashConfiguration": {"rootSquash": "65534:65534"}}],
    bad=[{}, {"rootSquashConfiguration": {"rootSquash": "0:0"}}],
    unknown=[{"rootSquashConfiguration": UNKNOWN}],
)
def root_is_nobody(system: Resource) -> Verdict:
    """Root on a client is nobody on the file system."""
    squash = system.rootSquashConfiguration.rootSquash
    return squash.is_set() & ~squash.is_one_of("0:0")


@rule(
    "cost-fsx-type",
    Severity.LOW,
    _LUSTRE,
    why="The dearest throughput tier costs four times the cheapest, and uncompressed checkpoints take twice the space.",
    fix='Set `data_compression_type="LZ4"`, and `per_unit_storage_throughput` to what the loaders need.',
    references=("https://docs.aws.amazon.com/fsx/latest/LustreGuide/data-compression.html",),
    settings={"maxThroughput": Setting(500, "the most throughput of a file system, in MB/s for each TiB")},
    good=[{"dataCompressionType": "LZ4", "perUnitStorageThroughput": 250}, {"dataCompressionType": "LZ4"}],
    bad=[{}, {"dataCompressionType": "NONE"}, {"dataCompressionType": "LZ4", "perUnitStorageThroughput": 1000}],
    unknown=[{"dataCompressionType": UNKNOWN}, {"dataCompressionType": "LZ4", "perUnitStorageThroughput": UNKNOWN}],
)
def fsx_is_no_dearer_than_needed(system: Resource) -> Verdict:
    """A Lustre file system compresses, and is of a throughput that is meant."""
    throughput = system.perUnitStorageThroughput
    return system.dataCompressionType.is_one_of("LZ4") & (throughput.or_default(0) <= system.its_settings.maxThroughput)
