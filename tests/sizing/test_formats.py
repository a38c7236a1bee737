"""Demand from Parquet, request traces, Prometheus and columns per tenant: told apart by content, read into one series."""

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.config import Demand
from lepton_infra.errors import BadInput
from lepton_infra.sizing.record import COMMAND_LINE, Record
from lepton_infra.sizing.source import read_record
from lepton_infra.sizing.trace import burst, from_requests
from lepton_infra.sizing.units import known_units, unit_of

AZURE = Path(__file__).parent / "traces" / "azure_conv_2023.csv"
MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
EPOCH = MONDAY.timestamp()
WIDE = "time,acme,globex\n2026-01-05T00:00:00Z,1,10\n2026-01-05T00:10:00Z,,20\n2026-01-05T00:20:00Z,3,30\n2026-01-05T00:40:00Z,5,\n"


def read(tmp_path: Path, content: str | bytes | dict[str, Any], name: str = "demand", **said: Any) -> Record:
    path = tmp_path / name
    text = json.dumps(content) if isinstance(content, dict) else content
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_record(path, Demand(file=name, **said), COMMAND_LINE)


def parquet(tmp_path: Path, name: str = "d.parquet", unit: str | None = "requests_per_second", **columns: Any) -> Record:
    pq.write_table(pa.table(columns), tmp_path / name)
    return read_record(tmp_path / name, Demand(file=name, unit=unit), COMMAND_LINE)


def answer(*lines: tuple[dict[str, str], list[list[Any]]]) -> dict[str, Any]:
    result = [{"metric": metric, "values": values} for metric, values in lines]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def refused(tmp_path: Path, content: Any, **said: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, content, **said)
    return str(caught.value)


class TestTenants:
    def test_a_step_counts_only_where_every_tenant_is_known(self, tmp_path: Path) -> None:
        record = read(tmp_path, WIDE, unit="requests_per_second")
        assert np.nan_to_num(record.series.values, nan=-1).tolist() == [11, -1, 33, -1, -1]
        assert record.lost == 2
        assert [(one.name, one.mean, one.peak, one.gaps) for one in record.tenants] == [("acme", 3, 5, 1), ("globex", 20, 30, 1)]

    def test_the_header_says_a_unit_for_all(self, tmp_path: Path) -> None:
        text = "time,acme_rps,globex_rps\n2026-01-05T00:00:00Z,1,2\n2026-01-05T01:00:00Z,1,2\n"
        record = read(tmp_path, text, columns=["acme_rps", "globex_rps"])
        assert record.series.unit == "requests_per_second"
        assert record.series.values.tolist() == [3, 3]

    def test_columns_that_could_be_anything_are_left_to_the_user(self, tmp_path: Path) -> None:
        text = "time,pool_gpus,running_gpus\n2026-01-05T00:00:00Z,9,2\n2026-01-05T01:00:00Z,9,3\n"
        assert "has 2 columns of demand among 'time, pool_gpus, running_gpus'" in refused(tmp_path, text)
        assert "Name those to be summed in --columns" in refused(tmp_path, text)
        record = read(tmp_path, text, columns=["running_gpus"])
        assert record.series.values.tolist() == [2, 3]
        assert record.tenants == ()
        assert "--columns: has 'gpus'; columns of the file: time, pool_gpus" in refused(tmp_path, text, columns=["gpus"])

    def test_units_that_differ_are_not_summed(self, tmp_path: Path) -> None:
        text = "time,a_rps,b_gpus\n2026-01-05T00:00:00Z,9,2\n2026-01-05T01:00:00Z,9,3\n"
        assert "columns of different units" in refused(tmp_path, text, columns=["a_rps", "b_gpus"])

    def test_a_name_does_not_steer_the_terminal(self, tmp_path: Path) -> None:
        content = b"time,a\x1b[31m,\xe2\x80\xaeb\n1767571200,1,2\n1767571260,1,2\n"
        assert [one.name for one in read(tmp_path, content, unit="bytes").tenants] == ["a\\x1b[31m", "\\u202eb"]

    def test_tenants_that_never_meet(self, tmp_path: Path) -> None:
        text = "time,a,b\n2026-01-05T00:00:00Z,1,\n2026-01-05T01:00:00Z,,1\n"
        assert "has no row in which all of a, b are known" in refused(tmp_path, text, unit="requests_per_second")

    @given(st.lists(st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=3, max_size=3), min_size=2, max_size=20))
    def test_a_sum_is_of_all_or_of_none(self, tmp_path_factory: pytest.TempPathFactory, rows: list[list[int | None]]) -> None:
        whole = [None not in row for row in rows]
        cells = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
        text = "\n".join(["time,a,b,c", *(f"{int(EPOCH) + 60 * place},{row}" for place, row in enumerate(cells))])
        if not any(whole):
            assert "known" in (said := refused(tmp_path_factory.mktemp("w"), text, unit="bytes")) or "no value" in said
            return
        record = read(tmp_path_factory.mktemp("w"), text, unit="bytes")
        assert (~np.isnan(record.series.values)).tolist() == whole
        assert np.nansum(record.series.values) == sum(sum(row) for row, all_ in zip(rows, whole, strict=True) if all_)  # type: ignore[arg-type]
        assert record.lost == sum(not all_ and any(cell is not None for cell in row) for row, all_ in zip(rows, whole, strict=True))


class TestParquet:
    @pytest.mark.parametrize(
        "times",
        [
            pa.array([MONDAY, MONDAY + dt.timedelta(hours=1)], pa.timestamp("ns", "Europe/Berlin")),
            pa.array([MONDAY.replace(tzinfo=None), MONDAY.replace(tzinfo=None, hour=1)], pa.timestamp("ms")),
            pa.array([int(EPOCH), int(EPOCH) + 3600]),
            pa.array(["2026-01-05T00:00:00Z", "2026-01-05T02:00:00+01:00"]),
        ],
        ids=["zoned", "plain", "seconds", "text"],
    )
    def test_ways_of_writing_a_time(self, tmp_path: Path, times: Any) -> None:
        record = parquet(tmp_path, time=times, value=[1.5, 2.0])
        assert record.form == "Parquet"
        assert record.series.start == MONDAY
        assert record.series.step_seconds == 3600
        assert record.series.values.tolist() == [1.5, 2]

    def test_nulls_and_nans_are_gaps_and_tenants_are_summed(self, tmp_path: Path) -> None:
        times = [int(EPOCH) + 600 * place for place in range(3)]
        record = parquet(tmp_path, time=times, a=[1.0, None, 3.0], b=[1.0, 1.0, float("nan")])
        assert np.nan_to_num(record.series.values, nan=-1).tolist() == [2, -1, -1]
        assert record.lost == 2

    def test_it_is_known_by_its_content(self, tmp_path: Path) -> None:
        assert parquet(tmp_path, "d.csv", time=[int(EPOCH), int(EPOCH) + 60], value=[1, 2]).form == "Parquet"
        assert read(tmp_path, WIDE, "d.parquet", unit="bytes").form == "CSV"

    def test_a_fault_names_its_row(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"d\.parquet:2: has the value '-1'"):
            parquet(tmp_path, time=[int(EPOCH), int(EPOCH) + 60], value=[1, -1])
        with pytest.raises(BadInput, match=r"d\.parquet:1: has the value "):
            parquet(tmp_path, time=[int(EPOCH), int(EPOCH) + 60], value=[[1], [2]])

    def test_a_broken_file_is_refused(self, tmp_path: Path) -> None:
        parquet(tmp_path, time=[int(EPOCH), int(EPOCH) + 60], value=[1, 2])
        whole = (tmp_path / "d.parquet").read_bytes()
        assert "is not Parquet that can be read" in refused(tmp_path, whole[: len(whole) // 2])
        assert "is not Parquet that can be read" in refused(tmp_path, b"PAR1")

    def test_without_pyarrow_it_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        assert "pyarrow is not installed; the extra `parquet`. Install it with" in refused(tmp_path, b"PAR1")


class TestPrometheus:
    def test_series_are_tenants(self, tmp_path: Path) -> None:
        both = {"job": "llm", "__name__": "x"}
        record = read(
            tmp_path,
            answer(
                ({**both, "tenant": "acme"}, [[EPOCH + 0.25, "1"], [EPOCH + 60.25, "2"], [EPOCH + 120.25, "NaN"], [EPOCH + 180.25, "4"]]),
                ({**both, "tenant": "globex"}, [[EPOCH + 60.25, "20"], [EPOCH + 120.25, "30"], [EPOCH + 180.25, "40"]]),
            ),
            unit="output_tokens_per_second",
        )
        assert record.series.start == MONDAY
        assert record.series.step_seconds == 60
        assert np.nan_to_num(record.series.values, nan=-1).tolist() == [-1, 22, -1, 44]
        assert [one.name for one in record.tenants] == ["acme", "globex"]
        assert record.lost == 2
        assert record.form == "Prometheus range query"

    def test_one_series_is_no_tenant(self, tmp_path: Path) -> None:
        content = "\ufeff \n" + json.dumps({**answer(({}, [[EPOCH, "1"], [EPOCH + 60, "2"]])), "warnings": ["slow"]})
        record = read(tmp_path, content, "x.csv", unit="concurrent_gpus")
        assert record.tenants == ()
        assert record.series.values.tolist() == [1, 2]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("{", "demand: is not JSON (EOF while parsing an object at line 1 column 1)"),
            ("[]", "answer is []"),
            ("[" * 100_000, "demand: is not JSON (recursion limit exceeded"),
            ('{"status": "error", "error": "bad query"}', "answer.status is 'error'; choose 'success'"),
            ('{"status": "success", "data": {"resultType": "vector", "result": []}}', "answer.data.resultType is 'vector'"),
            (answer(), "answer.data.result is"),
            (answer(({}, [])), "has series without a value"),
            (answer(({}, [[EPOCH, "lots"], [EPOCH, "-1"]])), "answer.data.result[0].values[0][1] is 'lots'"),
            (answer(({}, [[EPOCH, "1"], [EPOCH, "-1"]])), "values[1] has the time"),
            (answer(({}, [[EPOCH, "1"], [EPOCH, "-1"]])), "values[1] has the value -1"),
            (answer(({}, [[EPOCH, "+Inf"], [EPOCH + 1, "1"]])), "has the value inf"),
            (answer(({}, [[EPOCH, "NaN"], [EPOCH + 1, "NaN"]])), "has no value in any row"),
            (answer(({}, [[1e300, "1"], [EPOCH, "1"]])), "values[0][0] is 1e+300"),
            (answer(({}, [[EPOCH, "1", "2"]])), "answer.data.result[0].values[0]"),
            (answer(({}, [[EPOCH + place, "-1"] for place in range(100)])), "has 80 more faults like these"),
            (answer(({}, [[EPOCH + place, "x"] for place in range(100)])), "has 80 more faults like these"),
        ],
    )
    def test_bad_answers(self, tmp_path: Path, content: Any, said: str) -> None:
        assert said in refused(tmp_path, content, unit="requests_per_second")

    def test_what_is_missing_is_said_at_once(self, tmp_path: Path) -> None:
        text = refused(tmp_path, answer(({}, [[EPOCH, "-1"]])), start=MONDAY, columns=["a"])
        for said in ("--start: is", "--columns: is a", "--unit: is not said", "has the value -1"):
            assert said in text

    @given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=4)))
    def test_no_json_ends_in_anything_but_a_series_or_a_sentence(self, tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
        try:
            said = read(tmp_path_factory.mktemp("j"), answer(({}, value)), unit="bytes").form + "."
        except BadInput as error:
            said = str(error)
        assert said.endswith(".")


class TestTraces:
    def test_a_real_one_as_requests_and_as_tokens(self, tmp_path: Path) -> None:
        content = AZURE.read_bytes()
        requests = read(tmp_path, content)
        assert requests.form == "request trace"
        assert requests.series.unit == "requests_per_second"
        assert requests.series.start == dt.datetime(2023, 11, 16, 18, 16, tzinfo=dt.UTC)
        assert requests.series.step_seconds == 60
        lines = [line.split(",") for line in content.decode().splitlines()[1:] if line.startswith("2023-11-16 18:20:")]
        assert requests.series.values[4] * 60 == pytest.approx(len(lines))
        for unit, column in (("input_tokens_per_second", 1), ("output_tokens_per_second", 2)):
            tokens = read(tmp_path, content, unit=unit)
            assert tokens.series.unit == unit
            assert tokens.series.values[4] * 60 == pytest.approx(sum(int(line[column]) for line in lines))
            assert tokens.burst == requests.burst
        assert requests.burst is not None
        assert 1 < requests.burst.median < requests.burst.p95 < requests.burst.most

    def test_what_a_trace_cannot_say(self, tmp_path: Path) -> None:
        assert "--unit: is concurrent_gpus, which a trace of requests" in refused(tmp_path, AZURE.read_bytes(), unit="concurrent_gpus")
        text = "timestamp,prompt_tokens,completion_tokens\n2026-01-05T00:00:00Z,1,\n2026-01-05T00:02:00Z,1,2\n"
        assert read(tmp_path, text).series.values.tolist() == [1 / 60, 0]
        said = refused(tmp_path, text, unit="output_tokens_per_second")
        assert "has 1 of 2 requests without a number of output tokens" in said
        short = "timestamp,prompt_tokens,completion_tokens\n2026-01-05T00:00:01Z,1,1\n2026-01-05T00:00:59Z,1,2\n"
        assert "spans 58 s of requests; at least one whole minute" in refused(tmp_path, short)
        far = short.replace("2026-01-05T00:00:59Z", "9026-01-05T00:00:59Z")
        assert "Look for a wrong date" in refused(tmp_path, far)

    def test_from_parquet_too(self, tmp_path: Path) -> None:
        times = pa.array([MONDAY + dt.timedelta(seconds=place * 7.25) for place in range(20)], pa.timestamp("us"))
        record = parquet(tmp_path, unit=None, timestamp=times, input_tokens=[10] * 20, output_tokens=[1] * 20)
        assert record.form == "request trace"
        assert record.series.values.tolist() == pytest.approx([9 / 60, 8 / 60])

    @given(st.lists(st.floats(0, 100_000), min_size=2, max_size=200))
    def test_every_request_in_a_whole_minute_is_counted_once(self, offsets: list[float]) -> None:
        times = np.asarray(offsets) + EPOCH
        first, last = np.ceil(times.min() / 60) * 60, np.floor(times.max() / 60) * 60
        if last <= first:
            with pytest.raises(BadInput, match="whole minute"):
                from_requests(times, np.ones((len(times), 2)), "requests_per_second", "t")
            return
        series = from_requests(times, np.ones((len(times), 2)), "requests_per_second", "t").series
        assert round(series.values.sum() * 60) == int(((times >= first) & (times < last)).sum())
        assert series.gaps == 0

    def test_bursts_by_hand(self) -> None:
        assert burst(np.asarray([], dtype=np.int64)) is None
        even, once = np.arange(60), np.full(30, 61)
        found = burst(np.concatenate([once, even]))
        assert found is not None
        assert (found.median, found.most) == (30.5, 60)


def test_units_in_words() -> None:
    for word in ("rps", "Requests/s", "output tokens/s", "input_tps", "gpus", "bytes", "bytes/s", "bytes_per_second"):
        assert unit_of(word) is not None
    assert unit_of("bps") is None
    assert "bytes_per_second or bytes" in known_units()
