"""The error tree.

```
LeptonError               exit 1: the answer is no, or something outside failed
├── BadInput              exit 2: what was given cannot be used; carries every fault found, not the first alone
│   └── StalePlan         exit 2: the plan no longer fits its demand, catalogue or settings
├── FeedError             exit 1: a price feed did not answer, or is not believed
├── WorkerError           exit 1: a process or a cluster that forecasts did not answer
└── EngineError           exit 1: the Pulumi engine could not be had or did not answer
```

Every message is the sentence `<where>: <what was given>; <what is allowed>. <what to do>`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input, and what would be right."""

    where: str
    """File and path inside it, for instance `Pulumi.dev.yaml: lepton:stack.pools[0].gpu`."""
    given: str
    """What stands there, lower-case, values in quotes: `is 'H1000'`."""
    allowed: str = ""
    """What may stand there, for instance `one of H100, H200 or B200`."""
    remedy: str = ""
    """What to do, as an imperative without its full stop."""

    def __str__(self) -> str:
        """Return the sentence that a user reads, on one line."""
        joint = " " if ": " in self.where else ": "
        sentence = f"{self.where}{joint}{self.given}"
        if self.allowed:
            sentence += f"; {self.allowed}"
        return f"{sentence}. {self.remedy}." if self.remedy else f"{sentence}."


class LeptonError(Exception):
    """The root: whatever lepton-infra says no to."""

    exit_code: ClassVar[int] = 1


class BadInput(LeptonError):  # noqa: N818 (reads as what it is: `except BadInput`)
    """What was given cannot be used; nothing was created and no file was written.

    Attributes:
        faults: every fault found, in the order of the input.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class StalePlan(BadInput):
    """The plan file no longer fits the demand, the catalogue or the settings that it was made from."""


class FeedError(LeptonError):
    """A price feed did not answer, or what it said is not believed; what was there before is unchanged."""


class WorkerError(LeptonError):
    """A process or a cluster that was to forecast could not be had, or ended before it answered."""


class EngineError(LeptonError):
    """The Pulumi engine could not be found, downloaded or built, or it broke while it ran."""
