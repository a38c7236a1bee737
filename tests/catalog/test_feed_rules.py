"""The pure parts of refreshing: no answer of a feed, however odd, does worse than being refused in a sentence."""

import contextlib
import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepton_infra.catalog import Cloud, shipped_catalog
from lepton_infra.catalog.feeds.aws import parse_advice
from lepton_infra.catalog.feeds.azure import parse_items
from lepton_infra.catalog.feeds.gcp import parse_parts
from lepton_infra.catalog.feeds.http import FeedFault, retry_after, within
from lepton_infra.catalog.feeds.quotes import SPREAD, Quote, sift
from lepton_infra.catalog.reader import COLUMNS, read_machines
from lepton_infra.catalog.refreshed import Refreshed, parse_refreshed, read_refreshed, row, write_refreshed

from .feed_server import T4, azure_item, sku

DAY = dt.date(2026, 11, 20)
BOOK = shipped_catalog()
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

UNHURRIED = settings(suppress_health_check=[HealthCheck.too_slow])
"""For the tests that draw text first: Hypothesis then builds its table of characters, which a busy machine takes long for."""


def changed(item: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(sorted(item)), JSON, max_size=3).map(lambda change: item | change)


@UNHURRIED
@given(st.lists(changed(azure_item(T4, 0.526, savingsPlan=[{"retailPrice": 0.4, "term": "1 Year"}])), max_size=3))
def test_odd_azure_items_make_quotes_or_none(items: list[dict[str, Any]]) -> None:
    assert all(isinstance(one, Quote) for one in parse_items(items))


@UNHURRIED
@given(
    st.sampled_from(["A2 Instance Core running in Americas", "TpuV6e running in Americas", "SSD backed Local Storage"]).flatmap(
        lambda words: st.lists(changed(sku(words, 31_611_000)), max_size=3)
    )
)
def test_odd_google_skus_have_prices_above_nothing_or_none(skus: list[dict[str, Any]]) -> None:
    assert all(price > 0 for price in parse_parts(skus).values())


@given(st.dictionaries(st.sampled_from(["ranges", "spot_advisor"]), JSON))
def test_odd_advice_is_refused(document: dict[str, Any]) -> None:
    found: object = {}
    with contextlib.suppress(FeedFault):
        found = parse_advice(document)
    assert found == {}


@given(st.text(max_size=40) | st.none())
def test_any_retry_after_is_a_time_or_nothing(header: str | None) -> None:
    wait = retry_after(header)
    assert wait is None or wait >= 0


@pytest.mark.parametrize("link", ["//[", "http://[::1", "https://prices.example.org/x", "https://prices.example:444/", None, 3])
def test_a_link_that_is_none_or_another_s_is_refused(link: object) -> None:
    with pytest.raises(FeedFault, match=r"is not on prices\.example"):
        within("https://prices.example", link)


def test_retry_after_reads_seconds_and_dates() -> None:
    assert retry_after("120") == 120
    assert retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0
    assert (retry_after("Fri, 31 Dec 2100 23:59:59 GMT") or 0) > 1e9


@given(JSON)
def test_no_link_leads_away(link: object) -> None:
    site = "https://prices.example"
    address = site
    with contextlib.suppress(FeedFault):
        address = within(site, link)
    assert address == site or address.startswith((f"{site}/", f"{site}?", f"{site}#"))


@given(st.floats(allow_nan=True, allow_infinity=True), st.none() | st.floats(allow_nan=True, allow_infinity=True))
def test_what_is_believed_satisfies_the_rules_of_the_shipped_rows(price: float, spot: float | None) -> None:
    usual = BOOK.machine("azure", T4, "eastus")
    assert usual
    try:
        fresh = sift(Cloud.AZURE, [Quote("eastus", T4, price, spot)], BOOK, DAY, "azure-retail-prices").refreshed
    except FeedFault:
        return
    (machine,) = fresh.machines
    assert read_machines([",".join(COLUMNS), ",".join(row(machine))], "t.csv", DAY) == (machine,)
    assert usual.usd_per_hour / SPREAD / 2.5 <= machine.usd_per_hour <= usual.usd_per_hour * SPREAD * 2.5


@pytest.mark.parametrize("name", ["Standard_ND96isr_H100_v5", T4, "Standard_D4s_v5"])
def test_the_shipped_prices_of_every_region_are_themselves_believed(name: str) -> None:
    rows = [one for one in BOOK.sold("azure") if one.name == name]
    sifted = sift(Cloud.AZURE, [Quote(one.region, one.name, one.usd_per_hour, one.spot_usd_per_hour) for one in rows], BOOK, DAY, "t")
    assert (len(sifted.refreshed.machines), sifted.left_out) == (len(rows), ())


def test_every_shipped_row_survives_being_written_and_read(tmp_path: Any) -> None:
    path = tmp_path / "deep" / "refreshed.json"
    fresh = {"aws": Refreshed(DAY, BOOK.machines, {})}
    write_refreshed(path, fresh)
    assert set(read_refreshed(path)["aws"].machines) == set(BOOK.machines)
    assert parse_refreshed(path.read_text(), "t").keys() == {"aws"}
