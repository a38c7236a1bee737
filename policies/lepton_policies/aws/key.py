"""Keys: they turn over, they are nobody else's, and losing one takes time."""

from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.iam import is_public
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource

_KEY: Final = "aws:kms/key:Key"
_KEY_POLICY: Final = "aws:kms/keyPolicy:KeyPolicy"
_REPLICA: Final = "aws:kms/replicaKey:ReplicaKey"


def _document(principal: object, condition: object = None) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    return {"policy": {"Statement": [{**statement, **({"Condition": condition} if condition else {})}]}}


@rule(
    "aws-kms-rotation",
    Severity.MEDIUM,
    _KEY,
    why="A key that never turns over has encrypted everything by the time it leaks.",
    fix="Set `enable_key_rotation=True`; what was encrypted before stays readable.",
    references=("checkov:CKV_AWS_7", "trivy:AWS-0065", "prowler:kms_cmk_rotation_enabled", "cis-aws-7.0:4.6"),
    good=[{"enableKeyRotation": True}, {"customerMasterKeySpec": "RSA_2048"}, {"keyUsage": "SIGN_VERIFY"}, {"customKeyStoreId": "cks-1"}],
    bad=[{}, {"enableKeyRotation": False, "customerMasterKeySpec": "SYMMETRIC_DEFAULT"}],
    unknown=[{"enableKeyRotation": UNKNOWN}, {"customerMasterKeySpec": UNKNOWN}],
)
def key_turns_over(key: Resource) -> Verdict:
    """A symmetric key is rotated every year."""
    symmetric = key.customerMasterKeySpec.or_default("SYMMETRIC_DEFAULT").is_one_of("SYMMETRIC_DEFAULT")
    encrypts = key.keyUsage.or_default("ENCRYPT_DECRYPT").is_one_of("ENCRYPT_DECRYPT") & ~key.customKeyStoreId.is_set()
    return key.enableKeyRotation.is_true() | ~(symmetric & encrypts)


@rule(
    "aws-kms-public",
    Severity.CRITICAL,
    _KEY,
    _KEY_POLICY,
    _REPLICA,
    why="Whoever may use the key reads all that it protects, as soon as a copy of it is in reach.",
    fix="Name the principals, or demand `kms:CallerAccount` or `aws:PrincipalOrgID`.",
    references=("checkov:CKV_AWS_33", "prowler:kms_key_not_publicly_accessible", "cis-aws-7.0:2.21"),
    good=[
        {},
        _document({"AWS": "arn:aws:iam::123456789012:root"}),
        _document("*", condition={"StringEquals": {"kms:CallerAccount": "123456789012", "kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
    ],
    bad=[
        _document("*"),
        _document({"AWS": "*"}, condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
        On(_KEY_POLICY, _document("*")),
    ],
    unknown=[{"policy": UNKNOWN}, _document(UNKNOWN)],
)
def key_is_not_public(key: Resource) -> Verdict:
    """No key is everyone's."""
    return ~is_public(key.policy, also_narrow=("kms:calleraccount",))


@rule(
    "aws-kms-deletion-window",
    Severity.LOW,
    _KEY,
    _REPLICA,
    why="When a key is gone everything under it is gone; the window is the time in which somebody notices.",
    fix="Set `deletion_window_in_days` to 14 or more, or leave it out for 30.",
    references=("prowler:kms_cmk_not_deleted_unintentionally",),
    settings={"fewestDays": Setting(14, "the shortest window, in days")},
    good=[{}, {"deletionWindowInDays": 30}],
    bad=[{"deletionWindowInDays": 7}],
    unknown=[{"deletionWindowInDays": UNKNOWN}],
)
def losing_a_key_takes_time(key: Resource) -> Verdict:
    """A key can be saved for two weeks after somebody deletes it."""
    return key.deletionWindowInDays.or_default(30) >= key.its_settings.fewestDays


@rule(
    "aws-kms-lockout-bypass",
    Severity.MEDIUM,
    _KEY,
    _KEY_POLICY,
    _REPLICA,
    why="Without the check a policy can lock out everyone, its author and the account's root included, and only AWS support gets in again.",
    fix="Leave `bypass_policy_lockout_safety_check` out.",
    references=("https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html",),
    good=[{}, {"bypassPolicyLockoutSafetyCheck": False}],
    bad=[{"bypassPolicyLockoutSafetyCheck": True}, On(_KEY_POLICY, {"bypassPolicyLockoutSafetyCheck": "true"})],
    unknown=[{"bypassPolicyLockoutSafetyCheck": UNKNOWN}],
)
def lockout_is_checked(key: Resource) -> Verdict:
    """A key's policy is checked for locking everyone out."""
    return ~key.bypassPolicyLockoutSafetyCheck.is_true()
