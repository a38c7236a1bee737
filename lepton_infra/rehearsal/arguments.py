"""Checks a resource's arguments and completes them: names, inherited settings, tags that go on everything."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lepton_infra.rehearsal.check import Failure, check
from lepton_infra.rehearsal.configuration import default_tags
from lepton_infra.rehearsal.facts import Facts, TypeFacts
from lepton_infra.rehearsal.schema import Scalar, Schema
from lepton_infra.rehearsal.template import draw
from lepton_infra.rehearsal.wire import Properties, is_unknown, table, without_none

_SUFFIX: Final = 7
"""Digits that the Terraform bridge puts behind a made-up name."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What a made-up name is made of."""

    name: str
    """The resource's name in the program."""
    seed: str
    """What its digits are drawn from."""
    proposed: str = ""
    """The engine's own proposal; empty where it has none."""
    disabled: bool = False
    """Whether the user forbade made-up names."""


def faults(schema: Schema, facts: TypeFacts, news: Properties, naming: Naming) -> Iterator[Failure]:
    """Find everything that is wrong with what a program gave."""
    yield from check(schema.inputs, news)
    argument = auto_named(schema, facts)
    if argument and naming.disabled and not _named(news, argument):
        yield Failure(argument, "is missing; made-up names are switched off. Give it a value.")


def completed(schema: Schema, facts: Facts, olds: Properties, news: Properties, settings: Properties, naming: Naming) -> Properties:
    """Return the arguments with everything that the provider adds, as it stands in the state.

    A name once made up is kept for as long as the resource lives.
    """
    of = facts.of(schema.token)
    inputs = table(without_none(news))
    argument = auto_named(schema, of)
    if argument and not _named(inputs, argument):
        inputs[argument] = olds.get(argument) or naming.proposed or made_name(of, naming)
    for name in facts.inherit:
        if name in schema.inputs and name not in inputs and settings.get(name):
            inputs[name] = settings[name]
    if facts.tags and facts.tags[0] in schema.inputs and facts.tags[1] in schema.outputs:
        own, every, _ = facts.tags
        if is_unknown(inputs.get(own)):
            inputs[every] = inputs[own]
        elif tags := default_tags(facts, settings) | table(inputs.get(own)):
            inputs[every] = tags
    return inputs


def auto_named(schema: Schema, facts: TypeFacts) -> str | None:
    """Return the argument that gets a name where none is given: an optional text."""
    name = facts.auto_name
    field = schema.inputs.get(name) if name else None
    return name if field and not field.required and _is_text(field.shape) else None


def made_name(facts: TypeFacts, naming: Naming) -> str:
    """Return `<name>-<7 digits>`, short enough and in the letters that the type allows."""
    room = facts.name_length - _SUFFIX - 1 - len(facts.name_prefix)
    name = facts.name_prefix + naming.name[:room] + "-" + draw(naming.seed, "0123456789abcdef", _SUFFIX)
    return name.lower() if facts.lower else name


def is_made_name(facts: TypeFacts, logical: str, name: object) -> bool:
    """Say whether a name is one that we made up, so that a replacement gets another."""
    stem = facts.name_prefix + logical[: facts.name_length - _SUFFIX - 1 - len(facts.name_prefix)]
    pattern = re.escape(stem.lower() if facts.lower else stem) + r"-[0-9a-f]{7}"
    return isinstance(name, str) and re.fullmatch(pattern, name) is not None


def _named(inputs: Properties, argument: str) -> bool:
    return inputs.get(argument) is not None or inputs.get(f"{argument}Prefix") is not None


def _is_text(shape: object) -> bool:
    return shape == Scalar("string")
