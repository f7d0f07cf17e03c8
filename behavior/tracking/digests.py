"""Digests of registered files: what is written down at registration and held against the bytes at every reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from behavior.digests import sha256_of
from behavior.errors import BehaviorError, DigestMismatch


def digests_of(files: Mapping[str, str]) -> Mapping[str, str]:
    """Path -> digest."""
    return {path: sha256_of(text) for path, text in files.items()}


def digest_of_all(digests: Mapping[str, str]) -> str:
    """One digest over all paths and their digests, whatever their order."""
    return sha256_of(json.dumps(dict(sorted(digests.items()))))


def read_checked(folder: Path, expected: Mapping[str, str], where: str) -> Mapping[str, str]:
    """Read the files of a version and compare every byte with what was registered.

    Raises
    ------
    DigestMismatch : naming every file that is missing, was added or differs.
    """
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    wrong = [f"{name}: is missing" for name in expected if name not in found]
    wrong += [f"{name}: was not registered" for name in found if name not in expected]
    texts: dict[str, str] = {}
    for name in sorted(set(found) & set(expected)):
        content = found[name].read_bytes()
        digest = sha256_of(content)
        if digest != expected[name]:
            wrong.append(f"{name}: found sha256 {digest[:12]}, registered {expected[name][:12]}")
            continue
        texts[name] = content.decode()
    if wrong:
        raise DigestMismatch(
            f"{where}: the stored files are not what was registered: {'; '.join(wrong)}. "
            "Register the model again or restore the folder from a copy."
        )
    return texts


def check_path(path: str) -> str:
    """A relative path with forward slashes that stays inside its folder.

    Raises
    ------
    BehaviorError : when it does not.
    """
    parts = path.split("/")
    if not path or path.startswith("/") or "\\" in path or ".." in parts or "" in parts:
        raise BehaviorError(f"artefact path {path!r}: expected a relative path such as `report/validation.html`.")
    return path
