"""Transforms: functions of the program that change a resource's properties and options before anyone sees them.

An engine calls those of the resource first, then those of its ancestors, nearest first, then those of the stack; so do we
(pulumi 3.259, pkg/resource/deploy/source_eval.go). Parents outside the program's process are not asked.
"""

from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import Message
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.proto.callback_pb2 import Callback, CallbackInvokeRequest
from pulumi.runtime.proto.callback_pb2_grpc import CallbacksStub

_Answer = TypeVar("_Answer", bound=Message)
_COPIED = {
    "depends_on": "dependencies",
    "protect": "protect",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "version": "version",
    "aliases": "aliases",
    "provider": "provider",
    "plugin_download_url": "pluginDownloadURL",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "additional_secret_outputs": "additionalSecretOutputs",
    "providers": "providers",
    "import": "importId",
}
"""Options of a transform, and the field of a registration that says the same."""


class Transforms:
    """The transforms of one program."""

    def __init__(self) -> None:
        self._stack: list[Callback] = []
        self._invokes: list[Callback] = []
        self._own: dict[str, list[Callback]] = {}
        self._parents: dict[str, str] = {}
        self._servers: dict[str, Any] = {}

    def for_stack(self, callback: Callback) -> None:
        """Add one for every resource."""
        self._stack.append(callback)

    def for_invokes(self, callback: Callback) -> None:
        """Add one for every data source."""
        self._invokes.append(callback)

    def apply(self, request: resource_pb2.RegisterResourceRequest, urn: str) -> None:
        """Change a registration as the program's transforms want it."""
        self._own[urn] = list(cast("list[Callback]", cast("Any", request).transforms))
        self._parents[urn] = request.parent
        for callback in (*self._inherited(urn), *self._stack):
            options = resource_pb2.TransformResourceOptions()
            _copy(request, options, {there: here for here, there in _COPIED.items()})
            asked = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=request.object,
                options=options,
            )
            answer = self._call(callback, asked, resource_pb2.TransformResponse())
            request.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                _copy(answer.options, request, _COPIED)

    def apply_to_invoke(self, request: resource_pb2.ResourceInvokeRequest) -> None:
        """Change a question to a data source likewise."""
        for callback in self._invokes:
            options = resource_pb2.TransformInvokeOptions(provider=request.provider, version=request.version)
            asked = resource_pb2.TransformInvokeRequest(token=request.tok, args=request.args, options=options)
            answer = self._call(callback, asked, resource_pb2.TransformInvokeResponse())
            request.args.CopyFrom(answer.args)
            if answer.HasField("options"):
                request.provider, request.version = answer.options.provider, answer.options.version

    def _inherited(self, urn: str) -> list[Callback]:
        found: list[Callback] = []
        while urn:
            found += self._own.get(urn, [])
            urn = self._parents.get(urn, "")
        return found

    def _call(self, callback: Callback, request: Message, response: _Answer) -> _Answer:
        if callback.target not in self._servers:
            self._servers[callback.target] = CallbacksStub(grpc.insecure_channel(callback.target))
        try:
            answer = self._servers[callback.target].Invoke(CallbackInvokeRequest(token=callback.token, request=request.SerializeToString()))
        except grpc.RpcError as error:
            details = error.details() if isinstance(error, grpc.Call) else ""
            raise RuntimeError(details or "a transform failed") from None
        response.ParseFromString(answer.response)
        return response


def _copy(source: Message, target: Message, names: dict[str, str]) -> None:
    """Copy fields under other names, where they are set."""
    for here, there in names.items():
        value = getattr(source, here)
        if not value and not _is_set(source, here):
            continue
        if isinstance(value, str | bool):
            setattr(target, there, value)
        elif hasattr(value, "items"):
            getattr(target, there).clear()
            getattr(target, there).update(value)
        else:
            target.ClearField(there)
            getattr(target, there).extend(value)


def _is_set(message: Message, name: str) -> bool:
    field = message.DESCRIPTOR.fields_by_name[name]
    return field.has_presence and message.HasField(name)
