"""Exemptions: which rule is not held against which resources, for what reason, by whom, and until when.

They stand in the stack file beside `lepton:stack`, so that they are reviewed with what they excuse:

```yaml
config:
  lepton:exemptions:
    - rule: aws-s3-logging
      urn: "urn:pulumi:dev::*::aws:s3/bucket:Bucket::scratch-*"
      reason: scratch data, deleted nightly
      owner: ml-platform@example.com
      expires: 2027-03-31
```
"""

import datetime as dt
from fnmatch import fnmatchcase
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from lepton_infra.config.base import Frozen
from lepton_infra.config.root import Project, read_yaml
from lepton_infra.errors import BadInput, Fault

KEY = "lepton:exemptions"
"""The configuration key that holds them."""

_MIDNIGHT = " 00:00:00 +0000 UTC"
"""What the engine writes behind a date that stands unquoted in the stack file: it has read it as a time."""
Said = Annotated[str, Field(pattern=r"\S")]
"""Text that says something."""


def _text(value: object) -> object:
    """Take a day as it stands: what is no day is not refused but has run out, so that a slip of the pen never excuses anything."""
    return value if isinstance(value, str) else "" if value is None else str(value)


class Exemption(Frozen):
    """One rule that is not held against some resources for a while."""

    rule: Said
    """Id of the rule."""
    urn: Said
    """Pattern of the resources' URNs: `*` stands for any text, `?` for one character."""
    reason: Said
    """Why it is right for now."""
    owner: Said
    """Who answers for it, as an address or a name."""
    expires: Annotated[str, BeforeValidator(_text)]
    """Last day on which it holds, as 2027-03-31; anything else counts as run out."""

    @property
    def last_day(self) -> dt.date | None:
        """The last day on which it holds, or None where what stands there is no day."""
        try:
            return dt.date.fromisoformat(self.expires.strip().removesuffix(_MIDNIGHT))
        except ValueError:
            return None

    def holds(self, now: dt.date) -> bool:
        """Tell whether it still holds on a day; the last day counts."""
        last = self.last_day
        return last is not None and now <= last

    def covers(self, rule: str, urn: str) -> bool:
        """Tell whether it speaks of a rule on a resource."""
        return rule == self.rule and fnmatchcase(urn, self.urn)

    def why_not(self, now: dt.date) -> str:
        """Return why it does not hold on a day, in words."""
        if self.last_day is None:
            return f"expires on {self.expires!r}, which is no day"
        return "" if self.holds(now) else f"ran out after {self.last_day}"


class _Listed(BaseModel):
    """The list under the key."""

    exemptions: tuple[Exemption, ...]


def parse_exemptions(value: object, where: str) -> tuple[Exemption, ...]:
    """Turn what a stack file or the engine's configuration holds into exemptions; nothing is none.

    Raises:
        BadInput: with every fault, each at its path below `where`.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadInput(Fault(where, f"is {type(value).__name__}", "a list of exemptions", "Begin each with a hyphen"))
    try:
        return tuple(_Listed.model_validate({"exemptions": cast("list[object]", value)}).exemptions)
    except ValidationError as error:
        from lepton_infra.config.faults import sentences  # noqa: PLC0415 (it loads the models of a whole stack, and few files have faults)

        raise BadInput(
            Fault(f"{where}{fault.where.removeprefix('.exemptions')}", fault.given, fault.allowed, fault.remedy)
            for fault in sentences(error, "", _Listed)
        ) from None


def load_exemptions(project: Project, stack: str) -> tuple[Exemption, ...]:
    """Read the exemptions of a stack from its file; a file without them has none.

    Raises:
        BadInput: the file cannot be read, or what stands there is no list of exemptions; with every fault.
    """
    path = project.stack_path(stack)
    config = read_yaml(path).get("config")
    value = cast("dict[str, object]", config).get(KEY) if isinstance(config, dict) else None
    return parse_exemptions(value, f"{path.name}: {KEY}")
