"""Reading results of the user's benchmarks, good and bad."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from lepton_infra.errors import BadInput
from lepton_infra.throughput import Shape, Source, read_benchmark

DATA = Path(__file__).parent / "data"
PRINTED = DATA / "aiconfigurator_llama_8b_h100.txt"


def vllm(concurrency: int, tpot: float = 20.0, **change: Any) -> dict[str, Any]:
    """Return a run as `vllm bench serve --save-result` writes it, of requests that hold a slot for 0.2 s and 299 tokens."""
    rate = concurrency / ((200 + 299 * tpot) / 1000)
    return {
        "date": "20260801-101530", "backend": "vllm", "endpoint_type": "vllm", "model_id": "meta-llama/Llama-3.1-8B-Instruct",
        "tokenizer_id": "meta-llama/Llama-3.1-8B-Instruct", "num_prompts": 1000, "request_rate": "inf", "burstiness": 1.0,
        "max_concurrency": concurrency, "duration": 1000 / rate, "completed": 1000, "total_input_tokens": 2_000_000,
        "total_output_tokens": 300_000, "request_throughput": rate, "output_throughput": rate * 300,
        "mean_ttft_ms": 200.0, "mean_tpot_ms": tpot, "median_tpot_ms": tpot, "mean_itl_ms": tpot,
    } | change  # fmt: skip


def guidellm(rate: float = 2.0, tpot: float = 20.0) -> dict[str, Any]:
    """Return a report as GuideLLM writes it."""

    def metric(mean: float) -> dict[str, Any]:
        return {"successful": {"mean": mean, "median": mean}, "errored": {"mean": 0.0}, "total": {"mean": mean}}

    metrics = {
        "requests_per_second": metric(rate), "request_concurrency": metric(12.0), "prompt_token_count": metric(2000.4),
        "output_token_count": metric(300.0), "time_to_first_token_ms": metric(200.0), "inter_token_latency_ms": metric(tpot),
    }  # fmt: skip
    return {"metadata": {"version": 1}, "benchmarks": [{"type_": "generative_benchmark", "start_time": 1785578400.0, "metrics": metrics}]}


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "result.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def faults(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        read_benchmark(path, path.name, "here")
    return str(caught.value)


def test_a_run_of_vllm(tmp_path: Path) -> None:
    (point,) = read_benchmark(written(tmp_path, vllm(64)), "result.json", "here")
    assert point.batch == pytest.approx(64)
    assert (point.shape, point.ttft_ms, point.tpot_ms, point.engine) == (Shape(2000, 300), 200.0, 20.0, "vllm")
    assert (point.source, point.date) == (Source.BENCHMARK, dt.date(2026, 8, 1))
    assert "Llama-3.1-8B-Instruct" in point.origin


def test_runs_appended_line_by_line_or_as_a_list(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(vllm(many)) for many in (1, 8, 64)) + "\n"
    by_line = read_benchmark(written(tmp_path, lines), "result.json", "here")
    assert [round(point.batch) for point in by_line] == [1, 8, 64]
    assert read_benchmark(written(tmp_path, [vllm(many) for many in (1, 8, 64)]), "result.json", "here") == by_line


def test_a_report_of_guidellm(tmp_path: Path) -> None:
    (point,) = read_benchmark(written(tmp_path, guidellm()), "result.json", "here")
    assert point.batch == pytest.approx(2.0 * (0.2 + 299 * 0.02))
    assert (point.shape, point.tpot_ms, point.date) == (Shape(2000, 300), 20.0, dt.date(2026, 8, 1))


def test_what_aiconfigurator_printed() -> None:
    points = read_benchmark(PRINTED, PRINTED.name, "here")
    assert [point.gpus for point in points] == [1, 2, 4, 8]
    first = points[0]
    assert (first.gpu, first.precision, first.engine, first.shape.osl, first.batch) == ("H100", "bf16", "vllm", 300, 176)
    assert first.tpot_ms == pytest.approx(46.09, abs=0.01)
    # The rate of four such replicas stands in the output: 50.47 requests/s.
    assert 4 * first.batch / first.seconds == pytest.approx(50.47, abs=0.01)


@pytest.mark.parametrize("cut", [900, 2_000, 5_000])
def test_output_that_is_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "out.txt"
    path.write_text(PRINTED.read_text()[:cut])
    assert "out.txt" in faults(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "result.json: holds no run"),
        ("[]", "result.json: holds no run"),
        ("{}", "result.json: is no result of a benchmark"),
        ("7", "result.json: holds int"),
        ('{"a": ', "result.json:1: is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"benchmarks": []}', "result.json: benchmarks is"),
        (vllm(8, mean_tpot_ms=0), "result.json: mean_tpot_ms is '0'; a number above 0."),
        (vllm(8, mean_ttft_ms=float("nan")), "result.json: mean_ttft_ms is 'nan'; a number above 0."),
        (vllm(8, request_throughput=-1, completed="x" * 9000), "result.json: request_throughput is '-1'; a number above 0."),
        (vllm(9000), "result.json: has 9e+03 requests side by side; 8,192 at most."),
        ({"mean_tpot_ms": 3}, "result.json: completed is missing; a number above 0."),
    ],
)
def test_a_result_that_cannot_be_true_is_refused(tmp_path: Path, content: object, sentence: str) -> None:
    said = faults(written(tmp_path, content))
    assert sentence in said
    assert len(said) < 2000


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    said = faults(written(tmp_path, [vllm(8, mean_tpot_ms=0), vllm(8, mean_ttft_ms=-3)])).splitlines()
    assert len(said) == 2


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert "here is 'none.json', which does not exist" in faults(tmp_path / "none.json").replace("here: ", "here ")
    (tmp_path / "raw.json").write_bytes(b"\xff\xfe\x00")
    assert "not text in UTF-8" in faults(tmp_path / "raw.json")
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in faults(tmp_path / "folder")
