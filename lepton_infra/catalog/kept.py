"""Where refreshed prices are kept: one file, so that they change all at once or not at all."""

import os
import sys
from pathlib import Path
from typing import Final

CHOICE: Final = "LEPTON_CATALOG"
"""Environment variable: `shipped` reads the shipped catalogue alone, as another machine would."""


def shipped_alone() -> bool:
    """Say whether the environment asks for the shipped catalogue alone."""
    return os.environ.get(CHOICE, "") == "shipped"


def refreshed_path() -> Path:
    """Return the file of refreshed prices: below XDG_CACHE_HOME, or the platform's place for caches."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification says that a relative path is to be ignored.
    base = Path(given) if given.startswith("/") else Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return base / "lepton-infra" / "catalog" / "refreshed.json"
