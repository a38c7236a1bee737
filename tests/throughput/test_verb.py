"""`lepton throughput` as a user sees it."""

import json

import pytest

from lepton_infra.cli.app import main
from lepton_infra.cli.throughput import throughput


def test_a_table_with_provenance_and_audited_figures(capsys: pytest.CaptureFixture[str]) -> None:
    throughput("llama3.1-8b", gpu="H100")
    printed = capsys.readouterr().out
    assert "aiconfig" in printed
    assert "silicon" in printed
    assert "5,104" in printed


def test_one_document_with_every_point(capsys: pytest.CaptureFixture[str]) -> None:
    throughput("meta-llama/Llama-3.1-8B-Instruct", gpu="h200", as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == "lepton.throughput/1"
    assert {row["gpu"] for row in document["configurations"]} == {"H200"}
    assert all(row["origin"] and row["points"] for row in document["configurations"])
    assert document["audited"][0]["tokens_per_second_per_gpu"] == 6725


@pytest.mark.parametrize("arguments", [["nobody/knows"], ["llama3.1-8b", "--gpu", "T9"], [""], [], ["x" * 5000]])
def test_a_question_without_an_answer_exits_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["throughput", *arguments])
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
