"""Prices of what is not a machine: control planes, keys, endpoints, disks, logs."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Final

from lepton_infra.catalog.model import Cloud
from lepton_infra.catalog.tables import rows

HOURS_PER_MONTH: Final = 730.0
"""Hours in a month, as the clouds' calculators count."""


@dataclass(frozen=True, slots=True)
class ServicePrice:
    """The list price of one unit of a service in a region."""

    cloud: Cloud
    """Who sells it."""
    region: str
    """Where, in the cloud's words; `global` where the price is the same everywhere."""
    service: str
    """Our name of it, for instance `eks-cluster`."""
    unit: str
    """What one costs, for instance `hour`, `zone-hour`, `GiB-month`."""
    usd: float
    """Price of a unit, of the first tier where there are tiers."""
    as_of: dt.date
    """Day as of which the price is known."""
    source: str
    """The page that states it, or what stands for it in SOURCES.md, which says too how it was checked."""
    note: str
    """What the price leaves out."""


def service_price(cloud: str, region: str, service: str) -> ServicePrice | None:
    """Return the price of a service in a region, or None where the catalogue has none."""
    return _services().get((cloud, region, service))


def services() -> tuple[ServicePrice, ...]:
    """Return every price of a service, by cloud, region and name."""
    return tuple(price for _, price in sorted(_services().items()))


@cache
def _services() -> dict[tuple[str, str, str], ServicePrice]:
    return {(row["cloud"], row["region"], row["service"]): _price(row) for row in rows("services")}


def _price(row: dict[str, str]) -> ServicePrice:
    return ServicePrice(
        cloud=Cloud(row["cloud"]),
        region=row["region"],
        service=row["service"],
        unit=row["unit"],
        usd=float(row["usd"]),
        as_of=dt.date.fromisoformat(row["as_of"]),
        source=row["source"],
        note=row["note"],
    )
