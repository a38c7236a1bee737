"""The pack on the stock SDK's path: every card as a policy of `pulumi_policy`, answered by that package's own server.

This is how a card would run without our server, and the oracle that ours is held against. The cards read through the SDK's proxies, so
that whatever touches an unknown value raises `UnknownValueError` there, as it does in anybody's rule.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2 as rpc
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyResource,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from lepton_infra.cost.pricing import pricing
from lepton_infra.rules.card import Card, Kind
from lepton_infra.rules.outside import Outside
from lepton_infra.rules.stack import NOTHING_AROUND, Stack
from lepton_infra.rules.subject import Subject, plain_type
from lepton_infra.rules.values import UNKNOWN, Secret
from lepton_infra.rules.verdict import State
from lepton_infra.rules.view import Resource, settings_view
from lepton_infra.rules.wire import SECRET, SIGNATURE

NAME = "oracle"
VERSION = "0.0.1"
PROVIDER = rpc.AnalyzerProviderResource(type="pulumi:providers:any", urn="urn:provider", name="default")


def servicer(cards: Iterable[Card]) -> Any:
    """Return the stock server of a pack with these cards."""
    return _PolicyAnalyzerServicer(NAME, VERSION, [_policy(card) for card in cards], EnforcementLevel.ADVISORY, {})


def _policy(card: Card) -> Policy:
    properties = {name: {"type": _json_type(setting.default), "default": setting.default} for name, setting in card.settings.items()}
    common: dict[str, Any] = {
        "name": card.id,
        "description": card.title,
        "enforcement_level": EnforcementLevel.MANDATORY if card.severity.blocks else EnforcementLevel.ADVISORY,
        "config_schema": PolicyConfigSchema(properties) if properties else None,
        "severity": Severity(card.severity.value),
        "remediation_steps": card.fix,
    }
    if card.kind is Kind.STACK:
        return StackValidationPolicy(validate=_of_stack(card), **common)
    return ResourceValidationPolicy(validate=_of_resource(card), **common)


def _json_type(default: object) -> str:
    return "boolean" if isinstance(default, bool) else "string" if isinstance(default, str) else "number"


def _of_resource(card: Card) -> Callable[[ResourceValidationArgs, Any], None]:
    def validate(args: ResourceValidationArgs, report: Any) -> None:
        provider = None if args.provider is None else Through(args.provider.props)
        subject = Subject(args.resource_type, Through(args.props), args.name, args.urn, provider, protect=args.opts.protect)
        _report(card, Resource(subject), NOTHING_AROUND, args.get_config(), report)

    return validate


def _of_stack(card: Card) -> Callable[[StackValidationArgs, Any], None]:
    def validate(args: StackValidationArgs, report: Any) -> None:
        resources = [Resource(_subject(one)) for one in args.resources]
        stack = Stack(resources, Outside(pricing))
        for resource in resources:
            _report(card, resource, stack, args.get_config(), report)

    return validate


def _report(card: Card, resource: Resource, stack: Stack, config: Mapping[str, Any], report: Any) -> None:
    if plain_type(resource.type_token) not in map(plain_type, card.types):
        return
    resource.its_settings = settings_view({**card.defaults(), **config})
    verdict = card.check(resource, stack)
    if verdict.state is State.FAIL:
        report(f"{verdict.message}. {card.fix}", resource.its_subject.urn)


def _subject(one: PolicyResource) -> Subject:
    return Subject(
        type=one.resource_type,
        inputs=Through(one.props),
        name=one.name,
        urn=one.urn,
        provider=None if one.provider is None else Through(one.provider.props),
        outputs=Through(one.props),
        dependencies=tuple(other.urn for other in one.dependencies),
        sources={name: tuple(other.urn for other in others) for name, others in one.property_dependencies.items()},
        protect=one.opts.protect,
    )


class Through(dict[str, Any]):
    """An object of the SDK's, which is no dict, as the dict that a view looks for; each read goes through to the proxy."""

    def __init__(self, proxy: Mapping[str, Any]) -> None:
        super().__init__(dict.fromkeys(proxy))
        self._proxy = proxy

    def __getitem__(self, key: str) -> Any:
        return _through(self._proxy[key])

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 (the dict's own `get` would not read through)

    def __iter__(self) -> Iterator[str]:
        return iter(self._proxy)

    def items(self) -> Any:
        return [(key, self[key]) for key in self]

    def values(self) -> Any:
        return [self[key] for key in self]


class ThroughList(list[Any]):
    """Likewise a list of the SDK's."""

    def __init__(self, proxy: Any) -> None:
        super().__init__([None] * len(proxy))
        self._proxy = proxy

    def __getitem__(self, index: Any) -> Any:
        return _through(self._proxy[index])

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


def _through(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Through(value)
    return ThroughList(value) if hasattr(value, "__getitem__") and not isinstance(value, str) else value


def request(subject: Subject) -> rpc.AnalyzeRequest:
    """Return what the engine asks of a resource before it is touched."""
    asked = rpc.AnalyzeRequest(type=subject.type, name=subject.name, urn=subject.urn, properties=struct(subject.inputs))
    asked.options.protect = subject.protect
    if subject.provider is not None:
        asked.provider.CopyFrom(PROVIDER)
        asked.provider.properties.CopyFrom(struct(subject.provider))
    return asked


def stack_request(subjects: Iterable[Subject]) -> rpc.AnalyzeStackRequest:
    """Return what it asks at the end, of resources with their answers; in a preview those are the inputs."""
    return rpc.AnalyzeStackRequest(resources=map(_stack_resource, subjects))


def _stack_resource(subject: Subject) -> rpc.AnalyzerResource:
    made = rpc.AnalyzerResource(
        type=subject.type,
        name=subject.name,
        urn=subject.urn,
        properties=struct({**subject.inputs, **subject.outputs}),
        provider=PROVIDER,
        dependencies=subject.dependencies,
        propertyDependencies={name: rpc.AnalyzerPropertyDependencies(urns=urns) for name, urns in subject.sources.items() if urns},
    )
    made.options.protect = subject.protect
    made.provider.properties.CopyFrom(struct(subject.provider or {}))
    return made


def struct(values: Mapping[str, Any]) -> Struct:
    """Return properties as the engine sends them."""
    return ParseDict(_encoded(values), Struct())


def _encoded(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "value": _encoded(value.value)}
    if isinstance(value, Mapping):
        return {key: _encoded(inner) for key, inner in value.items()}
    return [_encoded(inner) for inner in value] if isinstance(value, list | tuple) else value


def unknown_places(values: Any, above: str = "") -> Iterator[str]:
    """Yield the places of unknown values in a request's properties, as the SDK writes them."""
    items = values.items() if isinstance(values, Mapping) else enumerate(values) if isinstance(values, list | tuple) else ()
    for key, inner in items:
        place = f"{above}.{key}"
        known = inner.value if isinstance(inner, Secret) else inner
        yield from [place] if known is UNKNOWN else unknown_places(known, place)
