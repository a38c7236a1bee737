"""Where regions lie and what they fall into: every region that is sold has a country and zones, or says that it has none."""

import csv
from itertools import groupby

import pytest

from lepton_infra.catalog import machine, machine_zones, place, residencies, shipped_catalog, spot_advice, zones
from lepton_infra.catalog.regions import REMEMBERED
from lepton_infra.catalog.tables import DATA

BOOK = shipped_catalog()
SOURCES = (DATA / "SOURCES.md").read_text(encoding="utf-8")
CLOUDS = ("aws", "azure", "gcp")


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["places", "zones", "machine_zones"])
def test_each_row_is_told_once_and_has_its_source(name: str) -> None:
    table = rows(name)
    keys = [(row["cloud"], row["region"], row.get("machine", "")) for row in table]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys)
    sources = {row["source"] for row in table} - {REMEMBERED}
    assert sources
    assert [source for source in sources if f"| {source} |" not in SOURCES] == []


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_region_that_is_sold_or_advised_has_a_place_and_zones(cloud: str) -> None:
    regions = {*BOOK.regions(cloud), *(one.region for one in spot_advice() if cloud == "aws")}
    assert [region for region in regions if place(cloud, region) is None or zones(cloud, region) is None] == []
    assert place(cloud, "mars-1") is None
    assert zones(cloud, "mars-1") is None


def test_a_country_lies_in_one_area_and_is_written_as_iso_3166_does() -> None:
    table = sorted((row["country"], row["area"]) for row in rows("places"))
    assert all(len(country) == 2 and country.isupper() for country, _ in table)
    assert "UK" not in dict(table)  # ISO says GB
    assert [country for country, areas in groupby(table, key=lambda pair: pair[0]) if len({area for _, area in areas}) > 1] == []
    assert {country for country, area in table if area == "EU"} == {"AT", "BE", "DE", "ES", "FI", "FR", "IE", "IT", "NL", "PL", "SE"}


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (("azure", "northeurope"), {"EU", "EEA", "IE"}),
        (("azure", "norwayeast"), {"EEA", "NO"}),
        (("azure", "switzerlandnorth"), {"CH"}),
        (("aws", "eu-west-2"), {"GB", "UK"}),
        (("aws", "eu-central-2"), {"CH"}),
        (("gcp", "europe-west2"), {"GB", "UK"}),
        (("gcp", "us-central1"), {"US"}),
    ],
)
def test_residency_goes_by_the_law_of_the_country_not_by_the_region_s_name(region: tuple[str, str], words: set[str]) -> None:
    here = place(*region)
    assert here is not None
    assert {word for word in residencies() if here.within(word)} == words
    assert here.within(min(words).lower())


def test_no_region_of_the_three_clouds_has_a_single_zone_unless_it_is_said() -> None:
    counts = {(row["cloud"], row["region"]): len(row["zones"].split()) for row in rows("zones")}
    assert set(counts.values()) == {0, 1, 2, 3, 4, 6}
    assert [key for key, count in counts.items() if count in {1, 2}] == [("aws", "us-west-1"), ("gcp", "us-central2")]
    assert {cloud for (cloud, _), count in counts.items() if not count} == {"azure"}
    assert counts["azure", "northcentralus"] == counts["azure", "westus"] == 0
    assert counts["azure", "eastus"] == 3
    assert counts["aws", "us-east-1"] == 6


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_zones_of_a_machine_are_among_those_of_its_region(cloud: str) -> None:
    for row in rows("machine_zones"):
        if row["cloud"] == cloud:
            whole = zones(cloud, row["region"])
            assert whole is not None
            assert set(row["zones"].split()) <= set(whole.names), row
            assert row["zones"], row


def test_zone_names_say_their_region_so_that_two_regions_share_none() -> None:
    for row in rows("zones"):
        if row["cloud"] == "gcp":
            assert all(name.startswith(f"{row['region']}-") for name in row["zones"].split())
    seen = [name for row in rows("zones") if row["cloud"] == "aws" for name in row["zones"].split()]
    assert len(seen) == len(set(seen))


def test_a_machine_that_one_zone_alone_offers_is_known_as_such() -> None:
    b200, p5, azure = (
        machine("aws", "p6-b200.48xlarge", "us-east-1"),
        machine("aws", "p5.48xlarge", "us-east-1"),
        BOOK.sold("azure", "eastus")[0],
    )
    assert b200 is not None
    assert p5 is not None
    found, more = machine_zones(b200), machine_zones(p5)
    assert found is not None
    assert more is not None
    assert found.names == ("use1-az6",)
    assert len(more.names) == 6
    assert machine_zones(azure) is None
