"""What several rooms' tests stand on."""

import os
import shutil
import sys
from pathlib import Path

import pytest

# What this machine refreshed must change no test, nor the programs that tests start.
os.environ["LEPTON_CATALOG"] = "shipped"

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the project that a test may write to, with the environment that its programs run in."""
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", root)
    for folder in ("stacks", "policies"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".venv").symlink_to(sys.prefix)
    return root
