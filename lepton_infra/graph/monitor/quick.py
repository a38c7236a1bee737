"""What the SDK does for an engine at every resource and nobody needs here, made short: a tenth of a run of 1,000 resources.

Where a future SDK does not have the names, nothing is replaced and all is as before, only slower.
"""

import inspect
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pulumi import log
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

from .records import own_file

if TYPE_CHECKING:
    from types import FrameType

_NAME: Final = "_get_stack_trace"


def quicken(root: Path) -> None:
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
