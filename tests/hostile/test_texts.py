"""Texts that would act on a reader: kept exactly, compared exactly, shown without their effect."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from interp.cli.tables import print_frame, write_frames
from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.errors import InterpError
from interp.printable import brief, for_spreadsheets, on_one_line, printable
from tests.command import Interp
from tests.hostile.made import HIDDEN, OVERRIDE, TEXTS, fact
from tests.tiny import save_tiny


def acts(text: str) -> list[str]:
    """Characters that a terminal obeys or does not show, but for line ends and tabs."""
    return [
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and character not in "\n\t\u200c\u200d\u00ad"
    ]


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    path = tmp_path / "facts.jsonl"
    records = [fact(name, text) for name, text in TEXTS.items()]
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


def test_facts_are_kept_as_they_are(facts: Path, tmp_path: Path) -> None:
    found = FactSet.load(f"jsonl:{facts}")
    for one in found:
        text = TEXTS[one.fact_id]
        assert one.texts["en"].subject == text and one.texts["es"].answer == f"{text}a"
    found.to_jsonl(str(tmp_path / "again.jsonl"))
    again = FactSet.load(f"jsonl:{tmp_path / 'again.jsonl'}")
    assert again.facts == found.facts and again.data_hash == found.data_hash


def test_what_is_not_seen_still_distinguishes(facts: Path) -> None:
    record = fact("f", "x")
    for text in record["texts"].values():
        text["options"] = ["ab", "a\u200bb", "a\u202eb", "a\u2060b"]
    facts.write_text(json.dumps(record) + "\n", encoding="utf-8")
    (one,) = FactSet.load(f"jsonl:{facts}")
    assert len(set(one.texts["en"].options)) == 4


def test_units_are_kept_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    for lang in ("en", "es"):
        lines = [json.dumps({"id": name, "text": text}) for name, text in TEXTS.items()]
        (folder / f"{lang}.jsonl").write_bytes(("\ufeff" + "\r\n".join(lines)).encode())
    corpus = Corpus.load(str(folder))
    assert {unit.unit_id: unit.texts["es"] for unit in corpus} == TEXTS


def test_analyses_and_their_summaries_pass_hostile_texts_on(
    facts: Path, tmp_path: Path, interp: Interp
) -> None:
    """Lens and option scores on all of them; what is printed acts on no terminal."""
    model, study = save_tiny(tmp_path / "tiny"), tmp_path / "study"
    short = [json.loads(line) for line in facts.read_text(encoding="utf-8").splitlines()]
    short = [one for one in short if one["fact_id"] not in ("long", "latex", "html")]
    for one in short:  # 256 positions of bytes
        for number, text in enumerate(one["texts"].values()):
            text["options"] = [
                f"{place}{text['subject'][:9]}" for place in ("abcd", "efgh")[number]
            ]
    facts.write_text("".join(json.dumps(one) + "\n" for one in short), encoding="utf-8")
    ask = ("--model", model, "--facts", f"jsonl:{facts}", "--study", study, "--label", "base")
    out = tmp_path / "tables"
    for command in (
        ("lens", *ask), ("eval", "mcq", *ask, "--out", out), ("show", "--study", study),
        ("transition", "--study", study, "--by", "relation", "--draws", 100, "--out", out),
        *(("transition", "--study", study, "--fact", one["fact_id"], "--out", out) for one in short[5:8]),
    ):  # fmt: skip
        said = interp(*command)
        assert said.code == 0, said
        assert acts(said.out + said.err) == []
    assert list(out.glob("*.csv"))
    for path in out.glob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")):
            assert not [cell for cell in row if cell[:1] in ("=", "@", "\t", "\r")]


@pytest.mark.parametrize("name", TEXTS)
def test_a_printed_table_acts_on_no_terminal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = TEXTS[name][:500]
    print_frame(pd.DataFrame({text: [text]}), text, caption=text, whole=(text,))
    assert acts(capsys.readouterr().out) == []


def test_printable_names_what_acts_and_keeps_what_writes() -> None:
    assert printable("\x1b[2Jx") == "\\x1b[2Jx"
    assert printable(OVERRIDE) == "\\u202efdp.exe\\u202c"
    assert printable(HIDDEN) == "a\\u200bb\\ufeffc\\u2060d"
    assert printable("\ud800 \U000e0041") == "\\ud800 \\U000e0041"
    plain = "می\u200cخواهم ক্\u200dষ 日本語 עברית\ta\nb é 👩\u200d🚀"
    assert printable(plain) == plain
    assert on_one_line("a\n\x1b\n b") == "a \\x1b b"
    assert len(on_one_line("x" * 10**6, 1600)) <= 1600


def test_brief_is_short_however_large_a_value_is() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    for value in (deep, "x" * 10**7, 10**5000, [0] * 10**6, {"a": deep}):
        assert len(brief(value)) <= 60
    assert brief("a") == "'a'" and brief({"a": 1}) == "{'a': 1}"


def test_a_spreadsheet_gets_no_formula_and_every_number(tmp_path: Path) -> None:
    cells = [
        "=1+1",
        "@x",
        "-2+3+cmd|x",
        "+cmd",
        "\tx",
        "-1.5",
        "+1.2 [0.4, 2.0]",
        "–",
        "a=b",
        "-3%",
    ]
    frame = pd.DataFrame({"text": cells, "number": [-1.0] * len(cells)})
    write_frames({"t": frame}, tmp_path)
    read = pd.read_csv(tmp_path / "t.csv", dtype={"text": str})
    assert read["text"].tolist() == [f"'{cell}" for cell in cells[:5]] + cells[5:]
    assert read["number"].tolist() == [-1.0] * len(cells)
    plain = pd.DataFrame({"a": ["x", None], "b": [1, 2]})
    assert for_spreadsheets(plain) is plain


@pytest.mark.parametrize("half", ["\\ud83d", "\\uDE00", "\\ude00\\ud83d"])
def test_half_a_character_is_refused_where_it_is_read(facts: Path, half: str) -> None:
    line = json.dumps(fact("f", "HALF"))
    facts.write_text(line.replace("HALF", half) + "\n", encoding="utf-8")
    with pytest.raises(InterpError, match=r"facts.jsonl:1: .*half of a character"):
        FactSet.load(f"jsonl:{facts}")
    facts.write_text(line.replace("HALF", "\\ud83d\\ude00") + "\n", encoding="utf-8")
    (one,) = FactSet.load(f"jsonl:{facts}")
    assert one.texts["en"].subject == "😀"
