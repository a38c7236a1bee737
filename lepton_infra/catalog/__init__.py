"""What can be bought: machines and prices, as dated rows."""

from lepton_infra.catalog.book import Catalog, cheapest, load_catalog, machine, old
from lepton_infra.catalog.model import Cloud, Interruption, Machine, SpotMark
from lepton_infra.catalog.query import Wanted
from lepton_infra.catalog.services import ServicePrice, service_price
from lepton_infra.catalog.words import listed, nearest, plain

__all__ = [
    "Catalog",
    "Cloud",
    "Interruption",
    "Machine",
    "ServicePrice",
    "SpotMark",
    "Wanted",
    "cheapest",
    "listed",
    "load_catalog",
    "machine",
    "nearest",
    "old",
    "plain",
    "service_price",
]
