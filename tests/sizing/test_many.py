"""Many series: the same bytes from any number of workers and from a Dask or Ray cluster, every fault told, files read as what they are."""

import csv
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from lepton_infra.cli.app import main
from lepton_infra.config import Demand
from lepton_infra.errors import BadInput
from lepton_infra.sizing.cluster import place_of
from lepton_infra.sizing.many import QUANTILES, Ask, Forecast, answer, check, forecast, jobs, sources
from lepton_infra.sizing.record import COMMAND_LINE
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.source import read_record
from lepton_infra.sizing.workers import on_cores

ROOT = Path(__file__).resolve().parents[2]
START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def made(seed: int, hours: int = 24 * 6) -> DemandSeries:
    rng = np.random.default_rng(seed)
    day = 100 + 40 * np.sin((np.arange(hours) / 24 + rng.uniform()) * 2 * np.pi)
    return DemandSeries(START, 3600, np.round(day * rng.gamma(50, 1 / 50, hours), 3), "requests_per_second")


def write(path: Path, series: DemandSeries) -> Path:
    lines = [f"{START + dt.timedelta(hours=place)},{value}" for place, value in enumerate(series.values.tolist())]
    path.write_text("\n".join(["time,value", *lines]) + "\n")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "demand"
    inside.mkdir()
    for seed in range(5):
        write(inside / f"pool-{seed}.csv", made(seed))
    (inside / "notes.txt").write_text("not demand")
    (inside / ".hidden.csv").write_text("not demand")
    wide = [made(seed).values.tolist() for seed in (10, 11, 12)]
    rows = [
        f"{START + dt.timedelta(hours=place)},{a},{'' if place == 50 else b},{c}" for place, (a, b, c) in enumerate(zip(*wide, strict=True))
    ]
    (inside / "wide.csv").write_text("\n".join(["time,chat_rps,code_rps,batch_rps", *rows]) + "\n")
    return inside


def run(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["forecast", *arguments])
    return int(caught.value.code or 0)


def good(series: DemandSeries, ask: Ask) -> Forecast:
    return forecast("pool", series, ask)


def test_quantiles_rise_and_nodes_follow_the_one_asked_for() -> None:
    found = good(made(1), Ask(lead_minutes=60, capacity=7, quantile=0.9))
    assert found.lead is not None
    assert [step.start for step in found.hours] == [START + dt.timedelta(hours=144 + place) for place in range(24)]
    # Ordered at the end of the record, there an hour later.
    assert found.lead.start == START + dt.timedelta(hours=145)
    for step in (*found.hours, found.lead):
        assert list(step.demand) == sorted(step.demand)
        assert step.nodes == int(np.ceil(step.demand[QUANTILES.index(0.9)] / 7 * (1 - 1e-9)))


def test_a_short_history_is_widened_and_says_so() -> None:
    short, long = good(made(2, 30), Ask()), good(made(2), Ask())
    assert (short.trusted, long.trusted) == (False, True)
    assert short.forecaster.startswith("naive ")
    assert min(step.demand[2] for step in short.hours) >= made(2, 30).values.max() * 0.999999
    assert len(good(made(2), Ask(hours=40)).hours) == 40


def test_a_column_is_a_series_of_its_own(folder: Path) -> None:
    found = {job.name: job for job in jobs(sources([folder / "wide.csv"]))}
    assert list(found) == ["wide.csv:chat_rps", "wide.csv:code_rps", "wide.csv:batch_rps"]
    for name, seed in zip(found, (10, 11, 12), strict=True):
        said = answer(found[name], Ask()).forecast
        alone = made(seed)
        if seed == 11:
            alone.values[50] = np.nan
        assert said == good(alone, Ask())
    summed = read_record(folder / "wide.csv", Demand(file="wide.csv", columns=("chat_rps", "batch_rps")), COMMAND_LINE)
    assert summed.series.values == pytest.approx(made(10).values + made(12).values)


def test_parquet_and_csv_hold_the_same_series(folder: Path, tmp_path: Path) -> None:
    with (folder / "wide.csv").open() as file:
        rows = list(csv.DictReader(file))
    table = {name: [None if row[name] == "" else float(row[name]) for row in rows] for name in ("chat_rps", "code_rps", "batch_rps")}
    times = [dt.datetime.fromisoformat(row["time"]) for row in rows]
    pyarrow.parquet.write_table(pyarrow.table({"time": times, **table}), tmp_path / "wide.parquet")
    first = [answer(job, Ask()).forecast for job in jobs(sources([folder / "wide.csv"]))]
    second = [answer(job, Ask()).forecast for job in jobs(sources([tmp_path / "wide.parquet"]))]
    assert None not in first
    assert first == second


def test_answers_do_not_depend_on_the_workers(folder: Path) -> None:
    ask = Ask(lead_minutes=30, capacity=9)
    one = list(on_cores(jobs(sources([folder])), ask, 1))
    assert [each.name for each in one] == [
        *(f"pool-{seed}.csv" for seed in range(5)),
        *(f"wide.csv:{name}_rps" for name in ("chat", "code", "batch")),
    ]
    assert all(each.forecast for each in one)
    assert list(on_cores(jobs(sources([folder])), ask, 3)) == one


def test_every_fault_of_every_series_and_nothing_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pool-1.csv").write_text("time,value\n2026-01-05,1\n2026-01-06,x\n")
    (folder / "pool-3.csv").write_text("")
    (folder / "twice.csv").write_text("time,a,a\n2026-01-05T00:00,1,2\n2026-01-05T01:00,1,2\n")
    (folder / "holes.csv").write_text("time,a,b\n2026-01-05T00:00,1,\n2026-01-05T01:00,1,\n2026-01-05T02:00,1,\n")
    out = tmp_path / "out.csv"
    assert run([str(folder), str(tmp_path / "none.csv"), "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    for said in ("pool-1.csv:3", "pool-3.csv: is empty", "twice.csv:1", "holes.csv:b", "none.csv: does not exist"):
        assert said in printed.err
    assert not out.exists()
    assert run([str(folder), "--out", str(out), "--skip-bad", "--json"]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert [one["name"] for one in document["series"]][:3] == ["holes.csv:a", "pool-0.csv", "pool-2.csv"]
    assert [one["series"] for one in document["left_out"]] == ["holes.csv:b", "pool-1.csv", "pool-3.csv", "twice.csv"]
    assert "left out: " in printed.err
    with out.open() as file:
        assert {row["series"] for row in csv.DictReader(file)} == {one["name"] for one in document["series"]}


def test_what_is_written_is_what_is_printed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [str(folder / "pool-0.csv"), "--hours", "3", "--lead-minutes", "60", "--capacity", "9"]
    assert run([*asked, "--out", str(tmp_path / "a.csv"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)["series"][0]
    assert run([*asked, "--out", str(tmp_path / "a.parquet")]) == 0
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["ahead"] for row in rows] == ["lead", "hour", "hour", "hour"]
    for row, stored, step in zip(rows, table, [document["lead"], *document["hours"]], strict=True):
        assert float(row["p95"]) == stored["p95"] == step["p95"]
        assert int(row["nodes"]) == stored["nodes"] == step["nodes"]
    printed = capsys.readouterr().out
    assert "pool-0.csv" in printed
    assert f"{max(step['nodes'] for step in [document['lead'], *document['hours']])}" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hours", "0", "--capacity", "0", "--quantile", "0.8"], ["--hours", "--capacity", "--quantile"]),
        (["--forecaster", "prophet"], ["--forecaster"]),
        (["--workers", "0"], ["--workers"]),
        (["--on", "spark"], ["--on"]),
        (["--out", "forecast.xlsx"], ["--out"]),
    ],
)
def test_options_out_of_range(folder: Path, arguments: list[str], said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([str(folder), *arguments]) == 2
    printed = capsys.readouterr().err
    assert all(name in printed for name in said)


def test_an_empty_folder_and_a_slip_of_the_unit(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="without a demand file"):
        sources([tmp_path])
    with pytest.raises(BadInput, match="nodes of 1e-06 each"):
        good(made(1), Ask(capacity=1e-6))
    check(Ask(hours=168, lead_minutes=0))


def test_ray_is_named_with_its_command_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lepton_infra.sizing.cluster.find_spec", lambda name: None if name == "ray" else object())
    assert place_of("dask:tcp://10.0.0.5:8786").address == "tcp://10.0.0.5:8786"
    with pytest.raises(BadInput, match=r"uv add 'lepton-infra\[ray\]'"):
        place_of("ray")


def test_clusters_answer_as_this_machine_does(folder: Path) -> None:
    """Real clusters of two processes; in processes of their own, because clusters warn of what they do themselves.

    Ray looks whether it was begun by `uv run`, and by default begins its workers so too, which leaves it waiting for ever.
    """
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "this test needs uv, as the project does"
    (folder / "pool-4.csv").write_text("")
    asked = ["lepton", "forecast", str(folder), "--forecaster", "autotheta", "--skip-bad", "--json"]
    here, *clusters = (
        subprocess.run([uv, "run", "--no-sync", *asked, *more], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
        for more in (["--workers", "2"], ["--on", "dask"], ["--on", "ray"])
    )
    assert here.returncode == 0, here.stderr
    assert len(json.loads(here.stdout)["series"]) == 7
    assert "autotheta" in json.loads(here.stdout)["series"][0]["forecaster"]
    for there in clusters:
        assert (there.returncode, there.stdout) == (0, here.stdout), there.stderr


@pytest.mark.parametrize(("address", "said"), [("127.0.0.1:1", "refused"), ("ray://:6379", "HOST:PORT")])
def test_a_ray_that_is_not_there_is_told_in_one_sentence(folder: Path, address: str, said: str) -> None:
    asked = [str(Path(sys.executable).with_name("lepton")), "forecast", str(folder), "--forecaster", "naive", "--on", f"ray:{address}"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    (error,) = [line for line in ran.stderr.splitlines() if "error" in line]
    assert error.startswith(f"error: Ray at '{address}' does not answer (")
    assert said in error
