"""Which advice can be followed together: savings on the same node-hours are never added twice."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

from lepton_infra.sizing.advise.model import Advice, Kind

_MOST_WIDE: Final = 12
"""Advice about several pools up to which every combination is tried; beyond it the dearest goes first."""


def consistent(advice: Sequence[Advice]) -> list[Advice]:
    """Return the set that saves most of all sets in which no node-hour is disposed of twice, dearest first; ties by id.

    Advice about one pool excludes others about the same node-hours, so of these the dearest is right. Advice about several pools links
    them, so every choice of it is tried, up to `_MOST_WIDE` of it.
    """
    worth = sorted((one for one in advice if one.kind is not Kind.RAISE and _usd(one) > 0), key=lambda one: (-_usd(one), one.id))
    wide = [one for one in worth if len(one.claims) > 1]
    narrow = [one for one in worth if len(one.claims) == 1]
    choices = [tuple(wide)]
    if len(wide) <= _MOST_WIDE:
        choices = [choice for count in range(len(wide) + 1) for choice in combinations(wide, count)]
    best = max((_filled(choice, narrow) for choice in choices), key=lambda chosen: sum(map(_usd, chosen)))
    return sorted(best, key=lambda one: (-_usd(one), one.id))


def ordered(advice: Sequence[Advice], counted: Sequence[Advice]) -> list[Advice]:
    """Return all advice, what is counted first, each of the others with the ids of what is counted in its place."""
    others = [replace(one, instead=_rivals(one, counted)) for one in advice if one not in counted]
    return [*counted, *sorted(others, key=lambda one: (-abs(_usd(one)), one.id))]


def _filled(choice: Sequence[Advice], narrow: Sequence[Advice]) -> list[Advice]:
    taken: set[tuple[str, str]] = set()
    chosen: list[Advice] = []
    for one in [*choice, *narrow]:
        if not one.claims & taken:
            taken |= one.claims
            chosen.append(one)
    return chosen


def _rivals(one: Advice, counted: Sequence[Advice]) -> tuple[str, ...]:
    return tuple(other.id for other in counted if other.claims & one.claims)


def _usd(one: Advice) -> float:
    return one.usd_per_month.expected if one.usd_per_month else 0.0
