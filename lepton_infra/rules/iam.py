"""Reading of AWS policy documents: what they allow, to whom, on what.

A document may be a JSON string, an object (as Pulumi's `PolicyDocumentArgs` sends it), or partly unknown; a single statement may stand
outside a list; actions are case-insensitive and hold wildcards. The grammar is that of the IAM User Guide, "Grammar of the IAM JSON
policy language".

What a document grants is asked by probes: an action on a resource is granted if some statement allows it and no unconditional statement
denies it. So a wildcard is recognised by what it lets through, whether it is written `*`, `*:*`, `?*`, as `NotAction`, or as twenty-six
letters.
"""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

from lepton_infra.rules.net import is_world
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import FAIL, PASS, Fact, State, Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import View

_ACCOUNT: Final = "111122223333"
_ACCOUNT_FIELD: Final = re.compile(r"\A(arn:[^:]*:[^:]*:[^:]*:)\d{12}(?=:)")
_PARTITION_FIELD: Final = re.compile(r"\Aarn:aws(-[a-z-]+)?:", re.IGNORECASE)

IAM_PROBES: Final = (
    ("iam:CreatePolicyVersion", f"arn:aws:iam::{_ACCOUNT}:policy/probe"),
    ("iam:AttachRolePolicy", f"arn:aws:iam::{_ACCOUNT}:role/probe"),
    ("iam:PutUserPolicy", f"arn:aws:iam::{_ACCOUNT}:user/probe"),
    ("iam:AddUserToGroup", f"arn:aws:iam::{_ACCOUNT}:group/probe"),
    ("iam:CreateAccessKey", f"arn:aws:iam::{_ACCOUNT}:user/probe"),
)
"""Who may do all of these may become administrator, whatever else is refused."""
WIDE_PROBES: Final = (
    ("ec2:TerminateInstances", f"arn:aws:ec2:eu-west-1:{_ACCOUNT}:instance/i-0probe"),
    ("kms:ScheduleKeyDeletion", f"arn:aws:kms:eu-west-1:{_ACCOUNT}:key/probe"),
    ("rds:DeleteDBCluster", f"arn:aws:rds:eu-west-1:{_ACCOUNT}:cluster:probe"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::probe"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{_ACCOUNT}:secret:probe"),
    ("eks:DeleteCluster", f"arn:aws:eks:eu-west-1:{_ACCOUNT}:cluster/probe"),
    ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{_ACCOUNT}:function:probe"),
)
"""Actions that have nothing in common but power: who may do them all holds a wildcard over services."""

NARROWING_KEYS: Final = frozenset(
    {
        "aws:sourceip", "aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceorgid",
        "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:userid", "aws:username",
        "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
    }
)  # fmt: skip
"""Condition keys that can keep the public out (S3 User Guide, "The meaning of public")."""
_NARROWING_OPERATORS: Final = frozenset(
    {
        "stringequals",
        "stringequalsignorecase",
        "stringlike",
        "arnequals",
        "arnlike",
        "ipaddress",
        "foranyvalue:stringlike",
        "foranyvalue:stringequals",
    }
)
"""Operators that fail where the key is missing; their `...IfExists` and negative forms let the anonymous through."""


_DEMANDING: Final = frozenset({*_NARROWING_OPERATORS, "bool"})
"""Those, and the one for keys that are true or false."""


def statements(document: View) -> Iterator[View]:
    """Iterate over the statements of a policy document; an unreadable one has one unknown statement, an absent one has none."""
    whole = document.json_inside()
    for name in ("Statement", "statement", "statements"):
        if whole[name].raw_value() is not ABSENT:
            yield from whole[name]
            return


def _unreadable(document: View) -> Verdict | None:
    """Return the verdict on a document of which nothing is known, or None."""
    if document.json_inside().raw_value() is not UNKNOWN:
        return None
    return document.undecided_because("" if document.raw_value() is UNKNOWN else "is no JSON")


def element(statement: View, name: str) -> View:
    """Return an element of a statement by name, whatever the case of its first letter."""
    view = statement[name]
    return statement[name[0].lower() + name[1:]] if view.raw_value() is ABSENT else view


def is_admin(document: View) -> Verdict:
    """Return whether a document gives away the account: all of IAM, or a wildcard over services, on every resource.

    A condition does not save it: who passes the condition is administrator. An unconditional Deny of the same action does.
    """
    unreadable = _unreadable(document)
    if unreadable is not None:
        return unreadable
    found = list(statements(document))
    if all(_is_plain_narrow(statement) for statement in found):
        return FAIL
    return any_of(all_of(grants(found, action, resource) for action, resource in probes) for probes in (WIDE_PROBES, IAM_PROBES))


class Policy:
    """A policy document, read once, of which many actions are asked."""

    def __init__(self, document: View) -> None:
        self._unreadable = _unreadable(document)
        self._statements = [] if self._unreadable is not None else [_Said(statement) for statement in statements(document)]

    def gives(self, action: str, *, narrowed_counts: bool = True) -> Verdict:
        """Return whether it lets an action be done on whatever there is.

        Args:
            action: the action, such as `s3:GetObject`.
            narrowed_counts: whether what is allowed under a condition counts as allowed.
        """
        if self._unreadable is not None:
            return self._unreadable
        about = [said for said in self._statements if said.may_speak_of(action)]
        wanted = _whatever_of(action.partition(":")[0])
        if narrowed_counts:
            return grants([said.statement for said in about], action, wanted)
        free = [said.statement for said in about if said.condition is ABSENT or said.denies]
        unclear = [said.statement for said in about if said.condition is UNKNOWN]
        sure = grants(free, action, wanted)
        return sure | grants([*free, *unclear], action, wanted).maybe() if unclear else sure


class _Said:
    """A statement, with what tells quickly that it has nothing to do with an action."""

    def __init__(self, statement: View) -> None:
        self.statement = statement
        self.condition = _condition(statement)
        self.denies = element(statement, "Effect").raw_value() == "Deny"
        actions = [action.raw_value() for action in element(statement, "Action")]
        plain = bool(actions) and all(isinstance(action, str) for action in actions)
        self._patterns = [_compiled(action) for action in actions if isinstance(action, str)] if plain else None

    def may_speak_of(self, action: str) -> bool:
        return self._patterns is None or any(pattern.match(action) for pattern in self._patterns)


def _condition(statement: View) -> object:
    """Return what is known of a statement's condition: an empty one is none."""
    value = element(statement, "Condition").raw_value()
    return ABSENT if value == {} else value


_THINGS: Final = {
    "ec2": "instance/i-0probe",
    "iam": "role/probe",
    "kms": "key/probe",
    "secretsmanager": "secret:probe",
    "ssm": "parameter/probe",
    "dynamodb": "table/probe",
    "lambda": "function:probe",
    "rds": "db:probe",
    "ecr": "repository/probe",
    "logs": "log-group:probe",
    "eks": "cluster/probe",
    "sagemaker": "endpoint/probe",
}
"""What a thing of a service is called in an ARN, where a wildcard for all of them may name the kind (Service Authorization Reference)."""
_REGIONLESS: Final = {"iam": ""}


def _whatever_of(service: str) -> str:
    """Return the ARN of a thing of a service that nobody has: what covers it covers all of them."""
    if service == "s3":
        return "arn:aws:s3:::probe/probe"
    return f"arn:aws:{service}:{_REGIONLESS.get(service, 'eu-west-1')}:{_ACCOUNT}:{_THINGS.get(service, 'probe')}"


def grants(found: list[View], action: str, resource: str) -> Verdict:
    """Return whether the statements let an action be done on a resource."""
    allowed = any_of(_has_effect(statement, "Allow") & _covers(statement, action, resource) for statement in found)
    if allowed.state is State.FAIL:
        return allowed
    denied = any_of(
        _has_effect(statement, "Deny") & _covers(statement, action, resource) & element(statement, "Condition").is_absent()
        for statement in found
    )
    return allowed if denied.state is State.FAIL else allowed & ~denied


def _is_plain_narrow(statement: View) -> bool:
    """Tell quickly of the common case: every action is known, none has a wildcard over services or over IAM."""
    actions = [action.raw_value() for action in element(statement, "Action")]
    return bool(actions) and all(isinstance(action, str) and _names_service(action) for action in actions)


@lru_cache(maxsize=4096)
def _names_service(action: str) -> bool:
    service, colon, _ = action.lower().partition(":")
    return bool(colon) and not {"*", "?"} & set(action if service == "iam" else service)


def _has_effect(statement: View, effect: str) -> Verdict:
    verdict = element(statement, "Effect").is_one_of(effect)
    return PASS if verdict.state is State.PASS else verdict


def _covers(statement: View, action: str, resource: str) -> Verdict:
    """Return whether a statement speaks of an action on a resource."""
    return _speaks_of(statement, "Action", action) & _speaks_of(statement, "Resource", resource)


def _speaks_of(statement: View, name: str, wanted: str) -> Verdict:
    """Return whether Action or Resource, or their Not-forms, cover what is wanted; neither being there covers nothing."""
    positive, negative = element(statement, name), element(statement, f"Not{name}")
    if negative.raw_value() is not ABSENT:
        verdict = none_of(_matches(pattern, wanted) for pattern in negative)
        return Verdict(verdict.state, (Fact(negative),) if verdict.state is State.PASS else verdict.facts)
    return any_of(_matches(pattern, wanted) for pattern in positive)


def _matches(pattern: View, wanted: str) -> Verdict:
    text = pattern.raw_value()
    if text is UNKNOWN:
        return pattern.undecided_because()
    hit = isinstance(text, str) and _compiled(text).match(wanted) is not None
    return pattern.pass_because("") if hit else pattern.fail_because()


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> "re.Pattern[str]":
    """Return a pattern of IAM (`*`, `?`) as a regular expression; any account and partition written out stands for ours."""
    text = _ACCOUNT_FIELD.sub(rf"\g<1>{_ACCOUNT}", _PARTITION_FIELD.sub("arn:aws:", pattern.strip()))
    parts = (".*" if part.startswith("*") else "." if part == "?" else re.escape(part) for part in re.split(r"(\*+|\?)", text))
    return re.compile("".join(parts) + r"\Z", re.IGNORECASE | re.DOTALL)


def is_public(document: View, also_narrow: Collection[str] = ()) -> Verdict:
    """Return whether a document allows anything to everyone: a principal of `*` without a condition that keeps the public out.

    Args:
        document: a resource's policy.
        also_narrow: keys in lower case, beside those that all services know, that keep the public out of this one when they are demanded.
    """
    unreadable = _unreadable(document)
    if unreadable is not None:
        return unreadable
    found = statements(document)
    return any_of(_has_effect(one, "Allow") & _is_everyone(one) & ~_is_narrowed(one, also_narrow) for one in found)


def _is_everyone(statement: View) -> Verdict:
    """Return whether a statement speaks of everyone; `NotPrincipal` with Allow means all but a few."""
    excluded = element(statement, "NotPrincipal")
    if excluded.raw_value() is not ABSENT:
        return excluded.is_set()
    principal = element(statement, "Principal")
    kinds = [kind for _, kind in principal.map_items()] or [principal]
    return any_of(_is_star(name) for kind in kinds for name in kind)


def _is_star(name: View) -> Verdict:
    text = name.raw_value()
    return name.is_one_of("*") if not isinstance(text, str) else name.read_as(text.strip()).is_one_of("*")


def _is_narrowed(statement: View, also: Collection[str]) -> Verdict:
    """Return whether a condition keeps the public out."""
    condition = element(statement, "Condition")
    if condition.raw_value() is UNKNOWN:
        return condition.undecided_because()
    clauses = [
        (operator, key, values)
        for operator, keys in condition.map_items()
        for key, values in keys.map_items()
        if (operator.lower() in _NARROWING_OPERATORS and key.lower() in NARROWING_KEYS)
        or (operator.lower() in _DEMANDING and key.lower() in also)
    ]
    unknown = [keys for _, keys in condition.map_items() if keys.raw_value() is UNKNOWN]
    narrowed = (_narrows(operator.lower(), key.lower(), values) for operator, key, values in clauses)
    verdict = any_of((*narrowed, *(keys.undecided_because() for keys in unknown)))
    return verdict if verdict.facts or verdict.state is not State.FAIL else condition.fail_because("keeps nobody out" if clauses else "")


def _narrows(operator: str, key: str, values: View) -> Verdict:
    if values.raw_value() is UNKNOWN:
        return values.undecided_because()
    if operator == "bool":
        return any_of(value.is_true() for value in values)
    if key == "aws:sourceip":
        return ~is_world(values)
    return none_of(_is_open_pattern(value) for value in values)


def _is_open_pattern(value: View) -> Verdict:
    """Return whether a value of a condition lets everything through: nothing but wildcards, or an ARN of them."""
    text = value.raw_value()
    if text is UNKNOWN:
        return value.undecided_because()
    return (
        value.pass_because("")
        if isinstance(text, str) and not set(text.lower().replace("arn:aws", "")) - set("*?:")
        else value.fail_because()
    )
