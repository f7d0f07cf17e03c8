"""``behavior explain``: the tree of numbers behind one cell of a valuation's results."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from behavior.cli.valuing import PATHS, SHEETS

if TYPE_CHECKING:
    import pandas as pd

    from behavior.cli.output import Console
    from behavior.workflows.explained_cell import Cell
    from behavior.workflows.valuation import ValuationInputs, ValuationOptions

RESULT = "result.json"
MEASURES = ("eve", "delta_eve", "delta_eve_after_options", "nii", "delta_nii")
INCOME = ("nii", "delta_nii")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("results", type=Path, help="folder that `value` or `cycle` wrote, with its result.json")
    parser.add_argument("--measure", choices=MEASURES, default="delta_eve", help="which number (default delta_eve)")
    parser.add_argument("--scenario", required=True, help="one of the scenarios of the results")
    parser.add_argument("--currency", default="total", help="one currency, or total (default)")
    parser.add_argument("--product", default="", help="one product alone")
    parser.add_argument("--position", default="", metavar="ID", help="one position alone")
    parser.add_argument("--balance-sheet", choices=SHEETS, default="constant", help="of income (default constant)")
    parser.add_argument("--months", type=int, default=12, help="horizon of income (default 12)")
    parser.add_argument("--month", type=int, metavar="K", help="income of the K-th month alone")
    parser.add_argument("--top", type=int, default=5, help="largest positions of each product (default 5; 0 = all)")
    parser.add_argument("--dates", type=int, default=12, help="first dates of each position (default 12; 0 = all)")


def run(args: argparse.Namespace, console: Console) -> int:
    """Read the same inputs again, check that they are the same, and tell the cell."""
    from behavior.errors import DONE
    from behavior.measures.explanation import hold_to, lines_of
    from behavior.workflows.explain import explain
    from behavior.workflows.explained_cell import Depth

    folder, facts = _facts(args.results)
    cell = _cell(args)
    with console.progress("reading"):
        inputs, options = (_of_profile if "profile" in facts["arguments"] else _of_command)(folder, facts)
        _refuse_changed(facts, inputs.sources)
    with console.progress("valuing"):
        tree = explain(inputs, options, cell, Depth(args.top, args.dates))
    reported = _reported(folder, cell)
    if reported is not None:
        hold_to(tree, reported)
    console.say("\n".join(lines_of(tree)))
    if reported is None:
        console.say("\nNo file of the results has this very cell; the tree is of the same run.")
    console.result({"cell": cell.name, "reported": reported, "tree": tree.as_dict()})
    return DONE


def _facts(results: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of the results and its ``result.json``; a cycle's output folder has them in one of its own."""
    from behavior.errors import BehaviorError

    folder = results if (results / RESULT).is_file() else results / "results"
    path = folder / RESULT
    if not path.is_file():
        wanted = "Name the folder that `behavior value --out` wrote, or a cycle's output folder."
        raise BehaviorError(f"{results}: no {RESULT}. {wanted}")
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if "arguments" not in facts:
        raise BehaviorError(
            f"{path}: it does not say what the valuation was asked for. Value the book again with `behavior value`."
        )
    return folder, facts


def _of_profile(folder: Path, facts: dict[str, Any]) -> tuple[ValuationInputs, ValuationOptions]:
    """What a cycle's valuation read, through its profile, under the set of its results."""
    from behavior.io.profiles import load_profile
    from behavior.workflows.plan import valuation_inputs, valuation_options, with_set
    from behavior.workflows.wiring import Project

    project = Project(load_profile(folder / facts["arguments"]["profile"]))
    assumptions = project.store().load(facts["assumptions"], project.settings.as_of, allow_draft=True)
    options = valuation_options(project.profile)
    return with_set(valuation_inputs(project, options), assumptions), options


def _of_command(folder: Path, facts: dict[str, Any]) -> tuple[ValuationInputs, ValuationOptions]:
    """What `behavior value` read, by its arguments; files by their way from the folder of the results."""
    from behavior.cli.value_inputs import read_inputs, read_options

    found = dict(facts["arguments"])
    for name in PATHS:
        if found.get(name) is not None:
            found[name] = folder / found[name]
    if isinstance(found["assumptions"], dict):
        found["assumptions"] = str(folder / found["assumptions"]["folder"])
    if found["buckets"] is not None:
        found["buckets"] = tuple(found["buckets"])
    with tempfile.TemporaryDirectory() as aside:
        # Rows that were set aside lie where they were written the first time.
        quarantine = None if found["quarantine"] is None else Path(aside) / "set_aside.csv"
        asked = argparse.Namespace(**{**found, "quarantine": quarantine})
        inputs, _ = read_inputs(asked)
        return inputs, read_options(asked, inputs)


def _refuse_changed(facts: dict[str, Any], sources: Any) -> None:
    from behavior.errors import BehaviorError

    changed = [
        f"{name} ({source.get('file') or source.get('id') or ', '.join(one['file'] for one in source['files'])})"
        for name, source in sources.items()
        if _digests(source) != _digests(facts["inputs"].get(name, {}))
    ]
    if changed:
        raise BehaviorError(
            f"explain: {', '.join(changed)} changed since the results were written. Value the book again first."
        )


def _digests(source: Any) -> list[Any]:
    """Digests of the file or files that an input was read from."""
    return [one.get("sha256") for one in source.get("files", [source])]


def _cell(args: argparse.Namespace) -> Cell:
    from behavior.errors import Fault, SpecFault
    from behavior.workflows.explained_cell import Cell

    first, last = (1, args.months) if args.month is None else (args.month, args.month)
    if not 1 <= first <= last <= 60:
        rule = "expected months from 1 to 60"
        raise SpecFault([Fault("months" if args.month is None else "month", rule, value=str(last))])
    return Cell(
        args.measure, args.scenario, args.currency, args.product, args.position, args.balance_sheet, first, last
    )


def _reported(folder: Path, cell: Cell) -> float | None:
    """The cell as the files have it, None where they do not."""
    if cell.position:
        return None
    if cell.measure not in INCOME:
        return _reported_value(folder, cell)
    if cell.currency == "total" and not cell.product and cell.first == 1:
        rows = _rows(folder / "nii_summary.csv", scenario=cell.scenario, balance_sheet=cell.sheet)
        rows = rows[rows["horizon_months"] == cell.last]
        return float(rows[cell.measure].iloc[0]) if len(rows) else None
    if cell.currency == "total" or cell.measure != "nii":
        return None
    rows = _rows(folder / "nii.csv", scenario=cell.scenario, balance_sheet=cell.sheet, currency=cell.currency)
    rows = rows if not cell.product else rows[rows["product"] == cell.product]
    months = sorted(rows["month"].unique())[cell.first - 1 : cell.last]
    return float(rows[rows["month"].isin(months)]["nii"].sum())


def _reported_value(folder: Path, cell: Cell) -> float | None:
    if not cell.product:
        rows = _rows(folder / "eve_summary.csv", scenario=cell.scenario, currency=cell.currency)
        return float(rows[cell.measure].iloc[0]) if len(rows) else None
    if cell.currency == "total" or cell.measure != "eve":
        return None
    rows = _rows(folder / "eve.csv", scenario=cell.scenario, currency=cell.currency, product=cell.product)
    return float(rows["present_value"].sum())


def _rows(path: Path, **labels: str) -> pd.DataFrame:
    import pandas as pd

    table = pd.read_csv(path)
    for name, label in labels.items():
        table = table[table[name].astype(str) == label]
    return table
