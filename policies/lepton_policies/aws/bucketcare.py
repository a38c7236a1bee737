"""Buckets in care: what stands beside a bucket so that it stays private, can be brought back, and does not grow for ever.

In `pulumi_aws` 7 each of these is a resource of its own that names the bucket; the bucket's own old arguments count as well.
"""

import re
from typing import Final

from lepton_infra.rules.card import IT, On, Ref, Severity, rule, stack_rule
from lepton_infra.rules.iam import element, statements
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.shared.keys import EXAMPLE_KEY, WHY_OWN_KEY
from lepton_policies.shared.production import is_production, tagged

_BUCKET: Final = "aws:s3/bucket:Bucket"
_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_ACCOUNT_BLOCK: Final = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
_VERSIONING: Final = "aws:s3/bucketVersioning:BucketVersioning"
_ENCRYPTION: Final = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_LOGGING: Final = "aws:s3/bucketLogging:BucketLogging"
_OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
_LIFECYCLE: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_CONTENT: Final = re.compile(r"\A(.*[:/])?(content|contents|data|purpose|workload|name)\Z", re.IGNORECASE)
_MODELS: Final = re.compile(r"model|weight|checkpoint", re.IGNORECASE)
_GROWS: Final = re.compile(r"checkpoint|log|scratch|trace", re.IGNORECASE)
_DENY_PLAIN: Final = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/r"}, "Action": "s3:GetObject", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]
}


@stack_rule(
    "aws-s3-pab",
    Severity.MEDIUM,
    _BUCKET,
    why="AWS blocks public access of new buckets by itself, and whoever takes that away by hand is not noticed: a block in the stack is.",
    fix="Add an `aws.s3.BucketPublicAccessBlock` for the bucket.",
    references=("checkov:CKV2_AWS_6", "trivy:AWS-0094", "prowler:s3_bucket_level_public_access_block", "cis-aws-7.0:3.1.4"),
    good=[On(_BUCKET, {}, around={"block": On(_BLOCK, {"bucket": IT})}), On(_BUCKET, {}, around={"all": On(_ACCOUNT_BLOCK, {})})],
    bad=[{}, On(_BUCKET, {}, around={"other": On(_BUCKET, {}), "block": On(_BLOCK, {"bucket": Ref("other")})})],
    unknown=[On(_BUCKET, {}, around={"block": On(_BLOCK, {"bucket": UNKNOWN})})],
)
def bucket_has_a_block(bucket: Resource, stack: Stack) -> Verdict:
    """Every bucket has a public access block, its own or the account's."""
    blocks = (block.bucket.refers_to(bucket) for block in stack.of(_BLOCK))
    accounts = (account.pass_because("") for account in stack.of(_ACCOUNT_BLOCK))
    return bucket.has_some("public access block", (*blocks, *accounts))


@stack_rule(
    "aws-s3-tls-only",
    Severity.MEDIUM,
    _BUCKET,
    why="S3 still answers plain HTTP; one old client then sends weights and its signature in the clear.",
    fix="Add to the bucket's policy a Deny of `s3:*` for everyone where `aws:SecureTransport` is false.",
    references=("checkov:CKV_AWS_379", "prowler:s3_bucket_secure_transport_policy", "cis-aws-7.0:3.1.1"),
    good=[On(_BUCKET, {}, around={"policy": On(_POLICY, {"bucket": IT, "policy": _DENY_PLAIN})}), {"policy": _DENY_PLAIN}],
    bad=[
        {},
        On(_BUCKET, {}, around={"policy": On(_POLICY, {"bucket": IT, "policy": {"Statement": _DENY_PLAIN["Statement"][:1]}})}),
        On(_BUCKET, {}, around={"other": On(_BUCKET, {}), "policy": On(_POLICY, {"bucket": Ref("other"), "policy": _DENY_PLAIN})}),
    ],
    unknown=[
        On(_BUCKET, {}, around={"policy": On(_POLICY, {"bucket": IT, "policy": UNKNOWN})}),
        On(_BUCKET, {}, around={"policy": On(_POLICY, {"bucket": UNKNOWN, "policy": _DENY_PLAIN})}),
    ],
)
def bucket_speaks_tls_alone(bucket: Resource, stack: Stack) -> Verdict:
    """Every bucket refuses what is not encrypted on the way."""
    policies = (policy.bucket.refers_to(bucket) & _denies_plain(policy.policy) for policy in stack.of(_POLICY))
    return bucket.has_some("policy that demands TLS", (_denies_plain(bucket.policy), *policies))


def _denies_plain(document: View) -> Verdict:
    whole = document.json_inside()
    if whole.raw_value() is UNKNOWN:
        return document.undecided_because()
    return any_of(
        element(statement, "Effect").is_one_of("Deny") & element(statement, "Condition").Bool["aws:SecureTransport"].is_false()
        for statement in statements(document)
    )


@stack_rule(
    "aws-s3-versioning",
    Severity.MEDIUM,
    _BUCKET,
    why="A training job that writes an empty checkpoint over the last good one has ended months of work.",
    fix='Add an `aws.s3.BucketVersioning` with `versioning_configuration={"status": "Enabled"}`, and a lifecycle for old versions.',
    references=("checkov:CKV_AWS_21", "trivy:AWS-0090", "prowler:s3_bucket_object_versioning"),
    good=[
        On(
            _BUCKET,
            {"tags": {"Name": "models"}},
            around={"v": On(_VERSIONING, {"bucket": IT, "versioningConfiguration": {"status": "Enabled"}})},
        ),
        {"tags": {"Name": "models"}, "versioning": {"enabled": True}},
        {"tags": {"Name": "web-assets"}},
    ],
    bad=[
        {"tags": {"Name": "model-weights"}},
        On(
            _BUCKET,
            {"tags": {"content": "checkpoints"}},
            around={"v": On(_VERSIONING, {"bucket": IT, "versioningConfiguration": {"status": "Suspended"}})},
        ),
        {"bucket": "llama-checkpoints"},
    ],
    unknown=[On(_BUCKET, {"tags": {"Name": "models"}}, around={"v": On(_VERSIONING, {"bucket": IT, "versioningConfiguration": UNKNOWN})})],
)
def models_can_be_brought_back(bucket: Resource, stack: Stack) -> Verdict:
    """A bucket of models or checkpoints keeps old versions; which it is, its name or its tags say."""
    kept = (
        one.bucket.refers_to(bucket) & one.versioningConfiguration.status.is_one_of("Enabled", "enabled") for one in stack.of(_VERSIONING)
    )
    return _holds(bucket, _MODELS).implies(bucket.has_some("versions", (bucket.versioning.enabled.is_true(), *kept)))


def _holds(bucket: Resource, what: "re.Pattern[str]") -> Verdict:
    return bucket.bucket.text_matches(what) | bucket.bucketPrefix.text_matches(what) | tagged(bucket, _CONTENT, what)


@stack_rule(
    "aws-s3-kms",
    Severity.LOW,
    _BUCKET,
    why=f"{WHY_OWN_KEY} S3 encrypts everything since 2023, under a key of its own.",
    fix='Add an `aws.s3.BucketServerSideEncryptionConfiguration` with `sse_algorithm="aws:kms"` and `kms_master_key_id`.',
    references=("checkov:CKV_AWS_145", "trivy:AWS-0132", "prowler:s3_bucket_kms_encryption"),
    good=[
        On(
            _BUCKET,
            {},
            around={
                "sse": On(
                    _ENCRYPTION,
                    {
                        "bucket": IT,
                        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms:dsse", "kmsMasterKeyId": EXAMPLE_KEY}}],
                    },
                )
            },
        ),
        On(_BUCKET, {}, around={"data": On(_BUCKET, {}), "log": On(_LOGGING, {"bucket": Ref("data"), "targetBucket": IT})}),
    ],
    bad=[
        {},
        On(
            _BUCKET,
            {},
            around={"sse": On(_ENCRYPTION, {"bucket": IT, "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]})},
        ),
    ],
    unknown=[
        On(_BUCKET, {}, around={"sse": On(_ENCRYPTION, {"bucket": IT, "rules": UNKNOWN})}),
        On(_BUCKET, {}, around={"log": On(_LOGGING, {"bucket": "b", "targetBucket": UNKNOWN})}),
    ],
)
def bucket_has_a_key(bucket: Resource, stack: Stack) -> Verdict:
    """Every bucket is under a key of KMS; S3 delivers its own logs only to buckets that are not."""
    old = bucket.serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault.sseAlgorithm
    apart = (one.bucket.refers_to(bucket) & any_of(_is_kms(rule) for rule in one.rules) for one in stack.of(_ENCRYPTION))
    takes_logs = bucket.has_some("logs of S3 that come to it", (log.targetBucket.refers_to(bucket) for log in stack.of(_LOGGING)))
    return takes_logs | bucket.has_some("key of KMS", (old.is_one_of("aws:kms", "aws:kms:dsse"), *apart))


def _is_kms(rule: View) -> Verdict:
    return rule.applyServerSideEncryptionByDefault.sseAlgorithm.is_one_of("aws:kms", "aws:kms:dsse")


@stack_rule(
    "aws-s3-logging",
    Severity.LOW,
    _BUCKET,
    why="Without a log of requests nobody can say who fetched the weights.",
    fix="Add an `aws.s3.BucketLogging` with a bucket for logs, or have CloudTrail record data events.",
    references=("checkov:CKV_AWS_18", "trivy:AWS-0089", "prowler:s3_bucket_server_access_logging_enabled"),
    good=[
        On(_BUCKET, {}, around={"log": On(_LOGGING, {"bucket": IT, "targetBucket": "logs"})}),
        {"logging": {"targetBucket": "logs"}},
        On(_BUCKET, {}, around={"app": On(_BUCKET, {}), "log": On(_LOGGING, {"bucket": Ref("app"), "targetBucket": IT})}),
    ],
    bad=[{}],
    unknown=[On(_BUCKET, {}, around={"log": On(_LOGGING, {"bucket": UNKNOWN, "targetBucket": "logs"})})],
)
def requests_are_logged(bucket: Resource, stack: Stack) -> Verdict:
    """Requests to a bucket are logged; a bucket that takes the logs of others logs nothing itself."""
    logs = stack.of(_LOGGING)
    own = (bucket.logging.targetBucket.is_set(), *(log.bucket.refers_to(bucket) for log in logs))
    return bucket.has_some("log of requests", (*own, *(log.targetBucket.refers_to(bucket) for log in logs)))


@rule(
    "aws-s3-ownership",
    Severity.LOW,
    _OWNERSHIP,
    why="Where access lists still count, one object with a list of its own is public in a private bucket.",
    fix='Set `rule={"object_ownership": "BucketOwnerEnforced"}`.',
    references=("checkov:CKV2_AWS_65", "prowler:s3_bucket_acl_prohibited"),
    good=[{"bucket": "b", "rule": {"objectOwnership": "BucketOwnerEnforced"}}],
    bad=[
        {"bucket": "b", "rule": {"objectOwnership": "ObjectWriter"}},
        {"bucket": "b", "rule": {"objectOwnership": "BucketOwnerPreferred"}},
    ],
    unknown=[{"bucket": "b", "rule": UNKNOWN}],
)
def access_lists_do_not_count(controls: Resource) -> Verdict:
    """Access lists of objects do not count."""
    return controls.rule.objectOwnership.is_one_of("BucketOwnerEnforced")


@rule(
    "aws-s3-force-destroy",
    Severity.MEDIUM,
    _BUCKET,
    why="With it, removing a bucket from the program removes every object in it, without a question.",
    fix="Leave `force_destroy` out in production.",
    references=("https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucket/",),
    good=[{"tags": {"environment": "prod"}}, {"forceDestroy": True, "tags": {"environment": "dev"}}, {"forceDestroy": True}],
    bad=[{"forceDestroy": True, "tags": {"environment": "prod"}}],
    unknown=[{"forceDestroy": UNKNOWN, "tags": {"environment": "prod"}}, {"forceDestroy": True, "tags": UNKNOWN}],
)
def bucket_goes_only_when_empty(bucket: Resource) -> Verdict:
    """In production a bucket can be removed only when it is empty."""
    return ~(bucket.forceDestroy.is_true() & is_production(bucket))


@rule(
    "aws-s3-abort-mpu",
    Severity.LOW,
    _LIFECYCLE,
    why="Parts of checkpoints whose upload broke off are kept and billed for ever, and no listing shows them.",
    fix='Add a rule with `abort_incomplete_multipart_upload={"days_after_initiation": 7}`.',
    references=("checkov:CKV_AWS_300",),
    good=[
        {
            "bucket": "b",
            "rules": [{"status": "Enabled"}, {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}, "status": "Enabled"}],
        }
    ],
    bad=[
        {"bucket": "b", "rules": [{"expiration": {"days": 30}, "status": "Enabled"}]},
        {"bucket": "b", "rules": [{"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}, "status": "Disabled"}]},
    ],
    unknown=[{"bucket": "b", "rules": UNKNOWN}],
)
def broken_uploads_are_removed(lifecycle: Resource) -> Verdict:
    """A lifecycle removes uploads that broke off."""
    aborts = ((rule.abortIncompleteMultipartUpload.daysAfterInitiation > 0) & rule.status.is_one_of("Enabled") for rule in lifecycle.rules)
    found = any_of(aborts)
    return found if found.facts else lifecycle.rules.fail_because()


@stack_rule(
    "cost-s3-lifecycle",
    Severity.LOW,
    _BUCKET,
    why="Checkpoints and logs are written every hour and read once; without an end they are the largest line of the storage bill.",
    fix="Add an `aws.s3.BucketLifecycleConfiguration` that expires or moves them.",
    references=("checkov:CKV2_AWS_61", "pulumi:aws-ts-finops"),
    good=[
        On(
            _BUCKET,
            {"bucket": "checkpoints"},
            around={"l": On(_LIFECYCLE, {"bucket": IT, "rules": [{"status": "Enabled", "expiration": {"days": 90}}]})},
        ),
        {"bucket": "weights"},
    ],
    bad=[{"bucket": "llama-checkpoints"}, {"tags": {"purpose": "logs"}}],
    unknown=[On(_BUCKET, {"bucket": "checkpoints"}, around={"l": On(_LIFECYCLE, {"bucket": UNKNOWN})})],
)
def what_grows_is_cut_back(bucket: Resource, stack: Stack) -> Verdict:
    """A bucket of checkpoints, logs or scratch data has a lifecycle; which it is, its name or its tags say."""
    cut = (one.bucket.refers_to(bucket) for one in stack.of(_LIFECYCLE))
    return _holds(bucket, _GROWS).implies(bucket.has_some("lifecycle", (bucket.lifecycleRules.is_set(), *cut)))
