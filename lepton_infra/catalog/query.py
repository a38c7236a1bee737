"""Questions to the catalogue: `8x H100`, `l40s`, `p5.*`."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from lepton_infra.catalog.classes import class_of
from lepton_infra.catalog.model import Machine
from lepton_infra.catalog.regions import place
from lepton_infra.catalog.side import fabric
from lepton_infra.catalog.words import plain

_QUESTION: Final = re.compile(r"\s*(?:(?P<count>\d+)\s*[x*]\s*)?(?P<what>\S(?:.*\S)?)\s*", re.IGNORECASE)
_NAME_MARKS: Final = set(".*?[_")
"""Marks that machine names and patterns have and kinds of accelerator have not."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader looks for; an empty field asks for nothing."""

    gpu: str = ""
    """Kind of accelerator, however written."""
    gpus: float = 0
    """Accelerators on the machine, exactly."""
    name: str = "*"
    """Pattern of the machine's name."""
    cloud: str = ""
    """Name of the cloud."""
    region: str = "*"
    """Pattern of the region's name."""
    spot: bool = False
    """Only what is sold as spot, and in the order of spot prices."""
    available: bool = False
    """Only what a new customer can order on demand."""
    accelerator: str = ""
    """Class of accelerator, as `classes.AcceleratorClass` writes it."""
    fabric: str = ""
    """Name of the fabric, however written; a part of it will do, `tcpx` for instance."""
    residency: str = ""
    """Country or area that the region has to lie in, as `regions.Place.within` takes it."""

    def fits(self, machine: Machine) -> bool:
        """Say whether the machine is one of those looked for."""
        return (
            self.cloud in {"", machine.cloud}
            and (not self.gpu or (machine.gpu is not None and plain(machine.gpu) == plain(self.gpu)))
            and (not self.gpus or machine.gpus == self.gpus)
            and fnmatchcase(machine.region, self.region)
            and fnmatchcase(machine.name.casefold(), self.name.casefold())
            and (not self.spot or machine.spot_usd_per_hour is not None)
            and (not self.available or machine.on_demand)
            and self.accelerator in {"", class_of(machine)}
            and (not self.fabric or self._woven(machine))
            and (not self.residency or self._resides(machine))
        )

    def _woven(self, machine: Machine) -> bool:
        found = fabric(machine)
        return found is not None and plain(self.fabric) in plain(found.name)

    def _resides(self, machine: Machine) -> bool:
        found = place(machine.cloud, machine.region)
        return found is not None and found.within(self.residency)

    def price(self, machine: Machine) -> float:
        """Return the price per hour that the reader asks about; infinite where there is none."""
        if not self.spot:
            return machine.usd_per_hour
        return float("inf") if machine.spot_usd_per_hour is None else machine.spot_usd_per_hour

    def order(self, machine: Machine) -> tuple[float, float, tuple[str, str, str]]:
        """Return what to sort by: price per accelerator, price per hour, name."""
        price = self.price(machine)
        return price / (machine.gpus or 1), price, machine.key


def parse(question: str) -> tuple[float, str, str] | None:
    """Read `[N x] KIND` or a pattern of machine names.

    Returns:
        The number of accelerators (0 for any), the kind, and the pattern, one of the last two empty; None for an empty question.
    """
    match = _QUESTION.fullmatch(question)
    if match is None:
        return None
    count, what = float(match["count"] or 0), match["what"]
    return (count, "", what) if _NAME_MARKS & set(what) or re.search(r"-.*-", what) else (count, what, "")
