"""The Pulumi engine: find, download or build it, run it, read its events.

```python
engine = ensure(print)
with Session(engine, project=Path("."), stack="dev", home=Path(".lepton")) as session:
    run = session.run(Operation.PREVIEW)
```

The names below are loaded when they are first used: the language host is started by every run, and needs none of them.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lepton_infra.engine.install import ensure, status
    from lepton_infra.engine.model import Attempt, Engine, Status, Way
    from lepton_infra.engine.runs import Change, Failure, Operation, PolicyCheck, Run
    from lepton_infra.engine.session import Session

__all__ = [
    "Attempt",
    "Change",
    "Engine",
    "Failure",
    "Operation",
    "PolicyCheck",
    "Run",
    "Session",
    "Status",
    "Way",
    "ensure",
    "status",
]

_HOMES = {
    "install": ("ensure", "status"),
    "model": ("Attempt", "Engine", "Status", "Way"),
    "runs": ("Change", "Failure", "Operation", "PolicyCheck", "Run"),
    "session": ("Session",),
}


def __getattr__(name: str) -> object:
    """Load a public name (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
