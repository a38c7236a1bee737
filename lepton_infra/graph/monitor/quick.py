"""What the SDK does for an engine at every resource and nobody needs here, made short: a quarter of a run of 1,000 resources.

Where a future SDK does not have the names, nothing is replaced and all is as before, only slower.
"""

import asyncio
import inspect
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from pulumi import _utils as utils  # pyright: ignore[reportPrivateUsage] # what is slow there is private
from pulumi import log
from pulumi.runtime import resource, stack
from pulumi.runtime.proto import source_pb2

from .records import own_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

_NAME: Final = "_get_stack_trace"


def quicken(root: Path) -> None:
    """Make short what takes long in the SDK that is loaded; the program's directory is `root`."""
    _trace_less(root)
    _wait_once()
    _read_settings_once()


def _wait_once() -> None:
    """Wait at the end for all outputs, or for the first that fails; the SDK wakes up for each and begins to wait for all others anew."""
    if getattr(stack, "asyncio", None) is asyncio:
        cast("dict[str, object]", vars(stack))["asyncio"] = SimpleNamespace(**{**vars(asyncio), "wait": _all_or_first_failure})


async def _all_or_first_failure(
    tasks: "Iterable[asyncio.Task[Any]]", *, return_when: str = ""
) -> "tuple[set[asyncio.Task[Any]], set[asyncio.Task[Any]]]":
    del return_when
    return await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)


def _read_settings_once() -> None:
    """Read a setting once where the SDK asks for it, not twice: it asks some hundred times for each resource."""
    kind = getattr(utils, "ContextProperty", None)
    if kind is None or not hasattr(kind, "fget"):
        return

    def get(self: Any, owner: object, _: type | None = None) -> object:  # noqa: ANN401 (a class of the SDK's, which is private)
        value = self.fget()
        return self if owner is None or isinstance(value, dict) else value

    kind.__get__ = get


def _trace_less(root: Path) -> None:
    """Leave out of stack traces what is not the project's, and do not build lines for a debug log that is not kept."""

    @cache
    def address(file: str) -> str:
        return Path(file).as_uri() if own_file(file, root) else ""

    def trace() -> source_pb2.StackTrace:
        frames = source_pb2.StackTrace()
        caller = inspect.currentframe()
        caller = frame = caller.f_back if caller else None
        while frame is not None:
            uri = address(frame.f_code.co_filename)
            if uri and not _constructs(frame, caller):
                position = source_pb2.SourcePosition(uri=uri, line=frame.f_lineno)
                frames.frames.append(source_pb2.StackFrame(pc=position))
            frame = frame.f_back
        return frames

    if hasattr(resource, _NAME):
        setattr(resource, _NAME, trace)
    log.debug = _unheard


def _constructs(frame: "FrameType", caller: "FrameType | None") -> bool:
    """Say whether the frame is a constructor, in the user's own class, of the resource that is being registered."""
    if frame.f_code.co_name != "__init__" or not frame.f_code.co_varnames or caller is None:
        return False
    return frame.f_locals.get(frame.f_code.co_varnames[0]) is caller.f_locals.get("res")


def _unheard(msg: str, resource: object = None, stream_id: int | None = None, ephemeral: bool | None = None) -> None:  # noqa: FBT001 (the signature of pulumi.log.debug)
    del msg, resource, stream_id, ephemeral
