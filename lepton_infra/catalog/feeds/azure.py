"""Azure: the retail prices API, JSON in pages, without credentials.

Format: https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices.
"""

import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, cast

from lepton_infra.catalog.feeds.http import Client, FeedFault, NoRegionFault, within
from lepton_infra.catalog.feeds.quotes import Quote, number

_PATH: Final = "/api/retail/prices"
_VERSION: Final = "2023-01-01-preview"
"""The first version that tells savings plans."""
_PAGES: Final = 200
"""Most pages of one region; there are about four of 1,000 prices."""
_TERMS: Final = {"1 Year": 1, "3 Years": 3}
_HOURS_PER_YEAR: Final = 8760
"""A reservation is priced for its whole term."""
_Items = list[dict[str, Any]]


def read_azure(client: Client, site: str, regions: Iterable[str], pattern: str) -> list[Quote]:
    """Return what Azure asks in those of the regions that fit a pattern.

    Raises:
        FeedFault: the feed does not answer, or not with what its format says.
        NoRegionFault: no region fits.
    """
    chosen = [region for region in regions if fnmatchcase(region, pattern)]
    if not chosen:
        raise NoRegionFault(f"it has no region like {pattern[:60]!r}")
    return parse_items(item for region in chosen for item in _region(client, site, region))


def parse_items(items: Iterable[Mapping[str, Any]]) -> list[Quote]:
    """Return a quote for each machine under Linux that has an on-demand price, with its spot price and commitments where there are any."""
    demand: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    spot: dict[tuple[str, str], float] = {}
    promised: defaultdict[tuple[str, str], list[tuple[int, float, str]]] = defaultdict(list)
    for item in items:
        key, price = (str(item.get("armRegionName")), str(item.get("armSkuName"))), number(item.get("retailPrice"))
        if not _counts(item):
            continue
        if item.get("type") == "Reservation":
            years = _TERMS.get(str(item.get("reservationTerm")))
            promised[key] += [(years, price / (years * _HOURS_PER_YEAR), "reservation")] if years else []
        elif _is_spot(item):
            spot[key] = price
        elif item.get("type") == "Consumption":
            demand[key].append(price)
            promised[key] += _savings(item)
    return [
        Quote(*key, price, spot.get(key), commitments=tuple(promised[key]))
        for key, prices in demand.items()
        for price in dict.fromkeys(prices)
    ]


def _region(client: Client, site: str, region: str) -> _Items:
    query = {
        "api-version": _VERSION,
        "currencyCode": "USD",
        "$filter": f"serviceName eq 'Virtual Machines' and armRegionName eq '{region}'",
    }
    link: object = f"{site}{_PATH}?{urllib.parse.urlencode(query)}"
    seen: set[str] = set()
    items: _Items = []
    while link:
        address = within(site, link)
        if address in seen or len(seen) >= _PAGES:
            raise FeedFault(f"does not come to an end after {len(seen)} pages of {region}")
        seen.add(address)
        page = client.json(address)
        found = page.get("Items")
        if not isinstance(found, list):
            raise FeedFault(f"answered with a page of {region} without Items")
        items += [cast("dict[str, Any]", one) for one in cast("list[object]", found) if isinstance(one, dict)]
        link = page.get("NextPageLink")
    return items


def _counts(item: Mapping[str, Any]) -> bool:
    """Say whether it is the price of an hour of a machine under Linux; a "low priority" machine is of another time's Batch."""
    words = f"{item.get('productName')} {item.get('skuName')} {item.get('meterName')}"
    return (
        item.get("currencyCode") == "USD"
        and item.get("unitOfMeasure") == "1 Hour"
        and item.get("isPrimaryMeterRegion") is not False
        and not any(other in words for other in ("Windows", "Low Priority", "CloudServices", "Dedicated Host"))
    )


def _is_spot(item: Mapping[str, Any]) -> bool:
    return item.get("type") == "Consumption" and "Spot" in f"{item.get('skuName')} {item.get('meterName')}"


def _savings(item: Mapping[str, Any]) -> list[tuple[int, float, str]]:
    plans = item.get("savingsPlan")
    found = [cast("dict[str, Any]", one) for one in cast("list[object]", plans) if isinstance(one, dict)] if isinstance(plans, list) else []
    return [(_TERMS[str(one["term"])], number(one.get("retailPrice")), "savings plan") for one in found if str(one.get("term")) in _TERMS]
