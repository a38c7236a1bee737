"""Each example of each card is a test, and stays one when the same thing is said in another way."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepton_infra.cost.pricing import pricing
from lepton_infra.rules.card import Card, Kind, On, Ref
from lepton_infra.rules.examples import subjects_before, subjects_in
from lepton_infra.rules.finding import Finding
from lepton_infra.rules.outside import Outside
from lepton_infra.rules.runner import Runner
from lepton_infra.rules.values import UNKNOWN, Mark, Secret
from lepton_policies import RULES

EXAMPLES = [(card, kind, example) for card in RULES for kind, example in card.examples()]
EXPECTED = {"good": "pass", "bad": "fail", "unknown": "undecided"}


def every_example(test: Callable[[Card, str, On], None]) -> Callable[[Card], None]:
    """Make of a test of one example a test of each card, which tries all of its examples: one by one they would be ten thousand tests."""

    def each(card: Card) -> None:
        for kind, example in card.examples():
            try:
                test(card, kind, example)
            except AssertionError as error:
                error.add_note(f"{kind} example: {example}")
                raise

    each.__name__ = test.__name__
    return pytest.mark.parametrize("card", RULES, ids=lambda card: card.id)(each)


PROPERTIES = sorted({key for _, _, example in EXAMPLES for key in example.inputs})
any_example = st.sampled_from([(card, EXPECTED[kind], example) for card, kind, example in EXAMPLES])


def outside(example: On) -> Outside:
    return Outside(pricing, pricing(subjects_before(example)) if example.before else None)


def runner(card: Card, example: On) -> Runner:
    return Runner([card], {card.id: example.settings}, outside(example))


def finding(card: Card, example: On, *, built: bool = False) -> Finding | None:
    subjects = subjects_in(example, built=built)
    found = runner(card, example).evaluate_stack(subjects, tuple(Kind))
    return next((one for one in found if one.urn == subjects[0].urn), None)


def outcome(card: Card, example: On, inputs: Any, around: dict[str, On] | None = None, *, built: bool = False) -> str:
    changed = replace(example, inputs=inputs, around=example.around if around is None else around)
    found = finding(card, changed, built=built)
    return found.outcome.value if found else "pass"


def every_input(change: Callable[[Any], Any], example: On) -> tuple[Any, dict[str, On]]:
    """Change the inputs of all resources of an example."""
    return change(dict(example.inputs)), {name: replace(one, inputs=change(dict(one.inputs))) for name, one in example.around.items()}


def rewritten(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return change({key: rewritten(inner, change) for key, inner in value.items()})
    if isinstance(value, list):
        return change([rewritten(inner, change) for inner in value])
    return change(value)


def each_node_replaced(value: Any, by: Callable[[Any], Any]) -> Iterator[Any]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        for inner in (by(value[key]), *each_node_replaced(value[key], by)):
            copy = value.copy()
            copy[key] = inner
            yield copy


def texts(value: Any) -> Iterator[str]:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)
    if isinstance(value, str):
        yield value


def has_ref(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(has_ref, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Ref)


def has_unknown(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(has_unknown, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Mark | Ref)


@every_example
def test_says_what_the_card_says(card: Card, kind: str, example: On) -> None:
    assert outcome(card, example, example.inputs) == EXPECTED[kind]


@every_example
def test_no_unknown_in_any_place_turns_a_violation_into_a_pass_or_a_pass_into_a_violation(card: Card, kind: str, example: On) -> None:
    for changed in each_node_replaced(dict(example.inputs), lambda _: UNKNOWN):
        assert outcome(card, example, changed) in {EXPECTED[kind], "undecided"}, changed
    for name, other in example.around.items():
        for changed in each_node_replaced(dict(other.inputs), lambda _: UNKNOWN):
            around = {**example.around, name: replace(other, inputs=changed)}
            assert outcome(card, example, example.inputs, around) in {EXPECTED[kind], "undecided"}, (name, changed)


@every_example
def test_an_unknown_everywhere_is_undecided_or_of_no_weight(card: Card, kind: str, example: On) -> None:
    changed = dict.fromkeys(example.inputs, UNKNOWN)
    assert outcome(card, example, changed) in {EXPECTED[kind], "undecided"}


@every_example
def test_what_is_built_is_judged_as_it_was_before(card: Card, kind: str, example: On) -> None:
    allowed = {"good": {"pass"}, "bad": {"fail"}, "unknown": {"pass", "fail", "undecided"}}
    assert outcome(card, example, example.inputs, built=True) in allowed[kind]


@every_example
def test_where_a_reference_comes_from_may_be_known_of_the_resource_alone(card: Card, kind: str, example: On) -> None:
    subjects = [replace(subject, sources={}) for subject in subjects_in(example)]
    found = [one for one in runner(card, example).evaluate_stack(subjects, tuple(Kind)) if one.urn == subjects[0].urn]
    assert (found[0].outcome.value if found else "pass") in {EXPECTED[kind], "undecided"}


@every_example
def test_the_order_of_resources_does_not_matter(card: Card, kind: str, example: On) -> None:
    subjects = subjects_in(example)
    found = [one for one in runner(card, example).evaluate_stack(reversed(subjects), tuple(Kind)) if one.urn == subjects[0].urn]
    assert (found[0].outcome.value if found else "pass") == EXPECTED[kind]


@every_example
def test_a_stranger_in_the_stack_changes_nothing(card: Card, kind: str, example: On) -> None:
    stranger = On("aws:sqs/queue:Queue", {"name": "stranger", "policy": UNKNOWN})
    assert outcome(card, example, example.inputs, {**example.around, "stranger": stranger}) == EXPECTED[kind]


@settings(deadline=None)
@given(case=any_example, data=st.data())
def test_the_order_of_lists_and_keys_does_not_matter(case: tuple[Card, str, On], data: st.DataObject) -> None:
    card, expected, example = case

    def shuffle(value: Any) -> Any:
        if isinstance(value, list):
            return data.draw(st.permutations(value)) if value else value
        return dict(data.draw(st.permutations(list(value.items())))) if isinstance(value, dict) and value else value

    assert outcome(card, example, *every_input(lambda inputs: rewritten(inputs, shuffle), example)) == expected


@settings(deadline=None)
@given(case=any_example, depth=st.integers(1, 4))
def test_a_network_split_in_parts_is_the_same_network(case: tuple[Card, str, On], depth: int) -> None:
    card, expected, example = case

    def parts(cidr: Any) -> list[Any]:
        if not isinstance(cidr, str) or "/" not in cidr:
            return [cidr]
        try:
            network = ip_network(cidr, strict=False)
        except ValueError:
            return [cidr]
        return [str(part) for part in network.subnets(new_prefix=min(network.prefixlen + depth, network.max_prefixlen))]

    def split(value: Any) -> Any:
        return [part for element in value for part in parts(element)] if isinstance(value, list) else value

    assert outcome(card, example, *every_input(lambda inputs: rewritten(inputs, split), example)) == expected


SPELLINGS: list[Callable[[Any], Any]] = [
    lambda value: float(value) if type(value) is int else value,
    lambda value: f"{value:g}" if type(value) in (int, float) else value,
    lambda value: str(value).lower() if isinstance(value, bool) else value,
]
"""22 as 22.0, 22 as "22", true as "true"."""


@every_example
def test_a_number_or_flag_may_be_spelled_otherwise(card: Card, kind: str, example: On) -> None:
    for say in SPELLINGS:
        inputs, around = every_input(partial(rewritten, change=say), example)
        assert outcome(card, example, inputs, around) == EXPECTED[kind]


@every_example
def test_a_policy_document_may_be_an_object_or_its_json(card: Card, kind: str, example: On) -> None:
    def turn(value: Any) -> Any:
        if isinstance(value, dict) and "Statement" in value and not has_unknown(value):
            return json.dumps(value)
        return json.loads(value) if isinstance(value, str) and '"Statement"' in value else value

    assert outcome(card, example, *every_input(lambda inputs: rewritten(inputs, turn), example)) == EXPECTED[kind]


@every_example
def test_a_secret_is_weighed_and_not_told(card: Card, kind: str, example: On) -> None:
    secret = {key: value if value is UNKNOWN or has_ref(value) else Secret(value) for key, value in example.inputs.items()}
    found = finding(card, replace(example, inputs=secret))
    assert (found.outcome.value if found else "pass") == EXPECTED[kind]
    quoted = re.sub("which means '[^']*'", "", found.message) if found else ""
    assert [
        text
        for text in texts({key: example.inputs[key] for key, value in secret.items() if isinstance(value, Secret)})
        if f"'{text}'" in quoted
    ] == []


@every_example
def test_a_harmless_neighbour_changes_nothing(card: Card, kind: str, example: On) -> None:
    assert outcome(card, example, {**example.inputs, "region": "us-east-1", "somethingElse": {"a": [1, None, "x"]}}) == EXPECTED[kind]


@pytest.mark.parametrize("card", RULES, ids=lambda card: card.id)
# for each of some hundred rules; how fast junk is made says how busy the machine is
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    junk=st.dictionaries(
        st.sampled_from(PROPERTIES),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text(max_size=8)
            | st.sampled_from([UNKNOWN, Secret("s"), "*", "{", "[]"]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_no_junk_breaks_a_rule(card: Card, junk: dict[str, Any]) -> None:
    found = finding(card, On(card.types[0], junk))
    assert found is None or found.outcome.value != "error", found


def test_six_meanings_are_there() -> None:
    ids = {card.id for card in RULES}
    assert {
        "aws-s3-acl-public",
        "aws-s3-policy-public",
        "aws-s3-pab-flags",
        "aws-ebs-encrypted",
        "aws-eks-endpoint-open",
        "aws-iam-admin-document",
        "cost-gpu-max-bound",
        "cost-owner-tag",
    } <= ids
    assert len(ids) == len(RULES)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            {"vpcConfig": {}},
            "vpcConfig.publicAccessCidrs is absent, which means '0.0.0.0/0' and vpcConfig.endpointPublicAccess is absent, which means true",
        ),
        ({"vpcConfig": UNKNOWN}, "vpcConfig is unknown"),
        ({"vpcConfig": {"publicAccessCidrs": ["203.0.113.0/24", UNKNOWN]}}, "vpcConfig.publicAccessCidrs[1] is unknown"),
    ],
)
def test_a_message_says_what_decided_and_nothing_else(inputs: Any, message: str) -> None:
    (card,) = [card for card in RULES if card.id == "aws-eks-endpoint-open"]
    found = finding(card, On("aws:eks/cluster:Cluster", inputs))
    assert found is not None
    assert found.message == message
