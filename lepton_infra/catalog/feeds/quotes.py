"""What a feed says of a machine, and which of it is believed: the traps of price feeds as rules.

The traps: placeholder prices (700 seen for TPUs), a host priced without its accelerators (an A2 host alone is 0.74 an hour),
spot at or above on-demand (no discount), an empty spot price (not sold there), and two prices for one thing.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite
from statistics import median
from typing import Any, Final

from lepton_infra.catalog.book import Catalog
from lepton_infra.catalog.feeds.http import FeedFault
from lepton_infra.catalog.model import Cloud, Interruption, Machine, SpotMark
from lepton_infra.catalog.reader import DEAREST_USD_PER_HOUR
from lepton_infra.catalog.refreshed import Refreshed
from lepton_infra.catalog.side import Commitment

SPREAD: Final = 3.0
"""Most that a price may differ, as a factor, from the median of the shipped rows of the machine: regions differ by 2.0 at most."""
DOUBTFUL_SHARE: Final = 0.1
"""A feed of which more than this share breaks the rules is not believed at all."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a feed says of a machine in a region."""

    region: str
    """Where, in the cloud's words."""
    machine: str
    """The cloud's name of the machine."""
    usd_per_hour: float
    """On-demand price."""
    spot_usd_per_hour: float | None = None
    """Spot price; None where the feed has none: not sold there."""
    derived: bool = False
    """Whether the spot price is on-demand times a saving."""
    interruption: Interruption | None = None
    """How often spot machines are taken back."""
    commitments: tuple[tuple[int, float, str], ...] = ()
    """Years, price per hour and program, nothing up front."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is believed of a feed."""

    refreshed: Refreshed
    """Rows that satisfy every rule."""
    left_out: tuple[str, ...]
    """A reason for each price that does not."""


def sift(cloud: Cloud, quotes: Iterable[Quote], book: Catalog, day: dt.date, source: str) -> Sifted:
    """Hold quotes against the rules; sizes and kinds of machines come from the shipped rows, unknown machines are passed over.

    Raises:
        FeedFault: too many break a rule, or none is of a machine that the catalogue knows.
    """
    known = [one for one in quotes if book.machine(cloud, one.machine)]
    usual = _usual(cloud, book)
    prices: defaultdict[tuple[str, str], set[float]] = defaultdict(set)
    for one in known:
        prices[one.region, one.machine].add(one.usd_per_hour)
    told = {one: _doubt(one, prices[one.region, one.machine], usual[one.machine]) for one in known}
    left_out = tuple(f"{one.machine} in {one.region} {why}" for one, why in told.items() if why)
    if not known:
        raise FeedFault("has no price of a machine that the catalogue knows")
    if len(left_out) > DOUBTFUL_SHARE * len(told):
        raise FeedFault(f"is not believed: {len(left_out)} of {len(told)} prices break a rule, the first: {left_out[0]}")
    kept = {(one.region, one.machine): one for one, why in told.items() if not why}
    machines = {key: _machine(cloud, one, book, day, source) for key, one in kept.items()}
    commitments = {
        machines[key].key: tuple(
            Commitment(years, usd, derived=False, program=program, as_of=day, source=source) for years, usd, program in made
        )
        for key, one in kept.items()
        if (made := sorted(each for each in one.commitments if _is_price(each[1]) and each[1] < one.usd_per_hour))
    }
    return Sifted(Refreshed(day, tuple(machines.values()), commitments), left_out)


def number(value: Any) -> float:  # noqa: ANN401 (a feed may say anything)
    """Return the number, or not-a-number for whatever is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _usual(cloud: Cloud, book: Catalog) -> dict[str, float]:
    prices: defaultdict[str, list[float]] = defaultdict(list)
    for one in book.sold(cloud):
        prices[one.name].append(one.usd_per_hour)
    return {name: median(found) for name, found in prices.items()}


def _doubt(one: Quote, prices: set[float], usual: float) -> str:
    """Return what is wrong with a quote, or nothing."""
    price = one.usd_per_hour
    if not _is_price(price):
        return f"costs {price}: a placeholder?"
    if len(prices) > 1:
        return f"has {len(prices)} prices"
    if not usual / SPREAD <= price <= usual * SPREAD:
        return f"costs {price:g}, {'less than a third' if price < usual else 'more than three times'} of the {usual:g} that is usual"
    return ""


def _is_price(value: float) -> bool:
    # Rows carry six decimals: what is less is nothing, and nothing is free of charge.
    return isfinite(value) and round(value, 6) > 0 and value <= DEAREST_USD_PER_HOUR


def _machine(cloud: Cloud, one: Quote, book: Catalog, day: dt.date, source: str) -> Machine:
    facts = book.machine(cloud, one.machine, one.region) or book.machine(cloud, one.machine)
    if facts is None:
        raise LookupError(one.machine)
    spot = one.spot_usd_per_hour if one.spot_usd_per_hour is not None and _is_price(one.spot_usd_per_hour) else None
    mark = SpotMark.DERIVED if spot is not None and one.derived else None
    return replace(
        facts,
        region=one.region,
        usd_per_hour=round(one.usd_per_hour, 6),
        spot_usd_per_hour=None if spot is None else round(spot, 6),
        spot_mark=SpotMark.NO_DISCOUNT if spot is not None and round(spot, 6) >= round(one.usd_per_hour, 6) else mark,
        spot_date=None if spot is None else day,
        interruption=one.interruption,
        price_date=day,
        source=source,
    )
