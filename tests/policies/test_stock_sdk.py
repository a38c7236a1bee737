"""The stock SDK as the oracle: our server finds what `pulumi_policy`'s own finds in the same cards, and more where a value is unknown."""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2 as rpc

from lepton_infra.cost.pricing import pricing
from lepton_infra.rules.analyzer import Analyzer
from lepton_infra.rules.announce import EXEMPTIONS, UNDECIDED, Pack, default_level
from lepton_infra.rules.card import Card, Kind
from lepton_infra.rules.examples import On, subjects_in
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import UNKNOWN, Secret
from lepton_policies import RULES
from tests.policies import stock

SUBSTITUTED = 4
"""So many of the values of each example are made unknown, one at a time."""
MIXED = 30
"""So many resources are judged by the whole pack at once; the stock server takes its time."""

every_card = pytest.mark.parametrize("card", RULES, ids=lambda card: card.id)


@dataclass(frozen=True)
class Answer:
    """What a server says of an example."""

    violations: dict[tuple[str, str], tuple[int, int, str]]
    """By policy and URN: level, severity and message."""
    gave_up: list[rpc.AnalyzeDiagnostic]
    """The stock SDK's words that a policy did not run."""
    waiting: set[str]
    """URNs of which our server says that it cannot tell yet."""


class Both:
    """Both servers, with the same cards."""

    def __init__(self, *cards: Card) -> None:
        self.ours = Analyzer(Pack(stock.NAME, "Oracle", stock.VERSION, "It knows.", cards, pricing))
        self.theirs = stock.servicer(cards)
        self._titles = {card.id: f"{card.title}\n" for card in cards}

    def configure(self, card: Card, settings: Mapping[str, object], level: rpc.EnforcementLevel.ValueType | None = None) -> None:
        """Give both the same settings of a card; each keeps those that it has till it gets others."""
        values = stock.struct({**card.defaults(), **settings})
        entry = rpc.PolicyConfig(enforcementLevel=default_level(card) if level is None else level, properties=values)
        context: Any = None
        for server in (self.ours, self.theirs):
            server.Configure(rpc.ConfigureAnalyzerRequest(policyConfig={card.id: entry}), context)

    def judge(self, subjects: list[Subject]) -> tuple[Answer, Answer]:
        """Return what ours and theirs say of the same requests."""
        context: Any = None
        self.ours.ConfigureStack(rpc.AnalyzerStackConfigureRequest(stack="s", project="p", dry_run=True), context)
        asked = [stock.request(subject) for subject in subjects]
        at_end = stock.stack_request(subjects)
        ours = [*map(self.ours.analyze, asked), self.ours.analyze_stack(at_end)]
        theirs = [*(self.theirs.Analyze(one, None) for one in asked), self.theirs.AnalyzeStack(at_end, None)]
        waiting = [self._waiting(one, answer) for one, answer in zip(asked, ours[:-1], strict=True)]
        return self._answer(ours, set(chain.from_iterable(waiting)) | self._waiting_at_end(ours[-1], subjects)), self._answer(theirs, set())

    def _answer(self, responses: list[rpc.AnalyzeResponse], waiting: set[str]) -> Answer:
        said = [one for response in responses for one in response.diagnostics if one.policyName in self._titles]
        violations = {
            (one.policyName, one.urn): (one.enforcementLevel, one.severity, one.message.removeprefix(self._titles[one.policyName]))
            for one in said
            if one.urn
        }
        assert len(violations) == sum(bool(one.urn) for one in said)
        return Answer(violations, [one for one in said if not one.urn], waiting)

    @staticmethod
    def _waiting(asked: rpc.AnalyzeRequest, answer: rpc.AnalyzeResponse) -> set[str]:
        return {asked.urn for entry in answer.not_applicable if entry.reason.startswith("cannot tell yet")}

    @staticmethod
    def _waiting_at_end(answer: rpc.AnalyzeResponse, subjects: list[Subject]) -> set[str]:
        # A stack rule that waits is told by name only; the examples are of one rule, and its subject comes first.
        return {subjects[0].urn for entry in answer.not_applicable if entry.reason.startswith("cannot tell yet")}


def unknowns_in(subjects: list[Subject]) -> set[str]:
    parts = chain.from_iterable((one.inputs, one.outputs, one.provider or {}) for one in subjects)
    return {place for part in parts for place in stock.unknown_places(part)}


def changed(example: On, chance: random.Random) -> Iterator[On]:
    """Yield the example with one of its values unknown, for a few of them."""
    places = list(_places(dict(example.inputs)))
    for place in chance.sample(places, min(SUBSTITUTED, len(places))):
        yield replace(example, inputs=_without(dict(example.inputs), place))


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (key,)
        yield from ((key, *rest) for rest in _places(value[key]))


def _without(value: Any, place: tuple[Any, ...]) -> Any:
    copy = value.copy()
    copy[place[0]] = _without(value[place[0]], place[1:]) if place[1:] else UNKNOWN
    return copy


@every_card
def test_what_is_known_is_judged_alike(card: Card) -> None:
    both = Both(card)
    judged: set[str] = set()
    for kind, example in card.examples():
        subjects = subjects_in(example, built=True)
        if unknowns_in(subjects):
            continue
        both.configure(card, example.settings)
        ours, theirs = both.judge(subjects)
        assert_alike(ours, theirs, kind)
        if example.before:  # no engine tells a pack what a stack was before
            assert ours.violations == {}, example
            continue
        assert ((card.id, subjects[0].urn) in ours.violations) == (kind == "bad"), example
        judged.add(kind)
    assert "bad" in judged or looks_back(card)


@every_card
def test_what_the_stock_server_cannot_run_is_all_that_it_does_not_say(card: Card) -> None:
    both = Both(card)
    chance = random.Random(card.id)  # noqa: S311 (the same places on every run)
    gave_up = 0
    examples = [(kind, one) for kind, written in card.examples() for one in (written, *changed(written, chance))]
    for kind, example in examples:
        subjects = subjects_in(example)
        both.configure(card, example.settings)
        ours, theirs = both.judge(subjects)
        gave_up += bool(theirs.gave_up)
        for one in theirs.gave_up:
            assert_gave_up(one, card, subjects)
        if theirs.gave_up:
            # Ours answers all the same: a violation that is certain, a pass, or which value it waits for.
            assert theirs.violations.items() <= ours.violations.items(), example
        else:
            assert_alike(ours, theirs, kind)
    assert gave_up > 0 or looks_back(card)


def looks_back(card: Card) -> bool:
    """Tell whether a card judges changes alone."""
    return all(example.before for example in card.bad)


def assert_alike(ours: Answer, theirs: Answer, kind: str) -> None:
    """Hold both to the same violations; ours may wait where a card does so on known text that it cannot read, and the SDK is silent."""
    assert (ours.violations, ours.gave_up) == (theirs.violations, theirs.gave_up)
    assert not ours.waiting or kind == "unknown"


def assert_gave_up(said: rpc.AnalyzeDiagnostic, card: Card, subjects: list[Subject]) -> None:
    """Hold the SDK's advisory to its words: it names one of the values that are unknown, no resource, and stops nothing."""
    sentence = rf"can't run policy '{card.id}' from policy pack 'oracle@v0\.0\.1' during preview: string value at (\S+) can't be known .*"
    found = re.fullmatch(sentence, said.message)
    assert found, said.message
    assert found[1] in unknowns_in(subjects)
    assert (said.enforcementLevel, said.severity, said.urn) == (rpc.ADVISORY, rpc.POLICY_SEVERITY_UNSPECIFIED, "")


GROUP = "aws:ec2/securityGroup:SecurityGroup"


@pytest.mark.parametrize("cidrs", [[UNKNOWN, "0.0.0.0/0"], ["0.0.0.0/0", UNKNOWN]])
def test_a_certain_violation_beside_an_unknown_stops_a_preview_with_our_server_alone(cidrs: list[Any]) -> None:
    (card,) = [card for card in RULES if card.id == "aws-sg-admin-open"]
    ssh = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": cidrs}
    subjects = subjects_in(On(GROUP, {"ingress": [ssh]}))
    ours, theirs = Both(card).judge(subjects)
    ((level, severity, message),) = ours.violations.values()
    assert (level, severity) == (rpc.MANDATORY, rpc.POLICY_SEVERITY_CRITICAL)
    assert "is '0.0.0.0/0'" in message
    assert theirs.violations == {}
    (said,) = theirs.gave_up
    assert_gave_up(said, card, subjects)


def test_a_secret_is_weighed_by_both_and_told_by_the_stock_server_alone() -> None:
    (card,) = [card for card in RULES if card.id == "aws-s3-acl-public"]
    ours, theirs = Both(card).judge(subjects_in(On("aws:s3/bucket:Bucket", {"acl": Secret("public-read")})))
    assert ours.violations.keys() == theirs.violations.keys() != set()
    assert "public-read" not in str(ours)
    assert "acl is 'public-read'" in str(theirs)


def test_both_announce_the_same_policies() -> None:
    both = Both(*RULES)
    context: Any = None
    ours, theirs = (server.GetAnalyzerInfo(Empty(), context) for server in (both.ours, both.theirs))
    told = [
        {one.name: (one.enforcementLevel, one.severity, one.policy_type, one.remediation_steps) for one in info.policies}
        for info in (ours, theirs)
    ]
    settings = [
        {
            one.name: {name: (entry["type"], entry["default"]) for name, entry in one.configSchema.properties.items()}
            for one in info.policies
        }
        for info in (ours, theirs)
    ]
    for own in (UNDECIDED, EXEMPTIONS):
        assert told[0].pop(own)[0] == rpc.ADVISORY
        settings[0].pop(own)
    assert told[0] == told[1]
    assert settings[0] == settings[1]


def test_both_follow_the_same_configuration() -> None:
    (card,) = [card for card in RULES if card.id == "cost-gpu-max-bound"]
    both = Both(card)
    group = {"instanceTypes": ["p5.48xlarge"], "scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": 9}}
    subjects = subjects_in(On("aws:eks/nodeGroup:NodeGroup", group))
    assert [answer.violations for answer in both.judge(subjects)] == [{}, {}]
    both.configure(card, {"maxGpus": 64}, rpc.ADVISORY)
    ours, theirs = both.judge(subjects)
    assert ours == theirs
    ((level, _, message),) = ours.violations.values()
    assert level == rpc.ADVISORY
    assert "scalingConfig.maxSize is 9" in message


def test_the_whole_pack_finds_the_same_in_a_mixed_stack() -> None:
    chance = random.Random(7)  # noqa: S311 (the same stack on every run)
    plain = (example for card in RULES for example in card.bad if not (example.around or example.settings or example.before))
    bad = [example for example in plain if not unknowns_in(subjects_in(example, built=True))]
    subjects = [
        replace(subject, name=f"{subject.name}-{number}", urn=f"{subject.urn}-{number}")
        for number, example in enumerate(chance.sample(bad, MIXED))
        for subject in subjects_in(example, built=True)
    ]
    assert {card.kind for card in RULES} == set(Kind)
    ours, theirs = Both(*RULES).judge(subjects)
    assert ours.violations == theirs.violations
    assert len(ours.violations) > MIXED
    assert {policy for policy, _ in ours.violations} & {card.id for card in RULES if card.kind is Kind.STACK}
