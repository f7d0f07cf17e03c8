"""`behavior assumptions list|show|verify|import|diff|retire`: what is in the store, and what it says."""

from __future__ import annotations

import argparse

from behavior.cli.dates import iso_date, now
from behavior.cli.output import Console
from behavior.cli.set_difference import compare_sets
from behavior.cli.set_readings import find_set, finite, say_readings, show_set
from behavior.cli.tables import spaced

IMPORT_FORMAT = """\
The CSV holds one value a row:

  effect,cause,quantity,product,month,value
  RUNOFF,payoff,PSA,mortgage,,150
  RUNOFF,withdrawal,ANNUAL_DECAY,savings,,0.12
  REPRICING,,BETA,savings,,0.4

effect    RUNOFF, REPRICING or DRAWDOWN
cause     of RUNOFF: payoff, curtailment, default, withdrawal, migrated ...
quantity  MONTHLY_HAZARD, CPR, ANNUAL_DECAY (shares), PSA (100 = the standard), MARGINAL_PASS_THROUGH, BETA
          (rate per rate), MONTHLY_ADJUSTMENT (share a month, by direction), DRAWN_SHARE
month     from 1 on; blank = the same in every month
drivers   rate_incentive, rate_level, rate_spread, months_in_the_money, where used (decimals a year, months)
view      of deposit decay: with_redeposits or minimum_balance; blank speaks for both
others    direction (up, down), lower, upper, exposure_months; any other column is a segment column, in which
          `pooled` is the declared fallback; a row pooled in every column speaks for every loan or every
          liability of the book, bonds issued too

The TOML of --terms (optional): source, note, bands = { balance_band = { column = "balance", edges = [100000] } },
and [tables.runoff_payoff] (runoff_<cause>, repricing_target, repricing_speed, drawdown) with month_meaning,
driver_index, driver_tenor_months, lag_months, in_the_money_above, season, delay_months, recovery, view.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One sub-command each for listing, reading, checking, importing, comparing and retiring."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, words: str) -> argparse.ArgumentParser:
        found = verbs.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
        found.add_argument(
            "--store", default="assumptions", metavar="DIR", help="where sets live (default ./assumptions)"
        )
        # Also known to the outer parser; suppressed so that it does not undo what stands before the verb.
        found.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
        return found

    listing = verb("list", "every set of the store with its state")
    listing.add_argument("--on", type=iso_date, metavar="DATE", help="state on this valuation date")
    show = verb("show", "one set: its tables, their readings and where they came from")
    show.add_argument("set", metavar="SET", help="id, or folder of a set")
    show.add_argument(
        "--origin", action="store_true", help="model, version, specification, data and code of each table"
    )
    _reading_arguments(show)
    verify = verb("verify", "every byte of the store (or of the sets named) against its digests")
    verify.add_argument("sets", nargs="*", metavar="SET", help="ids or folders (default: the whole store with its log)")
    bring = verb("import", "a hand-typed or vendor table as a draft set")
    bring.epilog, bring.formatter_class = IMPORT_FORMAT, argparse.RawDescriptionHelpFormatter
    bring.add_argument(
        "file", metavar="CSV", help="neutral CSV: effect, cause, quantity, segments, drivers, month, value"
    )
    bring.add_argument("--terms", metavar="TOML", help="bands, month meaning, driver index, lags, season, delays")
    bring.add_argument("--id", required=True, help="as-of date and revision, such as 2026-09-30.v1")
    bring.add_argument("--as-of", required=True, type=iso_date, metavar="DATE", help="date of the set")
    bring.add_argument("--proposed-by", required=True, metavar="NAME", help="who proposes; someone else approves")
    diff = verb(
        "diff",
        "what moved most between two sets; then life, survival, CPR (burnt out too), beta, half-life, every term",
    )
    diff.add_argument("old", metavar="OLD", help="id or folder")
    diff.add_argument("new", metavar="NEW", help="id or folder")
    diff.add_argument("--all", action="store_true", help="also what is the same")
    _reading_arguments(diff)
    retire = verb("retire", "take a set out of use from a day on")
    retire.add_argument("set", metavar="ID")
    retire.add_argument("--by", required=True, metavar="NAME", help="who retires it")
    retire.add_argument("--from", dest="first_day", required=True, type=iso_date, metavar="DATE")
    retire.add_argument("--note", default="", help="why")


def _reading_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rate-level", type=float, default=0.02, metavar="RATE", help="short rate that betas start from (default 0.02)"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run one sub-command."""
    return {
        "list": _list,
        "show": show_set,
        "verify": _verify,
        "import": _import,
        "diff": compare_sets,
        "retire": _retire,
    }[arguments.verb](arguments, console)


def _list(arguments: argparse.Namespace, console: Console) -> int:
    from behavior.io.assumption_store import AssumptionStore
    from behavior.io.set_folder import read_manifest

    store = AssumptionStore(arguments.store)
    store.require()
    rows = []
    for set_id in store.ids():
        manifest, digest = read_manifest(store.folder / set_id)
        state = store.status(set_id, arguments.on)
        rows.append(
            {
                "id": set_id,
                "as_of": str(manifest.as_of),
                "state": str(state.status),
                "proposed_by": state.proposed_by,
                "approved_by": state.approved_by,
                "valid_from": str(state.valid_from or ""),
                "valid_to": str(state.valid_to or ""),
                "tables": len(manifest.entries),
                "supersedes": manifest.supersedes or "",
                "digest": digest[:12],
            }
        )
    console.table(f"Sets in {store.folder}", spaced(rows))
    console.result({"store": str(store.folder), "sets": rows})
    return 0


def _verify(arguments: argparse.Namespace, console: Console) -> int:
    from behavior.errors import BAD_INPUT, DONE, BehaviorError
    from behavior.io.assumption_store import AssumptionStore

    store = AssumptionStore(arguments.store)
    problems: list[str] = []
    checked = list(arguments.sets) or list(store.ids())
    if arguments.sets:
        for name in arguments.sets:
            try:
                find_set(name, arguments.store)
            except BehaviorError as error:
                problems.append(str(error))
    else:
        store.require()
        problems += store.verify()
    for problem in problems:
        console.warn(problem)
    where = "" if arguments.sets else f" and the log in {store.folder}"
    sets = "1 set" if len(checked) == 1 else f"{len(checked)} sets"
    found = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    console.say(f"{sets}{where} verified: {found}.")
    console.result({"checked": checked, "problems": problems})
    return BAD_INPUT if problems else DONE


def _import(arguments: argparse.Namespace, console: Console) -> int:
    from pathlib import Path

    from behavior.assumptions.readings import readings
    from behavior.io.assumption_store import AssumptionStore
    from behavior.io.exchange import import_set
    from behavior.io.files import require_outputs
    from behavior.workflows.publish import publish

    require_outputs([Path(arguments.store)])
    terms = Path(arguments.terms) if arguments.terms else None
    draft = import_set(Path(arguments.file), arguments.id, arguments.as_of, terms)
    store = AssumptionStore(arguments.store)
    written = publish(draft.tables, draft.id, draft.as_of, arguments.proposed_by, now(), store, note=draft.note)
    folder = store.folder / written.id
    figures = [
        {
            "cause": one.cause or one.effect.lower(),
            "segment": one.segment,
            "measure": one.measure,
            "unit": one.unit,
            "value": finite(one.value),
        }
        for one in readings(written)
    ]
    console.say(f"Set {written.id}, a draft of {arguments.proposed_by}, in {folder}")
    say_readings(console, figures)
    console.say(f"Next: behavior approve {written.id} --by NAME --valid-from DATE --store {store.folder}")
    console.result(
        {"id": written.id, "digest": written.digest, "folder": str(folder), "status": "draft", "readings": figures}
    )
    return 0


def _retire(arguments: argparse.Namespace, console: Console) -> int:
    from behavior.io.assumption_store import AssumptionStore

    store = AssumptionStore(arguments.store)
    change = store.retire(arguments.set, arguments.by, now(), arguments.first_day, arguments.note)
    console.say(f"Set {arguments.set} is retired from {change.valid_from} on, by {change.by}.")
    console.result({"id": arguments.set, "status": "retired", "by": change.by, "from": change.valid_from})
    return 0
