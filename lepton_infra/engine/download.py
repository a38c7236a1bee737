"""The third way: Pulumi's own download, through the Automation API.

`PulumiCommand.install` runs the official install script. It knows no time limit, so it runs in a process of its own that can be ended,
and only after the site was seen to answer: where it cannot be reached, that is known within seconds.
"""

import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from lepton_infra.engine.model import PINNED, Way, WayClosed
from lepton_infra.engine.processes import Ticker, run_watched

SITE = "https://get.pulumi.com/"
"""Where `PulumiCommand.install` fetches the install script."""

_PROBE_SECONDS = 5.0
_LIMIT_SECONDS = 900.0
_FIX = "Allow access to get.pulumi.com and api.pulumi.com, through HTTPS_PROXY if there is a proxy"
_INSTALL = (
    "import sys, semver; from pulumi.automation import PulumiCommand as C; C.install(sys.argv[1], semver.VersionInfo.parse(sys.argv[2]))"
)


def download(staging: Path, report: Callable[[str], None], site: str = SITE) -> Path:
    """Download the pinned engine and return the directory with its `bin`.

    Raises:
        WayClosed: the site does not answer, or the installation fails.
    """
    fault = unreachable(site)
    if fault:
        raise WayClosed(Way.DOWNLOAD, fault, _FIX)
    root = staging / "download"
    report(f"downloading Pulumi {PINNED}: starting")
    started = time.monotonic()
    ticker = Ticker(lambda: report(f"downloading Pulumi {PINNED}: {time.monotonic() - started:.0f} s"))
    outcome = run_watched([sys.executable, "-P", "-c", _INSTALL, str(root), PINNED], cwd=staging, seconds=_LIMIT_SECONDS, tick=ticker)
    if outcome.code != 0:
        raise WayClosed(Way.DOWNLOAD, f"the official install script failed ({outcome.last_line})", _FIX)
    return root


def unreachable(site: str) -> str:
    """Return why the site does not answer, or nothing where it does."""
    faults: list[str] = []
    # Name resolution obeys no timeout of ours, so the whole question is asked aside and given up when it takes too long.
    asking = threading.Thread(target=lambda: faults.append(_ask(site)), daemon=True)
    asking.start()
    asking.join(_PROBE_SECONDS)
    return faults[0] if faults else f"{site} did not answer within {_PROBE_SECONDS:.0f} s"


def _ask(site: str) -> str:
    try:
        with urllib.request.urlopen(urllib.request.Request(site, method="HEAD"), timeout=_PROBE_SECONDS):  # noqa: S310 (the site is ours to name)
            return ""
    except urllib.error.HTTPError as error:
        return f"{site} answered {error.code} {error.reason}"
    except (OSError, ValueError) as error:
        return f"{site} cannot be reached ({getattr(error, 'reason', error)})"
