"""One pretend cloud: what each question of the engine means, on plain values."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from lepton_infra.rehearsal.arguments import Naming, auto_named, completed, faults, is_made_name
from lepton_infra.rehearsal.check import Failure, check
from lepton_infra.rehearsal.configuration import place
from lepton_infra.rehearsal.diff import Difference, differences
from lepton_infra.rehearsal.facts import Making, TypeFacts, load_facts
from lepton_infra.rehearsal.outputs import at_preview, changed_at_preview, identity, properties
from lepton_infra.rehearsal.sdk import Sdk
from lepton_infra.rehearsal.store import Held, Store, Taken
from lepton_infra.rehearsal.wire import UNKNOWN, Properties, Value, has_unknown, is_unknown, table

MISSING: Final = "does not exist in the pretend cloud"


class Refused(Exception):  # noqa: N818 (reads as what it is: `except Refused`)
    """The cloud says no, with its own code and a sentence."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource that a question is about."""

    token: str
    """Its type."""
    urn: str
    """Pulumi's name of it."""
    name: str
    """Its name in the program."""

    @classmethod
    def of(cls, urn: str, token: str, name: str) -> "Subject":
        """Take type and name from the URN where the engine does not say them apart."""
        parts = urn.split("::", maxsplit=3)
        return cls(token or parts[2].rsplit("$", maxsplit=1)[-1], urn, name or parts[-1])


@dataclass(frozen=True, slots=True)
class Site:
    """What shapes and data sources see: one package's rows, as one configured provider."""

    package: str
    """Whose rows."""
    store: Store
    """All rows."""
    place: Properties
    """Facts of the provider."""

    def find(self, kind: str, identity: str) -> Properties | None:
        """Return the live properties of a resource."""
        held = self.store.find(self.package, kind, identity)
        return held.outputs if held else None

    def every(self, kind: str) -> list[Properties]:
        """Return the live properties of every resource of a type, with their ids."""
        return [held.outputs | {"id": held.id} for held in self.store.every(self.package, kind)]


class PretendPackage:
    """Answers for one package; it knows no cloud but through its SDK and its data."""

    def __init__(self, package: str, store: Store) -> None:
        self.package = package
        self.store = store
        self.sdk = Sdk(package)
        self.facts = load_facts(package)

    def check(
        self, subject: Subject, olds: Properties, news: Properties, settings: Properties, naming: Naming
    ) -> tuple[Properties, list[Failure]]:
        """Return the completed arguments, or all that is wrong with them."""
        schema = self.sdk.resource(subject.token)
        of = self.facts.of(subject.token)
        wrong = list(faults(schema, of, news, naming))
        if wrong:
            return news, wrong
        named = replace(naming, seed=self._seed(subject))
        return completed(schema, self.facts, olds, news, settings, named), []

    def diff(self, subject: Subject, olds: Properties, news: Properties, ignore: Iterable[str]) -> tuple[list[Difference], bool]:
        """Return what differs, and whether a replacement has to delete before it creates."""
        schema = self.sdk.resource(subject.token)
        of = self.facts.of(subject.token)
        found = differences(olds, news, of, ignore)
        argument = auto_named(schema, of)
        # Two things cannot bear one name: where the name is fixed and stays, the old one has to go first.
        fixed = (
            bool(argument) and not is_made_name(of, subject.name, olds.get(argument or "")) and argument not in {one.root for one in found}
        )
        claimed = bool(of.claim) and not {one.root for one in found} & set(of.claim) and not (argument in of.claim and not fixed)
        return found, any(one.replaces for one in found) and (fixed or claimed or of.delete_first)

    def create(self, subject: Subject, inputs: Properties, settings: Properties, *, preview: bool) -> tuple[str, Properties]:
        """Make a resource, or say what making it would give.

        Raises:
            Refused: its name is taken.
        """
        schema, site = self.sdk.resource(subject.token), self._site(settings)
        seed = self._seed(subject)
        making = Making(inputs, None, {}, site)
        if preview:
            answer = properties(schema, self.facts, making, UNKNOWN, seed)
            return "", at_preview(schema, answer, inputs)
        made = identity(schema, self.facts, inputs, site, seed)
        answer = properties(schema, self.facts, making, made, seed)
        of = self.facts.of(subject.token)
        held = Held(_key(of, made, inputs), self.package, subject.token, subject.name, subject.urn, inputs, answer, seed)
        try:
            self.store.create(held, self._claim(subject.token, answer), overwrite=of.overwrite)
        except Taken as taken:
            raise Refused(self._taken(subject, made, answer)) from taken
        return made, answer

    def read(self, subject: Subject, identity: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """Return live properties, and the arguments as they now stand; None where nothing is left."""
        held = self._find(subject, identity, inputs)
        if held is None:
            return None
        # An import knows no arguments: they are those that it was made with, not all that the cloud filled in.
        return held.outputs, table(_project(inputs or held.inputs, held.outputs))

    def update(self, subject: Subject, identity: str, news: Properties, settings: Properties, *, preview: bool) -> Properties:
        """Change a resource in place, or say what that would give.

        Raises:
            Refused: it is gone, or its new name is taken.
        """
        schema = self.sdk.resource(subject.token)
        held = self._find(subject, identity, news)
        if held is None:
            raise Refused(f"{subject.token} {identity!r} {MISSING}. Run `pulumi refresh` first.")
        making = Making(news, held.outputs, {}, self._site(settings))
        answer = properties(schema, self.facts, making, identity, held.seed)
        if preview or has_unknown(news):
            return changed_at_preview(answer, held.outputs, news)
        try:
            self.store.update(replace(held, inputs=news, outputs=answer), self._claim(subject.token, answer))
        except Taken as taken:
            raise Refused(self._taken(subject, identity, answer)) from taken
        return answer

    def delete(self, subject: Subject, identity: str, inputs: Properties) -> None:
        """Remove a resource; that it is gone already is fine."""
        self.store.delete(self.package, subject.token, _key(self.facts.of(subject.token), identity, inputs))

    def invoke(self, token: str, arguments: Properties, settings: Properties) -> tuple[Properties, list[Failure]]:
        """Answer a data source, or say all that is wrong with its arguments.

        Raises:
            Refused: it is not served, or finds nothing.
            BadInput: the SDK has no such data source.
        """
        schema = self.sdk.function(token)
        wrong = list(check(schema.inputs, arguments))
        if wrong:
            return {}, wrong
        source = self.facts.sources.get(token)
        if source is None:
            served = ", ".join(sorted(self.facts.sources)) or "none"
            raise Refused(
                f"data source {token!r} is not served by the pretend cloud; served are {served}. "
                f"Add a function for it to SOURCES in lepton_infra/rehearsal/{self.package.replace('-', '_')}/."
            )
        try:
            answer = source(arguments, self._site(settings))
        except LookupError as nothing:
            raise Refused(f"{token}: {nothing.args[0]}") from nothing
        return {"id": _first_text(answer, token), **arguments, **answer}, []

    def _site(self, settings: Properties) -> Site:
        return Site(self.package, self.store, place(self.facts, settings))

    def _find(self, subject: Subject, identity: str, inputs: Properties) -> Held | None:
        return self.store.find(self.package, subject.token, _key(self.facts.of(subject.token), identity, inputs))

    def _seed(self, subject: Subject) -> str:
        return f"{self.store.seed}/{subject.urn}/{self.store.attempts(subject.urn)}"

    def _claim(self, token: str, answer: Properties) -> str | None:
        names = self.facts.of(token).claim
        return "|".join(str(answer.get(name, "")) for name in (*names, "region")) if names else None

    def _taken(self, subject: Subject, made: str, answer: Properties) -> str:
        of = self.facts.of(subject.token)
        what = ", ".join(f"{name} {answer.get(name)!r}" for name in of.claim) or f"id {made!r}"
        return (
            f"{of.exists}: a {subject.token} with {what} exists already. Give another name, delete the other one, "
            f"or adopt it: `pulumi import {subject.token} {subject.name} {_key(of, made, answer)}`."
        )


def _key(of: TypeFacts, identity: str, inputs: Properties) -> str:
    """Return what tells a resource from all others of its type: `<group>/<schedule>` where the engine's id is the schedule's name alone.

    An import gives no arguments, and this longer form as its id, as the clouds' own tools do.
    """
    prefix = "".join(f"{inputs[name]}/" for name in of.within if name in inputs)
    return identity if identity.startswith(prefix) else f"{prefix}{identity}"


def _project(known: Value, live: Value) -> Value:
    """Return the live value of what a program gave, and only of that: what the cloud filled in is no argument."""
    if isinstance(known, dict) and isinstance(live, dict):
        return {name: _project(value, live[name]) for name, value in known.items() if name in live}
    if isinstance(known, list) and isinstance(live, list) and len(known) == len(live):
        return [_project(one, other) for one, other in zip(known, live, strict=True)]
    return live


def _first_text(answer: Properties, token: str) -> str:
    return next((value for value in answer.values() if isinstance(value, str) and value and not is_unknown(value)), token)
