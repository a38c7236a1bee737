"""`lepton backtest` as a user sees it."""

import datetime as dt
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from lepton_infra.cli.app import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(41)
    start = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    values = ["" if place == 400 else f"{100 + rng.gamma(4, 10):.2f}" for place in range(10 * 48)]
    rows = [f"{start + dt.timedelta(minutes=30 * place)},{value}" for place, value in enumerate(values) if place != 410]
    path = tmp_path / "<b>load.csv"
    path.write_text("time,value\n" + "\n".join(rows) + "\n")
    return path


def run(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["backtest", *arguments])
    return int(caught.value.code or 0)


def test_one_document(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [str(file), "--capacity", "10", "--lead-minutes", "20", "--test-days", "2", "--violations", "0.02", "--json"]
    assert run(asked) == 0
    first = capsys.readouterr().out
    document = json.loads(first)
    assert document["series"]["gaps"] == 2
    assert document["series"]["windows_judged"] == 94
    assert document["policies"][0]["policy"] == "lepton"
    for row in document["policies"]:
        assert {"policy", "node_hours_over_oracle", "violated_share", "coverage_95", "unserved_share"} <= set(row)
        assert 0 <= row["unserved_share"] <= row["violated_share"] <= 1 or row["violated_share"] == 0
    assert run(asked) == 0
    assert capsys.readouterr().out == first


def test_a_table(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([str(file), "--capacity", "10", "--test-days", "2"]) == 0
    printed = capsys.readouterr()
    names = [line.split()[0] for line in printed.out.splitlines() if line.strip()]
    assert "lepton" in names
    assert "thresholds-80-40" in names
    assert "Perfect knowledge" in printed.out
    assert "backtest: lepton" in printed.err


def test_times_counted_from_the_first_row_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([str(ROOT / "stacks/demand/servegen_m_large_10min.csv"), "--capacity", "10", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["series"]["step_seconds"] == 600


class _Page(HTMLParser):
    """Which tags there are, and what they would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [name for name, _ in attrs if name in {"src", "href", "srcset"}]


def test_a_page_that_loads_nothing(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "page.html"
    assert run([str(file), "--capacity", "10", "--test-days", "2", "--html", str(out)]) == 0
    assert "written" in capsys.readouterr().err
    page = _Page()
    page.feed(out.read_text())
    assert page.loads == []
    assert page.tags.count("circle") == 2 * 12
    assert page.tags.count("polyline") == 4
    assert not {"script", "link", "img", "b"} & set(page.tags)
    assert "nan" not in out.read_text()


def test_a_picture_the_same_each_time(file: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "one.png", tmp_path / "two.png"
    for out in (first, second):
        assert run([str(file), "--capacity", "10", "--test-days", "2", "--png", str(out)]) == 0
    assert first.read_bytes().startswith(b"\x89PNG")
    assert first.read_bytes() == second.read_bytes()


def test_no_picture_without_the_extra(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lepton_infra.cli.picture.find_spec", lambda _name: None)
    assert run([str(file), "--capacity", "10", "--png", str(tmp_path / "one.png")]) == 2
    assert "lepton-infra[plot]" in capsys.readouterr().err
    assert not (tmp_path / "one.png").exists()


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("", [], "is empty"),
        ("time,value\n", [], "no rows"),
        ("time,value\n2026-01-05T00:00:00Z,x\n2026-01-05T00:10:00Z,-1\n", [], "load.csv:3"),
        ("time,value\n2026-01-05T00:00:00Z,1\n2026-01-05T00:10:00Z,2\n", [], "--test-days"),
        ("time,a,b\n1,2,3\n", [], "has the time '1'"),
        ("time,value,unit\n2026-01-05T00:00:00Z,1,parsec\n2026-01-05T00:10:00Z,2,\n", [], "parsec"),
        ("time,value\n", ["--capacity", "nan", "--violations", "2"], "--violations"),
    ],
)
def test_what_cannot_be_used_is_said(
    text: str, arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "load.csv"
    path.write_text(text)
    assert run([str(path), "--capacity", "10", "--json", *arguments]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert "Traceback" not in printed.err


def test_a_place_that_cannot_be_written_is_said(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([str(file), "--capacity", "10", "--test-days", "2", "--json", "--html", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "cannot be written" in printed.err
    assert run([str(tmp_path / "none.csv"), "--capacity", "10"]) == 2
    assert "does not exist" in capsys.readouterr().err
