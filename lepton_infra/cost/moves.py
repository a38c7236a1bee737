"""What moves a bill: resources whose cost rose or fell, those that differ in nothing but their names together."""

from dataclasses import dataclass

from lepton_infra.cost.compare import Change, Difference, Row, Side
from lepton_infra.cost.model import Range


@dataclass(frozen=True, slots=True)
class Move:
    """Resources of one type whose cost changes alike."""

    rows: tuple[Row, ...]

    @property
    def first(self) -> Row:
        """Return the one that speaks for all."""
        return self.rows[0]

    @property
    def name(self) -> str:
        """Return its name in the program, or how many there are of which kind: `13 x VpcEndpoint`."""
        return self.first.name if len(self.rows) == 1 else f"{len(self.rows):,} x {self.first.type.rpartition(':')[2]}"

    @property
    def before(self) -> Range | None:
        """Return what all cost before, US dollars per month; None where nothing of it had a price."""
        return _times(self.first.before, len(self.rows))

    @property
    def after(self) -> Range | None:
        """Return what all cost now; None where nothing of it has a price."""
        return _times(self.first.after, len(self.rows))

    @property
    def usd_per_month(self) -> Range:
        """Return what all of them cost more."""
        return self.first.usd_per_month * len(self.rows)

    @property
    def why(self) -> str:
        """Return how the sums came about: only what is counted otherwise than before, where anything is; what has no price is said too."""
        old, new = _texts(self.first.before), _texts(self.first.after)
        if self.recounted:
            return " -> ".join("; ".join(text for text in one if text not in other) or "nothing" for one, other in ((old, new), (new, old)))
        return "; ".join(old if self.first.change is Change.REMOVED else new)

    @property
    def recounted(self) -> bool:
        """Whether it is there before and after, and counted otherwise."""
        return self.first.change is Change.CHANGED and _texts(self.first.before) != _texts(self.first.after)


def moves(difference: Difference) -> tuple[Move, ...]:
    """Return what moves the bill, most first; a rise at the most nodes alone counts too."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in difference.rows:
        key = (row.change, row.type, row.before, row.after, _texts(row.before), _texts(row.after))
        groups.setdefault(key, []).append(row)
    found = [Move(tuple(rows)) for rows in groups.values()]
    return tuple(sorted(found, key=lambda move: (-_weight(move.usd_per_month), move.first.type, move.first.name)))


def _times(side: Side | None, count: int) -> Range | None:
    return side.usd_per_month * count if side and side.usd_per_month else None


def _texts(side: Side | None) -> tuple[str, ...]:
    return (*side.basis, *(f"not priced: {one}" for one in side.open)) if side else ()


def _weight(usd: Range) -> float:
    return max(abs(usd.low), abs(usd.expected), abs(usd.high))
