"""KLAR's prompts: held against the release's code written again, and facts with known gaps."""

from __future__ import annotations

import json
import random

import pandas as pd
import pytest

from interp.data.balance import balanced_ids
from interp.data.facts import FactSet
from interp.data.relations import ANSWER_KINDS, COMMON, PROPER, PROPER_NOUN_RELATIONS
from interp.data.sources.cldr_facts.truths import RELATIONS
from interp.errors import InterpError
from interp.evals.answer_kinds import answer_kinds
from interp.evals.free_questions import free_questions
from interp.evals.klar_prompts import klar_questions
from interp.options import KlarOptions
from tests.evals.klar_folder import NAMES, klar_folder, write
from tests.lens.helpers import facts

RELEASE = KlarOptions(template="release", demos="global_rng")


def of(questions, lang, fact_id):
    return next(q for q in questions.questions if (q.lang, q.fact_id) == (lang, fact_id))


def demo_ids(question):
    return [demo.fact_id for demo in question.demos]


def test_the_default_prompt_is_cut_and_solved_alike(tmp_path):
    found = klar_questions(klar_folder(tmp_path))
    one = of(found, "es", "capital/101")
    assert (one.relation, one.subject, one.target, one.target_en) == (
        "capital", "es-1", "París", "Paris",
    )  # fmt: skip
    assert one.ask == "¿Qué capital tiene es-1? Es:"
    lines = [
        f"¿Qué capital tiene es-{number}? Es: {NAMES['es'][number]}\n"
        for number in (int(name.split("/")[1]) - 100 for name in demo_ids(one))
    ]
    assert len(lines) == 3
    assert one.prompt == "".join(lines) + one.ask
    first = klar_questions(tmp_path, options=KlarOptions(template_index=0))
    assert of(first, "en", "capital/100").ask == "Capital of en-0? It is"


def test_a_fact_has_the_same_demonstrations_in_every_language(tmp_path):
    found = klar_questions(klar_folder(tmp_path))
    for fact_id in {q.fact_id for q in found.questions}:
        by_lang = {
            lang: demo_ids(of(found, lang, fact_id))
            for lang in found.languages
            if any((q.lang, q.fact_id) == (lang, fact_id) for q in found.questions)
        }
        assert all(fact_id not in ids for ids in by_lang.values())
        assert all(len(set(ids)) == len(ids) for ids in by_lang.values())
        assert by_lang["en"] == by_lang["es"]
        if "ru" in by_lang and "capital/102" not in by_lang["en"]:
            assert by_lang["ru"] == by_lang["en"]
        elif "ru" in by_lang:  # the next of the fact's own order steps in, at the end
            kept = [name for name in by_lang["en"] if name != "capital/102"]
            assert [name for name in by_lang["ru"] if name in kept] == kept
            assert len(by_lang["ru"]) == len(by_lang["en"])


@pytest.mark.parametrize("chosen", [["ru"], ["es", "ru"], ["ru", "en"]])
def test_prompts_do_not_depend_on_the_languages_chosen(tmp_path, chosen):
    everything = klar_questions(klar_folder(tmp_path))
    some = klar_questions(tmp_path, chosen)
    assert some.languages == tuple(chosen)
    for one in some.questions:
        assert one == of(everything, one.lang, one.fact_id)


def test_facts_that_english_lacks_are_no_demonstrations(tmp_path):
    """As the 213 facts that only Persian and Hebrew have: theirs would differ from all others'."""
    write(tmp_path, "en", "capital", NAMES["en"], [0, 1, 2, 3])
    write(tmp_path, "es", "capital", NAMES["es"])
    for languages in (None, ["es"]):
        found = klar_questions(tmp_path, languages, options=KlarOptions(n_demos=5))
        used = {name for one in found.questions for name in demo_ids(one)}
        assert used == {f"capital/{100 + number}" for number in range(4)}
        assert len(demo_ids(of(found, "es", "capital/104"))) == 4  # asked all the same
    (tmp_path / "en" / "capital.json").unlink()
    alone = klar_questions(tmp_path, options=KlarOptions(n_demos=5))
    assert len(demo_ids(of(alone, "es", "capital/104"))) == 5


def test_other_seeds_choose_others(tmp_path):
    a, b = (klar_questions(klar_folder(tmp_path), seed=seed) for seed in (0, 1))
    assert a.data_hash == b.data_hash and a.prompts_hash != b.prompts_hash
    assert sum(x.demos != y.demos for x, y in zip(a.questions, b.questions, strict=True)) > 8


def test_what_is_missing_or_too_small_is_counted(tmp_path):
    found = klar_questions(klar_folder(tmp_path))
    counts = found.counts.set_index("lang")
    assert counts["facts"].to_dict() == {"en": 8, "es": 8, "ru": 7}
    assert counts["missing"].to_dict() == {"en": 0, "es": 0, "ru": 1}
    assert counts["few_demos"].to_dict() == {"en": 2, "es": 2, "ru": 2}  # two animals
    assert demo_ids(of(found, "en", "animal/100")) == ["animal/101"]
    assert counts["object_differs"].sum() == 0
    none = klar_questions(tmp_path, options=KlarOptions(n_demos=0))
    assert of(none, "en", "animal/100").prompt == "What is en-0's capital? It is"
    assert none.counts["few_demos"].sum() == 0


def test_an_answer_that_stands_in_a_demonstration_is_counted(tmp_path):
    write(klar_folder(tmp_path), "en", "capital", ["Rome"] * 2 + NAMES["en"][2:])
    five = klar_questions(tmp_path, ["en"], options=KlarOptions(n_demos=5))
    assert five.counts["answer_in_demos"].tolist() == [2]  # the two that share Rome


def test_another_object_under_the_same_index_is_counted(tmp_path):
    folder = klar_folder(tmp_path)
    content = json.loads((folder / "es" / "capital.json").read_text())
    content["samples"][0]["object_en"] = "Madrid"
    (folder / "es" / "capital.json").write_text(json.dumps(content))
    assert klar_questions(folder).counts["object_differs"].tolist() == [0, 1, 0]


def test_one_fact_in_a_language_is_asked_without_demonstrations(tmp_path):
    write(tmp_path, "en", "capital", NAMES["en"])
    write(tmp_path, "ru", "capital", NAMES["ru"], [4])
    found = klar_questions(tmp_path)
    assert of(found, "ru", "capital/104").prompt == "Какая столица у ru-4? Это:"
    assert found.counts.set_index("lang").loc["ru", ["facts", "missing", "few_demos"]].tolist() == [
        1, 5, 1,
    ]  # fmt: skip


def test_the_hash_is_of_the_content(tmp_path):
    folder = klar_folder(tmp_path)
    before = klar_questions(folder)
    path = folder / "es" / "capital.json"
    content = json.loads(path.read_text())
    content["samples"].reverse()
    path.write_text(json.dumps(content))
    turned = klar_questions(folder)
    assert turned.data_hash == before.data_hash
    assert {q: q.prompt for q in turned.questions} == {q: q.prompt for q in before.questions}
    content["samples"][0]["object"] = "Bakuu"
    path.write_text(json.dumps(content))
    assert klar_questions(folder).data_hash != before.data_hash


def test_a_limit_keeps_the_prompts_and_balances_relations(tmp_path):
    found = klar_questions(klar_folder(tmp_path))
    relation_of = {q.fact_id: q.relation for q in found.questions}
    some = found.only(balanced_ids(relation_of, 4, seed=0))
    assert len({q.fact_id for q in some.questions}) == 4
    assert sum(q.relation == "animal" for q in some.questions) == 2 * 3
    assert set(some.questions) <= set(found.questions)
    assert some.objects == found.objects and some.data_hash != found.data_hash
    assert balanced_ids(relation_of, 99, 0) == {q.fact_id for q in found.questions}


def test_bad_folders_are_said(tmp_path):
    folder = klar_folder(tmp_path)
    with pytest.raises(InterpError, match=r"unknown language in klar .*'de': expected one of en"):
        klar_questions(folder, ["de"])
    with pytest.raises(
        InterpError, match=r"template_index is 7: en/animal.json .* has 2 templates"
    ):
        klar_questions(folder, options=KlarOptions(template_index=7))
    write(folder, "es", "animal", ["a", "b"], prompt_templates=["<subject> <mask>", "no mark"])
    with pytest.raises(InterpError, match=r"template 'no mark' of es/animal.json: expected <subj"):
        klar_questions(folder)
    late = ["<subject> <mask>", "<mask> is it of <subject>"]
    write(folder, "es", "animal", ["a", "b"], prompt_templates=late)
    with pytest.raises(InterpError, match=r"expected <subject> and, after it, <mask>"):
        klar_questions(folder)
    kept = klar_questions(folder, options=RELEASE)  # nothing is cut, so nothing is lost
    assert of(kept, "es", "animal/100").ask == "<mask> is it of es-0".replace("<mask>", "") + " "


def test_all_facts_of_the_release_are_asked(shared_data):
    found = klar_questions(shared_data / "klar")
    assert len(found.questions) == 26_190
    assert set(found.counts["facts"]) == {2619}
    assert found.counts[["missing", "few_demos", "object_differs"]].to_numpy().sum() == 0
    # In a quarter of the prompts the true answer stands in a demonstration: copying is possible.
    assert set(found.counts["answer_in_demos"]) == {668}
    born = of(found, "ja", "place_of_birth/20")
    assert born.ask == "デニス・ファリーナが生まれた場所はどこですか？答えは："
    assert born.prompt.count("\n") == 3 and all(
        demo.text == born.ask.replace("デニス・ファリーナ", subject) + f" {demo.answer}\n"
        for demo in born.demos
        for subject in [of(found, "ja", demo.fact_id).subject]
    )
    for one in found.questions:
        assert "<mask>" not in one.prompt and "<subject>" not in one.prompt
        assert one.ask == one.ask.rstrip() and len(one.demos) == 3


def release_prompts(root, langs):
    """``build_samples`` of evaluate_klar.py, written again."""
    random.seed(42)
    out = {}
    for lang in langs:
        for path in sorted((root / lang).glob("*.json")):
            content = json.loads(path.read_text(encoding="utf-8"))
            template, samples = content["prompt_templates"][1], content["samples"]
            asked = [
                template.replace("<subject>", s["subject"])
                .replace(" <mask>", "")
                .replace("<mask>", "")
                .rstrip()
                for s in samples
            ]
            for i, sample in enumerate(samples):
                drawn = random.sample([j for j in range(len(samples)) if j != i], 3)
                shots = [f"{asked[j]} {samples[j]['object']}\n" for j in drawn]
                prompt = "".join(shots) + asked[i] + " "
                out[lang, f"{path.stem}/{sample['index']}"] = prompt
    return out


def test_the_releases_prompts_are_made_again(shared_data):
    langs = ["es", "fr", "ru", "zh", "ja", "ar"]
    expected = release_prompts(shared_data / "klar", langs)
    found = klar_questions(shared_data / "klar", langs, options=RELEASE, seed=42)
    assert {(q.lang, q.fact_id): q.prompt for q in found.questions} == expected
    assert len(expected) == 15_714
    # The defects: text behind the mask stays, the prompt ends in a space, other languages move it.
    stays = {q.relation for q in found.questions if q.lang == "es" and q.ask.endswith(":. ")}
    assert stays == {
        "applies_to_jurisdiction", "language_of_work_or_name", "manufacturer", "native_language",
        "occupation", "place_of_birth",
    }  # fmt: skip
    alone = klar_questions(shared_data / "klar", ["fr"], options=RELEASE, seed=42)
    moved = [q for q in alone.questions if q.prompt != expected["fr", q.fact_id]]
    assert len(moved) > 2500


def test_facts_of_any_source_become_questions(shared_data):
    given = facts()
    found = free_questions(given)
    assert found.data_hash == given.data_hash and found.benchmark == "made by hand"
    one = of(found, "de", "drink")
    assert one.ask == "Question: Was ist die richtige und lange Antwort zu drink?\nAnswer:"
    assert (one.target, one.target_en) == ("Wasser", "water")
    solved = one.demos[0]
    assert solved.text.startswith("Question: ") and solved.text.endswith(f" {solved.answer}\n\n")
    assert demo_ids(one) == demo_ids(of(found, "en", "drink"))
    real = FactSet.load(
        f"polyfact:{shared_data / 'polyfact_sample' / 'test.jsonl'}", languages=["ru", "zh"]
    )
    asked = free_questions(real, ["zh"])
    assert asked.languages == ("zh",) and asked.benchmark == "polyfact"
    assert {q.target_en for q in asked.questions} == {None}  # English was left out of the set
    with pytest.raises(InterpError, match="'fr'"):
        free_questions(real, ["fr"])


def test_answer_kinds_are_an_explicit_table(shared_data):
    found = klar_questions(shared_data / "klar", ["en"], options=KlarOptions(n_demos=0))
    relations = {q.relation for q in found.questions}
    assert len(relations) == 20 and relations <= ANSWER_KINDS.keys()
    assert ANSWER_KINDS.keys() - relations == {"country", "currency"}  # CLDR's own
    n = len(found.questions)
    proper = sum(q.relation in PROPER_NOUN_RELATIONS for q in found.questions) / n
    religion = sum(q.relation == "religion" for q in found.questions) / n
    assert round(100 * proper, 1) == 49.3
    assert round(100 * (proper + religion), 1) == 54.1
    for name, relation in RELATIONS.items():
        assert ANSWER_KINDS[name] == (PROPER if relation.is_proper_noun else COMMON)


def test_a_relation_outside_the_table_is_a_group_of_its_own():
    kinds = answer_kinds(pd.Series(["capital", "religion", "shoe size", None]))
    assert kinds.tolist() == [PROPER, COMMON, "unknown", "unknown"]
