"""The resource monitor (`pulumirpc.ResourceMonitor`) as the SDK calls it: in process, no server between.

It answers as an engine does in the preview of an empty stack: ids and what a provider computes are unknown, what a program gave comes back.
"""
# ruff: noqa: N802, D102 (the methods are the protocol's, which names and documents them)

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2, resource_pb2, source_pb2
from pulumi.runtime.proto.callback_pb2 import Callback
from pulumi.runtime.proto.resource_pb2_grpc import ResourceMonitorStub

from .computed import completed
from .faults import Refused, located
from .link import Link
from .records import Frame, Place, settings, sorted_urns
from .remote import Plugins
from .transforms import Transforms
from .values import Value, plain, struct, without_outputs

FEATURES = [
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
]
_NAMES = {
    "secrets",
    "resourceReferences",
    "outputValues",
    "aliasSpecs",
    "deletedWith",
    "replaceWith",
    "transforms",
    "invokeTransforms",
    "parameterization",
    "resourceHooks",
    "errorHooks",
}
_CALLS = [method.name for method in resource_pb2.DESCRIPTOR.services_by_name["ResourceMonitor"].methods]


@dataclass(frozen=True)
class _Goal:
    """What children inherit from a resource, and what a reference to it is resolved with."""

    inputs: dict[str, Value]
    protect: bool
    provider: str
    custom: bool
    providers: Mapping[str, str]


class Monitor:
    """Answers one program."""

    def __init__(self, place: Place, link: Link, plugins: Plugins) -> None:
        self._place = place
        self._link = link
        self._plugins = plugins
        self._transforms = Transforms()
        self._goals: dict[str, _Goal] = {}
        self._hosted: dict[str, list[Frame]] = {}
        self._packages: dict[str, resource_pb2.RegisterPackageRequest] = {}
        self._lock = threading.RLock()

    def GetDeploymentInfo(self, request: Empty) -> resource_pb2.DeploymentInfo:
        del request
        return resource_pb2.DeploymentInfo(
            project=self._place.project, stack=self._place.stack, config=self._place.config, dryRun=True, supportedFeatures=FEATURES
        )

    def SupportsFeature(self, request: resource_pb2.SupportsFeatureRequest) -> resource_pb2.SupportsFeatureResponse:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _NAMES)

    def RegisterPackage(self, request: resource_pb2.RegisterPackageRequest) -> resource_pb2.RegisterPackageResponse:
        reference = f"{request.name}-{len(self._packages)}"
        self._packages[reference] = request
        return resource_pb2.RegisterPackageResponse(ref=reference)

    def RegisterStackTransform(self, request: Callback) -> Empty:
        self._transforms.for_stack(request)
        return Empty()

    def RegisterStackInvokeTransform(self, request: Callback) -> Empty:
        self._transforms.for_invokes(request)
        return Empty()

    def RegisterResourceHook(self, request: resource_pb2.RegisterResourceHookRequest) -> Empty:
        # A hook acts when a resource is made: nothing is made here.
        del request
        return Empty()

    def RegisterErrorHook(self, request: resource_pb2.RegisterErrorHookRequest) -> Empty:
        del request
        return Empty()

    def SignalAndWaitForShutdown(self, request: Empty) -> Empty:
        del request
        return Empty()

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        urn = self._place.urn(request.parent, request.type, request.name)
        self._transforms.apply(request, urn)
        frames = self._frames(urn, request.parent, _trace(request))
        if request.remote:
            self._hosted[urn] = frames
            with located(frames):
                return self._plugins.construct(request, self)
        self._inherit(request)
        inputs = {name: without_outputs(value) for name, value in plain(request.object).items()}
        provider = self._provider(request.type, request.provider, request.version, request.packageRef) if request.custom else ""
        record = {
            "kind": "resource",
            "urn": urn,
            "type": request.type,
            "name": request.name,
            "parent": request.parent,
            "custom": request.custom,
            "inputs": inputs,
            "dependencies": sorted_urns(request.dependencies),
            "propertyDependencies": {name: sorted_urns(each.urns) for name, each in request.propertyDependencies.items() if each.urns},
            "protect": request.protect,
            "provider": provider,
            "aliases": sorted_urns([*request.aliasURNs, *self._place.aliases(request, urn)]),
            "ignoreChanges": sorted(request.ignoreChanges),
            "frames": frames,
        }
        goal = _Goal(inputs, request.protect, request.provider, request.custom, dict(request.providers))
        with located(frames):
            self._declare(urn, record, goal)
        known = request.object if not request.custom else struct(completed(request.type, inputs))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=request.importId, object=known)

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        urn = self._place.urn(request.parent, request.type, request.name)
        provider = self._provider(request.type, request.provider, request.version, request.packageRef)
        inputs = plain(request.properties)
        record = {
            "kind": "resource",
            "urn": urn,
            "type": request.type,
            "name": request.name,
            "parent": request.parent,
            "custom": True,
            "external": True,
            "inputs": inputs,
            "dependencies": sorted_urns(request.dependencies),
            "propertyDependencies": {},
            "protect": False,
            "provider": provider,
            "aliases": [],
            "frames": self._frames(urn, request.parent, _trace(request)),
        }
        self._declare(urn, record, _Goal(inputs, protect=False, provider=request.provider, custom=True, providers={}))
        return resource_pb2.ReadResourceResponse(urn=urn, properties=struct(completed(request.type, inputs)))

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Empty:
        self._link.send({"kind": "outputs", "urn": request.urn, "outputs": plain(request.outputs)})
        return Empty()

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        self._transforms.apply_to_invoke(request)
        if request.tok == "pulumi:pulumi:getResource":
            return self._known_resource(plain(request.args).get("urn"))
        provider = request.provider.rpartition("::")[0]
        goal = self._goals.get(provider)
        package = request.tok.partition(":")[0]
        inputs = goal.inputs if goal else self._place.default_provider(package, "")[1]
        asked = {"kind": "invoke", "token": request.tok, "arguments": plain(request.args), "settings": settings(inputs)}
        answer = self._link.ask(asked)
        response = resource_pb2.ResourceInvokeResponse(unknown="return" not in answer and "failure" not in answer)
        if "failure" in answer:
            cast("Any", response).failures.append(provider_pb2.CheckFailure(reason=str(answer["failure"])))
        elif not response.unknown:
            getattr(response, "return").CopyFrom(struct(answer["return"]))
        return response

    def Call(self, request: resource_pb2.ResourceCallRequest) -> provider_pb2.CallResponse:
        with located(self._place.frames(_trace(request))):
            return self._plugins.call(request, self)

    def _frames(self, urn: str, parent: str, trace: source_pb2.StackTrace) -> list[Frame]:
        """Return where a resource is declared; what another process hosts is declared where the program asked for its component."""
        hosted = self._hosted.get(urn) or self._hosted.get(parent)
        if hosted is None:
            return self._place.frames(trace)
        self._hosted[urn] = hosted
        return hosted

    def _known_resource(self, urn: object) -> resource_pb2.ResourceInvokeResponse:
        goal = self._goals.get(str(urn))
        if goal is None:
            raise Refused(f"the program refers to '{urn}', which it did not declare")
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(struct({"urn": urn, "id": "", "state": goal.inputs}))
        return response

    def _inherit(self, request: resource_pb2.RegisterResourceRequest) -> None:
        """Give a child what an engine lets it inherit: protection, and a provider that fits."""
        goal = self._goals.get(request.parent)
        if goal is None:
            return
        if not request.HasField("protect"):
            request.protect = goal.protect
        own_package = request.type.partition(":")[0]
        provider_type = goal.provider.split("::", maxsplit=3)[2] if goal.provider else ""
        if not request.provider and (not request.custom or provider_type.rpartition("$")[2] == f"pulumi:providers:{own_package}"):
            request.provider = goal.provider
        if not request.custom and not goal.custom:
            for package, reference in goal.providers.items():
                if package not in request.providers:
                    request.providers[package] = reference

    def _provider(self, token: str, given: str, version: str, package: str) -> str:
        """Return the URN of a resource's provider; where none is given, that of the default one, which is declared at its first use."""
        name = token.partition(":")[0]
        if given or name == "pulumi":
            return given.rpartition("::")[0]
        registered = self._packages.get(package)
        if registered:
            version = (registered.parameterization.version or registered.version) if registered else version
        label, inputs = self._place.default_provider(name, version)
        token = f"pulumi:providers:{name}"
        urn = self._place.urn("", token, label)
        record = {"kind": "resource", "urn": urn, "type": token, "name": label, "parent": "", "custom": True, "inputs": inputs}
        goal = _Goal(inputs, protect=False, provider="", custom=True, providers={})
        self._once(urn, lambda: self._declare(urn, record, goal))
        return urn

    def _once(self, urn: str, declare: Callable[[], None]) -> None:
        with self._lock:
            if urn not in self._goals:
                declare()

    def _declare(self, urn: str, record: Mapping[str, object], goal: _Goal) -> None:
        with self._lock:
            if urn in self._goals:
                raise Refused(f"two resources have the URN '{urn}'; give each a name of its own")
            self._goals[urn] = goal
            self._link.send(record)


def as_client(monitor: Monitor) -> ResourceMonitorStub:
    """Return the monitor as what the SDK takes for its client; it offers transforms to that class alone."""
    client = ResourceMonitorStub.__new__(ResourceMonitorStub)
    for name in _CALLS:
        setattr(client, name, getattr(monitor, name))
    return client


def _trace(request: Message) -> source_pb2.StackTrace:
    # The stubs of Pulumi's messages name a module for this type that does not exist.
    return cast("source_pb2.StackTrace", cast("Any", request).stackTrace)
