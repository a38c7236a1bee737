"""Where money is spent, and for whom: regions, and the tags that a bill is divided by."""

from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.shared.places import REGIONS_ABOUT, WHY_REGIONS, is_allowed
from lepton_policies.shared.stackcost import AWS_PRICED
from lepton_policies.shared.wantedtags import TAGS_SETTING, WHY_TAGS, has_wanted_tags

_NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_CLUSTER: Final = "aws:eks/cluster:Cluster"
_INSTANCE: Final = "aws:ec2/instance:Instance"
_VOLUME: Final = "aws:ebs/volume:Volume"
_EAST: Final = {"regions": "us-east-1 us-west-*"}
_TAGS: Final = {"owner": "ml@example.com", "Team": "inference", "environment": "prod"}


@rule(
    "cost-region",
    Severity.MEDIUM,
    *AWS_PRICED,
    why=WHY_REGIONS,
    fix="Set the provider's `region` to one that is allowed, or add it to the setting `regions`.",
    references=("pulumi:aws-ts-finops",),
    settings={"regions": Setting("", REGIONS_ABOUT)},
    good=[
        On(_NODE_GROUP, {}, provider={"region": "us-east-1"}, settings=_EAST),
        On(_VOLUME, {"availabilityZone": "us-west-2a"}, provider={"region": "us-west-2"}, settings=_EAST),
        On(_NODE_GROUP, {}, provider={"region": "eu-west-1"}),
    ],
    bad=[
        On(_NODE_GROUP, {}, provider={"region": "eu-west-1"}, settings={"regions": "us-west-2"}),
        On(_VOLUME, {"availabilityZone": "eu-west-1a"}, provider={"region": "us-east-1"}, settings=_EAST),
    ],
    unknown=[On(_INSTANCE, {"availabilityZone": UNKNOWN}, provider={"region": "us-east-1"}, settings=_EAST)],
)
def region_is_allowed(resource: Resource) -> Verdict:
    """Whatever costs money is in a region that may be used."""
    zone = resource.availabilityZone
    place = is_allowed(resource, resource.region, resource.of_provider.region)
    return place if zone.raw_value() is ABSENT else place & is_allowed(resource, zone)


@rule(
    "cost-tags",
    Severity.MEDIUM,
    _NODE_GROUP,
    _CLUSTER,
    _INSTANCE,
    why=WHY_TAGS,
    fix="Add the tags, best once for all in the provider's `default_tags`, with a value that the setting `requiredTags` allows.",
    references=("infracost:tagging", "custodian:tagcompliance", "gatekeeper:requiredlabels"),
    settings={"requiredTags": TAGS_SETTING},
    good=[
        {"tags": _TAGS},
        On(_NODE_GROUP, {"tags": {"team": "inference"}}, provider={"defaultTags": {"tags": {"owner": "ml", "environment": "Dev"}}}),
        On(_NODE_GROUP, {"tags": {**_TAGS, "cost_center": "42"}}, settings={"requiredTags": "cost-center"}),
    ],
    bad=[
        {},
        {"tags": {**_TAGS, "environment": "my-laptop"}},
        {"tags": {"owner": "ml", "environment": "prod", "team": " "}},
        On(_INSTANCE, {"tags": _TAGS}, settings={"requiredTags": "owner cost-center"}),
    ],
    unknown=[{"tags": UNKNOWN}, {"tags": {**_TAGS, "environment": UNKNOWN}}],
)
def tags_are_there(resource: Resource) -> Verdict:
    """What GPUs run on has the tags that a bill is divided by."""
    return has_wanted_tags(resource)
