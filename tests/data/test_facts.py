import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.data.facts import Fact, FactSet, FactText, fold, problem_of, split_of
from interp.errors import InterpError


def fact(number=0, languages=("en", "de"), relation="capital", **changes):
    texts = {
        code: FactText(
            f"Q{number} {code}?", (f"a{code}", f"b{code}", f"c{code}", f"d{code}"), number % 4
        )
        for code in languages
    }
    values = {
        "fact_id": f"f{number}", "relation": relation, "property_id": "P36",
        "option_ids": ("A", "B", "C", "D"), "split": "", "texts": texts,
    }  # fmt: skip
    return Fact(**(values | changes))


def with_text(one, code, **changes):
    return replace(one, texts={**one.texts, code: replace(one.texts[code], **changes)})


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (with_text(fact(), "de", options=("a", "b", "c")), "fact 'f0' in de: 3 options"),
        (with_text(fact(), r"de", options=("Rom", "b", " rOM ", "d")), "in de: .*not distinct"),
        (with_text(fact(), "de", options=("Rom", "b", "  ", "d")), "in de: option 3 is empty"),
        (with_text(fact(), "de", answer_index=4), "in de: answer_index 4, expected 0 to 3"),
        (with_text(fact(), "de", answer_index=1), "answer's place differs between languages"),
        (with_text(fact(), "de", question=" "), "in de: the question is empty"),
        (fact(option_ids=("A", r"B", "C", "A")), "option_ids .* four different"),
        (fact(option_ids=("A", r"B", "C")), "option_ids .* four different"),
        (fact(split="holdout"), "split 'holdout', expected one of train, validation, test"),
    ],
)
def test_a_malformed_fact_is_named(broken, message):
    with pytest.raises(InterpError, match=message) as error:
        FactSet.build([fact(1), broken], ["en", "de"], "mine")
    assert "\n" not in str(error.value) and str(error.value).startswith("mine: ")


def test_defects_in_other_languages_do_not_matter():
    broken = with_text(fact(), "de", options=("a", "b", "c"))
    assert FactSet.build([broken], ["en"], "s").languages == ("en",)


def test_facts_that_lack_a_language_are_dropped_and_counted():
    facts = [fact(0), fact(1, ["en"]), fact(2, ["en"]), fact(3)]
    both = FactSet.build(facts, ["en", "de"], "s", notes={"before": 7})
    assert [one.fact_id for one in both] == ["f0", "f3"]
    assert both.notes == {"before": 7, "dropped_incomplete": 2, "missing_de": 2}
    assert len(FactSet.build(facts, ["en"], "s")) == 4


def test_ids_must_be_unique_and_languages_known():
    with pytest.raises(InterpError, match=r"fact_id 'f0' is used 2 times"):
        FactSet.build([fact(), fact()], ["en"], "s")
    with pytest.raises(InterpError, match=r"unknown language in s 'xx': expected one of en, de"):
        FactSet.build([fact()], ["xx"], "s")
    with pytest.raises(InterpError, match=r"none of 2 facts is there in all of en, de"):
        FactSet.build([fact(0, ["en"]), fact(1, ["de"])], ["en", "de"], "s")


def test_the_hash_depends_on_content_only():
    facts = [fact(n) for n in range(5)]
    one = FactSet.build(facts, ["en", "de"], "s")
    assert one.data_hash == FactSet.build(facts[::-1], ["en", "de"], "elsewhere").data_hash
    changed = with_text(facts[2], "de", question="Anders?")
    others = [
        FactSet.build([*facts[:2], changed, *facts[3:]], ["en", "de"], "s"),
        FactSet.build(facts, ["en"], "s"),
        FactSet.build(facts[1:], ["en", "de"], "s"),
    ]
    assert len({one.data_hash, *(other.data_hash for other in others)}) == 4


def test_splits_are_by_fact_and_about_80_10_10():
    shares = Counter(split_of(f"f{n}") for n in range(4000))
    assert shares["train"] == pytest.approx(3200, abs=120)
    assert shares["validation"] == pytest.approx(400, abs=80)
    assert any(split_of(f"f{n}", seed=1) != split_of(f"f{n}") for n in range(50))
    facts = [fact(n) for n in range(100)]
    narrow = {f.fact_id: f.split for f in FactSet.build(facts[:50], ["en"], "s")}
    wide = {f.fact_id: f.split for f in FactSet.build(facts, ["en", "de"], "s")}
    assert all(wide[name] == split for name, split in narrow.items())


def test_select_by_split_relation_language():
    facts = [fact(n, relation="capital" if n % 3 else "currency") for n in range(60)]
    full = FactSet.build(facts, ["en", "de"], "s")
    part = full.select(split="train", relations=["currency"], languages=["de"])
    assert part.languages == ("de",) and set(part.facts[0].texts) == {"de"}
    assert {(f.split, f.relation) for f in part} == {("train", "currency")}
    parts = [full.select(split=name) for name in ("train", "validation", "test")]
    assert sum(map(len, parts)) == 60
    for wrong in ({"split": "dev"}, {"relations": ["x"]}, {"languages": ["fr"]}, {"limit": 0}):
        with pytest.raises(InterpError, match=r"expected"):
            full.select(**wrong)


def test_limit_is_balanced_over_relations_and_nested():
    facts = [fact(n, relation=f"r{n % 10 // 9}") for n in range(100)]  # 90 of r0, 10 of r1
    full = FactSet.build(facts, ["en"], "s")
    small, large = full.select(limit=8), full.select(limit=16)
    assert Counter(f.relation for f in small) == {"r0": 4, "r1": 4}
    ids = [f.fact_id for f in full]
    assert {f.fact_id for f in small} <= {f.fact_id for f in large}
    assert [f.fact_id for f in large] == sorted((f.fact_id for f in large), key=ids.index)
    assert {f.fact_id for f in full.select(limit=8, seed=1)} != {f.fact_id for f in small}
    assert Counter(f.relation for f in full.select(limit=50)) == {"r0": 40, "r1": 10}
    assert len(full.select(limit=1000)) == 100


def test_frame_has_a_row_per_fact_and_language():
    stated = with_text(fact(1), "en", stated=True)
    frame = FactSet.build([fact(0), stated], ["de", "en"], "s").to_frame()
    assert list(frame.columns) == [
        "fact_id", "relation", "property_id", "split", "lang", "subject", "question", "options",
        "option_ids", "answer_index", "answer", "stated", "is_proper_noun",
    ]  # fmt: skip
    assert frame.lang.tolist() == ["de", "en", "de", "en"]
    assert frame.answer.tolist() == ["ade", "aen", "bde", "ben"]
    assert frame.stated.isna().tolist() == [True, True, True, False]


def test_unaligned_options_are_known_as_such(tmp_path):
    ids = ("unaligned-1", "Q1", "unaligned-2", "unaligned-3")
    mixed = FactSet.build([fact(0), fact(1, option_ids=ids)], ["en"], "s")
    assert not mixed.options_aligned
    mixed.to_jsonl(tmp_path / "f.jsonl")
    assert not FactSet.load(f"jsonl:{tmp_path / 'f.jsonl'}").options_aligned
    assert FactSet.build([fact(0)], ["en"], "s").options_aligned


def test_load_names_the_sources():
    with pytest.raises(InterpError, match=r"unknown fact source 'wiki': expected one of cldr"):
        FactSet.load("wiki")
    with pytest.raises(InterpError, match=r"names no place"):
        FactSet.load("klar:")


options = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=4, max_size=4
)


@settings(max_examples=60, deadline=None)
@given(options, st.integers(0, 3), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_survives_the_round_trip_or_is_refused(tmp_path_factory, texts, answer, question):
    one = with_text(fact(), "en", options=tuple(texts), question=question)
    one = with_text(one, "en", answer_index=answer)
    distinct = len({fold(text) for text in texts} - {""}) == 4
    assert (problem_of(one, ["en"]) is None) == (distinct and bool(question.strip()))
    if problem_of(one, ["en"]):
        return
    built = FactSet.build([one], ["en"], "s")
    path = tmp_path_factory.mktemp("facts") / "f.jsonl"
    built.to_jsonl(path)
    assert len(path.read_bytes().split(b"\n")) == 2
    again = FactSet.load(f"jsonl:{path}")
    assert again.facts == built.facts and again.data_hash == built.data_hash


def broken_line(tmp_path, change):
    built = FactSet.build([fact(0), fact(1)], ["en", "de"], "s")
    path = tmp_path / "facts.jsonl"
    built.to_jsonl(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = change(lines[1])
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InterpError) as error:
        FactSet.load(str(path))
    assert str(error.value).startswith(f"{path}:2: ")
    return str(error.value)


def edited(**changes):
    return lambda line: json.dumps(json.loads(line) | changes)


def test_malformed_jsonl_names_file_and_line(tmp_path):
    def three(line):
        record = json.loads(line)
        record["texts"]["de"]["options"].pop()
        return json.dumps(record)

    assert "not valid JSON" in broken_line(tmp_path, lambda line: line[:-1])
    assert "expected an object" in broken_line(tmp_path, lambda line: "[1]")
    assert "'f1' in de: 3 options, expected four" in broken_line(tmp_path, three)
    assert "used on line 1 already" in broken_line(tmp_path, edited(fact_id="f0"))
    assert "field 'option_ids' is 'x'" in broken_line(tmp_path, edited(option_ids="x"))
    assert "holds 3, expected strings" in broken_line(tmp_path, edited(option_ids=[3]))
    assert "no field 'texts'" in broken_line(tmp_path, lambda line: '{"fact_id": "x"}')
    assert "'texts' is empty" in broken_line(tmp_path, edited(texts={}))
    assert "expected an object with question" in broken_line(tmp_path, edited(texts={"en": 1}))


def test_empty_and_missing_files(tmp_path):
    (tmp_path / "e.jsonl").write_text("\n\n")
    with pytest.raises(InterpError, match=r"no fact in it"):
        FactSet.load(f"jsonl:{tmp_path / 'e.jsonl'}")
    with pytest.raises(InterpError, match=r"not there, expected a JSONL file"):
        FactSet.load(f"jsonl:{tmp_path / 'no.jsonl'}")
