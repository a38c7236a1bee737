"""Regions: whether a place is in one of those that may be used."""

import re
from fnmatch import fnmatchcase
from typing import Final

from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import PASS, Verdict
from lepton_infra.rules.view import Resource, View

WHY_REGIONS: Final = (
    "The same GPU costs up to twice as much in another region, no commitment covers it there, and data between the two is billed as well."
)
REGIONS_ABOUT: Final = "regions that may be used, as patterns like us-*, separated by spaces; nothing allows all"
_ZONE: Final = re.compile(r"\A(?P<region>[a-z]+(-[a-z]+)+-?\d+)-?[a-z]\Z")
"""A zone of AWS or Google Cloud: its region, and a letter."""


def is_allowed(resource: Resource, *places: View) -> Verdict:
    """Return whether the first place that is said is in a region that the setting `regions` allows; a zone counts as its region.

    Args:
        resource: whose place it is, with its settings.
        places: where it may be said, the closest first, the provider's last.
    """
    patterns = str(resource.its_settings.regions.raw_value()).lower().split()
    if not patterns:
        return PASS
    place = next((one for one in places if one.raw_value() not in (ABSENT, "")), None)
    if place is None:
        return resource.undecided_because("is in a region that nothing names")
    said = place.raw_value()
    if said is UNKNOWN or not isinstance(said, str):
        return place.undecided_because()
    name = re.sub(r"\s", "", said).lower()
    zone = _ZONE.match(name)
    region = zone["region"] if zone else name
    return place.pass_because("") if any(fnmatchcase(region, pattern) for pattern in patterns) else place.fail_because()
