"""What a card says of its examples rests on what it names, and stands when the same is written in parts or less of it is known.

`test_every_rule.py` has the plain examples and their spellings; here all cards take part, those about stacks too.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from itertools import product
from typing import Any

from lepton_infra.rules.card import Card, Kind, On
from lepton_infra.rules.examples import subjects_in
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import State, Verdict
from lepton_infra.rules.view import Resource, View, settings_view
from tests.policies.test_every_rule import EXPECTED, every_example, every_input, has_unknown, outcome, outside, rewritten, runner

BEING_THERE = {
    "aws-iam-user-policy": "rights of a user's own are wrong whatever they are",
    "k8s-ingress-snippets": "an annotation of that name is wrong whatever it says",
    "k8s-ingress-tls": "an annotation of that name is a certificate whatever it says",
}
"""Cards for which a thing that is there says enough, and why: hiding its value changes nothing, or settles it."""


def judged(card: Card, example: On, subjects: list[Subject]) -> tuple[Verdict, list[Resource]]:
    chosen = settings_view({**card.defaults(), **example.settings})
    resources = [Resource(subject, chosen) for subject in subjects]
    return card.check(resources[0], Stack(resources, outside(example))), resources


def hidden(value: Any, keys: list[str | int]) -> Any:
    """Return a value in which what stands at a place is unknown, whether anything stood there or not."""
    if not keys or value is UNKNOWN:
        return UNKNOWN
    key, *rest = keys
    if isinstance(key, int):
        if not isinstance(value, list):  # a single thing is a list of one
            return hidden(value, rest)
        found = hidden(value[key], rest) if key < len(value) else UNKNOWN
        return [*value[:key], found, *value[key + 1 :]]
    if not isinstance(value, dict):
        return UNKNOWN if value not in (None, ABSENT) else {key: hidden(None, rest)}
    return {**value, key: hidden(value.get(key), rest)}


@every_example
def test_a_violation_is_certain_no_more_when_what_it_names_is_hidden(card: Card, kind: str, example: On) -> None:
    subjects = subjects_in(example)
    verdict, resources = judged(card, example, subjects)
    assert (verdict.state is State.FAIL) == (kind == "bad")
    if kind != "bad" or card.id in BEING_THERE:
        return
    assert verdict.facts, "it names nothing"
    assert isinstance(verdict.facts[0].about, View)
    named = verdict.facts[0].about.read_root()[0]  # what stands in a provider or a setting belongs to no resource
    assert named is resources[0] or not named.type_token, f"its path is one of '{named.its_subject.name}'"
    inputs = [dict(subject.inputs) for subject in subjects]
    for fact in verdict.facts:
        assert isinstance(fact.about, View)
        root, keys = fact.about.read_root()[0], fact.about.read_keys()
        if not keys or root not in Found(resources) or fact.about.raw_value() is UNKNOWN:
            return  # it is about the resource as a whole, a setting, or a reference, which is known by where it comes from
        index = Found(resources).index(root)
        inputs[index] = hidden(inputs[index], keys)
    blind, _ = judged(card, example, [replace(subject, inputs=changed) for subject, changed in zip(subjects, inputs, strict=True)])
    assert blind.state is State.UNDECIDED, verdict.message


class Found(list[Resource]):
    """Resources, told apart by identity: their `==` has three answers."""

    def __contains__(self, one: object) -> bool:
        return any(one is other for other in self)

    def index(self, one: object, *_: Any) -> int:
        return next(place for place, other in enumerate(self) if one is other)


def statement_by_statement(value: Any) -> Any:
    """Return a policy document with a statement for each action and each resource."""
    if not isinstance(value, dict) or not isinstance(value.get("Statement"), list | dict) or has_unknown(value):
        return value
    stated = value["Statement"] if isinstance(value["Statement"], list) else [value["Statement"]]
    return {**value, "Statement": [part for one in stated for part in _parts(one, "Action", "Resource")]}


def _parts(one: Any, *names: str) -> Iterator[Any]:
    """Iterate over parts of a thing, each with a single element of the lists of those names."""
    lists = [[[inner] for inner in one[name]] if isinstance(one.get(name), list) and one[name] else [one.get(name)] for name in names]
    for chosen in product(*lists):
        yield {**one, **{name: part for name, part in zip(names, chosen, strict=True) if name in one}}


SPLIT = {
    "cidrBlocks": ("fromPort",),
    "ports": ("protocol",),
    "destinationPortRanges": ("access",),
    "sourceAddressPrefixes": ("access",),
    "verbs": ("resources",),
    "resources": ("verbs",),
    "apiGroups": ("verbs",),
}
"""Lists that may as well be one thing for each element, with what stands beside them where they are meant."""


def rule_by_rule(value: Any) -> Any:
    """Return a list of rules (of a firewall, of a role) with a rule for each element of what they list."""
    if not isinstance(value, list):
        return value
    parts: list[Any] = value
    for name, beside in SPLIT.items():
        parts = [
            part
            for one in parts
            for part in (_parts(one, name) if isinstance(one, dict) and one.get(name) and all(key in one for key in beside) else [one])
        ]
    return parts


def halves(value: Any) -> Any:
    """Return a list of networks with both halves of each."""
    return [half for one in value for half in _halves(one)] if isinstance(value, list) else value


def _halves(cidr: Any) -> list[Any]:
    try:
        network = ip_network(cidr, strict=False) if isinstance(cidr, str) and "/" in cidr else None
    except ValueError:
        network = None
    return [cidr] if network is None or network.prefixlen == network.max_prefixlen else [str(half) for half in network.subnets()]


def backwards(value: Any) -> Any:
    return value[::-1] if isinstance(value, list) else value


@every_example
def test_it_may_be_said_in_parts_and_from_the_end(card: Card, kind: str, example: On) -> None:
    for change in (statement_by_statement, rule_by_rule, halves, backwards):
        inputs, around = every_input(partial(rewritten, change=change), example)
        assert outcome(card, example, inputs, around) == EXPECTED[kind], change.__name__


def said_of(card: Card, example: On, subjects: list[Subject]) -> str:
    found = [one for one in runner(card, example).evaluate_stack(subjects, tuple(Kind)) if one.urn == subjects[0].urn]
    return found[0].outcome.value if found else "pass"


@every_example
def test_where_nothing_is_known_of_what_belongs_to_what_no_verdict_turns(card: Card, kind: str, example: On) -> None:
    lost = [replace(subject, sources={}, dependencies=()) for subject in subjects_in(example)]
    assert said_of(card, example, lost) in {EXPECTED[kind], "undecided"}
    nameless = [replace(subject, outputs={"id": UNKNOWN}) for subject in subjects_in(example)]
    assert said_of(card, example, nameless) in {EXPECTED[kind], "undecided"}


@every_example
def test_a_part_of_a_stack_breaks_no_rule(card: Card, kind: str, example: On) -> None:
    subjects = subjects_in(example)
    for left_out in range(1, len(subjects)):
        assert said_of(card, example, subjects[:left_out] + subjects[left_out + 1 :]) != "error", (kind, subjects[left_out].name)
