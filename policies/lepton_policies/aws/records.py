"""Records: who did what stays on record, in every region, unchanged, for as long as is needed and no longer."""

from typing import Final

from lepton_infra.rules.card import Setting, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.shared.keys import EXAMPLE_KEY, WHY_OWN_KEY

_TRAIL: Final = "aws:cloudtrail/trail:Trail"
_LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"


@rule(
    "aws-trail-multi-region",
    Severity.MEDIUM,
    _TRAIL,
    why="Stolen keys are used where nobody looks: GPU machines start in a region that you have never opened.",
    fix="Set `is_multi_region_trail=True`.",
    references=("checkov:CKV_AWS_67", "trivy:AWS-0014", "prowler:cloudtrail_multi_region_enabled", "cis-aws-7.0:4.1"),
    good=[{"s3BucketName": "trail", "isMultiRegionTrail": True}],
    bad=[{"s3BucketName": "trail"}, {"isMultiRegionTrail": False}],
    unknown=[{"isMultiRegionTrail": UNKNOWN}],
)
def trail_is_of_all_regions(trail: Resource) -> Verdict:
    """A trail records every region."""
    return trail.isMultiRegionTrail.is_true()


@rule(
    "aws-trail-validation",
    Severity.MEDIUM,
    _TRAIL,
    why="Without digests nobody can prove that a record was not cut afterwards.",
    fix="Set `enable_log_file_validation=True`.",
    references=("checkov:CKV_AWS_36", "trivy:AWS-0016", "prowler:cloudtrail_log_file_validation_enabled", "cis-aws-7.0:4.2"),
    good=[{"enableLogFileValidation": True}],
    bad=[{}, {"enableLogFileValidation": False}],
    unknown=[{"enableLogFileValidation": UNKNOWN}],
)
def trail_proves_itself(trail: Resource) -> Verdict:
    """A trail proves that nobody changed it."""
    return trail.enableLogFileValidation.is_true()


@rule(
    "aws-trail-kms",
    Severity.LOW,
    _TRAIL,
    why=WHY_OWN_KEY,
    fix="Set `kms_key_id`.",
    references=("checkov:CKV_AWS_35", "trivy:AWS-0015", "prowler:cloudtrail_kms_encryption_enabled", "cis-aws-7.0:4.5"),
    good=[{"kmsKeyId": EXAMPLE_KEY}],
    bad=[{}],
    unknown=[{"kmsKeyId": UNKNOWN}],
)
def trail_has_a_key(trail: Resource) -> Verdict:
    """A trail is under a key of yours."""
    return trail.kmsKeyId.is_set()


@rule(
    "aws-trail-off",
    Severity.HIGH,
    _TRAIL,
    why="The first thing that an intruder does is to switch the record off.",
    fix="Set `enable_logging=True`, or leave it out.",
    references=("checkov:CKV_AWS_251",),
    good=[{}, {"enableLogging": True}],
    bad=[{"enableLogging": False}],
    unknown=[{"enableLogging": UNKNOWN}],
)
def trail_is_on(trail: Resource) -> Verdict:
    """A trail records."""
    return ~trail.enableLogging.is_false()


@rule(
    "aws-log-retention",
    Severity.MEDIUM,
    _LOG_GROUP,
    why="An intruder is found after months; the log of the day that matters has to be there still.",
    fix="Set `retention_in_days` to what your auditors ask for, 365 as a rule.",
    references=("checkov:CKV_AWS_338", "prowler:cloudwatch_log_group_retention_policy_specific_days_enabled"),
    settings={"fewestDays": Setting(365, "for how long logs are to be kept at least, in days")},
    good=[{"retentionInDays": 365}, {}, {"retentionInDays": 0}],
    bad=[{"retentionInDays": 30}],
    unknown=[{"retentionInDays": UNKNOWN}],
)
def log_is_kept_long_enough(group: Resource) -> Verdict:
    """A log is kept for a year at least; one without a limit is kept for ever."""
    days = group.retentionInDays.or_default(0)
    return (days <= 0) | (days >= group.its_settings.fewestDays)


@rule(
    "cost-log-retention",
    Severity.LOW,
    _LOG_GROUP,
    why="A log without a limit is kept and billed for ever, and model servers write a lot.",
    fix="Set `retention_in_days`.",
    references=("checkov:CKV_AWS_66", "pulumi:aws-ts-finops"),
    good=[{"retentionInDays": 365}],
    bad=[{}, {"retentionInDays": 0}],
    unknown=[{"retentionInDays": UNKNOWN}],
)
def log_ends(group: Resource) -> Verdict:
    """A log is not kept for ever."""
    return group.retentionInDays > 0


@rule(
    "aws-log-kms",
    Severity.LOW,
    _LOG_GROUP,
    why=f"{WHY_OWN_KEY} Prompts and answers stand in logs.",
    fix="Set `kms_key_id`, and let the logs service use the key.",
    references=("checkov:CKV_AWS_158", "trivy:AWS-0017", "prowler:cloudwatch_log_group_kms_encryption_enabled"),
    good=[{"kmsKeyId": EXAMPLE_KEY}],
    bad=[{}],
    unknown=[{"kmsKeyId": UNKNOWN}],
)
def log_has_a_key(group: Resource) -> Verdict:
    """A log is under a key of yours."""
    return group.kmsKeyId.is_set()
