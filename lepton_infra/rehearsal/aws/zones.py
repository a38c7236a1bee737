"""Regions and their availability zones.

Letters as docs.aws.amazon.com lists them (EC2 User Guide, "Regions and Zones"; 2026-11). Which id a letter stands for differs
from account to account; here letter and number go together (a is az1, c is az3).
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Zone:
    """An availability zone."""

    name: str
    """In the account's words: `us-east-1a`."""
    id: str
    """In everyone's words: `use1-az1`."""


@cache
def regions() -> dict[str, tuple[Zone, ...]]:
    """Return the zones of every region, in the order of their letters."""
    with (Path(__file__).parent / "zones.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["region"]: tuple(Zone(row["region"] + letter, f"{row['code']}-az{ord(letter) - ord('a') + 1}") for letter in row["letters"])
            for row in csv.DictReader(file)
        }


def zones(region: str) -> tuple[Zone, ...]:
    """Return the zones of a region.

    Raises:
        LookupError: AWS has no such region.
    """
    found = regions().get(region)
    if found is None:
        raise LookupError(f"region {region!r} is not one of AWS's; choose from {', '.join(regions())}. Correct the region.")
    return found
