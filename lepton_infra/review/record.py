"""A review as one JSON document."""

from lepton_infra.cost import Cost, Move, Range, moves
from lepton_infra.graph.diff import Changed
from lepton_infra.graph.model import Resource
from lepton_infra.review.losses import Loss
from lepton_infra.review.model import Noted, Review


def as_record(review: Review) -> dict[str, object]:
    """Return the review for `--json`; money is US dollars per month of 730 hours."""
    difference = review.difference
    return {
        "format": "lepton.review/1",
        "stack": review.stack,
        "against": review.against,
        "clean": review.clean,
        "blocking": len(review.blocking),
        "created": [_resource(one) for one in difference.created],
        "deleted": [_resource(one) | {"protect": one.protect} for one in difference.deleted],
        "changed": [_changed(one) for one in difference.changed],
        "same": difference.same,
        "losses": [_loss(one) for one in (*review.losses.grave, *review.losses.other, *review.losses.led)],
        "broken": [_noted(one) for one in review.broken],
        "undecided": [_noted(one) for one in review.undecided],
        "errors": [_noted(one) for one in review.errors],
        "exempted": [
            _noted(noted) | {"reason": one.exemption.reason, "owner": one.exemption.owner, "expires": one.exemption.expires}
            for noted, one in review.exempted
        ],
        "fixed": [{"rule": one.rule, "severity": one.severity.value, "urn": one.urn} for one in review.fixed],
        "idle_exemptions": [{"rule": one.rule, "urn": one.urn, "owner": one.owner, "why": why} for one, why in review.idle],
        "cost": {
            "before": _cost(review.base_cost),
            "now": _cost(review.cost),
            "difference": {"usd_per_month": _range(review.spent.usd_per_month), "kg_co2e_per_month": _range(review.spent.kg_co2e)},
            "moves": [_move(move) for move in moves(review.spent)],
        },
    }


def _loss(loss: Loss) -> dict[str, object]:
    return _resource(loss.resource) | {
        "what": loss.word,
        "with": loss.holds,
        "protect": loss.resource.protect,
        "perhaps_renamed_to": loss.twin.urn if loss.twin else None,
    }


def _move(move: Move) -> dict[str, object]:
    return {
        "change": move.first.change.value,
        "type": move.first.type,
        "names": [row.name for row in move.rows],
        "before": _range(move.before) if move.before else None,
        "after": _range(move.after) if move.after else None,
        "usd_per_month_difference": _range(move.usd_per_month),
        "why": move.why,
    }


def _resource(resource: Resource) -> dict[str, object]:
    return {"urn": resource.urn, "type": resource.type, "name": resource.name}


def _changed(changed: Changed) -> dict[str, object]:
    return {
        **_resource(changed.resource),
        "was": changed.before.urn,
        "replaced": changed.replaced,
        "certain": changed.certain,
        "follows": list(changed.follows),
        "protect": changed.before.protect,
        "changes": [
            {"path": one.path, "old": one.old, "new": one.new, "certain": one.certain, "forces_replacement": one.forces}
            for one in changed.changes
        ],
    }


def _noted(noted: Noted) -> dict[str, object]:
    return {**noted.finding.as_document(noted.place), "new": noted.is_new}


def _cost(cost: Cost) -> dict[str, object]:
    return {
        "usd_per_month": _range(cost.total),
        "kg_co2e_per_month": _range(cost.kg_co2e),
        "by_part": {part.value: _range(usd) for part, usd in cost.by_part().items()},
        "unpriced": [{"type": one.type, "count": one.count, "why": one.why} for one in cost.unpriced],
    }


def _range(usd: Range) -> dict[str, float]:
    return {"low": round(usd.low, 2), "expected": round(usd.expected, 2), "high": round(usd.high, 2)}
