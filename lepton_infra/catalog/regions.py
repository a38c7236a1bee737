"""Where a region lies, and into which availability zones it falls."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Final

from lepton_infra.catalog.model import Machine
from lepton_infra.catalog.tables import rows
from lepton_infra.catalog.words import plain

REMEMBERED: Final = "remembered"
"""Source of a fact that was written down without a page beside it."""
_WIDER: Final = {"EEA": {"EU", "NO"}}
"""Residencies that are no area of their own: the European Economic Area, where the General Data Protection Regulation applies."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the machines of a region stand, and with them what they store."""

    country: str
    """Two letters of ISO 3166-1: `IE`."""
    area: str
    """`EU`, `UK`, `US`, `CA`, `CH`, `NO`, `APAC`, `LATAM`, `MIDEAST` or `AFRICA`; `EU` holds the members of the European Union alone."""
    city: str
    """City, state or country, as the cloud publishes it."""
    source: str
    """A heading in SOURCES.md, or `REMEMBERED`."""

    def within(self, residency: str) -> bool:
        """Say whether what is stored here stays within a country (`DE`), an area (`EU`) or the `EEA`."""
        word = plain(residency).upper()
        return word in {self.country, self.area} or self.area in _WIDER.get(word, ())


@dataclass(frozen=True, slots=True)
class Zones:
    """Availability zones: parts of a region that are built to fail one at a time."""

    names: tuple[str, ...]
    """Names in alphabetical order; empty where the region has no zones and fails as a whole.

    AWS's are zone ids (`use1-az1`), the same for every account, whereas `us-east-1a` is another building for another account.
    Azure numbers its zones, and each subscription differently.
    """
    as_of: dt.date
    """Day of the source."""
    source: str
    """A heading in SOURCES.md, or `REMEMBERED`."""


def place(cloud: str, region: str) -> Place | None:
    """Return where a region lies, or None where the table does not have it."""
    return _places().get((cloud, region))


def zones(cloud: str, region: str) -> Zones | None:
    """Return the zones of a region, none for a region without them, or None where the table does not have the region."""
    return _zones().get((cloud, region))


def machine_zones(machine: Machine) -> Zones | None:
    """Return the zones that were seen to offer a machine, or None where no source says: then any zone of the region may."""
    return _machine_zones().get(machine.key)


def residencies() -> tuple[str, ...]:
    """Return every word that `Place.within` knows, in alphabetical order."""
    known = {word for one in _places().values() for word in (one.country, one.area)}
    return tuple(sorted(known | set(_WIDER)))


@cache
def _places() -> dict[tuple[str, str], Place]:
    return {(row["cloud"], row["region"]): Place(row["country"], row["area"], row["city"], row["source"]) for row in rows("places")}


@cache
def _zones() -> dict[tuple[str, str], Zones]:
    return {(row["cloud"], row["region"]): _read(row) for row in rows("zones")}


@cache
def _machine_zones() -> dict[tuple[str, str, str], Zones]:
    return {(row["cloud"], row["region"], row["machine"]): _read(row) for row in rows("machine_zones")}


def _read(row: dict[str, str]) -> Zones:
    return Zones(tuple(row["zones"].split()), dt.date.fromisoformat(row["as_of"]), row["source"])
