"""An assumption set as a folder of text: ``manifest.toml`` and one CSV a table, written once, verified on reading."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from behavior.assumptions.check import set_faults
from behavior.assumptions.manifest import MANIFEST, Manifest, parse_manifest, render_set
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.assumptions.table_text import parse_table
from behavior.digests import sha256_of
from behavior.errors import AssumptionError, DigestMismatch, Fault, FaultyInput, SetNotFound


def write_set(assumptions: AssumptionSet, folder: Path) -> AssumptionSet:
    """Write a set as a folder of text: under a temporary name beside it first, read back, then renamed.

    Never overwrites.

    Returns
    -------
    The set as it is read back, with the digest of its manifest.

    Raises
    ------
    FaultyInput : the set breaks rules, or would be read back as another; all are listed and nothing is written.
    AssumptionError : the folder exists, or where it would lie is no folder.
    """
    faults = set_faults(assumptions)
    if faults:
        raise FaultyInput(faults)
    if folder.exists():
        raise _folder_taken(folder)
    files = render_set(assumptions)
    make_folder(folder.parent)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, text in files.items():
            (temporary / name).write_bytes(text.encode())
        written = _read_back(temporary, files, folder)
        temporary.chmod(0o755)
        temporary.rename(folder)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError) and folder.exists():  # another writer was faster
            raise _folder_taken(folder) from error
        raise
    return written


def _read_back(temporary: Path, files: Mapping[str, str], folder: Path) -> AssumptionSet:
    """The set that was written; text that cannot be read, or says something else then, is refused as of `folder`."""
    try:
        found = read_set(temporary)
    except FaultyInput as error:
        place, meant = str(temporary), str(folder)
        raise FaultyInput([replace(one, where=one.where.replace(place, meant)) for one in error.faults]) from error
    again = render_set(found)
    faults = [
        Fault(str(folder / name), "would be read back as another text; nothing was written")
        for name, text in files.items()
        if again.get(name) != text
    ]
    if faults:
        raise FaultyInput(faults)
    return found


def make_folder(folder: Path) -> None:
    """Make a folder for sets, where there is none.

    Raises
    ------
    AssumptionError : a file is where it would be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise AssumptionError(f"{folder}: expected a folder to write sets in; this is a file.") from error


def _folder_taken(folder: Path) -> AssumptionError:
    return AssumptionError(
        f"{folder}: there is such a folder already, and a set is written once. Use the next revision as id."
    )


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest of a set's folder and its digest.

    Raises
    ------
    SetNotFound : the folder holds no manifest.
    FaultyInput : the manifest is wrong; every fault with its path.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise SetNotFound(f"{folder}: found no {MANIFEST}. A set is a folder with {MANIFEST} and one CSV a table.")
    content = path.read_bytes()
    return parse_manifest(_decoded(content, path), str(path)), sha256_of(content)


def read_set(folder: Path) -> AssumptionSet:
    """Read a set from its folder and verify every table against its digest; state is not looked at.

    Raises
    ------
    SetNotFound : no manifest, or a table's file is missing. DigestMismatch : a file was edited; it is named.
    FaultyInput : every fault of the manifest, or of all tables.
    """
    manifest, digest = read_manifest(folder)
    _verify_files(folder, manifest)
    tables: list[AssumptionTable] = []
    faults: list[Fault] = []
    for entry in manifest.entries:
        path = folder / entry.file
        try:
            tables.append(parse_table(_decoded(path.read_bytes(), path), entry.heading, str(path), entry.view))
        except FaultyInput as error:
            faults += error.faults
    found = AssumptionSet(manifest.id, manifest.as_of, tuple(tables), manifest.supersedes, manifest.note, digest=digest)
    faults = faults or set_faults(found)
    if faults:
        raise FaultyInput(faults)
    return found


def _verify_files(folder: Path, manifest: Manifest) -> None:
    missing = [entry.file for entry in manifest.entries if not (folder / entry.file).is_file()]
    if missing:
        raise SetNotFound(f"{folder}: {MANIFEST} names {', '.join(missing)}, and there is no such file.")
    for entry in manifest.entries:
        found = sha256_of((folder / entry.file).read_bytes())
        if found != entry.sha256:
            raise DigestMismatch(
                f"{folder / entry.file}: found sha256 {found}, expected {entry.sha256} as {MANIFEST} says. "
                "The file was edited; a correction is a new revision, never an edit."
            )


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FaultyInput([Fault(str(path), f"expected UTF-8 text ({error.reason} at byte {error.start})")]) from error
