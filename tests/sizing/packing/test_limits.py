"""What limits promise, by taking away what may be lost; and what a looser one may never do."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.catalog import load_catalog
from lepton_infra.sizing.packing.check import broken, zones_of
from lepton_infra.sizing.packing.groups import in_force
from lepton_infra.sizing.packing.model import Case, Limits, Need, Quota
from lepton_infra.sizing.packing.offers import allowed, offers_of
from lepton_infra.sizing.packing.pack import Packed, pack
from lepton_infra.sizing.packing.prices import prices
from lepton_infra.sizing.packing.solve import Effort
from lepton_infra.sizing.staffing import shape

RPS = {"H100": 12.6, "H200": 14.4, "B200": 27.5, "A100": 4.4, "A100-80GB": 4.4, "RTXPRO6000": 5.5, "L40S": 1.9}
DEMAND = (80.0, 200.0)
EXACT = Effort(gap=1e-4)


@pytest.fixture(scope="module")
def case() -> Case:
    """Return two hours over what three clouds offer in the United States."""
    rows = [one for one in load_catalog().machines if one.gpu in RPS and one.region.startswith(("us", "eastus", "westus", "centralus"))]
    shapes = {one.key: held for one in rows if (held := shape(one.gpus, 1, RPS[one.gpu or ""]))}
    return Case(offers_of(one for one in rows if one.key in shapes), (Need("chat", DEMAND, shapes),))


def covers(packed: Packed, hour: int) -> list[tuple[Any, int, float]]:
    need = packed.case.needs[0]
    return [
        (packed.by_key[key], count, need.cover(packed.by_key[key].machine, hour)) for (key, _), count in packed.hours[hour].nodes.items()
    ]


@pytest.mark.parametrize("lost", [1, 2])
def test_what_is_left_after_zones_are_lost_still_serves(case: Case, lost: int) -> None:
    packed = pack(case.within(Limits(survive_zones=lost)))
    plain = pack(case)

    for hour in range(2):
        fleet = covers(packed, hour)
        zones: dict[tuple[str, str, int], float] = {}
        for offer, count, cover in fleet:
            for zone, held in enumerate(zones_of(count, offer.zones)):
                zones[*offer.place, zone] = zones.get((*offer.place, zone), 0.0) + held * cover
        gone = sorted(zones, key=lambda zone: -zones[zone])[:lost]
        assert sum(load for zone, load in zones.items() if zone not in gone) >= 1 - 1e-6
    # The promise costs something, or this would hold of itself.
    assert packed.cost > plain.cost
    assert "survive_zones" in str([broken(packed.case, packed.offers, hour, plain.hours[hour].nodes, (0.0,)) for hour in range(2)])


def test_what_is_left_after_any_spot_pool_is_lost_still_serves(case: Case) -> None:
    packed = pack(case.within(Limits(survive_spot_pool=True)))

    for hour in range(2):
        fleet = covers(packed, hour)
        assert any(offer.spot for offer, _, _ in fleet)
        for gone in fleet:
            left = [one for one in fleet if one is not gone] if gone[0].spot else fleet
            assert sum(count * cover for _, count, cover in left) >= 1 - 1e-6


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_spot_share=0.5),
        Limits(max_region_share=0.4),
        Limits(max_cloud_share=0.5, max_spot_share=0.3),
        Limits(max_zone_share=0.2),
        Limits(quotas=(Quota(1, each=True),)),
        Limits(regions=("us-east*",), machines=("p5*", "a3*")),
        Limits(gpus=("L40S", "a100 80gb"), spot=False),
    ],
    ids=["spot", "region", "cloud and spot", "zone", "quota", "names", "kinds"],
)
def test_no_limit_is_broken_and_each_has_its_price(case: Case, limits: Limits) -> None:
    bound, free = case.within(limits), pack(case, EXACT)
    packed = pack(bound, EXACT)

    assert [broken(bound, packed.offers, hour, packed.hours[hour].nodes, (0.0,)) for hour in range(2)] == [(), ()]
    assert sum(hour.cost for hour in packed.alone) >= free.bound - 1e-6
    found = {price.limit: price for price in prices(packed, EXACT)}
    assert set(found) == set(in_force(bound))
    if len(found) == 1:
        (price,) = found.values()
        assert price.usd == pytest.approx(
            sum(hour.cost for hour in packed.alone) - sum(hour.cost for hour in free.alone), rel=1e-2, abs=0.05
        )
        assert price.hours


def test_residency_is_by_country_and_an_area_is_its_countries() -> None:
    offers = offers_of(one for one in load_catalog().machines if one.gpu)
    there = {offer.place for offer in allowed(offers, Limits(residency=("eu",)))}
    assert ("gcp", "europe-west4") in there
    assert ("azure", "northeurope") in there
    assert not there & {("gcp", "europe-west2"), ("gcp", "europe-west6"), ("aws", "us-east-1"), ("azure", "norwayeast")}
    assert {offer.place for offer in allowed(offers, Limits(residency=("NO", "gb")))} >= {("azure", "norwayeast"), ("gcp", "europe-west2")}


def test_carbon_has_a_price_and_a_cap(case: Case) -> None:
    plain = pack(case)
    dear = pack(case.within(Limits(usd_per_tonne_co2e=20_000.0)))
    kilograms = plain.grams * 0.8 / 1000 * 730 / 2
    capped = pack(case.within(Limits(kg_co2e_per_month=kilograms)))

    assert dear.grams < plain.grams
    assert dear.usd > plain.usd
    assert capped.grams <= plain.grams * 0.8 * (1 + 1e-6)
    assert capped.unserved == (0.0,)


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from([0.3, 0.5, 0.7, 1.0]),
    st.sampled_from([0.4, 0.6, 0.9]),
    st.floats(20, 200),
    st.floats(1, 2),
    st.sampled_from([0.25, 1000.0]),
)
def test_looser_is_never_dearer_more_is_never_cheaper_and_units_do_not_matter(
    case: Case, spot: float, region: float, demand: float, more: float, unit: float
) -> None:
    def best(limits: Limits, needed: float, scale: float = 1.0) -> Packed:
        shapes = {key: replace(held, per_replica=held.per_replica * scale) for key, held in case.needs[0].shapes.items()}
        return pack(Case(case.offers, (Need("chat", (needed * scale,), shapes),), limits), EXACT)

    limits = Limits(max_spot_share=spot, max_region_share=region)
    tight = best(limits, demand)
    assert best(replace(limits, max_region_share=None), demand).bound <= tight.cost + 1e-6
    assert best(replace(limits, max_spot_share=min(spot + 0.2, 1.0)), demand).bound <= tight.cost + 1e-6
    assert best(limits, demand * more).cost >= tight.bound - 1e-6
    assert best(limits, demand, unit).cost == pytest.approx(tight.cost, rel=2e-4)


def test_the_order_of_the_catalogue_changes_nothing(case: Case) -> None:
    limits = Limits(max_spot_share=0.5, max_region_share=0.6, survive_spot_pool=True)
    there, back = (pack(Case(offers, case.needs, limits)) for offers in (case.offers, case.offers[::-1]))
    assert there.hours == back.hours
    assert repr(there.hours) == repr(back.hours)
