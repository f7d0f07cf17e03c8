"""`behavior assumptions diff`: figures, terms and bytes in which two sets differ."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from behavior.cli.output import Console
from behavior.cli.set_readings import find_set, finite, reading_points

if TYPE_CHECKING:
    from behavior.assumptions.compare import Difference

SHOWN = 10
MOST_MOVED = (
    "Most moved first: each curve's largest change, in shares of the balance left after five years, of a rate move "
    "passed on or of an undrawn amount drawn"
)


def compare_sets(arguments: argparse.Namespace, console: Console) -> int:
    """Print what changed between two sets, the curve that moved most first."""
    from behavior.assumptions.compare import compare
    from behavior.assumptions.compare_tables import TEXT

    old, new = find_set(arguments.old, arguments.store), find_set(arguments.new, arguments.store)
    comparison = compare(old, new, reading_points(arguments))
    shown = comparison.in_order(comparison.differences if arguments.all else comparison.changed())
    rows = [
        {
            "cause": one.cause or one.effect.lower(),
            "segment": one.segment,
            "measure": one.measure,
            "unit": one.unit,
            "old": finite(one.old),
            "new": finite(one.new),
            "change": finite(one.change),
        }
        for one in shown
    ]
    words = [
        {key: row[key] for key in ("cause", "segment", "measure", "old", "new")}
        for row, one in zip(rows, shown, strict=True)
        if one.in_words
    ]
    rewritten = _rewritten(arguments, {one.segment for one in comparison.changed() if one.measure == TEXT})
    # Two revisions may have one id, in two stores or folders: then the places tell which is which.
    names = (old.id, new.id) if old.id != new.id else (arguments.old, arguments.new)
    title = f"{' -> '.join(names)}: {len(rows)} of {len(comparison.differences)} figures and terms"
    most = [_moved_row(one) for one in comparison.most_moved()]
    if most:
        console.table(f"{MOST_MOVED} ({min(SHOWN, len(most))} of {len(most)})", most[:SHOWN])
    numbers = [row for row, one in zip(rows, shown, strict=True) if not one.in_words]
    if numbers or not (words or rewritten):
        console.table(title, numbers)
        title = "In words"
    if words:
        console.table(title, words)
    for name, (before, after) in rewritten.items():
        console.say(f"{name}: the same numbers, written differently (sha256 {before[:12]}, then {after[:12]}).")
    console.result(
        {
            "old": old.id,
            "new": new.id,
            "old_digest": old.digest,
            "new_digest": new.digest,
            "most_moved": most,
            "differences": rows,
            "compared": len(comparison.differences),
            "rewritten": rewritten,
        }
    )
    return 0


def _moved_row(one: Difference) -> dict[str, object]:
    return {
        "cause": one.cause or one.effect.lower(),
        "segment": one.segment,
        "measure": one.measure,
        "old": finite(one.old),
        "new": finite(one.new),
        "moved": finite(one.moved),
    }


def _rewritten(arguments: argparse.Namespace, said: set[str]) -> dict[str, tuple[str, str]]:
    """Tables of one name whose files differ though nothing that is read from them does, with the files' digests."""
    before, after = (_file_digests(name, arguments.store) for name in (arguments.old, arguments.new))
    return {
        name: (before[name], after[name])
        for name in before
        if after.get(name, before[name]) != before[name] and f"table {name}" not in said
    }


def _file_digests(name: str, store: str) -> dict[str, str]:
    from pathlib import Path

    from behavior.assumptions.manifest import MANIFEST
    from behavior.io.set_folder import read_manifest

    inside = Path(store) / name
    folder = inside if (inside / MANIFEST).is_file() else Path(name)
    manifest, _ = read_manifest(folder.parent if folder.name == MANIFEST else folder)
    return {entry.heading.name: entry.sha256 for entry in manifest.entries}
