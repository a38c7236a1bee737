"""The policy pack server: cards in front of the real engine, as `pulumirpc.Analyzer`.

The engine calls `Analyze` for every resource before it is touched, with its inputs, and `AnalyzeStack` once at the end, with what they all
became; stack rules are judged then, on the inputs seen before. A resource is decoded once and only the cards for its type look at it. A
card that fails is a violation; one that cannot tell yet is counted as not applicable (so that nobody reads it as passed) and named in one
advisory at the end, under the policy `undecided`; one that is broken is an advisory of its own. What an exemption covers is not applicable
either; exemptions that ran out or cover nothing are one more advisory, under the policy `exemptions`.

A pack is configured as any of Pulumi's:
`{"all": "advisory", "aws-ebs-encrypted": {"enforcementLevel": "mandatory"}, "undecided": {"strict": true}}`.
"""
# ruff: noqa: N802, D102 (the methods of the servicer are the protocol's, which names and documents them)

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2 as rpc
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerServicer, add_AnalyzerServicer_to_server
from pulumi.runtime.proto.plugin_pb2 import PluginInfo

from lepton_infra.config.exemptions import KEY, Exemption, parse_exemptions
from lepton_infra.errors import BadInput, Fault
from lepton_infra.rules.announce import (
    EXEMPTIONS,
    EXEMPTIONS_TITLE,
    SEVERITIES,
    STRICT,
    UNDECIDED,
    UNDECIDED_TITLE,
    Pack,
    analyzer_info,
    config_faults,
    default_level,
    exemptions_text,
    undecided_text,
)
from lepton_infra.rules.card import Card, Kind
from lepton_infra.rules.exempt import known_only, sort_out
from lepton_infra.rules.finding import Finding, Outcome
from lepton_infra.rules.outside import Outside, said_in
from lepton_infra.rules.packs import installed_cards
from lepton_infra.rules.runner import Runner
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.wire import decode_struct

Context = grpc.ServicerContext

_MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""What Pulumi's own servers accept."""
_STACK: Final = "lepton:stack"
"""The configuration key of what is wanted: some settings of rules stand there."""
_WORKERS: Final = 4
"""The engine analyses one resource after the other; a few threads keep handshakes from waiting."""


@dataclass(slots=True)
class _Run:
    """What is known of one run of the engine."""

    dry_run: bool = False
    """Whether it is a preview; `pulumi policy analyze` never says, and what it has read will not be better known later."""
    exemptions: tuple[Exemption, ...] = ()
    today: dt.date = dt.date.min
    seen: dict[str, Subject] = field(default_factory=dict[str, Subject])
    """Every resource as it was declared, by URN."""
    found: list[Finding] = field(default_factory=list[Finding])
    """All that the rules found, excused or not."""


class Analyzer(AnalyzerServicer):
    """Serves one pack to one run of the engine."""

    def __init__(self, pack: Pack, today: Callable[[], dt.date] = lambda: dt.datetime.now(dt.UTC).date()) -> None:
        self._pack = pack
        self._settings: Mapping[str, Mapping[str, object]] = {}
        self._outside = Outside(pack.pricing)
        self._runner = Runner(pack.cards, outside=self._outside)
        self._cards = {card.id: card for card in pack.cards}
        self._looks_around = any(card.kind is Kind.STACK for card in pack.cards)
        self._levels: dict[str, rpc.EnforcementLevel.ValueType] = {card.id: default_level(card) for card in pack.cards}
        self._levels |= {UNDECIDED: rpc.ADVISORY, EXEMPTIONS: rpc.ADVISORY}
        self._today = today
        self._off: frozenset[str] = frozenset()
        self._no_remedies = rpc.RemediateResponse(not_applicable=[rpc.PolicyNotApplicable(policy_name=card.id) for card in pack.cards])
        self._elsewhere: dict[str, rpc.AnalyzeResponse] = {}
        self._run = _Run()
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
        try:
            exemptions = self._exemptions(request.config.get(KEY, ""))
        except BadInput as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        with self._lock:
            self._run = _Run(dry_run=request.dry_run, exemptions=exemptions, today=self._today())
            self._outside = Outside(self._pack.pricing, wanted=_wanted(request.config.get(_STACK, "")))
            self._runner = Runner(self._pack.cards, self._settings, self._outside)
        return rpc.AnalyzerStackConfigureResponse()

    # What it asks of resources.

    def Analyze(self, request: rpc.AnalyzeRequest, context: Context) -> rpc.AnalyzeResponse:
        del context
        return self.analyze(request)

    def AnalyzeStack(self, request: rpc.AnalyzeStackRequest, context: Context) -> rpc.AnalyzeResponse:
        del context
        return self.analyze_stack(request)

    def Remediate(self, request: rpc.AnalyzeRequest, context: Context) -> rpc.RemediateResponse:
        del request, context
        return self._no_remedies  # a card says what to change and never changes it

    def Cancel(self, request: Empty, context: Context) -> Empty:
        del request, context
        return Empty()  # the longest answer takes milliseconds: there is nothing to break off

    # How the answers are made.

    def analyze(self, request: rpc.AnalyzeRequest) -> rpc.AnalyzeResponse:
        """Return what the resource rules for a resource's type find in it."""
        cards = self._runner.cards_for(request.type)
        response = rpc.AnalyzeResponse()
        response.CopyFrom(self._not_applicable(request.type, cards))
        if not cards and not self._looks_around:
            return response
        subject = _subject(request)
        findings = self._runner.evaluate(subject, without=self._off)
        with self._lock:
            run = self._run
            run.seen[subject.urn] = subject
            run.found += findings
        self._tell(findings, response)
        return response

    def analyze_stack(self, request: rpc.AnalyzeStackRequest) -> rpc.AnalyzeResponse:
        """Return what the stack rules find, and the advisories about what could not be told and about exemptions."""
        response = rpc.AnalyzeResponse()
        with self._lock:
            run = self._run
        if self._looks_around:
            subjects = [_stack_subject(resource, run.seen.get(resource.urn)) for resource in request.resources if _is_built(resource)]
            findings = self._runner.evaluate_stack(subjects, without=self._off)
            run.found += findings
            self._tell(findings, response)
        left = sort_out(run.found, run.exemptions, run.today)
        waiting = [finding for finding in left.findings if finding.outcome is Outcome.UNDECIDED]
        if waiting:
            response.diagnostics.extend(self._advice(UNDECIDED, UNDECIDED_TITLE, undecided_text(waiting, dry_run=run.dry_run)))
        text = exemptions_text(left.expired, left.unused, run.today)
        response.diagnostics.extend(self._advice(EXEMPTIONS, EXEMPTIONS_TITLE, text) if text else ())
        return response

    def _tell(self, findings: list[Finding], response: rpc.AnalyzeResponse) -> None:
        """Write findings into an answer: violations, and why the others do not apply."""
        told = sort_out(findings, self._run.exemptions, self._run.today)
        for finding in told.findings:
            if finding.outcome is Outcome.UNDECIDED:
                reason = f"cannot tell yet: {finding.message}"
                response.not_applicable.append(rpc.PolicyNotApplicable(policy_name=finding.rule, reason=reason))
            else:
                response.diagnostics.append(self._diagnostic(finding))
        response.not_applicable.extend(
            rpc.PolicyNotApplicable(
                policy_name=one.finding.rule,
                reason=f"exempt until {one.exemption.expires}: {one.exemption.reason} ({one.exemption.owner})",
            )
            for one in told.exempted
        )

    def _advice(self, policy: str, title: str, text: str) -> Iterator[rpc.AnalyzeDiagnostic]:
        """Yield a message under a policy that is no rule, unless that is switched off."""
        if policy not in self._off:
            yield rpc.AnalyzeDiagnostic(
                policyName=policy,
                policyPackName=self._pack.name,
                policyPackVersion=self._pack.version,
                description=title,
                message=text,
                enforcementLevel=self._levels[policy],
                severity=rpc.POLICY_SEVERITY_LOW,
            )

    def _exemptions(self, text: str) -> tuple[Exemption, ...]:
        """Return the exemptions that the stack's configuration holds; a rule of any installed pack may be named."""
        if not text.strip():
            return ()
        try:
            value: object = json.loads(text)
        except ValueError as error:
            raise BadInput(Fault(KEY, f"is not JSON ({error})", "a list of exemptions")) from None
        found = parse_exemptions(value, KEY)
        ids = {card.id for card in self._pack.cards}
        known_only(found, self._pack.cards if all(one.rule in ids for one in found) else (*self._pack.cards, *installed_cards()), KEY)
        return found

    def _configure(self, config: Mapping[str, rpc.PolicyConfig]) -> None:
        settings = {name: decode_struct(entry.properties) for name, entry in config.items()}
        faults = list(config_faults(self._pack, settings))
        if faults:
            raise BadInput(faults)
        with self._lock:
            for name in self._levels:
                entry = config[name] if name in config else None if name == EXEMPTIONS else config.get("all")
                if entry is not None:
                    self._levels[name] = entry.enforcementLevel
            strict = settings.get(UNDECIDED, {}).get(STRICT) is True
            if self._levels[UNDECIDED] != rpc.DISABLED:
                self._levels[UNDECIDED] = rpc.MANDATORY if strict else rpc.ADVISORY
            self._off = frozenset(name for name, level in self._levels.items() if level == rpc.DISABLED)
            self._settings = settings
            self._runner = Runner(self._pack.cards, settings, self._outside)

    def _not_applicable(self, type_token: str, cards: list[Card]) -> rpc.AnalyzeResponse:
        """Return the answer that says which cards do not look at resources of a type; made once for each type."""
        response = self._elsewhere.get(type_token)
        if response is None:
            looking = {card.id for card in cards}
            others = (card.id for card in self._pack.cards if card.kind is Kind.RESOURCE and card.id not in looking)
            response = rpc.AnalyzeResponse(not_applicable=[rpc.PolicyNotApplicable(policy_name=other) for other in others])
            self._elsewhere[type_token] = response
        return response

    def _diagnostic(self, finding: Finding) -> rpc.AnalyzeDiagnostic:
        card = self._cards[finding.rule]
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


def _wanted(text: str) -> Mapping[str, object]:
    """Return what the stack file wants; nothing where that is no JSON: the program that reads it says what is wrong."""
    try:
        return said_in(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}


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
        protect=request.options.protect,
    )


def _is_built(resource: rpc.AnalyzerResource) -> bool:
    """Tell whether a cloud holds it; whatever has no provider is a component, and a provider is none of a cloud's things."""
    return resource.HasField("provider") and not resource.type.startswith("pulumi:")


def _stack_subject(resource: rpc.AnalyzerResource, seen: Subject | None) -> Subject:
    """Return a resource as stack rules need it: asked for as it was declared, answered as it is now."""
    outputs = decode_struct(resource.properties)
    return Subject(
        type=resource.type,
        inputs=outputs if seen is None else seen.inputs,
        name=resource.name,
        urn=resource.urn,
        provider=decode_struct(resource.provider.properties) if seen is None else seen.provider,
        outputs=outputs,
        dependencies=tuple(resource.dependencies),
        sources={name: tuple(found.urns) for name, found in resource.propertyDependencies.items()},
        protect=resource.options.protect,
    )
