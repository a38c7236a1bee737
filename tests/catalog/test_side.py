"""The tables beside the machine rows: each row sourced, possible, and about something that the catalogue sells."""

import csv
import re
from dataclasses import replace
from itertools import product

import pytest

from lepton_infra.catalog import carbon, fabric, shipped_catalog, spot_advice
from lepton_infra.catalog.side import discounts, fabrics
from lepton_infra.catalog.tables import DATA

BOOK = shipped_catalog()
SOURCES = (DATA / "SOURCES.md").read_text(encoding="utf-8")


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_carbon_is_possible_and_told_once_of_each_region() -> None:
    table = rows("carbon")
    assert len({(row["cloud"], row["region"]) for row in table}) == len(table) == 123
    # Hydro and nuclear grids stand near 10, coal near 900; nothing burns dirtier than oil at about 1,000.
    assert all(5 < float(row["grams_co2e_per_kwh"]) < 1000 and 2020 <= int(row["year"]) <= 2026 and row["grid"] for row in table)
    assert {row["source"] for row in table} == {"google-region-carbon", "co2js-ember"}
    assert all(f"| {row['source']} |" in SOURCES for row in table)


def test_a_region_takes_the_figure_of_the_grid_that_it_names() -> None:
    google = {row["region"]: row["grams_co2e_per_kwh"] for row in rows("carbon") if row["cloud"] == "gcp"}
    for row in rows("carbon"):
        named = re.fullmatch(r"grid of Google (\S+)", row["grid"])
        if named:
            assert row["grams_co2e_per_kwh"] == google[named[1]], row


def test_every_google_region_and_most_others_have_carbon() -> None:
    missing = {cloud: [region for region in BOOK.regions(cloud) if carbon(cloud, region) is None] for cloud in ("aws", "azure", "gcp")}
    assert missing == {"aws": [], "azure": ["southindia", "swedensouth", "westcentralus", "westus2", "westus3"], "gcp": []}
    assert [one.region for one in spot_advice() if carbon("aws", one.region) is None] == []
    assert carbon("aws", "mars-1") is None


def test_each_fabric_row_is_of_a_machine_that_is_sold_and_no_machine_has_two() -> None:
    table = rows("fabric")
    assert fabrics() == ("EFA", "GPUDirect-TCPX", "GPUDirect-TCPXO", "InfiniBand")
    assert len({(row["cloud"], row["machines"]) for row in table}) == len(table)
    assert all(row["source"].startswith("https://") and int(row["gbps"]) > 0 for row in table)
    sold = {(one.cloud.value, one.name) for one in BOOK.machines}
    for row in table:
        pattern = re.compile(re.escape(row["machines"]).replace(r"\*", ".*"))
        assert any(row["cloud"] == cloud and pattern.fullmatch(name) for cloud, name in sold), row


def test_small_machines_have_no_fabric() -> None:
    assert [name for name in ("p5.48xlarge", "g5.xlarge", "m7g.large") if (one := BOOK.machine("aws", name)) and fabric(one)] == [
        "p5.48xlarge"
    ]
    flat = BOOK.machine("azure", "Standard_ND96is_noIB_H100_v5")
    assert flat is not None
    assert fabric(flat) is None


def test_spot_advice_is_whole_and_of_accelerators_that_are_sold() -> None:
    told = spot_advice()
    assert len(told) == len({(one.region, one.machine) for one in told}) == 794
    assert all(one.saving_percent <= 99 for one in told)
    assert {one.machine for one in told} <= {one.name for one in BOOK.sold("aws") if one.gpu}


def test_advice_and_rows_agree_where_both_speak() -> None:
    bands = {(one.region, one.machine): one.interruption for one in spot_advice()}
    compared = [(one.interruption, bands[one.region, one.name]) for one in BOOK.sold("aws") if (one.region, one.name) in bands]
    assert len(compared) > 50
    assert [pair for pair in compared if pair[0] is not None and pair[0] != pair[1]] == []


@pytest.mark.parametrize(("name", "region"), list(product(["n2-standard-8", "e2-standard-4"], ["us-central1", "europe-west4"])))
def test_a_longer_promise_is_cheaper(name: str, region: str) -> None:
    one = BOOK.machine("gcp", name, region)
    assert one is not None
    year, three = discounts(one)
    assert (year.years, three.years) == (1, 3)
    assert one.usd_per_hour > year.usd_per_hour > three.usd_per_hour > 0
    assert year.derived
    assert year.source.startswith("https://docs.cloud.google.com/")
    assert year.as_of <= one.price_date


def test_discounts_of_accelerators_are_those_that_a_source_has() -> None:
    kinds = {
        (one.cloud.value, one.name.partition(".")[0] if one.cloud == "aws" else one.name)
        for one in BOOK.machines
        if one.gpu and discounts(one)
    }
    aws = {"dl1", "g4dn", "g5", "g5g", "g6", "g6e", "gr6", "inf1", "inf2", "p3dn", "p4d", "p4de", "trn1", "trn1n"}
    assert {family for cloud, family in kinds if cloud == "aws"} == aws
    assert {name for cloud, name in kinds if cloud == "gcp"} == {f"a2-highgpu-{count}g" for count in (1, 2, 4, 8)}
    assert not [one for cloud, one in kinds if cloud == "azure"]


@pytest.mark.parametrize(
    ("name", "years", "usd"), [("p4d.24xlarge", 1, 13.921094), ("g5.48xlarge", 1, 10.26144), ("trn1.32xlarge", 1, 13.22895)]
)
def test_a_derived_price_is_the_published_one_of_the_family(name: str, years: int, usd: float) -> None:
    one = BOOK.machine("aws", name, "us-east-1")
    assert one is not None
    (found,) = discounts(one)
    assert (found.years, found.derived, found.program) == (years, True, "standard Reserved Instance")
    assert found.usd_per_hour == pytest.approx(usd, rel=2e-3)
    assert found.as_of <= one.price_date
    # The source knows this region; elsewhere discounts differ by up to six points.
    assert discounts(replace(one, region="eu-central-1")) == ()


def test_each_discount_has_its_source_and_is_possible() -> None:
    table = rows("commitments")
    assert len({(row["cloud"], row["regions"], row["machines"], row["years"]) for row in table}) == len(table)
    assert all(row["source"].startswith("https://") and 5 < float(row["discount_percent"]) < 80 for row in table)
