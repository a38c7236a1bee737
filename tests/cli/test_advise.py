"""`lepton advise` as a user sees it, and the page that describes its files."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from lepton_infra.cli.app import main
from lepton_infra.sizing.advise.native import _NAMES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/usage-records.md").read_text(encoding="utf-8")
SHIPPED = ROOT / "stacks/usage/serve-aws.csv"


def run(*arguments: str | Path, code: int = 0) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["advise", *map(str, arguments)])
    assert (caught.value.code or 0) == code


def test_the_shipped_records(capsys: pytest.CaptureFixture[str]) -> None:
    run("serve-aws", "--usage", SHIPPED, "--project", ROOT)
    printed = capsys.readouterr()
    assert "serve-aws: 2026-01-19T00:00:00Z to 2026-02-02T00:00:00Z" in printed.out
    assert "* release Release" in printed.out
    assert "Together: " in printed.out
    assert "reading serve-aws.csv" in printed.err


def test_one_document_that_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    run("serve-aws", "--usage", SHIPPED, "--project", ROOT, "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["format"] == "lepton.advice/1"
    counted = [one for one in found["advice"] if one["id"] in found["counted"]]
    assert found["saved_usd_per_month"] == pytest.approx(sum(one["usd_per_month"]["expected"] for one in counted), abs=0.02)
    claims = [claim for one in counted for claim in one["claims"]]
    assert len(claims) == len(set(claims))
    for one in found["advice"]:
        assert one["evidence"]
        assert one["changes"]
        assert one["confidence"] in {"high", "medium", "low"}
    run("serve-aws", "--usage", SHIPPED, "--project", ROOT, "--json")
    assert json.loads(capsys.readouterr().out) == found


def test_a_stale_plan_is_taken_and_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = project / "stacks/Pulumi.serve-aws.yaml"
    stack.write_text(stack.read_text().replace("max_nodes: 60", "max_nodes: 61"))
    run("serve-aws", "--usage", SHIPPED, "--project", project)
    assert "note: the plan is stale, and was taken as it is" in capsys.readouterr().err


def test_a_pool_without_records_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some = tmp_path / "some.csv"
    some.write_text("\n".join(line for line in SHIPPED.read_text().splitlines() if "overflow" not in line))
    run("serve-aws", "--usage", some, "--project", ROOT)
    assert "note: overflow: no records, so nothing is said of it." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,pool,nodes\n2026-01-19T00:00:00Z,chatt,4\n", "error: bad.csv:2: has the pool 'chatt'; choose chat or overflow."),
        ("", "error: bad.csv: is empty"),
        ("time,pool,nodes\n2026-01-19T00:00:00Z,chat,-4\n", "error: bad.csv:2: has the nodes '-4'"),
    ],
)
def test_bad_input_is_two(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    run("serve-aws", "--usage", tmp_path / "bad.csv", "--project", ROOT, code=2)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err


def test_no_plan_is_two(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "stacks/plans/serve-aws.json").unlink()
    run("serve-aws", "--usage", SHIPPED, "--project", project, code=2)
    assert "plans/serve-aws.json: does not exist" in capsys.readouterr().err


def test_the_page_shows_a_file_that_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```csv\n(.+?)```", PAGE, re.DOTALL)
    (tmp_path / "example.csv").write_text(example)
    run("serve-aws", "--usage", tmp_path / "example.csv", "--project", ROOT, "--json")
    found = json.loads(capsys.readouterr().out)
    assert [(one["pool"], one["node_hours"]) for one in found["pools"]] == [("chat", 54), ("overflow", 7)]
    assert found["pools"][0]["utilisation"] == pytest.approx(0.44)


def test_the_page_names_every_column() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert set(_NAMES) <= named


def test_the_commands_of_the_page_run(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    commands = re.findall(r"^\$ lepton (.+)$", PAGE, re.MULTILINE)
    assert len(commands) == 2
    shutil.copytree(ROOT / "stacks/usage", project / "stacks/usage", dirs_exist_ok=True)
    for name, value in (("nodes", "12"), ("used", "0.5")):
        lines = [
            {"metric": {"pool": pool}, "values": [[1768780800 + 300 * step, value] for step in range(12)]} for pool in ("chat", "overflow")
        ]
        answer = {"status": "success", "data": {"resultType": "matrix", "result": lines}}
        (project / f"{name}.json").write_text(json.dumps(answer))
    monkeypatch.chdir(project)
    for command in commands:
        run(*shlex.split(command)[1:])
        assert "chat" in capsys.readouterr().out
