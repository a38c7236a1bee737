"""Unit prices in one region, and the exception for those nobody knows."""

from dataclasses import dataclass

from lepton_infra.catalog import Catalog, Machine, ServicePrice, service_price


class NoPriceError(Exception):
    """A price that is needed is not in the catalogue; the message names it."""


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
        price = service_price(self.cloud, self.region, name)
        if price is None:
            message = f"no price of {name} in {self.region}"
            raise NoPriceError(message)
        return price
