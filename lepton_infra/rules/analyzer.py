"""The policy pack server: cards in front of the real engine, as `pulumirpc.Analyzer`.

The engine calls `Analyze` for every resource before it is touched, with its inputs, and `AnalyzeStack` once at the end. A resource is
decoded once and only the cards for its type look at it. A card that fails is a violation; one that cannot tell yet is counted as not
applicable (so that nobody reads it as passed) and named in one advisory at the end, under the policy `undecided`; one that is broken is
an advisory of its own.

A pack is configured as any of Pulumi's:
`{"all": "advisory", "aws-ebs-encrypted": {"enforcementLevel": "mandatory"}, "undecided": {"strict": true}}`.
"""
# ruff: noqa: N802, D102 (the methods of the servicer are the protocol's, which names and documents them)

import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2 as rpc
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerServicer, add_AnalyzerServicer_to_server
from pulumi.runtime.proto.plugin_pb2 import PluginInfo

from lepton_infra.errors import BadInput
from lepton_infra.rules.announce import (
    SEVERITIES,
    STRICT,
    UNDECIDED,
    UNDECIDED_TITLE,
    Pack,
    analyzer_info,
    config_faults,
    default_level,
    undecided_text,
)
from lepton_infra.rules.card import Card
from lepton_infra.rules.runner import Finding, Outcome, Runner, Subject
from lepton_infra.rules.wire import decode_struct

Context = grpc.ServicerContext

_MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""What Pulumi's own servers accept."""
_WORKERS: Final = 4
"""The engine analyses one resource after the other; a few threads keep handshakes from waiting."""


class Analyzer(AnalyzerServicer):
    """Serves one pack to one run of the engine."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._runner = Runner(pack.cards)
        self._levels: dict[str, rpc.EnforcementLevel.ValueType] = {card.id: default_level(card) for card in pack.cards}
        self._levels[UNDECIDED] = rpc.ADVISORY
        self._off: frozenset[str] = frozenset()
        self._no_remedies = rpc.RemediateResponse(not_applicable=[rpc.PolicyNotApplicable(policy_name=card.id) for card in pack.cards])
        self._elsewhere: dict[tuple[str, ...], rpc.AnalyzeResponse] = {}
        self._waiting: list[Finding] = []
        self._dry_run = True
        self._lock = Lock()

    # What the engine asks before it begins.

    def Handshake(self, request: rpc.AnalyzerHandshakeRequest, context: Context) -> rpc.AnalyzerHandshakeResponse:
        del request, context
        return rpc.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: Context) -> PluginInfo:
        del request, context
        return PluginInfo(version=self._pack.version)

    def GetAnalyzerInfo(self, request: Empty, context: Context) -> rpc.AnalyzerInfo:
        del request, context
        return analyzer_info(self._pack)

    def Configure(self, request: rpc.ConfigureAnalyzerRequest, context: Context) -> Empty:
        try:
            self._configure(request.policyConfig)
        except BadInput as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return Empty()

    def ConfigureStack(self, request: rpc.AnalyzerStackConfigureRequest, context: Context) -> rpc.AnalyzerStackConfigureResponse:
        del context
        with self._lock:
            self._dry_run = request.dry_run
            self._waiting = []
        return rpc.AnalyzerStackConfigureResponse()

    # What it asks of resources.

    def Analyze(self, request: rpc.AnalyzeRequest, context: Context) -> rpc.AnalyzeResponse:
        del context
        return self.analyze(request)

    def AnalyzeStack(self, request: rpc.AnalyzeStackRequest, context: Context) -> rpc.AnalyzeResponse:
        del request, context
        with self._lock:
            waiting = list(self._waiting)
        if not waiting or UNDECIDED in self._off:
            return rpc.AnalyzeResponse()
        diagnostic = rpc.AnalyzeDiagnostic(
            policyName=UNDECIDED,
            policyPackName=self._pack.name,
            policyPackVersion=self._pack.version,
            description=UNDECIDED_TITLE,
            message=undecided_text(waiting, dry_run=self._dry_run),
            enforcementLevel=self._levels[UNDECIDED],
            severity=rpc.POLICY_SEVERITY_LOW,
        )
        return rpc.AnalyzeResponse(diagnostics=[diagnostic])

    def Remediate(self, request: rpc.AnalyzeRequest, context: Context) -> rpc.RemediateResponse:
        del request, context
        return self._no_remedies  # a card says what to change and never changes it

    def Cancel(self, request: Empty, context: Context) -> Empty:
        del request, context
        return Empty()  # the longest answer takes milliseconds: there is nothing to break off

    # How the answers are made.

    def analyze(self, request: rpc.AnalyzeRequest) -> rpc.AnalyzeResponse:
        """Return what the cards for a resource's type find in it."""
        cards = self._runner.cards_for(request.type)
        response = rpc.AnalyzeResponse()
        response.CopyFrom(self._not_applicable(cards))
        if not cards:
            return response
        findings = self._runner.evaluate(_subject(request), without=self._off)
        waiting = [finding for finding in findings if finding.outcome is Outcome.UNDECIDED]
        response.diagnostics.extend(self._diagnostic(finding) for finding in findings if finding.outcome is not Outcome.UNDECIDED)
        response.not_applicable.extend(
            rpc.PolicyNotApplicable(policy_name=finding.rule, reason=f"cannot tell yet: {finding.message}") for finding in waiting
        )
        with self._lock:
            self._waiting += waiting
        return response

    def _configure(self, config: Mapping[str, rpc.PolicyConfig]) -> None:
        settings = {name: decode_struct(entry.properties) for name, entry in config.items()}
        faults = list(config_faults(self._pack, settings))
        if faults:
            raise BadInput(faults)
        with self._lock:
            for name in self._levels:
                entry = config[name] if name in config else config.get("all")
                if entry is not None:
                    self._levels[name] = entry.enforcementLevel
            strict = settings.get(UNDECIDED, {}).get(STRICT) is True
            if self._levels[UNDECIDED] != rpc.DISABLED:
                self._levels[UNDECIDED] = rpc.MANDATORY if strict else rpc.ADVISORY
            self._off = frozenset(name for name, level in self._levels.items() if level == rpc.DISABLED)
            self._runner = Runner(self._pack.cards, settings)

    def _not_applicable(self, cards: list[Card]) -> rpc.AnalyzeResponse:
        """Return the answer that says which cards do not look at such a resource; made once for each set of cards."""
        key = tuple(card.id for card in cards)
        if key not in self._elsewhere:
            others = [rpc.PolicyNotApplicable(policy_name=card.id) for card in self._pack.cards if card.id not in key]
            self._elsewhere[key] = rpc.AnalyzeResponse(not_applicable=others)
        return self._elsewhere[key]

    def _diagnostic(self, finding: Finding) -> rpc.AnalyzeDiagnostic:
        card = next(card for card in self._runner.cards_for(finding.type) if card.id == finding.rule)
        broken = finding.outcome is Outcome.ERROR
        return rpc.AnalyzeDiagnostic(
            policyName=finding.rule,
            policyPackName=self._pack.name,
            policyPackVersion=self._pack.version,
            description=card.title,
            message=finding.message if broken else f"{finding.message}. {card.fix}",
            enforcementLevel=rpc.ADVISORY if broken else self._levels[finding.rule],
            severity=SEVERITIES[card.severity],
            urn=finding.urn,
        )


def serve(pack: Pack) -> None:
    """Serve a pack to the engine that started this process, until it is killed.

    The port goes to standard output, as the engine expects of a plugin.
    """
    size = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(max_workers=_WORKERS), options=size)
    add_AnalyzerServicer_to_server(Analyzer(pack), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:  # the engine interrupts its plugins at the end of every run
        server.stop(grace=None)


def _subject(request: rpc.AnalyzeRequest) -> Subject:
    return Subject(
        type=request.type,
        inputs=decode_struct(request.properties),
        name=request.name,
        urn=request.urn,
        provider=decode_struct(request.provider.properties) if request.HasField("provider") else None,
    )
