"""Which machine to buy: the cheapest over the planned hours, not the cheapest by the hour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lepton_infra.catalog import Catalog, Machine, listed, nearest, plain
from lepton_infra.config import Pool, Stack, Throughput
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.limits import limits_of
from lepton_infra.sizing.packing.offers import allowed, offers_of
from lepton_infra.sizing.serving import Serving, stated
from lepton_infra.sizing.staffing import NodeShape, nodes_for, replicas_for, shape


@dataclass(frozen=True, slots=True)
class Candidate:
    """A machine that will do, with what it holds."""

    machine: Machine
    """What is bought."""
    node: NodeShape
    """What it holds."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A machine over the planned hours."""

    candidate: Candidate
    """The machine and what it holds."""
    replicas: tuple[int, ...]
    """Replicas by hour."""
    nodes: tuple[int, ...]
    """Nodes by hour."""

    @property
    def usd(self) -> float:
        """Return the price of the hours planned."""
        return sum(self.nodes) * self.candidate.machine.usd_per_hour


def candidates(stack: Stack, place: int, catalog: Catalog, where: str, served: Mapping[str, Serving] | None = None) -> list[Candidate]:
    """Return the machines that satisfy what the pool asks for.

    Args:
        stack: the stack.
        place: the pool's place in it.
        catalog: what can be bought.
        where: the stack's place in its file, for messages.
        served: what a replica serves by plain kind of GPU, kinds refused left out; what the stack file states where it is empty.

    Raises:
        BadInput: no machine does; with a fault for each name that is wrong.
    """
    pool, here = stack.pools[place], f"{where}.pools[{place}]"
    faults = [*_unknown_kinds(pool, catalog, f"{here}.gpu"), *_unknown_machines(stack, pool, catalog, f"{here}.machines")]
    if faults:
        raise BadInput(faults)
    known = served or (stated(pool, pool.throughput) if isinstance(pool.throughput, Throughput) else {})
    kinds = {plain(kind): known[plain(kind)] for kind in pool.gpu if plain(kind) in known}
    of_kind = [one for one in catalog.sold(stack.cloud) if one.gpu and plain(one.gpu) in kinds]
    there = [one for one in of_kind if one.region == stack.region and one.on_demand]
    wanted = _wanted(pool, there) or _wanted(pool, _elsewhere(stack, catalog, kinds))
    if not wanted and not there:
        raise BadInput(_nowhere(stack, pool, catalog, of_kind, here))
    if not wanted:
        given = f"is {listed(pool.machines, 'and')}, none of which has {listed(pool.gpu)}"
        raise BadInput(Fault(f"{here}.machines", given, f"machines like {listed(sorted({one.name for one in there})[:5])}"))
    serving = ((one, kinds[plain(one.gpu or "")]) for one in wanted)
    held = ((one, shape(one.gpus, pool.gpus_per_replica, each.per_replica, each.queue)) for one, each in serving)
    fitting = [Candidate(one, node) for one, node in held if node]
    if not fitting:
        most = max(one.gpus for one in wanted)
        raise BadInput(Fault(f"{here}.gpus_per_replica", f"is {pool.gpus_per_replica}", f"{most:g} at most, which the largest machine has"))
    return fitting


def choose(found: Sequence[Candidate], demand: Sequence[float], pool: Pool, where: str) -> list[Fleet]:
    """Return the fleets within the pool's bounds, cheapest first over the hours' demand; ties by fewer nodes, then by name.

    Raises:
        BadInput: every machine would need more nodes than `max_nodes`.
    """
    fleets = [staff(candidate, demand, pool.min_nodes) for candidate in found]
    within = [fleet for fleet in fleets if max(fleet.nodes) <= pool.max_nodes]
    if not within:
        least = min(fleets, key=lambda fleet: (max(fleet.nodes), fleet.candidate.machine.name))
        given = f"is {pool.max_nodes}, but the busiest hour needs {max(least.nodes)} nodes of {least.candidate.machine.name}"
        raise BadInput(Fault(f"{where}.max_nodes", given, f"{max(least.nodes)} or more", "Raise it, or lower quantile or share"))
    return sorted(within, key=lambda fleet: (round(fleet.usd, 6), sum(fleet.nodes), fleet.candidate.machine.key))


def system_faults(stack: Stack, catalog: Catalog, where: str) -> list[Fault]:
    """Return what is wrong with the machine of the system pool and with the region itself."""
    regions = catalog.regions(stack.cloud)
    if stack.region not in regions:
        given = f"is {stack.region!r}, where the catalogue has no machine of {stack.cloud}"
        return [Fault(f"{where}.region", given, f"choose {listed(nearest(stack.region, regions))}")]
    name = stack.cluster.system_pool.machine
    if catalog.machine(stack.cloud, name, stack.region) is not None:
        return []
    given, allowed = _missing_machine(stack, name, catalog)
    return [Fault(f"{where}.cluster.system_pool.machine", f"is {given}", allowed)]


def staff(candidate: Candidate, demand: Sequence[float], least: int) -> Fleet:
    """Return the fleet of one machine that serves the hours' demand, with `least` nodes at least."""
    replicas = replicas_for(demand, candidate.node)
    return Fleet(candidate, replicas, tuple(nodes_for(each, candidate.node, least) for each in replicas))


def _wanted(pool: Pool, sold: Iterable[Machine]) -> list[Machine]:
    return [one for one in sold if not pool.machines or one.name in pool.machines]


def _elsewhere(stack: Stack, catalog: Catalog, kinds: Mapping[str, Serving]) -> list[Machine]:
    """Return what a fleet may buy on demand anywhere, for a pool of which the stack's own region sells nothing; none without a fleet."""
    if stack.fleet is None:
        return []
    kept = allowed(offers_of(one for one in catalog.machines if one.gpu and plain(one.gpu) in kinds), limits_of(stack.fleet))
    return [offer.machine for offer in kept if not offer.spot]


def _unknown_kinds(pool: Pool, catalog: Catalog, where: str) -> Iterable[Fault]:
    known = {plain(kind) for kind in catalog.kinds}
    for kind in pool.gpu:
        if plain(kind) not in known:
            yield Fault(where, f"is {kind!r}", f"choose {listed(nearest(kind, catalog.kinds))}")


def _unknown_machines(stack: Stack, pool: Pool, catalog: Catalog, where: str) -> Iterable[Fault]:
    for name in pool.machines:
        if stack.fleet and any(one.name == name for one in catalog.machines):
            continue
        if catalog.machine(stack.cloud, name, stack.region) is None:
            given, allowed = _missing_machine(stack, name, catalog)
            yield Fault(where, f"has {given}", allowed)


def _missing_machine(stack: Stack, name: str, catalog: Catalog) -> tuple[str, str]:
    sold = catalog.where_sold(stack.cloud, name)
    if sold:
        return f"{name!r}, which {stack.region} does not have", f"{listed(sold[:5])} do, or another machine"
    names = {one.name for one in catalog.sold(stack.cloud, stack.region)}
    return f"{name!r}, which {stack.cloud} does not have", f"choose {listed(nearest(name, names))}"


def _nowhere(stack: Stack, pool: Pool, catalog: Catalog, of_kind: Sequence[Machine], here: str) -> Fault:
    elsewhere = sorted({one.region for one in of_kind if one.on_demand})
    if elsewhere:
        given = f"is {listed(pool.gpu)}, which {stack.region} does not have"
        return Fault(f"{here}.gpu", given, f"{listed(nearest(stack.region, elsewhere, 5))} of {stack.cloud} do, or another GPU")
    sold = sorted({one.gpu for one in catalog.sold(stack.cloud, stack.region) if one.gpu and one.on_demand})
    given = f"is {listed(pool.gpu)}, which {stack.cloud} does not sell"
    return Fault(f"{here}.gpu", given, f"choose {listed(nearest(pool.gpu[0], sold))}")
