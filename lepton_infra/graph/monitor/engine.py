"""The engine (`pulumirpc.Engine`) as the SDK calls it: what a program logs is passed on, what the SDK logs of itself is not."""
# ruff: noqa: N802, D102 (the methods are the protocol's, which names and documents them)

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2

from .link import Link

_WORDS = {engine_pb2.INFO: "info", engine_pb2.WARNING: "warning", engine_pb2.ERROR: "error"}


class Engine:
    """Listens to one program."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._root = ""

    def Log(self, request: engine_pb2.LogRequest) -> Empty:
        word = _WORDS.get(request.severity)
        if word:
            self._link.send({"kind": "log", "severity": word, "message": request.message})
        return Empty()

    def GetRootResource(self, request: engine_pb2.GetRootResourceRequest) -> engine_pb2.GetRootResourceResponse:
        del request
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: engine_pb2.SetRootResourceRequest) -> engine_pb2.SetRootResourceResponse:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def StartDebugging(self, request: engine_pb2.StartDebuggingRequest) -> Empty:
        del request
        return Empty()

    def RequirePulumiVersion(self, request: engine_pb2.RequirePulumiVersionRequest) -> engine_pb2.RequirePulumiVersionResponse:
        del request
        return engine_pb2.RequirePulumiVersionResponse()
