import json
from collections import Counter

import pytest

from interp.data.facts import FactSet, fold
from interp.data.sources.klar import cloze, read_release
from interp.errors import InterpError

KLAR = ("en", "es", "fr", "ru", "ar", "zh", "ja", "ko", "nl", "tr")


@pytest.fixture(scope="module")
def klar(shared_data):
    return FactSet.load(f"klar:{shared_data / 'klar'}")


def test_klar_keeps_every_fact_with_aligned_options(klar, shared_data):
    assert len(klar) == 2619 and klar.languages == KLAR and klar.notes == {}
    assert klar.options_aligned and len({fact.relation for fact in klar}) == 20
    release = read_release(shared_data / "klar")
    for fact in klar:
        relation, index = fact.fact_id.split("/")
        for code, text in fact.texts.items():
            sample = release[code][relation].samples[int(index)]
            assert (text.subject, text.answer) == (sample.subject, sample.answer)
        # The English options come from the fact's own list of candidates.
        english = release["en"][relation].samples[int(index)]
        assert fact.option_ids == fact.texts["en"].options
        assert set(fact.option_ids) <= set(english.candidates)


def test_klar_options_denote_the_same_in_every_language(klar, shared_data):
    """Every option's name is one that the release itself gives to that English object."""
    release = read_release(shared_data / "klar")
    for fact in klar.select(limit=400):
        for code, text in fact.texts.items():
            samples = release[code][fact.relation].samples.values()
            names = {(sample.concept, sample.answer) for sample in samples}
            assert set(zip(fact.option_ids, text.options, strict=True)) <= names


def test_klar_distractors_are_not_true(klar, shared_data):
    english = read_release(shared_data / "klar", ["en"])["en"]
    for fact in klar:
        subject = fold(fact.texts["en"].subject)
        true = {
            s.answer for s in english[fact.relation].samples.values() if fold(s.subject) == subject
        }
        assert not set(fact.texts["en"].options) - {fact.texts["en"].answer} & true


def test_klar_prompts_are_cut_at_the_mask(klar):
    by_id = {fact.fact_id: fact for fact in klar}
    born = by_id["place_of_birth/20"].texts
    assert born["en"].prompt == "In which city was Dennis Farina born? The answer is:"
    assert born["ja"].prompt == "デニス・ファリーナが生まれた都市はどこですか？答えは："
    assert born["en"].question == "In which city was Dennis Farina born?"
    assert not any(
        mark in (text.prompt or mark) or text.prompt != text.prompt.rstrip()
        for fact in klar for text in fact.texts.values() for mark in ("<mask>", "<subject>")
    )  # fmt: skip
    assert cloze("X <subject> y: <mask>.", "S") == "X S y:"


def test_klar_options_do_not_depend_on_the_other_languages(klar, shared_data):
    two = FactSet.load(f"klar:{shared_data / 'klar'}", languages=["ja", "ar"])
    assert [f.option_ids for f in two] == [f.option_ids for f in klar]
    assert [f.texts["ja"] for f in two] == [f.texts["ja"] for f in klar]
    places = Counter(fact.texts["en"].answer_index for fact in klar)
    assert all(585 < n < 725 for n in places.values())  # 655 expected, sd 22
    proper = sum(fact.is_proper_noun for fact in klar) / len(klar)
    assert round(100 * proper, 1) == 49.3


def klar_folder(tmp_path, change=lambda content, code: None):
    objects = {"en": ["Rome", "Paris", "Bern", "Oslo"], "xx": ["Roma", "Pari", "Berna", "Osla"]}
    for code, names in objects.items():
        content = {
            "name": "capital", "relation_id": "P36",
            "prompt_templates": ["Capital of <subject>? It is <mask>."],
            "samples": [
                {"subject": f"{code}-{i}", "object": name, "object_en": objects["en"][i],
                 "object_candidates": ", ".join(names), "index": i}
                for i, name in enumerate(names)
            ],
        }  # fmt: skip
        change(content, code)
        (tmp_path / code).mkdir(exist_ok=True)
        (tmp_path / code / "capital.json").write_text(json.dumps(content))
    return f"klar:{tmp_path}"


def test_klar_joins_by_index_and_counts_what_it_drops(tmp_path):
    def uneven(content, code):
        if code == "xx":
            content["samples"].reverse()
            content["samples"].append(content["samples"][0] | {"index": 99})

    facts = FactSet.load(klar_folder(tmp_path, uneven))
    assert facts.languages == ("en", "xx") and len(facts) == 4
    assert facts.notes == {"dropped_incomplete": 1, "missing_en": 1}
    for fact in facts:
        assert fact.texts["xx"].subject[3:] == fact.texts["en"].subject[3:]
        assert [o[0] for o in fact.texts["xx"].options] == [o[0] for o in fact.option_ids]

    def clash(content, code):
        if code == "xx":
            content["samples"][0]["object"] = "PARI"  # Rome and Paris have one name now

    with pytest.raises(InterpError, match=r"no fact is there in all of en, xx"):
        FactSet.load(klar_folder(tmp_path, clash))

    def differs(content, code):
        if code == "xx":
            content["samples"][0]["object_en"] = "Oslo"

    with pytest.raises(InterpError):
        FactSet.load(klar_folder(tmp_path, differs))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, _: c.pop("samples"), "no field 'samples'"),
        (lambda c, _: c["samples"][1].pop("index"), "sample 2: no field 'index'"),
        (lambda c, _: c["samples"][1].update(index=0), "sample 2: index 0 is used twice"),
        (lambda c, _: c.update(prompt_templates=[]), "no prompt template"),
        (lambda c, _: c.update(prompt_templates=["<mask> is <subject>"]), "expected <subject> and"),
    ],
)
def test_klar_malformed_files_are_named(tmp_path, change, message):
    with pytest.raises(InterpError, match=f"capital.json: .*{message}|capital.json: {message}"):
        FactSet.load(klar_folder(tmp_path, change))


def test_klar_wrong_folders(tmp_path, shared_data):
    with pytest.raises(InterpError, match=r"not there, expected the folder of KLAR-CLC"):
        FactSet.load(f"klar:{tmp_path / 'no'}")
    with pytest.raises(InterpError, match=r"no folder <language>/<relation>.json"):
        FactSet.load(f"klar:{tmp_path}")
    with pytest.raises(InterpError, match=r"'sw': expected one of en, es, fr"):
        FactSet.load(f"klar:{shared_data / 'klar'}", languages=["en", "sw"])


def test_polyfact_sample_is_marked_as_unaligned(shared_data):
    path = shared_data / "polyfact_sample" / "test.jsonl"
    facts = FactSet.load(f"polyfact:{path}")
    assert len(facts) == 100 and facts.languages == ("en", "de", "es", "fr", "ru", "ar", "zh")
    assert not facts.options_aligned and facts.notes == {"unaligned_facts": 100}
    raw = {r["fact_id"]: r for r in map(json.loads, path.open(encoding="utf-8"))}
    for fact in facts:
        assert fact.split == "test" and fact.property_id == fact.fact_id.split("|")[1]
        assert fact.option_ids[fact.texts["en"].answer_index] == fact.fact_id.split("|")[2]
        for code, text in fact.texts.items():
            released = raw[fact.fact_id]["translations"][code]
            assert text.answer == released["answer_text"]
            assert sorted(text.options) == sorted(released[f"option_{x}"] for x in "abcd")
    assert set(Counter(f.texts["en"].answer_index for f in facts)) == {0, 1, 2, 3}
    assert not facts.select(limit=5).options_aligned


IDS = ("Q1", "Q2", "Q3", "Q4")


def translation(code, order, answer="Q2", **more):
    """One language of the ``translations`` schema with its options in the given order."""
    options = [f"{code}{i}" for i in order]
    return {
        "question": f"{code}?", "answer_text": code + answer, "answer_index": order.index(answer),
        **{f"option_{x}": o for x, o in zip("abcd", options, strict=True)},
        "option_ids": list(order), **more,
    }  # fmt: skip


def release_row(fact_id="Q9|P1|Q2", key="translations", **texts):
    return {"fact_id": fact_id, "relation": "r", "property_id": "P1", "object_id": "Q2", key: texts}


def write(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return f"polyfact:{path}"


def test_polyfact_aligns_shuffled_options_by_id(tmp_path):
    row = release_row(
        sw=translation("sw", IDS[::-1]), en=translation("en", ("Q3", "Q1", "Q2", "Q4")),
        ja=translation("ja", IDS), xx=None,
    )  # fmt: skip
    facts = FactSet.load(write(tmp_path / "train.jsonl", [row]))
    assert facts.options_aligned and facts.languages == ("en", "ja", "sw")
    (fact,) = facts
    assert fact.split == "train" and fact.option_ids == ("Q3", "Q1", "Q2", "Q4")
    for code, text in fact.texts.items():
        assert text.options == tuple(code + one for one in fact.option_ids)
        assert text.answer == f"{code}Q2" and text.question == f"{code}?"


@pytest.mark.parametrize(
    "answer",
    [{"answer_index": 1}, {"answer_index": "1"}, {"answer": "B"}, {"answer_index": "enQ2"},
     {"answer_index": 1.0}, {"answer_text": "enQ2"}],
)  # fmt: skip
def test_polyfact_langs_schema_and_every_way_to_say_the_answer(tmp_path, answer):
    text = {"question": "?", "options": [f"en{i}" for i in IDS], "option_ids": IDS, **answer}
    facts = FactSet.load(write(tmp_path / "dev.jsonl", [release_row(key="langs", en=text)]))
    assert facts.facts[0].texts["en"].answer == "enQ2" and facts.facts[0].split == "validation"
    assert facts.options_aligned


def test_polyfact_counts_what_it_drops(tmp_path):
    good = translation("en", IDS)
    rows = [
        release_row(en=good, de=translation("de", IDS)),
        release_row(en=good, de=translation("de", IDS)),
        release_row("a|b|c", en=good),
        release_row("d|b|c", en=good, de=translation("de", IDS, answer_index=3)),
        release_row("e|b|c", en=good, de=translation("de", IDS, answer_text="Rom")),
        release_row("f|b|c", en=good, de=translation("de", IDS, option_a="DEq4")),
        release_row("g|b|c", en=good, de=translation("de", ("Q1", "Q2", "Q3", "Q7"))),
        release_row("h|b|c", en=good, de=translation("de", IDS, answer_index="E")),
    ]
    facts = FactSet.load(write(tmp_path / "test.jsonl", rows), languages=["en", "de"])
    assert [fact.fact_id for fact in facts] == ["Q9|P1|Q2"]
    assert facts.notes == {
        "dropped_duplicate_id": 1, "dropped_incomplete": 1, "missing_de": 1,
        "dropped_no_answer": 3, "dropped_options": 1, "dropped_option_ids": 1,
    }  # fmt: skip


def test_polyfact_without_ids_in_one_language_is_unaligned(tmp_path):
    bare = translation("de", IDS)
    del bare["option_ids"]
    rows = [release_row(en=translation("en", IDS), de=bare)]
    place = write(tmp_path / "test.jsonl", rows)
    facts = FactSet.load(place)
    assert not facts.options_aligned and facts.facts[0].texts["de"].answer == "deQ2"
    assert "Q2" in facts.facts[0].option_ids
    assert FactSet.load(place, languages=["en"]).options_aligned


def test_polyfact_parquet_folder_reads_train_first(tmp_path):
    import pandas as pd

    folder = tmp_path / "data" / "parallel"
    folder.mkdir(parents=True)
    for split, name in (("test", "a|b|c"), ("train", "a|b|c"), ("test", "d|b|c")):
        row = release_row(name, en=translation("en", IDS))
        file = folder / f"{split}.parquet"
        old = pd.read_parquet(file) if file.exists() else None
        pd.concat([old, pd.DataFrame([row])]).to_parquet(file)
    facts = FactSet.load(f"polyfact:{tmp_path}")
    # What is trained on is no test fact, as the release's own notes ask.
    assert {fact.fact_id: fact.split for fact in facts} == {"a|b|c": "train", "d|b|c": "test"}
    assert facts.notes == {"dropped_duplicate_id": 1}
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(InterpError, match=r"bad.parquet: not a parquet file"):
        FactSet.load(f"polyfact:{tmp_path / 'bad.parquet'}")


def test_polyfact_errors_name_the_row(tmp_path):
    good = release_row(en=translation("en", IDS))
    three = release_row("x", en=translation("en", IDS, option_d=None))
    with pytest.raises(InterpError, match=r"test.jsonl:2: en: 3 options, expected four"):
        FactSet.load(write(tmp_path / "test.jsonl", [good, three]))
    with pytest.raises(InterpError, match=r"test.jsonl:1: neither 'translations' nor 'langs'"):
        FactSet.load(write(tmp_path / "test.jsonl", [{"question": "?"}]))
    with pytest.raises(InterpError, match=r"no such file or folder, and not a hub id"):
        FactSet.load(f"polyfact:{tmp_path / 'no'}")
    with pytest.raises(InterpError, match=r"no .jsonl or .parquet file in it"):
        FactSet.load(f"polyfact:{(tmp_path / 'sub').mkdir() or tmp_path / 'sub'}")
    (tmp_path / "x.csv").write_text("a,b")
    with pytest.raises(InterpError, match=r"expected .jsonl or .parquet"):
        FactSet.load(f"polyfact:{tmp_path / 'x.csv'}")


def test_the_hub_offline_is_one_clear_line():
    with pytest.raises(InterpError, match=r"data set nobody/nothing: cannot be loaded") as error:
        FactSet.load("polyfact:nobody/nothing")
    assert "\n" not in str(error.value)
