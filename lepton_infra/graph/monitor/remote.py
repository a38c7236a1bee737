"""Components that another process hosts: the package is started, and constructs them against our monitor, over a server of its own."""

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any, Protocol, cast

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2, resource_pb2
from pulumi.runtime.proto.engine_pb2_grpc import add_EngineServicer_to_server
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub
from pulumi.runtime.proto.resource_pb2_grpc import add_ResourceMonitorServicer_to_server

from .faults import Refused

_OPTIONS = [("grpc.max_receive_message_length", 400 * 1024 * 1024), ("grpc.max_send_message_length", 400 * 1024 * 1024)]
"""The longest message, as in Pulumi's own SDKs."""
_WRAPPED = "Unexpected <class 'Exception'>: "
_THREADS = 16
"""Components may hold components: each waiting one keeps a thread."""


@dataclass(frozen=True)
class Plugin:
    """How a package is started."""

    command: Sequence[str]
    environment: Mapping[str, str]


class Stage(Protocol):
    """What a component needs to know of the run."""

    @property
    def project(self) -> str:
        """The project's name."""
        ...

    @property
    def stack(self) -> str:
        """The stack's name."""
        ...

    @property
    def config(self) -> Mapping[str, str]:
        """The stack's settings."""
        ...


class Plugins:
    """The packages of one run; started when first needed, stopped with the program's process group."""

    def __init__(self, known: Mapping[str, Plugin], stage: Stage, engine: object) -> None:
        self._known = known
        self._stage = stage
        self._engine = engine
        self._running: dict[str, Any] = {}
        self._children: list[subprocess.Popen[bytes]] = []
        self._address = ""
        self._lock = threading.Lock()

    def construct(self, request: resource_pb2.RegisterResourceRequest, monitor: object) -> resource_pb2.RegisterResourceResponse:
        """Let a package construct one of its components.

        Raises:
            Refused: nothing says where the package is, or it does not do it.
        """
        provider = self._provider(request.type, monitor)
        dependencies = provider_pb2.ConstructRequest.PropertyDependencies
        asked = provider_pb2.ConstructRequest(
            project=self._stage.project,
            stack=self._stage.stack,
            config=self._stage.config,
            dryRun=True,
            parallel=_THREADS,
            monitorEndpoint=self._address,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=request.object,
            inputDependencies={name: dependencies(urns=each.urns) for name, each in request.propertyDependencies.items()},
            providers=request.providers,
            dependencies=request.dependencies,
            protect=request.protect if request.HasField("protect") else None,
            aliases=cast("Any", request).aliases,
            accepts_output_values=True,
        )
        made = _answered(lambda: provider.Construct(asked), f"{request.type} '{request.name}'")
        returned = resource_pb2.RegisterResourceResponse.PropertyDependencies
        return resource_pb2.RegisterResourceResponse(
            urn=made.urn,
            object=made.state,
            propertyDependencies={name: returned(urns=each.urns) for name, each in made.stateDependencies.items()},
        )

    def call(self, request: resource_pb2.ResourceCallRequest, monitor: object) -> provider_pb2.CallResponse:
        """Let a package answer a method of one of its components.

        Raises:
            Refused: likewise.
        """
        provider = self._provider(request.tok, monitor)
        dependencies = provider_pb2.CallRequest.ArgumentDependencies
        asked = provider_pb2.CallRequest(
            tok=request.tok,
            args=request.args,
            argDependencies={name: dependencies(urns=each.urns) for name, each in request.argDependencies.items()},
            project=self._stage.project,
            stack=self._stage.stack,
            config=self._stage.config,
            dryRun=True,
            parallel=_THREADS,
            monitorEndpoint=self._address,
            accepts_output_values=True,
        )
        return _answered(lambda: provider.Call(asked), request.tok)

    def close(self) -> None:
        """Stop the packages."""
        for child in self._children:
            child.kill()
            child.wait()

    def _provider(self, token: str, monitor: object) -> Any:  # noqa: ANN401 (the stubs know neither questions nor answers of this client)
        package = token.partition(":")[0]
        with self._lock:
            if package not in self._running:
                if package not in self._known:
                    raise Refused(
                        f"'{token}' is built by the package '{package}', for which Pulumi.yaml names no folder with a component in Python"
                    )
                self._address = self._address or self._serve(monitor)
                self._running[package] = self._start(package, self._known[package])
            return self._running[package]

    def _start(self, package: str, plugin: Plugin) -> Any:  # noqa: ANN401 (likewise)
        child = subprocess.Popen(
            [*plugin.command, self._address], env=dict(plugin.environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        self._children.append(child)
        port = child.stdout.readline().strip().decode(errors="replace") if child.stdout else ""
        if not port.isdecimal():
            raise Refused(f"the package '{package}' ended without saying where it listens; what it printed is above")
        if child.stdout:
            threading.Thread(target=_drain, args=(child.stdout,), daemon=True).start()
        provider = cast("Any", ResourceProviderStub)(grpc.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS))
        _answered(lambda: provider.Configure(provider_pb2.ConfigureRequest(acceptSecrets=True, acceptResources=True)), package)
        return provider

    def _serve(self, monitor: object) -> str:
        server = grpc.server(ThreadPoolExecutor(_THREADS), options=_OPTIONS)
        add_ResourceMonitorServicer_to_server(_Served(monitor), server)  # type: ignore[arg-type] # answers to every name of the protocol
        add_EngineServicer_to_server(_Served(self._engine), server)  # type: ignore[arg-type] # likewise
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._server = server
        return f"127.0.0.1:{port}"


class _Served:
    """Offers what is called in process to callers on the wire."""

    def __init__(self, inside: object) -> None:
        self._inside = inside

    def __getattr__(self, name: str) -> Callable[[Message, grpc.ServicerContext], Message]:
        answer = getattr(self._inside, name)

        def answered(request: Message, context: grpc.ServicerContext) -> Message:
            try:
                return answer(request)
            except Exception as error:  # noqa: BLE001 (whatever it is, the caller is to hear it)
                return context.abort(grpc.StatusCode.UNKNOWN, str(error))

        return answered


def _answered(ask: Callable[[], Any], about: str) -> Any:  # noqa: ANN401 (as many kinds of answers as questions)
    try:
        return ask()
    except grpc.RpcError as error:
        details = error.details() if isinstance(error, grpc.Call) else ""
        if isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.UNIMPLEMENTED:
            return Empty()
        # The server of grpc puts its own words before an exception's, and the SDK a traceback behind them.
        lines = [line for line in (details or "").removeprefix(_WRAPPED).splitlines() if line.strip()]
        raise Refused(f"{about}: {lines[0].rstrip(':.') if lines else 'its package broke off'}") from None


def _drain(stream: IO[bytes]) -> None:
    with stream:
        for _ in stream:
            pass
