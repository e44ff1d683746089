"""Loaders of facts, text and languages: what is written is read back, and damage is an InterpError."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from interp.data.corpus import Corpus, Unit
from interp.data.facts import Fact, FactSet, FactText, fold
from interp.data.languages import check, get, in_table_order, looks_like_code, normalise
from interp.errors import InterpError
from tests.evals.klar_folder import klar_folder

quick = settings(max_examples=40, deadline=None, derandomize=True)
CODES = ("en", "es", "ar", "zh", "scn")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
filled = texts.filter(lambda text: bool(text.strip()) and bool(fold(text)))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def fact_sets(draw: st.DrawFn) -> FactSet:
    """Any valid set."""
    codes = draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True))
    names = draw(st.lists(filled, min_size=1, max_size=3, unique=True))
    facts = [
        Fact(
            name, draw(texts), draw(texts),
            tuple(draw(st.lists(texts, min_size=4, max_size=4, unique=True))),
            draw(st.sampled_from(["train", "validation", "test"])),
            _texts(draw, codes), draw(st.sampled_from([None, True, False])),
        )
        for name in names
    ]  # fmt: skip
    made = FactSet.build(facts, codes, "made")
    assert [one.split for one in made] == [one.split for one in facts]
    return made


def _texts(draw: st.DrawFn, codes: list[str]) -> dict[str, FactText]:
    answer = draw(st.integers(0, 3))
    return {
        code: FactText(
            draw(filled),
            tuple(draw(st.lists(filled, min_size=4, max_size=4, unique_by=fold))), answer,
            draw(texts), draw(st.none() | texts), draw(st.sampled_from([None, True, False])),
        )
        for code in codes
    }  # fmt: skip


@quick
@given(fact_sets())
def test_any_facts_are_read_back_unchanged(facts: FactSet) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/facts.jsonl"
        facts.to_jsonl(path)
        again = FactSet.load(f"jsonl:{path}", languages=facts.languages)
    assert again.facts == facts.facts and again.data_hash == facts.data_hash


@quick
@given(fact_sets(), st.data())
def test_a_changed_byte_is_refused_or_read_as_facts(facts: FactSet, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.jsonl"
        facts.to_jsonl(str(path))
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
        _read_or_refused(path)


@quick
@given(fact_sets(), json_values, st.data())
def test_any_value_in_any_field_is_refused_or_read(
    facts: FactSet, value: Any, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.jsonl"
        facts.to_jsonl(str(path))
        first, *rest = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        record = json.loads(first)
        place = record
        if data.draw(st.booleans()):
            place = record["texts"][data.draw(st.sampled_from(sorted(record["texts"])))]
        place[data.draw(st.sampled_from(sorted(place)))] = value
        path.write_text("\n".join([json.dumps(record), *rest]), encoding="utf-8", newline="\n")
        _read_or_refused(path)


def _read_or_refused(path: Path) -> None:
    """Facts that are read are whole: they can be hashed, laid out, written and read again."""
    try:
        found = FactSet.load(f"jsonl:{path}")
    except InterpError as error:
        assert "\n" not in str(error).replace(str(path), "") or len(str(error)) < 2000
        return
    found.to_frame()
    found.to_jsonl(str(path))
    assert FactSet.load(f"jsonl:{path}", languages=found.languages).data_hash == found.data_hash


@quick
@given(
    st.lists(st.dictionaries(st.sampled_from(CODES), texts, max_size=3), max_size=5),
    st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True),
)
def test_a_corpus_keeps_exactly_the_units_that_are_whole(
    given_texts: list[dict[str, str]], codes: list[str]
) -> None:
    units = [Unit(str(place), one) for place, one in enumerate(given_texts)]
    whole = [u for u in units if all(u.texts.get(code, "").strip() for code in codes)]
    try:
        corpus = Corpus.build(units, codes, "made")
    except InterpError:
        assert not whole
        return
    assert [unit.unit_id for unit in corpus] == [unit.unit_id for unit in whole]
    assert corpus.languages == tuple(codes)
    assert corpus.notes.get("dropped_incomplete", 0) == len(units) - len(whole)
    smaller, larger = corpus.sample(1), corpus.sample(2)
    assert {u.unit_id for u in smaller} <= {u.unit_id for u in larger}
    again = Corpus.build(corpus.units, codes, "elsewhere")
    assert again.data_hash == corpus.data_hash


@quick
@given(st.data())
def test_damage_to_klars_files_is_refused_or_read(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = klar_folder(Path(name) / "klar")
        path = data.draw(st.sampled_from(sorted(folder.rglob("*.json"))))
        content = json.loads(path.read_text(encoding="utf-8"))
        value = data.draw(json_values)
        place: Any = content
        if data.draw(st.booleans()):
            place = content["samples"][0]
        place[data.draw(st.sampled_from(sorted(place)))] = value
        path.write_text(json.dumps(content), encoding="utf-8")
        try:
            FactSet.load(f"klar:{folder}").to_frame()
        except InterpError as error:
            assert str(folder) in str(error)


@quick
@given(st.text(max_size=12))
def test_a_language_is_known_or_refused(code: str) -> None:
    try:
        found = get(code)
    except InterpError:
        assert not looks_like_code(code)
        return
    assert found.code == code and found.direction in ("ltr", "rtl")
    assert normalise(normalise(code)) == normalise(code)


@quick
@given(st.lists(st.sampled_from(CODES), max_size=6), st.sets(st.sampled_from(CODES), max_size=4))
def test_chosen_languages_are_kept_in_order_or_refused(codes: list[str], there: set[str]) -> None:
    fits = bool(codes) and set(codes) <= there and len(set(codes)) == len(codes)
    try:
        assert check(codes, there, "x") == tuple(codes) and fits
    except InterpError:
        assert not fits
    assert check(None, there, "x") == in_table_order(there)
