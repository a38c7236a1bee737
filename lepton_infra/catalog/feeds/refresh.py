"""Refreshing the catalogue: every feed is asked, what is believed replaces what was there, each cloud whole or not at all."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from lepton_infra.catalog.book import Catalog, shipped_catalog
from lepton_infra.catalog.feeds.aws import read_aws
from lepton_infra.catalog.feeds.azure import read_azure
from lepton_infra.catalog.feeds.gcp import read_gcp
from lepton_infra.catalog.feeds.http import Client, FeedFault, NoRegionFault
from lepton_infra.catalog.feeds.quotes import Quote, Sifted, sift
from lepton_infra.catalog.kept import refreshed_path
from lepton_infra.catalog.load import load_catalog
from lepton_infra.catalog.model import Cloud
from lepton_infra.catalog.refreshed import Refreshed, read_refreshed, write_refreshed
from lepton_infra.errors import BadInput

_NO_KEY: Final = "its price feed asks for an API key; set LEPTON_GOOGLE_API_KEY to one of a project with the Cloud Billing API"
_SOURCES: Final = {Cloud.AWS: "aws-price-list", Cloud.AZURE: "azure-retail-prices", Cloud.GCP: "gcp-billing-catalogue"}
"""Headings in SOURCES.md."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Where the feeds are."""

    aws: str = "https://pricing.us-east-1.amazonaws.com"
    """AWS's bulk price list."""
    advisor: str = "https://spot-bid-advisor.s3.amazonaws.com"
    """AWS's spot advisor."""
    azure: str = "https://prices.azure.com"
    """Azure's retail prices."""
    gcp: str = "https://cloudbilling.googleapis.com"
    """Google's Cloud Billing catalogue."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one cloud's feed."""

    cloud: Cloud
    """Whose feed it is."""
    sifted: Sifted | None
    """What is believed of it; None where nothing was read."""
    fault: str
    """Why it failed; empty where it did not."""
    skipped: str
    """Why it was not asked; empty where it was."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be refreshed."""

    clouds: tuple[Cloud, ...] = tuple(Cloud)
    """Which clouds."""
    region: str = ""
    """Pattern of regions; empty for those that the shipped catalogue has."""
    google_key: str = ""
    """API key of Google Cloud; without one its feed is skipped."""


def refresh(asked: Asked, sites: Sites, client: Client, report: Callable[[str], None]) -> tuple[Outcome, ...]:
    """Ask every feed at once and write what is believed; a cloud whose feed failed keeps what it had.

    Returns:
        What became of each feed, in the order of the clouds. Nothing is written where nothing was read.

    Raises:
        BadInput: the file of refreshed prices cannot be written.
    """
    today, book = dt.datetime.now(dt.UTC).date(), shipped_catalog()

    def ask(cloud: Cloud) -> Outcome:
        if cloud is Cloud.GCP and not asked.google_key:
            return Outcome(cloud, None, "", _NO_KEY)
        try:
            report(f"{cloud}: reading its price feed")
            sifted = sift(cloud, _READERS[cloud](asked, sites, client, book), book, today, _SOURCES[cloud])
        except NoRegionFault as fault:
            return Outcome(cloud, None, "", str(fault))
        except FeedFault as fault:
            return Outcome(cloud, None, str(fault), "")
        return Outcome(cloud, sifted, "", "")

    with ThreadPoolExecutor(len(Cloud)) as pool:
        outcomes = tuple(pool.map(ask, asked.clouds))
    fresh = {one.cloud.value: one.sifted.refreshed for one in outcomes if one.sifted}
    if fresh:
        write_refreshed(refreshed_path(), _kept() | fresh)
        load_catalog.cache_clear()
    return outcomes


def forget() -> bool:
    """Remove every refreshed price, and say whether there was any."""
    path = refreshed_path()
    there = path.exists()
    path.unlink(missing_ok=True)
    load_catalog.cache_clear()
    return there


def _kept() -> dict[str, Refreshed]:
    try:
        return read_refreshed(refreshed_path())
    except BadInput:
        # What cannot be read is replaced, not merged with.
        return {}


def _aws(asked: Asked, sites: Sites, client: Client, book: Catalog) -> list[Quote]:
    # A region's list has hundreds of megabytes: by default only those are read that the shipped catalogue has.
    patterns = (asked.region,) if asked.region else book.regions(Cloud.AWS)
    return [quote for pattern in patterns for quote in read_aws(client, sites.aws, sites.advisor, pattern)]


def _azure(asked: Asked, sites: Sites, client: Client, book: Catalog) -> list[Quote]:
    return read_azure(client, sites.azure, book.regions(Cloud.AZURE), asked.region or "*")


def _gcp(asked: Asked, sites: Sites, client: Client, book: Catalog) -> list[Quote]:
    return read_gcp(client, sites.gcp, asked.google_key, book.sold(Cloud.GCP), asked.region or "*")


_READERS: Final = {Cloud.AWS: _aws, Cloud.AZURE: _azure, Cloud.GCP: _gcp}
