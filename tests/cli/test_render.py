"""What is printed is what was said."""

import json

import pytest

from lepton_infra.cli import render
from lepton_infra.errors import BadInput, Fault


def test_words_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    render.say("root:x:0 [bold]not bold[/bold] " + "long " * 60)

    assert capsys.readouterr().out == "root:x:0 [bold]not bold[/bold] " + "long " * 60 + "\n"


def test_a_table_holds_its_cells_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    render.table("t:x:t", ["a[b]", render.number("n")], [("[red]", 1), (":x:", 22)], ("together", 23))

    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines() if line.strip()] == [
        ["t:x:t"],
        ["a[b]", "n"],
        ["[red]", "1"],
        [":x:", "22"],
        ["together", "23"],
    ]


def test_every_fault_has_its_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    render.fault(BadInput([Fault("a.yaml", "is empty", "a mapping"), Fault("b.csv:3", "has the value ':x:'", "a number", "Correct it")]))

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: a.yaml: is empty; a mapping.\nerror: b.csv:3: has the value ':x:'; a number. Correct it.\n"


def test_a_document_is_json_alone_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with render.progress() as report:
        report("preview: 1")
        report("preview: 2")
        report("up: 1")
    render.document({"grün": [1]})

    said = capsys.readouterr()
    assert json.loads(said.out) == {"grün": [1]}
    assert said.err == "preview: 1\nup: 1\n"
