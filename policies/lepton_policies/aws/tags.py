"""Tags: everything that costs money says whose it is."""

import re
from importlib.resources import files
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View

_GROUP: Final = "aws:autoscaling/group:Group"
_VOLUME: Final = "aws:ebs/volume:Volume"
_ANYTHING: Final = re.compile(r"\S")
_DEFAULT_TAGS: Final = {"defaultTags": '{"tags": {"owner": "ml-platform@example.com"}}'}
"""As a provider's inputs come over the wire: what is no text is JSON in text."""

TAGGABLE: Final = tuple((files("lepton_policies.aws") / "taggable.txt").read_text(encoding="utf-8").split())
"""Every type with a map of tags; `python -m lepton_policies.aws.taggable` writes the list anew from the installed `pulumi_aws`."""

_SETTINGS: Final = {"ownerTag": Setting("owner", "the key of the tag that names the owner, in any case")}


@rule(
    "cost-owner-tag",
    Severity.MEDIUM,
    *TAGGABLE,
    why="What nobody owns, nobody switches off: without an owner a forgotten GPU machine bills until somebody audits the account.",
    fix="Add the tag `owner`, best once for all in the provider's `default_tags`.",
    references=("custodian:tagcompliance",),
    settings=_SETTINGS,
    good=[
        On(_VOLUME, {"tags": {"Owner": "ml-platform@example.com"}}),
        On(_VOLUME, {}, provider=_DEFAULT_TAGS),
        On(_VOLUME, {"tags": UNKNOWN}, provider=_DEFAULT_TAGS),
        On(_VOLUME, {"tags": {"team": "x"}}, provider={"defaultTags": {"tags": {"owner": "ml-platform@example.com"}}}),
    ],
    bad=[
        On(_VOLUME, {}),
        On(_VOLUME, {"tags": {"team": "inference", "owner": " "}}),
        On(_VOLUME, {"tags": {"team": UNKNOWN}}, provider={"region": "us-east-1", "defaultTags": '{"tags": {"team": "x"}}'}),
    ],
    unknown=[
        On(_VOLUME, {"tags": UNKNOWN}),
        On(_VOLUME, {"tags": {"owner": UNKNOWN}}),
        On(_VOLUME, {}, provider={"defaultTags": UNKNOWN}),
    ],
)
def owner_is_tagged(resource: Resource) -> Verdict:
    """Whatever takes tags has an owner."""
    defaults = resource.of_provider.defaultTags.json_inside()
    wanted = _wanted(resource)
    return _names_owner(resource.tags, wanted) | _names_owner(defaults.tags, wanted)


def _wanted(resource: Resource) -> str:
    return str(resource.its_settings.ownerTag.raw_value()).lower()


def _names_owner(tags: View, wanted: str) -> Verdict:
    """Return whether a map of tags has the wanted one, and something in it."""
    if tags.raw_value() is UNKNOWN:
        return tags.undecided_because()
    found = [value for key, value in tags.map_items() if key.strip().lower() == wanted]
    return any_of(value.text_matches(_ANYTHING) for value in found) if found else tags.fail_because(f"has no '{wanted}'")


@rule(
    "cost-owner-tag-group",
    Severity.MEDIUM,
    _GROUP,
    why="A group costs nothing, its machines do; they get the group's tags where those propagate, and the provider's defaults never.",
    fix="Add `{key: owner, value: ..., propagate_at_launch: True}` to `tags`; the provider's `default_tags` do not reach a group.",
    references=("checkov:CKV_AWS_153",),
    settings=_SETTINGS,
    good=[
        {"tags": [{"key": "Name", "value": "x", "propagateAtLaunch": False}, {"key": "owner", "value": "ml", "propagateAtLaunch": True}]}
    ],
    bad=[
        {},
        {"tags": [{"key": "team", "value": "inference", "propagateAtLaunch": True}]},
        {"tags": [{"key": "owner", "value": "ml", "propagateAtLaunch": False}]},
        On(_GROUP, {"tags": []}, provider=_DEFAULT_TAGS),
    ],
    unknown=[{"tags": UNKNOWN}, {"tags": [{"key": UNKNOWN, "value": "ml", "propagateAtLaunch": True}]}],
)
def group_owner_is_tagged(group: Resource) -> Verdict:
    """The machines of an autoscaling group have an owner."""
    wanted = re.compile(rf"\A\s*{re.escape(_wanted(group))}\s*\Z", re.IGNORECASE)
    found = any_of(tag.key.text_matches(wanted) & tag.value.text_matches(_ANYTHING) & tag.propagateAtLaunch.is_true() for tag in group.tags)
    return found if found.facts else group.tags.fail_because()
