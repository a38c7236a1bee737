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
