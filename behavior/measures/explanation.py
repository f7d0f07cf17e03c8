"""The tree of numbers behind one cell: every node is a factor times the sum of what stands under it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from behavior.errors import BehaviorError

TOLERANCE = 1e-9
"""Relative to the sum of the sizes that are added up."""


@dataclass(frozen=True)
class Node:
    """One number and what it is the sum of.

    Parameters
    ----------
    name : what it is. value : factor x sum of the children's values, or a number of its own where there are none.
    factor : exchange rate, weight of an aggregation rule, sign. detail : numbers that a leaf is made of.
    """

    name: str
    value: float
    children: tuple[Node, ...] = ()
    factor: float = 1.0
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The tree as plain values."""
        found: dict[str, Any] = {"name": self.name, "value": self.value}
        if self.factor != 1.0:
            found["factor"] = self.factor
        if self.detail:
            found["detail"] = dict(self.detail)
        if self.children:
            found["children"] = [child.as_dict() for child in self.children]
        return found

    def size(self) -> float:
        """Sum of the sizes of all leaves, which rounding is measured against."""
        return abs(self.factor) * sum(child.size() for child in self.children) if self.children else abs(self.value)


def total(name: str, children: Sequence[Node], factor: float = 1.0, **detail: Any) -> Node:
    """A node that is the sum of others."""
    return Node(name, factor * math.fsum(child.value for child in children), tuple(children), factor, detail)


def largest(children: Sequence[Node], shown: int, rest: str) -> list[Node]:
    """The largest nodes in size and one for the sum of the others; all of them where `shown` is 0."""
    if shown <= 0 or len(children) <= shown:
        return list(children)
    order = sorted(range(len(children)), key=lambda place: -abs(children[place].value))
    others = [children[place].value for place in order[shown:]]
    return [*(children[place] for place in order[:shown]), Node(f"{len(others)} {rest}", math.fsum(others))]


def first_ones(children: Sequence[Node], shown: int, rest: str) -> list[Node]:
    """The first nodes in order and one for the sum of the others; all of them where `shown` is 0."""
    if shown <= 0 or len(children) <= shown:
        return list(children)
    others = [child.value for child in children[shown:]]
    return [*children[:shown], Node(f"{len(others)} {rest}", math.fsum(others))]


def hold_to(root: Node, reported: float) -> None:
    """Refuse a tree that does not sum to the cell it explains.

    Raises
    ------
    BehaviorError : with both numbers.
    """
    if not abs(root.value - reported) <= TOLERANCE * max(root.size(), abs(reported), 1.0):
        raise BehaviorError(
            f"explain: the numbers behind {root.name} sum to {root.value!r}, the cell is {reported!r}. "
            "Please report this; the result stands as it was valued."
        )


def lines_of(root: Node) -> Iterator[str]:
    """The tree as text, one line a node, children indented."""
    yield _words(root)
    yield from _below(root, "")


def _below(node: Node, indent: str) -> Iterator[str]:
    for place, child in enumerate(node.children):
        last = place == len(node.children) - 1
        yield indent + ("└─ " if last else "├─ ") + _words(child)
        yield from _below(child, indent + ("   " if last else "│  "))


def _words(node: Node) -> str:
    parts = [f"{node.name}: {node.value:z,.6f}"]
    if node.factor != 1.0:
        parts.append(f"= {node.factor:g} x the sum of")
    if node.detail:
        parts.append("(" + ", ".join(f"{name} {_cell(value)}" for name, value in node.detail.items()) + ")")
    return " ".join(parts)


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.2f}" if abs(value) >= 100 else f"{value:z.10g}"
