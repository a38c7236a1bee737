"""Questions to the catalogue and their answers."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra import catalog
from lepton_infra.catalog import AcceleratorClass, Catalog, Wanted, load_catalog, place, shipped_catalog
from lepton_infra.catalog.query import parse
from lepton_infra.catalog.search import Found, Where, advice, offer_row
from lepton_infra.catalog.search import find as find_in
from lepton_infra.catalog.words import listed, nearest, plain
from lepton_infra.errors import BadInput


def find(question: str, region: str = "*", cloud: str = "", *, spot: bool = False, fabric: str = "") -> Found:
    return find_in(question, Where(region, cloud, spot, fabric))


@pytest.mark.parametrize(
    ("question", "meaning"),
    [
        ("8x H100", (8, "H100", "")),
        ("8xH100", (8, "H100", "")),
        ("8 X h100", (8, "h100", "")),
        ("H100", (0, "H100", "")),
        (" l40s ", (0, "l40s", "")),
        ("rtx pro 6000", (0, "rtx pro 6000", "")),
        ("A100-80GB", (0, "A100-80GB", "")),
        ("p5.*", (0, "", "p5.*")),
        ("p5.48xlarge", (0, "", "p5.48xlarge")),
        ("a3-highgpu-8g", (0, "", "a3-highgpu-8g")),
        ("Standard_ND96isr_H200_v5", (0, "", "Standard_ND96isr_H200_v5")),
    ],
)
def test_a_question_is_a_number_and_a_kind_or_a_name(question: str, meaning: tuple[float, str, str]) -> None:
    assert parse(question) == meaning


@given(st.text(max_size=40))
def test_any_question_is_answered_or_refused_in_a_sentence(question: str) -> None:
    said = "."
    try:
        machines = find(question).machines
    except BadInput as error:
        machines, said = (), str(error)
    assert machines or said.endswith(".")
    assert bool(machines) == (said == ".")


def test_offers_come_cheapest_first_by_gpu() -> None:
    machines = find("8x H100", region="us-*").machines
    prices = [machine.usd_per_gpu_hour or 0 for machine in machines]
    assert prices == sorted(prices)
    assert {machine.gpus for machine in machines} == {8.0}
    assert {machine.gpu for machine in machines} == {"H100"}
    assert all(machine.region.startswith("us-") for machine in machines)
    assert {machine.cloud.value for machine in machines} == {"aws", "gcp"}


def test_spot_is_ordered_by_spot_prices_and_carries_their_date() -> None:
    machines = find("h100", cloud="gcp", spot=True).machines
    prices = [(machine.spot_usd_per_hour or 0) / machine.gpus for machine in machines]
    assert prices == sorted(prices)
    estimate = offer_row(find("p5.48xlarge", spot=True).machines[0], dt.date(2026, 8, 1), spot=True)
    assert estimate["price_date"] == "2025-07-28"
    assert estimate["marks"] == ["old", "derived"]


def test_an_old_price_is_marked_wherever_it_is_shown() -> None:
    machine = find("p5.48xlarge").machines[0]
    assert offer_row(machine, dt.date(2026, 11, 21))["marks"] == []
    assert offer_row(machine, dt.date(2027, 7, 1))["marks"] == ["old"]


def test_what_is_closed_to_new_customers_says_so() -> None:
    row = offer_row(find("1x V100", cloud="azure").machines[0], dt.date(2026, 11, 21))
    assert "retired" in row["marks"][0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("H1000", "*", ""), "asks for 'H1000'; choose H100"),
        (("3x H100", "*", ""), "asks for 3x H100; machines have 1, 2, 4 or 8"),
        (("H100", "mars-*", ""), "--region: is 'mars-*'"),
        (("H100", "*", "acme"), "--cloud: is 'acme'; choose aws, azure or gcp"),
        (("MI300X", "*", "aws"), "not sold in aws; azure"),
        (("zzz.*", "*", ""), "asks for 'zzz.*'"),
        (("", "*", ""), "is empty"),
        (("3x tpu", "*", ""), "asks for '3x tpu'; machines have 1, 4 or 8"),
    ],
)
def test_no_answer_says_why_and_what_there_is(arguments: tuple[str, str, str], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        find(*arguments)
    assert said in str(caught.value)


def test_other_parts_of_the_same_name_are_pointed_at() -> None:
    assert find("H100").remarks == ("Not among these, because it is another part: H100-NVL.",)
    assert find("L4").remarks == ()


def test_the_hash_follows_what_the_rows_say_not_their_order() -> None:
    rows = load_catalog().machines[::-1]
    assert Catalog(tuple(rows)).digest == load_catalog().digest
    assert Catalog(tuple(rows[1:])).digest != load_catalog().digest


def test_the_order_of_rows_changes_no_answer() -> None:
    rows = load_catalog().machines[::-1]
    wanted = Wanted(gpu="a10")
    assert Catalog(tuple(rows)).select(wanted) == load_catalog().select(wanted)
    assert Catalog(tuple(rows)).machine("gcp", "g2-standard-4") == load_catalog().machine("gcp", "g2-standard-4")


def test_facts_of_a_machine() -> None:
    found = catalog.machine("aws", "p5.48xlarge")
    assert found is not None
    assert (found.vcpus, found.memory_gib, found.gpu, found.gpus, found.gpu_memory_gb) == (192, 2048.0, "H100", 8.0, 80.0)
    assert catalog.machine("aws", "p5.48xlarge", "eu-west-9") is None
    assert catalog.machine("gcp", "p5.48xlarge") is None


def test_a_service_has_a_price_or_none() -> None:
    price = catalog.service_price("aws", "us-east-1", "eks-cluster")
    assert price is not None
    assert (price.usd, price.unit) == (0.10, "hour")
    assert catalog.service_price("aws", "mars", "eks-cluster") is None


def test_words() -> None:
    assert plain("RTX PRO 6000") == plain("rtxpro6000")
    assert nearest("H1000", ["T4", "H100", "H200", "A100"])[:2] == ["H100", "H200"]
    assert listed(["a", "b", "c"]) == "a, b or c"
    assert listed(["a"]) == "a"
    assert listed([]) == ""


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("tpu", {"TPUv5p", "TPUv6e"}),
        ("8x TPUs", {"TPUv6e"}),
        ("fpga", {"VU47P"}),
        ("inferentia", {"Inferentia", "Inferentia2"}),
        ("Trainium", {"Trainium"}),
        ("cpu", {None}),
    ],
)
def test_a_class_is_asked_for_like_a_kind(question: str, kinds: set[str | None]) -> None:
    assert {machine.gpu for machine in find(question).machines} == kinds


def test_every_row_is_of_one_class_and_gpus_are_the_rest() -> None:
    by_class = {name: len(find(name).machines) for name in AcceleratorClass}
    assert sum(by_class.values()) == len(load_catalog().machines)
    assert not {machine.gpu for machine in find("gpu").machines} & {None, "TPUv6e", "VU47P", "Trainium", "Gaudi", "Inferentia2"}


def test_a_fabric_is_asked_for_by_a_part_of_its_name() -> None:
    assert {machine.name for machine in find("h100", fabric="tcpx").machines} == {"a3-highgpu-8g", "a3-megagpu-8g"}
    assert {machine.cloud for machine in find("8x h100", fabric="infiniband").machines} == {"azure"}
    # noIB and flex sizes are sold without it.
    assert not any("noIB" in machine.name for machine in find("h100", fabric="InfiniBand").machines)


@pytest.mark.parametrize("fabric", ["token ring", "-", "*" * 500])
def test_an_unknown_fabric_is_told_what_there_is(fabric: str) -> None:
    with pytest.raises(BadInput, match=r"--fabric.*choose EFA, GPUDirect-TCPX, GPUDirect-TCPXO or InfiniBand"):
        find("h100", fabric=fabric)


def test_a_fabric_that_the_region_does_not_have_names_those_that_do() -> None:
    with pytest.raises(BadInput, match=r"h100: is not sold in gcp with efa; aws us-east-1\."):
        find("h100", cloud="gcp", fabric="efa")


def test_an_offer_carries_what_is_known_beside_its_price() -> None:
    row = offer_row(find("p5.48xlarge").machines[0], dt.date(2026, 11, 21))
    assert (row["fabric"], row["fabric_gbps"], row["accelerator"]) == ("EFA", 3200, "gpu")
    assert (row["grams_co2e_per_kwh"], row["carbon_year"]) == (343.48, 2025)
    # No commitment price of it is published where we could read it: absent, not guessed.
    assert row["commitments"] == []
    host = offer_row(find("n2-standard-8", region="us-central1").machines[0], dt.date(2026, 11, 21))
    assert [(one["years"], one["derived"]) for one in host["commitments"]] == [(1, True), (3, True)]
    assert host["commitments"][0]["usd_per_hour"] == pytest.approx(host["usd_per_hour"] * 0.72, abs=1e-6)


def test_spot_advice_reaches_regions_without_a_price_and_says_nothing_of_money() -> None:
    found = advice("L40S")
    assert len(found) == 64
    assert {one.region for one in found} > {"eu-central-1", "us-east-1"}
    assert [one.interruption for one in found] == sorted((one.interruption for one in found), key=list(catalog.Interruption).index)
    assert {one.region for one in advice("h100", "eu-*")} < {"eu-north-1", "eu-west-2", "eu-central-1", "eu-south-2", "eu-west-1"}


@pytest.mark.parametrize(("question", "region"), [("tpu", "*"), ("L4", "mars-*"), ("H1000", "*")])
def test_no_spot_advice_says_why(question: str, region: str) -> None:
    with pytest.raises(BadInput):
        advice(question, region)


def test_a_commitment_that_was_published_long_ago_is_marked() -> None:
    a100 = shipped_catalog().machine("gcp", "a2-highgpu-1g", "us-central1")
    assert a100 is not None
    young, aged = (offer_row(a100, day, catalog=shipped_catalog())["commitments"] for day in (dt.date(2025, 4, 1), dt.date(2026, 11, 21)))
    assert [one["old"] for one in young] == [False, False]
    assert [one["old"] for one in aged] == [True, True]


@pytest.mark.parametrize(("residency", "countries"), [("EU", {"BE", "DE"}), ("de", {"DE"}), ("eea", {"BE", "DE", "NO"}), ("UK", {"GB"})])
def test_a_residency_leaves_out_what_lies_elsewhere(residency: str, countries: set[str]) -> None:
    found = find_in("H100", Where(residency=residency)).machines
    here = {offer_row(one, dt.date(2026, 11, 21), catalog=shipped_catalog())["country"] for one in found}
    assert countries <= here or residency == "eea"
    assert all(where in residencies_of(residency) for where in here)


def residencies_of(word: str) -> set[str | None]:
    places = [place(cloud, region) for cloud in ("aws", "azure", "gcp") for region in shipped_catalog().regions(cloud)]
    return {one.country for one in places if one and one.within(word)}


def test_an_unknown_residency_is_told_what_there_is() -> None:
    with pytest.raises(BadInput, match="--residency: is 'Atlantis'; choose an area"):
        find_in("H100", Where(residency="Atlantis"))
    with pytest.raises(BadInput, match="H100: is not sold in aws DE"):
        find_in("H100", Where(cloud="aws", residency="DE"))


def test_zones_are_the_machine_s_where_they_are_known() -> None:
    day = dt.date(2026, 11, 21)
    b200, west = (
        shipped_catalog().machine("aws", "p6-b200.48xlarge"),
        next(one for one in shipped_catalog().sold("azure", "westus") if one.gpu),
    )
    assert b200 is not None
    assert (offer_row(b200, day)["zones"], offer_row(b200, day)["zones_of"]) == (["use1-az6"], "machine")
    assert (offer_row(west, day)["zones"], offer_row(west, day)["zones_of"]) == ([], "region")
