"""The components as programs in any language take them: hosted in a process of their own, constructed over the wire."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from lepton_infra.engine import Operation, Session, ensure
from lepton_infra.rehearsal.cloud import PretendCloud

COMPONENTS = Path(__file__).resolve().parents[2] / "components"
RUNTIME = f"runtime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: {sys.prefix}\n"
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


def _project(directory: Path, days: int) -> Path:
    """Write a project whose program takes the components from a package on this machine."""
    package = directory / "package"
    package.mkdir(parents=True)
    shutil.copy(COMPONENTS / "__main__.py", package)
    (package / "PulumiPlugin.yaml").write_text(f"name: lepton\nversion: 0.1.0\n{RUNTIME}")
    (directory / "Pulumi.yaml").write_text(f"name: user\n{RUNTIME}plugins:\n  providers:\n    - name: lepton\n      path: package\n")
    (directory / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    (directory / "__main__.py").write_text(PROGRAM.replace("DAYS", str(days)))
    return directory


@pytest.mark.engine
def test_a_program_builds_with_components_that_another_process_hosts(tmp_path: Path) -> None:
    project = _project(tmp_path / "project", days=30)

    with (
        PretendCloud(tmp_path / "cloud.sqlite") as cloud,
        Session(ensure(print), project, "dev", tmp_path / "home", cloud.environment) as session,
    ):
        up = session.run(Operation.UP)
        held = {one.type for one in cloud.resources()}
        down = session.run(Operation.DESTROY)
        left = cloud.resources()

    assert up.failures == ()
    assert {"aws:kms/key:Key", "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"} <= held
    assert down.failures == ()
    assert left == ()


@pytest.mark.engine
def test_a_bad_argument_from_another_process_is_told_and_builds_nothing_of_the_component(tmp_path: Path) -> None:
    project = _project(tmp_path / "project", days=0)

    with (
        PretendCloud(tmp_path / "cloud.sqlite") as cloud,
        Session(ensure(print), project, "dev", tmp_path / "home", cloud.environment) as session,
    ):
        up = session.run(Operation.UP)
        held = {one.type for one in cloud.resources()}

    assert not up.ok
    told = "\n".join(failure.message for failure in up.failures)
    assert re.search(r"storage\.noncurrent_days: is 0(\.0)?; greater than or equal to 1\.", told)
    assert "aws:s3/bucket:Bucket" not in held
