"""What a stack file may say, and what a reader is told when it says something else."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from lepton_infra.config import find_project, load_stack
from lepton_infra.config.project import KEY, read_yaml
from lepton_infra.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
GOOD: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / "Pulumi.serve-aws.yaml").read_text())["config"][KEY]


def _project(path: Path, text: str) -> Path:
    (path / "stacks").mkdir(exist_ok=True)
    (path / "Pulumi.yaml").write_text("name: lepton\nmain: stacks\nstackConfigDir: stacks\nruntime: python\n")
    (path / "stacks" / "Pulumi.dev.yaml").write_text(text)
    return path


def _faults(path: Path, stack: Mapping[str, object]) -> list[str]:
    project = _project(path, yaml.safe_dump({"config": {KEY: dict(stack)}}))
    with pytest.raises(BadInput) as caught:
        load_stack(find_project(project), "dev")
    return [str(fault) for fault in caught.value.faults]


def _changed(path: str, value: object) -> dict[str, Any]:
    stack = deepcopy(GOOD)
    *parents, last = path.split(".")
    target: Any = stack
    for part in parents:
        target = target[int(part)] if part.isdigit() else target.setdefault(part, {})
    target[last] = value
    return stack


def test_the_shipped_stack_is_good() -> None:
    read = load_stack(find_project(ROOT / "lepton_infra" / "config"), "serve-aws")

    assert read.project.name == "lepton"
    assert [pool.name for pool in read.stack.pools] == ["chat", "overflow"]
    assert read.where == "Pulumi.serve-aws.yaml: lepton:stack"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("netwrk", {}, "lepton:stack.netwrk is unknown; one of budget, cloud, cluster, environment"),
        ("netwrk", {}, "Write 'network'."),
        ("cloud", "gpc", "lepton:stack.cloud is 'gpc'; choose 'aws'."),
        ("owner", "", "lepton:stack.owner is ''; text that matches"),
        ("network.cidr", "10.0.0.0/24", "lepton:stack.network.cidr is 10.0.0.0/24; /16 to /21"),
        ("network.cidr", "8.8.0.0/16", "is 8.8.0.0/16, which is public; a private range"),
        ("network.cidr", "10.0.0.1/16", "lepton:stack.network.cidr is '10.0.0.1/16'; "),
        ("network.reserved", ["10.20.128.0/17"], "lepton:stack.network.reserved has 10.20.128.0/17, which overlaps cidr 10.20.0.0/16"),
        ("network.zones", 7, "lepton:stack.network.zones is 7; less than or equal to 6."),
        ("cluster.service_cidr", "10.20.0.0/20", "lepton:stack.cluster has service_cidr 10.20.0.0/20, which overlaps network.cidr"),
        ("cluster.system_pool", {"min_nodes": 9}, "lepton:stack.cluster.system_pool.max_nodes is 4; min_nodes, which is 9, or more."),
        ("pools.0.quantile", 95, "lepton:stack.pools[0].quantile is 95; less than 1."),
        ("pools.0.lead_minutes", "15m", "lepton:stack.pools[0].lead_minutes is '15m'; a valid integer"),
        (
            "pools.0.gpu",
            ["H100", "B200"],
            "lepton:stack.pools[0].throughput has no per_gpu figure for B200; a figure for each kind in gpu.",
        ),
        ("pools.0.demand.file", "../../etc/passwd", "demand.file is '../../etc/passwd'; a path below the directory of the stack file."),
        ("pools.0.demand.file", "/etc/passwd", "demand.file is '/etc/passwd'; a path below the directory of the stack file."),
        ("pools.1.name", "chat", "lepton:stack.pools has the name 'chat' more than once; a name of its own for each pool."),
        ("pools", [], "lepton:stack.pools is []; "),
        ("budget", {}, "lepton:stack.budget.contacts is missing; a value. Add contacts."),
        ("budget.contacts", ["ops"], "lepton:stack.budget.contacts[0] is 'ops'; an e-mail address, as ml-platform@example.com."),
        ("budget.usd_per_month", 0, "lepton:stack.budget.usd_per_month is 0; greater than or equal to 1."),
        (
            "budget",
            {"contacts": ["ml@example.com"], "usd_per_month": 200, "at_most_usd_per_month": 100},
            "lepton:stack.budget.at_most_usd_per_month is 100, less than usd_per_month; at least 200.",
        ),
        ("budget.actual_percent", [80, 80], "lepton:stack.budget.actual_percent has 80.0 more than once; each once."),
        ("fleet", {}, "lepton:stack.budget has no usd_per_month beside fleet, whose plan knows no spread of its dollars; dollars a month."),
    ],
)
def test_a_fault_is_named_with_what_is_allowed(tmp_path: Path, path: str, value: object, sentence: str) -> None:
    assert sentence in "\n".join(_faults(tmp_path, _changed(path, value)))


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    stack = _changed("network", {"cidr": "10.0.0.0/29", "zones": 1, "cdir": 3}) | {"owner": 7, "cluster": {"kubernetes_version": "latest"}}

    places = [line.split(" is ")[0] for line in _faults(tmp_path, stack)]

    assert places == [
        f"Pulumi.dev.yaml: {KEY}.{field}"
        for field in ["owner", "network.cidr", "network.zones", "network.cdir", "cluster.kubernetes_version"]
    ]


def test_a_fault_in_every_pool_is_said_once_for_each(tmp_path: Path) -> None:
    stack = deepcopy(GOOD)
    for pool in stack["pools"]:
        pool["quantile"] = 2

    places = [line.split(" is ")[0] for line in _faults(tmp_path, stack)]

    assert places == [f"Pulumi.dev.yaml: {KEY}.pools[{index}].quantile" for index in range(2)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("config: [", "Pulumi.dev.yaml:1: is not YAML"),
        ("config:\n  a: 1\n  a: 2\n", "Pulumi.dev.yaml:3: is not YAML (the key 'a' is there twice)"),
        ("", "Pulumi.dev.yaml: holds nothing; a mapping."),
        ("- 1\n- 2\n", "Pulumi.dev.yaml: holds list; a mapping."),
        ("config: {}\n", "Pulumi.dev.yaml: config has no lepton:stack"),
        ("config: !!python/object/apply:os.system ['true']\n", "Pulumi.dev.yaml:1: is not YAML"),
        ("[" * 20_000, "Pulumi.dev.yaml: is nested too deeply"),
    ],
)
def test_a_file_that_is_no_stack_file_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_stack(find_project(_project(tmp_path, text)), "dev")

    assert sentence in str(caught.value)


def test_a_file_that_grows_when_read_is_refused_with_a_short_sentence(tmp_path: Path) -> None:
    """Nine levels of nine references each would be gigabytes when written out."""
    levels = "\n".join(f"  l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" for level in range(1, 10))
    text = f"bomb:\n  l0: &l0 [lol]\n{levels}\nconfig:\n  lepton:stack:\n    owner: *l9\n"

    with pytest.raises(BadInput) as caught:
        load_stack(find_project(_project(tmp_path, text)), "dev")

    assert len(str(caught.value)) < 2_000


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(BadInput, match="cannot be read"):
        read_yaml(path)


def test_an_unknown_stack_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"prod: has no file Pulumi\.prod\.yaml; one of dev\."):
        load_stack(find_project(_project(tmp_path, "config: {}\n")), "prod")


def test_a_directory_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"has no Pulumi\.yaml"):
        find_project(tmp_path)
