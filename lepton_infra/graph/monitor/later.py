"""What Pulumi's SDK loads at every start and few programs touch, loaded when they do: a third of its import.

That is its Automation API, its tracing where nobody has asked for a trace, and the pickler of its dynamic providers. Whoever looks into one
of these modules has the real one from then on. What a future SDK does not have is left out.
"""

import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TypeVar, cast

_Any = TypeVar("_Any")
_LOADING = threading.RLock()
"""Held while one of them is loaded."""
_TRACING = "pulumi.runtime._instrumentation"
_POSTPONED = ("pulumi.automation", "dill")


def postpone() -> None:
    """Put stand-ins in the place of those modules; to be called before the SDK is imported."""
    for name in _POSTPONED:
        _stand_in(name)
    if "TRACEPARENT" not in os.environ:
        tracing = _stand_in(_TRACING)
        if tracing is not None:
            # What runs in the SDK's threads are calls of our monitor, which has no use for the context of a trace.
            vars(tracing).update(wrap_with_context=_as_it_is, shutdown_tracing=_nothing)


class Later(ModuleType):
    """A module that is loaded when something in it is asked for."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__loader__ = spec.loader
        self.__file__ = spec.origin
        if spec.submodule_search_locations is not None:
            self.__path__ = spec.submodule_search_locations
            self.__package__ = spec.name
        else:
            self.__package__ = spec.parent

    def __getattr__(self, name: str) -> object:
        if name == "__path__":  # what Python asks of every module to learn whether it is a package
            raise AttributeError(name)
        # Another thread waits until the module is whole; this one asks again only while it is being loaded.
        with _LOADING:
            if type(self) is Later and "_loading" not in vars(self):
                vars(self)["_loading"] = True
                _load(self)
        return ModuleType.__getattribute__(self, name)


def _load(module: Later) -> None:
    spec = module.__spec__
    if spec is None or spec.loader is None:
        raise ImportError(module.__name__)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(module.__name__, None)
        raise
    cast("ModuleType", module).__class__ = ModuleType
    del vars(module)["_loading"]


def _stand_in(name: str) -> Later | None:
    spec = _spec(name)
    if spec is None or name in sys.modules:
        return None
    sys.modules[name] = module = Later(spec)
    return module


def _spec(name: str) -> ModuleSpec | None:
    """Return where a module is, without importing the packages around it."""
    root, *inside = name.split(".")
    spec = importlib.util.find_spec(root)
    if not inside or spec is None:
        return spec
    place = Path(next(iter(spec.submodule_search_locations or ("",))), *inside)
    if (place / "__init__.py").is_file():
        return importlib.util.spec_from_file_location(name, place / "__init__.py", submodule_search_locations=[str(place)])
    file = place.with_suffix(".py")
    return importlib.util.spec_from_file_location(name, file) if file.is_file() else None


def _as_it_is(call: Callable[..., _Any]) -> Callable[..., _Any]:
    return call


async def _nothing() -> None:
    """Shut down a tracing that never began."""
