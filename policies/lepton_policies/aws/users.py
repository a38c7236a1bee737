"""Users of IAM: people come by the company's sign-on, machines by roles, and neither has a key that lasts."""

import re
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.shared.production import tagged

_ATTACHMENT: Final = "aws:iam/userPolicyAttachment:UserPolicyAttachment"
_INLINE: Final = "aws:iam/userPolicy:UserPolicy"
_SHARED: Final = "aws:iam/policyAttachment:PolicyAttachment"
_EXCLUSIVE: Final = "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive"
_READ: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_NONE: Final[list[object]] = []

_EMERGENCY: Final = re.compile(r"\Abreak-?glass\Z", re.IGNORECASE)
_YES: Final = re.compile(r"\A\s*(true|yes)\s*\Z", re.IGNORECASE)


@rule(
    "aws-iam-user",
    Severity.LOW,
    "aws:iam/user:User",
    why="A user of IAM outlives the person: the company's sign-on does not know it, and its keys stay valid for years.",
    fix="Let people in by IAM Identity Center and machines by roles; tag the one for emergencies `break-glass`: `true`.",
    references=("checkov:CKV_AWS_273", "cis-aws-7.0:2.19"),
    good=[{"name": "emergency", "tags": {"break-glass": "true"}}],
    bad=[{"name": "ci"}, {"name": UNKNOWN, "tags": {"team": "ml"}}, {"name": "trainer", "tags": {"break-glass": "false"}}],
    unknown=[{"name": "ci", "tags": UNKNOWN}, {"name": "ci", "tags": {"break-glass": UNKNOWN}}],
)
def nobody_is_a_user(user: Resource) -> Verdict:
    """There is no user of IAM but one for emergencies."""
    return user.fail_because("is a user of IAM") | tagged(user, _EMERGENCY, _YES)


@rule(
    "aws-iam-user-policy",
    Severity.LOW,
    _ATTACHMENT,
    _INLINE,
    _SHARED,
    _EXCLUSIVE,
    why="Rights given to one person stay when the person changes teams; nobody reads the users one by one to find them.",
    fix="Give the rights to a role or a group, and put the user into the group.",
    references=("checkov:CKV_AWS_40", "trivy:AWS-0143", "prowler:iam_policy_attached_only_to_group_or_roles", "cis-aws-7.0:2.13"),
    good=[
        On(_SHARED, {"policyArn": _READ, "roles": ["trainer"], "groups": ["ml"]}),
        On(_SHARED, {"policyArn": _READ, "users": _NONE}),
        On(_EXCLUSIVE, {"userName": "ci", "policyArns": _NONE}),
    ],
    bad=[
        {"user": "ci", "policyArn": _READ},
        {"user": UNKNOWN, "policyArn": UNKNOWN},
        On(_INLINE, {"user": "ci", "policy": UNKNOWN}),
        On(_SHARED, {"policyArn": _READ, "users": ["ci"]}),
        On(_EXCLUSIVE, {"userName": "ci", "policyArns": [_READ]}),
    ],
    unknown=[On(_SHARED, {"policyArn": _READ, "users": UNKNOWN}), On(_EXCLUSIVE, {"userName": "ci", "policyArns": UNKNOWN})],
)
def rights_come_by_roles_and_groups(holder: Resource) -> Verdict:
    """No user of IAM holds rights of their own."""
    if holder.type_token == _SHARED:
        return holder.users.is_absent()
    if holder.type_token == _EXCLUSIVE:
        return holder.policyArns.is_absent()
    return holder.user.fail_because("holds rights of their own")


@rule(
    "aws-iam-access-key",
    Severity.MEDIUM,
    "aws:iam/accessKey:AccessKey",
    why="A key works from anywhere until somebody ends it, and its secret half stands in the stack's state.",
    fix="Let machines take roles: Pod Identity in EKS, OIDC from CI, IAM Roles Anywhere elsewhere.",
    references=("https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",),
    good=[{"user": "ci", "status": "Inactive"}],
    bad=[{"user": "ci"}, {"user": UNKNOWN, "status": "Active"}],
    unknown=[{"user": "ci", "status": UNKNOWN}],
)
def no_key_is_made(key: Resource) -> Verdict:
    """No access key is made for a user."""
    return key.status.is_one_of("Inactive")
