"""What can be bought: records of machines, as dated rows."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Cloud(StrEnum):
    """A cloud that the catalogue has rows of."""

    AWS = "aws"
    AZURE = "azure"
    GCP = "gcp"


class SpotMark(StrEnum):
    """What to know about a spot price that is not simply the cloud's quote of the price date."""

    DERIVED = "derived"
    """On-demand price times a saving published on another day: an estimate."""
    NO_DISCOUNT = "no-discount"
    """The quote is the on-demand price or more: the zone has nothing to spare."""


class Interruption(StrEnum):
    """Share of spot machines taken back within a month, as AWS's spot advisor publishes it."""

    UNDER_5 = "<5%"
    UNDER_10 = "5-10%"
    UNDER_15 = "10-15%"
    UNDER_20 = "15-20%"
    OVER_20 = ">20%"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine type in a region, and what it cost on a day.

    The price of a Google Cloud machine is host and accelerator together; the clouds' feeds list them apart.
    """

    cloud: Cloud
    """Who sells it."""
    region: str
    """Where, in the cloud's words."""
    name: str
    """The cloud's name of the machine type."""
    vcpus: int
    """Virtual processors."""
    memory_gib: float | None
    """Memory in GiB; None where the source does not say."""
    gpu: str | None
    """Kind of accelerator; None for a machine without one."""
    gpus: float
    """Accelerators, 0 without; below 1 where several machines share one."""
    gpu_memory_gb: float | None
    """Memory of one whole accelerator, the figure in its maker's name for it (`A100 80 GB`)."""
    usd_per_hour: float
    """On-demand list price of the whole machine, Linux."""
    on_demand: bool
    """Whether a new customer can order it at `usd_per_hour`; where not, `caveat` says why."""
    spot_usd_per_hour: float | None
    """Spot price of the whole machine; None where it is not sold as spot or no price is known."""
    spot_mark: SpotMark | None
    """What to know about the spot price."""
    spot_date: dt.date | None
    """Day of the spot price, or of the saving that it was derived from."""
    interruption: Interruption | None
    """How often spot machines of this type are taken back; None where unknown."""
    price_date: dt.date
    """Day of the on-demand price."""
    source: str
    """Where the row comes from: a heading in SOURCES.md."""
    caveat: str
    """What makes the row doubtful; empty for most."""

    @property
    def usd_per_gpu_hour(self) -> float | None:
        """Return the on-demand price per accelerator, or None without one."""
        return self.usd_per_hour / self.gpus if self.gpu else None

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what names the row: cloud, region, machine."""
        return self.cloud.value, self.region, self.name
