"""The wire: `pulumirpc.ResourceProvider`, one class for every package."""

import functools
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias, TypeVar, cast

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer
from typing_extensions import override

from lepton_infra.errors import BadInput
from lepton_infra.rehearsal.arguments import Naming
from lepton_infra.rehearsal.check import Failure
from lepton_infra.rehearsal.configuration import config_faults, decoded
from lepton_infra.rehearsal.diff import Difference, Kind, differences
from lepton_infra.rehearsal.facts import TypeFacts
from lepton_infra.rehearsal.meter import Meter
from lepton_infra.rehearsal.package import PretendPackage, Refused, Subject
from lepton_infra.rehearsal.wire import Properties, from_struct, has_unknown, to_struct

_Handler = TypeVar("_Handler", bound=Callable[..., object])
_Kinds: TypeAlias = dict[tuple[Kind, bool], proto.PropertyDiff.Kind.ValueType]

_KINDS: Final[_Kinds] = {
    (Kind.ADD, False): proto.PropertyDiff.ADD,
    (Kind.ADD, True): proto.PropertyDiff.ADD_REPLACE,
    (Kind.DELETE, False): proto.PropertyDiff.DELETE,
    (Kind.DELETE, True): proto.PropertyDiff.DELETE_REPLACE,
    (Kind.UPDATE, False): proto.PropertyDiff.UPDATE,
    (Kind.UPDATE, True): proto.PropertyDiff.UPDATE_REPLACE,
}
_DISABLE: Final = proto.CheckRequest.AutonamingOptions.DISABLE


def _answer(method: _Handler) -> _Handler:
    """Take turns, count, and say no on the wire where the cloud or the SDK says no."""

    @functools.wraps(method)
    def answered(self: "PretendProvider", request: Message, context: grpc.ServicerContext) -> object:
        with self.meter.turn(method.__name__):
            try:
                return method(self, request, context)
            except Refused as no:
                status, sentence = grpc.StatusCode.FAILED_PRECONDITION, str(no)
            except BadInput as no:
                status, sentence = grpc.StatusCode.INVALID_ARGUMENT, str(no)
        return context.abort(status, sentence)

    return cast("_Handler", answered)


class PretendProvider(ResourceProviderServicer):
    """Serves one package to the engine.

    The engine dials once for each provider resource of a program, so the peer's address tells which one is asking:
    two providers of one package (two regions) each have their own settings.
    """

    def __init__(self, package: PretendPackage, version: str, meter: Meter) -> None:
        self.package = package
        self.meter = meter
        self._version = version
        self._settings: dict[str, Properties] = {}
        self._latest: Properties = {}

    @override
    @_answer
    def Handshake(self, request: proto.ProviderHandshakeRequest, context: grpc.ServicerContext) -> proto.ProviderHandshakeResponse:
        """Decline secrets, resources and outputs: plain values come, and the engine keeps what is secret secret."""
        return proto.ProviderHandshakeResponse(
            accept_secrets=False, accept_resources=False, accept_outputs=False, supports_autonaming_configuration=True
        )

    @override
    @_answer
    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Empty:
        return Empty()

    @override
    @_answer
    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._version)

    @override
    @_answer
    def CheckConfig(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        schema = self.package.sdk.provider()
        settings = decoded(schema.inputs, from_struct(request.news))
        failures = list(config_faults(schema, self.package.facts, settings))
        return proto.CheckResponse(inputs=request.news, failures=_failures(failures))

    @override
    @_answer
    def DiffConfig(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        schema = self.package.sdk.provider()
        olds = decoded(schema.inputs, from_struct(request.old_inputs or request.olds))
        news = decoded(schema.inputs, from_struct(request.news))
        # A new setting is an update of the provider; what it means for a resource shows in that resource's own arguments.
        return _diffed(differences(olds, news, TypeFacts(replace=frozenset()), request.ignoreChanges), delete_first=False)

    @override
    @_answer
    def Configure(self, request: proto.ConfigureRequest, context: grpc.ServicerContext) -> proto.ConfigureResponse:
        self._latest = decoded(self.package.sdk.provider().inputs, from_struct(request.args))
        self._settings[context.peer()] = self._latest
        return proto.ConfigureResponse(
            acceptSecrets=False, supportsPreview=True, acceptResources=False, acceptOutputs=False, supports_autonaming_configuration=True
        )

    @override
    @_answer
    def Check(self, request: proto.CheckRequest, context: grpc.ServicerContext) -> proto.CheckResponse:
        subject = Subject.of(request.urn, request.type, request.name)
        auto = request.autonaming
        naming = Naming(subject.name, "", auto.proposed_name, disabled=request.HasField("autonaming") and auto.mode == _DISABLE)
        settings = self._of(context)
        inputs, failures = self.package.check(subject, from_struct(request.olds), from_struct(request.news), settings, naming)
        return proto.CheckResponse(inputs=to_struct(inputs), failures=_failures(failures))

    @override
    @_answer
    def Diff(self, request: proto.DiffRequest, context: grpc.ServicerContext) -> proto.DiffResponse:
        subject = Subject.of(request.urn, request.type, request.name)
        olds = from_struct(request.old_inputs) if request.HasField("old_inputs") else from_struct(request.olds)
        found, delete_first = self.package.diff(subject, olds, from_struct(request.news), request.ignoreChanges)
        return _diffed(found, delete_first=delete_first)

    @override
    @_answer
    def Create(self, request: proto.CreateRequest, context: grpc.ServicerContext) -> proto.CreateResponse:
        subject = Subject.of(request.urn, request.type, request.name)
        made, answer = self.package.create(subject, from_struct(request.properties), self._of(context), preview=request.preview)
        return proto.CreateResponse(id=made, properties=to_struct(answer))

    @override
    @_answer
    def Read(self, request: proto.ReadRequest, context: grpc.ServicerContext) -> proto.ReadResponse:
        subject = Subject.of(request.urn, request.type, request.name)
        live = self.package.read(subject, request.id, from_struct(request.inputs))
        if live is None:
            return proto.ReadResponse()
        return proto.ReadResponse(id=request.id, properties=to_struct(live[0]), inputs=to_struct(live[1]))

    @override
    @_answer
    def Update(self, request: proto.UpdateRequest, context: grpc.ServicerContext) -> proto.UpdateResponse:
        subject = Subject.of(request.urn, request.type, request.name)
        news = from_struct(request.news)
        answer = self.package.update(subject, request.id, news, self._of(context), preview=request.preview)
        return proto.UpdateResponse(properties=to_struct(answer))

    @override
    @_answer
    def Delete(self, request: proto.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        self.package.delete(Subject.of(request.urn, request.type, request.name), request.id, from_struct(request.old_inputs))
        return Empty()

    @override
    @_answer
    def Invoke(self, request: proto.InvokeRequest, context: grpc.ServicerContext) -> proto.InvokeResponse:
        arguments = from_struct(request.args)
        if has_unknown(arguments):
            raise Refused(f"{request.tok}: was asked with an argument that is not known yet. Use the function's _output form.")
        answer, failures = self.package.invoke(request.tok, arguments, self._of(context))
        # The field is named by a word that Python keeps for itself.
        response = proto.InvokeResponse(failures=_failures(failures))
        getattr(response, "return").CopyFrom(to_struct(answer))
        return response

    @override
    @_answer
    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def _of(self, context: grpc.ServicerContext) -> Properties:
        return self._settings.get(context.peer(), self._latest)


def _failures(failures: Iterable[Failure]) -> list[proto.CheckFailure]:
    return [proto.CheckFailure(property=one.path, reason=f"{one.path} {one.reason}") for one in failures]


def _diffed(found: list[Difference], *, delete_first: bool) -> proto.DiffResponse:
    replaces = list(dict.fromkeys(one.root for one in found if one.replaces))
    return proto.DiffResponse(
        changes=proto.DiffResponse.DIFF_SOME if found else proto.DiffResponse.DIFF_NONE,
        replaces=replaces,
        deleteBeforeReplace=delete_first,
        diffs=list(dict.fromkeys(one.root for one in found)),
        detailedDiff={one.path: proto.PropertyDiff(kind=_KINDS[one.kind, one.replaces], inputDiff=True) for one in found},
        hasDetailedDiff=True,
    )
