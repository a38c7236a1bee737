"""What can be bought: machines and prices, as dated rows."""

from lepton_infra.catalog.book import Catalog, cheapest, dated, old, shipped_catalog
from lepton_infra.catalog.classes import AcceleratorClass, class_of
from lepton_infra.catalog.load import load_catalog, machine
from lepton_infra.catalog.model import Cloud, Interruption, Machine, SpotMark
from lepton_infra.catalog.power import Watts, grams_per_hour, watts
from lepton_infra.catalog.query import Wanted
from lepton_infra.catalog.regions import Place, Zones, machine_zones, place, residencies, zones
from lepton_infra.catalog.services import ServicePrice, service_price
from lepton_infra.catalog.side import Carbon, Commitment, Fabric, SpotAdvice, carbon, fabric, spot_advice
from lepton_infra.catalog.words import listed, nearest, plain

__all__ = [
    "AcceleratorClass",
    "Carbon",
    "Catalog",
    "Cloud",
    "Commitment",
    "Fabric",
    "Interruption",
    "Machine",
    "Place",
    "ServicePrice",
    "SpotAdvice",
    "SpotMark",
    "Wanted",
    "Watts",
    "Zones",
    "carbon",
    "cheapest",
    "class_of",
    "dated",
    "fabric",
    "grams_per_hour",
    "listed",
    "load_catalog",
    "machine",
    "machine_zones",
    "nearest",
    "old",
    "place",
    "plain",
    "residencies",
    "service_price",
    "shipped_catalog",
    "spot_advice",
    "watts",
    "zones",
]
