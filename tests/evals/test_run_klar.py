"""Whole runs into a study: answers against plain generation, early ends, interruption, bad input."""

from __future__ import annotations

import hashlib
import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import typer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from typer.testing import CliRunner

from interp.cli import eval_klar
from interp.cli.print_klar import print_klar
from interp.errors import InterpError
from interp.evals import run_klar as module
from interp.evals.answer_tokens import end_tokens, greedy_lines, newline_tokens
from interp.evals.free_questions import free_questions
from interp.evals.klar_prompts import klar_questions
from interp.evals.klar_summary import compare_runs, flipped, summarise
from interp.evals.matching import answer_line, lenient
from interp.evals.run_klar import run_klar
from interp.evals.run_mcq import run_mcq
from interp.model import HookedModel
from interp.options import KlarOptions
from interp.study import Study
from tests.evals.klar_folder import klar_folder, write
from tests.lens.helpers import facts, hooked
from tests.tiny import save_tiny, tiny_hooked, tiny_model

QUESTIONS = 23  # six capitals and two animals in three languages, less one


@pytest.fixture(scope="module")
def model() -> HookedModel:
    return tiny_hooked("olmo2", max_position_embeddings=1024)


def run(model: HookedModel, place: Path, **options: Any) -> tuple[Study, str]:
    study = Study.open(place / "study")
    options = {"label": "tiny", "stage": "base", "max_new_tokens": 6, **options}
    source = options.pop("facts", None) or f"klar:{klar_folder(place / 'klar')}"
    return study, run_klar(model, source, study, **options)


def plain(model: HookedModel, prompt: str, n: int) -> str:
    """Generate one answer with whole forward passes, no cache and no padding."""
    ids = model.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    made: list[int] = []
    while len(made) < n and (not made or made[-1] != model.tokenizer.eos_token_id):
        with torch.no_grad():
            logits = model.model(torch.tensor([[*ids, *made]])).logits
        made.append(int(logits[0, -1].argmax()))
    return model.tokenizer.decode(made, skip_special_tokens=True)


def test_a_whole_run_against_plain_generation(model, tmp_path, capsys):
    study, run_id = run(model, tmp_path)
    rows = study.table("predictions")
    assert len(rows) == QUESTIONS and set(rows["benchmark"]) == {"klar"}
    questions = klar_questions(tmp_path / "klar").questions
    for row, asked in zip(rows.itertuples(), questions, strict=True):
        assert (row.fact_id, row.lang, row.relation) == (asked.fact_id, asked.lang, asked.relation)
        assert (row.target, row.target_en) == (asked.target, asked.target_en)
        whole = plain(model, asked.prompt, 6)
        assert answer_line(row.generated, "first_non_empty") == answer_line(
            whole, "first_non_empty"
        )
        assert whole.startswith(row.generated)
        assert row.correct == lenient(answer_line(whole, "first_non_empty"), asked.target)
    said = capsys.readouterr().err
    assert "interp eval klar: 1 facts of other languages are missing in ru" in said
    assert "interp eval klar: 2 questions in es have fewer demonstrations" in said
    notes = study.notes(run_id)
    assert [row["missing"] for row in notes["items"]] == [0, 0, 1]
    assert notes["items"][0].keys() >= {"shortened", "longest", "answer_in_demos"}
    assert run(model, tmp_path)[1] == run_id and len(study.runs()) == 1


def test_facts_of_a_set_are_asked_and_stored(tmp_path):
    model = hooked("olmo2", max_position_embeddings=1024)
    study, run_id = run(model, tmp_path, facts=facts(), languages=["de"], limit=3)
    rows = study.table("predictions")
    assert set(rows["lang"]) == {"de"} and len(rows) == 3
    assert set(rows["target_en"]) <= {"Paris", "blue", "dog", "water", "euro", "summer"}
    stored = study.facts(study.runs()["data_hash"].iloc[0])
    assert set(stored["fact_id"]) == set(rows["fact_id"])
    assert study.notes(run_id)["items"][0]["few_demos"] == 0
    whole = {one.fact_id: one.prompt for one in free_questions(facts(), ["de"]).questions}
    for row in rows.itertuples():  # the limit takes no demonstration away
        assert whole[row.fact_id].count("Question:") == 4
        assert plain(model, whole[row.fact_id], 6).startswith(row.generated)


# A tokenizer with three tokens of line feeds, and a model whose next token follows from the last.
CHAIN = {
    "a": "\n\n", "\n\n": "\nx", "\nx": "y", "y": "\n", "\n": "z", "z": "z",  # blank, then "xy"
    "b": "c", "c": "y",  # "cy" at once
    "d": "</s>",  # silence
    "f": " ", " ": "\nx",  # another blank line before "xy"
    "e": "e",  # one line without end
}  # fmt: skip


@cache
def planted() -> HookedModel:
    """Attention and MLPs add nothing; the unembedding of a token is what should precede it."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<pad>", "<s>", "</s>", *alphabet, "ĊĊ", "Ċx"]
    bpe = models.BPE(
        vocab={name: place for place, name in enumerate(names)},
        merges=[("Ċ", "Ċ"), ("Ċ", "x")],
    )
    raw = Tokenizer(bpe)
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )
    hf, _ = tiny_model("llama", hidden_size=32, tie_word_embeddings=False)
    place = {
        text: names.index(text.replace("\n", "Ċ").replace(" ", "Ġ"))
        for pair in CHAIN.items()
        for text in pair
    }
    with torch.no_grad():
        embedding, head = hf.get_input_embeddings().weight, hf.get_output_embeddings().weight
        embedding.zero_()
        head.zero_()
        embedding[:, 31] = 1
        for axis, (before, after) in enumerate(CHAIN.items()):
            embedding[place[before]] = torch.eye(32)[axis]
            head[place[after], axis] = 1
        hf.model.norm.weight.fill_(1)
        for layer in hf.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
    return HookedModel.from_model(hf, tokenizer, name="chain")


def lines(prompts: str, line: str, n: int = 6, early: bool = True) -> list[str]:
    model = planted()
    ids = [model.tokenizer(one, add_special_tokens=False)["input_ids"] for one in prompts]
    made = greedy_lines(
        model.model, model.tokenizer, ids, max_new_tokens=n,
        eos_ids=end_tokens(model.model, model.tokenizer), line=line,
        newline_ids=newline_tokens(model.tokenizer) if early else frozenset(),
    )  # fmt: skip
    return model.tokenizer.batch_decode(made, skip_special_tokens=True)


def test_a_generation_ends_where_the_scored_line_does():
    tokenizer = planted().tokenizer
    assert {tokenizer.decode([one]) for one in newline_tokens(tokenizer)} == {"\n", "\n\n", "\nx"}
    assert lines("abde", "first") == ["\n\n", "cy\n", "", "eeeeee"]
    # "\nx" ends the blank line before it, not the line that it begins
    assert lines("abde", "first_non_empty") == ["\n\n\nxy\n", "cy\n", "", "eeeeee"]
    assert lines("ab", "first_non_empty", early=False) == ["\n\n\nxy\nzz", "cy\nzzz"]
    assert lines("ab", "first_non_empty", n=2) == ["\n\n\nx", "cy"]
    assert lines("a", "first_non_empty", n=1) == ["\n\n"]
    # one has two tokens left and the other one, and neither gets more
    assert lines("af", "first_non_empty", n=3) == ["\n\n\nxy", " \nxy"]
    for line in ("first", "first_non_empty"):
        for n in range(1, 8):
            whole = lines("abcdefxyz", line, n, early=False)
            short = lines("abcdefxyz", line, n)
            assert [answer_line(a, line) for a in whole] == [answer_line(b, line) for b in short]
    with pytest.raises(InterpError, match="unknown line rule 'last'"):
        lines("a", "last")


def test_an_early_end_changes_no_line_of_a_talkative_model():
    model = tiny_hooked("olmo2", seed=1)
    tokenizer = model.tokenizer
    ends, newlines = end_tokens(model.model, tokenizer), newline_tokens(tokenizer)
    with torch.no_grad():
        model.model.get_output_embeddings().weight[list(newlines)] *= 5
    rng = random.Random(0)
    texts = ["".join(rng.choices("abcdefgh ", k=12)) for _ in range(60)]
    prompts = [tokenizer(text)["input_ids"] for text in texts]
    for line in ("first", "first_non_empty"):
        short, whole = (
            greedy_lines(
                model.model, tokenizer, prompts, max_new_tokens=10, eos_ids=ends,
                newline_ids=ids, line=line,
            )
            for ids in (newlines, frozenset[int]())
        )  # fmt: skip
        early, full = tokenizer.batch_decode(short), tokenizer.batch_decode(whole)
        assert [answer_line(one, line) for one in early] == [answer_line(one, line) for one in full]
        assert sum(map(len, short)) < 0.9 * sum(map(len, whole))
        begin = [one for one in full if one.startswith("\n")]
        assert len(begin) > 20 and sum(bool(one.strip()) for one in begin) > 20
        assert sum("\n" in one.strip() for one in full) > 20


def test_silence_is_wrong_and_empty(tmp_path):
    folder = tmp_path / "klar"
    names = ["xy", "cy", "Lima"]
    write(
        folder, "en", "capital", names, prompt_templates=["<subject> <mask>", "<subject> d<mask>"]
    )
    study, _ = run(planted(), tmp_path, facts=f"klar:{folder}", n_demos=0)
    rows = study.table("predictions")
    assert rows["generated"].tolist() == [""] * 3
    assert not rows["correct"].any() and set(rows["failure_mode"]) == {"empty"}
    # The blank line before the answer is silence to the release only.
    write(
        folder, "en", "capital", names, prompt_templates=["<subject> <mask>", "<subject> a<mask>"]
    )
    for line, mode in (("first", "empty"), ("first_non_empty", "correct")):
        _, run_id = run(planted(), tmp_path, facts=f"klar:{folder}", n_demos=0, line=line)
        rows = study.table("predictions", run_id=run_id)
        assert rows["failure_mode"].iloc[0] == mode
        assert rows["correct"].tolist() == [mode == "correct", False, False]
        assert rows["failure_mode"].iloc[1] == (
            "empty" if mode == "empty" else "right_language_wrong_fact"
        )


def test_under_a_limit_other_facts_are_still_wrong_facts(tmp_path):
    folder = tmp_path / "klar"
    asked = ["<subject> <mask>", "<subject> a<mask>"]  # "xy" is the answer to everything
    write(folder, "en", "capital", ["xy", "cy", "Lima"], prompt_templates=asked)
    found = {}
    for seed in range(6):
        study, run_id = run(
            planted(), tmp_path, facts=f"klar:{folder}", n_demos=0, limit=1, seed=seed
        )
        row = study.table("predictions", run_id=run_id).iloc[0]
        found[row["fact_id"]] = row["failure_mode"]
    assert found["capital/100"] == "correct" and len(found) > 1
    assert {mode for fact, mode in found.items() if fact != "capital/100"} == {
        "right_language_wrong_fact"
    }


def test_strict_and_lenient_are_both_kept(tmp_path):
    folder = tmp_path / "klar"
    cut = ["<subject> <mask>", "<subject> b<mask>"]
    write(folder, "en", "capital", ["c", "cy", "Lima"], prompt_templates=cut)
    found = {}
    for match in ("lenient", "strict"):
        study, run_id = run(planted(), tmp_path, facts=f"klar:{folder}", n_demos=0, match=match)
        rows = study.table("predictions", run_id=run_id)
        assert rows["correct_strict"].tolist() == [False, True, False]
        found[match] = rows["correct"].tolist()
        table = summarise(study, run_id)["languages"]
        assert table[["lenient", "strict"]].round(3).to_numpy().tolist() == [[0.667, 0.333]]
    assert found == {"lenient": [True, True, False], "strict": [False, True, False]}


def hashes(study: Study, run_id: str) -> dict[str, str]:
    folder = study.path / "runs" / run_id
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*.parquet")
    }


def interrupted(real: Any, at: int) -> Any:
    calls = []

    def work(*args: Any, **options: Any) -> Any:
        calls.append(1)
        found = real(*args, **options)
        if len(calls) == at:
            raise KeyboardInterrupt
        return found

    work.calls = calls  # type: ignore[attr-defined]
    return work


def test_an_interrupted_run_goes_on_and_ends_the_same(model, tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    study, run_id = run(model, tmp_path / "whole", batch_size=4)
    real = module.greedy_lines
    monkeypatch.setattr(module, "greedy_lines", interrupted(real, at=4))
    with pytest.raises(KeyboardInterrupt):
        run(model, tmp_path / "cut", batch_size=4)
    rest = interrupted(real, at=-1)
    monkeypatch.setattr(module, "greedy_lines", rest)
    cut, again = run(model, tmp_path / "cut", batch_size=4)
    assert again == run_id
    assert len(rest.calls) == 3  # six batches, three of them saved
    assert hashes(cut, run_id) == hashes(study, run_id)
    assert cut.notes(run_id) == study.notes(run_id)


def test_lack_of_memory_halves_and_is_recorded_once(model, tmp_path, monkeypatch):
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    study, run_id = run(model, tmp_path / "whole", batch_size=8)
    real = module.greedy_lines

    def small(model: Any, tokenizer: Any, prompts: Any, **options: Any) -> Any:
        if len(prompts) > 4:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return real(model, tokenizer, prompts, **options)

    # batches of 8, 8 and 7 take three calls each, the first in vain: cut inside the last
    monkeypatch.setattr(module, "greedy_lines", interrupted(small, at=6))
    with pytest.raises(KeyboardInterrupt):
        run(model, tmp_path / "halved", batch_size=8)
    monkeypatch.setattr(module, "greedy_lines", small)
    halved, same = run(model, tmp_path / "halved", batch_size=8)
    assert same == run_id
    assert halved.notes(run_id)["batches"]["halvings"] == [
        {"batch": 0, "sequences": 8, "into": 4},
        {"batch": 1, "sequences": 8, "into": 4},
        {"batch": 2, "sequences": 7, "into": 4},
    ]
    columns = ["fact_id", "lang", "generated"]
    pd.testing.assert_frame_equal(
        halved.table("predictions")[columns], study.table("predictions")[columns]
    )


def test_prompts_are_shortened_to_the_positions(tmp_path, capsys):
    wide = tiny_hooked("olmo2", max_position_embeddings=1024)
    whole = run(wide, tmp_path)[0].notes(run(wide, tmp_path)[1])["items"]
    longest = {row["lang"]: row["longest"] for row in whole}
    assert longest["ru"] > longest["en"] + 40  # bytes: two per Cyrillic letter
    narrow = tiny_hooked("olmo2", max_position_embeddings=longest["en"] + 5)
    capsys.readouterr()
    study, run_id = run(narrow, tmp_path / "narrow")
    rows = {row["lang"]: row for row in study.notes(run_id)["items"]}
    assert rows["en"]["shortened"] == 0 and rows["en"]["longest"] == longest["en"]
    assert rows["ru"]["shortened"] == 5 and rows["ru"]["longest"] <= longest["en"]
    assert "5 prompts in ru lost demonstrations to fit" in capsys.readouterr().err
    assert len(study.table("predictions")) == QUESTIONS
    tight = tiny_hooked("olmo2", max_position_embeddings=20)
    with pytest.raises(InterpError, match=r"fact 'animal/100' in en: its prompt has \d+ tokens wi"):
        run(tight, tmp_path / "tight")
    assert Study.open(tmp_path / "tight" / "study").runs(unfinished=True).empty


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"facts": "klar:/nowhere"}, "/nowhere: not there, expected the folder of KLAR-CLC"),
        ({"languages": ["en", "de"]}, "unknown language in klar .*'de': expected one of en"),
        ({"facts": "cldr", "template": "cut"}, "klar option template is given, but the facts are"),
        ({"facts": "rhymes"}, "unknown .*'rhymes'"),
        ({"limit": 0}, "limit 0 facts"),
        ({"template": "whole"}, "unknown klar option template 'whole'"),
        ({"max_new_tokens": 0}, "klar option max_new_tokens is 0"),
        ({"preset": "tang2024"}, "preset 'tang2024' says nothing about klar"),
        ({"batch_size": 0}, "batch size 0"),
    ],
)
def test_bad_input_is_said(model, tmp_path, options, message):
    with pytest.raises(InterpError, match=message):
        run(model, tmp_path, **options)
    assert Study.open(tmp_path / "study").runs().empty


def test_the_summary_says_what_was_found(model, tmp_path):
    study, run_id = run(model, tmp_path)
    rows = study.table("predictions")
    found = summarise(study, run_id, {"mine": {"both": ("en", "es")}})
    languages = found["languages"].set_index("lang")
    assert languages["facts"].to_dict() == {"en": 8, "es": 8, "ru": 7}
    assert languages["missing"].to_dict() == {"en": 0, "es": 0, "ru": 1}
    assert set(languages["note"]) == {"not enough data: fewer than 20 facts"}
    means = rows.groupby("lang")["correct"].mean()
    assert languages["lenient"].to_dict() == pytest.approx(means.to_dict())
    sets = found["language_sets"].set_index("lang")["accuracy"]
    assert sets["mine: both"] == pytest.approx(means[["en", "es"]].mean())
    assert sets["mean"] == pytest.approx(means.mean())
    relations = found["relations"]
    assert set(relations["group"]) == {"animal", "capital"}
    assert set(relations["lang"]) == {"en", "es", "ru", "all languages"}
    kinds = found["answer_kinds"].set_index(["group", "lang"])["facts"]
    assert kinds["proper noun", "en"] == 6 and kinds["unknown", "en"] == 2  # animals
    modes = found["failure_modes"]
    assert set(modes["label"]) == {"tiny"}
    assert modes.loc[(modes["lang"] == "ru") & (modes["mode"] == "correct"), "note"].iloc[0] == (
        "not enough data: fewer than 20 facts; 1 facts absent in this language"
    )


def test_two_checkpoints_are_compared_fact_by_fact(tmp_path):
    folder = tmp_path / "klar"
    names = ["cy"] * 12 + ["xy"] * 12
    write(folder, "en", "capital", ["x"] * 24)  # its names are not used by what follows
    content = json.loads((folder / "en" / "capital.json").read_text())
    for sample, name in zip(content["samples"], names, strict=True):
        sample["object"] = name
    content["prompt_templates"] = ["<subject> b<mask>", "<subject> a<mask>"]
    (folder / "en" / "capital.json").write_text(json.dumps(content))
    study, before = run(planted(), tmp_path, facts=f"klar:{folder}", n_demos=0, label="base")
    _, after = run(
        planted(), tmp_path, facts=f"klar:{folder}", n_demos=0, label="other", template_index=0
    )
    with pytest.raises(InterpError, match=r"differ in prompts .*template_index \(1 and 0\)"):
        compare_runs(study, before, after)
    table = compare_runs(study, before, after, same_options=False)
    row = table.set_index("lang").loc["en"]
    assert (row["before"], row["after"], row["delta"]) == (0.5, 0.5, 0)
    assert (row["gained"], row["lost"], row["facts"]) == (12, 12, 24)
    assert row["ci_low"] < -0.2 and row["ci_high"] > 0.2
    assert table["lang"].tolist() == ["en"]  # an average over one language says nothing
    changed = flipped(study, before, after)
    assert changed["change"].value_counts().to_dict() == {"gained": 12, "lost": 12}
    gained = changed[changed["change"] == "gained"]
    assert set(gained["before"]) == {"xy"} and set(gained["after"]) == {"cy"}
    same = compare_runs(study, before, before).set_index("lang").loc["en"]
    assert (same["delta"], same["gained"], same["lost"]) == (0, 0, 0)


def test_the_release_is_asked_as_released(model, tmp_path, capsys):
    study, run_id = run(model, tmp_path, preset="release", seed=42, languages=["ru", "en"])
    assert "need seed 42 and languages es,fr,ru,zh,ja,ar" in capsys.readouterr().err
    assert "need seed 42" in study.notes(run_id)["note"]
    asked = klar_questions(
        tmp_path / "klar",
        ["ru", "en"],
        options=KlarOptions(template="release", demos="global_rng"),
        seed=42,
    )
    for row, one in zip(study.table("predictions").itertuples(), asked.questions, strict=True):
        assert one.prompt.endswith(" ")
        whole = plain(model, one.prompt, 6)
        assert row.generated == whole.partition("\n")[0] + whole.partition("\n")[1]
        assert row.correct == lenient(answer_line(whole, "first"), one.target)


def test_a_run_of_another_analysis_is_refused(tmp_path):
    study = Study.open(tmp_path / "study")
    run_id = run_mcq(hooked("olmo2"), facts(), study, label="tiny", stage="base")
    with pytest.raises(InterpError, match="is one of mcq: expected one of klar"):
        summarise(study, run_id)
    with pytest.raises(InterpError, match="unknown finished run 'nothing'"):
        compare_runs(study, run_id, "nothing")


def test_on_the_command_line(tmp_path):
    app = typer.Typer()
    app.command()(eval_klar.command)
    folder = klar_folder(tmp_path / "klar")
    save_tiny(tmp_path / "model")
    sets = tmp_path / "sets.yaml"
    sets.write_text("mine: {slavic: [ru]}", encoding="utf-8")
    common = ["--model", tmp_path / "model", "--study", tmp_path / "study", "--n-demos", "1"]
    arguments = [*common, "--facts", f"klar:{folder}", "--language-sets", sets, "--device", "cpu"]
    said = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert said.exit_code == 0
    for part in ("Free generation", "mine: slavic", "capital", "proper noun", "english leak"):
        assert part in said.stdout
    study = Study.open(tmp_path / "study", create=False)
    assert study.runs()["label"].tolist() == ["model"]
    assert len(study.table("predictions")) == QUESTIONS
    sets.write_text("mine: 3", encoding="utf-8")
    with pytest.raises(InterpError, match=r"language sets .*mine.*expected"):
        CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)


def test_printing_needs_only_the_study(model, tmp_path, capsys):
    study, run_id = run(model, tmp_path, languages=["ru"], n_demos=1)
    capsys.readouterr()
    print_klar(study, run_id)
    said = capsys.readouterr().out
    assert "ru" in said and "not enough data" in said and "By relation" in said
    assert "the true answer stands in a demonstration of" in said
