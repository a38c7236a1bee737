"""Components that another process hosts are constructed against our monitor: no engine is there."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lepton_infra.graph import Graph, Position
from lepton_infra.graph.program import Command, ProgramFault
from lepton_infra.rehearsal.answers import pretend_answer

from .conftest import run, write_project

HOST = Path(__file__).resolve().parents[2] / "components" / "__main__.py"
PLUGINS: Mapping[str, Command] = {"lepton": Command([sys.executable, "-u", str(HOST)], os.environ)}
PROGRAM = """
import pulumi

SCOPE = {"cloud": "aws", "region": "us-east-1", "owner": "ml@example.com", "team": "inference", "environment": "dev"}


class Remote(pulumi.ComponentResource):
    def __init__(self, kind, name, args, *outputs):
        super().__init__(f"lepton:index:{kind}", name, {**dict.fromkeys(outputs), "scope": SCOPE, **args}, remote=True)


keys = Remote("Keys", "keys", {}, "storage", "logs")
storage = Remote("Storage", "storage", {"name": "models", "noncurrentDays": DAYS, "key": keys.storage}, "url")
pulumi.export("url", storage.url)
"""


def _run(root: Path, days: int) -> Graph:
    return run(
        write_project(root, PROGRAM.replace("DAYS", str(days)), '{"aws:region": "us-east-1"}'), pretend_answer, plugins=PLUGINS
    ).graph


def test_the_children_of_a_hosted_component_are_in_the_graph(tmp_path: Path) -> None:
    graph = _run(tmp_path / "shop", days=30)

    (storage,) = graph.of_type("lepton:index:Storage")
    (bucket,) = [bucket for bucket in graph.of_type("aws:s3/bucket:Bucket") if bucket.name == "storage-models"]
    (encryption,) = [
        one
        for one in graph.of_type("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
        if one.name == "storage-models"
    ]
    assert bucket.parent == storage.urn
    # What one component gives to another is followed across the processes.
    assert any("aws:kms/key:Key::keys-storage" in urn for urn in encryption.dependencies)
    assert (storage.position, bucket.position) == (Position("__main__.py", 13), Position("__main__.py", 13))


def test_what_a_hosted_component_refuses_is_told_with_the_users_own_line(tmp_path: Path) -> None:
    with pytest.raises(ProgramFault) as caught:
        _run(tmp_path / "shop", days=0)

    assert re.match(
        r"__main__\.py:13: lepton:index:Storage 'storage': storage\.noncurrent_days: is 0(\.0)?; greater than or equal to 1\.$",
        str(caught.value),
    )


def test_a_package_that_does_not_start_is_named(tmp_path: Path) -> None:
    plugins = {"lepton": Command([sys.executable, "-c", "raise SystemExit('no')"], os.environ)}

    with pytest.raises(ProgramFault, match="the package 'lepton' ended without saying where it listens"):
        run(write_project(tmp_path / "shop", PROGRAM.replace("DAYS", "1")), plugins=plugins)
