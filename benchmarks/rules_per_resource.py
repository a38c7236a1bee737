"""Time the rules over a mixed stack: one decoding and cards by type, against one decoding for each rule.

The second is how a pack built on pulumi-policy 1.21 works: its server decodes the request anew for every policy, also for those that do not
look at such a resource. Both sides run here, in one process, over the same requests, with Pulumi's own decoder on the naive side.

`python benchmarks/rules_per_resource.py [RESOURCES]`
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice
from time import perf_counter

from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2 as rpc
from pulumi.runtime.rpc import deserialize_properties

from lepton_infra.rules.analyzer import Analyzer
from lepton_infra.rules.announce import Pack
from lepton_infra.rules.card import Card
from lepton_infra.rules.stack import NOTHING_AROUND
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.view import Resource, settings_view
from lepton_policies import RULES

MANY = 252
"""About as many rules as the pack is meant to grow to: the present ones, repeated."""
NAIVE_RESOURCES = 100
"""The naive side is timed on fewer resources: it is linear in them, and slow."""


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
    """Print both sides and their ratio."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    asked = requests(count)
    few = asked[:NAIVE_RESOURCES]
    for cards in (RULES, grown(RULES, MANY)):
        our_seconds = ours(cards, asked)
        naive_seconds = naive(cards, few) / len(few) * count
        print(
            f"{len(cards):>3} rules x {count} resources: ours {our_seconds:6.2f} s ({our_seconds / count * 1000:.2f} ms per resource), "
            f"one decoding per rule {naive_seconds:6.2f} s, ratio {naive_seconds / our_seconds:.0f}"
        )


if __name__ == "__main__":
    main()
