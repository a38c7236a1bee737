"""The directory where engines are kept: an engine appears in it whole or not at all.

An engine is made in a staging directory beside its place, checked there, and renamed. Whoever installs holds a lock that the
kernel releases when its process ends, however it ends; staging directories that are found under the lock belong to the dead.
"""

import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from lepton_infra.config.files import write_aside
from lepton_infra.engine.model import PINNED, Engine, Way, WayClosed
from lepton_infra.engine.probe import probe

_STAGING = ".staging-"
_MANIFEST = "engine.json"
_INSTALL = "Run `lepton engine install`"


def cache_directory() -> Path:
    """Return where engines are kept: XDG_CACHE_HOME, or the platform's place for caches."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification says that a relative path is to be ignored.
    base = Path(given) if given.startswith("/") else Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return base / "lepton-infra" / "engine"


def place() -> Path:
    """Return the directory of the pinned engine."""
    return cache_directory() / PINNED


def cached() -> Engine:
    """Return the engine in the cache.

    Raises:
        WayClosed: there is none, or it is damaged.
    """
    root = place()
    if not root.exists():
        raise WayClosed(Way.CACHE, f"{root} does not exist", _INSTALL)
    fault = _damage(root)
    if fault:
        raise WayClosed(Way.CACHE, fault, f"{_INSTALL}, which replaces it")
    return Engine(root, PINNED, Way.CACHE)


def origin(root: Path) -> Way | None:
    """Return how a cached engine was made, or None where its manifest does not say."""
    manifest = _read_manifest(root)
    way = manifest.get("way")
    return Way(way) if isinstance(way, str) and way in list(Way) else None


@contextmanager
def installing(report: Callable[[str], None]) -> Generator[Path]:
    """Hold the lock of the cache and yield a fresh staging directory, which is gone afterwards.

    Raises:
        OSError: the cache cannot be written.
    """
    directory = cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another process is installing the engine: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in directory.glob(f"{_STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=directory))
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def publish(staged: Path, way: Way) -> Engine:
    """Check a staged engine and move it to its place; the caller holds the lock.

    Raises:
        WayClosed: what was made does not work.
        OSError: the cache cannot be written.
    """
    answer = probe(staged / "bin" / "pulumi")
    if answer.fault or answer.version != PINNED:
        cause = answer.fault or f"what was made has version {answer.version} instead of {PINNED}"
        raise WayClosed(way, cause, "Try again, or install Pulumi yourself")
    sizes = {path.name: path.stat().st_size for path in sorted((staged / "bin").iterdir()) if path.is_file()}
    write_aside(staged / _MANIFEST, json.dumps({"version": PINNED, "way": way, "files": sizes}, indent=2) + "\n")
    root = place()
    if root.exists():
        # What stands there was found damaged; a rename cannot replace a directory that is not empty.
        root.rename(staged.parent / "damaged")
    staged.rename(root)
    return Engine(root, PINNED, way)


def _damage(root: Path) -> str:
    files = _read_manifest(root).get("files")
    if not isinstance(files, dict) or not files:
        return f"{root} has no readable {_MANIFEST}"
    for name, size in cast("dict[str, object]", files).items():
        path = root / "bin" / name
        # The launcher names the Python that it starts, so its size changes; the others never do.
        if not path.is_file() or (name != "pulumi-language-python" and path.stat().st_size != size):
            return f"{path} is damaged"
    answer = probe(root / "bin" / "pulumi")
    return answer.fault or ("" if answer.version == PINNED else f"{root} holds version {answer.version} instead of {PINNED}")


def _read_manifest(root: Path) -> dict[str, object]:
    try:
        said = cast("object", json.loads((root / _MANIFEST).read_text()))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, object]", said) if isinstance(said, dict) else {}
