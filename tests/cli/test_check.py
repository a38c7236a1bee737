"""`lepton check` and `lepton graph` as a user types them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lepton_infra.rules.card import Severity
from lepton_policies import RULES

LEPTON = Path(sys.executable).parent / "lepton"
OPEN = {"type": "aws:ebs/snapshotCopy:SnapshotCopy", "name": "disk", "inputs": {"encrypted": False, "tags": {"owner": "me"}}}
PLACED = {**OPEN, "name": "placed", "position": {"file": "stacks/a.py", "line": 7}}
WAITING = {
    "type": "aws:ebs/snapshotCopy:SnapshotCopy",
    "name": "waiting",
    "inputs": {"encrypted": {"$unknown": True}, "tags": {"owner": "me"}},
}
GOOD = {
    "type": "aws:ebs/snapshotCopy:SnapshotCopy",
    "name": "good",
    "inputs": {"encrypted": True, "tags": {"owner": "me", "environment": "dev"}},
}
BLOCKING = {severity.value for severity in Severity if severity.blocks}
KEYS = ["rule", "severity", "type", "name", "urn", "verdict", "path", "message", "file", "line"]


def _lepton(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LEPTON, *arguments], capture_output=True, text=True, check=False)


def _graph(path: Path, *resources: dict[str, Any]) -> Path:
    file = path / "graph.json"
    file.write_text(json.dumps({"format": "lepton.graph/1", "resources": resources}))
    return file


def test_the_document_has_what_it_promises_and_nothing_else(tmp_path: Path) -> None:
    ran = _lepton("check", "--graph", _graph(tmp_path, PLACED, WAITING, GOOD), "--json")

    said = json.loads(ran.stdout)
    assert list(said) == ["findings", "checked", "rules"]
    assert (said["checked"], said["rules"]) == (3, len(RULES))
    assert all(list(finding) == KEYS for finding in said["findings"])
    found = {(one["name"], one["verdict"]): one for one in said["findings"] if one["rule"] == "aws-ebs-encrypted"}
    assert set(found) == {("placed", "fail"), ("waiting", "undecided")}
    placed = found["placed", "fail"]
    assert (placed["file"], placed["line"], placed["path"], placed["severity"]) == ("stacks/a.py", 7, "encrypted", "high")
    assert found["waiting", "undecided"]["file"] is None
    assert ran.returncode == 1


def test_the_worst_comes_first(tmp_path: Path) -> None:
    said = json.loads(_lepton("check", "--graph", _graph(tmp_path, {**OPEN, "inputs": {"encrypted": False}}), "--json").stdout)

    order = [list(Severity).index(Severity(finding["severity"])) for finding in said["findings"]]
    assert len(order) > 1
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("resource", "options", "code"),
    [
        (GOOD, [], 0),
        (OPEN, [], 1),
        (OPEN, ["--severity", "high"], 1),
        (OPEN, ["--severity", "critical"], 0),
        (WAITING, [], 0),
        (WAITING, ["--strict"], 3),
        (WAITING, ["--strict", "--severity", "critical"], 0),
        (OPEN, ["--strict"], 1),
        (OPEN, ["--severity", "worst"], 2),
    ],
)
def test_the_exit_code_tells_the_answer(tmp_path: Path, resource: dict[str, Any], options: list[str], code: int) -> None:
    only = {**resource, "inputs": {**resource["inputs"], "tags": {"owner": "me", "team": "t", "environment": "dev"}}}

    ran = _lepton("check", "--graph", _graph(tmp_path, only), *options)

    assert ran.returncode == code


def test_a_person_reads_severity_file_line_and_fix(tmp_path: Path) -> None:
    out = _lepton("check", "--graph", _graph(tmp_path, PLACED, WAITING)).stdout

    lines = out.splitlines()
    assert any(line.startswith("high: ") for line in lines)
    assert "  stacks/a.py" in lines
    assert any(line.startswith("    7: aws-ebs-encrypted  placed (aws:ebs/snapshotCopy:SnapshotCopy)") for line in lines)
    assert "Set `encrypted=True`" in out
    assert any(line.startswith("cannot tell before the stack is up: ") for line in lines)
    assert lines[-1].endswith(f"2 resources checked by {len(RULES)} rules")


def test_no_name_in_a_graph_steers_the_terminal(tmp_path: Path) -> None:
    hostile = {**OPEN, "name": "\x1b[2J[red]gone", "position": {"file": "\x1b]0;x\x07.py", "line": 1}}

    for verb in ("check", "graph"):
        out = _lepton(verb, "--graph", _graph(tmp_path, hostile, {**hostile, "custom": False, "name": "\x1b[1m"})).stdout
        assert "\x1b" not in out
        assert "\x07" not in out


@pytest.mark.parametrize("verb", ["check", "graph"])
def test_one_source_and_one_only(tmp_path: Path, verb: str) -> None:
    graph = _graph(tmp_path, GOOD)

    for arguments in ([], ["dev", "--graph", graph], ["--graph", graph, "--state", graph]):
        ran = _lepton(verb, *arguments)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "one of a stack, --graph, --state or --preview" in ran.stderr


def test_a_state_and_a_preview_are_judged_too(tmp_path: Path) -> None:
    urn = "urn:pulumi:dev::shop::aws:ebs/volume:Volume::disk"
    resource = {"urn": urn, "type": "aws:ebs/volume:Volume", "custom": True, "inputs": {"encrypted": False}}
    state, preview = tmp_path / "state.json", tmp_path / "preview.json"
    state.write_text(json.dumps({"deployment": {"resources": [resource]}}))
    preview.write_text(json.dumps({"steps": [{"op": "create", "newState": resource}]}))

    findings = [
        json.loads(_lepton("check", option, file, "--json").stdout)["findings"]
        for option, file in (("--state", state), ("--preview", preview))
    ]

    assert findings[0] == findings[1]
    assert "aws-ebs-encrypted" in {finding["rule"] for finding in findings[0]}


def test_bad_files_are_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    for content in ("", "[]", "{}", "[" * 10_000, '{"resources": [1]}'):
        file.write_text(content)
        for option in ("--graph", "--state", "--preview"):
            ran = _lepton("check", option, file)
            assert (ran.returncode, ran.stdout) == (2, "")
            assert ran.stderr.startswith("error: file.json")
            assert "Traceback" not in ran.stderr


def test_the_shipped_stack_breaks_no_rule_that_blocks_and_its_program_is_told_by_line(project: Path) -> None:
    ran = _lepton("check", "serve-aws", "--json", "--severity", "high", "--project", project)

    said = json.loads(ran.stdout)
    assert (ran.returncode, [one for one in said["findings"] if one["verdict"] == "fail" and one["severity"] in BLOCKING]) == (0, [])
    assert said["checked"] > 80
    assert {finding["file"] for finding in said["findings"]} <= {"stacks/__main__.py"}


def test_a_bucket_opened_in_the_program_is_found_at_its_line_unless_exempt(project: Path) -> None:
    program, settings = project / "stacks" / "__main__.py", project / "stacks" / "Pulumi.serve-aws.yaml"
    lines = [*program.read_text().splitlines(), "import pulumi_aws as aws", 'aws.s3.BucketPublicAccessBlock("open", bucket="b", opts=here)']
    program.write_text("\n".join(lines) + "\n")

    found = json.loads(_lepton("check", "serve-aws", "--json", "--severity", "high", "--project", project).stdout)["findings"]
    exempt = "{rule: aws-s3-pab-flags, urn: '*::open', reason: a test, owner: me, expires: 2999-01-01}"
    settings.write_text(settings.read_text() + f"  lepton:exemptions:\n    - {exempt}\n")
    excused = _lepton("check", "serve-aws", "--severity", "high", "--project", project)

    assert [(one["rule"], one["line"]) for one in found if one["verdict"] == "fail" and one["severity"] in BLOCKING] == [
        ("aws-s3-pab-flags", len(lines))
    ]
    assert excused.returncode == 0
    assert "1 exempt" in excused.stdout


def test_a_stack_that_does_not_exist_is_a_sentence(project: Path) -> None:
    ran = _lepton("graph", "nowhere", "--project", project)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "nowhere: has no file Pulumi.nowhere.yaml; one of serve-aws." in ran.stderr


def test_a_stale_plan_is_told_as_the_program_tells_it(project: Path) -> None:
    stack = project / "stacks" / "Pulumi.serve-aws.yaml"
    stack.write_text(stack.read_text().replace("lead_minutes: 15", "lead_minutes: 16"))

    ran = _lepton("check", "serve-aws", "--project", project)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "lepton plan serve-aws" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_graph_that_is_written_is_the_graph_that_is_read(project: Path, tmp_path: Path) -> None:
    written = _lepton("graph", "serve-aws", "--json", "--project", project).stdout
    file = tmp_path / "graph.json"
    file.write_text(written)

    assert _lepton("graph", "--graph", file, "--json").stdout == written


def test_a_persons_graph_shows_components_and_counts(project: Path) -> None:
    out = _lepton("graph", "serve-aws", "--project", project).stdout

    assert out.startswith("serve-aws: ")
    assert "\n  network  lepton:index:EncryptedNetwork  stacks/__main__.py:16\n" in out
    assert "14 x aws:ec2/vpcEndpoint:VpcEndpoint" in out


def test_a_hand_written_graph_in_a_circle_is_shown(tmp_path: Path) -> None:
    circle = [{**GOOD, "urn": "a", "parent": "b"}, {**GOOD, "urn": "b", "parent": "a"}, {**GOOD, "urn": "c", "parent": "c"}]

    assert _lepton("graph", "--graph", _graph(tmp_path, *circle)).returncode == 0


def test_debug_shows_the_traceback_and_results_can_be_given(project: Path, tmp_path: Path) -> None:
    program = project / "stacks" / "__main__.py"
    program.write_text("import pulumi_aws as aws\nprint('said', aws.ec2.get_instances().ids)\n")
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"aws:ec2/getInstances:getInstances": {"id": "x", "ids": ["i-1"]}}))

    bad = _lepton("graph", "serve-aws", "--debug", "--project", project)
    good = _lepton("graph", "serve-aws", "--debug", "--answers", answers, "--project", project)

    assert bad.returncode == 2
    assert "Traceback" in bad.stderr
    assert "nobody answers aws:ec2/getInstances:getInstances here, so give results by --answers" in bad.stderr
    assert (good.returncode, "said ['i-1']" in good.stderr) == (0, True)


def test_the_months_are_held_to_the_budget_of_the_stack_file_in_the_dollars_of_cost(project: Path) -> None:
    stack = project / "stacks" / "Pulumi.serve-aws.yaml"
    limits = "      usd_per_month: 90000\n      at_most_usd_per_month: 150000\n"
    stack.write_text(stack.read_text().replace("    budget:\n", f"    budget:\n{limits}"))

    ran = _lepton("check", "serve-aws", "--project", project, "--json")
    month = json.loads(_lepton("cost", "serve-aws", "--project", project, "--json").stdout)["usd_per_month"]

    broken = {one["rule"]: one for one in json.loads(ran.stdout)["findings"] if one["verdict"] == "fail"}
    assert (ran.returncode, {rule: one["severity"] for rule, one in broken.items()}) == (
        1,
        {"cost-stack-max": "high", "cost-stack-budget": "medium"},
    )
    assert f"costs up to {month['high']:,.0f} $ a month, above 150,000 $: " in broken["cost-stack-max"]["message"]
    assert f"costs {month['expected']:,.0f} $ a month, above 90,000 $: " in broken["cost-stack-budget"]["message"]
    assert (month["high"] > 150_000, month["expected"] > 90_000) == (True, True)
