"""AWS: the bulk price list (an index of regions, a CSV per region) and the spot advisor.

Formats: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-an-offer.html; the advisor's JSON is what
https://aws.amazon.com/ec2/spot/instance-advisor/ reads. Neither asks for credentials.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain, islice
from typing import IO, Any, Final, cast

from lepton_infra.catalog.feeds.http import Client, FeedFault, NoRegionFault, within
from lepton_infra.catalog.feeds.quotes import Quote, number
from lepton_infra.catalog.model import Interruption

_INDEX: Final = "/offers/v1.0/aws/AmazonEC2/current/region_index.json"
_ADVISOR: Final = "/spot-advisor-data.json"
_PREAMBLE: Final = 20
"""Lines before the header; there are five, of format, disclaimer, date, version and offer code."""
_PLAIN_LINUX: Final = {
    "Operating System": {"Linux"},
    "Tenancy": {"Shared"},
    "Pre Installed S/W": {"NA"},
    "CapacityStatus": {"Used"},
    "MarketOption": {"OnDemand", ""},
    "Unit": {"Hrs"},
    "Currency": {"USD"},
}
"""What a row has to say to be the price of a plain machine under Linux."""
_NEEDED: Final = {"TermType", "PricePerUnit", "Instance Type", *_PLAIN_LINUX} - {"MarketOption"}
_YEARS: Final = {"1yr": 1, "3yr": 3}


@dataclass(frozen=True, slots=True)
class Advice:
    """What the advisor says of a machine in a region."""

    saving: float
    """Share of the on-demand price that is saved."""
    interruption: Interruption
    """How often spot machines are taken back."""


def read_aws(client: Client, site: str, advisor: str, regions: str) -> list[Quote]:
    """Return what AWS asks in the regions that fit a pattern.

    Raises:
        FeedFault: a feed does not answer, or not with what its format says.
        NoRegionFault: no region fits.
    """
    index = client.json(site + _INDEX).get("regions")
    if not isinstance(index, dict):
        raise FeedFault("answered with an index that has no regions")
    named = cast("dict[str, Any]", index)
    chosen = sorted(name for name in named if fnmatchcase(name, regions))
    if not chosen:
        raise NoRegionFault(f"it has no region like {regions[:60]!r}")
    advice = parse_advice(client.json(advisor + _ADVISOR))
    found: list[Quote] = []
    for region in chosen:
        entry = cast("dict[str, Any]", named[region] if isinstance(named[region], dict) else {})
        address = within(site, entry.get("currentVersionUrl"))
        with client.file(address.removesuffix(".json") + ".csv") as file:
            found += _advised(region, parse_offers(region, file), advice)
    return found


def parse_offers(region: str, file: IO[bytes]) -> list[Quote]:
    """Read a region's price list, row by row: it is larger than memory should be.

    Raises:
        FeedFault: it is not such a list.
    """
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
    try:
        return _quotes(region, _rows(text))
    except csv.Error as error:
        raise FeedFault(f"answered with a price list of {region} that is no CSV ({error})") from None
    finally:
        text.detach()


def parse_advice(document: Mapping[str, Any]) -> dict[tuple[str, str], Advice]:
    """Return the spot advisor's answers for Linux, by region and machine.

    Raises:
        FeedFault: it is not the advisor's document.
    """
    try:
        bands = {int(one["index"]): Interruption(str(one["label"]).replace(" ", "")) for one in document["ranges"]}
        return {
            (region, name): Advice(float(one["s"]) / 100, bands[int(one["r"])])
            for region, systems in document["spot_advisor"].items()
            for name, one in systems.get("Linux", {}).items()
        }
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FeedFault(f"answered with spot advice of another form ({type(error).__name__}: {str(error)[:60]})") from None


def _rows(text: Iterable[str]) -> Iterator[dict[str, str]]:
    lines = iter(text)
    head = list(islice(lines, _PREAMBLE))
    start = next((place for place, line in enumerate(head) if line.startswith('"SKU"')), None)
    if start is None:
        raise FeedFault("answered with a price list that has no header")
    rows = csv.DictReader(chain(head[start:], lines))
    missing = _NEEDED - set(rows.fieldnames or ())
    if missing:
        raise FeedFault(f"answered with a price list without {', '.join(sorted(missing))}")
    for row in rows:
        if all((row.get(column) or "") in allowed for column, allowed in _PLAIN_LINUX.items()):
            yield row


def _quotes(region: str, rows: Iterable[Mapping[str, str]]) -> list[Quote]:
    prices: list[tuple[str, float]] = []
    promised: defaultdict[str, list[tuple[int, float, str]]] = defaultdict(list)
    for row in rows:
        name, price = row["Instance Type"], number(row["PricePerUnit"])
        if row["TermType"] == "OnDemand" and price:
            prices.append((name, price))
        elif row.get("PurchaseOption") == "No Upfront" and row.get("OfferingClass") == "standard":
            years = _YEARS.get((row.get("LeaseContractLength") or "").replace(" ", ""))
            promised[name] += [(years, price, "standard reserved instance")] if years else []
    return [Quote(region, name, price, commitments=tuple(promised[name])) for name, price in dict.fromkeys(prices)]


def _advised(region: str, quotes: Iterable[Quote], advice: Mapping[tuple[str, str], Advice]) -> Iterator[Quote]:
    for one in quotes:
        told = advice.get((region, one.machine))
        if told is None:
            yield one
            continue
        spot = one.usd_per_hour * (1 - told.saving)
        yield Quote(region, one.machine, one.usd_per_hour, spot, derived=True, interruption=told.interruption, commitments=one.commitments)
