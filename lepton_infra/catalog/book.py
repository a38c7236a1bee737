"""The catalogue: machines that can be asked for, and its hash."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from operator import attrgetter
from pathlib import Path
from typing import Final

from lepton_infra.catalog.model import Machine
from lepton_infra.catalog.query import Wanted
from lepton_infra.catalog.reader import read_machines

DATA: Final = Path(__file__).parent / "data"
"""Where the tables lie, with SOURCES.md."""
KNOWN_ON: Final = dt.date(2026, 11, 20)
"""Day on which the shipped tables were put together."""
OLD_AFTER_DAYS: Final = 180
"""A price older than this is marked wherever it is shown."""

_every_field = attrgetter(*Machine.__slots__)


@dataclass(frozen=True)
class Catalog:
    """Machines for sale; the order of the rows means nothing."""

    machines: tuple[Machine, ...]
    """Every row."""

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of what the rows say, whatever their order."""
        rows = sorted("\x1f".join(map(str, _every_field(machine))) for machine in self.machines)
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of accelerator for sale, in alphabetical order."""
        return tuple(sorted({machine.gpu for machine in self.machines if machine.gpu}))

    def regions(self, cloud: str | None = None) -> tuple[str, ...]:
        """Return the regions with rows, of one cloud or of all."""
        return tuple(sorted({machine.region for machine in self.machines if cloud in {None, machine.cloud}}))

    def sold(self, cloud: str, region: str | None = None) -> tuple[Machine, ...]:
        """Return the rows of a cloud, in one region or in all."""
        return tuple(one for one in self.machines if (one.cloud.value, one.region) == (cloud, region or one.region))

    def machine(self, cloud: str, name: str, region: str | None = None) -> Machine | None:
        """Return the machine type in the region, or, for facts that are the same everywhere, in the first that has it."""
        rows = [one for one in self._named.get((cloud, name), ()) if region in {None, one.region}]
        return rows[0] if rows else None

    def where_sold(self, cloud: str, name: str) -> tuple[str, ...]:
        """Return the regions that have the machine type."""
        return tuple(one.region for one in self._named.get((cloud, name), ()))

    def select(self, wanted: Wanted) -> tuple[Machine, ...]:
        """Return what fits, cheapest per accelerator (or machine) first; ties by hour, then by name."""
        return tuple(sorted(filter(wanted.fits, self.machines), key=wanted.order))

    @cached_property
    def _named(self) -> dict[tuple[str, str], list[Machine]]:
        named: dict[tuple[str, str], list[Machine]] = {}
        for machine in sorted(self.machines, key=attrgetter("key")):
            named.setdefault((machine.cloud.value, machine.name), []).append(machine)
        return named


@cache
def load_catalog() -> Catalog:
    """Return the shipped catalogue, read once."""
    return Catalog(read_table(DATA / "machines.csv", KNOWN_ON))


def read_table(path: Path, known_on: dt.date) -> tuple[Machine, ...]:
    """Read a machine table from a file.

    Raises:
        BadInput: rows that cannot be true.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return read_machines(file, path.name, known_on)


def machine(cloud: str, name: str, region: str | None = None) -> Machine | None:
    """Return a machine type of the shipped catalogue: `machine("aws", "p5.48xlarge")`."""
    return load_catalog().machine(cloud, name, region)


def old(price_date: dt.date, today: dt.date) -> bool:
    """Say whether a price is so old that it has to be marked."""
    return (today - price_date).days > OLD_AFTER_DAYS


def cheapest(machines: Iterable[Machine]) -> Machine | None:
    """Return the machine with the lowest on-demand price per hour, ties by name."""
    return min(machines, key=lambda one: (one.usd_per_hour, one.key), default=None)
