"""Where a pretend cloud keeps what exists: one SQLite file, which outlives every process.

Every change is one transaction in write-ahead mode, so a process that is killed leaves a whole row or none. What was
created although the engine died before it heard of it stays, as in a real cloud: nobody's, and paid for. A second run makes
another one, or is refused where the name is taken; `pulumi import` adopts the first, since it can be read by its id.
"""

import json
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from lepton_infra.errors import BadInput, Fault
from lepton_infra.rehearsal.wire import Properties

_FORMAT: Final = 1
_TABLES: Final = """
create table if not exists resources (
    package text not null, kind text not null, id text not null, urn text not null, name text not null,
    claim text, seed text not null, inputs text not null, outputs text not null,
    primary key (package, kind, id)
) strict;
create unique index if not exists claims on resources (package, kind, claim) where claim is not null;
create table if not exists attempts (urn text primary key, made integer not null) strict;
create table if not exists facts (name text primary key, value text not null) strict;
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A resource that exists in the pretend cloud."""

    id: str
    """The cloud's id of it."""
    package: str
    """Whose it is: `aws`."""
    type: str
    """Type token: `aws:ec2/subnet:Subnet`."""
    name: str
    """Its name in the program."""
    urn: str
    """Pulumi's name of it; empty after an import."""
    inputs: Properties
    """Arguments as last applied."""
    outputs: Properties
    """Live properties."""
    seed: str = ""
    """What its made-up tokens are drawn from."""


class Taken(Exception):  # noqa: N818 (reads as what it is: `except Taken`)
    """Another resource has the name already."""


class Store:
    """The rows; used by one thread at a time."""

    def __init__(self, path: Path, seed: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._db.executescript("pragma journal_mode = wal; pragma synchronous = normal;" + _TABLES)
            self._db.execute("insert or ignore into facts values ('seed', ?), ('format', ?)", (str(seed), str(_FORMAT)))
            facts = dict(self._db.execute("select name, value from facts").fetchall())
        except sqlite3.DatabaseError as broken:
            raise BadInput(Fault(str(path), f"is no pretend cloud ({broken})", "", "delete the file or name another")) from broken
        if facts["format"] != str(_FORMAT):
            self._db.close()
            raise BadInput(Fault(str(path), f"has format {facts['format']}", f"this version reads {_FORMAT}", "delete the file"))
        self.seed = int(facts["seed"])
        """Made-up ids are drawn from it; a store keeps the one that it was made with."""

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def change(self) -> Generator[None]:
        """Make what happens inside one transaction."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def attempts(self, urn: str) -> int:
        """Return how often a resource of that name in a program has been created so far."""
        row = self._db.execute("select made from attempts where urn = ?", (urn,)).fetchone()
        return int(row[0]) if row else 0

    def create(self, held: Held, claim: str | None, *, overwrite: bool) -> None:
        """Add a row and count the attempt.

        Raises:
            Taken: the id or the claimed name exists.
        """
        verb = "insert or replace" if overwrite else "insert"
        row = (held.package, held.type, held.id, held.urn, held.name, claim, held.seed, json.dumps(held.inputs), json.dumps(held.outputs))
        with self.change():
            try:
                self._db.execute(f"{verb} into resources values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError as taken:
                raise Taken(held.id) from taken
            self._db.execute(
                "insert into attempts values (?, 1) on conflict (urn) do update set made = made + 1",
                (held.urn,),
            )

    def update(self, held: Held, claim: str | None) -> None:
        """Replace the arguments and properties of a row.

        Raises:
            Taken: another row claims the name.
        """
        with self.change():
            try:
                self._db.execute(
                    "update resources set claim = ?, inputs = ?, outputs = ? where package = ? and kind = ? and id = ?",
                    (claim, json.dumps(held.inputs), json.dumps(held.outputs), held.package, held.type, held.id),
                )
            except sqlite3.IntegrityError as taken:
                raise Taken(held.id) from taken

    def delete(self, package: str, kind: str, identity: str) -> None:
        """Remove a row; that it is not there is fine."""
        self._db.execute("delete from resources where package = ? and kind = ? and id = ?", (package, kind, identity))

    def find(self, package: str, kind: str, identity: str) -> Held | None:
        """Return a row."""
        found = self._select("where package = ? and kind = ? and id = ?", (package, kind, identity))
        return found[0] if found else None

    def every(self, package: str = "", kind: str = "") -> tuple[Held, ...]:
        """Return all rows, of one package and type or of all, by type, name and id."""
        wheres = [column for column, value in (("package", package), ("kind", kind)) if value]
        where = "where " + " and ".join(f"{column} = ?" for column in wheres) if wheres else ""
        return self._select(where, tuple(value for value in (package, kind) if value))

    def _select(self, where: str, values: tuple[str, ...]) -> tuple[Held, ...]:
        query = f"select id, package, kind, name, urn, inputs, outputs, seed from resources {where} order by kind, name, id"  # noqa: S608 (`where` is ours, its values are bound)
        rows = cast("list[tuple[str, str, str, str, str, str, str, str]]", self._db.execute(query, values).fetchall())
        return tuple(Held(*row[:5], json.loads(row[5]), json.loads(row[6]), row[7]) for row in rows)
