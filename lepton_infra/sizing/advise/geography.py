"""Which jurisdiction a region lies in, so that advice to move never crosses a border unasked.

The places are those that the clouds publish of their regions; a region that is not told stays by itself.
"""

import re
from typing import Final

_EXCEPTIONS: Final = {
    "aws eu-west-2": "UK",
    "aws eu-central-2": "Switzerland",
    "gcp europe-west2": "UK",
    "gcp europe-west6": "Switzerland",
    "gcp northamerica-south1": "Mexico",
    "aws mx-central-1": "Mexico",
}
_RULES: Final = (
    ("US", r"aws us-(?!gov).*|gcp us-.*|azure (east|west|central|north|south|northcentral|southcentral|westcentral)us\d?"),
    ("Canada", r"aws ca-.*|gcp northamerica-.*|azure canada.*"),
    (
        "EU",
        (
            r"aws eu-.*|gcp europe-.*|azure (northeurope|westeurope|france.*|germany.*|sweden.*|poland.*|italy.*|spain.*|austria.*"
            r"|belgium.*|denmark.*)"
        ),
    ),
    ("UK", r"azure uk(south|west).*"),
    ("Switzerland", r"azure switzerland.*"),
    ("Japan", r"aws ap-northeast-[13]|gcp asia-northeast[12]|azure japan.*"),
    ("Australia", r"aws ap-southeast-[24]|gcp australia-.*|azure australia.*"),
    ("India", r"aws ap-south-[12]|gcp asia-south[12]|azure (central|south|west|jio).*india.*"),
)


def jurisdiction(cloud: str, region: str) -> str:
    """Return the jurisdiction of a region, the region itself where it is not known."""
    place = f"{cloud} {region}"
    known = next((name for name, pattern in _RULES if re.fullmatch(pattern, place)), place)
    return _EXCEPTIONS.get(place, known)
