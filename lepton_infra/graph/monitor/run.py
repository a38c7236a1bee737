"""Run a program as Pulumi's language host does (3.259, python/cmd/pulumi-language-python-exec), with our monitor for the engine's."""

import asyncio
import json
import logging
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pulumi
from pulumi import runtime

from .engine import Engine
from .faults import record_of
from .link import Link
from .quick import quicken
from .records import Place
from .remote import Plugin, Plugins
from .service import Monitor, as_client

_THREADS = 16
"""Registrations in flight; more would only wait for one another."""
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Job:
    """What to run."""

    project: str
    stack: str
    organization: str
    root: str
    """The project's directory."""
    directory: str
    """Where the program starts."""
    entry: str
    """The file or folder to run, relative to that."""
    config: Mapping[str, str]
    secret_keys: list[str]
    plugins: Mapping[str, Plugin]


def main(descriptor: int) -> None:
    """Run the program that the other end names, and tell it all."""
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    link = Link(descriptor)
    job = _job(link.receive())
    engine = Engine(link)
    place = Place(job.project, job.stack, Path(job.root), job.config)
    plugins = Plugins(job.plugins, place, engine)
    _configure(job, Monitor(place, link, plugins), engine)
    quicken(place.root)
    try:
        _run(job)
    except SystemExit as left:
        if left.code not in {None, 0}:
            link.send(record_of(left, place.root) | {"message": f"{left.code}"})
            return
    except BaseException as error:  # noqa: BLE001 (whatever it is, the one who asked is to hear it)
        link.send(record_of(error, place.root))
        return
    finally:
        plugins.close()
        sys.stdout.flush()
        sys.stderr.flush()
    link.send({"kind": "end"})
    # Threads that a program left behind would keep the process alive; nothing is left to say.
    os._exit(0)


def _follow(parent: int) -> None:
    """Leave with all that the program started when whoever asked is gone: a program may run for ever."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.killpg(0, signal.SIGKILL)


def _job(said: Mapping[str, object]) -> Job:
    plugins = cast("dict[str, dict[str, object]]", said["plugins"])
    made = {name: Plugin(cast("list[str]", one["command"]), cast("dict[str, str]", one["environment"])) for name, one in plugins.items()}
    return Job(**cast("dict[str, object]", {**said, "plugins": made}))  # type: ignore[arg-type] # the other end writes what we read


def _configure(job: Job, monitor: Monitor, engine: Engine) -> None:
    # Programs read their settings from the SDK, and the subprocesses that some start from the environment.
    os.environ["PULUMI_CONFIG"] = json.dumps(dict(job.config))
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(job.secret_keys)
    runtime.set_all_config(dict(job.config), job.secret_keys)
    settings = runtime.Settings(
        project=job.project,
        stack=job.stack,
        organization=job.organization,
        root_directory=job.root,
        monitor=as_client(monitor),
        engine=engine,
        parallel=_THREADS,
        dry_run=True,
    )
    runtime.configure(settings)


def _run(job: Job) -> None:
    os.chdir(job.directory)
    sys.argv = [job.entry]
    # As the language host does: a program that fails leaves tasks behind that nobody needs to hear of.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(_THREADS) as pool:
        loop.set_default_executor(pool)
        loop.run_until_complete(runtime.run_in_stack(lambda: _start(job.entry)))


def _start(entry: str) -> None:
    if not Path(entry).exists() or (Path(entry).is_dir() and not (Path(entry) / "__main__.py").is_file()):
        raise pulumi.RunError(f"{Path.cwd()}: has no __main__.py; a Pulumi program in Python")
    runpy.run_path(entry, run_name="__main__")
