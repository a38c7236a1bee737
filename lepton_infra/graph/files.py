"""Reading JSON that somebody gives us: whatever is in the file, the answer is a graph or a sentence."""

import json
import os
import re
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from lepton_infra.graph.model import Graph

_DEEPEST: Final = 100
"""Levels; what is deeper would end in the middle of a rule, and no resource of any provider is."""
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
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
        return parse(load(read_text(path)), path.name)


def read_object(path: Path, wanted: str) -> Mapping[str, Mapping[str, object]]:
    """Return an object of objects that a file of JSON holds.

    Raises:
        BadInput: it cannot be read, or holds something else.
    """
    with rejecting(path, wanted):
        document = load(read_text(path))
    if not isinstance(document, dict):
        raise BadInput(Fault(path.name, "is no object", wanted))
    entries = cast("dict[str, object]", document)
    faults = [Fault(f"{path.name}: {name}", "is no object", wanted) for name, value in entries.items() if not isinstance(value, dict)]
    if faults:
        raise BadInput(faults)
    return {name: as_mapping(value) for name, value in entries.items()}


def read_text(path: Path) -> str:
    """Return a file's text; of a pipe or a device, which has no size, no more is read than may be.

    Raises:
        OSError: it cannot be read, or is too large.
    """
    most = LARGEST_MIB * 1024**2
    with path.open("rb") as file:
        content = file.read(most + 1) if os.fstat(file.fileno()).st_size <= most else None
        if content is None or len(content) > most:
            raise OSError(f"it is larger than {LARGEST_MIB} MiB")
    return content.decode("utf-8-sig")


def load(text: str) -> object:
    """Return what a text of JSON holds.

    Raises:
        ValueError: it is not JSON, or holds text that no file can have.
        RecursionError: it is nested deeper than any resource is.
    """
    return sound(json.loads(text), text)


def sound(document: object, text: str) -> object:
    """Return a document that nothing after this will stumble over.

    Args:
        document: what was read.
        text: what it was read from.

    Raises:
        ValueError: half a surrogate pair is in it, which is no character.
        RecursionError: it is nested deeper than any resource is.
    """
    if _HALF.search(text):
        # An escaped backslash looks the same; only writing it tells.
        json.dumps(document, ensure_ascii=False).encode()
    level = [document]
    for _ in range(_DEEPEST):
        level = [inner for value in level for inner in _inside(value) if isinstance(inner, dict | list)]
        if not level:
            return document
    raise RecursionError


def _inside(value: object) -> Iterable[object]:
    return as_mapping(value).values() or as_list(value)


@contextmanager
def rejecting(path: Path, wanted: str) -> Generator[None]:
    """Turn what goes wrong with a file into a sentence about it."""
    try:
        yield
    except json.JSONDecodeError as error:
        raise BadInput(Fault(f"{path.name}:{error.lineno}", f"is not JSON ({error.msg})", wanted)) from None
    except UnicodeEncodeError:
        raise BadInput(Fault(path.name, "holds half a surrogate pair, which is no character", wanted)) from None
    except (OSError, UnicodeDecodeError, MemoryError) as error:
        raise BadInput(Fault(path.name, f"cannot be read ({error})", wanted)) from None
    except RecursionError:
        raise BadInput(Fault(path.name, f"is nested too deeply, more than {_DEEPEST} levels", wanted)) from None
    except ValueError as error:
        # Python reads no number of more than 4,300 digits.
        raise BadInput(Fault(path.name, f"holds what cannot be read ({error})", wanted)) from None


def as_mapping(value: object) -> Mapping[str, object]:
    """Return the value if it is an object, else an empty one."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return the value if it is a list, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def as_texts(value: object) -> tuple[str, ...]:
    """Return the texts in the value if it is a list, else none."""
    return tuple(item for item in as_list(value) if isinstance(item, str))
