"""Run a program of components without engine, cloud or account, and look at what it would have built.

```python
built = build(lambda: Keys("keys", {"scope": scope}), answers)
assert all(one.inputs["enableKeyRotation"] for one in built.of("aws:kms/key:Key"))
```
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks, rpc, settings, stack
from pulumi.runtime.proto import resource_pb2

Values = Mapping[str, Any]
Answers = Mapping[str, Callable[[Values], dict[str, Any]]]
"""What a data source answers, by its token: from the question's arguments to the result, both by wire name."""

UNKNOWN = rpc.UNKNOWN
"""How a value stands on the wire that is known only after it was built."""


@dataclass(frozen=True, slots=True)
class Built:
    """One resource as the engine would have heard of it."""

    type: str
    """Pulumi's type, for instance `aws:kms/key:Key`."""
    name: str
    """Its name in the program."""
    urn: str
    """Its URN."""
    parent: str
    """URN of the resource that it belongs to."""
    inputs: dict[str, Any]
    """Its inputs by wire name, with `UNKNOWN` for what is not known yet."""
    after: frozenset[str]
    """URNs of what it waits for, by reference or by order."""
    protect: bool
    """Whether Pulumi refuses to delete it."""
    ignored: tuple[str, ...]
    """Properties left to whoever changed them."""
    custom: bool
    """Whether a cloud makes it; a component is made by nobody."""


@dataclass(frozen=True, slots=True)
class Graph:
    """All that a program would have built, in the order in which it asked."""

    resources: Sequence[Built]

    def of(self, kind: str) -> list[Built]:
        """Return the resources of one type."""
        return [one for one in self.resources if one.type == kind]

    def one(self, kind: str, name: str) -> Built:
        """Return the resource with this type and name.

        Raises:
            KeyError: there is none.
        """
        return {(each.type, each.name): each for each in self.resources}[kind, name]

    def lines(self) -> list[str]:
        """Return `type name` of each resource, sorted: the snapshot that a person can read."""
        return sorted(f"{one.type} {one.name}" for one in self.resources)


def build(
    program: Callable[[], object],
    answers: Answers,
    *,
    outputs: Callable[[Built], dict[str, Any]] | None = None,
    stack_name: str = "test",
    preview: bool = False,
) -> Graph:
    """Run the program in an event loop of its own and return what it would have built.

    `outputs` says what a cloud would compute for a resource beside echoing its inputs; in a preview nothing is known but the inputs.

    Raises:
        Exception: whatever the program raises.
    """
    monitor = _Monitor(answers, outputs or (lambda _: {}), preview=preview)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_mocks(monitor.mocks, project="lepton", stack=stack_name, preview=preview, monitor=monitor)
        # Pulumi waits for every output there ever was; those of an earlier program belong to a loop that is closed.
        cast("Any", settings.SETTINGS).outputs.clear()
        loop.run_until_complete(stack.run_pulumi_func(lambda: _ran(program)))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.set_event_loop(None)
    return Graph(tuple(monitor.heard))


def _ran(program: Callable[[], object]) -> None:
    program()


class _Silent(mocks.Mocks):
    """What Pulumi asks for in place of a cloud; the monitor below answers before it is asked."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise KeyError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        raise KeyError(args.name)


class _Monitor(mocks.MockMonitor):
    """Pulumi's own stand-in for the engine, which also remembers dependencies, protection and what is unknown."""

    def __init__(self, answers: Answers, outputs: Callable[[Built], dict[str, Any]], *, preview: bool) -> None:
        super().__init__(_Silent())
        self.heard: list[Built] = []
        self.answers = answers
        self.outputs = outputs
        self.preview = preview

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802 (protocol's name)
        answer = self.answers[request.tok](json_format.MessageToDict(request.args))
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").update(answer)
        return response

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802 (likewise)
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        built = _heard(request, urn)
        self.heard.append(built)
        response = resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        if request.custom and not self.preview:
            response.id = f"{request.name}-id"
            response.object.update(self.outputs(built))
        return response


def _heard(request: resource_pb2.RegisterResourceRequest, urn: str) -> Built:
    return Built(
        type=request.type,
        name=request.name,
        urn=urn,
        parent=request.parent,
        inputs=json_format.MessageToDict(request.object),
        after=frozenset(request.dependencies),
        protect=request.protect,
        ignored=tuple(request.ignoreChanges),
        custom=request.custom,
    )
