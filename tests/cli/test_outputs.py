"""Where a command is to write is looked at before it works: a wrong place is one message, nothing is left behind."""

from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest

from behavior.cli import main
from behavior.cli.output import Console, guarded
from behavior.io.files import require_outputs

VALUE = ["value", "book.csv", "--curves", "curves.csv", "--settings", "settings.toml", "--out"]
CHECK = ["check", "book.csv", "--as", "book/1", "--rejects"]
PUBLISH = ["publish", "draft", "--id", "first", "--proposed-by", "ann", "--store"]
IMPORT = ["assumptions", "import", "a.csv", "--id", "first", "--as-of", "2026-09-30", "--proposed-by", "ann", "--store"]
PROFILE = 'name = "x"\n[output]\nfolder = "file"\n[tracking]\nfolder = "file/in"\n[store]\nfolder = "folder"\n'
IS_FILE = "file: expected a folder to write into, this is a file. Name another place"
IS_FOLDER = "folder: expected a file to write, this is a folder. Name a file in it"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "profile.toml").write_text(PROFILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*VALUE, "file"], IS_FILE),
        ([*VALUE, "file/deeper/still"], "`{here}/file` is a file"),
        ([*VALUE, "out", "--report", "folder"], IS_FOLDER),
        ([*VALUE, "out", "--quarantine", "folder"], IS_FOLDER),
        ([*CHECK, "folder"], IS_FOLDER),
        ([*PUBLISH, "file"], IS_FILE),
        ([*IMPORT, "file"], IS_FILE),
        (["demo", "--size", "small", "--out", "file"], IS_FILE),
        (["benchmark", "--out", "file"], IS_FILE),
        (["cycle", "--profile", "profile.toml"], IS_FILE),
        (["train", "any", "--profile", "profile.toml"], "file/in: expected a folder to write into"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else None,
)
def test_a_place_of_the_wrong_kind_is_told_before_any_work(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(words) == 3
    said = capsys.readouterr().err
    assert message.format(here=place) in said, said
    assert "book.csv" not in said and "Traceback" not in said
    assert sorted(one.name for one in place.iterdir()) == ["file", "folder", "profile.toml"]
    assert (place / "file").read_text(encoding="utf-8") == "mine" and not list((place / "folder").iterdir())


def test_a_folder_that_may_not_be_written_is_told_before_any_work(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The rights of whoever runs the tests may be those of everybody: the system's answer stands in for them.
    monkeypatch.setattr("behavior.io.files.os.access", lambda path, mode: not (mode & os.W_OK))
    assert main([*VALUE, "folder/new"]) == 3
    assert f"folder/new: the folder `{place}/folder` may not be written" in capsys.readouterr().err


def test_every_wrong_place_is_named_at_once_and_good_ones_are_not_made(place: Path) -> None:
    require_outputs(
        [place / "folder", place / "new" / "deep", None], [place / "file", place / "new" / "report.html", None]
    )
    assert not (place / "new").exists()
    with pytest.raises(ValueError, match="2 faults found"):
        require_outputs([place / "file"], [place / "folder", place / "folder" / "good.csv"])


def test_what_the_system_refuses_all_the_same_is_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    def refused() -> int:
        raise PermissionError(13, "Permission denied", "results/nii.csv")

    assert guarded(Console(), refused) == 3
    assert "results/nii.csv: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left"), OSError(errno.EFBIG, "No space left", "log")]
)
def test_a_full_disk_is_a_message_with_the_designed_exit_code(error: OSError) -> None:
    def work() -> int:
        raise error

    out, err = io.StringIO(), io.StringIO()
    assert guarded(Console(as_json=True, out=out, err=err), work) == 3
    assert json.loads(out.getvalue())["exit_code"] == 3
    assert "No space left" in err.getvalue() and "Make room" in err.getvalue()


def test_figures_that_are_no_numbers_are_null_for_machines() -> None:
    out = io.StringIO()
    Console(as_json=True, out=out).result({"a": [float("nan"), 1.0], "b": {"c": np.float64("inf")}})
    assert json.loads(out.getvalue(), parse_constant=pytest.fail) == {"a": [None, 1.0], "b": {"c": None}}


def test_a_fault_of_the_program_is_none_of_the_users() -> None:
    def broken() -> int:
        raise OSError("no file is named")

    with pytest.raises(OSError, match="no file is named"):
        guarded(Console(), broken)


def test_an_interruption_is_a_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped() -> int:
        raise KeyboardInterrupt

    assert guarded(Console(), stopped) == 130
    assert "interrupted" in capsys.readouterr().err


def test_letters_that_the_output_cannot_write_do_not_undo_what_was_done() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    Console(out=out).say("9 files in büro")
    assert raw.getvalue().split() == [b"9", b"files", b"in", b"b\\xfcro"]


@pytest.mark.parametrize("words", [["--by", "A. Validator"], ["--note", "seen"]])
def test_a_name_without_a_signature_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "nmd_decay@1", "--profile", "none.toml", *words]) == 2
    assert "--sign" in capsys.readouterr().err
