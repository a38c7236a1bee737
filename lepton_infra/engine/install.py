"""From four ways to one engine."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lepton_infra.engine import cache, launcher
from lepton_infra.engine.build import build, find_go
from lepton_infra.engine.download import download
from lepton_infra.engine.model import Attempt, Engine, Status, Way, WayClosed
from lepton_infra.engine.onpath import on_path
from lepton_infra.errors import EngineError

_UNWRITABLE = "Set XDG_CACHE_HOME to a directory that can be written"


def status() -> Status:
    """Say which engine would be used, without network, without writing anything."""
    engine, attempts = _first((on_path, cache.cached))
    if engine is None:
        try:
            find_go()
        except WayClosed as closed:
            attempts = (*attempts, closed.attempt)
    return Status(engine, attempts, cache.place())


def ensure(report: Callable[[str], None]) -> Engine:
    """Return an engine that works, downloading or building it where none is there.

    Args:
        report: told about once a second what is being done.

    Raises:
        EngineError: no way leads to one; the message has a line for each way, its cause and its fix.
    """
    engine, attempts = _first((on_path, cache.cached))
    if engine is not None:
        return _ready(engine)
    try:
        with cache.installing(report) as staging:
            return _install(staging, attempts, report)
    except OSError as error:
        cause = f"{cache.cache_directory()} cannot be written ({error.strerror or error})"
        raise _no_way((*attempts, *(Attempt(way, cause, _UNWRITABLE) for way in (Way.DOWNLOAD, Way.BUILD)))) from error


def _install(staging: Path, attempts: tuple[Attempt, ...], report: Callable[[str], None]) -> Engine:
    try:
        # Whoever held the lock before us may have made it meanwhile.
        return _ready(replace(cache.cached(), attempts=attempts))
    except WayClosed:
        pass
    for way, make in ((Way.DOWNLOAD, download), (Way.BUILD, build)):
        try:
            engine = cache.publish(make(staging, report), way)
        except WayClosed as closed:
            attempts = (*attempts, closed.attempt)
        else:
            return replace(engine, attempts=attempts)
    raise _no_way(attempts)


def _first(ways: Sequence[Callable[[], Engine]]) -> tuple[Engine | None, tuple[Attempt, ...]]:
    attempts: tuple[Attempt, ...] = ()
    for way in ways:
        try:
            return replace(way(), attempts=attempts), attempts
        except WayClosed as closed:
            attempts = (*attempts, closed.attempt)
    return None, attempts


def _ready(engine: Engine) -> Engine:
    """Point the launcher of an engine that we built at the Python that runs now: the one that wrote it may be gone."""
    if engine.way is Way.CACHE and cache.origin(engine.root) is Way.BUILD:
        try:
            launcher.write(engine.directory)
        except OSError:
            # A shared cache may be read-only; the launcher then finds its Python through LEPTON_PYTHON.
            return engine
    return engine


def _no_way(attempts: tuple[Attempt, ...]) -> EngineError:
    return EngineError("\n".join(("no Pulumi engine could be had; one of these ways must lead to one.", *map(str, attempts))))
