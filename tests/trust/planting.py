"""Plants the faults of planted/<figure>.yaml into the running product, and takes them out again.

A fault is a patch: `sql` run by the database's superuser in a database of its own, or `old` and
`new` text in a module (`in`). Faults are written before the harness that must find them.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import psycopg

from anwang.common.yaml_files import read_yaml

Fault = dict[str, str]


def faults_of(figure: str) -> list[Fault]:
    """The faults planted for a figure, in the file's order."""
    path = Path(__file__).with_name("planted") / f"{figure}.yaml"
    found: list[Fault] = read_yaml(path)
    return found


def plant_in_database(fault: Fault, address: str) -> None:
    """Run the fault's `sql` as superuser; the database is to be thrown away afterwards."""
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(fault["sql"])


@contextlib.contextmanager
def planted_in_code(fault: Fault) -> Iterator[None]:
    """Exchange the code of one module's functions for the patched text, for a block.

    Functions keep their identity, so a name imported elsewhere runs the patched code too.
    """
    module = importlib.import_module(fault["in"])
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert fault["old"] in source, f"the fault does not fit any more, renew it: {fault['fault']}"
    patched = ModuleType(module.__name__)
    patched.__dict__.update(
        {name: value for name, value in vars(module).items() if name.startswith("__")}
    )
    code = compile(source.replace(fault["old"], fault["new"], 1), str(module.__file__), "exec")
    sys.modules[module.__name__] = patched  # dataclasses and typing look themselves up here
    try:
        exec(code, patched.__dict__)
    finally:
        sys.modules[module.__name__] = module
    kept: list[tuple[Any, dict[str, Any]]] = []
    constants = _exchange_constants(module, patched)
    for before, after in _functions(module, patched):
        kept.append((before, {"__code__": before.__code__, "__defaults__": before.__defaults__}))
        before.__code__, before.__defaults__ = after.__code__, after.__defaults__
    try:
        yield
    finally:
        for function, parts in kept:
            for name, value in parts.items():
                setattr(function, name, value)
        vars(module).update(constants)


def _exchange_constants(module: ModuleType, patched: ModuleType) -> dict[str, Any]:
    """Take over changed plain constants; returns what they were."""
    plain = (str, int, float, bytes, tuple, frozenset)
    before = {}
    for name, value in vars(patched).items():
        old = vars(module).get(name)
        if not name.startswith("__") and isinstance(value, plain) and type(value) is type(old) \
                and value != old:  # fmt: skip
            before[name] = old
            vars(module)[name] = value
    return before


def _unwrapped(value: Any) -> Any:
    return inspect.unwrap(
        value.__func__ if isinstance(value, classmethod | staticmethod) else value
    )


def _functions(module: Any, patched: Any) -> Iterator[tuple[FunctionType, FunctionType]]:
    """Pairs of functions of equal name whose code differs, methods included."""
    for name, value in list(vars(patched).items()):
        old = vars(module).get(name)
        if inspect.isclass(value) and value.__module__ == patched.__name__ and inspect.isclass(old):
            if not name.startswith("__"):
                yield from _functions(old, value)
            continue
        after, before = _try_unwrap(value), _try_unwrap(old)
        if isinstance(after, FunctionType) and isinstance(before, FunctionType) \
                and after.__code__.co_code is not before.__code__.co_code \
                and after.__code__ != before.__code__ \
                and after.__code__.co_freevars == before.__code__.co_freevars:  # fmt: skip
            yield before, after


def _try_unwrap(value: Any) -> Any:
    if isinstance(value, property):
        value = value.fget
    try:
        return _unwrapped(value)
    except (ValueError, AttributeError):
        return value
