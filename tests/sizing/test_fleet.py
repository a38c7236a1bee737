"""The cheapest machine over the hours, and what is said where there is none."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.catalog import Catalog, Cloud, Machine, load_catalog
from lepton_infra.config import Stack
from lepton_infra.errors import BadInput
from lepton_infra.sizing.fleet import candidates, choose, system_faults

WHERE = "Pulumi.x.yaml: lepton:stack"


def stack(region: str = "us-east-1", machine: str = "m7i.large", **pool: Any) -> Stack:
    kinds = pool.get("gpu", ["H100"])
    base = {
        "name": "chat",
        "runs_on": "cluster",
        "gpu": kinds,
        "demand": {"file": "d.csv"},
        "throughput": {"per_gpu": dict.fromkeys(kinds, 10.0) | pool.pop("per_gpu", {}), "source": "a test"},
    }
    return Stack.model_validate(
        {
            "cloud": "aws",
            "region": region,
            "owner": "a",
            "team": "b",
            "environment": "dev",
            "cluster": {"system_pool": {"machine": machine}},
            "pools": [base | pool],
        }
    )


def machine(name: str, gpus: float, usd: float, gpu: str = "H100", **change: Any) -> Machine:
    day = dt.date(2026, 7, 20)
    row = {
        "cloud": Cloud.AWS, "region": "us-east-1", "name": name, "vcpus": 8, "memory_gib": 64.0, "gpu": gpu, "gpus": gpus,
        "gpu_memory_gb": 80.0, "usd_per_hour": usd, "on_demand": True, "spot_usd_per_hour": None, "spot_mark": None, "spot_date": None,
        "interruption": None, "price_date": day, "source": "a test", "caveat": "",
    }  # fmt: skip
    return Machine(**(row | change))


def cheapest(wanted: Stack, catalog: Catalog, demand: list[float]) -> str:
    return choose(candidates(wanted, 0, catalog, WHERE), demand, wanted.pools[0], WHERE + ".pools[0]")[0].candidate.machine.name


def test_the_smallest_price_by_the_hour_is_not_always_the_cheapest() -> None:
    catalog = Catalog((machine("one", 1, 7.0), machine("eight", 8, 48.0)))
    assert cheapest(stack(), catalog, [10.0] * 24) == "one"
    assert cheapest(stack(), catalog, [80.0] * 24) == "eight"
    # Nine GPUs: two packs of eight cost 96, nine single ones 63.
    assert cheapest(stack(), catalog, [90.0] * 24) == "one"


def test_the_runner_up_is_next_and_ties_go_to_fewer_nodes() -> None:
    catalog = Catalog((machine("pair", 2, 14.0), machine("single", 1, 7.0)))
    wanted = stack()
    fleets = choose(candidates(wanted, 0, catalog, WHERE), [20.0] * 24, wanted.pools[0], WHERE)
    assert [fleet.candidate.machine.name for fleet in fleets] == ["pair", "single"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 4, 8]), st.floats(1, 100)), min_size=1, max_size=6),
    st.lists(st.floats(0, 300), min_size=1, max_size=24),
    st.integers(1, 4),
)
def test_the_choice_is_the_best_of_all(machines: list[tuple[int, float]], demand: list[float], per_replica: int) -> None:
    rows = tuple(machine(f"m{place}", gpus, usd) for place, (gpus, usd) in enumerate(machines))
    wanted = stack(gpus_per_replica=per_replica, max_nodes=1000)
    fitting = [row for row in rows if row.gpus >= per_replica]
    if not fitting:
        with pytest.raises(BadInput, match="gpus_per_replica"):
            candidates(wanted, 0, Catalog(rows), WHERE)
        return
    fleets = choose(candidates(wanted, 0, Catalog(rows), WHERE), demand, wanted.pools[0], WHERE)

    def brute(row: Machine) -> float:
        holds = row.gpus // per_replica * per_replica * 10.0
        return sum(max(-(-each // holds), 1) for each in demand) * row.usd_per_hour

    assert fleets[0].usd == pytest.approx(min(map(brute, fitting)), rel=1e-6)
    assert fleets == choose(candidates(wanted, 0, Catalog(rows[::-1]), WHERE), demand, wanted.pools[0], WHERE)


def test_more_nodes_than_allowed_is_refused_with_the_figure() -> None:
    with pytest.raises(BadInput, match=r"max_nodes is 3, but the busiest hour needs 5 nodes of one; 5 or more"):
        cheapest(stack(max_nodes=3), Catalog((machine("one", 1, 7.0),)), [10.0, 50.0])


def test_a_machine_within_the_bound_wins_over_a_cheaper_one_beyond_it() -> None:
    catalog = Catalog((machine("one", 1, 1.0), machine("eight", 8, 48.0)))
    assert cheapest(stack(max_nodes=3), catalog, [80.0] * 24) == "eight"


def refused(wanted: Stack) -> str:
    with pytest.raises(BadInput) as caught:
        candidates(wanted, 0, load_catalog(), WHERE)
    return str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (stack(gpu=["H1000"]), "Pulumi.x.yaml: lepton:stack.pools[0].gpu is 'H1000'; choose H100, H100-NVL or H200."),
        (stack(gpu=["MI300X"]), "pools[0].gpu is MI300X, which aws does not sell; choose"),
        (stack(machines=["p5.4xlargo"]), "pools[0].machines has 'p5.4xlargo', which aws does not have; choose p5.4xlarge"),
        (stack(machines=["g6.xlarge"]), "pools[0].machines is g6.xlarge, none of which has H100; machines like p5.48xlarge or p5.4xlarge"),
        (stack(gpus_per_replica=16), "pools[0].gpus_per_replica is 16; 8 at most"),
    ],
)
def test_what_cannot_be_bought_is_refused_with_what_can(wanted: Stack, said: str) -> None:
    assert said in refused(wanted)


def test_a_kind_or_machine_that_another_region_has() -> None:
    rows = (machine("p5.4xlarge", 1, 7.0), machine("g6.xlarge", 1, 1.0, gpu="L4", region="eu-west-1"))
    catalog = Catalog(rows)
    with pytest.raises(BadInput, match=r"gpu is L4, which us-east-1 does not have; eu-west-1 of aws do"):
        candidates(stack(gpu=["L4"]), 0, catalog, WHERE)
    with pytest.raises(BadInput, match=r"machines has 'g6\.xlarge', which us-east-1 does not have; eu-west-1 do"):
        candidates(stack(machines=["g6.xlarge"]), 0, catalog, WHERE)


def test_a_region_or_system_machine_that_is_not_there() -> None:
    (fault,) = system_faults(stack(region="us-east-9"), load_catalog(), WHERE)
    assert str(fault).startswith(
        "Pulumi.x.yaml: lepton:stack.region is 'us-east-9', where the catalogue has no machine of aws; choose us-east-1"
    )
    (fault,) = system_faults(stack(machine="m7i.larg"), load_catalog(), WHERE)
    assert "cluster.system_pool.machine is 'm7i.larg', which aws does not have; choose m7i.large" in str(fault)
    assert system_faults(stack(), load_catalog(), WHERE) == []


def test_names_of_kinds_may_be_written_as_people_write_them() -> None:
    found = candidates(stack(gpu=["rtx pro 6000"]), 0, load_catalog(), WHERE)
    assert {each.machine.gpu for each in found} == {"RTXPRO6000"}


def test_what_is_closed_to_new_customers_is_not_chosen() -> None:
    rows = (machine("old", 1, 1.0, on_demand=False, caveat="retired"), machine("new", 1, 7.0))
    assert cheapest(stack(), Catalog(rows), [10.0]) == "new"
