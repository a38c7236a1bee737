"""Renders `aws.iam.get_policy_document` to JSON, as the Terraform provider does.

Source: internal/service/iam/policy_document_data_source.go and policy_model.go of hashicorp/terraform-provider-aws 6.x
(one value stands alone, several are a list in reverse order; `&{` stands for `${`; documents are merged by Sid).
"""

import json
from collections.abc import Mapping
from typing import Final

from lepton_infra.rehearsal.facts import World
from lepton_infra.rehearsal.wire import Properties, Value, rows, table, text, texts

_LISTS: Final = (("actions", "Action"), ("notActions", "NotAction"), ("resources", "Resource"), ("notResources", "NotResource"))
_WHO: Final = (("principals", "Principal"), ("notPrincipals", "NotPrincipal"))


def policy_document(arguments: Properties, _: World) -> Properties:
    """Return the document as `json` and without blanks as `minifiedJson`.

    Raises:
        LookupError: a source document is no JSON, or two statements of one document share a Sid.
    """
    statements: list[Properties] = []
    for source in _documents(arguments, "sourceJson", "sourcePolicyDocuments"):
        statements += [table(one) for one in _statements(source)]
    own = [_statement(table(one)) for one in rows(arguments.get("statements"))]
    sids = [text(one.get("Sid")) for one in own if one.get("Sid")]
    if len(sids) != len(set(sids)):
        raise LookupError(f"statements have the sids {', '.join(sids)}; each may stand once. Rename one of them.")
    statements = _merged(statements, own)
    for override in _documents(arguments, "overrideJson", "overridePolicyDocuments"):
        statements = _merged(statements, [table(one) for one in _statements(override)])
    document: Properties = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = list(statements)
    whole = json.dumps(document, indent=2, ensure_ascii=False)
    short = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return {"id": f"{sum(whole.encode()) % 2**32}", "json": whole, "minifiedJson": short, "version": document["Version"]}


def _statement(asked: Properties) -> Properties:
    statement: Properties = {"Sid": asked["sid"]} if asked.get("sid") else {}
    statement["Effect"] = asked.get("effect") or "Allow"
    for name, wire in _LISTS:
        if values := texts(rows(asked.get(name))):
            statement[wire] = _values(values)
    for name, wire in _WHO:
        if people := rows(asked.get(name)):
            statement[wire] = _principals(people)
    if conditions := rows(asked.get("conditions")):
        statement["Condition"] = _conditions(conditions)
    return statement


def _values(values: list[str]) -> Value:
    plain = [value.replace("&{", "${") for value in values]
    return plain[0] if len(plain) == 1 else list[Value](sorted(plain, reverse=True))


def _principals(people: list[Value]) -> Value:
    found: dict[str, list[str]] = {}
    for one in map(table, people):
        found.setdefault(text(one.get("type")), []).extend(texts(rows(one.get("identifiers"))))
    if found == {"*": ["*"]}:
        return "*"
    return {kind: _values(list(dict.fromkeys(names))) for kind, names in found.items()}


def _conditions(conditions: list[Value]) -> Value:
    found: dict[str, dict[str, list[str]]] = {}
    for one in map(table, conditions):
        found.setdefault(text(one.get("test")), {}).setdefault(text(one.get("variable")), []).extend(texts(rows(one.get("values"))))
    return {test: {variable: _values(values) for variable, values in by.items()} for test, by in found.items()}


def _documents(arguments: Properties, single: str, several: str) -> list[Properties]:
    sources = [text(arguments.get(single)), *texts(rows(arguments.get(several)))]
    return [_parsed(source) for source in sources if source]


def _parsed(source: str) -> Properties:
    try:
        read: Value = json.loads(source)
    except json.JSONDecodeError as broken:
        raise LookupError(f"a source document is no JSON ({broken}). Correct it.") from broken
    return table(read)


def _statements(document: Mapping[str, Value]) -> list[Value]:
    found = document.get("Statement")
    return [found] if isinstance(found, dict) else rows(found)


def _merged(under: list[Properties], over: list[Properties]) -> list[Properties]:
    """Replace statements of the same Sid where they stand, and add the others."""
    named = {text(one.get("Sid")): one for one in over if one.get("Sid")}
    kept = [named.pop(text(one.get("Sid")), one) for one in under]
    return [*kept, *(one for one in over if not one.get("Sid") or text(one.get("Sid")) in named)]
