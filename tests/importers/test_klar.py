"""Answers to KLAR: verdicts kept and held against ours, pairs across checkpoints, bad files by name."""

from __future__ import annotations

import pandas as pd
import pytest

from interp.errors import InterpError
from interp.evals.klar_summary import compare_runs, flipped, summarise
from interp.importers import read_klar, save_import
from interp.options import KlarOptions
from interp.presets import preset
from interp.study import Study
from tests.importers.made import answers, english_klar, write_klar

LANGUAGES = ["es", "ru", "zh"]


@pytest.fixture
def study(tmp_path):
    return Study.open(tmp_path / "study")


def test_answers_become_predictions(tmp_path, study):
    file = write_klar(tmp_path / "base.parquet")
    run_id = save_import(study, read_klar(file, model="some/model"), label="base")
    table = study.table("predictions", run_id=run_id)
    assert table["fact_id"].tolist()[:3] == ["capital/1", "capital/2", "religion/1"]
    assert table["lang"].tolist() == ["es"] * 3 + ["zh"] * 3 + ["ru"]
    assert table["generated"].tolist() == answers()["pred"].tolist()
    assert table["correct"].tolist() == answers()["correct"].tolist()
    # By hand: only 巴黎 is all that was said; «римская» and "parís y nada" begin with the answer.
    assert table["correct_strict"].tolist() == [False, False, False, True, False, False, False]
    assert table["failure_mode"].tolist() == [
        "correct", "right_language_wrong_fact", "digits", "correct", "other_script", "empty",
        "correct",
    ]  # fmt: skip
    assert table["target_en"].isna().all() and (table["benchmark"] == "klar").all()
    spec, notes = study.spec(run_id), study.notes(run_id)
    assert spec["arguments"]["languages"] == LANGUAGES
    assert KlarOptions.of_run(spec["arguments"]) == preset("klar", "release")
    assert spec["model"]["model"] == "some/model"
    assert notes["rederived"] == {"rule": "lenient", "answers": 7, "mismatches": 0}
    assert notes["contaminated"] == {"es": 1, "ru": 1, "zh": 1}
    missing = {row["lang"]: row["missing"] for row in notes["items"]}
    assert missing == {"es": 0, "ru": 2, "zh": 0}
    assert all(row["answer_in_demos"] is None for row in notes["items"])


def test_the_facts_are_stored(tmp_path, study):
    found = read_klar(write_klar(tmp_path / "base.parquet"))
    save_import(study, found, label="base")
    facts = study.facts(found.data_hash)
    row = facts[(facts["fact_id"] == "capital/2") & (facts["lang"] == "zh")].iloc[0]
    assert (row["subject"], row["answer"], row["relation"]) == ("意大利", "罗马", "capital")
    assert row["is_proper_noun"] and pd.isna(row["stated"])
    assert not facts.loc[facts["relation"] == "religion", "is_proper_noun"].any()


def test_english_answers_show_leaks(tmp_path, study):
    folder = english_klar(tmp_path / "klar")
    file = write_klar(tmp_path / "base.parquet")
    run_id = save_import(study, read_klar(file, facts=f"klar:{folder}"), label="base")
    table = study.table("predictions", run_id=run_id)
    assert table["target_en"].tolist() == [
        "Paris", "Rome", "Islam", "Paris", "Rome", "Islam", "Rome",
    ]  # fmt: skip
    assert table["failure_mode"].tolist()[4] == "english_leak"
    assert study.notes(run_id)["english"] == {"absent": 0, "checked": 3, "differ": 0}
    assert not any("--facts" in text for text in study.notes(run_id)["imported"]["missing"])

    plain = save_import(study, read_klar(file), label="base")
    assert plain != run_id  # another request, of the same data: the newer one is current
    assert study.runs().set_index("run_id")["current"].to_dict() == {run_id: False, plain: True}


def test_facts_that_differ_from_the_folder_are_counted(tmp_path):
    frame = answers()
    frame.loc[0, "subject"] = "La Francia"
    frame.loc[6, "index"] = 9
    file = write_klar(tmp_path / "base.parquet", frame)
    found = read_klar(file, facts=f"klar:{english_klar(tmp_path / 'klar')}")
    assert found.notes["english"] == {"absent": 1, "checked": 3, "differ": 1}
    assert found.tables["predictions"]["target_en"].isna().tolist() == [False] * 6 + [True]


def test_removed_facts_come_back_with_the_same_import(tmp_path, study):
    found = read_klar(write_klar(tmp_path / "k.parquet"))
    run_id = save_import(study, found, label="base")
    for path in (study.path / "facts").glob("*.parquet"):
        path.unlink()
    assert save_import(study, found, label="base") == run_id
    assert len(study.facts(found.data_hash))


def test_two_checkpoints_on_the_same_facts_are_paired(tmp_path, study):
    base = read_klar(write_klar(tmp_path / "base.parquet"))
    better = answers().iloc[::-1]  # the order of the rows says nothing
    better.loc[1, ["pred", "correct"]] = ["roma", True]
    better.loc[0, ["pred", "correct"]] = ["lyon", False]
    better.loc[4, ["pred", "correct"]] = ["罗马", True]
    other = read_klar(write_klar(tmp_path / "grpo.parquet", better))
    assert base.data_hash == other.data_hash
    changed = answers()
    changed.loc[2, "target"] = "budismo"
    assert read_klar(write_klar(tmp_path / "x.parquet", changed)).data_hash != base.data_hash
    runs = [save_import(study, one, label=name) for one, name in ((base, "base"), (other, "grpo"))]
    table = compare_runs(study, *runs).set_index("lang")
    assert table.loc["es", ["gained", "lost"]].tolist() == [1, 1]
    assert table.loc["zh", "delta"] == pytest.approx(1 / 3)
    changes = flipped(study, *runs).set_index(["fact_id", "lang"])["change"].to_dict()
    assert changes == {
        ("capital/1", "es"): "lost", ("capital/2", "es"): "gained", ("capital/2", "zh"): "gained",
    }  # fmt: skip


def test_the_summary_says_what_it_does_not_know(tmp_path, study):
    run_id = save_import(study, read_klar(write_klar(tmp_path / "base.parquet")), label="base")
    found = summarise(study, run_id)
    languages = found["languages"].set_index("lang")
    assert languages["lenient"].to_dict() == pytest.approx({"es": 1 / 3, "zh": 1 / 3, "ru": 1.0})
    assert languages[["few_demos", "shortened", "answer_in_demos"]].isna().all(axis=None)
    assert "split" not in found and "stated" not in found


def test_other_answers_to_the_same_facts_are_another_run(tmp_path, study):
    first = save_import(study, read_klar(write_klar(tmp_path / "a.parquet")), label="base")
    same = save_import(study, read_klar(write_klar(tmp_path / "b.parquet")), label="base")
    frame = answers()
    frame.loc[2, "pred"] = "x"
    other = save_import(study, read_klar(write_klar(tmp_path / "c.parquet", frame)), label="base")
    assert first == same != other


def test_verdicts_of_another_rule_are_kept_and_counted(tmp_path):
    frame = answers()
    frame["correct"] = [False, False, False, True, False, False, False]  # the strict ones
    found = read_klar(write_klar(tmp_path / "a.parquet", frame))
    assert found.notes["rederived"]["mismatches"] == 2 and "2 of 7" in found.caveat
    assert found.tables["predictions"]["correct"].sum() == 1


def _with(**columns):
    def change(frame):
        for name, (row, value) in columns.items():
            frame[name] = frame[name].astype(object)
            frame.loc[row, name] = value
        return frame.infer_objects()

    return change


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda frame: frame.drop(columns="pred"), ("no column 'pred'", "subject")),
        (lambda frame: frame.iloc[:0], ("no row",)),
        (_with(pred=(3, None)), ("row 3", "'pred'", "text")),
        (_with(target=(1, " ")), ("row 1", "'target'")),
        (_with(relation=(1, "")), ("row 1", "'relation'")),
        (_with(language=(2, "qx")), ("unknown language 'qx'",)),
        (_with(language=(2, "")), ("row 2", "'language'")),
        (_with(language=(4, "zh")), ("'zh-cn'", "'zh'", "same")),
        (_with(correct=(2, None)), ("'correct'", "true or false")),
        (lambda frame: frame.assign(correct=frame["correct"].astype(int)), ("'correct'",)),
        (
            lambda frame: frame.assign(
                correct=frame["correct"].astype("boolean").mask(frame.index == 5)
            ),
            ("row 5", "'correct'", "true or false"),
        ),
        (lambda frame: frame.assign(index=frame["index"].astype(float)), ("'index'", "number")),
        (_with(index=(1, 1)), ("row 1", "capital/1", "twice in es")),
    ],
)
def test_bad_tables(tmp_path, spoil, words):
    file = write_klar(tmp_path / "a.parquet", spoil(answers()))
    with pytest.raises(InterpError) as error:
        read_klar(file)
    assert all(word in str(error.value) for word in ("a.parquet", *words)), error.value


def test_bad_files(tmp_path):
    file = tmp_path / "a.parquet"
    for content, word in ((b"", "empty"), (b"PAR1 and so on", "cannot be read")):
        file.write_bytes(content)
        with pytest.raises(InterpError, match=word):
            read_klar(file)
    with pytest.raises(InterpError, match="not there"):
        read_klar(tmp_path / "no.parquet")


def test_bad_facts(tmp_path):
    file = write_klar(tmp_path / "a.parquet")
    with pytest.raises(InterpError, match="expected klar:FOLDER"):
        read_klar(file, facts="cldr")
    with pytest.raises(InterpError, match="not there"):
        read_klar(file, facts=f"klar:{tmp_path / 'no'}")
    folder = english_klar(tmp_path / "klar")
    frame = answers().assign(index=answers()["index"] + 100)
    with pytest.raises(InterpError, match="none of the 3 facts"):
        read_klar(write_klar(tmp_path / "b.parquet", frame), facts=f"klar:{folder}")
    (folder / "en").rename(folder / "fr")
    with pytest.raises(InterpError, match="unknown language"):
        read_klar(file, facts=f"klar:{folder}")
