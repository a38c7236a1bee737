"""Pydantic's facts in our voice: one sentence per fault, with its path and what may stand there."""

from collections.abc import Sequence
from difflib import get_close_matches
from reprlib import Repr

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lepton_infra.config.model import Stack
from lepton_infra.config.service import LOOKED_UP, STATED, TAGS
from lepton_infra.errors import Fault

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlevel = 2


def sentences(error: ValidationError, where: str, model: type[BaseModel] = Stack) -> list[Fault]:
    """Return a fault for each of pydantic's, at its path below `where`; the model is the one that was validated."""
    details = error.errors(include_url=False)
    places = [detail["loc"] for detail in details]
    return [fault for detail in details if not _echoes(detail, places) for fault in _faults(detail, where, model)]


def _echoes(detail: ErrorDetails, places: Sequence[tuple[int | str, ...]]) -> bool:
    """Say whether pydantic finds a list too short only because it left out the items that are wrong themselves."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(len(place) > len(loc) and place[: len(loc)] == loc for place in places)


def _faults(detail: ErrorDetails, where: str, model: type[BaseModel]) -> list[Fault]:
    place = f"{where}{_path(detail['loc'])}"
    match detail["type"]:
        case "extra_forbidden":
            return [Fault(place, "is unknown", *_nearest(detail["loc"], model))]
        case "missing":
            return [Fault(place, "is missing", "a value", f"Add {detail['loc'][-1]}")]
        case "value_error":
            return [_clause(place, line) for line in str(detail["ctx"]["error"] if "ctx" in detail else detail["msg"]).splitlines()]
        case _:
            return [Fault(place, f"is {_shown(detail['input'])}", _allowed(detail))]


def _clause(place: str, line: str) -> Fault:
    """Split what a validator of ours says, `<given>; <allowed>`."""
    given, _, allowed = line.partition("; ")
    return Fault(place, given, allowed)


def _path(loc: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc if part not in {STATED, LOOKED_UP})


def _shown(value: object) -> str:
    """Return the value as far as a person reads it; a hostile file may hold one that fills the memory when written out."""
    return _SHORT.repr(value)


def _allowed(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if "expected" in context:
        return f"choose {context['expected']}"
    if "pattern" in context:
        return f"text that matches {context['pattern']}"
    return detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")


def _nearest(loc: tuple[int | str, ...], model: type[BaseModel]) -> tuple[str, str]:
    fields = _fields(loc[:-1], model)
    near = get_close_matches(str(loc[-1]), fields, n=1)
    return f"one of {', '.join(fields)}", f"Write {near[0]!r}" if near else "Remove it"


def _fields(loc: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """Return the names that the model at this path knows."""
    for before, part in zip(("", *loc), loc, strict=False):
        if part in {STATED, LOOKED_UP}:
            model = TAGS[str(before)][part == LOOKED_UP]
        elif isinstance(part, str):
            model = _model(model, part)
    return sorted(model.model_fields)


def _model(model: type[BaseModel], field: str) -> type[BaseModel]:
    annotation = model.model_fields[field].annotation
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    return next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), model)
