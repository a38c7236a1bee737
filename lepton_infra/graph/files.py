"""Reading JSON that somebody gives us: whatever is in the file, the answer is a graph or a sentence."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from lepton_infra.graph.model import Graph

LARGEST_MIB: Final = 512
"""A graph of 100,000 resources is a fifth of this; more would be read for minutes."""


def read_json(path: Path, wanted: str, parse: "Callable[[object, str], Graph]") -> "Graph":
    """Return the graph that a file of JSON holds.

    Args:
        path: the file.
        wanted: what it should be, for the sentence about what it is not.
        parse: from the document and the file's name to the graph.

    Raises:
        BadInput: it cannot be read, is too large, is not JSON, is nested too deeply, or `parse` says no.
    """
    with rejecting(path, wanted):
        return parse(json.loads(read_text(path)), path.name)


def read_object(path: Path, wanted: str) -> Mapping[str, Mapping[str, object]]:
    """Return an object of objects that a file of JSON holds.

    Raises:
        BadInput: it cannot be read, or holds something else.
    """
    with rejecting(path, wanted):
        document: object = json.loads(read_text(path))
    if not isinstance(document, dict):
        raise BadInput(Fault(path.name, "is no object", wanted))
    entries = cast("dict[str, object]", document)
    faults = [Fault(f"{path.name}: {name}", "is no object", wanted) for name, value in entries.items() if not isinstance(value, dict)]
    if faults:
        raise BadInput(faults)
    return {name: as_mapping(value) for name, value in entries.items()}


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        OSError: it cannot be read, or is too large.
    """
    if path.stat().st_size > LARGEST_MIB * 1024**2:
        raise OSError(f"it is larger than {LARGEST_MIB} MiB")
    return path.read_text(encoding="utf-8-sig")


@contextmanager
def rejecting(path: Path, wanted: str) -> Generator[None]:
    """Turn what goes wrong with a file into a sentence about it."""
    try:
        yield
    except json.JSONDecodeError as error:
        raise BadInput(Fault(f"{path.name}:{error.lineno}", f"is not JSON ({error.msg})", wanted)) from None
    except (OSError, UnicodeDecodeError, MemoryError) as error:
        raise BadInput(Fault(path.name, f"cannot be read ({error})", wanted)) from None
    except RecursionError:
        raise BadInput(Fault(path.name, "is nested too deeply", wanted)) from None


def as_mapping(value: object) -> Mapping[str, object]:
    """Return the value if it is an object, else an empty one."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return the value if it is a list, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def as_texts(value: object) -> tuple[str, ...]:
    """Return the texts in the value if it is a list, else none."""
    return tuple(item for item in as_list(value) if isinstance(item, str))
