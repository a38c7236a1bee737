"""The catalogue: machines that can be asked for, and its hash."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from operator import attrgetter
from pathlib import Path
from typing import Final

from lepton_infra.catalog.model import Machine
from lepton_infra.catalog.query import Wanted
from lepton_infra.catalog.reader import read_machines
from lepton_infra.catalog.side import Commitment, discounts
from lepton_infra.catalog.tables import DATA

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
    published: Mapping[tuple[str, str, str], tuple[Commitment, ...]] = field(
        default_factory=dict[tuple[str, str, str], tuple[Commitment, ...]]
    )
    """Commitment prices that a cloud's feed published, by a machine's key."""
    refreshed: Mapping[str, dt.date] = field(default_factory=dict[str, dt.date])
    """Clouds whose prices were read from their feeds on this machine, with the day; none in the shipped catalogue."""

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of what the machine rows say, whatever their order: all that a plan is made from, and no more."""
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

    def commitments(self, machine: Machine) -> tuple[Commitment, ...]:
        """Return the commitment prices of a machine, shortest first: published ones, or derived from a published discount, or none."""
        return self.published.get(machine.key) or discounts(machine)

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
def shipped_catalog() -> Catalog:
    """Return the shipped catalogue, read once."""
    return Catalog(read_table(DATA / "machines.csv", KNOWN_ON))


def read_table(path: Path, known_on: dt.date) -> tuple[Machine, ...]:
    """Read a machine table from a file.

    Raises:
        BadInput: rows that cannot be true.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return read_machines(file, path.name, known_on)


def old(price_date: dt.date, today: dt.date) -> bool:
    """Say whether a price is so old that it has to be marked."""
    return (today - price_date).days > OLD_AFTER_DAYS


def dated(price_date: dt.date, today: dt.date) -> str:
    """Return the day of a price as it is shown, with its mark where it is old: `2026-01-19, old price`."""
    return f"{price_date}, old price" if old(price_date, today) else f"{price_date}"


def cheapest(machines: Iterable[Machine]) -> Machine | None:
    """Return the machine with the lowest on-demand price per hour, ties by name."""
    return min(machines, key=lambda one: (one.usd_per_hour, one.key), default=None)
