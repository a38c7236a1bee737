"""Pretend clouds, one server for each package, for as long as the `with` block lasts."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import grpc
from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server

from lepton_infra.rehearsal.meter import Meter, Timing
from lepton_infra.rehearsal.package import PretendPackage
from lepton_infra.rehearsal.service import PretendProvider
from lepton_infra.rehearsal.store import Held, Store

_LARGEST: Final = 400 * 1024 * 1024
"""Bytes of a message, as Pulumi's own servers allow."""
_THREADS: Final = 16
"""Questions that may wait for their turn; the engine asks many at once."""

__all__ = ["Held", "PretendCloud", "Timing"]


class PretendCloud:
    """Serves packages from one store; a context manager.

    ```python
    with PretendCloud(Path("cloud.sqlite")) as cloud:
        subprocess.run(["pulumi", "up"], env=os.environ | cloud.environment)
        print(cloud.resources())
    ```

    Args:
        store: the SQLite file of what exists; made where it is missing, and never emptied here.
        packages: Pulumi packages to serve; the SDK of each has to be installed.
        seed: what the ids of a new store are drawn from: equal seeds and programs give equal ids.

    Raises:
        BadInput: the file is no store of ours, or an SDK is not installed.
    """

    def __init__(self, store: Path, packages: Sequence[str] = ("aws",), seed: int = 0) -> None:
        self._store = Store(store, seed)
        self._meter = Meter()
        self._servers: list[grpc.Server] = []
        self._ports: dict[str, int] = {}
        try:
            self._pretended = [PretendPackage(package, self._store) for package in packages]
        except BaseException:
            self._store.close()
            raise

    def __enter__(self) -> Self:
        for package in self._pretended:
            self._serve(package)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        for server in self._servers:
            server.stop(grace=None).wait()
        self._store.close()

    @property
    def environment(self) -> dict[str, str]:
        """Return what the engine needs in its environment to come here instead of starting plugins."""
        return {"PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in self._ports.items())}

    @property
    def timings(self) -> Mapping[str, Timing]:
        """Return calls and seconds of our own answers so far, by question: `Create`, `Check`."""
        return self._meter.timings()

    @property
    def seconds(self) -> float:
        """Return the seconds spent in our own answers so far."""
        return sum(timing.seconds for timing in self.timings.values())

    def resources(self) -> tuple[Held, ...]:
        """Return all that exists, by type and name; after a destroy, what was left behind."""
        with self._meter.turn("resources"):
            return self._store.every()

    def _serve(self, package: PretendPackage) -> None:
        options = [("grpc.max_receive_message_length", _LARGEST), ("grpc.max_send_message_length", _LARGEST)]
        server = grpc.server(ThreadPoolExecutor(_THREADS, thread_name_prefix=package.package), options=options)
        version = importlib.metadata.version(f"pulumi-{package.package}")
        add_ResourceProviderServicer_to_server(PretendProvider(package, version, self._meter), server)
        self._ports[package.package] = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._servers.append(server)
