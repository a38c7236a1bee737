"""Examples on cards: a resource, and for a stack rule what stands around it.

```python
On(VPC, {"cidrBlock": "10.0.0.0/16"}, around={"log": On(FLOW_LOG, {"vpcId": IT})})
```

A `Ref` stands where a program would write `vpc.id`: before anything is built its value is unknown and where it comes from is known, and so
the rules get it. `built` makes of the same example what it is afterwards: everything has an id, and every `Ref` is one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import UNKNOWN, as_list, as_map

SUBJECT_NAME: Final = "it"
"""The name of the resource that an example is about."""


@dataclass(frozen=True, slots=True)
class Ref:
    """In an example: the id of the resource of that name."""

    name: str


IT: Final = Ref(SUBJECT_NAME)
"""The resource that the example is about."""


@dataclass(frozen=True, slots=True)
class On:
    """An example: the inputs of a resource of a given type, by wire name."""

    type: str
    inputs: Mapping[str, object]
    provider: Mapping[str, object] = field(default_factory=dict[str, object])
    """The inputs of its provider."""
    around: "Mapping[str, On]" = field(default_factory=dict[str, "On"])
    """By name, the other resources of its stack."""
    protect: bool = False
    """Whether the engine refuses to delete it."""
    settings: Mapping[str, str | float | bool] = field(default_factory=dict[str, str | float | bool])
    """Settings of the card that differ from its defaults."""
    before: "Mapping[str, On]" = field(default_factory=dict[str, "On"])
    """By name, what stood in the stack before; the name of the one that the example is about is `it`."""

    def everything(self) -> "dict[str, On]":
        """Return all resources of the example by name, the one that it is about first."""
        return {SUBJECT_NAME: self, **self.around}


def subjects_in(example: On, *, built: bool = False) -> list[Subject]:
    """Return the resources of an example as the rules see them, the one that it is about first.

    Args:
        example: what stands on the card.
        built: as they are after `pulumi up`, every id known; else as in a preview.
    """
    return _subjects(example.everything(), built=built)


def subjects_before(example: On) -> list[Subject]:
    """Return what stood in the stack of an example before, as the rules see it."""
    return _subjects(example.before, built=False)


def _subjects(named: Mapping[str, On], *, built: bool) -> list[Subject]:
    urns = {name: f"urn:pulumi:example::example::{one.type}::{name}" for name, one in named.items()}
    ids = {name: f"{name}-0123456789abcdef0" for name in urns}
    return [
        Subject(
            type=one.type,
            inputs={key: _written(value, ids if built else {}) for key, value in one.inputs.items()},
            name=name,
            urn=urns[name],
            provider=dict(one.provider) or None,
            outputs={"id": ids[name]} if built else {},
            dependencies=tuple(sorted({urns[ref] for ref in _refs(one.inputs)})),
            sources={key: tuple(sorted({urns[ref] for ref in _refs(value)})) for key, value in one.inputs.items()},
            protect=one.protect,
        )
        for name, one in named.items()
    ]


def _written(value: object, ids: Mapping[str, str]) -> object:
    if isinstance(value, Ref):
        return ids.get(value.name, UNKNOWN)
    items, inside = as_list(value), as_map(value)
    if items is not None:
        return [_written(item, ids) for item in items]
    return value if inside is None else {key: _written(inner, ids) for key, inner in inside.items()}


def _refs(value: object) -> Iterator[str]:
    if isinstance(value, Ref):
        yield value.name
    items, inside = as_list(value), as_map(value)
    for inner in items if items is not None else () if inside is None else inside.values():
        yield from _refs(inner)
