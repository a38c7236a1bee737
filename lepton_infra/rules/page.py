"""The documentation page of a card, in Markdown: the card itself, so that it never tells another story than the rule."""

import json

from lepton_infra.rules.card import Card, Kind, On, Ref, Setting
from lepton_infra.rules.values import UNKNOWN, Secret, as_list, as_map

_LISTED_TYPES = 12
"""A card that looks at more types than this says how many instead."""


def page(card: Card) -> str:
    """Return the page of a card as Markdown: what must hold, why, how to mend it, and examples by wire name."""
    types = [f"* `{token}`" for token in card.types[:_LISTED_TYPES]]
    if len(card.types) > _LISTED_TYPES:
        types.append(f"* and {len(card.types) - _LISTED_TYPES} more")
    parts = [
        f"# {card.id}",
        card.title,
        f"Severity: {card.severity.value} ({'blocks' if card.severity.blocks else 'advises'} by default)",
        *(["Looks at the resource among all others of its stack."] if card.kind is Kind.STACK else []),
        "## Why",
        card.why,
        "## Fix",
        card.fix,
        "## Looks at",
        "\n".join(types),
        *_settings(card),
        "## Good",
        _code(card.good),
        "## Bad",
        _code(card.bad),
        "## Cannot be told yet",
        _code(card.unknown),
    ]
    if card.references:
        parts += ["## Elsewhere", "\n".join(f"* {reference}" for reference in card.references)]
    return "\n\n".join(parts) + "\n"


def _settings(card: Card) -> list[str]:
    if not card.settings:
        return []
    return ["## Settings", "\n".join(_setting(name, setting) for name, setting in card.settings.items())]


def _setting(name: str, setting: Setting) -> str:
    first = f"; `{setting.wanted}` of the stack file comes first" if setting.wanted else ""
    return f"* `{name}` ({setting.default}{first}): {setting.about}"


def _code(examples: tuple[On, ...]) -> str:
    return "```\n" + "\n".join(map(_line, examples)) + "\n```"


def _line(example: On) -> str:
    provider = f" provider {json.dumps(_shown(dict(example.provider)))}" if example.provider else ""
    protected = " protect" if example.protect else ""
    told = f" with {json.dumps(dict(example.settings))}" if example.settings else ""
    beside = [f"  beside {name}: {_line(other)}" for name, other in example.around.items()]
    beside += [f"  before, {name}: {_line(other)}" for name, other in example.before.items()]
    return "\n".join([f"{example.type} {json.dumps(_shown(dict(example.inputs)))}{provider}{protected}{told}", *beside])


def _shown(value: object) -> object:
    """Return an example's value as the graph format writes it."""
    if value is UNKNOWN:
        return {"$unknown": True}
    if isinstance(value, Secret):
        return {"$secret": True}
    if isinstance(value, Ref):
        return {"$ref": value.name}
    items, inside = as_list(value), as_map(value)
    if items is not None:
        return [_shown(item) for item in items]
    return value if inside is None else {key: _shown(inner) for key, inner in inside.items()}
