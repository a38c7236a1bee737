"""Which source to believe for a model on a kind of GPU, and what the others say to it.

The order is: the user's benchmarks, the user's estimator, the shipped estimates, the shipped measurements. The first that knows the
configuration is planned with; every other one is held beside it at the same promise, and so is the same source on weaker GPUs. Further
apart than `APART`, a shipped figure is refused, and a benchmark of the user's is planned with only as far as the others bear it out.
Nothing may exceed the roofline.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from lepton_infra.catalog import listed
from lepton_infra.config import KnownThroughput, TokenSlo
from lepton_infra.throughput import roofline
from lepton_infra.throughput.model import Audited, GpuSpec, Point, Source
from lepton_infra.throughput.names import family
from lepton_infra.throughput.replica import Operating, configurations, nearest, operating
from lepton_infra.throughput.tables import audited, gpu_specs, model_specs, shipped_points

APART: Final = 2.0
"""Factor beyond which two sources disagree."""
_OWN: Final = (Source.BENCHMARK, Source.PRINTED)


@dataclass(frozen=True, slots=True)
class Believed:
    """What a replica on one kind of GPU may be planned with."""

    ways: tuple[Operating, ...]
    """Ways to run it that keep the promise, at least one."""
    share: float
    """Share of the measured speed that is planned with; below 1 where a benchmark is far above the other sources."""
    reasons: tuple[str, ...]
    """What it rests on and what other sources say, as sentences."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing may be planned with."""

    given: str
    """What is wrong, as the clause of a fault."""
    remedy: str
    """What the user can do."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What another source says: the least and the most of its configurations."""

    name: str
    """The source."""
    low: float
    """Output tokens per second and GPU."""
    high: float
    """Output tokens per second and GPU."""


def judge(wanted: KnownThroughput, slo: TokenSlo, gpu: str, gpus: int, own: Sequence[Point]) -> Believed | Refused:
    """Decide what a replica of so many GPUs of a kind may be planned with.

    Args:
        wanted: the model, and the precision and engine where they were said.
        slo: what was promised.
        gpu: kind of GPU.
        gpus: GPUs of a replica.
        own: the user's points, those on other kinds left out.
    """
    points = [*own, *known_points(wanted.model, gpu)]
    if not points:
        return Refused(
            f"is '{wanted.model}', of which nothing is known on {gpu}", "Give throughput.benchmark, or per_gpu in place of model"
        )
    fitting = [point for point in points if _fits(point, wanted, gpus)]
    groups = nearest_by_source(fitting, slo)
    if not groups:
        return _unlike(points, gpu, slo)
    source = min(groups, key=list(Source).index)
    unclear = _unclear(groups[source]) if source not in _OWN else None
    if unclear:
        return Refused(f"is '{wanted.model}', which {source} knows on {gpu} {unclear[1]}", f"Say throughput.{unclear[0]}")
    ways = [way for group in groups[source] for way in operating(group, slo, gpus)]
    if not ways:
        return Refused(
            f"is '{wanted.model}', whose {source} on {gpu} {_why_not(groups[source], slo)}", "Promise less, or choose another GPU"
        )
    weaker = _weaker_claims(wanted, slo, gpu, gpus, ways[0].points[0])
    return _held_up(wanted, gpu, ways, [*_claims(groups, source, slo, gpus), *audit_claims(wanted.model, gpu), *weaker])


def known_points(model: str, gpu: str | None = None) -> list[Point]:
    """Return the shipped points of a model, on one kind of GPU or on all."""
    return [point for point in shipped_points() if family(point.model) == family(model) and gpu in {None, point.gpu}]


def audit_claims(model: str, gpu: str) -> Iterator[Claim]:
    """Return what MLPerf's audited submissions reached."""
    rows: list[Audited] = [row for row in audited() if family(row.model) == family(model) and row.gpu == gpu]
    if rows:
        figures = [row.tokens_per_gpu for row in rows]
        yield Claim("MLPerf Inference v5.1", min(figures), max(figures))


def nearest_by_source(points: Iterable[Point], slo: TokenSlo) -> dict[Source, list[tuple[Point, ...]]]:
    """Return each source's configurations nearest to the size promised, sources without one left out."""
    groups = configurations(points)
    found = {source: nearest([group for group in groups if group[0].source is source], slo) for source in Source}
    return {source: near for source, near in found.items() if near}


def apart(claim: Claim, figure: float) -> bool:
    """Say whether a figure and what another source says are further apart than `APART`."""
    return figure > APART * claim.high or figure * APART < claim.low


def _fits(point: Point, wanted: KnownThroughput, gpus: int) -> bool:
    """Say whether a point tells of the configuration; what a source does not say is no reason to pass it over."""
    said = ((wanted.precision, point.precision), (wanted.engine, point.engine))
    return point.gpus in {0, gpus} and all(not ours or not theirs or ours == theirs for ours, theirs in said)


def _held_up(wanted: KnownThroughput, gpu: str, ways: list[Operating], claims: list[Claim]) -> Believed | Refused:
    best = max(ways, key=lambda way: way.tokens_per_gpu)
    point = best.points[0]
    precision = point.precision or wanted.precision or ""
    bound = _bound(wanted.model, gpu, precision, best)
    figure = best.tokens_per_gpu
    if bound and figure > bound:
        most = f"its memory and arithmetic allow {bound:,.0f}"
        given = f"is '{wanted.model}', for which {point.origin} has {figure:,.0f} tokens/s per {gpu}; {most}"
        return Refused(given, "Check gpus_per_replica, precision and benchmark_gpu")
    against = [claim for claim in claims if apart(claim, figure)]
    share = 1.0
    if against and point.source is not Source.BENCHMARK:
        said = listed((f"{claim.name} {_range(claim)}" for claim in against), "and")
        given = f"is '{wanted.model}', for which {point.source} has {figure:,.0f} tokens/s per {gpu} but {said}"
        return Refused(given, "Give throughput.benchmark, or state per_gpu")
    if against:
        share = min(1.0, *(APART * claim.high / figure for claim in against))
    return Believed(tuple(ways), share, tuple(_reasons(gpu, best, bound, claims, share)))


def _reasons(gpu: str, best: Operating, bound: float | None, claims: list[Claim], share: float) -> Iterator[str]:
    point, figure = best.points[0], best.tokens_per_gpu
    day = f" on {point.date}" if point.date else ""
    fitted = f"ITL = {best.line.a_ms:.3g} ms + {best.line.b_ms:.3g} ms x batch" if best.line.b_ms else f"ITL {best.line.a_ms:.3g} ms"
    words = "point" if len(best.points) == 1 else f"{len(best.points)} points"
    yield f"{gpu}: {figure:,.0f} tokens/s per GPU, {fitted} ({point.origin}{day}; {words}, {point.shape} tokens)."
    for claim in claims:
        if claim.high == inf and not apart(claim, figure):
            continue
        doubt = f"; more than {APART:g}x apart" if apart(claim, figure) else ""
        yield f"{gpu}: {claim.name} has {_range(claim)} tokens/s per GPU{doubt}."
    if share < 1:
        yield f"{gpu}: the benchmark is planned with at {share:.0%} of its speed, {APART:g}x the most that the others say."
    if bound:
        yield f"{gpu}: memory and arithmetic allow {bound:,.0f} tokens/s per GPU at most."


def _claims(groups: dict[Source, list[tuple[Point, ...]]], believed: Source, slo: TokenSlo, gpus: int) -> Iterator[Claim]:
    for source, configured in groups.items():
        figures = [max(way.tokens_per_gpu for way in ways) for group in configured if (ways := operating(group, slo, gpus))]
        if source is not believed and figures:
            yield Claim(source.value, min(figures), max(figures))


def _weaker_claims(wanted: KnownThroughput, slo: TokenSlo, gpu: str, gpus: int, point: Point) -> Iterator[Claim]:
    """Yield what the same source has on GPUs that are behind in memory bandwidth and arithmetic: this one should not be slower."""
    sheets = gpu_specs()
    same = [
        one
        for one in known_points(wanted.model)
        if (one.source, one.precision, one.engine) == (point.source, point.precision, point.engine)
    ]
    for kind in sorted({one.gpu for one in same} & sheets.keys() - {gpu}):
        if gpu not in sheets or not _behind(sheets[kind], sheets[gpu]):
            continue
        groups = nearest_by_source((one for one in same if one.gpu == kind and _fits(one, wanted, gpus)), slo).get(point.source, [])
        figures = [way.tokens_per_gpu for group in groups for way in operating(group, slo, gpus)]
        if figures:
            yield Claim(f"the same source on the weaker {kind}", max(figures), inf)


def _behind(one: GpuSpec, other: GpuSpec) -> bool:
    return one.gb_per_second <= other.gb_per_second and one.tflops["bf16"] <= other.tflops["bf16"]


def _bound(model: str, gpu: str, precision: str, way: Operating) -> float | None:
    size, sheet = model_specs().get(family(model)), gpu_specs().get(gpu)
    return roofline.tokens_per_gpu(size, sheet, precision, way.slots, way.gpus) if size and sheet else None


def _unclear(groups: list[tuple[Point, ...]]) -> tuple[str, str] | None:
    """Return the setting that has to be said, and the ways it could be, where configurations differ in more than their release."""
    engines = sorted({group[0].engine for group in groups})
    precisions = sorted({group[0].precision for group in groups} - {""})
    if len(engines) > 1:
        return "engine", f"with {listed(engines, 'and')}"
    return ("precision", f"in {listed(precisions, 'and')}") if len(precisions) > 1 else None


def _unlike(points: list[Point], gpu: str, slo: TokenSlo) -> Refused:
    known = sorted({(point.gpus, point.shape.isl, point.shape.osl, point.precision, point.engine) for point in points})
    shown = [f"{gpus or '?'} GPUs {isl}/{osl} {precision} {engine}".rstrip() for gpus, isl, osl, precision, engine in known]
    rest = f" and {len(shown) - 6} more" if len(shown) > 6 else ""  # noqa: PLR2004 (what a person reads)
    given = f"has nothing near {slo.input_tokens}/{slo.output_tokens} tokens on {gpu} for these gpus_per_replica, precision and engine"
    return Refused(f"{given}; known are {listed(shown[:6], 'and')}{rest}", "Change one of them, or give throughput.benchmark")


def _why_not(groups: list[tuple[Point, ...]], slo: TokenSlo) -> str:
    points = [point for group in groups for point in group]
    tpot, ttft = min(point.tpot_ms for point in points), min(point.ttft_ms for point in points) / 1000
    if tpot > slo.tpot_ms:
        return f"needs {tpot:.3g} ms between tokens at least, where tpot_ms is {slo.tpot_ms:g}"
    return f"needs {ttft:.3g} s to the first token, where ttft_seconds is {slo.ttft_seconds:g}"


def _range(claim: Claim) -> str:
    if claim.high == inf:
        return f"{claim.low:,.0f} or more"
    return f"{claim.low:,.0f}" if claim.low == claim.high else f"{claim.low:,.0f} to {claim.high:,.0f}"
