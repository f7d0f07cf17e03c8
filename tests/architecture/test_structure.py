"""Rules about the code itself that people would forget."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = sorted((ROOT / "behavior").rglob("*.py"))
TOP_LEVEL = {"pyproject.toml", "README.md", "behavior", "pipelines", "models", "notebooks", "data", "tests"}
HEAVY = {
    "pandas",
    "numpy",
    "sklearn",
    "lightgbm",
    "mlflow",
    "numba",
    "scipy",
    "matplotlib",
    "optuna",
    "pyarrow",
}


def trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text())) for path in PACKAGE]


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return listed.stdout.split("\n")


def test_the_top_level_is_the_users() -> None:
    found = {name.split("/")[0] for name in tracked_files() if name}
    assert {name for name in found if not name.startswith(".")} <= TOP_LEVEL


def test_only_behavior_is_a_package() -> None:
    for folder in ("pipelines", "models", "notebooks", "data"):
        assert not list((ROOT / folder).rglob("__init__.py")), folder


def test_modules_are_small(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in PACKAGE}
    counts = sorted(sizes.values())
    with capsys.disabled():
        print(
            f"\nmodules: {len(counts)}, lines: {sum(counts)}, median {statistics.median(counts):.0f}, "
            f"p90 {counts[int(0.9 * (len(counts) - 1))]}, longest {counts[-1]}"
        )
    assert {path.name: size for path, size in sizes.items() if size > 500} == {}


def test_dataclasses_are_frozen() -> None:
    thawed = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef) or any(getattr(part, "name", "") == "fit" for part in node.body):
                continue  # an estimator holds what `fit` learned
            for mark in node.decorator_list:
                name = mark.func if isinstance(mark, ast.Call) else mark
                if getattr(name, "id", getattr(name, "attr", "")) != "dataclass":
                    continue
                words = (
                    {k.arg: getattr(k.value, "value", None) for k in mark.keywords}
                    if isinstance(mark, ast.Call)
                    else {}
                )
                if words.get("frozen") is not True:
                    thawed.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert thawed == []


def test_public_things_have_docstrings() -> None:
    bare = []
    for path, tree in trees():
        if not ast.get_docstring(tree):
            bare.append(str(path.relative_to(ROOT)))
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                bare.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert bare == []


def test_pipelines_are_thin() -> None:
    allowed = {"behavior", *sys.stdlib_module_names}
    for path in sorted((ROOT / "pipelines").glob("*.py")):
        text = path.read_text()
        assert len(text.splitlines()) <= 60, path.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert node.name == "main", f"{path.name}: {node.name}"
            assert not isinstance(node, ast.BinOp) or isinstance(node.op, ast.Div), f"{path.name}: arithmetic"
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {m.split(".")[0] for m in modules} <= allowed, path.name


def test_the_engine_names_no_kind() -> None:
    kinds = [p.stem for p in (ROOT / "behavior" / "kinds").glob("*.py") if p.stem not in ("__init__", "base")]
    assert kinds
    for folder in ("engine", "measures"):
        for path in (ROOT / "behavior" / folder).rglob("*.py"):
            text = path.read_text()
            assert [kind for kind in kinds if kind in text and not kind.startswith("_")] == [], path.name


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from behavior.cli import build_parser; build_parser().format_help(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name.split(".")[0] for name in loaded} & HEAVY == set()


@pytest.mark.parametrize("command", ["demo", "cycle", "check", "kinds", "models", "train", "value", "assumptions"])
def test_command_help_imports_nothing_heavy(command: str) -> None:
    code = f"import sys; from behavior.cli import build_parser; build_parser({command!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name.split(".")[0] for name in loaded} & HEAVY == set()


def test_what_is_declared_is_what_is_imported() -> None:
    """Every library that an install brings is imported by the package, and every one imported is declared."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["fit"], *extras["distributed"]]
    declared = {_distribution(re.split(r"[^\w.-]", one)[0]) for one in wanted}
    nodes = [node for _, tree in trees() for node in ast.walk(tree)]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    foreign = {name.split(".")[0] for name in modules} - {"behavior", *sys.stdlib_module_names}
    homes = {name: {_distribution(one) for one in packages_distributions()[name]} for name in foreign}
    assert {name: found for name, found in homes.items() if not found & declared} == {}
    by_lightgbm = {"scikit-learn"}  # its Dask integration imports it
    assert declared - set().union(*homes.values()) == by_lightgbm


def _distribution(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_committed_speaks_of_the_project_alone() -> None:
    banned = ("/work/", "/root/", "files.pythonhosted" + ".org", "SR 11-7 " + "compliant")
    for name in tracked_files():
        path = ROOT / name
        if not name or not path.is_file() or path.suffix in {".parquet", ".png"} or path == Path(__file__):
            continue
        text = path.read_text(errors="replace")
        assert [word for word in banned if word in text] == [], name


def test_every_breach_of_a_table_says_what_to_do() -> None:
    """`Breach("")` holds a place only; one that stands for a fault found elsewhere repeats that one's hint."""
    bare = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, tree in trees()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Breach"
        if len(call.args) < 4 and not any(one.arg == "hint" for one in call.keywords)
        if not (isinstance(call.args[0], ast.Constant) and call.args[0].value == "")
        if not (isinstance(call.args[0], ast.Call) and ast.unparse(call.args[0]).startswith("str(fault)"))
    ]
    assert bare == []
