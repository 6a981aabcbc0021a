"""The product's source as a graph: which names a function reaches, through whole modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_WRITES = re.compile(
    r"\b(insert\s+into|update\s+\w+(\s+\w+)?\s+set|delete\s+from|copy\s+\w+)", re.I
)
_WRITING_CALLS = {
    "save",
    "create",
    "bulk_create",
    "update_or_create",
    "get_or_create",
    "bulk_update",
}


def dotted(path: Path) -> str:
    """anwang/x/y.py -> anwang.x.y"""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def product_sources() -> dict[str, str]:
    """Module -> text, of everything under anwang/."""
    files = (p for p in ROOT.glob("anwang/**/*.py") if "migrations" not in p.parts)
    return {dotted(path): path.read_text(encoding="utf-8") for path in sorted(files)}


@dataclass
class Graph:
    """Top-level names of each module, and what each refers to."""

    bodies: dict[str, ast.AST] = field(default_factory=dict)  # "module:name" -> its code
    imported: dict[str, dict[str, str]] = field(default_factory=dict)  # module -> alias -> target

    @classmethod
    def of(cls, sources: Mapping[str, str]) -> Graph:
        graph = cls()
        for module, text in sources.items():
            graph._read(module, _parsed(text))
        return graph

    def _read(self, module: str, tree: ast.Module) -> None:
        names = self.imported.setdefault(module, {})
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for one in node.names:
                    names[one.asname or one.name] = f"{node.module}.{one.name}"
        for node in tree.body:
            if isinstance(node, Functions):
                self.bodies[f"{module}:{node.name}"] = node
            for target in _assigned(node):
                self.bodies[f"{module}:{target}"] = node

    def functions(self, module: str) -> Iterator[str]:
        """Public functions of a module."""
        for place, node in self.bodies.items():
            where, _, name = place.partition(":")
            if where == module and isinstance(node, Functions[:2]) and not name.startswith("_"):
                yield name

    def reach(self, start: str) -> set[str]:
        """Every name that the code at "module:name" refers to, followed through our own modules.

        Ours come as "module:name", others as the dotted name that was imported.
        """
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            waiting.extend(self._targets.get(place, ()))
        return seen

    def users(self, place: str) -> list[str]:
        """Where the product refers to the name at `place`, but for itself."""
        return self._users.get(place, [])

    @cached_property
    def _targets(self) -> dict[str, frozenset[str]]:
        """Every place of ours -> the names that its code refers to."""
        return {
            place: frozenset(self._named(place.partition(":")[0], node))
            for place, node in self.bodies.items()
        }

    @cached_property
    def _users(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for place, targets in self._targets.items():
            for target in targets - {place}:
                found.setdefault(target, []).append(place)
        return found

    def _named(self, module: str, node: ast.AST) -> Iterator[str]:
        names = self.imported[module]
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                if f"{module}:{part.id}" in self.bodies:
                    yield f"{module}:{part.id}"
                elif part.id in names:
                    yield self._ours(names[part.id])
            elif (
                isinstance(part, ast.Attribute)
                and isinstance(part.value, ast.Name)
                and part.value.id in names
            ):
                yield self._ours(f"{names[part.value.id]}.{part.attr}")

    def _ours(self, target: str) -> str:
        module, _, name = target.rpartition(".")
        return f"{module}:{name}" if f"{module}:{name}" in self.bodies else target

    def writes(self, place: str) -> bool:
        """Whether the code at `place` itself, or SQL it names, changes rows."""
        own = [self.bodies[place]]
        for target in self._targets[place]:
            if target in self.bodies and isinstance(
                self.bodies[target], ast.Assign | ast.AnnAssign
            ):
                own.append(self.bodies[target])
        return any(_changes_rows(part) for node in own for part in ast.walk(node))


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _assigned(node: ast.stmt) -> Iterable[str]:
    if isinstance(node, ast.Assign):
        return [t.id for t in node.targets if isinstance(t, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _changes_rows(part: ast.AST) -> bool:
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        return bool(_WRITES.search(part.value))
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
        if part.func.attr in _WRITING_CALLS:
            return True
        if part.func.attr == "delete":
            return not part.args
        return part.func.attr == "update" and bool(part.keywords) and not part.args
    return False
