"""Pages of the contracts in Markdown, rendered from code so that they cannot say anything else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from behavior.columns import Column
from behavior.contracts import ContractGroup, TableContract
from behavior.io.files import write_atomically
from behavior.io.registry import BUILT_IN
from behavior.io.settings import Settings


def contract_pages() -> Mapping[str, str]:
    """File name -> page, one a built-in contract."""
    return {**{f"{group.name}.md": _page(group) for group in BUILT_IN.values()}, "settings.md": _settings_page()}


def write_contract_pages(folder: Path | str) -> tuple[str, ...]:
    """Write every page; returns their names."""
    pages = contract_pages()
    for name, text in pages.items():
        write_atomically(Path(folder) / name, text)
    return tuple(pages)


def _page(group: ContractGroup) -> str:
    """All tables of a contract, then what holds between them."""
    text = "\n".join(_table_page(table) for table in group.tables)
    between = [
        f"- Every `{one.column}` of `{one.table}` is a `{one.to_column}` of `{one.to_table}`."
        for one in group.references
    ]
    between += [f"- {' '.join(rule.__doc__.split())}" for rule in group.between if rule.__doc__]
    text += "\nBetween the tables:\n\n" + "\n".join(between) + "\n" if between else ""
    return text + (
        "\nHow it is read:\n\n" + "\n".join(f"- {note}" for note in group.notes) + "\n" if group.notes else ""
    )


def _table_page(contract: TableContract) -> str:
    """Columns and rules of one table."""
    lines = [f"# {contract.id}: `{contract.table}`", "", contract.summary, ""]
    if contract.key:
        lines += ["Key: " + ", ".join(f"`{name}`" for name in contract.key) + ".", ""]
    if contract.order:
        within = " within " + ", ".join(f"`{name}`" for name in contract.unit) if contract.unit else ""
        lines += [f"`{contract.order}` rises down the file{within}.", ""]
    lines += ["| column | kind | unit | required | may be empty | values | meaning |", "|---|---|---|---|---|---|---|"]
    for column in contract.columns:
        meaning = column.meaning + (" **Personal data: mask it.**" if column.personal_data else "")
        cells = (
            f"`{column.name}`",
            column.kind,
            column.unit,
            "yes" if column.required else "",
            "yes" if column.nullable else "",
            _values(column),
            meaning,
        )
        lines.append("| " + " | ".join(cells) + " |")
    rules = [rule.__doc__ for rule in contract.rules if rule.__doc__]
    if rules:
        lines += ["", *(f"- {' '.join(words.split())}" for words in rules)]
    return "\n".join([*lines, ""])


def _values(column: Column) -> str:
    if column.allowed:
        return ", ".join(f"`{word}`" for word in column.allowed)
    bounds = [f"≥ {column.minimum:g}"] if column.minimum is not None else []
    bounds += [f"≤ {column.maximum:g}"] if column.maximum is not None else []
    return ", ".join(bounds)


def _settings_page() -> str:
    lines = ["# settings/1: `settings.toml`", "", "What one valuation is made under, in TOML.", ""]
    lines += ["| key | kind | required |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        kind = getattr(field.annotation, "__name__", str(field.annotation))
        kind = {"date": "date", "str": "text", "float": "number", "dict": "table"}.get(kind, kind)
        lines.append(f"| `{name}` | {kind} | {'yes' if field.is_required() else ''} |")
    notes = (
        "`tier1` and `book_equity` are amounts in the reporting currency.",
        "`index_roles` gives indices their roles: `short`, `mortgage`, further ones by name; "
        "`short_EUR` is the short rate of one currency. That of `short` alone is the short rate of the only currency "
        "with a curve of its index, else of the reporting currency.",
        "`limits` are shares (0.15 is 15%) where their names end in `_tier1` or `_base`, else amounts.",
        "`new_business_margins` are decimals a year by product, over the zero rate of the product's term.",
    )
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])
