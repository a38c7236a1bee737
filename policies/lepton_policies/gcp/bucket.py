"""Buckets: nobody reads them who was not asked in, and what is in them is neither lost nor kept for ever.

A bucket becomes public by a role for everyone or by one of the older access lists; each way is looked at.
"""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource
from lepton_policies.gcp.grants import forms, is_everyone
from lepton_policies.gcp.grants import is_public as grants_to_everyone
from lepton_policies.shared.keys import WHY_OWN_KEY
from lepton_policies.shared.production import is_production, tagged

_BUCKET: Final = "gcp:storage/bucket:Bucket"
_IAM: Final = forms("gcp:storage/bucketIAM", "gcp:storage/managedFolderIam")
_MEMBER, _BINDING, _POLICY = _IAM[:3]
_ACL: Final = "gcp:storage/bucketACL:BucketACL"
_CONTROL: Final = "gcp:storage/bucketAccessControl:BucketAccessControl"
_LISTS: Final = (
    _ACL,
    "gcp:storage/defaultObjectACL:DefaultObjectACL",
    "gcp:storage/objectACL:ObjectACL",
    _CONTROL,
    "gcp:storage/defaultObjectAccessControl:DefaultObjectAccessControl",
    "gcp:storage/objectAccessControl:ObjectAccessControl",
)
_KEY: Final = "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k"
_PUBLIC_ACLS: Final = ("publicRead", "publicReadWrite", "authenticatedRead")
"""Predefined access lists that let in everyone, or everyone with a Google account (Cloud Storage, "Predefined ACLs")."""
_ENTITY: Final = re.compile(r"(\A|:)\s*(allUsers|allAuthenticatedUsers)\s*\Z", re.IGNORECASE)
_PURPOSE: Final = re.compile(r"\A(.*[:/_-])?(purpose|content|workload|data)\Z", re.IGNORECASE)
_MODELS: Final = re.compile(r"model|checkpoint|weights|artifact", re.IGNORECASE)
_PASSING: Final = re.compile(r"scratch|checkpoint|temp|tmp|cache", re.IGNORECASE)
_WEEK: Final = 604800
"""Seconds for which a deleted object is kept, and paid for, where a bucket says nothing (Cloud Storage, "Soft delete")."""


@rule(
    "gcp-bucket-public",
    Severity.CRITICAL,
    *_IAM,
    *_LISTS,
    why="Whatever lies in the bucket, weights and prompts included, can be fetched by anyone who guesses its name; scanners guess all day.",
    fix="Set `member` to a group or an account; leave access lists alone and set `uniform_bucket_level_access=True`.",
    references=("checkov:CKV_GCP_28", "trivy:GCP-0001", "prowler:cloudstorage_bucket_public_access", "cis-gcp-5.0:5.1"),
    good=[
        {"bucket": "b", "role": "roles/storage.objectViewer", "member": "serviceAccount:trainer@p.iam.gserviceaccount.com"},
        On(_BINDING, {"bucket": "b", "role": "roles/storage.objectViewer", "members": ["group:ml@example.com"]}),
        On(_ACL, {"bucket": "b", "predefinedAcl": "private", "roleEntities": ["OWNER:user-someone@example.com"]}),
        On(_CONTROL, {"bucket": "b", "entity": "domain-example.com", "role": "READER"}),
    ],
    bad=[
        {"bucket": UNKNOWN, "role": "roles/storage.objectViewer", "member": "allUsers"},
        On(_BINDING, {"bucket": "b", "role": UNKNOWN, "members": ["group:ml@example.com", "allAuthenticatedUsers"]}),
        On(
            _POLICY,
            {
                "bucket": "b",
                "policyData": '{"bindings": [{"role": "r", "members": ["user:a@b.c"]}, {"role": "s", "members": ["allUsers"]}]}',
            },
        ),
        On(_ACL, {"bucket": "b", "roleEntities": ["OWNER:user-someone@example.com", "READER:allUsers"]}),
        On(_ACL, {"bucket": "b", "predefinedAcl": "publicRead"}),
        On(_CONTROL, {"bucket": "b", "entity": "allAuthenticatedUsers", "role": "READER"}),
    ],
    unknown=[
        {"bucket": "b", "role": "roles/storage.objectViewer", "member": UNKNOWN},
        On(_POLICY, {"bucket": "b", "policyData": UNKNOWN}),
        On(_ACL, {"bucket": "b", "roleEntities": [UNKNOWN]}),
    ],
)
def bucket_is_not_public(access: Resource) -> Verdict:
    """No role and no access list lets everyone into a bucket."""
    if access.type_token in _IAM:
        return ~grants_to_everyone(access)
    return ~any_of(_listed(access))


def _listed(access: Resource) -> Iterator[Verdict]:
    """Iterate over the entries of an access list, each with whether it is for everyone."""
    if access.type_token.endswith("AccessControl"):
        yield is_everyone(access.entity)
        return
    yield access.predefinedAcl.is_one_of(*_PUBLIC_ACLS)
    yield access.defaultAcl.is_one_of(*_PUBLIC_ACLS)
    yield from (entry.text_matches(_ENTITY) for entry in access.roleEntities)


@rule(
    "gcp-bucket-pap",
    Severity.HIGH,
    _BUCKET,
    why="Public access prevention holds even when somebody later grants a role to everyone; without it that one line is enough.",
    fix='Set `public_access_prevention="enforced"`.',
    references=("checkov:CKV_GCP_114", "cis-gcp-5.0:5.1"),
    good=[{"location": "EU", "publicAccessPrevention": "enforced"}],
    bad=[{"location": "EU"}, {"publicAccessPrevention": "inherited"}],
    unknown=[{"publicAccessPrevention": UNKNOWN}],
)
def public_access_is_prevented(bucket: Resource) -> Verdict:
    """A bucket refuses to be public."""
    return bucket.publicAccessPrevention.is_one_of("enforced")


@rule(
    "gcp-bucket-ubla",
    Severity.MEDIUM,
    _BUCKET,
    why="With access lists on every object nobody can say who reads the bucket: each of a million objects may say otherwise.",
    fix="Set `uniform_bucket_level_access=True`.",
    references=(
        "checkov:CKV_GCP_29",
        "trivy:GCP-0002",
        "prowler:cloudstorage_bucket_uniform_bucket_level_access",
        "cis-gcp-5.0:5.2",
    ),
    good=[{"uniformBucketLevelAccess": True}],
    bad=[{"location": "EU"}, {"uniformBucketLevelAccess": False}],
    unknown=[{"uniformBucketLevelAccess": UNKNOWN}],
)
def access_is_uniform(bucket: Resource) -> Verdict:
    """Roles on the bucket alone say who reads it."""
    return bucket.uniformBucketLevelAccess.is_true()


def _is_for(bucket: Resource, purpose: "re.Pattern[str]") -> Verdict:
    """Return whether a bucket says, by a label or its name, what it is for; one that says nothing is for nothing in particular."""
    return tagged(bucket, _PURPOSE, purpose) | bucket.name.text_matches(purpose)


@rule(
    "gcp-bucket-versioning",
    Severity.LOW,
    _BUCKET,
    why="A model that is written over by mistake, or by an intruder, is gone; its older versions are the only way back.",
    fix='Set `versioning={"enabled": True}`, and a lifecycle rule that ends old versions.',
    references=("checkov:CKV_GCP_78", "trivy:GCP-0078"),
    good=[
        {"labels": {"purpose": "models"}, "versioning": {"enabled": True}},
        {"labels": {"purpose": "logs"}},
        {"name": "lepton-logs"},
    ],
    bad=[{"labels": {"purpose": "model-weights"}}, {"name": "lepton-models", "versioning": {"enabled": False}}],
    unknown=[{"labels": {"purpose": "models"}, "versioning": UNKNOWN}, {"labels": {"purpose": UNKNOWN}}],
)
def models_have_versions(bucket: Resource) -> Verdict:
    """A bucket for models keeps their versions."""
    return _is_for(bucket, _MODELS).implies(bucket.versioning.enabled.is_true())


@rule(
    "gcp-bucket-logging",
    Severity.LOW,
    _BUCKET,
    why="Without a usage log, or audit logs of data access, nobody can say who took the weights.",
    fix='Set `logging={"log_bucket": logs.name}`, or switch on Data Access audit logs for the project and exempt this rule.',
    references=("checkov:CKV_GCP_62", "trivy:GCP-0077"),
    good=[{"logging": {"logBucket": "logs"}}, {"labels": {"purpose": "access-logs"}}],
    bad=[{}, {"logging": {"logObjectPrefix": "x"}}],
    unknown=[{"logging": {"logBucket": UNKNOWN}}, {"logging": UNKNOWN}],
)
def bucket_is_logged(bucket: Resource) -> Verdict:
    """Who reads a bucket is on record; a bucket for logs needs none."""
    return bucket.logging.logBucket.is_set() | _is_for(bucket, re.compile(r"\blogs?\b"))


@rule(
    "gcp-bucket-cmek",
    Severity.LOW,
    _BUCKET,
    why=WHY_OWN_KEY,
    fix='Set `encryption={"default_kms_key_name": key.id}`.',
    references=("trivy:GCP-0066", "https://cloud.google.com/storage/docs/encryption/customer-managed-keys"),
    good=[{"encryption": {"defaultKmsKeyName": _KEY}}],
    bad=[{}, {"encryption": {"defaultKmsKeyName": ""}}],
    unknown=[{"encryption": {"defaultKmsKeyName": UNKNOWN}}, {"encryption": UNKNOWN}],
)
def bucket_has_a_key(bucket: Resource) -> Verdict:
    """A bucket is under a key of yours."""
    return bucket.encryption.defaultKmsKeyName.is_set()


@rule(
    "gcp-bucket-force-destroy",
    Severity.MEDIUM,
    _BUCKET,
    why="With it `pulumi destroy`, or a change of the bucket's name, deletes every object in it without another question.",
    fix="Leave `force_destroy` out in production.",
    references=("https://www.pulumi.com/registry/packages/gcp/api-docs/storage/bucket/",),
    good=[{"labels": {"environment": "dev"}, "forceDestroy": True}, {"labels": {"environment": "prod"}}, {"forceDestroy": True}],
    bad=[{"labels": {"environment": "prod"}, "forceDestroy": True}],
    unknown=[{"labels": {"environment": "prod"}, "forceDestroy": UNKNOWN}, {"labels": UNKNOWN, "forceDestroy": True}],
)
def bucket_is_not_emptied(bucket: Resource) -> Verdict:
    """In production a bucket with objects in it is not deleted."""
    return ~(is_production(bucket) & bucket.forceDestroy.is_true())


@rule(
    "cost-gcs-lifecycle",
    Severity.LOW,
    _BUCKET,
    why="Checkpoints of hundreds of gigabytes pile up with every run; nobody comes back to delete them, and all are paid for as hot data.",
    fix='Set `lifecycle_rules` with an action "Delete" or "SetStorageClass", or `autoclass={"enabled": True}`.',
    references=("https://cloud.google.com/storage/docs/lifecycle",),
    good=[
        {
            "lifecycleRules": [
                {"action": {"type": "AbortIncompleteMultipartUpload"}},
                {"action": {"type": "Delete"}, "condition": {"age": 30}},
            ]
        },
        {"autoclass": {"enabled": True}},
    ],
    bad=[
        {},
        {"autoclass": {"enabled": False}},
        {"lifecycleRules": [{"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}}]},
    ],
    unknown=[{"lifecycleRules": UNKNOWN}, {"autoclass": UNKNOWN}, {"lifecycleRules": [{"action": {"type": UNKNOWN}}]}],
)
def objects_age(bucket: Resource) -> Verdict:
    """Objects in a bucket are deleted, or become cheaper, with age."""
    ages = any_of(one.action.type.is_one_of("Delete", "SetStorageClass") for one in bucket.lifecycleRules)
    return bucket.autoclass.enabled.is_true() | (ages if ages.facts else bucket.lifecycleRules.fail_because())


@rule(
    "cost-gcs-soft-delete",
    Severity.LOW,
    _BUCKET,
    why="Soft delete keeps every deleted checkpoint for a week, and bills it: where files come and go by the hour that adds up.",
    fix='Set `soft_delete_policy={"retention_duration_seconds": 0}` on buckets for scratch data and checkpoints.',
    references=("https://cloud.google.com/storage/docs/soft-delete",),
    good=[
        {"labels": {"purpose": "scratch"}, "softDeletePolicy": {"retentionDurationSeconds": 0}},
        {"labels": {"purpose": "datasets"}},
        {"name": "lepton-models"},
    ],
    bad=[
        {"labels": {"purpose": "checkpoints"}},
        {"name": "lepton-scratch", "softDeletePolicy": {"retentionDurationSeconds": 604800}},
    ],
    unknown=[{"labels": {"purpose": "scratch"}, "softDeletePolicy": UNKNOWN}, {"labels": {"purpose": UNKNOWN}}],
)
def scratch_is_gone_when_deleted(bucket: Resource) -> Verdict:
    """What is deleted from a bucket for passing data is gone."""
    return _is_for(bucket, _PASSING).implies(bucket.softDeletePolicy.retentionDurationSeconds.or_default(_WEEK) <= 0)
