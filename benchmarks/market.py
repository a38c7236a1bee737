"""What `dollars.py` and `case_study.py` can buy: the catalogue's machines as offers, with what is assumed of refusals and losses."""

from collections.abc import Callable, Sequence

from mixed_fleet import Offer

from lepton_infra.catalog import Catalog, Cloud, Interruption, Machine, machine_zones, zones

RPS = {"H100": 12.6, "H200": 14.4, "B200": 27.5, "A100-80GB": 4.4, "RTXPRO6000": 5.5, "L40S": 1.9}
"""Requests per second of one accelerator under a second 2 to the first token and 50 ms to each after it (aiconfigurator 0.12.0)."""
LARGE = ("A100-80GB", "H100", "H100-NVL", "H200", "B200")
"""Accelerators of 80 GB and more."""
MONTHLY = {Interruption.UNDER_5: 0.05, Interruption.UNDER_10: 0.10, Interruption.UNDER_15: 0.15, Interruption.UNDER_20: 0.20}
MOST_MONTHLY = 0.30
HOURS_PER_MONTH = 730
REFUSED, REFUSED_SPOT = 0.02, 0.10
MOST_ZONES = 3


def offers(catalog: Catalog, clouds: tuple[Cloud, ...], size: Callable[[Machine], float]) -> tuple[list[Offer], list[Offer]]:
    """Return what can be had on demand and as spot in the region of each cloud where a unit of demand costs least on demand."""
    where = regions(catalog.machines, size)
    sold = [(one, size(one)) for one in catalog.machines if one.cloud in clouds and one.region == where[one.cloud] and size(one)]
    on_demand = [
        Offer(
            f"{one.name} ({one.region})",
            fits,
            one.usd_per_hour,
            0.0,
            REFUSED,
            committed_usd=min((term.usd_per_hour for term in catalog.commitments(one) if term.years == 1), default=None),
        )
        for one, fits in sold
        if one.on_demand
    ]
    near = {cloud: region.split("-")[0] for cloud, region in where.items()}
    spot = [
        Offer(f"{one.name} ({zone})", size(one), one.spot_usd_per_hour, hourly(one.interruption), REFUSED_SPOT, f"{one.gpu} {zone}")
        for one in catalog.machines
        if one.cloud in clouds and size(one) and one.region.split("-")[0] == near[one.cloud]
        if one.spot_usd_per_hour and one.spot_usd_per_hour < one.usd_per_hour
        for zone in zones_of(one)
    ]
    return on_demand, spot


def zones_of(machine: Machine) -> tuple[str, ...]:
    """Return the zones that a machine is bought in: those that offer it, or else those of its region, or else the region as one."""
    known = machine_zones(machine) or zones(machine.cloud, machine.region)
    return (known.names if known else ())[:MOST_ZONES] or (machine.region,)


def hourly(band: Interruption | None) -> float:
    """Return the chance of a loss within an hour that comes to the band's within a month."""
    return 1 - (1 - (MONTHLY.get(band, MOST_MONTHLY) if band else MOST_MONTHLY)) ** (1 / HOURS_PER_MONTH)


def regions(machines: Sequence[Machine], size: Callable[[Machine], float]) -> dict[Cloud, str]:
    """Return the region of each cloud where a unit of demand costs least on demand."""
    fit = [one for one in machines if one.on_demand and size(one)]
    return {
        cloud: min((one for one in fit if one.cloud is cloud), key=lambda one: (one.usd_per_hour / size(one), one.region)).region
        for cloud in Cloud
    }


def size_by(unit: str) -> Callable[[Machine], float]:
    """Return what says how much demand a machine serves; 0 for a machine that does not serve it."""

    def size(one: Machine) -> float:
        if one.gpus < 1:  # a share of an accelerator holds no replica
            return 0.0
        if unit == "rps":
            return one.gpus * RPS.get(one.gpu or "", 0.0)
        return one.gpus if one.gpu in LARGE else 0.0

    return size
