"""The pages under data/contracts say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.columns import Column
from behavior.contracts import ContractGroup
from behavior.engine.contracts import POSITION_CONTRACTS
from behavior.engine.sheet_contracts import SHEET_CONTRACTS
from behavior.io.contract_pages import contract_pages, write_contract_pages
from behavior.market.contracts import MARKET_CONTRACTS
from behavior.panel.contracts import HISTORY_CONTRACTS

FOLDER = Path(__file__).resolve().parents[2] / "data" / "contracts"
GROUPS = (*HISTORY_CONTRACTS, *POSITION_CONTRACTS, *SHEET_CONTRACTS, *MARKET_CONTRACTS)


@pytest.mark.parametrize("name", sorted(contract_pages()))
def test_the_page_is_fresh(name: str) -> None:
    stale = "write the pages anew with `poe contracts`"
    assert (FOLDER / name).read_text(encoding="utf-8") == contract_pages()[name], stale


def test_no_page_is_left_over(tmp_path: Path) -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(contract_pages())
    assert set(write_contract_pages(tmp_path)) == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.id)
def test_contracts_are_well_formed(group: ContractGroup) -> None:
    for table in group.tables:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert set(table.key) <= set(names)
        assert set(table.unit) <= set(names)
        assert not table.order or table.order in names
        assert all(isinstance(column, Column) and column.meaning for column in table.columns)
        assert all(rule.__doc__ for rule in table.rules)
