"""Cards: a rule is data, a breath of logic, and examples that are its tests and its documentation.

```python
@rule(
    "aws-ebs-encrypted",
    Severity.HIGH,
    VOLUME,
    why="Whoever gets hold of the disk, or of a snapshot of it, can read it.",
    fix="Set `encrypted=True`, and `kms_key_id` for a key of your own.",
    references=("checkov:CKV_AWS_3",),
    good=[{"encrypted": True}],
    bad=[{}, {"encrypted": False}],
    unknown=[{"encrypted": UNKNOWN}],
)
def ebs_encrypted(volume: Resource) -> Verdict:
    \"\"\"A disk is encrypted.\"\"\"
    return volume.encrypted.is_true()
```

The logic states what must hold: PASS is good. The docstring is the card's title. Types are matched by their tokens, so that no cloud's
library is ever imported.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from lepton_infra.errors import BadInput, Fault
from lepton_infra.rules.examples import IT, On, Ref
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource

__all__ = [
    "IT",
    "Card",
    "Check",
    "Example",
    "Kind",
    "On",
    "Ref",
    "Setting",
    "Severity",
    "StackCheck",
    "rule",
    "stack_rule",
]

Check = Callable[[Resource], Verdict]
"""The logic of a resource rule: PASS where the resource is as it must be."""
StackCheck = Callable[[Resource, Stack], Verdict]
"""The logic of a stack rule: PASS where the resource, among all others of its stack, is as it must be."""

_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+\Z")
_TYPE: Final = re.compile(r"[a-z][\w.-]*:[\w./-]*:[\w-]+\Z")


_CLOUDS: Final = {"azure-native": "azure", "google-native": "gcp", "aws-native": "aws"}
"""What a provider's package is called where that is not the cloud's name."""


class Severity(Enum):
    """How bad it is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def blocks(self) -> bool:
        """Whether a violation stops a deployment unless the pack's configuration says otherwise."""
        return self in (Severity.CRITICAL, Severity.HIGH)


class Kind(Enum):
    """How much of a stack a rule has to see."""

    RESOURCE = "resource"
    """One resource: it is judged before that resource is touched."""
    STACK = "stack"
    """All of them: it is judged when everything has been declared."""


Example = On | Mapping[str, object]
"""An example on a card; bare inputs are those of the card's first type."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A number or text that the user of a rule may change."""

    default: str | float | bool
    about: str
    """What it is, for the one who configures the pack; the unit is in the name."""
    wanted: str = ""
    """Where `lepton:stack` of the stack file says it, as a dotted path; what stands there comes first."""


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """A rule."""

    id: str
    """Its name in every report, `<cloud>-<service>-<what>`."""
    severity: Severity
    types: tuple[str, ...]
    """The tokens of the resource types that it looks at."""
    title: str
    """What must hold, as a sentence."""
    why: str
    """What happens where it does not hold."""
    fix: str
    """Which argument to set to what."""
    kind: Kind
    """Whether it looks at one resource or at its stack."""
    check: StackCheck
    """The logic; a resource rule pays no heed to the stack."""
    references: tuple[str, ...] = ()
    """The same subject elsewhere: `checkov:CKV_AWS_24`, `trivy:AWS-0107`, or a URL."""
    good: tuple[On, ...] = ()
    bad: tuple[On, ...] = ()
    unknown: tuple[On, ...] = ()
    settings: Mapping[str, Setting] = field(default_factory=dict[str, Setting])

    @property
    def cloud(self) -> str:
        """The cloud whose resources it looks at: aws, gcp, azure or kubernetes; `any` where it is more than one."""
        packages = {_CLOUDS.get(package, package) for package in (token.partition(":")[0] for token in self.types)}
        return packages.pop() if len(packages) == 1 else "any"

    def examples(self) -> Iterable[tuple[str, On]]:
        """Iterate over all examples with what they are: good, bad or unknown."""
        for kind, group in (("good", self.good), ("bad", self.bad), ("unknown", self.unknown)):
            for example in group:
                yield kind, example

    def defaults(self) -> dict[str, object]:
        """Return the settings as they are where nobody changed them."""
        return {name: setting.default for name, setting in self.settings.items()}


def rule(  # noqa: PLR0913 (a card has as many fields as its form)
    id: str,  # noqa: A002 (the word on the card)
    severity: Severity,
    *types: str,
    why: str,
    fix: str,
    good: Sequence[Example],
    bad: Sequence[Example],
    unknown: Sequence[Example],
    references: Sequence[str] = (),
    settings: Mapping[str, Setting] | None = None,
) -> Callable[[Check], Card]:
    """Return the decorator that makes a card of its logic.

    Raises:
        BadInput: when the decorated card is not complete, with every fault.
    """
    form = _Form(id, severity, types, why, fix, good, bad, unknown, references, settings)

    def make(check: Check) -> Card:
        def alone(resource: Resource, _: Stack) -> Verdict:
            return check(resource)

        return form.filled(Kind.RESOURCE, alone, check.__doc__)

    return make


def stack_rule(  # noqa: PLR0913 (a card has as many fields as its form)
    id: str,  # noqa: A002 (the word on the card)
    severity: Severity,
    *types: str,
    why: str,
    fix: str,
    good: Sequence[Example],
    bad: Sequence[Example],
    unknown: Sequence[Example],
    references: Sequence[str] = (),
    settings: Mapping[str, Setting] | None = None,
) -> Callable[[StackCheck], Card]:
    """Return the decorator that makes a card of a rule about a resource among the others of its stack.

    Its logic is asked about each resource of the types; examples say with `around` what else there is.

    Raises:
        BadInput: when the decorated card is not complete, with every fault.
    """
    form = _Form(id, severity, types, why, fix, good, bad, unknown, references, settings)

    def make(check: StackCheck) -> Card:
        return form.filled(Kind.STACK, check, check.__doc__)

    return make


class _Form(NamedTuple):
    """A card before it has its logic."""

    id: str
    severity: Severity
    types: tuple[str, ...]
    why: str
    fix: str
    good: Sequence[Example]
    bad: Sequence[Example]
    unknown: Sequence[Example]
    references: Sequence[str]
    settings: Mapping[str, Setting] | None

    def filled(self, kind: Kind, check: StackCheck, text: str | None) -> Card:
        """Return the card, or raise with all that is missing on it."""
        card = Card(
            id=self.id,
            severity=self.severity,
            types=self.types,
            title=(text or "").strip().partition("\n")[0],
            why=self.why,
            fix=self.fix,
            kind=kind,
            check=check,
            references=tuple(self.references),
            good=self._placed(self.good),
            bad=self._placed(self.bad),
            unknown=self._placed(self.unknown),
            settings=dict(self.settings or {}),
        )
        faults = list(_faults(card))
        if faults:
            raise BadInput(faults)
        return card

    def _placed(self, examples: Sequence[Example]) -> tuple[On, ...]:
        first = self.types[0] if self.types else ""
        return tuple(example if isinstance(example, On) else On(first, example) for example in examples)


def _faults(card: Card) -> Iterable[Fault]:
    """Find what is missing on a card."""
    where = f"rule {card.id}"
    if not _ID.match(card.id):
        yield Fault(where, f"is named '{card.id}'", "lower-case words joined by hyphens", "Rename it")
    if not card.types:
        yield Fault(where, "has no resource types", "one or more type tokens", "Name the types that it looks at")
    for token in card.types:
        if not _TYPE.match(token):
            yield Fault(where, f"looks at '{token}'", "a type token such as aws:ebs/volume:Volume", "Write the token")
    for name, text in (("docstring", card.title), ("why", card.why), ("fix", card.fix)):
        if not text.strip():
            yield Fault(where, f"has no {name}", "a sentence", "Write it")
    for reference in card.references:
        if ":" not in reference:  # a lone text where a list belongs comes letter by letter
            yield Fault(where, f"refers to '{reference}'", "a list of texts such as checkov:CKV_AWS_3, or URLs", "Write it so")
            break
    yield from _example_faults(card, where)


def _example_faults(card: Card, where: str) -> Iterable[Fault]:
    """Find what is missing in the examples of a card."""
    for kind in ("good", "bad", "unknown"):
        if not any(found == kind for found, _ in card.examples()):
            yield Fault(where, f"has no {kind} example", "one or more", "Add one: examples are the tests of a rule")
    for kind, example in card.examples():
        if example.type not in card.types:
            yield Fault(
                where, f"has a {kind} example of '{example.type}'", f"one of {', '.join(card.types[:8])}", "Give it one of these types"
            )
