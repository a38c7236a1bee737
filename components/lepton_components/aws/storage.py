"""S3 buckets: one for data, encrypted with a key of one's own, and one for its access log."""

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws import documents
from lepton_components.aws.site import Site
from lepton_components.contract import StorageFacts, StorageSpec

_PARTS_DAYS = 7
"""Days after which the parts of an upload that never finished are deleted; they cost as much as objects and nobody sees them."""
_ACCESS_LOG_DAYS = 365
"""Days for which it can be told who read what."""


def storage(name: str, spec: StorageSpec, parent: pulumi.Resource) -> StorageFacts:
    """Make both buckets; the facts wait for the data bucket's policy, which comes last."""
    site = Site.of("storage", name, spec.scope, parent)
    logs = _bucket(site, f"{spec.name}-access-log")
    data = _bucket(site, spec.name, protect=spec.scope.careful)
    _encrypted(site, f"{spec.name}-access-log", logs, None)
    _encrypted(site, spec.name, data, spec.key)
    closed = _closed(site, f"{spec.name}-access-log", logs)
    delivery = aws.s3.BucketPolicy(
        site.part(names.PLAIN, spec.name, "access-log"),
        bucket=logs.bucket,
        policy=pulumi.Output.all(logs.arn, data.arn).apply(lambda arns: documents.log_bucket(arns[0], arns[1], site.account)),
        opts=site.under(logs, closed),
    )
    aws.s3.BucketLogging(
        site.part(names.PLAIN, spec.name),
        bucket=data.bucket,
        target_bucket=logs.bucket,
        target_prefix=f"{spec.name}/",
        opts=site.under(data, delivery),
    )
    policy = aws.s3.BucketPolicy(
        site.part(names.PLAIN, spec.name),
        bucket=data.bucket,
        policy=pulumi.Output.all(data.arn, spec.key).apply(lambda arns: documents.data_bucket(arns[0], arns[1])),
        opts=site.under(data, _closed(site, spec.name, data)),
    )
    _aged(site, f"{spec.name}-access-log", logs, noncurrent_days=spec.noncurrent_days, days=_ACCESS_LOG_DAYS)
    _aged(site, spec.name, data, noncurrent_days=spec.noncurrent_days)
    ready = pulumi.Output.all(data.arn, data.bucket, policy.id)
    return StorageFacts(
        id=ready.apply(lambda made: made[0]),
        name=ready.apply(lambda made: made[1]),
        url=ready.apply(lambda made: f"s3://{made[1]}"),
    )


def _bucket(site: Site, label: str, *, protect: bool = False) -> aws.s3.Bucket:
    return aws.s3.Bucket(site.part(names.BUCKET, label), force_destroy=False, tags=site.tags(label), opts=site.child(protect=protect))


def _encrypted(site: Site, label: str, bucket: aws.s3.Bucket, key: pulumi.Output[str] | None) -> None:
    """Encrypt and version a bucket.

    A bucket that receives access logs must not encrypt with KMS, or S3 delivers nothing (S3 user guide, "Enabling server access logging").
    """
    algorithm = "AES256" if key is None else "aws:kms"
    aws.s3.BucketServerSideEncryptionConfiguration(
        site.part(names.PLAIN, label),
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": {"sse_algorithm": algorithm, "kms_master_key_id": key},
                "bucket_key_enabled": key is not None,
                "blocked_encryption_types": ["SSE-C"],
            }
        ],
        opts=site.under(bucket),
    )
    aws.s3.BucketVersioning(
        site.part(names.PLAIN, label),
        bucket=bucket.bucket,
        versioning_configuration={"status": "Enabled"},
        opts=site.under(bucket),
    )


def _closed(site: Site, label: str, bucket: aws.s3.Bucket) -> aws.s3.BucketOwnershipControls:
    """Shut a bucket to the public; one after the other, for S3 refuses two such changes at once."""
    block = aws.s3.BucketPublicAccessBlock(
        site.part(names.PLAIN, label),
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=site.under(bucket),
    )
    return aws.s3.BucketOwnershipControls(
        site.part(names.PLAIN, label),
        bucket=bucket.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=site.under(bucket, block),
    )


def _aged(site: Site, label: str, bucket: aws.s3.Bucket, *, noncurrent_days: int, days: int | None = None) -> None:
    """Delete what was overwritten, what was never finished, and, where days are given, what is old."""
    aws.s3.BucketLifecycleConfiguration(
        site.part(names.PLAIN, label),
        bucket=bucket.bucket,
        rules=[
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {},
                "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days},
                "abort_incomplete_multipart_upload": {"days_after_initiation": _PARTS_DAYS},
                "expiration": {"expired_object_delete_marker": True} if days is None else {"days": days},
            }
        ],
        opts=site.under(bucket),
    )
