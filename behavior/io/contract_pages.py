"""Pages of the contracts in Markdown, rendered from code so that they cannot say anything else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from behavior.contracts import ContractGroup, render
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
    text = "\n".join(render(table) for table in group.tables)
    between = [
        f"- Every `{one.column}` of `{one.table}` is a `{one.to_column}` of `{one.to_table}`."
        for one in group.references
    ]
    between += [f"- {' '.join(rule.__doc__.split())}" for rule in group.between if rule.__doc__]
    text += "\nBetween the tables:\n\n" + "\n".join(between) + "\n" if between else ""
    return text + (
        "\nHow it is read:\n\n" + "\n".join(f"- {note}" for note in group.notes) + "\n" if group.notes else ""
    )


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
        "`short_EUR` is the short rate of one currency.",
        "`limits` are shares (0.15 is 15%) where their names end in `_tier1` or `_base`, else amounts.",
        "`new_business_margins` are decimals a year by product, over the zero rate of the product's term.",
    )
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])
