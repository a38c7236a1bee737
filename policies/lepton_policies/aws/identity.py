"""Identities: nobody holds a wildcard over the account."""

import re
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.iam import is_admin
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, none_of
from lepton_infra.rules.view import Resource

_POLICY: Final = "aws:iam/policy:Policy"
_ROLE: Final = "aws:iam/role:Role"
_PERMISSION_SET: Final = "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"
_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_ATTACHMENTS: Final = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
_PERMISSION_SET_ATTACHMENT: Final = "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment"

_ADMIN_POLICIES: Final = re.compile(
    r"\Aarn:aws[a-z-]*:iam::aws:policy/(AdministratorAccess|PowerUserAccess|IAMFullAccess)\s*\Z", re.IGNORECASE
)
"""AWS's own policies that allow everything, everything but IAM, and all of IAM (AWS Managed Policy Reference)."""
_ADMIN_ARN: Final = "arn:aws:iam::aws:policy/AdministratorAccess"
_ALL: Final = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'

_WHY: Final = "A workload that is broken into hands over what its role may do; with a wildcard that is the account."


@rule(
    "aws-iam-admin-document",
    Severity.CRITICAL,
    _POLICY,
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
    _ROLE,
    _PERMISSION_SET,
    why=_WHY,
    fix="Name the actions that are needed and the resources that they are needed on; `NotAction` with Allow is a wildcard too.",
    references=(
        "checkov:CKV_AWS_62",
        "checkov:CKV_AWS_63",
        "prowler:iam_customer_attached_policy_no_administrative_privileges",
        "cis-aws-7.0:2.14",
    ),
    good=[
        {"policy": {"Statement": [{"Effect": "Allow", "Action": ["s3:Get*", "s3:ListBucket"], "Resource": "*"}]}},
        {"policy": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::models", "arn:aws:s3:::models/*"]}]}},
        {"policy": {"Statement": [{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}]}},
        {"policy": {"Statement": [{"Effect": "Allow", "Action": UNKNOWN, "Resource": "arn:aws:s3:::models/*"}]}},
        On(_ROLE, {"assumeRolePolicy": "{}"}),
    ],
    bad=[
        {"policy": _ALL},
        {"policy": {"Statement": {"Effect": "Allow", "Action": "*:*", "Resource": "*"}}},
        {"policy": {"Statement": [{"Effect": "Allow", "Action": ["IAM:*"], "Resource": ["*"]}]}},
        {"policy": {"Statement": [{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}]}},
        {"policy": {"Statement": [{"Effect": "Allow", "Action": "?*", "NotResource": "arn:aws:s3:::models"}]}},
        {"policy": {"Statement": [{"Effect": "Allow", "Action": [UNKNOWN, "*"], "Resource": "arn:aws:*:*:123456789012:*"}]}},
        On(_ROLE, {"inlinePolicies": [{"name": "read", "policy": "{}"}, {"name": "all", "policy": _ALL}]}),
        On(_PERMISSION_SET, {"inlinePolicy": _ALL}),
    ],
    unknown=[
        {"policy": UNKNOWN},
        {"policy": {"Statement": [{"Effect": "Allow", "Action": UNKNOWN, "Resource": "*"}]}},
        {"policy": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": [UNKNOWN]}]}},
        On(_ROLE, {"inlinePolicies": UNKNOWN}),
    ],
)
def document_is_not_admin(holder: Resource) -> Verdict:
    """No policy document gives away the account."""
    documents = (holder.policy, holder.inlinePolicy, *(inline.policy for inline in holder.inlinePolicies))
    return none_of(is_admin(document) for document in documents)


@rule(
    "aws-iam-managed-admin",
    Severity.CRITICAL,
    _ATTACHMENT,
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
    _ATTACHMENTS,
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive",
    _PERMISSION_SET_ATTACHMENT,
    _ROLE,
    why=_WHY,
    fix="Attach a policy that names what is needed instead of AdministratorAccess, PowerUserAccess or IAMFullAccess.",
    references=("checkov:CKV_AWS_274", "checkov:CKV2_AWS_56", "cis-aws-7.0:2.14"),
    good=[
        {"role": "r", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
        On(_ROLE, {"managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}),
    ],
    bad=[
        {"role": "r", "policyArn": _ADMIN_ARN},
        {"role": UNKNOWN, "policyArn": "arn:aws-cn:iam::aws:policy/AdministratorAccess"},
        On(_ROLE, {"managedPolicyArns": [UNKNOWN, "arn:aws:iam::aws:policy/IAMFullAccess"]}),
        On(_ATTACHMENTS, {"policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess", _ADMIN_ARN]}),
        On(_PERMISSION_SET_ATTACHMENT, {"managedPolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}),
    ],
    unknown=[{"role": "r", "policyArn": UNKNOWN}, On(_ROLE, {"managedPolicyArns": [UNKNOWN]})],
)
def attachment_is_not_admin(holder: Resource) -> Verdict:
    """No identity holds one of AWS's administrator policies."""
    arns = (holder.policyArn, holder.managedPolicyArn, *holder.managedPolicyArns, *holder.policyArns)
    return none_of(arn.text_matches(_ADMIN_POLICIES) for arn in arns)
