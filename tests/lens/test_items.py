"""Which tokens stand for an answer, and which facts are left out: held against plain tokenizing."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from interp.data.facts import FactSet
from interp.errors import InterpError
from interp.lens.items import COUNTS, LensItem, build_items
from interp.options import LensOptions
from tests.lens.helpers import QUESTIONS, facts, word_tokenizer
from tests.tiny import byte_tokenizer

# The tokenizer writes " Rome" as " Rom" + "e", so that these begin alike.
ROMES = ["Rome", "Romu", "Romz", "Romk"]
QUESTIONED = ("capital-fr", "colour-sky", "animal-pet", "drink", "money", "season")


def encode(text: str) -> list[int]:
    return word_tokenizer()(text, add_special_tokens=False)["input_ids"]


def first_differing(prompt: str, answer: str) -> int:
    alone, joint = encode(prompt), encode(f"{prompt} {answer}")
    joined = [*alone, None]
    return next(new for old, new in zip(joined, joint, strict=False) if old != new)


def build(factset: FactSet, form: str = "qa", languages=None, **options):
    made, counts = build_items(
        factset, word_tokenizer(), form=form, languages=languages, options=LensOptions(**options)
    )
    by_key = {(item.fact_id, item.lang): item for item in made}
    assert len(by_key) == len(made)
    return by_key, counts.set_index("lang")


def ids(item: LensItem) -> dict[str, tuple[int, ...]]:
    return {role: answer.ids for role, answer in item.answers.items()}


def qa(fact: str, lang: str) -> str:
    return f"Question: {QUESTIONS[lang].format(fact)}\nAnswer:"


def test_first_token_in_context_of_every_role_after_the_prompt_of_its_language() -> None:
    factset = facts()
    items, counts = build(factset)
    assert ("capital-fr", "de") not in items  # Paris is Paris
    assert counts["kept"].to_dict() == {"en": 6, "de": 5}
    for (fact_id, lang), item in items.items():
        fact = next(f for f in factset if f.fact_id == fact_id)
        prompt = qa(fact_id, lang)
        assert item.prompt == tuple(encode(prompt))
        expected = {"target": fact.texts[lang].options[0]}
        if lang != "en":
            expected["en"] = fact.texts["en"].options[0]
        expected["distractor"] = fact.texts[lang].options[1]
        assert ids(item) == {r: (first_differing(prompt, a),) for r, a in expected.items()}
        for role, answer in expected.items():
            assert item.answers[role].n_subtokens == len(encode(f"{prompt} {answer}")) - len(
                item.prompt
            )


def test_cloze_takes_the_facts_own_prompt() -> None:
    items, _ = build(facts(), form="cloze")
    item = items["drink", "de"]
    assert item.prompt == tuple(encode("drink = so so so so so"))
    assert item.answers["en"].ids == (first_differing("drink = so", "water"),)
    with pytest.raises(InterpError, match="no chat template"):
        build(facts(), form="chat")


def test_last_sub_token_and_a_prompt_that_ends_in_a_space_as_the_release_does() -> None:
    items, counts = build(facts(), token_rule="last", trailing_space=True)
    item = items["drink", "de"]
    assert item.prompt == tuple(encode(qa("drink", "de") + " "))
    assert len(encode(" Wasser")) > 1
    assert ids(item)["target"] == (encode(" Wasser")[-1],)
    assert ids(item)["en"] == (encode(" water")[-1],)
    assert item.answers["target"].n_subtokens == len(encode(" Wasser"))
    assert counts["token_fell_back"].sum() == 0
    # "Sommer" and "summer" begin differently and end alike
    assert encode(" Sommer")[-1] == encode(" summer")[-1]
    assert ("season", "de") not in items and counts.loc["de", "same_token_as_english"] == 1


def test_a_merge_across_the_border_is_counted() -> None:
    # "Answer: " + "water" is tokenized as "Answer:" + " water": the prompt is no prefix of it
    items, counts = build(facts(), trailing_space=True)
    assert counts["token_fell_back"].tolist() == counts["kept"].tolist()
    assert ids(items["drink", "en"])["target"] == (encode("water")[0],)


def test_the_english_answer_is_read_after_the_target_languages_prompt() -> None:
    # A chat prompt that ends in a space is tokenized otherwise once a word follows: so does the
    # German one here, and the English one does not.
    tokenizer = deepcopy(word_tokenizer())
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    made = [
        replace(
            fact,
            texts={
                "en": replace(fact.texts["en"], question="What?"),
                "de": replace(fact.texts["de"], question="Was? "),
            },
        )
        for fact in facts()
    ]
    factset = FactSet.build(made, ("en", "de"), "made by hand")
    items, counts = build_items(factset, tokenizer, form="chat")
    for item in items:
        assert item.prompt == tuple(encode("What?" if item.lang == "en" else "Was? "))
        fell = {role: answer.fell_back for role, answer in item.answers.items()}
        assert fell == dict.fromkeys(fell, item.lang == "de") and len(fell) > 1
    counts = counts.set_index("lang")
    assert counts.loc["en", "token_fell_back"] == 0
    assert counts.loc["de", "token_fell_back"] == counts.loc["de", "kept"] > 0


def test_prefix_set_holds_every_token_that_spells_a_beginning() -> None:
    tokenizer = word_tokenizer()
    spelled = {i: tokenizer.decode([i]) for i in range(len(tokenizer))}
    # "Paris" and "Pferd" begin with different tokens, but "P" may begin both
    made = facts(
        **{"capital-fr": (["Paris", "Rome", "Oslo", "Bern"], ["Pferd", "Rom", "Hof", "Ei"])}
    )
    items, counts = build(made, token_rule="prefix_set")
    plain, _ = build(made)
    assert set(plain) - set(items) == {("capital-fr", "de")}
    factset = {fact.fact_id: fact for fact in made}

    def members(prompt: str, answer: str) -> set[int]:
        starts = {answer[:n] for n in range(1, len(answer) + 1)}
        starts |= {f" {start}" for start in starts}
        return {i for i, text in spelled.items() if text in starts} | {
            first_differing(prompt, answer)
        }

    for fact_id, fact in factset.items():
        for lang in ("en", "de"):
            prompt, text = qa(fact_id, lang), fact.texts[lang]
            target = members(prompt, text.options[0])
            english = members(prompt, fact.texts["en"].options[0]) if lang == "de" else set()
            free = [o for o in text.options[1:] if not members(prompt, o) & (target | english)]
            item = items.get((fact_id, lang))
            assert (item is None) == (bool(target & english) or not free)
            if item is not None:
                assert set(ids(item)["target"]) == target and len(ids(item)["target"]) > 1
                assert set(ids(item)["distractor"]) == members(prompt, free[0])
                assert ids(item)["target"][0] == ids(plain[fact_id, lang])["target"][0]
    dropped = counts["facts"] - counts["kept"]
    assert dropped.sum() == counts[list(COUNTS[2:5])].sum().sum()


def test_collisions_are_dropped_and_counted_by_reason() -> None:
    factset = facts(
        money=(["Rome", "krone", "yen", "pound"], ["Rom", "Krone", "Yen", "Pfund"]),
        drink=(ROMES, ["Wasser", "Milch", "Saft", "Tee"]),
    )
    items, counts = build(factset)
    assert counts.loc["en"].to_dict() == {
        "facts": 6, "kept": 5, "same_text_as_english": 0, "same_token_as_english": 0,
        "no_distinct_distractor": 1, "token_fell_back": 0, "space_in_prompt": 0,
    }  # fmt: skip
    assert counts.loc["de"].to_dict() == {
        "facts": 6, "kept": 4, "same_text_as_english": 1, "same_token_as_english": 1,
        "no_distinct_distractor": 0, "token_fell_back": 0, "space_in_prompt": 0,
    }  # fmt: skip
    missing = {(f.fact_id, lang) for f in factset for lang in ("en", "de")} - set(items)
    assert missing == {("drink", "en"), ("money", "de"), ("capital-fr", "de")}
    every, kept = build(factset, drop_collisions=False)
    assert kept["kept"].tolist() == [6, 6]
    assert kept["same_text_as_english"].tolist() == [0, 1]
    assert ids(every["money", "de"])["target"] == ids(every["money", "de"])["en"]
    # where no wrong option is distinct, the first one
    assert every["drink", "en"].answers["distractor"].ids == (encode(" Romu")[0],)


def test_the_distractor_is_neither_target_nor_english() -> None:
    factset = facts(drink=(["Rome", "milk", "juice", "tea"], ["Wasser", "Romu", "Wassera", "Tee"]))
    assert encode(" Romu")[0] == encode(" Rome")[0] != encode(" Tee")[0]
    items, _ = build(factset)
    assert ids(items["drink", "de"])["distractor"] == (encode(" Tee")[0],)
    for rule in ("first", "last", "prefix_set"):
        for item in build(factset, token_rule=rule)[0].values():
            roles = [set(members) for members in ids(item).values()]
            assert sum(map(len, roles)) == len(set.union(*roles))


def test_the_distractor_is_the_next_option_after_the_answer() -> None:
    made = [
        replace(fact, texts={c: replace(t, answer_index=2) for c, t in fact.texts.items()})
        for fact in facts()
    ]
    items, _ = build(FactSet.build(made, ("en", "de"), "made by hand"))
    assert ids(items["season", "de"]) == {
        "target": (encode(" Lenz")[0],),
        "en": (encode(" spring")[0],),
        "distractor": (encode(" Herbst")[0],),
    }


def test_bos_policy() -> None:
    bos = word_tokenizer().bos_token_id
    for policy, lead in (("auto", ()), ("never", ()), ("always", (bos,))):
        item = build(facts(), bos=policy)[0]["drink", "de"]
        assert item.prompt == (*lead, *encode(qa("drink", "de")))
        assert ids(item)["target"] == (encode(" Wasser")[0],)


def test_languages_and_facts_without_english() -> None:
    items, counts = build(facts(), languages=["de"])
    assert {lang for _, lang in items} == {"de"} and list(counts.index) == ["de"]
    assert set(ids(items["drink", "de"])) == {"target", "en", "distractor"}
    items, counts = build(facts().select(languages=["de"]))
    assert counts["kept"].tolist() == [6]  # nothing to collide with
    assert set(ids(items["capital-fr", "de"])) == {"target", "distractor"}
    with pytest.raises(InterpError, match="'fr'"):
        build(facts(), languages=["fr"])


def test_nothing_left_is_said() -> None:
    alike = {name: (ROMES, ["Rom", *ROMES[1:]]) for name in QUESTIONED}
    with pytest.raises(InterpError, match="no lens item is left of 6 facts in en, de"):
        build_items(facts(**alike), byte_tokenizer())


def test_a_space_of_its_own_belongs_to_the_prompt() -> None:
    # To the byte tokenizer every space is a token, so what follows it is the answer's first.
    made, counts = build_items(facts(), byte_tokenizer())
    spell = byte_tokenizer()
    assert counts["space_in_prompt"].tolist() == counts["kept"].tolist()
    item = next(item for item in made if (item.fact_id, item.lang) == ("drink", "de"))
    assert spell.decode(item.prompt).endswith("\nAnswer: ")
    first = {role: spell.decode(list(answer.ids)) for role, answer in item.answers.items()}
    assert first == {"target": "W", "en": "w", "distractor": "M"}
    assert item.answers["target"].n_subtokens == len("Wasser")


def test_chinese_answers_of_the_shipped_tokenizer_are_told_apart() -> None:
    base = Path(__file__).resolve().parents[2] / "artifacts" / "base"
    tokenizer = AutoTokenizer.from_pretrained(base)
    made, counts = build_items(
        FactSet.load("cldr", limit=40), tokenizer, languages=["de", "zh", "ja"]
    )
    by_lang = counts.set_index("lang")
    assert by_lang.loc["zh", "kept"] > 30 and by_lang.loc["ja", "kept"] > 30
    assert by_lang.loc["zh", "space_in_prompt"] == by_lang.loc["zh", "kept"]
    assert by_lang.loc["de", "space_in_prompt"] == 0
    for item in made:
        if item.lang == "zh":
            assert tokenizer.decode(list(item.answers["target"].ids)).strip()
