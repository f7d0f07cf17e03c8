"""Random books, cell by cell, against the slow plain valuation."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.engine.layout import FIELDS
from behavior.engine.positions import Book
from behavior.engine.projection import CashFlows, ProjectionOptions, project
from tests.engine.books import SHIFTS, book_of, random_position, random_world, set_of
from tests.engine.oracle import Answer, OracleWorld, Position, Walk, completed_months, roll

TOLERANCE = 1e-9


def renewal_margin(plain: OracleWorld, p: Position) -> float:
    """Customer rate less today's zero rate at the original term; spread of a floater."""
    if p.maturity is None or p.origination is None or p.rate_type != "fixed":
        return p.spread
    term = max(completed_months(p.origination, p.maturity), 1)
    return p.rate - plain.discount.zero(plain.years(roll(plain.as_of, term)))


def differences(flows: CashFlows, g: int, s: int, answer: Answer, scale: float) -> list[str]:
    """Cells of one position and scenario that differ, in words."""
    cells = {"value": (flows.value[s, g], answer.value)}
    for m in range(1, 61):
        cells[f"income {m}"] = (flows.income[s, g, m], answer.income[m])
        cells[f"constant {m}"] = (flows.constant[s, g, m], answer.constant[m])
    for m in range(1, flows.flows.shape[2]):
        for f, name in enumerate(FIELDS):
            cells[f"{name} {m}"] = (flows.flows[s, g, m, f], answer.flows[m][name])
    return [
        f"{name}: {mine} {theirs}"
        for name, (mine, theirs) in cells.items()
        if not abs(mine - theirs) <= TOLERANCE * scale
    ]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**9))
def test_every_cell_agrees_with_the_plain_valuation(seed: int) -> None:
    draw = random.Random(seed)
    world, plain = random_world(draw)
    found = [random_position(draw, plain.as_of) for _ in range(4)]
    flows = project(
        Book(book_of(found, plain.as_of)), world, set_of(found, plain.as_of), ProjectionOptions(uncovered="overnight")
    )
    place = {name: g for g, name in enumerate(flows.groups.product)}
    for k, p in enumerate(found):
        p.renewal_margin = renewal_margin(plain, p)
        for s in range(len(SHIFTS)):
            wrong = differences(flows, place[f"p{k}"], s, Walk(plain, p, s).run(), max(p.balance, 1.0))
            assert not wrong, f"{len(wrong)} cells: {wrong[:8]} of {describe(p)} in scenario {s} as of {plain.as_of}"
    assert np.isfinite(flows.value).all()


def describe(p: Position) -> str:
    """A position without the numbers of its curves."""
    shown = {k: v for k, v in vars(p).items() if k not in ("causes", "beta") and v not in (None, 0.0, "")}
    causes = [(c.column, c.drivers, len(c.months), c.since_origination, c.lag) for c in p.causes]
    return f"{shown} causes {causes} beta {p.beta}"
