"""Where data may lie and what a node draws: countries of regions, areas of countries, watts of accelerators."""

import csv
from functools import cache
from typing import Final

from lepton_infra.catalog.model import Machine
from lepton_infra.catalog.side import DATA, carbon

# fmt: off
_EU: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})
# fmt: on
AREAS: Final = {"EU": _EU, "EEA": _EU | {"IS", "LI", "NO"}}
"""Names for several countries: the member states of the European Union, and of the European Economic Area."""
NODE_OVER_ACCELERATORS: Final = 1.8
"""Watts of a node over those of its accelerators at full draw; NVIDIA's DGX H100 data sheet: 10.2 kW with eight of 700 W."""


def country(cloud: str, region: str) -> str | None:
    """Return the country that a region lies in (ISO 3166-1 alpha-2), or None where the table does not say."""
    return _countries().get((cloud, region))


def countries_in(words: tuple[str, ...]) -> frozenset[str]:
    """Return the countries that are meant by codes of countries and names of areas, in any case."""
    return frozenset(code for word in words for code in AREAS.get(word.upper(), {word.upper()}))


def places() -> tuple[str, ...]:
    """Return what may be asked for: areas and the countries that have a region, in alphabetical order."""
    return tuple(sorted({*AREAS, *_countries().values()}))


def grams_per_hour(machine: Machine) -> float | None:
    """Return the CO2 equivalent of a node at full draw for an hour, in grams; None where the grid or the accelerator is unknown."""
    grid, watts = carbon(machine.cloud.value, machine.region), _watts().get(machine.gpu or "")
    if grid is None or watts is None:
        return None
    return grid.grams_co2e_per_kwh * watts * machine.gpus * NODE_OVER_ACCELERATORS / 1000


def rested_on() -> tuple[str, ...]:
    """Return the names of the tables that these facts stand in."""
    return ("carbon.csv", "countries.csv", "power.csv")


@cache
def _countries() -> dict[tuple[str, str], str]:
    return {(row["cloud"], row["region"]): row["country"] for row in _rows("countries")}


@cache
def _watts() -> dict[str, float]:
    return {row["gpu"]: float(row["watts"]) for row in _rows("power")}


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
