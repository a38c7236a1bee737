"""What a resource says of itself in its tags: whether it is production, and what it is for."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.values import UNKNOWN, as_list
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View

_ENVIRONMENT: Final = re.compile(r"\A(.*:)?(environment|env|stage)\Z", re.IGNORECASE)
_TRIAL: Final = re.compile(r"\A\s*(sandbox|dev|development|test|qa|staging|stage|preview|demo)\s*\Z", re.IGNORECASE)
_OWN: Final = {
    "gcp": ("labels",),
    "gcp:container/cluster:Cluster": ("resourceLabels",),
    "gcp:container/nodePool:NodePool": ("nodeConfig.resourceLabels", "nodeConfig.labels"),
    "gcp:sql/databaseInstance:DatabaseInstance": ("settings.userLabels",),
    "kubernetes": (),
}
"""Where a cloud's resources, or those of a type, keep their own, if not in `tags`."""
_PRODUCTION: Final = re.compile(r"\A\s*(prod|production|live)\s*\Z", re.IGNORECASE)


def tag_maps(resource: Resource) -> Iterator[View]:
    """Iterate over the tags or labels that reach a resource: its own, and its provider's defaults."""
    token = resource.type_token
    for path in _OWN.get(token, _OWN.get(token.partition(":")[0], ("tags",))):
        place: View = resource
        for name in path.split("."):
            place = place[name]
        yield place
    defaults = resource.of_provider
    yield from (defaults.defaultTags.json_inside().tags, defaults.defaultLabels.json_inside())


def tagged(resource: Resource, key: "re.Pattern[str]", value: "re.Pattern[str]") -> Verdict:
    """Return whether a tag whose key matches has a value that matches; a resource without tags has none."""
    verdicts: list[Verdict] = []
    for tags in tag_maps(resource):
        if tags.raw_value() is UNKNOWN:
            verdicts.append(tags.undecided_because())
        verdicts += [found.text_matches(value) for name, found in tags.map_items() if key.match(name)]
        if as_list(tags.raw_value()) is not None:  # autoscaling groups list theirs
            verdicts += [tag.key.text_matches(key) & tag.value.text_matches(value) for tag in tags]
    return any_of(verdicts)


def is_production(resource: Resource) -> Verdict:
    """Return whether a resource says that it is production; one that says nothing is not."""
    return tagged(resource, _ENVIRONMENT, _PRODUCTION)


def is_trial(resource: Resource) -> Verdict:
    """Return whether a resource says that it is no production: a sandbox, development, staging; one that says nothing is not."""
    return tagged(resource, _ENVIRONMENT, _TRIAL)
