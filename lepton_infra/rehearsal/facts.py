"""What is known of a cloud beyond its SDK: data files and pure functions, found by the name of the package.

A folder beside this file named like the package (`aws/`) holds `types.toml` and, where shapes need arithmetic, a module with
`IDENTITIES`, `SHAPES` and `SOURCES`. A package without such a folder is served all the same, by its SDK alone and the default rules below.
"""

import importlib
import importlib.util
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, cast

from lepton_infra.rehearsal.wire import Properties, Value

DEFAULT_REPLACE: Final = ("name", "namePrefix", "region", "project", "location", "zone", "resourceGroupName")
"""What forces a replacement in a type that the data does not name: what a thing is called and where it stands."""


class World(Protocol):
    """What shapes and data sources can see of the pretend cloud."""

    @property
    def place(self) -> Properties:
        """Return the facts of the provider: region, account, partition."""
        ...

    def find(self, kind: str, identity: str) -> Properties | None:
        """Return the live properties of a resource by type token and id; None where there is none."""
        ...

    def every(self, kind: str) -> list[Properties]:
        """Return the live properties of every resource of a type, each with its `id`."""
        ...


@dataclass(frozen=True, slots=True)
class Making:
    """A resource being made or changed, as a shape sees it."""

    inputs: Properties
    """What is asked for; unknowns in a preview."""
    before: Properties | None
    """Its properties so far; None at creation."""
    outputs: Properties
    """Its properties as the data make them."""
    world: World
    """What else exists."""


ShapeOf: TypeAlias = Callable[[Making], Properties]
"""Computes properties that a template cannot: they are laid over the others."""
IdentityOf: TypeAlias = Callable[[Properties, World], str | None]
"""Says which existing thing a resource stands for; None where it is a new one."""
Source: TypeAlias = Callable[[Properties, World], Properties]
"""Answers a data source from its arguments."""


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What is known of one resource type."""

    identity: str = "{name}-{hex17}"
    """Template of the id."""
    auto_name: str | None = "name"
    """Argument that gets a name where none is given; None where nothing is named."""
    name_prefix: str = ""
    """What a made-up name has to begin with."""
    name_length: int = 255
    """Longest name that is allowed."""
    lower: bool = False
    """Whether a made-up name has to be in lower case."""
    replace: frozenset[str] = frozenset(DEFAULT_REPLACE)
    """Arguments, by dotted wire path without indexes, whose change forces a replacement."""
    sets: frozenset[str] = frozenset()
    """Lists, by dotted wire path, whose order means nothing."""
    claim: tuple[str, ...] = ()
    """Properties that no two of this type may share; the cloud refuses the second."""
    within: tuple[str, ...] = ()
    """Arguments that an id is unique among: the id that the engine knows may occur once for each value of them."""
    exists: str = "AlreadyExists"
    """The cloud's own code for that refusal."""
    overwrite: bool = False
    """Whether creating what is there already overwrites it, as a PUT does."""
    delete_first: bool = False
    """Whether a replacement has to delete before it creates even if nothing is named."""
    defaults: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """Properties that the cloud fills in where the program says nothing."""
    outputs: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """Properties that the cloud computes, as templates."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one package."""

    place: Mapping[str, Value]
    """Facts that templates may use beside the provider's own configuration: account, partition."""
    required: Mapping[str, str]
    """Provider settings that must be given, each with what to do."""
    inherit: tuple[str, ...]
    """Provider settings that every resource with an argument of that name takes over."""
    tags: tuple[str, str, str] | None
    """The argument, the output, and the dotted provider setting of tags that go on everything."""
    generic: Mapping[str, Value]
    """Templates of outputs of any type, by wire name."""
    types: Mapping[str, TypeFacts]
    """What is known of single types, by token."""
    shapes: Mapping[str, ShapeOf]
    """Arithmetic of single types, by token."""
    identities: Mapping[str, IdentityOf]
    """Types whose resources stand for something that exists already, by token."""
    sources: Mapping[str, Source]
    """Data sources, by token."""

    def of(self, token: str) -> TypeFacts:
        """Return what is known of a type: the data, or the default rules."""
        return self.types.get(token) or _UNKNOWN_TYPE


_UNKNOWN_TYPE: Final = TypeFacts()


def load_facts(package: str) -> Facts:
    """Read the data of a package; of one that has none, nothing is known and the default rules hold."""
    name = package.replace("-", "_")
    module = f"{__package__}.{name}"
    words = importlib.import_module(module) if importlib.util.find_spec(module) else None
    path = Path(__file__).parent / name / "types.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    settings = data.pop("package", {})
    return Facts(
        place=settings.get("place", {}),
        required=settings.get("required", {}),
        inherit=tuple(settings.get("inherit", ())),
        tags=tuple(settings["tags"]) if "tags" in settings else None,
        generic=settings.get("generic", {}),
        types={token: _type_facts(rows) for token, rows in data.items()},
        shapes=cast("Mapping[str, ShapeOf]", getattr(words, "SHAPES", {})),
        identities=cast("Mapping[str, IdentityOf]", getattr(words, "IDENTITIES", {})),
        sources=cast("Mapping[str, Source]", getattr(words, "SOURCES", {})),
    )


def _type_facts(rows: dict[str, Any]) -> TypeFacts:
    return TypeFacts(
        identity=rows["id"],
        auto_name=rows.get("auto_name", "name") or None,
        name_prefix=rows.get("name_prefix", ""),
        name_length=rows.get("name_length", 255),
        lower=rows.get("lower", False),
        replace=frozenset(rows["replace"]) | {"region"},
        sets=frozenset(rows.get("sets", ())),
        claim=tuple(rows.get("claim", ())),
        within=tuple(rows.get("within", ())),
        exists=rows.get("exists", "AlreadyExists"),
        overwrite=rows.get("overwrite", False),
        delete_first=rows.get("delete_first", False),
        defaults=rows.get("defaults", {}),
        outputs=rows.get("outputs", {}),
    )
