"""Google Cloud: the Cloud Billing catalogue, JSON in pages; it asks for an API key.

Format: https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list. It prices cores, memory and accelerators apart;
they are added up to machines here, with the local disks that come with some. A TPU's price includes its host.
The SKUs' words for A2 Ultra, A3 and TPU are those that public programs look for in the same feed.
G4 is left out: its host's were not found.
"""

import re
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from lepton_infra.catalog.feeds.http import Client, FeedFault, NoRegionFault
from lepton_infra.catalog.feeds.quotes import Quote, number
from lepton_infra.catalog.model import Machine
from lepton_infra.catalog.services import HOURS_PER_MONTH

_PATH: Final = "/v1/services/6F81-5844-456A/skus"
"""The SKUs of Compute Engine."""
_PAGES: Final = 200
"""Most pages; there are about ten of 5,000 SKUs."""


class _Family(NamedTuple):
    """What a machine is made of, in the words of the SKUs' descriptions."""

    host: str
    """Series of cores and memory; empty where the accelerator's price includes them."""
    accelerator: str = ""
    """The accelerator; empty without one."""
    disk_gib: float = 0
    """Local disk that comes with each accelerator, GiB."""


_FAMILIES: Final = {
    "a2-highgpu": _Family("A2", "Nvidia Tesla A100 GPU"),
    "a2-megagpu": _Family("A2", "Nvidia Tesla A100 GPU"),
    "a2-ultragpu": _Family("A2", "Nvidia Tesla A100 80GB GPU", 375),
    "a3-highgpu": _Family("A3", "Nvidia H100 80GB GPU", 750),
    "a3-megagpu": _Family("A3Plus", "Nvidia H100 80GB Mega GPU", 750),
    "c3-standard": _Family("C3"),
    "ct5p-hightpu": _Family("", "TpuV5p"),
    "ct6e-standard": _Family("", "TpuV6e"),
    "e2-standard": _Family("E2"),
    "g2-standard": _Family("G2", "Nvidia L4 GPU"),
    "n2-standard": _Family("N2"),
    "n4-standard": _Family("N4"),
}
"""Families that can be added up."""
_HOST: Final = re.compile(r"(?:Spot Preemptible )?(\w+) Instance (Core|Ram) running in .+")
_ACCELERATOR: Final = re.compile(r"(Nvidia .+ GPU|TpuV\w+)(?: attached to Spot Preemptible VMs)? running in .+")
_DISK: Final = re.compile(r"SSD backed Local Storage(?: attached to Spot Preemptible VMs)?(?: (?:running )?in .+)?")
_DISK_PART: Final = "local disk"
_USES: Final = {"OnDemand": False, "Preemptible": True}
Parts = Mapping[tuple[str, str, bool], float]
"""Prices of parts by region, part and whether as spot."""


def read_gcp(client: Client, site: str, key: str, machines: Iterable[Machine], pattern: str) -> list[Quote]:
    """Return what Google asks for the machines in the regions that fit a pattern.

    Raises:
        FeedFault: the feed does not answer, or not with what its format says.
        NoRegionFault: no region fits.
    """
    skus: list[dict[str, Any]] = []
    token, seen = "", set[str]()
    while True:
        query = urllib.parse.urlencode({"pageSize": 5000, "currencyCode": "USD", "pageToken": token})
        # The key goes into a header, so that no message that names the address gives it away.
        page = client.json(f"{site}{_PATH}?{query}", {"X-Goog-Api-Key": key})
        found = page.get("skus")
        if not isinstance(found, list):
            raise FeedFault("answered with a page without skus")
        skus += [one for one in found if isinstance(one, dict)]  # pyright: ignore[reportUnknownVariableType] (JSON)
        token = str(page.get("nextPageToken") or "")
        if not token:
            break
        if token in seen or len(seen) >= _PAGES:
            raise FeedFault(f"does not come to an end after {len(seen) + 1} pages")
        seen.add(token)
    parts = parse_parts(skus)
    regions = sorted({region for region, _, _ in parts if fnmatchcase(region, pattern)})
    if parts and not regions:
        raise NoRegionFault(f"it has no region like {pattern[:60]!r}")
    named = {one.name: one for one in machines}
    return [quote for region in regions for one in named.values() for quote in _join(one, region, parts)]


def parse_parts(skus: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, bool], float]:
    """Return the price of each part, US dollars per hour of a core, a GiB or an accelerator; a part with two prices has none.

    Local disk is sold by the month.
    """
    found: defaultdict[tuple[str, str, bool], set[float]] = defaultdict(set)
    for sku in skus:
        description, category = str(sku.get("description")), sku.get("category")
        use = _USES.get(str(category.get("usageType"))) if isinstance(category, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] (JSON)
        part = _part(description)
        price = _unit_price(sku) / (HOURS_PER_MONTH if part == _DISK_PART else 1)
        if use is None or not part or not price > 0:
            continue
        regions = sku.get("serviceRegions")
        for region in regions if isinstance(regions, list) else []:  # pyright: ignore[reportUnknownVariableType] (JSON)
            found[str(region), part, use].add(price)  # pyright: ignore[reportUnknownArgumentType] (JSON)
    return {key: next(iter(prices)) for key, prices in found.items() if len(prices) == 1}


def _part(description: str) -> str:
    host, accelerator = _HOST.fullmatch(description), _ACCELERATOR.fullmatch(description)
    if host:
        return f"{host[1]} {host[2]}"
    if _DISK.fullmatch(description):
        return _DISK_PART
    return accelerator[1] if accelerator else ""


def _unit_price(sku: Mapping[str, Any]) -> float:
    """Return the price of the last tier: the first one of some parts is free of charge for a few hours."""
    try:
        price = sku["pricingInfo"][-1]["pricingExpression"]["tieredRates"][-1]["unitPrice"]
        return number(price.get("units", 0)) + number(price.get("nanos", 0)) / 1e9
    except (KeyError, IndexError, TypeError, AttributeError):
        return float("nan")


def _join(machine: Machine, region: str, parts: Parts) -> Iterator[Quote]:
    price, spot = (_sum(machine, region, parts, spot=spot) for spot in (False, True))
    if price is not None:
        yield Quote(region, machine.name, price, spot)


def _sum(machine: Machine, region: str, parts: Parts, *, spot: bool) -> float | None:
    """Return host and accelerators together, or None where a part has no price: a host alone is not the machine."""
    family = _FAMILIES.get("-".join(machine.name.split("-")[:2]))
    if family is None or machine.memory_gib is None or bool(family.accelerator) is not (machine.gpu is not None):
        return None
    counts: dict[str, float] = {}
    if family.host:
        counts |= {f"{family.host} Core": machine.vcpus, f"{family.host} Ram": machine.memory_gib}
    if family.accelerator:
        counts[family.accelerator] = machine.gpus
    if family.disk_gib:
        counts[_DISK_PART] = family.disk_gib * machine.gpus
    prices = [(parts.get((region, part, spot)), count) for part, count in counts.items()]
    return None if any(price is None for price, _ in prices) else sum((price or 0) * count for price, count in prices)
