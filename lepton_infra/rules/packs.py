"""Finding of rule packs: every installed distribution may offer cards under the entry point group `lepton.rules`."""

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import NamedTuple, cast

from lepton_infra.errors import BadInput, Fault
from lepton_infra.rules.card import Card

GROUP = "lepton.rules"
"""Each entry point of this group names a sequence of cards."""


_OFFERED = 5
"""So many ids are offered where none comes near."""


class RuleRow(NamedTuple):
    """A rule in a list of rules."""

    id: str
    severity: str
    kind: str
    """`resource` or `stack`."""
    cloud: str
    types: tuple[str, ...]
    title: str
    why: str
    fix: str
    references: tuple[str, ...]


def installed_cards() -> tuple[Card, ...]:
    """Return the cards of all installed packs, packs in the order of their names.

    Raises:
        BadInput: for each pack that does not import or offers something else than cards.
    """
    cards: list[Card] = []
    faults: list[Fault] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        where = f"rule pack '{point.name}'"
        try:
            offered: object = point.load()
        except (ImportError, AttributeError, SyntaxError, BadInput) as error:
            faults.append(
                Fault(where, f"cannot be loaded from '{point.value}': {error}", "a module that imports", "Mend or uninstall the pack")
            )
            continue
        if isinstance(offered, tuple | list) and all(isinstance(card, Card) for card in cast("list[object]", offered)):
            cards += cast("list[Card]", offered)
        else:
            faults.append(Fault(where, f"offers '{point.value}', which holds no cards", "a tuple of cards", "Point it at the pack's RULES"))
    if faults:
        raise BadInput(faults)
    return tuple(cards)


def cards_below(package: str) -> tuple[Card, ...]:
    """Return the cards of a package's modules: modules by name, cards in the order in which they stand there.

    A card that one module takes from another counts once. Folders inside the package are packages of their own and are not entered.
    """
    names = sorted(found.name for found in iter_modules(import_module(package).__path__) if not found.ispkg)
    modules = [import_module(f"{package}.{name}") for name in names]
    return tuple(dict.fromkeys(card for module in modules for card in vars(module).values() if isinstance(card, Card)))


def named(cards: Iterable[Card], rule: str) -> Card:
    """Return the card with this id.

    Raises:
        BadInput: none has it; with the nearest ids.
    """
    known = {card.id: card for card in cards}
    if rule not in known:
        raise BadInput(Fault("rule", f"is {rule!r}", f"one of {nearest(known, rule)}", "Run `lepton rules` for the list"))
    return known[rule]


def nearest(ids: Iterable[str], rule: str) -> str:
    """Return the ids that somebody who wrote `rule` may have meant, joined by commas."""
    known = sorted(set(ids))
    return ", ".join(get_close_matches(rule, known, n=3, cutoff=0.4) or [*known[:_OFFERED], *(["..."] if len(known) > _OFFERED else [])])


def _row(card: Card) -> RuleRow:
    return RuleRow(card.id, card.severity.value, card.kind.value, card.cloud, card.types, card.title, card.why, card.fix, card.references)


def list_rules(cards: Iterable[Card]) -> list[RuleRow]:
    """Return the rules as rows to print, worst first, then by id."""
    return sorted(
        (_row(card) for card in cards),
        key=lambda row: (("critical", "high", "medium", "low").index(row.severity), row.id),
    )
