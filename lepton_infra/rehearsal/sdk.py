"""Reads schemas out of an installed Pulumi SDK: its classes say all that its wheel does not carry as a file."""

import importlib
import importlib.util
import inspect
import re
import types
import typing
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, TypeVar, cast

import pulumi
from pulumi import _types as sdk_types  # pyright: ignore[reportPrivateUsage] # the only place where the SDK says what its types hold
from pulumi.runtime.rpc import get_resource_module

from lepton_infra.errors import BadInput, Fault
from lepton_infra.rehearsal.schema import AnyOf, Anything, Field, Fields, File, ListOf, MapOf, ObjectOf, Scalar, Schema, Shape

_SCALARS: Final[Mapping[object, Scalar]] = {
    bool: Scalar("boolean"),
    int: Scalar("integer"),
    float: Scalar("number"),
    str: Scalar("string"),
}
_Read = TypeVar("_Read")
_TOKEN: Final = re.compile(r"(?P<package>[^:]+):(?P<module>[^:]*):(?P<name>[^:]+)")


class Sdk:
    """The schemas of one package, read type by type when first asked for."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._root = f"pulumi_{package.replace('-', '_')}"
        self._read: dict[str, Schema] = {}
        self._objects: dict[type, ObjectOf] = {}
        if importlib.util.find_spec(self._root) is None:
            raise BadInput(Fault(f"package {package!r}", f"needs the Python package {self._root!r}, which is not installed"))
        importlib.import_module(self._root)

    def resource(self, token: str) -> Schema:
        """Return the schema of a resource type.

        Raises:
            BadInput: the installed SDK has no such type.
        """
        if token not in self._read:
            self._read[token] = _quietly(lambda: self._resource(token))
        return self._read[token]

    def provider(self) -> Schema:
        """Return the schema of the provider's own configuration."""
        token = f"pulumi:providers:{self.package}"
        if token not in self._read:
            module = importlib.import_module(f"{self._root}.provider")
            self._read[token] = Schema(token, self._arguments(module.ProviderArgs), {})
        return self._read[token]

    def function(self, token: str) -> Schema:
        """Return the schema of a data source, such as `aws:ec2/getAmi:getAmi`.

        Raises:
            BadInput: the installed SDK has no such function.
        """
        if token not in self._read:
            self._read[token] = _quietly(lambda: self._function(token))
        return self._read[token]

    def _resource(self, token: str) -> Schema:
        match = _TOKEN.fullmatch(token)
        # Another package that the process has loaded registers its types in the same place.
        known = get_resource_module(self.package, match["module"], "") if match and match["package"] == self.package else None
        facts = cast("dict[str, Any]", getattr(known, "mod_info", {}))
        name = facts.get("classes", {}).get(token)
        if not name:
            raise BadInput(Fault(token, f"is no resource type of the installed {self._root}", "", "correct the type or update the SDK"))
        module = _module_of(facts["fqn"], _snake(name), name)
        # Where a nested type has the name already, the SDK calls the arguments InitArgs.
        inputs = self._arguments(getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args"))
        outputs = sdk_types.resource_types(getattr(module, name))
        known = {wire: Field(self._shape(kind), required=False) for wire, kind in outputs.items()}
        # What is made has an id, which providers made from Terraform's put among the outputs: rules read it there.
        return Schema(token, inputs, {"id": Field(_SCALARS[str], required=False), **known})

    def _function(self, token: str) -> Schema:
        match = _TOKEN.fullmatch(token)
        unknown = BadInput(Fault(token, f"is no data source of the installed {self._root}"))
        if not match:
            raise unknown
        folder = match["module"].split("/", maxsplit=1)[0]
        home = self._root if folder in {"", "index"} else f"{self._root}.{folder}"
        name = _snake(match["name"])
        if importlib.util.find_spec(home) is None or importlib.util.find_spec(f"{home}.{name}") is None:
            raise unknown
        module = importlib.import_module(f"{home}.{name}")
        function = cast("Callable[..., object]", getattr(module, name))
        results = getattr(module, f"{match['name'][0].upper()}{match['name'][1:]}Result")
        return Schema(token, self._parameters(function), self._object_fields(results))

    def _parameters(self, function: Callable[..., object]) -> Fields:
        hints = typing.get_type_hints(function)
        return {
            _camel(name): Field(self._shape(hints[name]), required=parameter.default is inspect.Parameter.empty)
            for name, parameter in inspect.signature(function).parameters.items()
            if name != "opts"
        }

    def _arguments(self, args: type) -> Fields:
        kinds = sdk_types.input_type_types(args)
        wires = sdk_types.input_type_py_to_pulumi_names(args)
        parameters = inspect.signature(args).parameters
        return {
            wire: Field(self._shape(kinds[wire]), required=parameters[name].default is inspect.Parameter.empty)
            for name, wire in wires.items()
            if wire in kinds and name in parameters
        }

    def _object_fields(self, cls: type) -> Fields:
        if sdk_types.is_input_type(cls):
            return self._arguments(cls)
        parameters = inspect.signature(cls).parameters
        wires = sdk_types.resource_pulumi_to_py_names(cls)
        return {
            wire: Field(
                self._shape(kind), required=wires[wire] in parameters and parameters[wires[wire]].default is inspect.Parameter.empty
            )
            for wire, kind in sdk_types.output_type_types(cls).items()
        }

    def _shape(self, kind: Any) -> Shape:  # noqa: ANN401 (an annotation may be any object)
        origin, inside = typing.get_origin(kind), typing.get_args(kind)
        if kind in _SCALARS:
            return _SCALARS[kind]
        if origin in {typing.Union, types.UnionType}:
            return self._union(inside)
        if origin in {Sequence, list}:
            return ListOf(self._shape(inside[0]))
        if origin in {Mapping, dict}:
            return MapOf(self._shape(inside[1]))
        if not isinstance(kind, type):
            return Anything()
        return self._class(kind)

    def _class(self, kind: type[object]) -> Shape:
        if issubclass(kind, Enum):
            return next((shape for base, shape in _SCALARS.items() if issubclass(kind, cast("type", base))), Scalar("string"))
        if issubclass(kind, pulumi.Asset | pulumi.Archive):
            return File()
        if sdk_types.is_input_type(kind) or sdk_types.is_output_type(kind):
            if kind not in self._objects:
                self._objects[kind] = ObjectOf(kind.__name__, lambda: _quietly(lambda: self._object_fields(kind)))
            return self._objects[kind]
        return Anything()

    def _union(self, options: tuple[Any, ...]) -> Shape:
        """Keep what a value may be; how a program may hand it over (awaitable, output, typed dictionary, None) is no shape."""
        shapes: list[Shape] = []
        for option in options:
            if option is type(None) or typing.is_typeddict(option) or typing.get_origin(option) in {Awaitable, pulumi.Output}:
                continue
            shape = self._shape(option)
            if shape not in shapes:
                shapes.append(shape)
        # A data source takes the class of its arguments or of its results: both are the one object. Azure's objects come in kinds.
        alike: dict[str, ObjectOf] = {}
        shapes = [shape for shape in shapes if not isinstance(shape, ObjectOf) or alike.setdefault(_stem(shape.name), shape) is shape]
        return shapes[0] if len(shapes) == 1 else AnyOf(tuple(shapes)) if shapes else Anything()


def _stem(name: str) -> str:
    """Return what the classes of an object's arguments and of its results are both named after."""
    return name.removesuffix("Args").removesuffix("Result")


def _quietly(read: Callable[[], _Read]) -> _Read:
    """Read without the warnings that an SDK gives of its own deprecated types when its modules are loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return read()


def _module_of(home: str, file: str, name: str) -> types.ModuleType:
    """Import the one file that defines a class, or, where files are named otherwise, its whole package."""
    try:
        return importlib.import_module(f"{home}.{file}")
    except ModuleNotFoundError as gone:
        if gone.name != f"{home}.{file}":
            raise
    module = importlib.import_module(home)
    return importlib.import_module(getattr(module, name).__module__)


def _snake(name: str) -> str:
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()


def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
