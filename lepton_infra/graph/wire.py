"""Values as engine and programs write them in JSON: unknowns, secrets, assets and references under the marks of `config/marks.py`."""

from collections.abc import Mapping
from typing import Final, cast

from lepton_infra.config.marks import (
    ARCHIVE,
    ASSET,
    OUTPUT,
    REFERENCE,
    SECRET,
    SIGNATURE,
    UNKNOWN_LENGTH,
    UNKNOWN_STRING,
    UNKNOWN_STRINGS,
)
from lepton_infra.graph.model import UNKNOWN, Asset, Secret

SECRET_MARK: Final[Mapping[str, object]] = {SIGNATURE: SECRET}
"""A secret whose value is not told."""


def decode(value: object) -> object:
    """Return what a value from the wire means; text into which an unknown was pasted is unknown as a whole."""
    if isinstance(value, str):
        if len(value) < UNKNOWN_LENGTH or "-" not in value:
            return value
        return UNKNOWN if value in UNKNOWN_STRINGS or any(mark in value for mark in UNKNOWN_STRINGS) else value
    if isinstance(value, list):
        return [decode(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    mapping = cast("dict[str, object]", value)
    signature = mapping.get(SIGNATURE)
    return {key: decode(inner) for key, inner in mapping.items()} if signature is None else _special(signature, mapping)


def decode_inputs(value: object) -> Mapping[str, object]:
    """Return the properties of a resource; nothing where there are none."""
    if not isinstance(value, dict):
        return {}
    return {key: decode(inner) for key, inner in cast("dict[str, object]", value).items()}


def _special(signature: object, mapping: Mapping[str, object]) -> object:
    if signature == SECRET:
        return Secret(decode(mapping["value"]) if "value" in mapping else UNKNOWN)
    if signature in (ASSET, ARCHIVE):
        return Asset(archive=signature == ARCHIVE)
    if signature == REFERENCE:
        return decode(mapping["id"] or UNKNOWN_STRING) if "id" in mapping else mapping.get("urn")
    if signature == OUTPUT:
        value = decode(mapping["value"]) if "value" in mapping else UNKNOWN
        return Secret(value) if mapping.get("secret") is True else value
    return {key: decode(inner) for key, inner in mapping.items()}
