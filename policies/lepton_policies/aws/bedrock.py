"""Bedrock: what is asked and answered is on record, guarded, and under a key of yours."""

from typing import Final

from lepton_infra.rules.card import On, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource
from lepton_policies.shared.keys import EXAMPLE_KEY, WHY_OWN_KEY

_AGENT: Final = "aws:bedrock/agentAgent:AgentAgent"
_GUARDRAIL: Final = "aws:bedrock/guardrail:Guardrail"
_CUSTOM: Final = "aws:bedrock/customModel:CustomModel"
_LOGGING: Final = "aws:bedrockmodel/invocationLoggingConfiguration:InvocationLoggingConfiguration"
_GUIDE: Final = "https://docs.aws.amazon.com/bedrock/latest/userguide/"


@rule(
    "aws-bedrock-agent-guardrail",
    Severity.MEDIUM,
    _AGENT,
    why="An agent acts on what it reads; without a guardrail a sentence in a document tells it what to do.",
    fix="Set `guardrail_configurations` to a guardrail with a filter for prompt attacks.",
    references=("checkov:CKV_AWS_383", "prowler:bedrock_agent_guardrail_enabled"),
    good=[{"guardrailConfigurations": [{"guardrailIdentifier": UNKNOWN, "guardrailVersion": "1"}]}],
    bad=[{}, {"guardrailConfigurations": []}],
    unknown=[{"guardrailConfigurations": UNKNOWN}],
)
def agent_is_guarded(agent: Resource) -> Verdict:
    """An agent has a guardrail."""
    return agent.guardrailConfigurations.is_set()


@rule(
    "aws-bedrock-guardrail-prompt-attack",
    Severity.MEDIUM,
    _GUARDRAIL,
    why="A guardrail that filters words and topics still lets through the sentence that tells the model to ignore it.",
    fix='Add `{"type": "PROMPT_ATTACK", "input_strength": "HIGH", "output_strength": "NONE"}` to `content_policy_config`\'s filters.',
    references=("prowler:bedrock_guardrail_prompt_attack_filter_enabled", f"{_GUIDE}guardrails-prompt-attack.html"),
    good=[{"contentPolicyConfig": {"filtersConfigs": [{"type": "HATE"}, {"type": "PROMPT_ATTACK", "inputStrength": "HIGH"}]}}],
    bad=[
        {"contentPolicyConfig": {"filtersConfigs": [{"type": "PROMPT_ATTACK", "inputStrength": "HIGH", "inputEnabled": False}]}},
        {},
        {"contentPolicyConfig": {"filtersConfigs": [{"type": "HATE", "inputStrength": "HIGH"}]}},
        {"contentPolicyConfig": {"filtersConfigs": [{"type": "PROMPT_ATTACK", "inputStrength": "NONE"}]}},
    ],
    unknown=[{"contentPolicyConfig": UNKNOWN}, {"contentPolicyConfig": {"filtersConfigs": [{"type": UNKNOWN, "inputStrength": "HIGH"}]}}],
)
def guardrail_sees_prompt_attacks(guardrail: Resource) -> Verdict:
    """A guardrail filters prompt attacks."""
    filters = guardrail.contentPolicyConfig.filtersConfigs
    found = any_of(
        one.type.is_one_of("PROMPT_ATTACK") & one.inputStrength.is_one_of("LOW", "MEDIUM", "HIGH") & ~one.inputEnabled.is_false()
        for one in filters
    )
    return found if found.facts else filters.fail_because()


@rule(
    "aws-bedrock-guardrail-sensitive",
    Severity.LOW,
    _GUARDRAIL,
    why="Names, card numbers and keys that a user pastes into a prompt come out again in an answer or a log.",
    fix="Set `sensitive_information_policy_config` with the kinds of data to mask or block.",
    references=("prowler:bedrock_guardrail_sensitive_information_filter_enabled",),
    good=[{"sensitiveInformationPolicyConfig": {"piiEntitiesConfigs": [{"type": "EMAIL", "action": "ANONYMIZE"}]}}],
    bad=[{}],
    unknown=[{"sensitiveInformationPolicyConfig": UNKNOWN}],
)
def guardrail_masks_personal_data(guardrail: Resource) -> Verdict:
    """A guardrail masks or blocks personal data."""
    return guardrail.sensitiveInformationPolicyConfig.is_set()


@rule(
    "aws-bedrock-cmk",
    Severity.LOW,
    _AGENT,
    _GUARDRAIL,
    _CUSTOM,
    why=WHY_OWN_KEY,
    fix="Set `customer_encryption_key_arn` (agent), `kms_key_arn` (guardrail) or `custom_model_kms_key_id` (custom model).",
    references=("checkov:CKV_AWS_373", f"{_GUIDE}encryption-custom-job.html"),
    good=[
        {"customerEncryptionKeyArn": EXAMPLE_KEY},
        On(_GUARDRAIL, {"kmsKeyArn": EXAMPLE_KEY}),
        On(_CUSTOM, {"customModelKmsKeyId": EXAMPLE_KEY}),
    ],
    bad=[{}, On(_GUARDRAIL, {}), On(_CUSTOM, {})],
    unknown=[{"customerEncryptionKeyArn": UNKNOWN}, On(_CUSTOM, {"customModelKmsKeyId": UNKNOWN})],
)
def bedrock_has_a_key(thing: Resource) -> Verdict:
    """Agents, guardrails and custom models are under a key of yours."""
    return any_of(key.is_set() for key in (thing.customerEncryptionKeyArn, thing.kmsKeyArn, thing.customModelKmsKeyId))


@rule(
    "aws-bedrock-custom-model-vpc",
    Severity.MEDIUM,
    _CUSTOM,
    why="Without your network the job that tunes a model reads its training data by a way that no endpoint policy or flow log sees.",
    fix="Set `vpc_config` with private subnets and a security group.",
    references=(f"{_GUIDE}vpc-model-customization.html",),
    good=[{"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}],
    bad=[{}],
    unknown=[{"vpcConfig": UNKNOWN}],
)
def tuning_is_in_the_network(model: Resource) -> Verdict:
    """A model is tuned inside your network."""
    return model.vpcConfig.subnetIds.is_set()


@rule(
    "aws-bedrock-logging-complete",
    Severity.MEDIUM,
    _LOGGING,
    why="A record of prompts that leaves out their text, or goes nowhere, proves nothing after an incident.",
    fix="Set `s3_config` or `cloudwatch_config` in `logging_config` and leave `text_data_delivery_enabled` on.",
    references=("prowler:bedrock_model_invocation_logging_enabled", f"{_GUIDE}model-invocation-logging.html"),
    good=[{"loggingConfig": {"s3Config": {"bucketName": "prompts"}}}, {"loggingConfig": {"cloudwatchConfig": {"logGroupName": "prompts"}}}],
    bad=[{}, {"loggingConfig": {"textDataDeliveryEnabled": False, "s3Config": {"bucketName": "prompts"}}}, {"loggingConfig": {}}],
    unknown=[{"loggingConfig": UNKNOWN}, {"loggingConfig": {"textDataDeliveryEnabled": UNKNOWN, "s3Config": {"bucketName": "p"}}}],
)
def prompts_are_on_record(logging: Resource) -> Verdict:
    """What is logged of model calls includes their text, and goes somewhere."""
    config = logging.loggingConfig
    return (config.s3Config.is_set() | config.cloudwatchConfig.is_set()) & config.textDataDeliveryEnabled.or_default(value=True).is_true()


@stack_rule(
    "aws-bedrock-logging",
    Severity.MEDIUM,
    _AGENT,
    why="Bedrock records no prompt and no answer unless it is told to; afterwards nobody can say what an agent was made to do.",
    fix="Add an `aws.bedrockmodel.InvocationLoggingConfiguration` to the stack; there is one for each region.",
    references=("prowler:bedrock_model_invocation_logging_enabled", f"{_GUIDE}model-invocation-logging.html"),
    good=[On(_AGENT, {"agentName": "a"}, around={"log": On(_LOGGING, {"loggingConfig": {"s3Config": {"bucketName": "prompts"}}})})],
    bad=[{"agentName": "a"}],
    unknown=[On(_AGENT, {"agentName": "a"}, around={"log": On(_LOGGING, {"loggingConfig": UNKNOWN})})],
)
def agent_is_on_record(agent: Resource, stack: Stack) -> Verdict:
    """A stack with agents records what is asked of models."""
    return agent.has_some("record of model calls in its stack", (log.loggingConfig.is_set() for log in stack.of(_LOGGING)))
