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

if TYPE_CHECKING:
    from types import FrameType

_CONSTRUCTORS: Final = 3
"""A resource's own constructor is the third from inside, after those of CustomResource or ComponentResource and of Resource."""
_NAME: Final = "_get_stack_trace"


def quicken(root: Path) -> None:
    """Leave out of stack traces what is not the project's, and do not build lines for a debug log that is not kept."""
    start = f"{root}/"

    def trace() -> source_pb2.StackTrace:
        frames = source_pb2.StackTrace()
        frame: FrameType | None = inspect.currentframe()
        constructors = 0
        while frame is not None:
            if constructors >= _CONSTRUCTORS:
                if frame.f_code.co_filename.startswith(start):
                    position = source_pb2.SourcePosition(uri=_uri(frame.f_code.co_filename), line=frame.f_lineno)
                    frames.frames.append(source_pb2.StackFrame(pc=position))
            elif frame.f_code.co_name == "__init__":
                constructors += 1
            frame = frame.f_back
        return frames

    if hasattr(resource, _NAME):
        setattr(resource, _NAME, trace)
    log.debug = _unheard


@cache
def _uri(file: str) -> str:
    return Path(file).as_uri()


def _unheard(msg: str, resource: object = None, stream_id: int | None = None, ephemeral: bool | None = None) -> None:  # noqa: FBT001 (the signature of pulumi.log.debug)
    del msg, resource, stream_id, ephemeral
