"""Demand files, good and bad."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.config import Demand
from lepton_infra.errors import BadInput
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.source import read_demand, read_series
from lepton_infra.sizing.table import MOST_FAULTS

WHERE = "Pulumi.x.yaml: lepton:stack.pools[0].demand"
ISO = "time,value,unit\n2026-01-05T00:00:00Z,1,rps\n2026-01-05T00:10:00Z,2,rps\n2026-01-05T00:20:00Z,3,rps\n"


def read(tmp_path: Path, content: str | bytes, **said: Any) -> DemandSeries:
    path = tmp_path / "d.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_demand(path, Demand(file="d.csv", **said), WHERE)


def refused(tmp_path: Path, content: str | bytes, **said: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, content, **said)
    return str(caught.value)


def test_a_series_with_units_in_its_rows(tmp_path: Path) -> None:
    series = read(tmp_path, ISO)
    assert series.start == dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    assert series.step_seconds == 600
    assert series.values.tolist() == [1, 2, 3]
    assert series.unit == "requests_per_second"
    assert series.season == 144


def test_seconds_from_a_start_that_the_stack_file_says(tmp_path: Path) -> None:
    text = "t_seconds,rate_rps\n0,5\n60,6\n120,7\n"
    series = read(tmp_path, text, start=dt.datetime.fromisoformat("2026-01-05T01:00"))
    assert series.start == dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC)
    assert series.step_seconds == 60
    assert "Say Pulumi.x.yaml: lepton:stack.pools[0].demand.start" in refused(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "timestamp;demand\n2026-01-05 00:00:00;1\n2026-01-05 01:00:00;2\n",
        "\ufeffTime,Value\r\n2026-01-05T01:00:00+01:00,1\r\n2026-01-05T02:00:00+01:00,2\r\n",
        "ts\tanything\n1767571200\t1\n1767574800\t2\n",
        'date,"my load"\n"2026-01-05T00","1"\n\n"2026-01-05T01","2"\n',
    ],
)
def test_ways_of_writing(tmp_path: Path, text: str) -> None:
    series = read(tmp_path, text, unit="requests_per_second")
    assert series.start == dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    assert series.step_seconds == 3600
    assert series.values.tolist() == [1, 2]


def test_gaps_are_flagged_and_never_filled(tmp_path: Path) -> None:
    text = ISO + "2026-01-05T00:30:00Z,,rps\n2026-01-05T01:00:00Z,0,rps\n"
    series = read(tmp_path, text)
    assert np.isnan(series.values).tolist() == [False, False, False, True, True, True, False]
    assert series.values[-1] == 0
    assert series.gaps == 3


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("2026-01-05T00:30:00Z,lots,rps", "d.csv:5: has the value 'lots'"),
        ("2026-01-05T00:30:00Z,-1,rps", "d.csv:5: has the value '-1'"),
        ("2026-01-05T00:30:00Z,inf,rps", "d.csv:5: has the value 'inf'"),
        ("2026-01-05T00:30:00Z,1e300,rps", "d.csv:5: has the value '1e300'; a number from 0 to 1e+18"),
        ("2026-01-05T00:30:00Z,nan,rps", "d.csv:5: has the value 'nan'"),
        ("yesterday,1,rps", "d.csv:5: has the time 'yesterday'"),
        ("2026-01-05T00:30:00,1,rps", "with a zone in every row or in none"),
        ("2026-01-05T00:20:00Z,1,rps", "d.csv:5: has the time of the row above"),
        ("2026-01-05T00:10:00Z,1,rps", "d.csv:5: has a time before that of the row above"),
        ("2026-01-05T00:33:00Z,1,rps", "d.csv:5: is not a multiple of 600 s after the row above"),
        ("2026-01-05T00:30:00Z,1,gpus", "d.csv:5: has another unit than the rows before"),
        ("2026-01-05T00:30:00Z,1,furlongs", "d.csv:5: has the unit 'furlongs'"),
        ("2026-01-05T00:30:00Z,1", "d.csv:5: has 2 columns; 3"),
        ("2926-01-05T00:30:00Z,1,rps", "Look for a wrong date"),
    ],
)
def test_bad_rows(tmp_path: Path, rows: str, said: str) -> None:
    assert said in refused(tmp_path, ISO + rows + "\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "d.csv: is empty"),
        (b"   \n \n", "d.csv: is empty"),
        (b"time,value\n", "d.csv: has a header and no rows"),
        (b"time,value\n2026-01-05T00:00:00Z,1\n", "d.csv: has one row"),
        (b"time,value\n2026-01-05T00:00:00Z,\n2026-01-05T01:00:00Z,\n", "has no value in any row"),
        (b"2026-01-05T00:00:00Z,1\n2026-01-05T01:00:00Z,2\n", "no columns of time"),
        (b"time,unit\n2026-01-05T00:00:00Z,rps\n", "has no columns of demand among 'time, unit'"),
        (b"time,value,rate\n2026-01-05T00:00:00Z,1,2\n", "has 2 columns of demand"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not text in UTF-8"),
        (bytes(range(128, 256)) * 40, "is not text in UTF-8"),
        ("time,value\n2026-01-05T00:00:00Z,1\n".encode("utf-16"), "is not text in UTF-8"),
        ("time,value\n2026-01-05T00:00:00Z,1é\n".encode("latin-1"), "d.csv:2: has the value '1\\\\udce9'"),
        (b'time,value\n"2026-01-05T00:00:00Z,1\n' + b"x" * 200_000, "d.csv:2: is not CSV"),
        (b"time,value\n2026-01-05T00:00:00Z,1\n2026-01-06T00:00:00Z,1\n", "has steps of 86400 s"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refused(tmp_path, content, unit="requests_per_second")


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"demand\.file is 'd\.csv', which does not exist"):
        read_demand(tmp_path / "d.csv", Demand(file="d.csv"), WHERE)
    with pytest.raises(BadInput, match="cannot be read"):
        read_demand(tmp_path / ("x" * 5000), Demand(file="x"), WHERE)
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(BadInput, match="which is no file"):
            read_demand(path, Demand(file="x"), WHERE)


def test_units_that_disagree_or_are_missing(tmp_path: Path) -> None:
    assert "requests_per_second in rows of d.csv and concurrent_gpus in the stack file" in refused(tmp_path, ISO, unit="concurrent_gpus")
    header = "time,rate_rps\n2026-01-05T00:00:00Z,1\n2026-01-05T01:00:00Z,1\n"
    assert "in the header of d.csv" in refused(tmp_path, header, unit="concurrent_gpus")
    assert read(tmp_path, header).unit == "requests_per_second"
    assert "is not said" in refused(tmp_path, header.replace("rate_rps", "value"))


def test_a_start_beside_times_is_refused(tmp_path: Path) -> None:
    assert "demand.start is" in refused(tmp_path, ISO, start=dt.datetime.fromisoformat("2026-01-05"))


def test_every_fault_at_once_and_a_flood_is_counted(tmp_path: Path) -> None:
    rows = "".join(f"2026-01-05T00:{minute:02}:00Z,x,rps\n" for minute in range(60))
    with pytest.raises(BadInput) as caught:
        read(tmp_path, "time,value,unit\n" + rows)
    assert len(caught.value.faults) == MOST_FAULTS + 1
    assert "has 40 more faults" in str(caught.value)
    both = refused(tmp_path, ISO + "noon,many,rps\n")
    assert "has the time 'noon'" in both
    assert "has the value 'many'" in both


def test_a_million_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    with path.open("w") as file:
        file.write("t_seconds,rate_rps\n")
        file.writelines(f"{row},{row % 97}.5\n" for row in range(1_000_000))
    series = read_demand(path, Demand(file="d.csv", start=dt.datetime(2026, 1, 5, tzinfo=dt.UTC)), WHERE)
    assert len(series.values) == 1_000_000
    assert len(series.windows().values) == 3333


@given(st.binary(max_size=300))
def test_no_bytes_end_in_anything_but_a_series_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "d.csv"
    path.write_bytes(b"time,value\n2026-01-05T00:00:00Z,1\n" + content)
    try:
        series: DemandSeries | None = read_demand(path, Demand(file="d.csv", unit="requests_per_second"), WHERE)
    except BadInput as error:
        series = None
        said = str(error)
    assert series is not None or said.endswith(".")


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("time,value\n2026-01-05T00:00Z,1\n2026-01-05T00:10Z,\n2026-01-05T00:30Z,3\n", "requests_per_second"),
        ("t_seconds,load\n0,1\n600,\n1800,3\n", "requests_per_second"),
        ("t_seconds,pool_gpus\n0,1\n600,\n1800,3\n", "concurrent_gpus"),
        ("time,value,unit\n2026-01-05T00:00Z,1,gpus\n2026-01-05T00:10Z,,gpus\n2026-01-05T00:30Z,3,\n", "concurrent_gpus"),
    ],
)
def test_a_series_that_no_stack_file_describes(text: str, unit: str, tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text(text)
    made = read_series(path)
    assert (made.start, made.step_seconds, made.unit) == (dt.datetime(2026, 1, 5, tzinfo=dt.UTC), 600, unit)
    assert np.array_equal(made.values, [1, np.nan, np.nan, 3], equal_nan=True)


def test_a_series_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    with pytest.raises(BadInput, match="does not exist"):
        read_series(path)
    path.write_text("t_seconds,rate_rps,unit\n0,1,gpus\n600,2,gpus\n")
    with pytest.raises(BadInput, match="one unit"):
        read_series(path)
