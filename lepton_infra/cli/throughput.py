"""`lepton throughput`: what a model is known to serve on a GPU, and who says so."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lepton_infra.throughput.listing import Known


def throughput(
    model: Annotated[str, typer.Argument(help="Name of the model: 'llama3.1-8b', 'meta-llama/Llama-3.1-8B-Instruct'.")],
    gpu: Annotated[str, typer.Option(help="One kind of GPU, such as H100.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, every point in it.")] = False,
) -> None:
    """List what is known of a model's throughput with its provenance, and where sources disagree.

    Example: lepton throughput llama3.1-8b --gpu H100
    """
    from lepton_infra.cli import render
    from lepton_infra.throughput.listing import as_document, listing

    found = listing(model, gpu)
    for remark in found.remarks:
        render.note(remark)
    if as_json:
        render.document(as_document(found))
        return
    if found.known:
        columns = [
            "GPU",
            render.number("tokens"),
            "precision",
            "engine",
            render.number("batch"),
            "ITL ms",
            render.number("tokens/s/GPU"),
            "source",
            "date",
        ]
        render.table(f"{model}: {len(found.known)} configurations", columns, [_row(one) for one in found.known])
    if found.audited:
        rows = [(row.gpu, row.model, row.scenario, row.entries, f"{row.tokens_per_gpu:,.0f}") for row in found.audited]
        columns = ["GPU", "benchmark", "scenario", render.number("entries"), render.number("tokens/s/GPU")]
        render.table("MLPerf Inference v5.1, median of its entries", columns, rows)
    for sentence in found.disagreements:
        render.say(f"more than 2x apart: {sentence}")


def _row(one: "Known") -> tuple[str, ...]:
    about, line = one.about, one.line
    batches = sorted({f"{point.batch:g}" for point in one.points}, key=float)
    return (
        f"{about.gpus}x {about.gpu}",
        str(about.shape),
        about.precision or "?",
        about.engine,
        batches[0] if len(batches) == 1 else f"{batches[0]}-{batches[-1]}",
        f"{line.a_ms:.3g} + {line.b_ms:.3g} b" if line.b_ms else f"{line.a_ms:.3g}",
        f"{one.best:,.0f}",
        about.source.value,
        str(max((point.date for point in one.points if point.date), default="")),
    )
