"""Unit prices in one region, and the exceptions for those nobody knows."""

from dataclasses import dataclass
from typing import Final

from lepton_infra.catalog import Catalog, Machine, ServicePrice, service_price
from lepton_infra.cost.model import Gap, Reason

EVERYWHERE: Final = "global"
"""The region of a price that is the same in all of a cloud's."""


class NoPriceError(Exception):
    """A price that is needed is not in the catalogue; the message names it."""

    reason = Reason.NO_PRICE

    @property
    def gap(self) -> Gap:
        """Return what it leaves open on the bill."""
        return Gap(str(self), self.reason)


class UndecidedError(NoPriceError):
    """What decides the price is known only after the update; the message names it."""

    reason = Reason.UNDECIDED


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost in a region of a cloud."""

    catalog: Catalog
    cloud: str
    region: str

    def machine(self, name: str) -> Machine:
        """Return the machine with its price.

        Raises:
            NoPriceError: the region does not sell it, as far as the catalogue knows.
        """
        machine = self.catalog.machine(self.cloud, name, self.region)
        if machine is None:
            message = f"no price of {name} in {self.region}"
            raise NoPriceError(message)
        return machine

    def service(self, name: str) -> ServicePrice:
        """Return the price of a service.

        Raises:
            NoPriceError: the catalogue has none for the region.
        """
        price = service_price(self.cloud, self.region, name) or service_price(self.cloud, EVERYWHERE, name)
        if price is None:
            message = f"no price of {name} in {self.region}"
            raise NoPriceError(message)
        return price
