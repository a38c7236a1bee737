"""Values as engine and programs write them in JSON: unknowns, secrets, assets and references under magic marks.

The marks are Pulumi's own, from `sdk/go/common/resource/plugin/rpc.go` (unknowns) and `sdk/go/common/resource/sig` (signatures) of 3.259.
"""

from collections.abc import Mapping
from typing import Final, cast

from lepton_infra.graph.model import UNKNOWN, Asset, Secret

UNKNOWN_MARKS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # a string, and whatever a Python program sends
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key under which an object is marked as a special value."""
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark of a secret, not one)
SECRET_MARK: Final[Mapping[str, object]] = {_SIGNATURE: _SECRET}
"""A secret whose value is not told."""
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_MARK_LENGTH: Final = 36


def decode(value: object) -> object:
    """Return what a value from the wire means; text into which an unknown was pasted is unknown as a whole."""
    if isinstance(value, str):
        if len(value) < _MARK_LENGTH or "-" not in value:
            return value
        return UNKNOWN if value in UNKNOWN_MARKS or any(mark in value for mark in UNKNOWN_MARKS) else value
    if isinstance(value, list):
        return [decode(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    mapping = cast("dict[str, object]", value)
    signature = mapping.get(_SIGNATURE)
    return {key: decode(inner) for key, inner in mapping.items()} if signature is None else _special(signature, mapping)


def decode_inputs(value: object) -> Mapping[str, object]:
    """Return the properties of a resource; nothing where there are none."""
    if not isinstance(value, dict):
        return {}
    return {key: decode(inner) for key, inner in cast("dict[str, object]", value).items()}


def _special(signature: object, mapping: Mapping[str, object]) -> object:
    if signature == _SECRET:
        return Secret(decode(mapping["value"]) if "value" in mapping else UNKNOWN)
    if signature in (_ASSET, _ARCHIVE):
        return Asset(archive=signature == _ARCHIVE)
    if signature == _REFERENCE:
        return decode(mapping["id"] or next(iter(UNKNOWN_MARKS))) if "id" in mapping else mapping.get("urn")
    if signature == _OUTPUT:
        value = decode(mapping["value"]) if "value" in mapping else UNKNOWN
        return Secret(value) if mapping.get("secret") is True else value
    return {key: decode(inner) for key, inner in mapping.items()}
