"""What is known of a model, to look at: every configuration with its line and provenance, and where sources disagree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

from lepton_infra.catalog import listed, nearest, plain
from lepton_infra.errors import BadInput, Fault
from lepton_infra.throughput.judge import APART, known_points
from lepton_infra.throughput.model import Audited, Point
from lepton_infra.throughput.names import canonical, family
from lepton_infra.throughput.replica import NEAR, Line, configurations, fit
from lepton_infra.throughput.tables import audited, gpu_specs, model_specs, shipped_points


@dataclass(frozen=True, slots=True)
class Known:
    """One configuration of one source."""

    line: Line
    """Time between tokens by batch."""
    points: tuple[Point, ...]
    """Its points, by batch."""

    @property
    def about(self) -> Point:
        """Return a point that stands for what all have in common."""
        return self.points[0]

    @property
    def best(self) -> float:
        """Return the most output tokens per second and GPU among its points."""
        return max(point.tokens_per_gpu for point in self.points)

    def at(self, batch: float) -> float:
        """Return output tokens per second and GPU while decoding a batch, prefill left out."""
        return batch * 1000 / self.line.at(batch) / max(self.about.gpus, 1)


@dataclass(frozen=True, slots=True)
class Listing:
    """All that is known of a model."""

    model: str
    """The model as it was asked for."""
    known: tuple[Known, ...]
    """Configurations by GPU, then by source."""
    audited: tuple[Audited, ...]
    """MLPerf's figures."""
    disagreements: tuple[str, ...]
    """Where sources are more than `APART` apart, as sentences."""
    remarks: tuple[str, ...]
    """What the reader should know beside it."""


def listing(model: str, gpu: str = "") -> Listing:
    """Return what the shipped tables know of a model, on one kind of GPU or on all.

    Raises:
        BadInput: the model or the kind of GPU is in no table.
    """
    here = canonical(gpu) if gpu else None
    rows = tuple(row for row in audited() if family(row.model) == family(model))
    points = known_points(model)
    kinds = sorted({point.gpu for point in points} | {row.gpu for row in rows})
    if not kinds:
        names = sorted({point.model for point in shipped_points()} | {row.model for row in audited()})
        raise BadInput(Fault(model, "is in no table", f"choose {listed(nearest(model, names))}"))
    if here and here not in kinds:
        raise BadInput(Fault(gpu, f"is no GPU that '{model}' is known on", f"choose {listed(kinds)}"))
    known = tuple(Known(fit(group), group) for group in configurations(point for point in points if here in {None, point.gpu}))
    ordered = tuple(sorted(known, key=lambda one: (one.about.gpu, one.about.source, one.about.gpus, one.about.precision)))
    shown = tuple(row for row in rows if here in {None, row.gpu})
    return Listing(model, ordered, shown, tuple(disagreements(ordered, shown)), tuple(_remarks(model, here)))


def disagreements(known: Sequence[Known], rows: Sequence[Audited]) -> Iterator[str]:
    """Yield a sentence for each two sources more than `APART` apart on the same GPUs, precision and a like shape, at the same batch.

    MLPerf's submissions name neither batch nor shape: the best of a source's configurations on a GPU is held against them.
    """
    for one, other in combinations(known, 2):
        batch = min(one.line.largest, other.line.largest)
        if one.about.source is not other.about.source and _alike(one.about, other.about):
            slow, fast = sorted((one, other), key=lambda each: each.at(batch))
            if fast.at(batch) > APART * slow.at(batch):
                said = [f"{each.about.origin} has {each.at(batch):,.0f} tokens/s per GPU" for each in (slow, fast)]
                yield f"{_place(one)} at batch {batch:g}: {said[0]}, {said[1]}."
    for kind in sorted({row.gpu for row in rows}):
        figures = [row.tokens_per_gpu for row in rows if row.gpu == kind]
        for source in sorted({one.about.source for one in known if one.about.gpu == kind}):
            best = max(one.best for one in known if (one.about.gpu, one.about.source) == (kind, source))
            if best > APART * max(figures) or best * APART < min(figures):
                yield f"{kind}: {source} has {best:,.0f} tokens/s per GPU at best, MLPerf Inference v5.1 {_range(figures)}."


def as_document(found: Listing) -> dict[str, object]:
    """Return the listing for `--json`."""
    return {
        "format": "lepton.throughput/1",
        "model": found.model,
        "configurations": [_row(one) for one in found.known],
        "audited": [
            {
                "gpu": row.gpu,
                "scenario": row.scenario,
                "entries": row.entries,
                "tokens_per_second_per_gpu": row.tokens_per_gpu,
                "model": row.model,
            }
            for row in found.audited
        ],
        "disagreements": list(found.disagreements),
    }


def _row(one: Known) -> dict[str, object]:
    about = one.about
    return {
        "gpu": about.gpu,
        "precision": about.precision,
        "engine": about.engine,
        "gpus": about.gpus,
        "isl": about.shape.isl,
        "osl": about.shape.osl,
        "itl_a_ms": round(one.line.a_ms, 4),
        "itl_b_ms": round(one.line.b_ms, 6),
        "source": about.source.value,
        "origin": about.origin,
        "model": about.model,
        "points": [
            {
                "batch": point.batch,
                "ttft_ms": point.ttft_ms,
                "tpot_ms": point.tpot_ms,
                "tokens_per_second_per_gpu": round(point.tokens_per_gpu, 2),
                "date": point.date.isoformat() if point.date else None,
            }
            for point in one.points
        ],
    }


def _alike(one: Point, other: Point) -> bool:
    return (one.gpu, one.gpus, one.precision) == (other.gpu, other.gpus, other.precision) and all(
        abs(log(mine / theirs)) <= log(NEAR) for mine, theirs in ((one.shape.isl, other.shape.isl), (one.shape.osl, other.shape.osl))
    )


def _place(one: Known) -> str:
    about = one.about
    return f"{about.gpus}x {about.gpu} {about.precision} {about.shape}".replace("  ", " ")


def _range(figures: Sequence[float]) -> str:
    low, high = min(figures), max(figures)
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def _remarks(model: str, gpu: str | None) -> Iterator[str]:
    size = model_specs().get(family(model))
    if size is None:
        yield f"the size of '{model}' is not known: nothing holds its figures against memory and arithmetic"
    missing = gpu and plain(gpu) not in {plain(kind) for kind in gpu_specs()}
    if missing:
        yield f"the data sheet of {gpu} is not known: nothing holds its figures against memory and arithmetic"
