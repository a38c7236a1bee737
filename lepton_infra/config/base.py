"""What every model of the stack file shares."""

from pathlib import PurePath
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Frozen(BaseModel):
    """A value: closed to unknown keys, never changed after it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)


def _listed(value: object) -> object:
    """Let a user write one thing where a list of things is meant."""
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


def beside(file: str) -> str:
    """Return the path where it stays below the directory of the stack file.

    Raises:
        ValueError: it leads elsewhere.
    """
    path = PurePath(file)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        message = f"is {file!r}; a path below the directory of the stack file"
        raise ValueError(message)
    return file
