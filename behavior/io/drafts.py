"""Draft curves on disk: what training leaves for a validator to read and for publishing to gather."""

from __future__ import annotations

import shutil
from pathlib import Path

from behavior.assumptions.set import AssumptionSet
from behavior.io.set_folder import read_set, write_set


class DraftFolder:
    """One folder a model under `root`; unlike a set, a draft is replaced by the next training."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """Where the draft of a model lies."""
        return self.root / name

    def write(self, draft: AssumptionSet) -> AssumptionSet:
        """Write a draft as text beside the old one and put it in its place; the draft as it is read back.

        Raises
        ------
        FaultyInput : the draft breaks rules of assumption sets; all are listed and the old draft stays.
        """
        folder = self.path(draft.id)
        fresh, old = self.path(f".{draft.id}.new"), self.path(f".{draft.id}.old")
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        written = write_set(draft, fresh)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
        return written

    def read(self, name: str) -> AssumptionSet:
        """A draft, verified.

        Raises
        ------
        SetNotFound : no such draft. DigestMismatch : an edited file.
        """
        return read_set(self.path(name))
