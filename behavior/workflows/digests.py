"""Digests that let any number be traced to the code and data it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import metadata, resources

from behavior import __version__
from behavior.digests import sha256_of
from behavior.panel.base import SourceFile

TRACED_LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "optuna", "mlflow", "numba")


def code_digest() -> str:
    """sha256 over the package's own Python files, in path order, so that two checkouts of the same code agree."""
    root = resources.files("behavior")
    digest = hashlib.sha256()
    pending = [("", root)]
    found: dict[str, bytes] = {}
    while pending:
        prefix, folder = pending.pop()
        for item in folder.iterdir():
            name = f"{prefix}/{item.name}"
            if item.is_dir():
                pending.append((name, item))
            elif item.name.endswith((".py", ".toml")):
                found[name] = item.read_bytes()
    for name in sorted(found):
        digest.update(name.encode() + b"\0" + hashlib.sha256(found[name]).digest())
    return digest.hexdigest()


def data_digest(sources: Sequence[SourceFile]) -> str:
    """sha256 over the names and digests of the files read, in name order."""
    lines = sorted(f"{source.name} {source.digest}" for source in sources)
    return sha256_of("\n".join(lines))


def code_version() -> str:
    """The package's version."""
    return __version__


def library_versions() -> dict[str, str]:
    """Installed versions of the libraries that a fit depends on."""
    versions = {}
    for name in TRACED_LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
