"""Time the rules over a mixed stack: our server, the stock SDK's server, and one decoding for each rule.

All run here, in one process, over the same requests and the same cards. The stock server is pulumi-policy's own `_PolicyAnalyzerServicer`,
each card wrapped as a policy that returns at once where the type is another; it is timed where that package is there. The third side does
what the stock server's loop is known to cost, with Pulumi's own decoder and without its proxies. Our side judges the stack rules as well.

`uv run --no-sync --with pulumi-policy python benchmarks/rules_per_resource.py [RESOURCES]`
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle, islice
from time import perf_counter
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2 as rpc
from pulumi.runtime.rpc import deserialize_properties

from lepton_infra.rules.analyzer import Analyzer
from lepton_infra.rules.announce import Pack
from lepton_infra.rules.card import Card, Kind
from lepton_infra.rules.stack import NOTHING_AROUND
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.verdict import State
from lepton_infra.rules.view import Resource, settings_view
from lepton_policies import RULES

MANY = 252
"""About as many rules as the pack is meant to grow to: the present ones, repeated."""
NAIVE_RESOURCES = 100
"""The naive side is timed on fewer resources: it is linear in them, and slow."""


Side = Callable[[tuple[Card, ...], list[rpc.AnalyzeRequest]], float]
"""One way to judge requests by cards: the seconds that it takes."""


def requests(count: int) -> list[rpc.AnalyzeRequest]:
    """Return that many requests of mixed types, made from the examples of the cards."""
    examples = [example for card in RULES for kind, example in card.examples() if kind == "good" and _is_json(example.inputs)]
    tags = {"owner": "ml-platform@example.com", "team": "inference", "environment": "prod"}
    return [
        rpc.AnalyzeRequest(
            type=example.type,
            name=f"r{number}",
            urn=f"urn:pulumi:dev::p::{example.type}::r{number}",
            properties=ParseDict({**example.inputs, "tags": tags}, Struct()),
        )
        for number, example in enumerate(islice(cycle(examples), count))
    ]


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except TypeError:  # an unknown or a secret, which a request spells otherwise
        return False
    return True


def grown(cards: Sequence[Card], count: int) -> tuple[Card, ...]:
    """Return that many cards, the same ones under new names."""
    return tuple(replace(card, id=f"{card.id}-{number}") for number, card in enumerate(islice(cycle(cards), count)))


def ours(cards: tuple[Card, ...], asked: list[rpc.AnalyzeRequest]) -> float:
    """Return the seconds that our server takes to answer the requests."""
    analyzer = Analyzer(Pack("benchmark", "Benchmark", "0", "", cards))
    began = perf_counter()
    for request in asked:
        analyzer.analyze(request)
    provider = rpc.AnalyzerProviderResource(type="pulumi:providers:aws", urn="urn:aws")
    analyzer.analyze_stack(
        rpc.AnalyzeStackRequest(
            resources=[
                rpc.AnalyzerResource(type=one.type, name=one.name, urn=one.urn, properties=one.properties, provider=provider)
                for one in asked
            ]
        )
    )
    return perf_counter() - began


def stock(cards: tuple[Card, ...], asked: list[rpc.AnalyzeRequest]) -> float:
    """Return the seconds that the stock SDK's server takes with the same cards, each as one policy."""
    sdk: Any = importlib.import_module("pulumi_policy")
    server: Any = importlib.import_module("pulumi_policy.policy")

    def policy(card: Card) -> object:
        def validate(args: Any, report: Callable[[str], None]) -> None:  # noqa: ANN401 (a type of the rival's, which may not be there)
            if args.resource_type in card.types:
                resource = Resource(Subject(args.resource_type, args.props), settings_view(card.defaults()))
                if card.check(resource, NOTHING_AROUND).state is State.FAIL:
                    report(card.fix)

        return sdk.ResourceValidationPolicy(name=card.id, description=card.title, validate=validate)

    advisory = sdk.EnforcementLevel.ADVISORY
    policies = [policy(card) for card in cards if card.kind is Kind.RESOURCE]
    servicer = server._PolicyAnalyzerServicer("benchmark", "0.0.1", policies, advisory, {})  # noqa: SLF001 (the rival itself)
    began = perf_counter()
    for request in asked:
        servicer.Analyze(request, None)
    return perf_counter() - began


def naive(cards: tuple[Card, ...], asked: list[rpc.AnalyzeRequest]) -> float:
    """Return the seconds that the same cards take with one decoding for each."""
    began = perf_counter()
    for request in asked:
        for card in cards:
            inputs = deserialize_properties(request.properties, keep_unknowns=True)
            if request.type in card.types:
                card.check(Resource(Subject(request.type, inputs), settings_view(card.defaults())), NOTHING_AROUND)
    return perf_counter() - began


def main() -> None:
    """Print all sides and their ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    asked = requests(count)
    few = asked[:NAIVE_RESOURCES]
    rivals: dict[str, Side] = {"one decoding per rule": naive}
    if importlib.util.find_spec("pulumi_policy") is not None:
        rivals["stock SDK"] = stock
    for cards in (RULES, grown(RULES, MANY)):
        ours_takes = ours(cards, asked)
        print(f"{len(cards):>3} rules x {count} resources: ours {ours_takes:6.2f} s ({ours_takes / count * 1000:.2f} ms per resource)")
        for name, side in rivals.items():
            takes = side(cards, few) / len(few) * count
            print(f"    {name:<22} {takes:6.2f} s, {takes / ours_takes:.0f} times as long")


if __name__ == "__main__":
    main()
