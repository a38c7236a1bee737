"""`lepton catalog refresh` against feeds on this machine: what they say, what is believed, and every way for one to be bad."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from lepton_infra.catalog import load_catalog, shipped_catalog
from lepton_infra.catalog.feeds import Asked, Client, Outcome, forget, refresh
from lepton_infra.catalog.kept import refreshed_path
from lepton_infra.catalog.model import Cloud

from . import feed_server
from .feed_server import T4, Feeds, azure_item, index, offer, offers, reply, serving

AWS_LIST = "/offers/v1.0/aws/AmazonEC2/1/us-east-1/index.csv"
AWS_INDEX = "/offers/v1.0/aws/AmazonEC2/current/region_index.json"
AZURE = "/api/retail/prices"
ALL = Asked(google_key="secret-key")
ONE_REGION = replace(ALL, region="eastus")


@pytest.fixture
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Feeds]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("LEPTON_CATALOG")
    load_catalog.cache_clear()
    with serving() as served:
        yield served
    load_catalog.cache_clear()


def ask(feeds: Feeds, asked: Asked = ALL, **limits: object) -> dict[Cloud, Outcome]:
    waited: list[float] = []
    client = replace(Client(pause=waited.append, seconds=5.0), **limits)
    return {one.cloud: one for one in refresh(asked, feeds.sites, client, lambda _: None)}


def only(feeds: Feeds, cloud: Cloud, region: str = "", **limits: object) -> Outcome:
    return ask(feeds, replace(ALL, clouds=(cloud,), region=region), **limits)[cloud]


def test_every_feed_is_read_and_preferred(feeds: Feeds) -> None:
    outcomes = ask(feeds)
    assert [one.fault + one.skipped for one in outcomes.values()] == ["", "", ""]
    book, shipped = load_catalog(), shipped_catalog()
    assert set(book.refreshed) == {"aws", "azure", "gcp"}
    assert book.digest != shipped.digest
    assert len(book.machines) == len(shipped.machines)
    h100, t4, a100 = (
        book.machine("aws", "p5.48xlarge", "us-east-1"),
        book.machine("azure", T4, "eastus"),
        book.machine("gcp", "a2-highgpu-1g", "us-central1"),
    )
    assert h100 is not None
    assert t4 is not None
    assert a100 is not None
    assert (h100.usd_per_hour, h100.spot_usd_per_hour, h100.spot_mark, h100.interruption) == (55.04, 22.016, "derived", "5-10%")
    assert (t4.usd_per_hour, t4.spot_usd_per_hour, t4.spot_mark) == (0.526, 0.15, None)
    # Host and accelerator: 12 cores, 85 GiB and one A100; without the accelerator it would be 0.74.
    assert a100.usd_per_hour == pytest.approx(12 * 0.031611 + 85 * 0.004237 + 2.933908)
    assert {one.source for one in (h100, t4, a100)} == {"aws-price-list", "azure-retail-prices", "gcp-billing-catalogue"}
    assert {one.price_date for one in (h100, t4, a100)} == set(book.refreshed.values())


def test_commitments_are_the_feed_s_own(feeds: Feeds) -> None:
    ask(feeds)
    book = load_catalog()
    h100, t4 = book.machine("aws", "p5.48xlarge"), book.machine("azure", T4, "eastus")
    assert h100 is not None
    assert t4 is not None
    assert [(one.years, one.usd_per_hour, one.derived) for one in book.commitments(h100)] == [(1, 36.0, False), (3, 24.0, False)]
    told = [(one.years, one.usd_per_hour, one.program) for one in book.commitments(t4)]
    assert told == [(1, pytest.approx(2000 / 8760), "reservation"), (1, 0.4, "savings plan")]


def test_a_region_without_shipped_prices_gets_the_machine_s_facts(feeds: Feeds) -> None:
    only(feeds, Cloud.AWS, "eu-west-1")
    found = load_catalog().machine("aws", "p5.48xlarge", "eu-west-1")
    assert found
    assert (found.usd_per_hour, found.gpus, found.spot_usd_per_hour) == (60.5, 8.0, None)
    assert load_catalog().machine("aws", "p5.48xlarge", "us-east-1") == shipped_catalog().machine("aws", "p5.48xlarge", "us-east-1")


def test_a_host_without_the_price_of_its_accelerator_is_no_machine(feeds: Feeds) -> None:
    ask(feeds)
    # The feed has cores and memory of G2, but no L4.
    assert load_catalog().machine("gcp", "g2-standard-4", "us-central1") == shipped_catalog().machine("gcp", "g2-standard-4", "us-central1")


A3_PAGE = [
    feed_server.sku("A3 Instance Core running in Americas", 25_493_000),
    feed_server.sku("A3 Instance Ram running in Americas", 2_221_000),
    feed_server.sku("Nvidia H100 80GB GPU running in Americas", 796_560_000, units="9"),
    feed_server.sku("Spot Preemptible A3 Instance Core running in Americas", 13_900_000, "Preemptible"),
    feed_server.sku("Spot Preemptible A3 Instance Ram running in Americas", 1_200_000, "Preemptible"),
    feed_server.sku("Nvidia H100 80GB GPU attached to Spot Preemptible VMs running in Americas", 250_000_000, "Preemptible", units="2"),
    feed_server.sku("A3Plus Instance Core running in Americas", 26_924_000),
    feed_server.sku("A3Plus Instance Ram running in Americas", 2_344_000),
    feed_server.sku("Nvidia H100 80GB Mega GPU running in Americas", 344_276_000, units="10"),
    feed_server.sku("DWS Defined Duration A3 Core running in Americas", 1_000),
    feed_server.sku("TpuV5p running in Americas", 200_000_000, units="4"),
    feed_server.sku("TpuV6e running in Americas", 700_000_000, units="2"),
    feed_server.sku("TpuV6e attached to Spot Preemptible VMs running in Americas", 945_000_000, "Preemptible"),
]
"""SKUs in the words of the feed; the local disk is sold by the month."""
DISKS = [
    feed_server.sku("SSD backed Local Storage", 80_000_000),
    feed_server.sku("SSD backed Local Storage attached to Spot Preemptible VMs", 48_000_000, "Preemptible"),
]


def test_an_a3_is_host_accelerators_and_disks_and_a_tpu_is_its_chips(feeds: Feeds) -> None:
    feeds.routes["/v1/services/6F81-5844-456A/skus"] = lambda _, __: reply({"skus": A3_PAGE + DISKS, "nextPageToken": ""})
    assert not only(feeds, Cloud.GCP).fault
    book, shipped = load_catalog(), shipped_catalog()
    high, mega, v5p, v6e = (
        book.machine("gcp", name, "us-central1") for name in ("a3-highgpu-8g", "a3-megagpu-8g", "ct5p-hightpu-4t", "ct6e-standard-8t")
    )
    assert high
    assert mega
    assert v5p
    assert v6e
    before = shipped.machine("gcp", "a3-highgpu-8g", "us-central1")
    assert before
    # The sum of the parts is Google's own price of the whole machine; the host alone would be 9.46 an hour.
    assert high.usd_per_hour == pytest.approx(208 * 0.025493 + 1872 * 0.002221 + 8 * 9.79656 + 6000 * 0.08 / 730)
    assert high.usd_per_hour == pytest.approx(before.usd_per_hour, rel=1e-3)
    assert high.spot_usd_per_hour == pytest.approx(208 * 0.0139 + 1872 * 0.0012 + 8 * 2.25 + 6000 * 0.048 / 730)
    assert mega.usd_per_hour == pytest.approx(208 * 0.026924 + 1872 * 0.002344 + 8 * 10.344276 + 6000 * 0.08 / 730)
    assert mega.spot_usd_per_hour is None
    assert (v5p.usd_per_hour, v6e.usd_per_hour) == (pytest.approx(4 * 4.2), pytest.approx(8 * 2.7))
    assert v6e.spot_usd_per_hour == pytest.approx(8 * 0.945)
    assert {one.source for one in (high, mega, v5p, v6e)} == {"gcp-billing-catalogue"}


def test_an_a3_without_the_price_of_its_disks_keeps_its_shipped_price(feeds: Feeds) -> None:
    feeds.routes["/v1/services/6F81-5844-456A/skus"] = lambda _, __: reply({"skus": A3_PAGE, "nextPageToken": ""})
    assert not only(feeds, Cloud.GCP).fault
    key = ("gcp", "a3-highgpu-8g", "us-central1")
    assert load_catalog().machine(*key) == shipped_catalog().machine(*key)


def test_spot_at_on_demand_is_marked(feeds: Feeds) -> None:
    ask(feeds)
    found = load_catalog().machine("aws", "g6.xlarge")
    assert found
    assert (found.spot_mark, found.spot_usd_per_hour, found.interruption) == ("no-discount", 0.88528, ">20%")


def test_the_key_goes_into_a_header_and_nowhere_else(feeds: Feeds) -> None:
    feeds.routes["/v1/services/6F81-5844-456A/skus"] = lambda _, __: (403, {}, b"{}")
    outcome = only(feeds, Cloud.GCP)
    assert outcome.fault == "answered 403 Forbidden"
    assert not any("secret-key" in path for path in feeds.asked)
    assert any("secret-key" in headers.values() for headers in feeds.headers)


def test_without_a_key_google_is_skipped_with_a_sentence(feeds: Feeds) -> None:
    outcome = ask(feeds, Asked(clouds=(Cloud.GCP,)))[Cloud.GCP]
    assert "LEPTON_GOOGLE_API_KEY" in outcome.skipped
    assert not feeds.asked
    assert not refreshed_path().exists()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, {}, b"<html>oops</html>"), "answered 500 Internal Server Error"),
        ((404, {}, b""), "answered 404 Not Found"),
        ((200, {}, b"<html>maintenance</html>"), "not JSON"),
        ((200, {}, b"[" * 100_000), "not JSON"),
        ((200, {}, b"[]"), "no object"),
        ((200, {}, b"{}"), "without Items"),
        ((200, {"Content-Length": "5000"}, b'{"Items": ['), "broke off after 11 of 5,000 bytes"),
        ((200, {"Content-Length": str(10**12)}, b"{"), "more than the"),
        ((200, {}, b" " * 3_000_000), "answers with 3,000,000 bytes"),
        ((429, {"Retry-After": "86400"}, b""), "answered 429 Too Many Requests"),
    ],
)
def test_a_bad_answer_is_a_cause_and_changes_nothing(feeds: Feeds, answer: feed_server.Answer, said: str) -> None:
    only(feeds, Cloud.AWS)
    before = refreshed_path().read_bytes()
    feeds.routes[AZURE] = lambda _, __: answer
    outcome = only(feeds, Cloud.AZURE, "eastus", largest_page=2_000_000)
    assert said in outcome.fault
    assert refreshed_path().read_bytes() == before
    assert [path.name for path in refreshed_path().parent.iterdir()] == ["refreshed.json"]


def test_a_busy_feed_is_asked_again_when_it_says(feeds: Feeds) -> None:
    waited: list[float] = []
    answers = [(429, {"Retry-After": "7"}, b""), (503, {}, b""), (200, {"Content-Length": "99"}, b"{")]

    def busy(served: Feeds, path: str) -> feed_server.Answer:
        return answers.pop(0) if answers else feed_server.azure_page(served, path)

    feeds.routes[AZURE] = busy
    outcome = only(feeds, Cloud.AZURE, "eastus", pause=waited.append)
    assert outcome.fault == ""
    # As long as it said; then twice as long with each try.
    assert waited == [7.0, 4.0, 8.0]


def test_an_endless_feed_is_left(feeds: Feeds) -> None:
    feeds.routes[AZURE] = lambda served, path: reply({"Items": [], "NextPageLink": f"{served.site}{path}"})
    assert "does not come to an end after 1 pages" in only(feeds, Cloud.AZURE, "eastus").fault


@pytest.mark.parametrize("link", ["file:///etc/passwd", "http://127.0.0.1:1/elsewhere", "//example.org/x", "ftp://127.0.0.1/x"])
def test_no_feed_leads_off_its_site(feeds: Feeds, link: str) -> None:
    feeds.routes[AZURE] = lambda _, __: reply({"Items": [], "NextPageLink": link})
    feeds.routes[AWS_INDEX] = lambda _, __: reply({"regions": {"us-east-1": {"currentVersionUrl": link}}})
    outcomes = ask(feeds, replace(ALL, clouds=(Cloud.AWS, Cloud.AZURE)))
    assert all("is not on 127.0.0.1" in one.fault for one in outcomes.values())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no header"),
        (b'"SKU","TermType"\n', "without CapacityStatus"),
        (offers(), "no price of a machine that the catalogue knows"),
        (offers(offer("p5.48xlarge", "700.0")), "a placeholder?"),
        (offers(offer("p5.48xlarge", "nan")), "a placeholder?"),
        (offers(offer("p5.48xlarge", "-3")), "a placeholder?"),
        (offers(offer("p5.48xlarge", "5.5")), "less than a third of the 55.04"),
        (offers(offer("p5.48xlarge", "55"), offer("p5.48xlarge", "56")), "has 2 prices"),
        (offers(offer("p5.48xlarge", "55")).replace(b'"55"', b'"' + b"5" * 200_000 + b'"'), "no CSV"),
    ],
)
def test_prices_that_cannot_be_true_are_not_believed(feeds: Feeds, body: bytes, said: str) -> None:
    feeds.routes[AWS_LIST] = lambda _, __: (200, {}, body)
    assert said in only(feeds, Cloud.AWS).fault
    assert not refreshed_path().exists()
    assert load_catalog().digest == shipped_catalog().digest


def test_one_odd_price_among_many_is_left_out_by_name(feeds: Feeds) -> None:
    good = [offer(one.name, str(one.usd_per_hour)) for one in shipped_catalog().sold("aws") if one.name != "p5.48xlarge"]
    feeds.routes[AWS_LIST] = lambda _, __: (200, {}, offers(*good, offer("p5.48xlarge", "700")))
    outcome = only(feeds, Cloud.AWS)
    assert outcome.sifted
    assert outcome.sifted.left_out == ("p5.48xlarge in us-east-1 costs 700.0: a placeholder?",)
    assert len(outcome.sifted.refreshed.machines) == len(good)


def test_an_empty_or_placeholder_spot_price_is_none(feeds: Feeds) -> None:
    feeds.routes[AZURE] = lambda _, __: reply(
        {"Items": [azure_item(T4, 0.526), azure_item(T4, 700.0, skuName="x Spot")], "NextPageLink": None}
    )
    only(feeds, Cloud.AZURE, "eastus")
    found = load_catalog().machine("azure", T4, "eastus")
    assert found
    assert (found.usd_per_hour, found.spot_usd_per_hour, found.spot_mark) == (0.526, None, None)


@pytest.mark.parametrize(
    "advice",
    [
        {},
        {"ranges": 3},
        {"ranges": [{"index": 0, "label": "often"}], "spot_advisor": {}},
        {"ranges": [], "spot_advisor": {"r": {"Linux": {"m": {"s": 1, "r": 9}}}}},
    ],
)
def test_advice_of_another_form_is_told(feeds: Feeds, advice: dict[str, object]) -> None:
    feeds.routes["/spot-advisor-data.json"] = lambda _, __: reply(advice)
    assert "spot advice of another form" in only(feeds, Cloud.AWS).fault


def test_a_failed_cloud_keeps_what_it_had(feeds: Feeds) -> None:
    ask(feeds)
    had = load_catalog().machine("azure", T4, "eastus")
    feeds.routes[AZURE] = lambda _, __: (404, {}, b"")
    feeds.routes[AWS_INDEX] = lambda _, __: reply(index("us-east-1"))
    feeds.routes[AWS_LIST] = lambda _, __: (200, {}, offers(offer("p5.48xlarge", "50")))
    ask(feeds)
    assert load_catalog().machine("azure", T4, "eastus") == had
    found = load_catalog().machine("aws", "p5.48xlarge")
    assert found
    assert found.usd_per_hour == 50


def test_forgetting_and_the_shipped_choice_go_back(feeds: Feeds, monkeypatch: pytest.MonkeyPatch) -> None:
    only(feeds, Cloud.AWS)
    monkeypatch.setenv("LEPTON_CATALOG", "shipped")
    load_catalog.cache_clear()
    assert load_catalog().digest == shipped_catalog().digest
    monkeypatch.delenv("LEPTON_CATALOG")
    load_catalog.cache_clear()
    assert load_catalog().refreshed
    assert (forget(), forget()) == (True, False)
    assert load_catalog().digest == shipped_catalog().digest


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "nonsense", '{"lepton.catalog/1": {"acme": {}}}', '{"lepton.catalog/1": {"aws": {"day": 3}}}', "\udcff"]
)
def test_a_damaged_file_is_told_with_what_to_do(feeds: Feeds, text: str) -> None:
    assert feeds.site
    refreshed_path().parent.mkdir(parents=True)
    refreshed_path().write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Exception, match=r"Run `lepton catalog refresh` again, or `lepton catalog refresh --forget`\.$") as caught:
        load_catalog()
    assert getattr(caught.value, "exit_code", 0) == 2


def test_rows_of_the_file_are_held_to_the_rules_when_it_is_read(feeds: Feeds) -> None:
    only(feeds, Cloud.AWS)
    document = json.loads(refreshed_path().read_text())
    document["lepton.catalog/1"]["aws"]["machines"] = [
        row.replace("55.04", "700.0") for row in document["lepton.catalog/1"]["aws"]["machines"]
    ]
    refreshed_path().write_text(json.dumps(document))
    load_catalog.cache_clear()
    with pytest.raises(Exception, match="a placeholder"):
        load_catalog()
