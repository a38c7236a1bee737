"""Watts of machines: of the kinds whose makers say, in the order that the parts suggest, and grams that follow."""

import csv
from dataclasses import replace

import pytest

from lepton_infra.catalog import carbon, grams_per_hour, machine, shipped_catalog, watts
from lepton_infra.catalog.tables import DATA

BOOK = shipped_catalog()


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_limit_is_of_a_kind_and_says_whether_it_was_read() -> None:
    table = rows("power")
    assert len({row["gpu"] for row in table}) == len(table)
    assert all(50 <= float(row["watts"]) <= 1500 and row["basis"] in {"read", "remembered"} and row["source"] for row in table)
    assert all(row["source"].startswith(("https://", "aiconfigurator-core 0.12.0, ")) for row in table if row["basis"] == "read")


def test_only_kinds_without_a_published_limit_have_no_watts() -> None:
    unknown = {one.gpu for one in BOOK.machines if watts(one) is None}
    assert unknown == {"Inferentia", "Inferentia2", "TPUv5p", "TPUv6e", "Trainium", "VU47P"}


def test_a_machine_with_eight_h100_draws_what_such_servers_do() -> None:
    p5 = machine("aws", "p5.48xlarge")
    assert p5 is not None
    power = watts(p5)
    assert power is not None
    assert power.accelerators == 8 * 700
    # 192 processors at half of the way from 0.74 to 3.5 W, 2,048 GiB at 0.392 W.
    assert power.host == pytest.approx(192 * 2.12 + 2048 * 0.392)
    assert power.drawn == pytest.approx((power.accelerators + power.host) * 1.14)
    assert 6_000 < power.accelerators + power.host < 10_200  # a DGX H100 takes 10.2 kW at most


def test_a_share_of_an_accelerator_draws_its_share() -> None:
    share, whole = machine("azure", "Standard_NV6ads_A10_v5"), machine("azure", "Standard_NV36ads_A10_v5")
    assert share is not None
    assert whole is not None
    small, large = watts(share), watts(whole)
    assert small is not None
    assert large is not None
    assert small.accelerators == pytest.approx(large.accelerators / 6, rel=1e-3)


def test_more_of_a_machine_never_draws_less() -> None:
    for one in BOOK.machines[::50]:
        power, more = watts(one), watts(replace(one, vcpus=2 * one.vcpus, gpus=2 * one.gpus))
        if power is not None:
            assert more is not None
            assert more.drawn > power.drawn > 0


def test_grams_are_kilowatts_times_the_grid() -> None:
    clean, dirty = (machine("azure", "Standard_ND96isr_H100_v5", region) for region in ("swedencentral", "polandcentral"))
    assert clean is not None
    assert dirty is not None
    power, air = watts(clean), carbon("azure", "swedencentral")
    assert power is not None
    assert air is not None
    assert grams_per_hour(clean) == pytest.approx(power.drawn / 1000 * air.grams_co2e_per_kwh)
    assert (grams_per_hour(clean) or 0) < (grams_per_hour(dirty) or 0) / 10
    assert grams_per_hour(replace(clean, region="westus3")) is None  # the grid is not known
    assert grams_per_hour(replace(clean, gpu="TPUv6e")) is None
