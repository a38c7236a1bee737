"""Queues, topics and secrets: where prompts wait, and where the keys to models lie."""

import re
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.iam import is_public
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.shared.keys import EXAMPLE_KEY, WHY_OWN_KEY

_QUEUE: Final = "aws:sqs/queue:Queue"
_QUEUE_POLICY: Final = "aws:sqs/queuePolicy:QueuePolicy"
_TOPIC: Final = "aws:sns/topic:Topic"
_TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
_SECRET: Final = "aws:secretsmanager/secret:Secret"  # noqa: S105 (a type, no secret)
_SECRET_POLICY: Final = "aws:secretsmanager/secretPolicy:SecretPolicy"  # noqa: S105 (a type, no secret)
_TELLTALE: Final = re.compile(r"pass(word|wd)?\b|secret|token|credential|api_?key|private_?key", re.IGNORECASE)
"""What the name of a parameter says that holds one."""
_EVERYONE: Final = {"policy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}}
_SOMEONE: Final = {
    "policy": {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "*",
                "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::models"}},
            }
        ]
    }
}


@rule(
    "aws-sqs-encrypted",
    Severity.MEDIUM,
    _QUEUE,
    why="Prompts wait in the queue, and whoever gets hold of its storage reads them.",
    fix="Set `sqs_managed_sse_enabled=True`, or `kms_master_key_id` for a key of your own.",
    references=("checkov:CKV_AWS_27", "trivy:AWS-0096", "prowler:sqs_queues_server_side_encryption_enabled"),
    good=[{"sqsManagedSseEnabled": True}, {"kmsMasterKeyId": EXAMPLE_KEY}, {}],
    bad=[{"sqsManagedSseEnabled": False}],
    unknown=[{"sqsManagedSseEnabled": UNKNOWN}],
)
def queue_is_encrypted(queue: Resource) -> Verdict:
    """A queue is encrypted; SQS does so by itself unless it is told not to."""
    return queue.sqsManagedSseEnabled.or_default(value=True).is_true() | queue.kmsMasterKeyId.is_set()


@rule(
    "aws-sns-cmk",
    Severity.LOW,
    _TOPIC,
    why=WHY_OWN_KEY,
    fix="Set `kms_master_key_id`.",
    references=("checkov:CKV_AWS_26", "trivy:AWS-0095", "prowler:sns_topics_kms_encryption_at_rest_enabled"),
    good=[{"kmsMasterKeyId": EXAMPLE_KEY}],
    bad=[{}],
    unknown=[{"kmsMasterKeyId": UNKNOWN}],
)
def topic_has_a_key(topic: Resource) -> Verdict:
    """A topic is under a key of KMS."""
    return topic.kmsMasterKeyId.is_set()


@rule(
    "aws-message-public",
    Severity.CRITICAL,
    _QUEUE,
    _QUEUE_POLICY,
    _TOPIC,
    _TOPIC_POLICY,
    why="Everyone may read what is asked, or put in what the GPUs then work on.",
    fix="Name the principals, or demand `aws:SourceArn`, `aws:SourceAccount` or `aws:PrincipalOrgID`.",
    references=("checkov:CKV_AWS_168", "checkov:CKV_AWS_169", "prowler:sqs_queues_not_publicly_accessible"),
    good=[{}, _SOMEONE, On(_TOPIC_POLICY, _SOMEONE)],
    bad=[_EVERYONE, On(_QUEUE_POLICY, _EVERYONE), On(_TOPIC_POLICY, _EVERYONE)],
    unknown=[{"policy": UNKNOWN}],
)
def messages_are_not_public(queue: Resource) -> Verdict:
    """No queue or topic is everyone's."""
    return ~is_public(queue.policy)


@rule(
    "aws-secret-public",
    Severity.CRITICAL,
    _SECRET,
    _SECRET_POLICY,
    why="A secret with such a policy is none.",
    fix="Name the roles that may read it.",
    references=("prowler:secretsmanager_not_publicly_accessible",),
    good=[{}, {"policy": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/r"}, "Action": "*"}]}}],
    bad=[_EVERYONE, On(_SECRET_POLICY, _EVERYONE)],
    unknown=[{"policy": UNKNOWN}],
)
def secret_is_not_public(secret: Resource) -> Verdict:
    """No secret is everyone's."""
    return ~is_public(secret.policy)


@rule(
    "aws-secret-cmk",
    Severity.LOW,
    _SECRET,
    why=WHY_OWN_KEY,
    fix="Set `kms_key_id`; without it other accounts cannot be let in either.",
    references=("checkov:CKV_AWS_149", "trivy:AWS-0098"),
    good=[{"kmsKeyId": EXAMPLE_KEY}],
    bad=[{}],
    unknown=[{"kmsKeyId": UNKNOWN}],
)
def secret_has_a_key(secret: Resource) -> Verdict:
    """A secret is under a key of yours."""
    return secret.kmsKeyId.is_set()


@rule(
    "aws-secret-recovery",
    Severity.LOW,
    _SECRET,
    why="A secret that is deleted at once takes every service that reads it down with it.",
    fix="Set `recovery_window_in_days` to 7 or more, or leave it out for 30.",
    references=("https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",),
    settings={"fewestDays": Setting(7, "the shortest window, in days")},
    good=[{}, {"recoveryWindowInDays": 30}],
    bad=[{"recoveryWindowInDays": 0}],
    unknown=[{"recoveryWindowInDays": UNKNOWN}],
)
def secret_can_be_brought_back(secret: Resource) -> Verdict:
    """A deleted secret can be brought back for a week."""
    return secret.recoveryWindowInDays.or_default(30) >= secret.its_settings.fewestDays


@rule(
    "aws-ssm-secure-string",
    Severity.MEDIUM,
    "aws:ssm/parameter:Parameter",
    why="A parameter that is no SecureString is shown in the clear to everyone who may list parameters.",
    fix='Set `type="SecureString"`.',
    references=("checkov:CKV2_AWS_34",),
    good=[{"name": "/serve/token", "type": "SecureString"}, {"name": "/serve/model", "type": "String"}],
    bad=[{"name": "/serve/hf_token", "type": "String"}, {"name": "/db/password", "type": "StringList"}],
    unknown=[{"name": "/serve/hf_token", "type": UNKNOWN}, {"name": UNKNOWN, "type": "String"}],
)
def parameter_is_secure(parameter: Resource) -> Verdict:
    """A parameter whose name speaks of a secret is encrypted."""
    return parameter.name.text_matches(_TELLTALE).implies(parameter.type.is_one_of("SecureString"))
