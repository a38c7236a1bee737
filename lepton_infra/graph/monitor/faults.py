"""What went wrong in a program, as a record: file and line of the user's own code, and the exception's words."""

import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pulumi import RunError

from .records import Frame, own_file


class Refused(RunError):  # noqa: N818 (reads as what it is: `except Refused`)
    """The monitor says no, as an engine would; the text says to what."""


@contextmanager
def located(frames: Sequence[Frame]) -> Generator[None]:
    """Put in front of a refusal where the program stands that asked."""
    try:
        yield
    except Refused as no:
        place = f"{frames[0][0]}:{frames[0][1]}: " if frames else ""
        raise Refused(f"{place}{no}") from None


def record_of(error: BaseException, root: Path) -> dict[str, object]:
    """Return the record of an exception that ended a program."""
    file, line = _where(error, root)
    words = str(error).strip()
    return {
        "kind": "fault",
        "file": file,
        "line": line,
        "exception": type(error).__name__,
        "message": words,
        # Raised to be read: its text is the whole message, and the line that raised it is beside the point.
        "plain": isinstance(error, RunError),
        "trace": "".join(traceback.format_exception(error)),
    }


def _where(error: BaseException, root: Path) -> tuple[str, int]:
    """Return the innermost place in the user's code; a file that does not even compile is a place too."""
    if isinstance(error, SyntaxError) and error.filename:
        inside = own_file(error.filename, root)
        if inside:
            return inside, error.lineno or 1
    seen: BaseException | None = error
    while seen is not None:
        for frame in reversed(traceback.extract_tb(seen.__traceback__)):
            inside = own_file(frame.filename, root)
            if inside:
                return inside, frame.lineno or 1
        # The SDK raises anew what happened in a task; the place is in the cause.
        seen = seen.__cause__ or seen.__context__
    return "", 0
