"""Tags that a bill is divided by: which must be there, and what may stand in them."""

import re
from typing import Final

from lepton_infra.rules.card import Setting
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource
from lepton_policies.shared.production import tagged

WHY_TAGS: Final = (
    "A bill is divided by its tags: a pool without them lands with whoever pays for the rest, and nobody saves what is not theirs."
)
TAGS_SETTING: Final = Setting(
    "owner team environment=sandbox|dev|test|staging|prod|production",
    "tags that must be there, separated by spaces, each with the values that it may have; cost-center or workload may be added",
)


def has_wanted_tags(resource: Resource) -> Verdict:
    """Return whether a resource has every tag of the setting `requiredTags`, with one of its values where those are said."""
    return all_of(_has(resource, wanted) for wanted in str(resource.its_settings.requiredTags.raw_value()).split())


def _has(resource: Resource, wanted: str) -> Verdict:
    key, _, values = wanted.partition("=")
    # A label of Google Cloud has no capitals, and a team may write cost_center.
    words = "[-_ ]?".join(map(re.escape, re.split(r"[-_]", key)))
    allowed = "|".join(map(re.escape, values.split("|"))) if values else r".*\S.*"
    pattern = re.compile(rf"\A\s*(.*:)?{words}\s*\Z", re.IGNORECASE), re.compile(rf"\A\s*({allowed})\s*\Z", re.IGNORECASE | re.DOTALL)
    found = tagged(resource, *pattern)
    return found if found.facts else resource.fail_because(f"has no tag '{key}'")
