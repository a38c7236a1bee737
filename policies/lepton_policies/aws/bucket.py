"""Buckets: nobody reads them who was not asked in.

A bucket becomes public by an access list, by a policy, or because the block against both is taken away; each way is a card of its own.
"""

import re
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.iam import is_public
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, none_of
from lepton_infra.rules.view import Resource

_BUCKET: Final = "aws:s3/bucket:Bucket"
_BUCKET_ACL: Final = "aws:s3/bucketAcl:BucketAcl"
_BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
_OBJECT: Final = "aws:s3/bucketObjectv2:BucketObjectv2"
_OLD_OBJECT: Final = "aws:s3/bucketObject:BucketObject"
_ACCESS_POINT: Final = "aws:s3/accessPoint:AccessPoint"
_ACCESS_POINT_POLICY: Final = "aws:s3control/accessPointPolicy:AccessPointPolicy"
_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_ACCOUNT_BLOCK: Final = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"

_PUBLIC_ACLS: Final = ("public-read", "public-read-write", "authenticated-read")
"""Canned access lists that let in everyone, or everyone with any AWS account (S3 User Guide, "Canned ACL")."""
_EVERYONE: Final = re.compile(r"/groups/global/(AllUsers|AuthenticatedUsers)\s*\Z")
"""The groups of an access list that mean the same."""
_ALL_USERS: Final = "http://acs.amazonaws.com/groups/global/AllUsers"
_OPEN_POLICY: Final = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}}'


@rule(
    "aws-s3-pab-flags",
    Severity.HIGH,
    _BLOCK,
    _ACCOUNT_BLOCK,
    why="Each of the four flags closes one way of making a bucket public; the one left open is the one that a later change takes.",
    fix="Set `block_public_acls`, `block_public_policy`, `ignore_public_acls` and `restrict_public_buckets` to True.",
    references=(
        "checkov:CKV_AWS_53",
        "checkov:CKV_AWS_54",
        "checkov:CKV_AWS_55",
        "checkov:CKV_AWS_56",
        "trivy:AWS-0086",
        "trivy:AWS-0087",
        "trivy:AWS-0091",
        "trivy:AWS-0093",
        "prowler:s3_bucket_level_public_access_block",
        "cis-aws-7.0:3.1.4",
    ),
    good=[
        {"bucket": "b", "blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True},
        On(_ACCOUNT_BLOCK, {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}),
    ],
    bad=[
        {"bucket": "b"},
        {"bucket": "b", "blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True},
        {"bucket": "b", "blockPublicAcls": True, "blockPublicPolicy": False, "ignorePublicAcls": UNKNOWN, "restrictPublicBuckets": True},
    ],
    unknown=[
        {"bucket": "b", "blockPublicAcls": True, "blockPublicPolicy": UNKNOWN, "ignorePublicAcls": True, "restrictPublicBuckets": True}
    ],
)
def public_access_is_blocked(block: Resource) -> Verdict:
    """A public access block blocks all four ways."""
    return all_of(
        flag.is_true() for flag in (block.blockPublicAcls, block.blockPublicPolicy, block.ignorePublicAcls, block.restrictPublicBuckets)
    )


@rule(
    "aws-s3-acl-public",
    Severity.CRITICAL,
    _BUCKET,
    _BUCKET_ACL,
    _OBJECT,
    _OLD_OBJECT,
    "aws:s3/objectCopy:ObjectCopy",
    why="Whatever lies in the bucket, weights and prompts included, can be fetched by anyone who guesses its name; scanners guess all day.",
    fix="Leave `acl` out (or 'private') and grant by bucket policy to named principals.",
    references=("checkov:CKV_AWS_20", "checkov:CKV_AWS_57", "checkov:CKV2_AWS_43", "trivy:AWS-0092", "prowler:s3_bucket_public_access"),
    good=[{}, {"acl": "private"}, On(_BUCKET_ACL, {"bucket": "b", "acl": "log-delivery-write"})],
    bad=[
        {"acl": "public-read"},
        {
            "grants": [
                {"type": "CanonicalUser", "id": "x", "permissions": ["READ"]},
                {"type": "Group", "uri": _ALL_USERS, "permissions": ["READ"]},
            ]
        },
        On(_BUCKET_ACL, {"bucket": "b", "acl": "authenticated-read"}),
        On(
            _BUCKET_ACL,
            {"bucket": "b", "accessControlPolicy": {"grants": [{"permission": "READ", "grantee": {"type": "Group", "uri": _ALL_USERS}}]}},
        ),
        On(_OBJECT, {"bucket": "b", "acl": "public-read-write"}),
    ],
    unknown=[{"acl": UNKNOWN}, On(_BUCKET_ACL, {"bucket": "b", "accessControlPolicy": UNKNOWN})],
)
def access_list_is_private(bucket: Resource) -> Verdict:
    """No access list lets everyone in."""
    granted = [*(grant.uri for grant in bucket.grants), *(grant.grantee.uri for grant in bucket.accessControlPolicy.grants)]
    return ~bucket.acl.is_one_of(*_PUBLIC_ACLS) & none_of(uri.text_matches(_EVERYONE) for uri in granted)


@rule(
    "aws-s3-policy-public",
    Severity.CRITICAL,
    _BUCKET_POLICY,
    _BUCKET,
    _ACCESS_POINT,
    _ACCESS_POINT_POLICY,
    why="An Allow to the principal '*' is an Allow to everyone on the internet, account or none, unless a condition keeps them out.",
    fix="Name the principals, or add a condition on aws:SourceVpce, aws:PrincipalOrgID or a narrow aws:SourceIp.",
    references=("checkov:CKV_AWS_70", "prowler:s3_bucket_policy_public_write_access", "cis-aws-7.0:2.21"),
    good=[
        {"bucket": "b", "policy": {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]}},
        {
            "policy": {
                "Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/reader"}, "Action": "s3:GetObject"}
            }
        },
        {
            "policy": {
                "Statement": [
                    {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}},
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "*"},
                        "Action": "s3:*",
                        "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
                    },
                ]
            }
        },
        On(_BUCKET, {}),
    ],
    bad=[
        {"bucket": "b", "policy": _OPEN_POLICY},
        {
            "policy": {
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::123456789012:root", "*"]}, "Action": "s3:GetObject"}]
            }
        },
        {
            "policy": {
                "Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "s3:GetObject"}]
            }
        },
        {
            "policy": {
                "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}]
            }
        },
        {
            "policy": {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Condition": {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}},
                    }
                ]
            }
        },
        {
            "policy": {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "*",
                        "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}},
                    }
                ]
            }
        },
        On(_BUCKET, {"policy": _OPEN_POLICY}),
    ],
    unknown=[
        {"bucket": "b", "policy": UNKNOWN},
        {"policy": {"Statement": [{"Effect": "Allow", "Principal": UNKNOWN, "Action": "s3:GetObject"}]}},
        {"policy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Condition": UNKNOWN}]}},
    ],
)
def policy_is_not_public(bucket: Resource) -> Verdict:
    """No bucket policy allows anything to everyone."""
    return ~is_public(bucket.policy)
