"""Where money is spent, and for whom: regions, and the labels that a bill is divided by."""

from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.gcp.instance import INSTANCE
from lepton_policies.gcp.nodes import CLUSTER, POOL
from lepton_policies.shared.places import REGIONS_ABOUT, WHY_REGIONS, is_allowed
from lepton_policies.shared.stackcost import GCP_PRICED
from lepton_policies.shared.wantedtags import TAGS_SETTING, WHY_TAGS, has_wanted_tags

_CENTRAL: Final = {"regions": "us-central1 europe-*"}
_LABELS: Final = {"owner": "ml-platform", "team": "inference", "environment": "prod"}


@rule(
    "cost-gcp-region",
    Severity.MEDIUM,
    *GCP_PRICED,
    why=WHY_REGIONS,
    fix="Set `location`, `zone` or the provider's `region` to one that is allowed, or add it to the setting `regions`.",
    references=("pulumi:aws-ts-finops",),
    settings={"regions": Setting("", REGIONS_ABOUT)},
    good=[
        On(POOL, {"location": "us-central1-a"}, settings=_CENTRAL),
        On(INSTANCE, {"zone": "europe-west4-b"}, provider={"region": "asia-east1"}, settings=_CENTRAL),
        On(POOL, {"location": "asia-east1"}),
    ],
    bad=[On(POOL, {"location": "asia-east1-a"}, settings=_CENTRAL), On(INSTANCE, {"zone": "us-west1-b"}, settings=_CENTRAL)],
    unknown=[On(POOL, {"location": UNKNOWN}, settings=_CENTRAL)],
)
def region_is_allowed(resource: Resource) -> Verdict:
    """Whatever costs money is in a region that may be used."""
    given = resource.of_provider
    return is_allowed(resource, resource.location, resource.zone, resource.region, given.zone, given.region)


@rule(
    "cost-gcp-labels",
    Severity.MEDIUM,
    CLUSTER,
    POOL,
    INSTANCE,
    why=WHY_TAGS,
    fix="Add the labels, best once for all in the provider's `default_labels`, with a value that the setting `requiredTags` allows.",
    references=("checkov:CKV_GCP_21", "infracost:tagging", "custodian:tagcompliance"),
    settings={"requiredTags": TAGS_SETTING},
    good=[
        {"resourceLabels": _LABELS},
        On(POOL, {"nodeConfig": {"resourceLabels": _LABELS}}),
        On(CLUSTER, {}, provider={"defaultLabels": {**_LABELS}}),
    ],
    bad=[{}, {"resourceLabels": {**_LABELS, "environment": "my-laptop"}}, On(POOL, {"nodeConfig": {"resourceLabels": {"owner": "ml"}}})],
    unknown=[{"resourceLabels": UNKNOWN}, {"resourceLabels": {**_LABELS, "team": UNKNOWN}}],
)
def labels_are_there(resource: Resource) -> Verdict:
    """What GPUs run on has the labels that a bill is divided by."""
    return has_wanted_tags(resource)
