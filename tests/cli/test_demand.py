"""`lepton demand` as a user sees it."""

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.cli.app import main
from lepton_infra.cli.chart import GAP, KNOWN, PARTLY, bins, block_chart
from lepton_infra.cli.demandwords import figure, length

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "stacks/demand/servegen_m_large_10min.csv"
AZURE = ROOT / "tests/sizing/traces/azure_conv_2023.csv"


def run(*arguments: str | Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["demand", *map(str, arguments)])
    assert not caught.value.code


def wide(path: Path) -> Path:
    """Write five days of two tenants, one of them unrecorded for a day, with a name that is no HTML."""
    lines = ["time,acme,<b>globex</b>"]
    for hour in range(5 * 24):
        other = "" if 48 <= hour < 72 else str(20 + 10 * math.sin(hour / 24 * 2 * math.pi))
        lines.append(f"{1767571200 + 3600 * hour},{10 + 5 * math.sin(hour / 24 * 2 * math.pi)},{other}")
    path.write_text("\n".join(lines))
    return path


def test_a_series_in_words_and_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    run(SHIPPED, "--start", "2026-01-05")
    printed = capsys.readouterr().out
    for said in (
        "servegen_m_large_10min.csv: CSV, requests/s",
        "span: 14 days, 2026-01-05 00:00 to 2026-01-19 00:00 UTC",
        "daily cycle: none",
        "weekly cycle: too short to tell: 2.0 cycles recorded, 3 needed",
        "gaps: none",
        "peak: 583 requests/s at 2026-01-05 22:20 UTC",
        "peak to mean: 2.98",
        "Mon 2026-01-05",
    ):
        assert said in printed
    assert max(map(len, printed.splitlines()[:8])) <= 80
    assert "█" in printed


def test_gaps_and_tenants_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(wide(tmp_path / "load"), "--unit", "gpus")
    printed = capsys.readouterr().out
    assert "gaps: 1, 20.0% of the steps; the longest is 1 day from 2026-01-07 00:00 UTC" in printed
    assert "tenants: 2, summed; 24 steps are gaps because only some were recorded" in printed
    assert re.search(r"<b>globex</b>\s+20\s+66\.7%\s+30\s+24", printed)
    assert re.search(r"─[─╌]* +[─╌]*─\n", printed)
    assert "blank: gap" in printed


def test_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    run(AZURE, "--json", "--unit", "input tokens/s")
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "lepton.demand/1"
    assert document["unit"] == "input_tokens_per_second"
    assert document["form"] == "request trace"
    assert 1 < document["burst"]["median"] < document["burst"]["most"]
    assert document["cycles"][0]["strength"] is None
    assert document["days"][0]["date"] == "2023-11-16"
    assert document["start"] == "2023-11-16T18:16:00Z"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onload"}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "load.html"
    run(wide(tmp_path / "load"), "--unit", "gpus", "--html", out)
    assert "load.html: written" in capsys.readouterr().err
    text = out.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.seen.count("svg") == 1
    assert tags.seen.count("path") == 2
    assert tags.seen.count("rect") == 24
    assert "b" not in tags.seen
    assert "&lt;b&gt;globex&lt;/b&gt;" in text
    assert "://" not in text
    assert "url(" not in text
    assert 'name="viewport"' in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "FILE: is 'nowhere.csv', which does not exist"),
        (["/"], "which is no file"),
        ([SHIPPED], "Say --start, the time of the first row"),
        ([SHIPPED, "--unit", "furlongs", "--start", "soon"], "--unit: is 'furlongs'"),
        ([SHIPPED, "--unit", "furlongs", "--start", "soon"], "--start: is 'soon'"),
        ([SHIPPED, "--start", "2026-01-05", "--unit", "gpus"], "--unit: is requests_per_second in the header"),
        ([AZURE, "--html", "/proc/x/y.html"], "--html: is '/proc/x/y.html', which cannot be written"),
        ([AZURE, "--html", "/"], "--html: is '/', which cannot be written"),
        ([], ""),
    ],
)
def test_what_cannot_be_described_exits_with_two(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["demand", *map(str, arguments)])
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert "Traceback" not in printed.err


def test_columns_by_hand() -> None:
    nan = float("nan")
    drawn = bins([0, 8, nan, nan, 4, nan], 3)
    assert [each.recorded for each in drawn] == [1, 0, 0.5]
    assert block_chart(drawn, 2) == ["█  ", "█ █", f"{KNOWN}{GAP}{PARTLY}"]
    assert block_chart(bins([0.0, 0.0], 9), 1) == ["  ", KNOWN * 2]
    assert block_chart(bins([1e-9, 1.0], 9), 1) == ["▁█", KNOWN * 2]


@given(st.lists(st.one_of(st.floats(0, 1e18), st.just(float("nan"))), min_size=1, max_size=300), st.integers(1, 120))
def test_a_chart_fits_and_loses_nothing(values: list[float], width: int) -> None:
    drawn = bins(values, width)
    lines = block_chart(drawn, 4)
    assert {len(line) for line in lines} == {min(width, len(values))}
    known = [value for value in values if not math.isnan(value)]
    assert max((each.high for each in drawn if each.recorded), default=0.0) == max(known, default=0.0)
    assert (KNOWN * len(drawn) == lines[-1]) == (len(known) == len(values))


def test_figures_and_lengths() -> None:
    assert [figure(value) for value in (None, 0.0, 0.12345, 12.345, 1234.5, 1e18)] == ["", "0", "0.1235", "12.35", "1,234", f"{10**18:,}"]
    assert [length(seconds) for seconds in (0, 1, 60, 90, 3600, 86_400, 1_209_600)] == [
        *("0 seconds", "1 second", "1 minute", "1.5 minutes", "1 hour", "1 day", "14 days"),
    ]
