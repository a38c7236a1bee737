"""Views: how a rule reads a resource without ever tripping over it.

A view is a place in the inputs of a resource. What stands there is known, absent or unknown. Reading never raises: an attribute of
something absent is absent, of something unknown is unknown, and every comparison answers with a verdict that names the place.

```python
volume.encrypted.is_true()  # PASS, FAIL (false or absent) or UNDECIDED (unknown), each with the path `encrypted`
vpc.publicAccessCidrs.or_default(["0.0.0.0/0"])
all_of(device.ebs.encrypted.is_true() for device in template.blockDeviceMappings)
group.maxSize <= 60  # comparisons are verdicts too; 60, 60.0 and "60" are one number
```

Names are those of the wire (`publicAccessCidrs`), as `pulumi preview --json` shows them: one spelling, no table of acronyms, and the path
in a message is what the rule says. Everything that a view has of its own contains an underscore, which the clouds' names do not; a map with
other keys is read by index: `pod.metadata.labels["app.kubernetes.io/name"]`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NoReturn

from lepton_infra.rules.reference import names_of, refers
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import ABSENT, UNKNOWN, Secret, as_list, as_map, flag_in, number_in, same
from lepton_infra.rules.verdict import SHOWN, Fact, State, Verdict, any_of
from lepton_infra.rules.wire import read_json

_PLAIN_NAME: Final = re.compile(r"[A-Za-z_$][\w$]*\Z")
_TELLTALE: Final = re.compile(r"pass|secret|token|credential|private|userdata|customdata|apikey|accesskey", re.IGNORECASE)
_SHOWN_CHARACTERS: Final = 80
"""Longer text is never quoted in a message: it may hold anything."""


class View:
    """A place in the inputs of a resource: known, absent or unknown."""

    __slots__ = ("_children", "_defaulted", "_key", "_parent", "_secret", "_value")

    def __init__(self, value: object, key: str | int = "", parent: "View | None" = None) -> None:
        inside = value.value if isinstance(value, Secret) else value
        self._secret = isinstance(value, Secret) or (parent is not None and parent._secret)  # noqa: SLF001 (one of its own kind)
        self._value = ABSENT if inside is None else inside
        self._key = key
        self._parent = parent
        self._defaulted = False
        self._children: dict[str | int, View] | None = None

    # Reading: never raises.

    def __getattr__(self, name: str) -> "View":
        """Return the property of that name."""
        if name.startswith("_"):  # Python asks for its own protocols this way
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, key: str | int) -> "View":
        """Return the element at that key or index; what is not there is absent."""
        children = self._children
        if children is None:  # most places have nothing below them
            children = self._children = {}
        found = children.get(key)
        if found is None:
            found = children[key] = View(self._look_up(key), key, self)
            found._defaulted = self._defaulted
        return found

    def _look_up(self, key: str | int) -> object:
        if self._value is UNKNOWN:
            return UNKNOWN
        if isinstance(key, str):
            inside = as_map(self._value)
            return ABSENT if inside is None else inside.get(key, ABSENT)
        items = as_list(self._value)
        return items[key] if items is not None and -len(items) <= key < len(items) else ABSENT

    def __iter__(self) -> Iterator["View"]:
        """Iterate over the elements.

        Nothing absent has elements, a single thing is a list of one, and an unknown list has one unknown element that stands for whatever
        will be there.
        """
        if self._value is ABSENT:
            return
        items = as_list(self._value)
        if items is None:
            yield self
        else:
            for index in range(len(items)):
                yield self[index]

    def map_items(self) -> Iterator[tuple[str, "View"]]:
        """Iterate over keys and values of a map; nothing if it is absent, unknown or no map."""
        for key in as_map(self._value) or ():
            yield key, self[key]

    def or_default(self, value: object) -> "View":
        """Return this, or where it is absent or empty the default that then applies; an unknown stays unknown."""
        if not self._is_nothing():
            return self
        view = View(value, self._key, self._parent)
        view._defaulted = True
        return view

    def read_as(self, value: object) -> "View":
        """Return this place with what its text means, for instance the object inside a JSON string; as secret as before."""
        view = View(value, self._key, self._parent)
        view._secret = self._secret
        return view

    def json_inside(self) -> "View":
        """Return this place with its JSON text read; what is no text is left as it is, text that is no JSON is unknown to us."""
        if not isinstance(self._value, str):
            return self
        return self.read_as(read_json(self._value))

    def raw_value(self) -> object:
        """Return what stands here: a plain value, ABSENT or UNKNOWN. For code that computes; never print it."""
        return self._value

    # Judging: always a verdict.

    def is_true(self) -> Verdict:
        """Return whether this is true (or the text "true")."""
        return self._judge(flag_in(self._value) is True)

    def is_false(self) -> Verdict:
        """Return whether this is false (or the text "false"); absent is not false, say what it means with `or_default`."""
        return self._judge(flag_in(self._value) is False)

    def is_set(self) -> Verdict:
        """Return whether anything stands here; empty text and an empty list are nothing, an empty block is something."""
        return self._judge(not self._is_nothing())

    def is_absent(self) -> Verdict:
        """Return whether nothing stands here."""
        return ~self.is_set()

    def _is_nothing(self) -> bool:
        return self._value is ABSENT or self._value in ("", [])

    def is_one_of(self, *values: str | float | bool) -> Verdict:
        """Return whether this means one of those values."""
        return self._judge(any(same(self._value, value) for value in values))

    def text_matches(self, pattern: "re.Pattern[str]") -> Verdict:
        """Return whether this is text in which the pattern is found."""
        return self._judge(isinstance(self._value, str) and pattern.search(self._value) is not None)

    def __eq__(self, other: object) -> Verdict:  # pyright: ignore[reportIncompatibleMethodOverride] (three answers, not two)
        """Return whether this means that value."""
        return self._judge(same(self._value, other))

    def __ne__(self, other: object) -> Verdict:  # pyright: ignore[reportIncompatibleMethodOverride] (three answers, not two)
        """Return whether this does not mean that value; absent differs from everything."""
        return ~(self == other)

    __hash__ = object.__hash__

    def __le__(self, other: "View | float") -> Verdict:
        """Return whether this is a number of at most that."""
        return self._order(other, lambda mine, theirs: mine <= theirs)

    def __ge__(self, other: "View | float") -> Verdict:
        """Return whether this is a number of at least that."""
        return self._order(other, lambda mine, theirs: mine >= theirs)

    def __lt__(self, other: "View | float") -> Verdict:
        """Return whether this is a number below that."""
        return self._order(other, lambda mine, theirs: mine < theirs)

    def __gt__(self, other: "View | float") -> Verdict:
        """Return whether this is a number above that."""
        return self._order(other, lambda mine, theirs: mine > theirs)

    def _order(self, other: "View | float", holds: Callable[[float, float], bool]) -> Verdict:
        bound = other.raw_value() if isinstance(other, View) else other
        if isinstance(other, View) and bound is UNKNOWN:
            return other.undecided_because()
        mine, theirs = number_in(self._value), number_in(bound)
        return self._judge(mine is not None and theirs is not None and holds(mine, theirs))

    def _judge(self, holds: bool) -> Verdict:  # noqa: FBT001 (it is the answer)
        state = State.UNDECIDED if self._value is UNKNOWN else State.PASS if holds else State.FAIL
        return Verdict(state, (Fact(self),))

    def refers_to(self, target: "Resource") -> Verdict:
        """Return whether this, or an element of it, means another resource of the stack (see `reference.py`)."""
        return refers(self, target)

    def pass_because(self, note: str) -> Verdict:
        """Return PASS, resting on what stands here."""
        return Verdict(State.PASS, (Fact(self, note),))

    def fail_because(self, note: str = "") -> Verdict:
        """Return FAIL, resting on what stands here."""
        return Verdict(State.FAIL, (Fact(self, note),))

    def undecided_because(self, note: str = "") -> Verdict:
        """Return UNDECIDED, resting on what stands here."""
        return Verdict(State.UNDECIDED, (Fact(self, note),))

    # Telling.

    def read_path(self) -> str:
        """Return where this stands, for instance `ingress[0].cidrBlocks[1]` or `tags["cost-center"]`.

        What lies inside an unknown or a default stands nowhere: it has the place of that.
        """
        if self._parent is None:
            return ""
        above = self._parent.read_path()
        if self._parent.is_hollow():
            return above
        if isinstance(self._key, int):
            return f"{above}[{self._key}]"
        if not _PLAIN_NAME.match(self._key):
            return f'{above}["{self._key}"]'
        return f"{above}.{self._key}" if above else self._key

    def read_root(self) -> "tuple[Resource, str]":
        """Return the resource that this stands in, and the name of its property that this belongs to."""
        above, name = self, ""
        while above._parent is not None:
            above, name = above._parent, str(above._key)
        return (above if isinstance(above, Resource) else Resource(Subject("", {}))), name

    def read_keys(self) -> list[str | int]:
        """Return the keys that lead here from the resource."""
        return [] if self._parent is None else [*self._parent.read_keys(), self._key]

    def is_hollow(self) -> bool:
        """Tell whether what lies inside this stands nowhere."""
        return self._value is UNKNOWN or self._defaulted

    def read_text(self) -> str:
        """Return what stands here in words; a secret, long text or text under a telltale name is not quoted."""
        value = self._value
        if value is ABSENT or value is UNKNOWN:
            return f"is {value.value}"
        words = self._words(value)
        return f"is absent, which means {words}" if self._defaulted else f"is {words}"

    def _words(self, value: object) -> str:
        if self._secret:
            return "a secret"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return f"{value:g}" if abs(value) < 1e6 else f"{value:,.0f}"  # noqa: PLR2004 (where %g turns to powers of ten)
        if isinstance(value, str):
            quotable = len(value) <= _SHOWN_CHARACTERS and value.isprintable() and not _TELLTALE.search(str(self._key))
            return f"'{value}'" if quotable else "set"
        items = as_list(value)
        return "set" if items is None else ", ".join(self._words(item) for item in items) if len(items) == 1 else f"a list of {len(items)}"

    def paths_read(self) -> list[str]:
        """Return the paths below this that were read, deepest only, sorted: what a verdict depends on."""
        if not self._children:
            return [self.read_path()] if self._parent is not None else []
        return sorted({path for child in self._children.values() for path in child.paths_read()})

    def __repr__(self) -> str:
        """Return path and value, secrets hidden."""
        return f"<{self.read_path() or 'resource'} {self.read_text()}>"

    def __bool__(self) -> NoReturn:
        """Refuse: a third answer would be lost."""
        raise TypeError("a view is known, absent or unknown; ask it is_set(), is_true() or a comparison")

    def __contains__(self, value: object) -> NoReturn:
        """Refuse: a third answer would be lost."""
        raise TypeError("ask any_of(item == value for item in view)")


class Resource(View):
    """The inputs of one resource, and what stands around it."""

    __slots__ = ("_names", "its_settings", "its_subject", "of_provider", "type_token")

    def __init__(self, subject: Subject, settings: View | None = None) -> None:
        super().__init__(subject.inputs)
        self.its_subject = subject
        """Where it was read: its name, its URN, what it depends on."""
        self.type_token = subject.type
        """Its type, as the program says it: `aws:ebs/volume:Volume`."""
        self.of_provider = View(ABSENT if subject.provider is None else subject.provider, "provider", View(ABSENT))
        """The inputs of its provider; absent where they are not known to us."""
        self.its_settings = settings_view({}) if settings is None else settings
        """The settings of the rule that looks at it; the runner changes them from rule to rule."""
        self._names: dict[str, str] | None = None

    def is_protected(self) -> Verdict:
        """Return whether the engine refuses to delete it (`protect=True` among its options)."""
        words = "is protected" if self.its_subject.protect else "is not protected"
        return self.pass_because(words) if self.its_subject.protect else self.fail_because(words)

    def known_names(self) -> dict[str, str]:
        """Return by property what this is called, as far as that is known; many others may ask."""
        if self._names is None:
            self._names = names_of(self)
        return self._names

    def answer_at(self, view: View) -> object:
        """Return what stands at a place of this resource, or where that is unknown what the cloud answered there."""
        value = view.raw_value()
        if value is not UNKNOWN:
            return value
        answer = View(self.its_subject.outputs)
        for key in view.read_keys():
            answer = answer[key]
        found = answer.raw_value()
        return UNKNOWN if found is ABSENT else found

    def has_some(self, what: str, verdicts: Iterable[Verdict]) -> Verdict:
        """Return whether one of the verdicts holds, said of this resource: it has, may have or has no `what`."""
        verdict = any_of(verdicts)
        words = {State.PASS: f"has {what}", State.FAIL: f"has no {what}", State.UNDECIDED: f"may have {what}{_doubts(verdict)}"}
        return Verdict(verdict.state, (Fact(self, words[verdict.state]),))


def _doubts(verdict: Verdict) -> str:
    """Return what cannot be told of other resources, each with the name of its resource."""
    about = [fact.about for fact in verdict.facts[:SHOWN]]
    told = sorted({f"{view.read_path()} of '{view.read_root()[0].its_subject.name}'" for view in about if isinstance(view, View)})
    return f", depending on {', '.join(told)}" if told else ""


def settings_view(settings: Mapping[str, object]) -> View:
    """Return the settings of a rule as it reads them."""
    return View(dict(settings), "settings", View(ABSENT))
