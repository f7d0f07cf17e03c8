"""Names of people in logs and signatures: who signs twice, and names that say nobody."""

from __future__ import annotations

import unicodedata

from behavior.errors import AssumptionError

ALIKE_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK"})


def same_person(one: str, other: str) -> bool:
    """Whether two names are spellings of one.

    Letter case, width, accents, signs that are not seen, punctuation, spaces and the order of the words are set aside:
    ``Smith, Anna`` is ``anna.smith``, and ``José`` is ``Jose``. Letters that are no accented ones stay apart: ``ø`` is
    not ``o``. Two people whose names differ in accents alone need something else to be told apart by, such as a number.
    """
    return not _spellings(one).isdisjoint(_spellings(other))


def signer(name: str) -> str:
    """A name as it is written down.

    Raises
    ------
    AssumptionError : it has no letter or digit, or a word mixes scripts whose letters look alike.
    """
    if not any(_spellings(name)):
        raise AssumptionError("found no name; a change of state needs to say who made it.")
    for word in name.split():
        scripts = sorted({unicodedata.name(sign, "").split(" ")[0] for sign in word if sign.isalpha()} & ALIKE_SCRIPTS)
        if len(scripts) > 1:
            found = " and ".join(script.title() for script in scripts)
            raise AssumptionError(
                f"found the name {name!r}, where {word!r} mixes {found} letters that look alike. "
                "Write it in one script."
            )
    return name.strip()


def _spellings(name: str) -> set[str]:
    """The words of a name run together, as written and sorted.

    A sign that is not seen (category Cf) may stand inside a word or for the space between two, so both are read.
    """
    plain = _without_accents(unicodedata.normalize("NFKC", name).casefold())
    found = set()
    for unseen in ("", " "):
        words = "".join(_sign(one, unseen) for one in plain).split()
        found |= {"".join(words), "".join(sorted(words))}
    return found


def _without_accents(name: str) -> str:
    """A name without the accents of letters that stand without them too; marks that are vowels stay."""
    kept, letter = [], ""
    for sign in unicodedata.normalize("NFKD", name):
        accent = unicodedata.category(sign) == "Mn"
        letter = letter if accent else sign
        if not (accent and unicodedata.name(letter, "").split(" ")[0] in ALIKE_SCRIPTS):
            kept.append(sign)
    return unicodedata.normalize("NFKC", "".join(kept))


def _sign(sign: str, unseen: str) -> str:
    category = unicodedata.category(sign)
    if category == "Cf":
        return unseen
    return sign if category[0] in "LMN" else " "
