"""`lepton catalog` as a user sees it."""

import json

import pytest

from lepton_infra.cli.app import main
from lepton_infra.cli.catalog import catalog


def test_a_table_cheapest_first_with_dates(capsys: pytest.CaptureFixture[str]) -> None:
    catalog("8x H100", region="us-*", limit=3)
    printed = capsys.readouterr()
    lines = [line.split() for line in printed.out.splitlines() if line.startswith(("aws", "gcp", "azure"))]
    assert [line[0] for line in lines] == ["aws", "gcp", "gcp"]
    assert lines[0][2:] == ["p5.48xlarge", "8x", "H100", "6.880", "55.040", "2026-07-20"]
    assert "9 offers, the cheapest 3" in printed.out
    assert "H100-NVL" in printed.err


def test_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    catalog("l40s", cloud="aws", spot=True, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["count"] == len(document["offers"]) == 8
    assert all("derived" in offer["marks"] for offer in document["offers"])


@pytest.mark.parametrize(
    "arguments", [["H1000"], ["8x H100", "--region", "mars"], ["H100", "--cloud", "acme"], ["H100", "--limit", "0"], []]
)
def test_a_question_without_an_answer_exits_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["catalog", *arguments])
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err


@pytest.mark.parametrize("arguments", [["find", "fpga"], ["fpga"], ["--limit", "3", "fpga"]])
def test_a_question_needs_no_word_before_it(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["catalog", *arguments])
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert "fpga: 3 offers" in printed
    assert "f2.6xlarge" in printed
    # Read on 2026-01-19: marked, whenever this runs.
    assert "old price" in printed


def test_columns_appear_when_they_say_something(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    catalog("n2-standard-8", region="us-central1", carbon=True)
    plain_machine = capsys.readouterr()
    assert "~0.280" in plain_machine.out
    assert "432 (2025)" in plain_machine.out
    assert "follows from a discount" in plain_machine.err
    catalog("p5.48xlarge", fabric="efa", spot=True)
    h100 = capsys.readouterr()
    assert "EFA 3200 Gb/s" in h100.out
    assert "taken back" in h100.out
    assert "y $/h" not in h100.out
    assert "CO2e" not in h100.out


def test_spot_advice_says_where_no_price_is_known(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    catalog("p5.48xlarge", bands=True)
    lines = [line for line in capsys.readouterr().out.splitlines() if "p5.48xlarge  " in line]
    assert {"no price known" in line for line in lines if not line.startswith("us-east-1")} == {True}
    assert ["no price known" in line for line in lines if line.startswith("us-east-1 ")] == [False]
    catalog("L4", region="eu-*", bands=True, limit=2, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["count"] > len(document["advice"]) == 2
    assert {one["price_known"] for one in document["advice"]} == {False}
