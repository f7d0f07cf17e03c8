"""Cards: the words of the file, its sections and tables, in the page that a run keeps."""

from __future__ import annotations

from pathlib import Path

from behavior.reporting.document import Paragraph, Table
from behavior.reporting.model_card import parse_card


def test_a_card_keeps_its_words() -> None:
    title, sections = parse_card(
        "# Deposits\n\nFirst\nline.\n\n## Where not to use it\n\n- one *strong*\n  more\n- two\n"
    )
    assert title == "Deposits"
    assert [section.title for section in sections] == ["About", "Where not to use it"]
    assert [block.text for block in sections[1].blocks if isinstance(block, Paragraph)] == [
        "– one strong more",
        "– two",
    ]


def test_bold_words_that_begin_a_paragraph_head_a_section() -> None:
    text = "# Beta\n\n**Purpose.** Rates as `SWAP_2Y` has them,\n*paid* or not.\n\nMore.\n\n**Limits.** None.\n\n"
    _, sections = parse_card(f"{text}| must | found |\n|---|---|\n| `log_loss` below | **met** |\n")
    assert [section.title for section in sections] == ["Purpose", "Limits"]
    said = [block.text for block in sections[0].blocks if isinstance(block, Paragraph)]
    assert said == ["Rates as SWAP_2Y has them, paid or not.", "More."]
    (table,) = (block for block in sections[1].blocks if isinstance(block, Table))
    assert table.data.to_dict("list") == {"must": ["log_loss below"], "found": ["met"]}


def test_every_card_is_read() -> None:
    for card in sorted((Path(__file__).resolve().parents[2] / "models").glob("*/card.md")):
        title, sections = parse_card(card.read_text())
        assert title and len(sections) >= 2, card
        assert all(section.title != "About" for section in sections[1:]), card
