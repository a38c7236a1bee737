"""Does a `pulumi` work, and which version is it?"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

MINIMUM = (3, 259, 0)
"""The oldest engine that knows what we use: the log receiver and language protocol of this SDK (`pulumi>=3.259,<4` in pyproject.toml)."""

_PATIENCE_SECONDS = 30
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+][0-9A-Za-z.+-]*)?")


@dataclass(frozen=True, slots=True)
class Probe:
    """What `pulumi version` said."""

    version: str = ""
    """The version without its leading v, or nothing."""
    fault: str = ""
    """Why it cannot be used, lower-case and without its full stop; nothing where it can."""


def probe(executable: Path) -> Probe:
    """Run `pulumi version`. A file that is damaged, hangs, or is too old is no engine."""
    try:
        asked = subprocess.run(
            [executable, "version"],
            capture_output=True,
            check=False,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Probe(fault=f"{executable} did not tell its version within {_PATIENCE_SECONDS} s")
    except OSError as error:
        return Probe(fault=f"{executable} cannot be run ({error.strerror or error})")
    if asked.returncode != 0:
        return Probe(fault=f"{executable} failed to tell its version (exit code {asked.returncode})")
    return judge(asked.stdout.decode(errors="replace"), executable)


def judge(said: str, executable: Path) -> Probe:
    """Judge the output of `pulumi version`; an empty one is what a Go build without the version flag prints."""
    lines = said.strip().splitlines()
    match = _VERSION.fullmatch(lines[-1].strip()) if lines else None
    if match is None:
        shown = f"says {lines[-1].strip()[:40]!r}" if lines else "says nothing"
        return Probe(fault=f"{executable} {shown} when asked for its version")
    numbers = (int(match[1]), int(match[2]), int(match[3]))
    version = match[0].removeprefix("v")
    if numbers < MINIMUM or numbers[0] != MINIMUM[0]:
        wanted = ".".join(map(str, MINIMUM))
        return Probe(version, f"{executable} has version {version}, and {wanted} or newer below {MINIMUM[0] + 1} is needed")
    return Probe(version)
