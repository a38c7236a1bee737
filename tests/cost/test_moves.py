"""What moves a bill, told once for all that move alike."""

from typing import Any

from lepton_infra.catalog import load_catalog
from lepton_infra.cost import Billed, Move, bill, compare, moves
from lepton_infra.graph import parse_graph

DISK = "aws:ebs/volume:Volume"
BUCKET = {"type": "aws:s3/bucket:Bucket", "name": "b", "inputs": {}}


def _disk(name: str, size: object) -> dict[str, Any]:
    return {"type": DISK, "name": name, "inputs": {"type": "gp3", "size": size, "region": "us-east-1"}}


def _moves(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> tuple[Move, ...]:
    keeps = {"type": "aws:ec2/vpc:Vpc", "name": "kept", "inputs": {}}
    graphs = (parse_graph({"resources": [*some, keeps]}, "test") for some in (before, now))
    return moves(compare(*(Billed(graph, bill(graph, load_catalog())) for graph in graphs)))


def test_what_moves_alike_is_told_once_and_the_most_first() -> None:
    found = _moves([_disk("a", 10), _disk("b", 10), _disk("c", 10)], [_disk("a", 20), _disk("b", 20), _disk("c", 500)])

    assert [move.name for move in found] == ["c", "2 x Volume"]
    assert round(found[1].usd_per_month.expected, 2) == 1.6
    assert found[1].before
    assert found[1].after
    assert (round(found[1].before.expected, 2), round(found[1].after.expected, 2)) == (1.6, 3.2)


def test_why_says_only_what_is_counted_otherwise() -> None:
    (grown,) = _moves([_disk("a", 10)], [_disk("a", 20)])
    (added,) = _moves([], [_disk("a", 20)])
    (gone,) = _moves([BUCKET], [])

    assert grown.recounted
    assert grown.why.startswith("1.0 x 10 GiB gp3 at ")
    assert " -> 1.0 x 20 GiB gp3 at " in grown.why
    assert not added.recounted
    assert added.why.startswith("1.0 x 20 GiB gp3 at ")
    assert gone.why == "not priced: billed per GiB stored and per request"
    assert (gone.before, gone.after, gone.usd_per_month.expected) == (None, None, 0.0)


def test_nothing_moves_where_nothing_changes() -> None:
    assert _moves([_disk("a", 10), BUCKET], [_disk("a", 10), BUCKET]) == ()
