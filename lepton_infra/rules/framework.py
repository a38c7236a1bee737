"""Control frameworks: which rules check which control of a benchmark or a standard.

A framework is a file beside the rules, and no rule knows of it: a new version of a benchmark is a new file. Each control says how far code
can tell, in four words:

```
covered      the rules named check what the control asks for, as far as a program says it
partly       they check a part of it
no rule      a program could tell, and no rule asks
not in code  no program can tell: it is about people, procedures, or the inside of a machine
```
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable
from typing import Annotated, Any, cast

from pydantic import Field, ValidationError, model_validator

from lepton_infra.config.base import Frozen, Names
from lepton_infra.config.faults import sentences
from lepton_infra.errors import BadInput, Fault
from lepton_infra.rules.card import Card
from lepton_infra.rules.packs import nearest

GROUP = "lepton.frameworks"
"""Each entry point of this group names a folder of framework files."""

_Said = Annotated[str, Field(min_length=1, pattern=r"^\S(.*\S)?$")]


class Coverage(Enum):
    """How far the rules check a control."""

    COVERED = "covered"
    PARTLY = "partly"
    NO_RULE = "no rule"
    NOT_IN_CODE = "not in code"


class Entry(Frozen):
    """Controls of one subject, as the file lists them."""

    id: Names
    """The control's number, or those of several controls that are about the same."""
    title: _Said
    """What it is about, in a few words of our own."""
    coverage: Coverage
    """How far the rules check it."""
    rules: tuple[str, ...] = ()
    """The ids of the rules that check it, or a part of it."""

    @model_validator(mode="after")
    def _rules_where_covered(self) -> "Entry":
        needed = self.coverage in (Coverage.COVERED, Coverage.PARTLY)
        if needed != bool(self.rules):
            raise ValueError(f"is '{self.coverage.value}' with {len(self.rules)} rules; rules exactly where it is covered or partly")
        return self


class Control(Frozen):
    """One control."""

    id: str
    title: str
    coverage: Coverage
    rules: tuple[str, ...]


class Framework(Frozen):
    """A benchmark or a standard, with what the rules check of it."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([-.][a-z0-9]+)*$")]
    """Its name on the command line: `cis-eks-1.8`."""
    title: _Said
    version: _Said
    source: _Said
    """From where the numbers of its controls were taken."""
    controls: tuple[Entry, ...] = Field(min_length=1)

    def listed(self) -> list[Control]:
        """Return its controls one by one, in the order of the file."""
        return [
            Control(id=number, title=entry.title, coverage=entry.coverage, rules=entry.rules)
            for entry in self.controls
            for number in entry.id
        ]

    def counts(self) -> dict[str, int]:
        """Return by coverage how many controls there are; those that nobody can tell from code are counted as well."""
        found = Counter(control.coverage for control in self.listed())
        return {coverage.value: found[coverage] for coverage in Coverage}


def installed_frameworks(cards: Iterable[Card]) -> tuple[Framework, ...]:
    """Return the frameworks of all installed packs, by id.

    Args:
        cards: the rules that are installed; a framework may name no other.

    Raises:
        BadInput: a pack or a file cannot be read, names a rule that is not there, or lists a control twice; with every fault.
    """
    known = {card.id for card in cards}
    found: dict[str, Framework] = {}
    faults: list[Fault] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        for file in _files(cast("Traversable", point.load())):
            try:
                framework = read_framework(file.read_text(encoding="utf-8"), file.name)
            except BadInput as error:
                faults += error.faults
                continue
            faults += _faults(framework, file.name, known)
            if framework.id in found:
                faults.append(Fault(file.name, f"is '{framework.id}', which another file is too", "one file for each", "Rename one"))
            found[framework.id] = framework
    if faults:
        raise BadInput(faults)
    return tuple(sorted(found.values(), key=lambda one: one.id))


def _files(folder: Traversable) -> list[Traversable]:
    return sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)


def read_framework(text: str, where: str) -> Framework:
    """Return the framework that a file describes.

    Raises:
        BadInput: it is no TOML, or says something else than a framework; with every fault.
    """
    try:
        stated: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(Fault(where, f"is no TOML: {error}")) from error
    try:
        return Framework.model_validate(stated)
    except ValidationError as error:
        raise BadInput(sentences(error, where, Framework)) from error


def _faults(framework: Framework, where: str, known: set[str]) -> Iterator[Fault]:
    """Find the rules that are not there, and the controls that are there twice."""
    counted = Counter(control.id for control in framework.listed())
    for number, times in counted.items():
        if times > 1:
            yield Fault(where, f"lists control {number} {times} times", "once", "Merge the two")
    for entry in framework.controls:
        for rule in entry.rules:
            if rule not in known:
                yield Fault(where, f"control {entry.id[0]} names rule '{rule}'", f"one of {nearest(known, rule)}", "Correct the id")


def named_framework(frameworks: Iterable[Framework], name: str) -> Framework:
    """Return the framework with this id.

    Raises:
        BadInput: none has it; with the nearest ids.
    """
    known = {framework.id: framework for framework in frameworks}
    if name not in known:
        raise BadInput(
            Fault("framework", f"is {name[:60]!r}", f"one of {nearest(known, name)}", "Run `lepton rules --frameworks` for the list")
        )
    return known[name]
