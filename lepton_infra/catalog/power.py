"""How much electricity a machine draws, as far as makers and clouds let one say.

No cloud publishes it, so this is an estimate, made to be on the high side: accelerators at their power limit, the host at half load as
Cloud Carbon Footprint assumes (https://www.cloudcarbonfootprint.org/docs/methodology), the building's overhead on top.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from lepton_infra.catalog.model import Machine
from lepton_infra.catalog.side import carbon
from lepton_infra.catalog.tables import rows

HOST_LOAD: Final = 0.5
"""Share of the way from idle to busy at which a host is taken to run."""


@dataclass(frozen=True, slots=True)
class Watts:
    """Electricity of one machine, watts."""

    accelerators: float
    """Of its accelerators at the limit that their maker sets (TDP); 0 without."""
    host: float
    """Of its processors at `HOST_LOAD`, and of its memory where that is known."""
    pue: float
    """Power usage effectiveness: what the building draws for each watt of the machines, a yearly average of the whole cloud."""

    @property
    def drawn(self) -> float:
        """Return watts from the grid, the building's overhead included."""
        return (self.accelerators + self.host) * self.pue


@dataclass(frozen=True, slots=True)
class _Host:
    idle: float
    busy: float
    per_gib: float
    pue: float


def watts(machine: Machine) -> Watts | None:
    """Return what a machine draws, or None where its accelerator's maker publishes no limit (TPU, Trainium, Inferentia, FPGA)."""
    limit = _limits().get(machine.gpu) if machine.gpu else 0.0
    if limit is None:
        return None
    host = _hosts()[machine.cloud.value]
    per_vcpu = host.idle + HOST_LOAD * (host.busy - host.idle)
    drawn = machine.vcpus * per_vcpu + (machine.memory_gib or 0) * host.per_gib
    return Watts(limit * machine.gpus, drawn, host.pue)


def grams_per_hour(machine: Machine) -> float | None:
    """Return the grams of CO2 equivalent that an hour of a machine causes at its grid's yearly average; None where either is unknown."""
    power, air = watts(machine), carbon(machine.cloud, machine.region)
    return power.drawn / 1000 * air.grams_co2e_per_kwh if power and air else None


@cache
def _limits() -> dict[str, float]:
    return {row["gpu"]: float(row["watts"]) for row in rows("power")}


@cache
def _hosts() -> dict[str, _Host]:
    return {
        row["cloud"]: _Host(
            float(row["watts_per_vcpu_idle"]), float(row["watts_per_vcpu_busy"]), float(row["watts_per_gib"]), float(row["pue"])
        )
        for row in rows("hosts")
    }
