"""The traps of price tables, each seen in a published one, with the rule that keeps it out of rows, feeds and answers.

Host and accelerator are listed apart; placeholders stand for prices; spot at on-demand is no discount, and one zone's spot price is not
another's; an empty spot price means not sold; a price is that of its region; a price grows old.
"""

import datetime as dt
from dataclasses import replace

import pytest

from lepton_infra.catalog import Cloud, SpotMark, dated, load_catalog, shipped_catalog
from lepton_infra.catalog.feeds.http import FeedFault
from lepton_infra.catalog.feeds.quotes import Quote, sift
from lepton_infra.catalog.reader import DEAREST_USD_PER_HOUR, read_machines
from lepton_infra.catalog.search import Where, find, offer_row
from lepton_infra.errors import BadInput

from .test_reader import GOOD, KNOWN_ON, table

BOOK = shipped_catalog()
TODAY = dt.date(2026, 11, 21)


def believed(*quotes: Quote) -> dict[tuple[str, str], float]:
    sifted = sift(Cloud.GCP, quotes, BOOK, TODAY, "a test")
    return {(one.region, one.name): one.usd_per_hour for one in sifted.refreshed.machines}


@pytest.mark.parametrize(
    ("name", "host"), [("a2-highgpu-1g", 0.74), ("a3-highgpu-8g", 9.46), ("a3-megagpu-8g", 9.99), ("g2-standard-4", 0.18)]
)
def test_a_host_alone_is_not_believed(name: str, host: float) -> None:
    """Google lists `a2-highgpu-1g` at 0.74 an hour and its A100 in a row of its own."""
    region = BOOK.where_sold("gcp", name)[0]
    whole = BOOK.machine("gcp", name, region)
    assert whole is not None
    assert whole.usd_per_hour > 3 * host
    with pytest.raises(FeedFault, match="less than a third"):
        believed(Quote(region, name, host))
    assert believed(Quote(region, name, whole.usd_per_hour)) == {(region, name): whole.usd_per_hour}


@pytest.mark.parametrize("placeholder", [0.0, 700.0, float("inf"), float("nan")])
def test_a_placeholder_is_no_price(placeholder: float) -> None:
    """TPU rows stood at 700.0 on demand and as spot, A4 rows at 0.0."""
    usual = BOOK.machine("gcp", "ct6e-standard-1t", "us-east5")
    assert usual is not None
    with pytest.raises(FeedFault):
        believed(Quote("us-east5", "ct6e-standard-1t", placeholder))
    for cells in (
        {"usd_per_hour": str(placeholder)},
        {"spot_usd_per_hour": str(placeholder), "spot_date": "2026-07-20", "spot_mark": "no-discount"},
    ):
        with pytest.raises(BadInput):
            read_machines(table(GOOD | cells), "t.csv", KNOWN_ON)
    assert max(one.usd_per_hour for one in BOOK.machines) < DEAREST_USD_PER_HOUR < 700


def test_a_placeholder_for_spot_is_no_spot_price() -> None:
    usual = BOOK.machine("gcp", "ct6e-standard-1t", "us-east5")
    assert usual is not None
    (kept,) = sift(Cloud.GCP, [Quote("us-east5", usual.name, usual.usd_per_hour, 700.0)], BOOK, TODAY, "a test").refreshed.machines
    assert kept.spot_usd_per_hour is None


def test_spot_at_on_demand_is_shown_as_no_discount() -> None:
    usual = BOOK.machine("gcp", "g2-standard-4", "us-central1")
    assert usual is not None
    quote = Quote("us-central1", usual.name, usual.usd_per_hour, usual.usd_per_hour)
    (kept,) = sift(Cloud.GCP, [quote], BOOK, TODAY, "a test").refreshed.machines
    assert kept.spot_mark is SpotMark.NO_DISCOUNT
    assert "no-discount" in offer_row(kept, TODAY, spot=True, catalog=BOOK)["marks"]


def test_a_spot_price_that_no_zone_quoted_is_an_estimate_wherever_it_is_shown() -> None:
    """p5.48xlarge ran from 10.24 to 55.04 an hour between the zones of us-east-1: a region's saving is no zone's price."""
    derived = [one for one in BOOK.machines if one.cloud is Cloud.AWS and one.spot_usd_per_hour is not None]
    assert len(derived) > 50
    assert all("derived" in offer_row(one, TODAY, spot=True, catalog=BOOK)["marks"] for one in derived)


def test_an_empty_spot_price_means_not_sold_and_never_free() -> None:
    (row,) = read_machines(table(GOOD | {"spot_usd_per_hour": ""}), "t.csv", KNOWN_ON)
    assert row.spot_usd_per_hour is None
    unsold = next(one for one in BOOK.machines if one.gpu == "H100" and one.spot_usd_per_hour is None)
    assert unsold not in find("H100", Where(spot=True), BOOK).machines
    assert offer_row(unsold, TODAY, spot=True, catalog=BOOK)["usd_per_hour"] == unsold.usd_per_hour


def test_a_price_is_that_of_its_region() -> None:
    """p5.48xlarge costs 55.04 in us-east-1 and 71.55 in eu-west-2: where there is no row, there is no price."""
    assert BOOK.machine("aws", "p5.48xlarge", "us-east-1") is not None
    assert BOOK.machine("aws", "p5.48xlarge", "eu-west-2") is None
    with pytest.raises(BadInput, match=r"--region: is 'eu-west-2'"):
        find("p5.48xlarge", Where(region="eu-west-2", cloud="aws"), BOOK)
    spread = {one.usd_per_hour for one in BOOK.machines if one.name == "a2-highgpu-1g"}
    assert max(spread) > 1.15 * min(spread)


def test_an_old_price_is_marked_where_it_is_shown() -> None:
    one = BOOK.machine("aws", "f2.6xlarge")
    assert one is not None
    assert "old" in offer_row(one, TODAY, catalog=BOOK)["marks"]
    assert "old" not in offer_row(replace(one, price_date=TODAY), TODAY, catalog=BOOK)["marks"]
    assert dated(one.price_date, TODAY).endswith(", old price")
    assert load_catalog().machine("aws", "f2.6xlarge") is not None
