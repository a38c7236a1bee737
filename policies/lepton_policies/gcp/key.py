"""Keys: who may use them, how often they change, and what of the rest is under one of yours."""

import re
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import UNKNOWN, number_in
from lepton_infra.rules.verdict import FAIL, PASS, Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.gcp.grants import forms, is_public
from lepton_policies.shared.keys import WHY_OWN_KEY
from lepton_policies.shared.production import is_production

_IAM: Final = forms("gcp:kms/cryptoKeyIAM", "gcp:kms/keyRingIAM", "gcp:kms/ekmConnectionIam")
_KEY: Final = "gcp:kms/cryptoKey:CryptoKey"
_ID: Final = "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k"
_FILESTORE: Final = "gcp:filestore/instance:Instance"
_LUSTRE: Final = "gcp:lustre/instance:Instance"
_ENDPOINT: Final = "gcp:vertex/aiEndpoint:AiEndpoint"
_SECONDS: Final = re.compile(r"\A\s*(\d{1,12}(?:\.\d+)?)s\s*\Z")
"""A duration, as Google's APIs write one."""
_DAY: Final = 86_400
"""Seconds."""
_PROD: Final = {"environment": "prod"}


@rule(
    "gcp-kms-public",
    Severity.CRITICAL,
    *_IAM,
    why="Whoever may use the key reads all that it protects, as soon as a copy of it is in reach.",
    fix="Set `member` to the service agents and accounts that encrypt and decrypt.",
    references=("checkov:CKV_GCP_112", "checkov:CKV2_GCP_6", "prowler:kms_key_not_publicly_accessible", "cis-gcp-5.0:1.10"),
    good=[{"cryptoKeyId": _ID, "role": "roles/cloudkms.cryptoKeyDecrypter", "member": "serviceAccount:trainer@p.iam.gserviceaccount.com"}],
    bad=[
        {"cryptoKeyId": _ID, "role": "roles/cloudkms.cryptoKeyDecrypter", "member": "allUsers"},
        On(
            "gcp:kms/keyRingIAMBinding:KeyRingIAMBinding",
            {"role": "roles/cloudkms.admin", "members": ["group:a@b.c", "allAuthenticatedUsers"]},
        ),
        On("gcp:kms/cryptoKeyIAMPolicy:CryptoKeyIAMPolicy", {"policyData": '{"bindings": [{"role": "r", "members": ["allUsers"]}]}'}),
    ],
    unknown=[{"cryptoKeyId": _ID, "role": "roles/cloudkms.cryptoKeyDecrypter", "member": UNKNOWN}],
)
def key_is_not_public(grant: Resource) -> Verdict:
    """Nobody lets everyone use a key."""
    return ~is_public(grant)


@rule(
    "gcp-kms-rotation",
    Severity.MEDIUM,
    _KEY,
    why="A key that never changes protects everything that was ever written: the day it leaks, all of it is open.",
    fix='Set `rotation_period="7776000s"`, which is 90 days; old versions go on decrypting.',
    references=("checkov:CKV_GCP_43", "trivy:GCP-0065", "cis-gcp-5.0:1.11"),
    good=[
        {"keyRing": "r", "rotationPeriod": "7776000s"},
        {"rotationPeriod": "2592000s", "purpose": "ENCRYPT_DECRYPT"},
        {"rotationPeriod": "2592000.0s"},
        {"purpose": "ASYMMETRIC_SIGN"},
        {"purpose": "MAC"},
    ],
    bad=[
        {"keyRing": "r"},
        {"rotationPeriod": "7776001s"},
        {"rotationPeriod": "31536000s", "purpose": "ENCRYPT_DECRYPT"},
        {"rotationPeriod": "10000000s"},
    ],
    unknown=[{"rotationPeriod": UNKNOWN}, {"keyRing": "r", "purpose": UNKNOWN}],
)
def key_is_rotated(key: Resource) -> Verdict:
    """A key that encrypts changes every 90 days or more often; keys for signing cannot do so by themselves."""
    encrypts = key.purpose.or_default("ENCRYPT_DECRYPT").is_one_of("ENCRYPT_DECRYPT")
    return ~encrypts | (_seconds(key.rotationPeriod) <= 90 * _DAY)


def _seconds(duration: View) -> View:
    """Return the seconds that a duration such as "604800s" means; other text is unknown to us."""
    text = duration.raw_value()
    if not isinstance(text, str):
        return duration
    found = _SECONDS.match(text)
    return duration.read_as(UNKNOWN if found is None else float(found[1]))


@rule(
    "gcp-kms-protect",
    Severity.MEDIUM,
    _KEY,
    why="Deleting a key deletes everything under it: the disks, the buckets, the models.",
    fix="Give the resource the option `protect=True`, or set `deletion_policy` to PREVENT.",
    references=("checkov:CKV_GCP_82",),
    good=[On(_KEY, {"keyRing": "r"}, protect=True), {"keyRing": "r", "deletionPolicy": "PREVENT"}],
    bad=[{"keyRing": "r"}, {"keyRing": "r", "deletionPolicy": "DELETE"}],
    unknown=[{"keyRing": "r", "deletionPolicy": UNKNOWN}],
)
def key_is_protected(key: Resource) -> Verdict:
    """A key is kept from being deleted by mistake."""
    return (PASS if key.its_subject.protect else FAIL) | key.deletionPolicy.is_one_of("PREVENT")


@rule(
    "gcp-kms-destroy-delay",
    Severity.LOW,
    _KEY,
    why="What is destroyed within a day is gone before anyone is back from a weekend.",
    fix="Leave `destroy_scheduled_duration` out (30 days), or set it to a week or more.",
    references=("https://cloud.google.com/kms/docs/destroy-restore",),
    settings={"minDays": Setting(7, "the least days between destroying a key and its end")},
    good=[{"keyRing": "r"}, {"destroyScheduledDuration": "2592000s"}, {"destroyScheduledDuration": "604800s"}],
    bad=[{"destroyScheduledDuration": "86400s"}, {"destroyScheduledDuration": "0s"}],
    unknown=[{"destroyScheduledDuration": UNKNOWN}, {"destroyScheduledDuration": "soon"}],
)
def destroying_takes_time(key: Resource) -> Verdict:
    """Between destroying a key and its end there is time to object."""
    given, least = key.destroyScheduledDuration, number_in(key.its_settings.minDays.raw_value()) or 0
    return given.is_absent() | (_seconds(given) >= least * _DAY)


@rule(
    "gcp-ar-cmek",
    Severity.LOW,
    "gcp:artifactregistry/repository:Repository",
    why=WHY_OWN_KEY,
    fix="Set `kms_key_name`; it cannot be changed later.",
    references=("checkov:CKV_GCP_84",),
    good=[{"format": "DOCKER", "kmsKeyName": _ID}, {"format": "DOCKER", "mode": "VIRTUAL_REPOSITORY"}],
    bad=[{"format": "DOCKER"}, {"format": "GENERIC", "mode": "STANDARD_REPOSITORY"}],
    unknown=[{"format": "DOCKER", "kmsKeyName": UNKNOWN}],
)
def repository_has_a_key(repository: Resource) -> Verdict:
    """A repository of images is under a key of yours; a virtual one holds nothing itself."""
    return repository.kmsKeyName.is_set() | repository.mode.is_one_of("VIRTUAL_REPOSITORY")


@rule(
    "gcp-ar-mutable",
    Severity.MEDIUM,
    "gcp:artifactregistry/repository:Repository",
    why="A tag that can be moved runs something else tomorrow than what was reviewed today.",
    fix='Set `docker_config={"immutable_tags": True}`.',
    references=("https://cloud.google.com/artifact-registry/docs/repositories/create-repos#immutable-tags",),
    good=[
        {"format": "DOCKER", "dockerConfig": {"immutableTags": True}},
        {"format": "PYTHON"},
        {"format": "DOCKER", "mode": "REMOTE_REPOSITORY"},
    ],
    bad=[{"format": "DOCKER"}, {"format": "docker", "dockerConfig": {"immutableTags": False}}],
    unknown=[{"format": "DOCKER", "dockerConfig": UNKNOWN}, {"format": UNKNOWN}],
)
def tags_stay_where_they_are(repository: Resource) -> Verdict:
    """In a repository that images are pushed to, a tag stays with its image."""
    is_pushed_to = repository.mode.or_default("STANDARD_REPOSITORY").is_one_of("STANDARD_REPOSITORY")
    images = repository.format.is_one_of("DOCKER", "docker")
    return (images & is_pushed_to).implies(repository.dockerConfig.immutableTags.is_true())


@rule(
    "gcp-filestore-cmek",
    Severity.LOW,
    _FILESTORE,
    _LUSTRE,
    why=WHY_OWN_KEY,
    fix="Set `kms_key_name` (Lustre: `kms_key`); the basic tiers of Filestore cannot have one.",
    references=("https://cloud.google.com/filestore/docs/cmek",),
    good=[{"tier": "ENTERPRISE", "kmsKeyName": _ID}, {"tier": "BASIC_SSD"}, On(_LUSTRE, {"kmsKey": _ID})],
    bad=[{"tier": "ZONAL"}, On(_LUSTRE, {"filesystem": "scratch"})],
    unknown=[{"tier": "REGIONAL", "kmsKeyName": UNKNOWN}, {"tier": UNKNOWN}],
)
def file_system_has_a_key(system: Resource) -> Verdict:
    """A shared file system that can be is under a key of yours."""
    if system.type_token == _LUSTRE:
        return system.kmsKey.is_set()
    return system.kmsKeyName.is_set() | system.tier.is_one_of("STANDARD", "PREMIUM", "BASIC_HDD", "BASIC_SSD")


@rule(
    "gcp-filestore-deletion",
    Severity.LOW,
    _FILESTORE,
    why="A shared file system holds what nobody has copied elsewhere: home directories, datasets in the making, checkpoints.",
    fix="Set `deletion_protection_enabled=True`.",
    references=("https://cloud.google.com/filestore/docs/deletion-protection",),
    good=[
        {"tier": "ZONAL", "labels": _PROD, "deletionProtectionEnabled": True},
        {"tier": "ZONAL", "labels": {"environment": "dev"}},
        On(_FILESTORE, {"labels": _PROD}, protect=True),
        {},
    ],
    bad=[{"tier": "ZONAL", "labels": _PROD}, {"labels": _PROD, "deletionProtectionEnabled": False}],
    unknown=[{"labels": _PROD, "deletionProtectionEnabled": UNKNOWN}, {"labels": UNKNOWN}],
)
def file_system_is_protected(system: Resource) -> Verdict:
    """In production a shared file system is protected from deletion."""
    kept = system.deletionProtectionEnabled.is_true() | (PASS if system.its_subject.protect else FAIL)
    return is_production(system).implies(kept)


@rule(
    "gcp-filestore-root",
    Severity.MEDIUM,
    _FILESTORE,
    why="Without squashing whoever is root in any pod or notebook is root on everybody's files.",
    fix='Set `squash_mode="ROOT_SQUASH"` in each of `file_shares.nfs_export_options`, and name its `ip_ranges`.',
    references=("https://cloud.google.com/filestore/docs/access-control",),
    good=[{"fileShares": {"nfsExportOptions": [{"ipRanges": ["10.0.0.0/20"], "squashMode": "ROOT_SQUASH"}]}}],
    bad=[
        {"fileShares": {"capacityGb": 1024, "name": "models"}},
        {"fileShares": {"nfsExportOptions": [{"squashMode": "ROOT_SQUASH"}, {"ipRanges": ["10.0.0.0/8"], "squashMode": "NO_ROOT_SQUASH"}]}},
    ],
    unknown=[{"fileShares": UNKNOWN}, {"fileShares": {"nfsExportOptions": [{"squashMode": UNKNOWN}]}}],
)
def root_is_nobody(system: Resource) -> Verdict:
    """Root of a client is nobody in particular on a shared file system."""
    options = system.fileShares.nfsExportOptions
    return options.is_set() & ~any_of(~option.squashMode.is_one_of("ROOT_SQUASH") for option in options)


@rule(
    "gcp-vertex-cmek",
    Severity.LOW,
    _ENDPOINT,
    "gcp:vertex/aiDataset:AiDataset",
    "gcp:vertex/aiTensorboard:AiTensorboard",
    "gcp:vertex/aiFeatureStore:AiFeatureStore",
    why=WHY_OWN_KEY,
    fix='Set `encryption_spec={"kms_key_name": key.id}`; it cannot be changed later.',
    references=("checkov:CKV_GCP_92",),
    good=[{"displayName": "llm", "encryptionSpec": {"kmsKeyName": _ID}}],
    bad=[{"displayName": "llm"}, On("gcp:vertex/aiDataset:AiDataset", {"displayName": "prompts", "encryptionSpec": {}})],
    unknown=[{"encryptionSpec": UNKNOWN}, {"encryptionSpec": {"kmsKeyName": UNKNOWN}}],
)
def vertex_has_a_key(resource: Resource) -> Verdict:
    """Datasets, features and models in Vertex AI are under a key of yours."""
    return resource.encryptionSpec.kmsKeyName.is_set()
