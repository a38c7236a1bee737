"""Access: what an identity may do beyond its work, and who may become it."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.iam import Policy, element, is_public, statements
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import Resource, View

_POLICY: Final = "aws:iam/policy:Policy"
_ROLE: Final = "aws:iam/role:Role"
_HOLDERS: Final = (
    _POLICY,
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
    _ROLE,
)
_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_TRUST_ROOT: Final = {"AWS": "arn:aws:iam::444455556666:root"}
_ROOT: Final = re.compile(r"\A(\d{12}|arn:aws[a-z-]*:iam::\d{12}:root)\Z")

_SENSITIVE: Final = {
    "iam": ("iam:CreateAccessKey", "iam:DeleteRole"),
    "kms": ("kms:ScheduleKeyDeletion", "kms:Decrypt"),
    "s3": ("s3:DeleteBucket", "s3:GetObject"),
    "ec2": ("ec2:TerminateInstances", "ec2:CreateSnapshot"),
    "secretsmanager": ("secretsmanager:GetSecretValue", "secretsmanager:DeleteSecret"),
    "eks": ("eks:DeleteCluster", "eks:CreateAccessEntry"),
    "sagemaker": ("sagemaker:DeleteEndpoint", "sagemaker:CreateNotebookInstance"),
    "bedrock": ("bedrock:InvokeModel", "bedrock:DeleteGuardrail"),
    "sts": ("sts:AssumeRole", "sts:GetFederationToken"),
    "organizations": ("organizations:LeaveOrganization", "organizations:DeletePolicy"),
}
"""Two actions of each sensitive service that have nothing in common: who may do both holds the service's wildcard."""
_WRITES: Final = (
    "s3:DeleteObject",
    "s3:PutObject",
    "ec2:TerminateInstances",
    "ec2:DeleteVolume",
    "kms:ScheduleKeyDeletion",
    "dynamodb:DeleteTable",
    "lambda:UpdateFunctionCode",
    "eks:DeleteCluster",
    "sagemaker:DeleteEndpoint",
    "rds:DeleteDBInstance",
    "secretsmanager:PutSecretValue",
    "sqs:DeleteQueue",
    "sns:DeleteTopic",
    "ecr:DeleteRepository",
    "logs:DeleteLogGroup",
    "cloudtrail:StopLogging",
)
"""A destructive or changing action of each service that infrastructure for models uses; each can be given for one resource."""
_ESCALATIONS: Final = (
    ("iam:PassRole", "ec2:RunInstances"),
    ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
    ("iam:PassRole", "sagemaker:CreateNotebookInstance"),
    ("iam:PassRole", "sagemaker:CreateTrainingJob"),
    ("iam:PassRole", "ecs:RunTask"),
    ("iam:PassRole", "cloudformation:CreateStack"),
    ("iam:PassRole", "glue:CreateJob"),
    ("iam:CreatePolicyVersion",),
    ("iam:SetDefaultPolicyVersion",),
    ("iam:CreateAccessKey",),
    ("iam:CreateLoginProfile",),
    ("iam:UpdateLoginProfile",),
    ("iam:AttachUserPolicy",),
    ("iam:AttachRolePolicy",),
    ("iam:AttachGroupPolicy",),
    ("iam:PutUserPolicy",),
    ("iam:PutRolePolicy",),
    ("iam:PutGroupPolicy",),
    ("iam:AddUserToGroup",),
    ("iam:UpdateAssumeRolePolicy",),
)
"""Ways from some rights to all rights (Rhino Security Labs, "AWS IAM Privilege Escalation"), where they are given on every resource."""
_DATA: Final = ("s3:GetObject", "secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParameters")


def _policies(holder: Resource) -> list[Policy]:
    """Return the documents that a resource holds."""
    if holder.type_token == _ROLE:
        return [Policy(inline.policy) for inline in holder.inlinePolicies]
    return [Policy(holder.policy)]


def _allow(action: object, resource: object = "*", condition: object = None) -> dict[str, object]:
    narrowed = {} if condition is None else {"Condition": condition}
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **narrowed}
    return {"policy": {"Version": "2012-10-17", "Statement": [statement]}}


@rule(
    "aws-iam-star-action",
    Severity.HIGH,
    *_HOLDERS,
    why="A wildcard over a service takes in what is dangerous in it and what AWS will add to it next year.",
    fix="Name the actions; IAM Access Analyzer writes the list from what was used.",
    references=("checkov:CKV_AWS_63",),
    good=[_allow(["s3:GetObject", "s3:List*"]), _allow("s3:*", ["arn:aws:s3:::models", "arn:aws:s3:::models/*"]), On(_ROLE, {})],
    bad=[_allow(["logs:PutLogEvents", "s3:*"]), _allow("KMS:*"), _allow("sage?aker:*"), On(_ROLE, {"inlinePolicies": [_allow("eks:*")]})],
    unknown=[{"policy": UNKNOWN}, _allow([UNKNOWN])],
)
def no_service_is_given_away(holder: Resource) -> Verdict:
    """No policy holds the wildcard of a sensitive service on every resource."""
    return none_of(all_of(policy.gives(action) for action in actions) for policy in _policies(holder) for actions in _SENSITIVE.values())


@rule(
    "aws-iam-star-resource",
    Severity.MEDIUM,
    *_HOLDERS,
    why="An action that changes or deletes, allowed on everything, reaches what other teams have built.",
    fix="Name the resources by ARN, or narrow by a condition on tags (`aws:ResourceTag/...`).",
    references=("checkov:CKV_AWS_355", "checkov:CKV_AWS_290"),
    good=[
        _allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::models/*"),
        _allow("ec2:DescribeInstances"),
        _allow("ec2:TerminateInstances", "*", condition={"StringEquals": {"aws:ResourceTag/team": "inference"}}),
    ],
    bad=[_allow("s3:PutObject"), _allow("s3:Delete*", ["*"]), _allow("ec2:TerminateInstances", ["arn:aws:ec2:eu-west-1:1:x", "*"])],
    unknown=[_allow("s3:PutObject", UNKNOWN), {"policy": UNKNOWN}],
)
def changes_name_their_resources(holder: Resource) -> Verdict:
    """What may change or delete names what it may do so to."""
    return none_of(policy.gives(action, narrowed_counts=False) for policy in _policies(holder) for action in _WRITES)


@rule(
    "aws-iam-privesc",
    Severity.HIGH,
    *_HOLDERS,
    why="Each of these is a way to become administrator in one or two calls: pass a strong role to one's own machine, or edit a policy.",
    fix="Name the roles that may be passed in `Resource`, and keep `iam:Put*`, `iam:Attach*` and `iam:Create*` with a pipeline of its own.",
    references=("checkov:CKV_AWS_286", "trivy:AWS-0342", "prowler:iam_policy_allows_privilege_escalation"),
    good=[
        _allow(["iam:PassRole", "ec2:RunInstances"], "arn:aws:iam::111122223333:role/node"),
        _allow("ec2:RunInstances"),
        _allow("iam:PassRole", "*", condition={"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}}),
    ],
    bad=[_allow(["iam:PassRole", "ec2:RunInstances"]), _allow("iam:CreatePolicyVersion"), _allow(["iam:Pass*", "sagemaker:Create*"])],
    unknown=[_allow([UNKNOWN]), {"policy": UNKNOWN}],
)
def nobody_can_climb(holder: Resource) -> Verdict:
    """No policy lets its holder become administrator."""
    return none_of(
        all_of(policy.gives(action, narrowed_counts=False) for action in way) for policy in _policies(holder) for way in _ESCALATIONS
    )


@rule(
    "aws-iam-exfiltration",
    Severity.MEDIUM,
    *_HOLDERS,
    why="Who may read every object, secret or parameter of an account takes them all in an hour, other teams' included.",
    fix="Name buckets, secrets and parameters in `Resource`.",
    references=("checkov:CKV_AWS_288", "trivy:AWS-0345"),
    good=[_allow("s3:GetObject", "arn:aws:s3:::models/*"), _allow("ssm:GetParameter", "arn:aws:ssm:eu-west-1:1:parameter/aws/service/*")],
    bad=[_allow("s3:GetObject"), _allow(["secretsmanager:Get*"]), _allow("s3:Get*", "arn:aws:s3:::*")],
    unknown=[_allow("s3:GetObject", [UNKNOWN])],
)
def reading_names_its_resources(holder: Resource) -> Verdict:
    """What may read data and secrets names which."""
    return none_of(policy.gives(action, narrowed_counts=False) for policy in _policies(holder) for action in _DATA)


@rule(
    "aws-iam-cloudshell",
    Severity.LOW,
    _ATTACHMENT,
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    why="CloudShell with file transfer is a way out of the account that no network sees.",
    fix="Allow `cloudshell:*` without `cloudshell:GetFileDownloadUrls`, in a policy of your own.",
    references=("prowler:iam_policy_cloudshell_admin_not_attached", "cis-aws-7.0:2.20"),
    good=[{"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
    bad=[{"policyArn": "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"}],
    unknown=[{"policyArn": UNKNOWN}],
)
def nobody_has_all_of_cloudshell(attachment: Resource) -> Verdict:
    """Nobody has all of CloudShell."""
    return ~attachment.policyArn.text_matches(re.compile(r":policy/AWSCloudShellFullAccess\s*\Z"))


@rule(
    "aws-eks-node-ecr-write",
    Severity.MEDIUM,
    _ATTACHMENT,
    why="A node that may push images lets one broken pod replace what all others run next.",
    fix="Attach AmazonEC2ContainerRegistryPullOnly; push from CI.",
    references=("cis-eks-1.8:5.1.3",),
    good=[{"role": "node", "policyArn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"}],
    bad=[
        {"role": "node", "policyArn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser"},
        {"role": "node", "policyArn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess"},
    ],
    unknown=[{"role": "node", "policyArn": UNKNOWN}],
)
def nodes_do_not_push(attachment: Resource) -> Verdict:
    """No role that runs things may push images to every repository."""
    return ~attachment.policyArn.text_matches(re.compile(r":policy/AmazonEC2ContainerRegistry(PowerUser|FullAccess)\s*\Z"))


def _trust(principal: object, action: str = "sts:AssumeRole", condition: object = None) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {"assumeRolePolicy": {"Statement": [{**statement, **({"Condition": condition} if condition else {})}]}}


@rule(
    "aws-iam-trust-star",
    Severity.CRITICAL,
    _ROLE,
    why="Anyone with any AWS account may take the role, and does: lists of such roles are made by scanning.",
    fix="Name the principals in `assume_role_policy`, or demand `aws:PrincipalOrgID`.",
    references=("checkov:CKV_AWS_60", "cis-aws-7.0:2.21"),
    good=[
        _trust({"Service": "ec2.amazonaws.com"}),
        _trust("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}),
        _trust({"AWS": "*"}, condition={"StringEquals": {"sts:ExternalId": "c0ffee"}}),
    ],
    bad=[
        _trust("*"),
        _trust({"AWS": ["arn:aws:iam::1:root", "*"]}),
        _trust({"AWS": "*"}, condition={"Bool": {"aws:SecureTransport": "true"}}),
    ],
    unknown=[{"assumeRolePolicy": UNKNOWN}, _trust(UNKNOWN)],
)
def not_everyone_may_be_it(role: Resource) -> Verdict:
    """Not everyone may take a role."""
    return ~is_public(role.assumeRolePolicy, also_narrow=("sts:externalid",))


@rule(
    "aws-iam-trust-account",
    Severity.MEDIUM,
    _ROLE,
    why="Trust in a whole other account is trust in everyone there who may assume roles, and a supplier's account serves your rival too.",
    fix="Name the role that may take it, or demand an `sts:ExternalId` that the supplier made for you.",
    references=("checkov:CKV_AWS_61", "prowler:iam_role_cross_service_confused_deputy_prevention"),
    good=[
        _trust({"Service": "eks.amazonaws.com"}),
        _trust(_TRUST_ROOT, condition={"StringEquals": {"sts:ExternalId": "c0ffee"}}),
        _trust({"AWS": "arn:aws:iam::444455556666:role/deployer"}),
    ],
    bad=[_trust(_TRUST_ROOT), _trust({"AWS": ["arn:aws:iam::1:role/a", "444455556666"]})],
    unknown=[_trust({"AWS": UNKNOWN}), {"assumeRolePolicy": UNKNOWN}],
)
def whole_accounts_are_not_trusted(role: Resource) -> Verdict:
    """No role trusts a whole account without a word agreed on."""
    return none_of(
        any_of(name.text_matches(_ROOT) for name in element(statement, "Principal").AWS) & element(statement, "Condition").is_absent()
        for statement in _allowing(role.assumeRolePolicy)
    )


def _allowing(document: View) -> Iterator[View]:
    """Iterate over the statements of a document that may allow; an unreadable one is one unknown statement."""
    whole = document.json_inside()
    if whole.raw_value() is UNKNOWN:
        yield whole
    for statement in statements(document):
        if element(statement, "Effect").raw_value() != "Deny":
            yield statement


@rule(
    "aws-iam-oidc-unscoped",
    Severity.HIGH,
    _ROLE,
    why="Without a subject every pod of the cluster, or every repository on GitHub, may take the role.",
    fix="Demand `<provider>:sub` in a condition: `system:serviceaccount:<namespace>:<name>`, or `repo:<owner>/<name>:ref:refs/heads/main`.",
    references=("checkov:CKV_AWS_393", "checkov:CKV_AWS_358"),
    good=[
        _trust({"Service": "ec2.amazonaws.com"}),
        _trust(
            {"Federated": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},
            "sts:AssumeRoleWithWebIdentity",
            condition={"StringLike": {"token.actions.githubusercontent.com:sub": "repo:example/infra:*"}},
        ),
    ],
    bad=[
        _trust({"Federated": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"}, "sts:AssumeRoleWithWebIdentity"),
        _trust(
            {"Federated": "arn:aws:iam::1:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/X"},
            "sts:AssumeRoleWithWebIdentity",
            condition={"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/X:aud": "sts.amazonaws.com"}},
        ),
        _trust(
            {"Federated": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},
            "sts:AssumeRoleWithWebIdentity",
            condition={"StringLike": {"token.actions.githubusercontent.com:sub": ["repo:example/infra:*", "*"]}},
        ),
    ],
    unknown=[{"assumeRolePolicy": UNKNOWN}, _trust({"Federated": UNKNOWN}, "sts:AssumeRoleWithWebIdentity")],
)
def federation_names_its_subject(role: Resource) -> Verdict:
    """A role for tokens of an OIDC provider says whose tokens."""
    return none_of(
        any_of(name.text_matches(_OIDC) for name in element(statement, "Principal").Federated) & ~_has_subject(statement)
        for statement in _allowing(role.assumeRolePolicy)
    )


_OIDC: Final = re.compile(r":oidc-provider/")
_ANYONE: Final = re.compile(r"\A(repo:|system:serviceaccount:)?[*?:/]*\Z")
_DEMANDING: Final = frozenset(
    {"stringequals", "stringlike", "stringequalsignorecase", "foranyvalue:stringequals", "foranyvalue:stringlike"}
)


def _has_subject(statement: View) -> Verdict:
    """Return whether a condition demands a subject that is somebody."""
    condition = element(statement, "Condition")
    if condition.raw_value() is UNKNOWN:
        return condition.undecided_because()
    clauses = [
        (key.lower(), values)
        for operator, keys in condition.map_items()
        if operator.lower() in _DEMANDING
        for key, values in keys.map_items()
    ]
    waiting = (keys.undecided_because() for _, keys in condition.map_items() if keys.raw_value() is UNKNOWN)
    named = (none_of(value.text_matches(_ANYONE) for value in values) & values.is_set() for key, values in clauses if key.endswith(":sub"))
    found = any_of((*named, *waiting))
    return found if found.facts else condition.fail_because("demands no subject")
