"""Where money is spent, and for whom: regions, and the tags that a bill is divided by."""

from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.shared.places import REGIONS_ABOUT, WHY_REGIONS, is_allowed
from lepton_policies.shared.stackcost import AZURE_PRICED
from lepton_policies.shared.wantedtags import TAGS_SETTING, WHY_TAGS, has_wanted_tags

_CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
_POOL: Final = "azure-native:containerservice:AgentPool"
_EAST: Final = {"regions": "eastus westeurope"}
_TAGS: Final = {"owner": "ml@example.com", "team": "inference", "environment": "prod"}
_PLACED: Final = tuple(token for token in AZURE_PRICED if token != _POOL)
"""A pool is where its cluster is, and says nothing of it."""


@rule(
    "cost-az-region",
    Severity.MEDIUM,
    *_PLACED,
    why=WHY_REGIONS,
    fix="Set `location` to one that is allowed, or add it to the setting `regions`.",
    references=("pulumi:aws-ts-finops",),
    settings={"regions": Setting("", REGIONS_ABOUT)},
    good=[
        On(_CLUSTER, {"location": "East US"}, settings=_EAST),
        On(_CLUSTER, {}, provider={"location": "westeurope"}, settings=_EAST),
        On(_CLUSTER, {"location": "japaneast"}),
    ],
    bad=[On(_CLUSTER, {"location": "japaneast"}, settings=_EAST)],
    unknown=[On(_CLUSTER, {"location": UNKNOWN}, settings=_EAST), On(_CLUSTER, {}, settings=_EAST)],
)
def region_is_allowed(resource: Resource) -> Verdict:
    """Whatever costs money is in a region that may be used."""
    return is_allowed(resource, resource.location, resource.of_provider.location)


@rule(
    "cost-az-tags",
    Severity.MEDIUM,
    _CLUSTER,
    _POOL,
    why=WHY_TAGS,
    fix="Add the tags, with a value that the setting `requiredTags` allows; the tags of a resource group do not reach what is in it.",
    references=("infracost:tagging", "custodian:tagcompliance"),
    settings={"requiredTags": TAGS_SETTING},
    good=[{"tags": _TAGS}, On(_POOL, {"tags": {**_TAGS, "environment": "Sandbox"}})],
    bad=[{}, {"tags": {**_TAGS, "environment": "my-laptop"}}, {"tags": {"owner": "ml"}}],
    unknown=[{"tags": UNKNOWN}, {"tags": {**_TAGS, "owner": UNKNOWN}}],
)
def tags_are_there(resource: Resource) -> Verdict:
    """What GPUs run on has the tags that a bill is divided by."""
    return has_wanted_tags(resource)
