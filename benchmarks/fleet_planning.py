"""Seconds and gap of packing a day beside the plain program, and dollars beside fleets that a person would think of first.

The setting of the survey: the busiest 10 minutes of each hour of one recorded day (71 to 363 requests a second), Llama-3.1-8B at the
rates that aiconfigurator gave, every offer of the shipped catalogue on demand and as spot.

Run: python benchmarks/fleet_planning.py [--gap 0.005] [--plain]
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lepton_infra.catalog import shipped_catalog
from lepton_infra.sizing.packing.greedy import least_loaded_first
from lepton_infra.sizing.packing.model import Case, Limits, Need, Offer, Quota
from lepton_infra.sizing.packing.offers import allowed, offers_of
from lepton_infra.sizing.packing.pack import Packed, hourly
from lepton_infra.sizing.packing.program import Cut, build
from lepton_infra.sizing.packing.rivals import one_type
from lepton_infra.sizing.packing.solve import Effort, relax, solve
from lepton_infra.sizing.packing.starts import smooth
from lepton_infra.sizing.source import read_series
from lepton_infra.sizing.staffing import shape

_PER_GPU = {"H100": 12.6, "H200": 14.4, "B200": 27.5, "A100": 4.4, "A100-80GB": 4.4, "RTXPRO6000": 5.5, "L40S": 1.9}
_DAY = 10
_SETTINGS = {
    "spot <= 50 %, region <= 60 %": Limits(max_spot_share=0.5, max_region_share=0.6),
    "spot <= 50 %, region <= 40 %, quota 2": Limits(max_spot_share=0.5, max_region_share=0.4, quotas=(Quota(2, each=True),)),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gap", type=float, default=0.005)
    parser.add_argument("--plain", action="store_true", help="also solve the plain program of each hour, unpruned (minutes)")
    given = parser.parse_args()
    case = _case()
    low, high = min(case.needs[0].demand), max(case.needs[0].demand)
    print(f"{case.hours} hours, {low:.0f} to {high:.0f} requests a second, {len(case.offers)} offers, gap {given.gap:.1%}")
    effort = Effort(gap=given.gap)
    # The first relaxation loads scipy, which is no part of planning.
    relax(build(case, case.offers[:1], [0], Cut()), np.ones(len(build(case, case.offers[:1], [0], Cut()).usd)))
    for name, limits in _SETTINGS.items():
        _setting(name, case.within(limits), effort, plain=given.plain)


def _setting(name: str, case: Case, effort: Effort, *, plain: bool) -> None:
    print(f"\n{name}")
    print(f"{'fleet':42} {'$ a day':>9} {'gap':>7} {'seconds':>8} {'of CPU':>7}")
    offers = allowed(case.offers, case.limits)
    clock, cpu = time.perf_counter(), time.process_time()
    hours = hourly(case, offers, effort) or ()
    packed = Packed(case, offers, hours)
    _line("ours, hour by hour", packed.usd, f"{packed.gap:.2%}", (clock, cpu))
    clock, cpu = time.perf_counter(), time.process_time()
    smoothed = Packed(case, offers, smooth(case, offers, hours, effort))
    _line("  with starts smoothed", smoothed.usd, f"{smoothed.gap:.2%}", (clock, cpu))
    print(
        f"  starts {packed.start_usd:.2f} $ -> {smoothed.start_usd:.2f} $; with them {smoothed.gap_with_starts:.2%} above a bound without"
    )
    if plain:
        clock, cpu = time.perf_counter(), time.process_time()
        _line("plain program, unpruned", *_plain(case, offers, effort), (clock, cpu))
    for machine in (None, "p5.48xlarge"):
        found = one_type(smoothed, machine)
        if found:
            _line(f"{found.name}{' (breaks limits)' if found.breaks else ''}", found.usd, "", None)
    clock, cpu = time.perf_counter(), time.process_time()
    greedy = Packed(case, offers, least_loaded_first(case, offers))
    _line("greedy, least-loaded-first", greedy.usd, "", (clock, cpu))


def _plain(case: Case, offers: Sequence[Offer], effort: Effort) -> tuple[float, str]:
    value = bound = 0.0
    for hour in range(case.hours):
        program = build(case, offers, [hour], Cut())
        answer = solve(program, program.cost(case.limits), effort)
        if answer:
            value, bound = value + answer.value, bound + answer.bound
    return value, f"{value / bound - 1:.2%}" if bound else ""


def _line(name: str, usd: float, gap: str, begun: tuple[float, float] | None) -> None:
    took = f"{time.perf_counter() - begun[0]:8.1f} {time.process_time() - begun[1]:7.1f}" if begun else ""
    print(f"{name:42} {usd:9,.0f} {gap:>7} {took}", flush=True)


def _case() -> Case:
    rows = [one for one in shipped_catalog().machines if one.gpu in _PER_GPU]
    shapes = {one.key: held for one in rows if (held := shape(one.gpus, 1, _PER_GPU[one.gpu or ""]))}
    series = read_series(Path(__file__).parents[1] / "stacks/demand/servegen_m_large_10min.csv")
    day = series.values[_DAY * 144 : (_DAY + 1) * 144].reshape(24, 6)
    demand = tuple(np.nanmax(day, axis=1).tolist())
    return Case(offers_of(one for one in rows if one.key in shapes), (Need("chat", demand, shapes),))


if __name__ == "__main__":
    main()
