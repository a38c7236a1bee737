"""What the cloud answers: the arguments back, its defaults, and what it computes, in the shape that the SDK declares."""

import re
from collections.abc import Mapping
from typing import Final

from lepton_infra.rehearsal.facts import Facts, Making, World
from lepton_infra.rehearsal.schema import AnyOf, ListOf, MapOf, ObjectOf, Scalar, Schema, Shape
from lepton_infra.rehearsal.template import fill, merge
from lepton_infra.rehearsal.wire import UNKNOWN, Properties, Value, table, without_none

_DEEPEST: Final = 4
"""Types may contain themselves: made-up values stop at this depth."""
_WHEN: Final = re.compile(r"(?:date|time|timestamp|createdAt|updatedAt|At|On|Date|Time|Timestamp)$")
_ZERO: Final[Mapping[str, Value]] = {"boolean": False, "integer": 0, "number": 0}
_BY_NAME: Final = (
    (("status", "state"), "ACTIVE"),
    (("url", "uri"), "https://{hex12}.example.com/"),
    (("endpoint", "domain", "domainname", "hostname", "dnsname"), "{hex12}.example.com"),
    (("ip", "ipaddress"), "192.0.2.10"),
)
"""What a text is that only its name tells of, by how the name ends."""
MOMENT: Final = "2026-01-01T00:00:00Z"
"""Every moment that a pretend cloud tells of: a rehearsal is repeatable."""


def identity(schema: Schema, facts: Facts, inputs: Properties, world: World, seed: str) -> str:
    """Return the id of a resource about to be made."""
    of = facts.of(schema.token)
    values: Properties = {"name": _kind(schema), **world.place, **dict(of.defaults), **_echo(schema, inputs)}
    existing = facts.identities.get(schema.token)
    made = (existing(inputs, world) if existing else None) or fill(of.identity, values, seed)
    return str(made) if made is not None else str(fill("{hex17}", values, seed))


def properties(schema: Schema, facts: Facts, making: Making, made: str, seed: str) -> Properties:
    """Return the properties of a resource as the cloud would answer them.

    Args:
        schema: what the SDK declares.
        facts: what is known of the package.
        making: the resource: arguments, properties so far, the rest of the cloud.
        made: its id; the unknown sentinel in a preview.
        seed: what made-up tokens are drawn from: the same for every answer about one resource.
    """
    of = facts.of(schema.token)
    values: Properties = {**making.world.place, **_echo(schema, making.inputs), "id": made}
    answer: Properties = _generic(schema, facts, values, seed) | {"id": made}
    answer |= table(fill(dict(of.defaults), values, seed))
    answer = table(merge(answer, _echo(schema, making.inputs)))
    # Outputs may speak of one another (the issuer of the endpoint), so the known ones are there when the next is filled.
    for name, template in of.outputs.items():
        answer[name] = merge(answer.get(name), fill(template, values | answer | {"id": made}, seed))
    answer = table(without_none(answer))
    shape = facts.shapes.get(schema.token)
    if shape:
        answer = table(merge(answer, shape(Making(making.inputs, making.before, answer | {"id": made}, making.world))))
    # What the program gave stands, whatever the data compute.
    return table(without_none(merge(answer, _echo(schema, making.inputs))))


def at_preview(schema: Schema, answer: Properties, inputs: Properties) -> Properties:
    """Return the answer with everything that the cloud computes unknown; what the program gave is known."""
    veiled = table(_veil(answer, inputs))
    return veiled | {name: UNKNOWN for name in schema.outputs if name not in schema.inputs and name not in inputs}


def changed_at_preview(answer: Properties, before: Properties, inputs: Properties) -> Properties:
    """Return the answer with every computed property that the update would change unknown."""
    return {name: value if name in inputs or before.get(name) == value else UNKNOWN for name, value in answer.items()}


def _veil(answer: Value, given: Value) -> Value:
    if isinstance(answer, dict) and isinstance(given, dict):
        return {name: _veil(item, given[name]) if given.get(name) is not None else UNKNOWN for name, item in answer.items()}
    if isinstance(answer, list) and isinstance(given, list) and len(answer) == len(given):
        return [_veil(item, other) for item, other in zip(answer, given, strict=True)]
    return answer if answer == given else UNKNOWN


def _echo(schema: Schema, inputs: Properties) -> Properties:
    """Return the arguments that are properties too; a few (`forceDestroy` of some) stay with the program."""
    return {name: value for name, value in inputs.items() if name in schema.outputs or name in schema.inputs}


def _generic(schema: Schema, facts: Facts, values: Properties, seed: str) -> Properties:
    """Make up every property that only the cloud can give."""
    kind = _kind(schema)
    mixed: Mapping[str, Value] = {"kind": kind, "service": schema.token.split(":")[1].split("/")[0], **values}
    answer: Properties = {}
    for name, field in schema.outputs.items():
        if name in facts.generic:
            if name not in schema.inputs:
                answer[name] = fill(facts.generic[name], mixed, seed)
        elif name not in schema.inputs:
            answer[name] = _made_up(name, field.shape, mixed, facts, seed, 0)
    return answer


def _made_up(name: str, shape: Shape, values: Mapping[str, Value], facts: Facts, seed: str, depth: int) -> Value:
    if isinstance(shape, Scalar):
        return _text(name, values, facts, f"{seed}/{name}") if shape.kind == "string" else _ZERO[shape.kind]
    if isinstance(shape, AnyOf):
        return _made_up(name, shape.options[0], values, facts, seed, depth)
    if isinstance(shape, ListOf):
        # One item, not none: programs index the first of what a cloud computes.
        return [_made_up(name, shape.item, values, facts, seed, depth + 1)] if depth < _DEEPEST else []
    if isinstance(shape, ObjectOf) and depth < _DEEPEST:
        return {wire: _made_up(wire, field.shape, values, facts, seed, depth + 1) for wire, field in shape.fields.items()}
    return {} if isinstance(shape, MapOf | ObjectOf) else None


def _text(name: str, values: Mapping[str, Value], facts: Facts, seed: str) -> Value:
    if _WHEN.search(name):
        return MOMENT
    found = (template for ends, template in _BY_NAME if name.lower().endswith(ends))
    template = facts.generic["arn"] if name.endswith(("Arn", "Arns")) and "arn" in facts.generic else next(found, "{kind}-{hex8}")
    return fill(template, values, seed)


def _kind(schema: Schema) -> str:
    """Return the type's own word: `subnet` of `aws:ec2/subnet:Subnet`."""
    return schema.token.rsplit(":", maxsplit=1)[-1][:1].lower() + schema.token.rsplit(":", maxsplit=1)[-1][1:]
