"""A kernel that is served from the cache is that of today's sources."""

from __future__ import annotations

import ast
from pathlib import Path

from behavior.engine import compiled

ENGINE = Path(compiled.__file__).parent
DECORATORS = {"compiled", "folded", "side_by_side"}


def foreign_names(tree: ast.Module) -> set[str]:
    """Names that a module imports from modules whose text is no part of the cache's digest."""
    known = {f"behavior.engine.{name.removesuffix('.py')}" for name in compiled.SOURCES}
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {name.name for node in imports if node.module not in known for name in node.names}


def is_kernel(node: ast.stmt) -> bool:
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(isinstance(mark, ast.Name) and mark.id in DECORATORS for mark in marks)


def test_what_a_kernel_is_compiled_with_is_in_the_digest_of_its_cache() -> None:
    stale = []
    for path in ENGINE.glob("*.py"):
        tree = ast.parse(path.read_text())
        foreign = foreign_names(tree)
        for kernel in filter(is_kernel, tree.body):
            used = {part.id for step in kernel.body for part in ast.walk(step) if isinstance(part, ast.Name)}
            stale += [f"{path.name}: {kernel.name} reads {name}" for name in sorted(used & foreign)]
    assert stale == []
