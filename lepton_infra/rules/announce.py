"""What a policy pack tells the engine of itself, and what it lets be configured."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2 as rpc

from lepton_infra.config.exemptions import Exemption
from lepton_infra.errors import Fault
from lepton_infra.rules.card import Card, Kind, Severity
from lepton_infra.rules.finding import Finding
from lepton_infra.rules.outside import Pricing

UNDECIDED: Final = "undecided"
"""The policy under which the engine hears of what cannot be told yet."""
UNDECIDED_TITLE: Final = "Every check can be decided."
EXEMPTIONS: Final = "exemptions"
"""The policy under which the engine hears of exemptions that excuse nothing."""
EXEMPTIONS_TITLE: Final = "Every exemption holds and is needed."
STRICT: Final = "strict"
"""The setting of `undecided` that makes it block. A level would not do: `{"all": "mandatory"}` sets it without meaning it."""
_NAMED: Final = 12
"""So many undecided checks are named; the rest is counted."""

SEVERITIES: Final = {
    Severity.CRITICAL: rpc.POLICY_SEVERITY_CRITICAL,
    Severity.HIGH: rpc.POLICY_SEVERITY_HIGH,
    Severity.MEDIUM: rpc.POLICY_SEVERITY_MEDIUM,
    Severity.LOW: rpc.POLICY_SEVERITY_LOW,
}
"""Our words for the protocol's."""


@dataclass(frozen=True, slots=True)
class Pack:
    """What a policy pack says of itself."""

    name: str
    """Letters, digits, hyphens: as it stands before each violation."""
    title: str
    """Its name for people."""
    version: str
    """The version of the distribution that it comes from."""
    description: str
    """What it is for, in a sentence."""
    cards: tuple[Card, ...]
    """The rules."""
    pricing: Pricing | None = None
    """Prices a stack for the rules that ask; None where none does."""


def default_level(card: Card) -> rpc.EnforcementLevel.ValueType:
    """Return what a violation of a card does where nobody configured it."""
    return rpc.MANDATORY if card.severity.blocks else rpc.ADVISORY


def analyzer_info(pack: Pack) -> rpc.AnalyzerInfo:
    """Return what the engine asks of a pack before it begins: every card is a policy, and `undecided` is one more."""
    strict = Struct()
    strict.update(
        {STRICT: {"type": "boolean", "default": False, "description": "whether a preview that cannot be judged in full is stopped"}}
    )
    undecided = rpc.PolicyInfo(
        name=UNDECIDED,
        displayName="Undecided checks",
        description=UNDECIDED_TITLE,
        message="Some checks depend on values that are known during `pulumi up` only.",
        enforcementLevel=rpc.ADVISORY,
        configSchema=rpc.PolicyConfigSchema(properties=strict),
        policy_type=rpc.POLICY_TYPE_STACK,
        severity=rpc.POLICY_SEVERITY_LOW,
    )
    exempt = rpc.PolicyInfo(
        name=EXEMPTIONS,
        displayName="Exemptions",
        description=EXEMPTIONS_TITLE,
        message="An exemption that ran out excuses nothing; one that covers nothing hides the next violation.",
        enforcementLevel=rpc.ADVISORY,
        policy_type=rpc.POLICY_TYPE_STACK,
        severity=rpc.POLICY_SEVERITY_LOW,
    )
    return rpc.AnalyzerInfo(
        name=pack.name,
        displayName=pack.title,
        version=pack.version,
        description=pack.description,
        supportsConfig=True,
        policies=[*map(_policy_info, pack.cards), undecided, exempt],
    )


def _policy_info(card: Card) -> rpc.PolicyInfo:
    properties = Struct()
    for name, setting in card.settings.items():
        properties.update({name: {"type": _json_type(setting.default), "default": setting.default, "description": setting.about}})
    urls = [reference for reference in card.references if reference.startswith("https://")]
    return rpc.PolicyInfo(
        name=card.id,
        displayName=card.title,
        description=f"{card.title} {card.why}",
        message=card.fix,
        enforcementLevel=default_level(card),
        configSchema=rpc.PolicyConfigSchema(properties=properties),
        policy_type=rpc.POLICY_TYPE_STACK if card.kind is Kind.STACK else rpc.POLICY_TYPE_RESOURCE,
        severity=SEVERITIES[card.severity],
        tags=card.references,
        remediation_steps=card.fix,
        url=urls[0] if urls else "",
    )


def _json_type(default: str | float | bool) -> str:  # noqa: FBT001 (a setting may be a flag)
    return "boolean" if isinstance(default, bool) else "string" if isinstance(default, str) else "number"


def config_faults(pack: Pack, settings: Mapping[str, Mapping[str, object]]) -> Iterator[Fault]:
    """Find the rules and settings in a configuration that this pack does not have: they would be passed over in silence."""
    known: dict[str, Iterable[str]] = {card.id: card.settings for card in pack.cards}
    known |= {UNDECIDED: (STRICT,), EXEMPTIONS: ()}
    for name in sorted(settings):
        if name not in {*known, "all"}:
            near = get_close_matches(name, known, 1)
            allowed = f"such as '{near[0]}'" if near else f"all, {UNDECIDED}, {EXEMPTIONS} or the id of a rule"
            yield Fault("policy pack config", f"configures '{name}', which is no rule", allowed, "See `lepton rules`")
            continue
        for setting in sorted(set(settings[name]) - set(known.get(name, ()))):
            allowed = ", ".join(("enforcementLevel", *known.get(name, ())))
            yield Fault(f"policy pack config: {name}", f"sets '{setting}'", allowed, "Take it out or spell it so")


def undecided_text(findings: Iterable[Finding], *, dry_run: bool) -> str:
    """Return the one message about everything that could not be decided, a line for each resource and rule."""
    lines = sorted({f"  {finding.rule} on {finding.name}: {finding.message}" for finding in findings})
    one = len(lines) == 1
    checks = "1 check" if one else f"{len(lines)} checks"
    head = f"cannot tell yet: {checks} {'waits' if one else 'wait'} for values that `pulumi up` will know"
    if not dry_run:
        head = f"cannot tell: {checks} could not be decided"
    more = [f"  and {len(lines) - _NAMED} more"] if len(lines) > _NAMED else []
    return "\n".join([head, *lines[:_NAMED], *more])


def exemptions_text(expired: Iterable[Exemption], unused: Iterable[Exemption], now: dt.date) -> str:
    """Return the one message about exemptions that excuse nothing, a line for each; nothing if there are none."""
    lines = [f"  {one.rule} on {one.urn}: {one.why_not(now)} ({one.owner})" for one in expired]
    lines += [f"  {one.rule} on {one.urn}: covers nothing; take it out ({one.owner})" for one in unused]
    return "\n".join(["exemptions to be renewed or taken out:", *lines]) if lines else ""
