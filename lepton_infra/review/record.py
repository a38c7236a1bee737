"""A review as one JSON document."""

from lepton_infra.cost import Cost, Range
from lepton_infra.graph.diff import Changed
from lepton_infra.graph.model import Resource
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
        "broken": [_noted(one) for one in review.broken],
        "undecided": [_noted(one) for one in review.undecided],
        "errors": [_noted(one) for one in review.errors],
        "exempted": [
            _noted(noted) | {"reason": one.exemption.reason, "owner": one.exemption.owner, "expires": one.exemption.expires}
            for noted, one in review.exempted
        ],
        "fixed": [{"rule": one.rule, "severity": one.severity.value, "urn": one.urn} for one in review.fixed],
        "cost": {"before": _cost(review.base_cost), "now": _cost(review.cost)},
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
    finding = noted.finding
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "type": finding.type,
        "name": finding.name,
        "urn": finding.urn,
        "verdict": finding.outcome.value,
        "path": finding.path,
        "message": finding.message,
        "file": noted.place.file,
        "line": noted.place.line,
        "new": noted.is_new,
    }


def _cost(cost: Cost) -> dict[str, object]:
    return {
        "usd_per_month": _range(cost.total),
        "by_part": {part.value: _range(usd) for part, usd in cost.by_part().items()},
        "unpriced": [{"type": one.type, "count": one.count, "why": one.why} for one in cost.unpriced],
    }


def _range(usd: Range) -> dict[str, float]:
    return {"low": round(usd.low, 2), "expected": round(usd.expected, 2), "high": round(usd.high, 2)}
