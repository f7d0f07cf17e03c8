"""One person in many spellings is one person; a name that hides its letters is none."""

from __future__ import annotations

import unicodedata

import pytest

from behavior.assumptions.people import same_person, signer
from behavior.errors import AssumptionError


@pytest.mark.parametrize(
    "other",
    [
        "anna  SMITH",
        "Smith, Anna",
        "Anna Smith.",
        "anna.smith",
        "Anna-Smith",
        "ANNA_SMITH",
        "Anna\u200bSmith",
        "An\u200bna Smith\u200b",
        "\u202eAnna Smith",
        "Anna\u00a0Smith",
        "Ａnna Ｓmith",
        "AnnaSmith",
    ],
)
def test_spellings_of_one_name(other: str) -> None:
    assert same_person("Anna Smith", other)
    assert same_person(other, "Anna Smith")


def test_accents_and_letter_case_of_any_language() -> None:
    name = "José Müller-Straße"
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert same_person(name, unicodedata.normalize(form, name))
    assert same_person(name, "JOSÉ MÜLLER STRASSE")
    assert same_person("Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ")


def test_a_name_without_its_accents_is_the_same() -> None:
    for one, other in (
        ("José Muñoz", "Jose Munoz"),
        ("Zoë Šimůnek", "ZOE SIMUNEK"),
        ("Müller-Straße", "Muller Strasse"),
        ("Élodie", "e\u0301lodie"),
        ("Nguyễn Văn Ánh", "Nguyen Van Anh"),
        ("Ἀθηνᾶ", "Αθηνα"),
        ("Йорданка", "Иорданка"),
    ):
        assert same_person(one, other) and same_person(other, one)
    for one, other in (("Bjørn", "Bjorn"), ("Łukasz", "Lukasz"), ("ガス", "カス")):
        assert not same_person(one, other)


@pytest.mark.parametrize("other", ["Anna Smyth", "Ann Smith", "Anna", "Anna Smith 2", "Amir Smith", "", ".", "\u200b"])
def test_other_names_are_other_people(other: str) -> None:
    assert not same_person("Anna Smith", other)


def test_vowels_of_scripts_that_write_them_as_marks_count() -> None:
    assert not same_person("रवि", "रवा")


@pytest.mark.parametrize("nobody", ["", "  ", ".", "\u200b", "- _"])
def test_nobody_signs(nobody: str) -> None:
    with pytest.raises(AssumptionError, match="found no name"):
        signer(nobody)


@pytest.mark.parametrize("word", ["\u0410nna", "Smi\u03c4h"])
def test_a_word_of_two_scripts_that_look_alike_is_refused(word: str) -> None:
    with pytest.raises(AssumptionError, match="letters that look alike"):
        signer(f"Bob {word}")
    for name in ("Анна Смит", "Anna Смит", "山田タロウ", "김철수 Kim", "Zoë O'Neill"):
        assert signer(f" {name} ") == name
