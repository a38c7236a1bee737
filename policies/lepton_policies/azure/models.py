"""Azure OpenAI, AI services and AI Search: who asks the models, what they may answer, and where prompts go."""

from collections.abc import Mapping
from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource
from lepton_policies.azure.words import means
from lepton_policies.shared.keys import WHY_OWN_KEY

_ACCOUNT: Final = "azure-native:cognitiveservices:Account"
_POLICY: Final = "azure-native:cognitiveservices:RaiPolicy"
_SEARCH: Final = "azure-native:search:Service"


def _model(properties: Mapping[str, object]) -> dict[str, object]:
    return {"kind": "OpenAI", "sku": {"name": "S0"}, "properties": properties}


@rule(
    "az-openai-local-auth",
    Severity.MEDIUM,
    _ACCOUNT,
    why="The account's two keys never end and name nobody: stolen ones are sold, and the bill for tokens is yours.",
    fix="Set `disable_local_auth=True` in `properties`, and give callers the role Cognitive Services OpenAI User.",
    references=("checkov:CKV_AZURE_236",),
    good=[_model({"disableLocalAuth": True})],
    bad=[_model({}), _model({"disableLocalAuth": False}), {"kind": "AIServices"}],
    unknown=[_model({"disableLocalAuth": UNKNOWN}), {"properties": UNKNOWN}],
)
def models_ask_who(account: Resource) -> Verdict:
    """Models are asked with an identity, not with a key."""
    return account.properties.disableLocalAuth.is_true()


@rule(
    "az-openai-public",
    Severity.HIGH,
    _ACCOUNT,
    why="With a public endpoint a leaked key works from anywhere, and reads fine-tuning files and stored answers too.",
    fix='Set `public_network_access="Disabled"` with a private endpoint, or `network_acls={"default_action": "Deny", ...}`.',
    references=("checkov:CKV_AZURE_134",),
    good=[
        _model({"publicNetworkAccess": "Disabled"}),
        _model({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]}}),
    ],
    bad=[
        _model({}),
        _model({"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Allow"}}),
        _model({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "0.0.0.0/1"}, {"value": "128.0.0.0/1"}]}}),
    ],
    unknown=[
        _model({"publicNetworkAccess": UNKNOWN}),
        _model({"networkAcls": UNKNOWN}),
        _model({"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": UNKNOWN}]}}),
    ],
)
def models_are_off_the_internet(account: Resource) -> Verdict:
    """Models answer no network that is not listed."""
    properties = account.properties
    acls = properties.networkAcls
    listed = means(acls.defaultAction, "Deny") & ~is_world(*(one.value for one in acls.ipRules))
    return means(properties.publicNetworkAccess, "Disabled") | listed


@rule(
    "az-openai-outbound",
    Severity.LOW,
    _ACCOUNT,
    why="A model with tools fetches any address that a prompt names, and may carry what it knows there.",
    fix="Set `restrict_outbound_network_access=True` and list hosts in `allowed_fqdn_list`, in `properties`.",
    references=("checkov:CKV_AZURE_247",),
    good=[_model({"restrictOutboundNetworkAccess": True, "allowedFqdnList": ["models.example.com"]}), {"kind": "SpeechServices"}],
    bad=[_model({}), _model({"restrictOutboundNetworkAccess": False}), {"kind": "aiservices"}],
    unknown=[_model({"restrictOutboundNetworkAccess": UNKNOWN}), {"kind": UNKNOWN}],
)
def models_go_out_by_list(account: Resource) -> Verdict:
    """Models that have tools reach only hosts that are listed."""
    return means(account.kind, "OpenAI", "AIServices").implies(account.properties.restrictOutboundNetworkAccess.is_true())


@rule(
    "az-openai-cmk",
    Severity.LOW,
    _ACCOUNT,
    why=WHY_OWN_KEY,
    fix='Set `encryption={"key_source": "Microsoft.KeyVault", "key_vault_properties": {...}}` in `properties`.',
    references=("checkov:CKV2_AZURE_22",),
    good=[_model({"encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyName": "k"}}})],
    bad=[_model({}), _model({"encryption": {"keySource": "Microsoft.CognitiveServices"}})],
    unknown=[_model({"encryption": UNKNOWN}), _model({"encryption": {"keySource": UNKNOWN}})],
)
def models_have_our_key(account: Resource) -> Verdict:
    """Fine-tuning data and stored answers are encrypted by a key of one's own."""
    return means(account.properties.encryption.keySource, "Microsoft.KeyVault")


@rule(
    "az-openai-filter-off",
    Severity.MEDIUM,
    _POLICY,
    why="A filter that only watches, or does not, lets prompts that break the model's rules through, and its answers out.",
    fix='Set `enabled=True` and `blocking=True` on every entry of `content_filters`, "Jailbreak" and "Indirect Attack" among them.',
    references=("https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter",),
    good=[
        {"properties": {"basePolicyName": "Microsoft.DefaultV2", "mode": "Blocking"}},
        {"properties": {"contentFilters": [{"name": "Jailbreak", "source": "Prompt", "enabled": True, "blocking": True}]}},
    ],
    bad=[
        {
            "properties": {
                "contentFilters": [
                    {"name": "Hate", "source": "Prompt", "enabled": True, "blocking": True},
                    {"name": "Jailbreak", "source": "Prompt", "enabled": False, "blocking": True},
                ]
            }
        },
        {"properties": {"contentFilters": [{"name": "Violence", "enabled": True, "blocking": "false"}]}},
    ],
    unknown=[{"properties": {"contentFilters": UNKNOWN}}, {"properties": {"contentFilters": [{"name": "Hate", "enabled": UNKNOWN}]}}],
)
def filters_block(policy: Resource) -> Verdict:
    """Every content filter is on and blocks."""
    return all_of(~(one.enabled.is_false() | one.blocking.is_false()) for one in policy.properties.contentFilters)


@rule(
    "az-search-public",
    Severity.MEDIUM,
    _SEARCH,
    why="The index of a retrieval system holds the documents themselves: who reaches it with a key has read the company.",
    fix='Set `public_network_access="Disabled"` with a private endpoint, or list networks in `network_rule_set.ip_rules`.',
    references=("checkov:CKV_AZURE_124", "checkov:CKV_AZURE_210"),
    good=[{"publicNetworkAccess": "disabled"}, {"networkRuleSet": {"ipRules": [{"value": "203.0.113.0/24"}]}}],
    bad=[
        {"sku": {"name": "standard"}},
        {"publicNetworkAccess": "enabled", "networkRuleSet": {"ipRules": []}},
        {"networkRuleSet": {"ipRules": [{"value": "203.0.113.0/24"}, {"value": "0.0.0.0/0"}]}},
    ],
    unknown=[{"publicNetworkAccess": UNKNOWN}, {"networkRuleSet": {"ipRules": [{"value": UNKNOWN}]}}, {"networkRuleSet": UNKNOWN}],
)
def index_is_off_the_internet(service: Resource) -> Verdict:
    """A search service answers no network that is not listed."""
    rules = service.networkRuleSet.ipRules
    return means(service.publicNetworkAccess, "Disabled") | rules.is_set() & ~is_world(*(one.value for one in rules))


@rule(
    "az-search-local-auth",
    Severity.MEDIUM,
    _SEARCH,
    why="An admin key of a search service reads and rewrites every index, for good, and names nobody.",
    fix="Set `disable_local_auth=True`, and give callers a role on the service.",
    references=("https://learn.microsoft.com/azure/search/search-security-enable-roles",),
    good=[{"disableLocalAuth": True}],
    bad=[{"sku": {"name": "standard"}}, {"disableLocalAuth": False}],
    unknown=[{"disableLocalAuth": UNKNOWN}],
)
def index_asks_who(service: Resource) -> Verdict:
    """A search service takes identities and no keys."""
    return service.disableLocalAuth.is_true()
