"""Pulumi's own marks, under which values travel that JSON has no word for: unknowns, secrets, assets, references and outputs.

From `sdk/go/common/resource/plugin/rpc.go` (unknowns) and `sdk/go/common/resource/sig` (signatures) of pulumi 3.259. Every room reads
them from here; only `graph/monitor` has its own, as it runs in interpreters that have no lepton-infra.
"""

from typing import Final

UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""A text that is known only after the update, and whatever Python and JavaScript programs do not know yet."""
UNKNOWN_STRINGS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)
"""An unknown value is sent as one of these, by the type that it will have."""
UNKNOWN_LENGTH: Final = len(UNKNOWN_STRING)
"""Letters of each."""

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""An object with this key is no object but what the value under it says: one of the five below."""
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark of one)
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
