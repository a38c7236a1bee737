"""Exemptions at work: findings that somebody answers for are set apart, and exemptions that excuse nothing are named."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lepton_infra.config.exemptions import Exemption
from lepton_infra.errors import BadInput, Fault
from lepton_infra.rules.card import Card
from lepton_infra.rules.finding import Finding
from lepton_infra.rules.packs import nearest


@dataclass(frozen=True, slots=True)
class Exempted:
    """A finding that somebody answers for."""

    finding: Finding
    exemption: Exemption


@dataclass(frozen=True, slots=True)
class Sorted:
    """Findings, by whether an exemption covers them."""

    findings: tuple[Finding, ...]
    """What nobody excused."""
    exempted: tuple[Exempted, ...]
    expired: tuple[Exemption, ...]
    """Exemptions that hold no longer; what they covered is among the findings."""
    unused: tuple[Exemption, ...]
    """Exemptions that hold and cover nothing."""


def known_only(exemptions: Sequence[Exemption], cards: Iterable[Card], where: str) -> None:
    """See to it that every exemption is from a rule that exists.

    Raises:
        BadInput: with a fault and the nearest ids for each that is not.
    """
    ids = [card.id for card in cards]
    faults = [
        Fault(
            f"{where}[{number}].rule", f"is {exemption.rule!r}", f"one of {nearest(ids, exemption.rule)}", "Run `lepton rules` for the list"
        )
        for number, exemption in enumerate(exemptions)
        if exemption.rule not in ids
    ]
    if faults:
        raise BadInput(faults)


def sort_out(findings: Iterable[Finding], exemptions: Sequence[Exemption], now: dt.date) -> Sorted:
    """Set apart what exemptions cover on a day.

    Args:
        findings: what the rules found.
        exemptions: what is excused; where several cover a finding the first is named with it.
        now: the day; an exemption holds on its last day.
    """
    in_force = [exemption for exemption in exemptions if exemption.holds(now)]
    used: set[int] = set()
    left: list[Finding] = []
    exempted: list[Exempted] = []
    for finding in findings:
        covering = [number for number, exemption in enumerate(in_force) if exemption.covers(finding.rule, finding.urn)]
        used.update(covering)
        if covering:
            exempted.append(Exempted(finding, in_force[covering[0]]))
        else:
            left.append(finding)
    return Sorted(
        findings=tuple(left),
        exempted=tuple(exempted),
        expired=tuple(exemption for exemption in exemptions if not exemption.holds(now)),
        unused=tuple(exemption for number, exemption in enumerate(in_force) if number not in used),
    )
