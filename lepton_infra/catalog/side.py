"""Facts beside the machine rows, which no plan is made from: carbon of a region, fabric of a machine, spot advice, commitments.

They stand in tables of their own, so that a corrected figure here makes no plan stale.
"""

import datetime as dt
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from lepton_infra.catalog.model import Interruption, Machine
from lepton_infra.catalog.tables import rows


@dataclass(frozen=True, slots=True)
class Carbon:
    """How dirty the electricity of a region is, as the yearly average of its grid (location-based, contracts of the cloud left out)."""

    grams_co2e_per_kwh: float
    """Grams of CO2 equivalent per kWh."""
    year: int
    """Year of the figure."""
    grid: str
    """Which grid was taken for the region; the choice is ours."""
    source: str
    """A heading in SOURCES.md."""


@dataclass(frozen=True, slots=True)
class Fabric:
    """The network that lets accelerators of several machines work as one."""

    name: str
    """`EFA`, `InfiniBand`, `GPUDirect-TCPX` or `GPUDirect-TCPXO`."""
    gbps: int
    """Bandwidth of one machine between machines, gigabits per second."""
    source: str
    """The cloud's page that states it."""


@dataclass(frozen=True, slots=True)
class SpotAdvice:
    """What AWS's spot advisor said of a machine in a region; no price, because it is known where the on-demand price is not."""

    region: str
    """Where, in AWS's words."""
    machine: str
    """AWS's name of the machine."""
    saving_percent: int
    """Saving against on-demand over the month before; 0 or less means that there was none."""
    interruption: Interruption
    """Share of spot machines taken back within a month."""
    as_of: dt.date
    """Day of the advice."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """A price per hour against the promise to pay for years, nothing up front."""

    years: int
    """Length of the promise: 1 or 3."""
    usd_per_hour: float
    """Price of the whole machine."""
    derived: bool
    """Whether it is the on-demand price less a published discount, not a published price."""
    program: str
    """What the cloud calls it."""
    as_of: dt.date
    """Day of the price, or of the discount."""
    source: str
    """Where it is published."""


def carbon(cloud: str, region: str) -> Carbon | None:
    """Return the carbon of a region's grid, or None where no figure is known."""
    return _carbon().get((cloud, region))


def fabric(machine: Machine) -> Fabric | None:
    """Return the fabric of a machine type, or None where the table names none."""
    return next((one for pattern, one in _fabrics().get(machine.cloud, ()) if fnmatchcase(machine.name, pattern)), None)


def fabrics() -> tuple[str, ...]:
    """Return the names of the fabrics, in alphabetical order."""
    return tuple(sorted({one.name for rows in _fabrics().values() for _, one in rows}))


@cache
def spot_advice() -> tuple[SpotAdvice, ...]:
    """Return what the spot advisor said, by region and machine."""
    return tuple(
        SpotAdvice(
            region=row["region"],
            machine=row["machine"],
            saving_percent=int(row["saving_percent"]),
            interruption=Interruption(row["interruption"]),
            as_of=dt.date.fromisoformat(row["as_of"]),
        )
        for row in rows("spot_advisor")
    )


def discounts(machine: Machine) -> tuple[Commitment, ...]:
    """Return the commitment prices of a machine that follow from a published discount of its family, shortest first."""
    return tuple(
        _commitment(machine, row)
        for row in _discounts().get(machine.cloud, ())
        if fnmatchcase(machine.name, row["machines"]) and fnmatchcase(machine.region, row["regions"])
    )


@cache
def _carbon() -> dict[tuple[str, str], Carbon]:
    return {
        (row["cloud"], row["region"]): Carbon(float(row["grams_co2e_per_kwh"]), int(row["year"]), row["grid"], row["source"])
        for row in rows("carbon")
    }


@cache
def _fabrics() -> dict[str, list[tuple[str, Fabric]]]:
    found: dict[str, list[tuple[str, Fabric]]] = {}
    for row in rows("fabric"):
        found.setdefault(row["cloud"], []).append((row["machines"], Fabric(row["fabric"], int(row["gbps"]), row["source"])))
    return found


@cache
def _discounts() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in sorted(rows("commitments"), key=lambda row: int(row["years"])):
        found.setdefault(row["cloud"], []).append(row)
    return found


def _commitment(machine: Machine, row: dict[str, str]) -> Commitment:
    share = 1 - float(row["discount_percent"]) / 100
    as_of = min(dt.date.fromisoformat(row["as_of"]), machine.price_date)
    price = round(machine.usd_per_hour * share, 6)
    return Commitment(int(row["years"]), price, derived=True, program=row["program"], as_of=as_of, source=row["source"])
