"""Time the rules over a mixed stack: our server, the stock SDK's server, and one decoding for each rule.

All run here, in one process, over the same requests and the same cards, and both servers once more through gRPC, as the engine asks them.
The stock server is pulumi-policy's own `_PolicyAnalyzerServicer`, each card wrapped as a policy that returns at once where the type is
another. The third side does what that server's loop is known to cost, with Pulumi's own decoder and without its proxies. Our side judges
the stack rules as well. What is counted is processor time, of this process: it is the same on a busy machine, or nearly.

`python benchmarks/rules_per_resource.py [RESOURCES]`
"""

import json
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from time import perf_counter, process_time
from typing import Any, cast

import grpc
import pulumi_policy as sdk
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2 as rpc
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerServicer, AnalyzerStub, add_AnalyzerServicer_to_server
from pulumi.runtime.rpc import deserialize_properties
from pulumi_policy.policy import _PolicyAnalyzerServicer  # pyright: ignore[reportPrivateUsage] # the rival itself

from lepton_infra.rules.analyzer import Analyzer
from lepton_infra.rules.announce import Pack
from lepton_infra.rules.card import Card, Kind
from lepton_infra.rules.stack import NOTHING_AROUND
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.verdict import State
from lepton_infra.rules.view import Resource, settings_view
from lepton_policies import RULES

MANY = 250
"""As many rules as the target was set for, taken evenly from the pack's."""
FEW = 100
"""The other sides are timed on fewer resources: they are linear in them, and slow."""


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


def some(cards: Sequence[Card], count: int) -> tuple[Card, ...]:
    """Return that many cards, evenly from all."""
    return tuple(cards[number * len(cards) // count] for number in range(count))


def ours(cards: tuple[Card, ...], asked: list[rpc.AnalyzeRequest]) -> float:
    """Return the seconds that our server takes to answer the requests."""
    analyzer = Analyzer(Pack("benchmark", "Benchmark", "0", "", cards))
    began = process_time()
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
    return process_time() - began


def stock(cards: tuple[Card, ...], asked: list[rpc.AnalyzeRequest]) -> float:
    """Return the seconds that the stock SDK's server takes for the resource rules."""
    servicer = stock_server(cards)
    began = process_time()
    for request in asked:
        servicer.Analyze(request, None)
    return process_time() - began


def stock_server(cards: Iterable[Card]) -> Any:  # noqa: ANN401 (a private class of the rival's)
    """Return the stock SDK's server, with each resource rule as one policy."""
    policies = [_policy(card) for card in cards if card.kind is Kind.RESOURCE]
    return cast("Any", _PolicyAnalyzerServicer)("benchmark", "0.0.1", policies, sdk.EnforcementLevel.ADVISORY, {})


def _policy(card: Card) -> sdk.ResourceValidationPolicy:
    def validate(args: sdk.ResourceValidationArgs, report: Callable[[str], None]) -> None:
        if args.resource_type in card.types:
            resource = Resource(Subject(args.resource_type, _read(args.props)), settings_view(card.defaults()))
            if card.check(resource, NOTHING_AROUND).state is State.FAIL:
                report(card.fix)

    return sdk.ResourceValidationPolicy(name=card.id, description=card.title, validate=cast("Any", validate))


def _read(value: Any) -> Any:  # noqa: ANN401 (whatever stands in a property)
    """Return what the SDK's proxies hold."""
    if isinstance(value, Mapping):
        inside = cast("Mapping[str, Any]", value)
        return {key: _read(inside[key]) for key in inside}
    return [_read(item) for item in cast("Sequence[Any]", value)] if isinstance(value, Sequence) and not isinstance(value, str) else value


def naive(cards: tuple[Card, ...], asked: list[rpc.AnalyzeRequest]) -> float:
    """Return the seconds that the same cards take with one decoding for each."""
    began = process_time()
    for request in asked:
        for card in cards:
            inputs = deserialize_properties(request.properties, keep_unknowns=True)
            if request.type in card.types:
                card.check(Resource(Subject(request.type, inputs), settings_view(card.defaults())), NOTHING_AROUND)
    return process_time() - began


@contextmanager
def served(servicer: AnalyzerServicer) -> Generator[Any]:
    """Serve as a pack does, and yield a client."""
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        add_AnalyzerServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield cast("Any", AnalyzerStub)(channel)
        server.stop(None).wait()


def through_grpc(servicer: AnalyzerServicer, asked: Sequence[rpc.AnalyzeRequest]) -> tuple[float, float]:
    """Return the milliseconds for each resource, by the clock and of processors, client and server together."""
    with served(servicer) as client:
        client.Analyze(asked[0])
        clock, used = perf_counter(), process_time()
        for request in asked:
            client.Analyze(request)
        return (perf_counter() - clock) / len(asked) * 1000, (process_time() - used) / len(asked) * 1000


def main() -> None:
    """Print all sides and their ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    asked = requests(count)
    rivals: dict[str, Side] = {"one decoding per rule": naive, "stock SDK": stock}
    for cards in (some(RULES, MANY), RULES):
        ours_takes = ours(cards, asked)
        print(f"{len(cards):>3} rules x {count} resources: ours {ours_takes:6.2f} s ({ours_takes / count * 1000:.2f} ms per resource)")
        for name, side in rivals.items():
            takes = side(cards, asked[:FEW]) / FEW * count
            print(f"    {name:<22} {takes:6.2f} s, {takes / ours_takes:.0f} times as long")
        clock, used = through_grpc(Analyzer(Pack("benchmark", "Benchmark", "0", "", cards)), asked)
        their_clock, their_used = through_grpc(stock_server(cards), asked[:FEW])
        print(
            f"    through gRPC, a resource: ours {clock:.2f} ms ({used:.2f} ms of processors), "
            f"stock SDK {their_clock:.1f} ms ({their_used:.1f}), ratio {their_clock / clock:.0f} ({their_used / used:.0f})"
        )


if __name__ == "__main__":
    main()
