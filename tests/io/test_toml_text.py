"""Typing errors in settings, specifications and profiles: the line, the key, plain words, what was meant."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.cli import main
from behavior.errors import SpecFault
from behavior.io.profiles import load_profile
from behavior.io.settings import Settings
from behavior.specs import ModelSpec, parse_spec
from behavior.toml_text import TomlText

SETTINGS = 'as_of = 2026-09-30\nreporting_currency = "EUR"\n# capital\ntier1 = 23120329.19\nbook_equity = 1.0\n'
SPEC = """
[model]
kind = "nmd_decay"
version = 1
owner = "ALM"
[history]
contract = "deposit_history/1"
[estimator]
family = "empirical"
[search]
space.leaves = { low = 7, high = 63 }
"""
PROFILE = 'name = "x"\n[store]\nfolder = "store"\n[rates]\nfile = "rates.csv"\n'


def said(text: str) -> list[str]:
    """Faults of settings, as a person reads them."""
    with pytest.raises(SpecFault) as caught:
        TomlText.read(text, "settings.toml").words(Settings)
    return [str(fault) for fault in caught.value.faults]


def test_a_misspelt_key_is_told_once_with_its_line_and_what_was_meant() -> None:
    assert said(SETTINGS.replace("tier1", "tier_1")) == [
        "settings.toml, line 4, key `$.tier_1`: there is no such key; there are as_of, reporting_currency, tier1, "
        "book_equity, index_roles, limits, new_business_margins. Did you mean `tier1`?"
    ]
    assert said(SETTINGS.replace("tier1 = 23120329.19\n", "")) == ["settings.toml, key `$.tier1`: this key is needed."]
    assert said(f"{SETTINGS}[rolls]\nshort = 'X'\n")[0].endswith("Did you mean `roles`?")
    assert "Did you mean" not in said(f"{SETTINGS}tier_1 = 2.0\n")[0]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "family",
            "famly",
            "line 9, key `$.estimator.famly`: there is no such key; there are family, fixed. Did you mean",
        ),
        ("[estimator]", "[estimater]", "line 8, key `$.estimater`: there is no such key; there are model, history,"),
        ("low = 7", "lo = 7", "line 11, key `$.search.space.leaves.lo`: there is no such key; there are low, high,"),
        ("high = 63", 'high = "63 "', None),
        ("high = 63", "high = [63]", "line 11, key `$.search.space.leaves.high`: expected a number"),
        ("version = 1", "version = 1.5", "line 4, key `$.model.version`: found '1.5': expected a whole number"),
        ('kind = "nmd_decay"', "kind = 3", "line 3, key `$.model.kind`: found '3': expected text in quotes"),
        ("[search]", '[search]\nmetric = "loss"', "line 11, key `$.search.metric`: found 'loss': expected 'log_loss'"),
        ('owner = "ALM"\n', "", "line 2, key `$.model.owner`: this key is needed"),
    ],
)
def test_faults_of_a_specification(old: str, new: str, words: str | None) -> None:
    text = SPEC.replace(old, new)
    if words is None:
        parse_spec(text, "spec.toml")
        return
    with pytest.raises(SpecFault) as caught:
        parse_spec(text, "spec.toml")
    assert [str(fault).startswith(f"spec.toml, {words}") for fault in caught.value.faults] == [True], caught.value


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("folder", "foldr", "profile.toml, line 3, key `$.store.foldr`: there is no such key; there are folder."),
        ("[rates]", "[raits]", "profile.toml, line 4, key `$.raits`: there is no such key; there are name, about,"),
        ('"rates.csv"', "3", "profile.toml, line 5, key `$.rates.file`: found '3': expected text in quotes, or a list"),
        ('file = "rates.csv"', "", "profile.toml, line 4, key `$.rates`: expected exactly one of file, rows, parts"),
        ('name = "x"', "name = x", "profile.toml: expected TOML in UTF-8 (Invalid value (at line 1,"),
        (
            'file = "rates.csv"',
            '[history.old]\ncontract = "none/1"\ntables = {}',
            "key `$.history.old`: expected a contract, one of",
        ),
    ],
)
def test_faults_of_a_profile(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecFault) as caught:
        load_profile(path)
    assert words in str(caught.value)
    for bare in ("Value error", "Extra inputs", "Field required", "{"):
        assert bare not in str(caught.value)


def test_settings_within_a_profile_have_the_profiles_lines(tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE + "[settings]\n" + SETTINGS.replace("tier1", "tier_1"), encoding="utf-8")
    with pytest.raises(SpecFault, match=r"profile.toml, line 10, key `\$.settings.tier_1`.*Did you mean `tier1`"):
        load_profile(path)


def test_the_command_says_so_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(SETTINGS.replace("tier1", "tier_1"), encoding="utf-8")
    assert main(["check", str(path), "--as", "settings/1"]) == 3
    assert "line 4, key `$.tier_1`: there is no such key" in " ".join(capsys.readouterr().out.split())


def test_the_digest_of_a_specification_is_no_key_of_it() -> None:
    spec = parse_spec(SPEC, "spec.toml")
    assert len(spec.digest) == 64 and spec == ModelSpec.model_validate(tomllib.loads(SPEC) | {"digest": spec.digest})


def test_lines_of_keys_however_they_are_written() -> None:
    text = TomlText.read(
        'a = """\nb = 1\n"""\nb.c = [\n  { d = 1 },\n  ["e"],\n]\n'
        "[[rows]]\nx = 1\n\n[[rows]]\nx = 2 # [y]\n[rows.in]\nz = 1\n",
        "x.toml",
    )
    lines = {("a",): 1, ("b",): 4, ("b", "c", 1, 0): 4, ("rows", 0, "x"): 9, ("rows", 1, "x"): 12, ("rows", 1): 11}
    assert {path: text.line_of(path) for path in lines} == lines
    assert text.line_of(("rows", 1, "in", "z")) == 14 and text.line_of(("rows", 1, "in", "none")) == 13
    assert text.line_of(("none",)) is None


names = st.text("abcde", min_size=1, max_size=3)
trees: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    names, st.one_of(st.integers(), st.dictionaries(names, st.integers(), max_size=3)), min_size=1, max_size=4
)


@given(trees)
def test_each_key_is_found_on_the_line_where_it_was_written(tree: dict[str, Any]) -> None:
    lines: list[str] = []
    places: dict[tuple[str | int, ...], int] = {}
    for name, value in sorted(tree.items(), key=lambda one: isinstance(one[1], dict)):
        lines.append(f"[{name}]" if isinstance(value, dict) else f"{name} = {value}")
        places[name,] = len(lines)
        for inner in value if isinstance(value, dict) else ():
            lines += ["", f"{inner} = {value[inner]}  # a note"]
            places[name, inner] = len(lines)
    text = TomlText.read("\n".join(lines), "x.toml")
    assert text.raw == tree
    assert {path: text.line_of(path) for path in places} == places
