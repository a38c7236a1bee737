"""Answering a reader's question, with the reason where the answer is nothing."""

import datetime as dt
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TypedDict

from lepton_infra.catalog.book import Catalog, old
from lepton_infra.catalog.classes import AcceleratorClass, class_named, class_of
from lepton_infra.catalog.load import load_catalog
from lepton_infra.catalog.model import Cloud, Interruption, Machine
from lepton_infra.catalog.power import grams_per_hour, watts
from lepton_infra.catalog.query import Wanted, parse
from lepton_infra.catalog.regions import machine_zones, place, residencies, zones
from lepton_infra.catalog.side import Commitment, SpotAdvice, carbon, fabric, fabrics, spot_advice
from lepton_infra.catalog.words import listed, nearest, plain
from lepton_infra.errors import BadInput, Fault

_OR = f"Or name a class ({listed(AcceleratorClass)}), or a machine, like 'p5.*'"


class CommitmentRow(TypedDict):
    """A commitment price as it is shown."""

    years: int
    usd_per_hour: float
    derived: bool
    program: str
    as_of: str
    old: bool
    source: str


class OfferRow(TypedDict):
    """An offer as it is shown."""

    cloud: str
    region: str
    machine: str
    vcpus: int
    memory_gib: float | None
    accelerator: str
    gpu: str | None
    gpus: float
    gpu_memory_gb: float | None
    fabric: str | None
    fabric_gbps: int | None
    usd_per_hour: float
    usd_per_gpu_hour: float | None
    price_date: str
    interruption: str | None
    commitments: list[CommitmentRow]
    grams_co2e_per_kwh: float | None
    carbon_year: int | None
    carbon_grid: str | None
    watts: float | None
    grams_co2e_per_hour: float | None
    country: str | None
    area: str | None
    zones: list[str] | None
    zones_of: str
    marks: list[str]
    source: str


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a question."""

    machines: tuple[Machine, ...]
    """Offers, cheapest first."""
    remarks: tuple[str, ...]
    """What to know about the answer."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where and how a reader wants to buy."""

    region: str = "*"
    """Pattern of the region's name."""
    cloud: str = ""
    """Name of the cloud; empty for any."""
    spot: bool = False
    """Only what is sold as spot, by spot price."""
    fabric: str = ""
    """Name of the fabric, or a part of it; empty for any or none."""
    residency: str = ""
    """Country or area that the region has to lie in; empty for any."""


def find(question: str, where: Where = Where(), catalog: Catalog | None = None) -> Found:
    """Answer `[N x] KIND`, `[N x] CLASS` (`tpu`, `cpu`), or a pattern of machine names.

    Raises:
        BadInput: a kind, number, cloud, region, fabric or machine that the catalogue does not have, with the nearest that it has.
    """
    book = catalog or load_catalog()
    wanted = _wanted(question, book)
    faults = _where_faults(book, where)
    if faults:
        raise BadInput(faults)
    everywhere = [one for one in book.machines if wanted.fits(one)]
    if not everywhere:
        raise BadInput(_nothing(question, wanted, book))
    how = replace(wanted, fabric=where.fabric, residency=where.residency)
    machines = book.select(replace(how, cloud=where.cloud, region=where.region, spot=where.spot))
    if not machines:
        raise BadInput(_not_there(question, where, [one for one in everywhere if how.fits(one)]))
    return Found(machines, tuple(_remarks(wanted, book)))


def advice(question: str, region: str = "*", catalog: Catalog | None = None) -> tuple[SpotAdvice, ...]:
    """Return what AWS's spot advisor said of the machines that a question means, seldom interrupted first, then by saving.

    The advisor speaks of regions where the catalogue has no price; the machine's facts are those of any region that has a row.

    Raises:
        BadInput: the question means nothing, or the advisor does not know it there.
    """
    book = catalog or load_catalog()
    wanted = _wanted(question, book)
    names = {one.name for one in book.machines if wanted.fits(one)}
    found = [one for one in spot_advice() if one.machine in names and fnmatchcase(one.region, region)]
    if not found:
        known = sorted({one.region for one in spot_advice() if one.machine in names})
        where = listed(known[:5]) if known else "a machine of AWS with an accelerator"
        raise BadInput(Fault(question[:60], f"has no spot advice in {region[:60]!r}" if known else "has no spot advice", where))
    bands = list(Interruption)
    return tuple(sorted(found, key=lambda one: (bands.index(one.interruption), -one.saving_percent, one.region, one.machine)))


def offer_row(machine: Machine, today: dt.date, *, spot: bool = False, catalog: Catalog | None = None) -> OfferRow:
    """Return how an offer is shown: its price per hour and per GPU-hour (spot where asked), and marks for what makes it doubtful."""
    price = machine.spot_usd_per_hour if spot and machine.spot_usd_per_hour is not None else machine.usd_per_hour
    date = machine.spot_date if spot and machine.spot_date is not None else machine.price_date
    woven, air, here, power = fabric(machine), carbon(*machine.key[:2]), place(*machine.key[:2]), watts(machine)
    grams, own = grams_per_hour(machine), machine_zones(machine)
    parts = own or zones(*machine.key[:2])
    return OfferRow(
        cloud=machine.cloud.value,
        region=machine.region,
        machine=machine.name,
        vcpus=machine.vcpus,
        memory_gib=machine.memory_gib,
        accelerator=class_of(machine).value,
        gpu=machine.gpu,
        gpus=machine.gpus,
        gpu_memory_gb=machine.gpu_memory_gb,
        fabric=woven.name if woven else None,
        fabric_gbps=woven.gbps if woven else None,
        usd_per_hour=price,
        usd_per_gpu_hour=round(price / machine.gpus, 6) if machine.gpu else None,
        price_date=date.isoformat(),
        interruption=machine.interruption.value if machine.interruption else None,
        commitments=[_commitment_row(one, today) for one in (catalog or load_catalog()).commitments(machine)],
        grams_co2e_per_kwh=air.grams_co2e_per_kwh if air else None,
        carbon_year=air.year if air else None,
        carbon_grid=air.grid if air else None,
        watts=round(power.drawn, 1) if power else None,
        grams_co2e_per_hour=None if grams is None else round(grams, 1),
        country=here.country if here else None,
        area=here.area if here else None,
        zones=list(parts.names) if parts else None,
        zones_of="machine" if own else "region",
        marks=_marks(machine, date, today, spot=spot),
        source=machine.source,
    )


def _commitment_row(one: Commitment, today: dt.date) -> CommitmentRow:
    return CommitmentRow(
        years=one.years,
        usd_per_hour=one.usd_per_hour,
        derived=one.derived,
        program=one.program,
        as_of=one.as_of.isoformat(),
        old=old(one.as_of, today),
        source=one.source,
    )


def _marks(machine: Machine, date: dt.date, today: dt.date, *, spot: bool) -> list[str]:
    marks = ["old"] if old(date, today) else []
    if spot and machine.spot_mark:
        marks.append(machine.spot_mark.value)
    if machine.caveat and not (spot and machine.caveat.startswith("sold as Spot")):
        marks.append(machine.caveat)
    return marks


def _wanted(question: str, book: Catalog) -> Wanted:
    parsed = parse(question)
    if parsed is None:
        raise BadInput(Fault("query", "is empty", "a GPU like '8x H100' or a machine like 'p5.*'"))
    count, kind, pattern = parsed
    if pattern:
        return Wanted(gpus=count, name=pattern)
    named = class_named(kind)
    if named:
        return Wanted(gpus=count, accelerator=named)
    if plain(kind) not in {plain(known) for known in book.kinds}:
        raise BadInput(Fault("query", f"asks for {kind[:60]!r}", f"choose {listed(nearest(kind, book.kinds))}", _OR))
    return Wanted(gpu=kind, gpus=count)


def _where_faults(book: Catalog, where: Where) -> list[Fault]:
    if where.cloud and where.cloud not in set(Cloud):
        return [Fault("--cloud", f"is {where.cloud[:60]!r}", f"choose {listed(Cloud)}")]
    faults: list[Fault] = []
    regions = book.regions(where.cloud or None)
    if not any(fnmatchcase(one, where.region) for one in regions):
        near = listed(nearest(where.region, regions))
        faults.append(Fault("--region", f"is {where.region[:60]!r}", f"choose {near}, or a pattern like 'us-*'"))
    if where.fabric and not (plain(where.fabric) and any(plain(where.fabric) in plain(one) for one in fabrics())):
        faults.append(Fault("--fabric", f"is {where.fabric[:60]!r}", f"choose {listed(fabrics())}"))
    if where.residency and plain(where.residency).upper() not in residencies():
        allowed = "choose an area (EEA, EU, UK, US, CA, CH, NO, APAC, LATAM, MIDEAST, AFRICA) or a country like DE"
        faults.append(Fault("--residency", f"is {where.residency[:60]!r}", allowed))
    return faults


def _not_there(question: str, where: Where, everywhere: list[Machine]) -> Fault:
    places = sorted({f"{one.cloud} {one.region}" for one in everywhere if not where.spot or one.spot_usd_per_hour is not None})
    there = " ".join(filter(None, (where.cloud, where.region if where.region != "*" else "", where.residency)))
    how = " ".join(filter(None, ("as spot" if where.spot else "", f"with {where.fabric}" if where.fabric else "")))
    allowed = f"{listed(places[:5])}{', among others' if len(places) > 5 else ''}" if places else "without that"  # noqa: PLR2004 (five are enough to go on)
    return Fault(question[:60], " ".join(filter(None, ("is not sold", f"in {there}" if there else "", how))), allowed)


def _nothing(question: str, wanted: Wanted, book: Catalog) -> Fault:
    if wanted.accelerator:
        counts = sorted({one.gpus for one in book.machines if class_of(one) == wanted.accelerator})
        allowed = f"machines have {listed(f'{count:g}' for count in counts)} of them" if counts else "the catalogue has none"
        return Fault("query", f"asks for {question[:60]!r}", allowed)
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
