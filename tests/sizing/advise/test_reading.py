"""Usage files: every form into one ledger, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.errors import BadInput
from lepton_infra.sizing.advise.read import read_usage, source
from lepton_infra.sizing.advise.usage import Usage, usages

HEADER = "time,pool,nodes,utilisation"
ROW = "2026-01-19T00:00:00Z,chat,4,0.5"
POOLS = ("chat", "batch")
EPOCH = 1_768_780_800
"""2026-01-19 00:00 UTC."""


def read(tmp_path: Path, *contents: str | bytes, tag: str = "pool", prefix: str = "") -> dict[str, Usage]:
    names: list[str] = []
    for place, content in enumerate(contents):
        path = tmp_path / f"usage{place}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        names.append(f"{prefix}{path}")
    ledger, _ = read_usage([source(name) for name in names], POOLS, tag, lambda _: None)
    return usages(ledger)


def refused(tmp_path: Path, *contents: str | bytes, prefix: str = "") -> str:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, *contents, prefix=prefix)
    return str(caught.value)


def rows(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *lines]) + "\n"


class TestOwnFormat:
    def test_hours_of_a_pool(self, tmp_path: Path) -> None:
        found = read(
            tmp_path, rows(ROW, "2026-01-19T01:00:00Z,chat,6,25%", "2026-01-19T03:00:00Z,chat,0,", "2026-01-19T00:00:00Z,batch,1,1")
        )
        chat = found["chat"]
        assert chat.hours.tolist() == [EPOCH // 3600, EPOCH // 3600 + 1, EPOCH // 3600 + 3]
        assert chat.nodes.tolist() == [4, 6, 0]
        assert chat.busy[:2].tolist() == [2, 1.5]
        assert np.isnan(chat.busy[2])
        assert chat.minutes == 60
        assert list(found) == ["batch", "chat"]

    def test_ways_of_writing_the_same(self, tmp_path: Path) -> None:
        one = read(tmp_path, rows(ROW, "2026-01-19T01:00:00Z,chat,4,0.5"))["chat"]
        others = [
            rows("2026-01-19T00:00:00Z;chat;4;50", "2026-01-19T01:00:00Z;chat;4;50", header="Time;Pool;node_hours;Utilization_Percent"),
            rows(f"{EPOCH},chat,4,0.5", f"{EPOCH + 3600},chat,4,0.5"),
            rows("2026-01-19T01:00:00+01:00,chat,4,0.5", "2026-01-19T02:00:00+01:00,chat,4,0.5"),
            rows("2026-01-19 00:00,2026-01-19 02:00,chat,4,50 %", header="time,end,pool,nodes,utilisation"),
            json.dumps([{"time": f"2026-01-19T0{hour}:00:00Z", "pool": "chat", "nodes": 4, "utilisation": 0.5} for hour in range(2)]),
            "\n".join(json.dumps({"time": EPOCH + hour * 3600, "pool": "chat", "nodes": 4, "utilisation": 0.5}) for hour in range(2)),
        ]
        for other in others:
            found = read(tmp_path, other)["chat"]
            assert found.hours.tolist() == one.hours.tolist()
            assert found.nodes.tolist() == one.nodes.tolist()
            assert found.busy.tolist() == one.busy.tolist()

    def test_parquet(self, tmp_path: Path) -> None:
        pq.write_table(
            pa.table({"time": [EPOCH, EPOCH + 3600], "pool": ["chat", "chat"], "nodes": [4, None], "utilisation": [0.5, 0.2]}),
            tmp_path / "p",
        )
        ledger, _ = read_usage([source(str(tmp_path / "p"))], POOLS, "pool", lambda _: None)
        assert usages(ledger)["chat"].nodes.tolist() == [4]

    def test_minutes_make_an_hour_with_its_peak(self, tmp_path: Path) -> None:
        lines = [f"{EPOCH + 600 * step},chat,{4 if step < 3 else 8},{0.1 * (step + 1)}" for step in range(6)]
        found = read(tmp_path, rows(*lines))["chat"]
        assert found.nodes.tolist() == [6]
        assert found.busy == pytest.approx([8 * 0.6])
        assert found.mean_busy == pytest.approx([(4 * (0.1 + 0.2 + 0.3) + 8 * (0.4 + 0.5 + 0.6)) / 6])
        assert found.hottest == pytest.approx([0.6])
        assert found.minutes == 10

    def test_parts_are_kept_apart_and_summed(self, tmp_path: Path) -> None:
        lines = [
            "2026-01-19T00:00:00Z,chat,p5.4xlarge,us-east-1,on_demand,2,0.5,13.76",
            "2026-01-19T00:00:00Z,chat,p5.4xlarge,us-east-1,spot,4,1,",
        ]
        found = read(tmp_path, rows(*lines, header="time,pool,machine,region,market,nodes,utilisation,usd"))["chat"]
        assert found.nodes.tolist() == [6]
        assert found.busy.tolist() == [5]
        assert [(part.market, part.nodes.tolist(), part.usd, part.priced_hours) for part in found.parts] == [
            ("on-demand", [2], 13.76, 2),
            ("spot", [4], 0, 0),
        ]

    @given(
        st.lists(
            st.tuples(st.integers(0, 50), st.integers(0, 9), st.integers(0, 100)), min_size=1, max_size=40, unique_by=lambda row: row[0]
        )
    )
    def test_any_order_gives_the_same_hours(self, tmp_path_factory: pytest.TempPathFactory, given_rows: list[tuple[int, int, int]]) -> None:
        lines = [f"{EPOCH + 3600 * hour},chat,{nodes},{used / 100}" for hour, nodes, used in given_rows]
        text = rows(*(f"{line},{int(line.partition(',')[0]) + 3600}" for line in lines), header=f"{HEADER},end")
        folder = tmp_path_factory.mktemp("any")
        found = read(folder, text)["chat"]
        expected = {EPOCH // 3600 + hour: (nodes, nodes * used / 100) for hour, nodes, used in given_rows}
        assert sorted(expected) == found.hours.tolist()
        assert [expected[hour][0] for hour in found.hours.tolist()] == found.nodes.tolist()
        assert [expected[hour][1] for hour in found.hours.tolist()] == pytest.approx(found.busy.tolist())


class TestRefused:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("", "usage0: is empty; a header and a row for each pool and time."),
            (rows(), "usage0: has a header and no rows"),
            (rows("2026-01-19T00:00:00Z,chatt,4,0.5"), "usage0:2: has the pool 'chatt'; choose chat"),
            (rows("2026-01-19T00:00:00Z,chat,-4,0.5"), "usage0:2: has the nodes '-4'; a number from 0"),
            (rows("2026-01-19T00:00:00Z,chat,NaN,0.5"), "usage0:2: has the nodes 'NaN'"),
            (rows("2026-01-19T00:00:00Z,chat,inf,0.5"), "usage0:2: has the nodes 'inf'"),
            (rows("2026-01-19T00:00:00Z,chat,many,0.5"), "usage0:2: has the nodes 'many'"),
            (rows("2026-01-19T00:00:00Z,chat,4,63"), "usage0:2: has the utilisation '63'; a number from 0 to 1"),
            (
                rows("2026-01-19T00:00:00Z,chat,4,63%", "2026-01-19T01:00:00Z,chat,4,63"),
                "usage0:3: has the utilisation '63'; a number from 0 to 1, or",
            ),
            (rows("2026-01-19T00:00:00Z,chat,,"), "usage0:2: says neither nodes nor utilisation"),
            (rows("yesterday,chat,4,0.5"), "usage0:2: has the time 'yesterday'"),
            (rows("1e300,chat,4,0.5"), "usage0:2: has the time '1e300'; a time like"),
            (rows("1969-01-01T00:00:00Z,chat,4,0.5"), "usage0:2: has the time '1969-01-01T00:00:00Z'"),
            (rows(f"{'x' * 200_000},chat,4,0.5"), "is not CSV from somewhere here on (field larger than field limit"),
            (rows(ROW, "2026-01-19T01:00:00,chat,4,0.5"), "usage0:3: has the time '2026-01-19T01:00:00'; a time like"),
            (rows(ROW, ROW), "usage0: has records of chat that overlap in the hour of 2026-01-19 00:00 UTC; one record for each time."),
            (rows(ROW + ",x"), "usage0:2: has 5 columns; 4, as in the header"),
            (rows(ROW, header="time,pool,nodes,nodes"), "usage0:1: has 2 columns of nodes"),
            (rows(ROW, header="when,pool,nodes,utilisation"), "usage0:1: has no column time among"),
            ("time,pool\n2026-01-19T00:00:00Z,chat\n", "usage0:1: has no column of use among 'time, pool'"),
            (rows(ROW + ",fast", header=HEADER + ",market"), "usage0:2: has the market 'fast'; on-demand, spot or committed"),
            (rows(ROW + ",2026-01-18T00:00:00Z", header=HEADER + ",end"), "usage0:2: lasts -86400 s"),
            (rows(ROW, "2026-01-19T00:00:07Z,chat,4,0.5"), "usage0: has steps of 7 s between its records"),
            (b"\x00\x01\x02", "usage0: is not text in UTF-8"),
            ("[1, 2]", "usage0: [0] is 1; an object"),
            ("{bad", "usage0:1: is not JSON"),
            ("[" * 100_000, "usage0: is not JSON"),
            ('{"time": 1768780800, "pool": "chat", "nodes": 1}\n{"tiem": 1}', "usage0:2: has 'tiem', which the first line has not"),
            ("PAR1", "is not Parquet that can be read"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, content: str | bytes, said: str) -> None:
        assert said in refused(tmp_path, content)

    def test_all_at_once(self, tmp_path: Path) -> None:
        said = refused(
            tmp_path, rows("yesterday,chat,4,0.5", "2026-01-19T00:00:00Z,chatt,-4,2"), rows("2026-01-19T00:00:00Z,chat,x,0.5")
        ).splitlines()
        assert [line.partition(": ")[0] for line in said] == ["usage0:3", "usage0:2", "usage0:3", "usage0:3", "usage1:2"]

    def test_many_faults_are_counted(self, tmp_path: Path) -> None:
        said = refused(tmp_path, rows(*["yesterday,chat,4,0.5"] * 1000)).splitlines()
        assert len(said) == 21
        assert said[-1] == "usage0: has 980 more faults like these; none."

    def test_files_that_overlap(self, tmp_path: Path) -> None:
        assert "usage0 and usage1: has records of chat that overlap" in refused(tmp_path, rows(ROW), rows(ROW))

    def test_no_file(self) -> None:
        with pytest.raises(BadInput, match=r"--usage: is 'nowhere.csv', which does not exist"):
            read_usage([source("nowhere.csv")], POOLS, "pool", lambda _: None)

    def test_control_characters_do_not_reach_the_terminal(self, tmp_path: Path) -> None:
        assert "\x1b" not in refused(tmp_path, rows("2026-01-19T00:00:00Z,\x1b[31mred,4,0.5"))


def test_a_large_file_takes_the_memory_of_its_hours(tmp_path: Path) -> None:
    """300,000 rows in several chunks are a fortnight of minutes: the ledger keeps the hours alone."""
    lines = [f"{EPOCH + 60 * step},chat,4,0.5" for step in range(20_000)]
    path = tmp_path / "large"
    with path.open("w") as file:
        file.write("time,pool,machine,nodes,utilisation\n")
        for kind in range(15):
            file.writelines(f"{line.replace('chat', f'chat,m{kind}')}\n" for line in lines)
    ledger, _ = read_usage([source(str(path))], POOLS, "pool", lambda _: None)
    assert len(ledger.cells().key) == 15 * 334
    assert usages(ledger)["chat"].nodes[:333].tolist() == [60.0] * 333


def answer(*lines: tuple[dict[str, str], list[list[Any]]]) -> str:
    result = [{"metric": metric, "values": values} for metric, values in lines]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


class TestPrometheus:
    NODES = ({"pool": "chat", "node_kubernetes_io_instance_type": "p5.4xlarge"}, [[EPOCH + 300 * step, "4"] for step in range(24)])

    def test_counts_and_utilisation_meet(self, tmp_path: Path) -> None:
        counts = tmp_path / "counts.json"
        counts.write_text(answer(self.NODES))
        used = tmp_path / "used.json"
        used.write_text(
            answer(({"pool": "chat", "__name__": "DCGM_FI_DEV_GPU_UTIL"}, [[EPOCH + 300 * step, str(step)] for step in range(24)]))
        )
        ledger, _ = read_usage([source(f"nodes={counts}"), source(str(used))], POOLS, "pool", lambda _: None)
        found = usages(ledger)["chat"]
        assert found.nodes.tolist() == [4, 4]
        assert found.hottest == pytest.approx([0.11, 0.23])
        assert found.mean_busy == pytest.approx([4 * 0.055, 4 * 0.175])
        assert found.minutes == 5
        assert found.parts[0].machine == "p5.4xlarge"

    @pytest.mark.parametrize(
        ("content", "prefix", "said"),
        [
            (answer(NODES), "", "usage0: does not say what it counts in answer.data.result[0]; nodes, utilisation"),
            (answer(({}, [[EPOCH, "1"]])), "nodes=", "usage0: has no label pool in answer.data.result[0]; choose"),
            (answer(({"pool": "chatt"}, [[EPOCH, "1"]])), "nodes=", "has the pool 'chatt'"),
            (answer(({"pool": "chat"}, [[EPOCH, "63"]])), "utilisation=", "has utilisation of 63"),
            (answer(({"pool": "chat"}, [[EPOCH, "-1"]])), "nodes=", "has the value -1"),
            (rows(ROW), "nodes=", "but usage0 has columns; the file alone"),
        ],
    )
    def test_refused(self, tmp_path: Path, content: str, prefix: str, said: str) -> None:
        assert said in refused(tmp_path, content, prefix=prefix)
