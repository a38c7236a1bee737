"""Answering a reader's question, with the reason where the answer is nothing."""

import datetime as dt
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypedDict

from lepton_infra.catalog.book import Catalog, load_catalog, old
from lepton_infra.catalog.model import Cloud, Machine
from lepton_infra.catalog.query import Wanted, parse
from lepton_infra.catalog.words import listed, nearest, plain
from lepton_infra.errors import BadInput, Fault


class OfferRow(TypedDict):
    """An offer as it is shown."""

    cloud: str
    region: str
    machine: str
    vcpus: int
    memory_gib: float | None
    gpu: str | None
    gpus: float
    gpu_memory_gb: float | None
    usd_per_hour: float
    usd_per_gpu_hour: float | None
    price_date: str
    interruption: str | None
    marks: list[str]
    source: str


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a question."""

    machines: tuple[Machine, ...]
    """Offers, cheapest first."""
    remarks: tuple[str, ...]
    """What to know about the answer."""


def find(question: str, region: str = "*", cloud: str = "", *, spot: bool = False, catalog: Catalog | None = None) -> Found:
    """Answer `[N x] KIND` or a pattern of machine names.

    Raises:
        BadInput: a kind, number, cloud, region or machine that the catalogue does not have, with the nearest that it has.
    """
    book = catalog or load_catalog()
    wanted = _wanted(question, book)
    faults = _where_faults(book, region, cloud)
    if faults:
        raise BadInput(faults)
    everywhere = [one for one in book.machines if wanted.fits(one)]
    if not everywhere:
        raise BadInput(_nothing(question, wanted, book))
    here = Wanted(wanted.gpu, wanted.gpus, wanted.name, cloud, region, spot)
    machines = book.select(here)
    if not machines:
        places = sorted({f"{one.cloud} {one.region}" for one in everywhere if not spot or one.spot_usd_per_hour is not None})
        asked = " ".join(filter(None, (cloud, region if region != "*" else "", "as spot" if spot else "")))
        allowed = f"{listed(places[:5])}{', among others' if len(places) > 5 else ''}" if places else "on demand only"  # noqa: PLR2004 (five are enough to go on)
        raise BadInput(Fault(question, f"is not sold in {asked}" if asked != "as spot" else "is not sold as spot", allowed))
    return Found(machines, tuple(_remarks(wanted, book)))


def offer_row(machine: Machine, today: dt.date, *, spot: bool = False) -> OfferRow:
    """Return how an offer is shown: its price per hour and per GPU-hour (spot where asked), and marks for what makes it doubtful."""
    price = machine.spot_usd_per_hour if spot and machine.spot_usd_per_hour is not None else machine.usd_per_hour
    date = machine.spot_date if spot and machine.spot_date is not None else machine.price_date
    marks = ["old"] if old(date, today) else []
    if spot and machine.spot_mark:
        marks.append(machine.spot_mark.value)
    if machine.caveat and not (spot and machine.caveat.startswith("sold as Spot")):
        marks.append(machine.caveat)
    return OfferRow(
        cloud=machine.cloud.value,
        region=machine.region,
        machine=machine.name,
        vcpus=machine.vcpus,
        memory_gib=machine.memory_gib,
        gpu=machine.gpu,
        gpus=machine.gpus,
        gpu_memory_gb=machine.gpu_memory_gb,
        usd_per_hour=price,
        usd_per_gpu_hour=round(price / machine.gpus, 6) if machine.gpu else None,
        price_date=date.isoformat(),
        interruption=machine.interruption.value if machine.interruption else None,
        marks=marks,
        source=machine.source,
    )


def _wanted(question: str, book: Catalog) -> Wanted:
    parsed = parse(question)
    if parsed is None:
        raise BadInput(Fault("query", "is empty", "a GPU like '8x H100' or a machine like 'p5.*'"))
    count, kind, pattern = parsed
    if pattern:
        return Wanted(gpus=count, name=pattern)
    if plain(kind) not in {plain(known) for known in book.kinds}:
        raise BadInput(
            Fault("query", f"asks for {kind[:60]!r}", f"choose {listed(nearest(kind, book.kinds))}", "Or name a machine, like 'p5.*'")
        )
    return Wanted(gpu=kind, gpus=count)


def _where_faults(book: Catalog, region: str, cloud: str) -> list[Fault]:
    if cloud and cloud not in set(Cloud):
        return [Fault("--cloud", f"is {cloud!r}", f"choose {listed(Cloud)}")]
    regions = book.regions(cloud or None)
    if not any(fnmatchcase(one, region) for one in regions):
        return [Fault("--region", f"is {region!r}", f"choose {listed(nearest(region, regions))}, or a pattern like 'us-*'")]
    return []


def _nothing(question: str, wanted: Wanted, book: Catalog) -> Fault:
    if wanted.gpu:
        counts = sorted({one.gpus for one in book.machines if one.gpu and plain(one.gpu) == plain(wanted.gpu)})
        return Fault(
            "query", f"asks for {wanted.gpus:g}x {wanted.gpu}", f"machines have {listed(f'{count:g}' for count in counts)} of them"
        )
    return Fault("query", f"asks for {question[:60]!r}", f"machines like {listed(nearest(question, {one.name for one in book.machines}))}")


def _remarks(wanted: Wanted, book: Catalog) -> list[str]:
    wanted_kind = plain(wanted.gpu)
    alike = [kind for kind in book.kinds if "-" in kind and plain(kind.partition("-")[0]) == wanted_kind] if wanted_kind else []
    return (
        [f"Not among these, because {'it is another part' if len(alike) == 1 else 'they are other parts'}: {listed(alike, 'and')}."]
        if alike
        else []
    )
