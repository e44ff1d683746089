"""The command: a run is named by label, id or study; bad input is one line; the printed tables."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

from interp.causal.read_sets import find_run
from interp.cli.ablate import command
from interp.cli.print_ablation import print_ablation
from interp.data.corpus import Corpus
from interp.errors import InterpError
from interp.lahis.run import run_lahis
from interp.lape.run import run_lape
from interp.lens.run import run_lens
from interp.model import HookedModel
from interp.study import RunSpec, Study, load_study
from tests.causal.test_facts import facts
from tests.tiny import save_tiny

WORDS = {"en": "the sea is wide", "es": "el mar es ancho", "zh": "大海很宽"}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for lang, text in WORDS.items():
        lines = [json.dumps({"id": f"u{i}", "lang": lang, "text": f"{text} {i}"}) for i in range(8)]
        (folder / f"{lang}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def study(checkpoint, corpus, tmp_path_factory):
    """A lahis and a lape run of half of the units, under two labels, and a lens run."""
    model = HookedModel.load(str(checkpoint), self_check=False)
    text = Corpus.load(str(corpus), limit=4)
    made = Study.open(tmp_path_factory.mktemp("study"))
    for label in ("tiny", "other"):
        run_lahis(model, text, made, label=label, stage="base", top_fraction=0.1)
    run_lape(
        model, text, made, label="tiny", stage="base", top_fraction=0.1, examples=0,
        filter_quantile=0.5,
    )  # fmt: skip
    run_lens(model, facts(2), made, label="tiny", stage="base", drop_collisions=False)
    return made


@pytest.fixture
def run(checkpoint, corpus, tmp_path):
    """Call the command as ``interp ablate`` would; into a new study unless told otherwise."""
    app = typer.Typer()
    app.command("ablate")(command)

    def call(*arguments, study=None):
        folder = study or tmp_path / "new"
        given = ["--model", checkpoint, "--corpus", corpus, "--study", folder, "--n-controls", 1]
        app([str(one) for one in (*given, *arguments)], standalone_mode=False)
        return load_study(folder)

    return call


def ids(study: Study, analysis: str) -> dict[str, str]:
    return {r.spec["label"]: r.run_id for r in study.records() if r.spec["analysis"] == analysis}


def test_runs_are_named_by_label_id_or_study(study, tmp_path):
    lahis, lape = ids(study, "lahis"), ids(study, "lape")
    empty = Study.open(tmp_path)
    for home, text, part, expected in (
        (study, "other", "heads", lahis["other"]),
        (study, lahis["tiny"], "heads", lahis["tiny"]),
        (study, "tiny", "neurons", lape["tiny"]),
        (empty, f"{study.path}:other", "heads", lahis["other"]),
        (empty, f"{study.path}:{lahis['tiny']}", "heads", lahis["tiny"]),
        (empty, str(study.path), "neurons", lape["tiny"]),
    ):
        source, run_id = find_run(text, part, home)
        assert run_id == expected and source.path == study.path


def test_the_command_ablates_heads_and_prints(run, study, capsys):
    target = run("--heads-from", f"{study.path}:tiny", "--languages", "en,zh")
    said = capsys.readouterr()
    (record,) = target.records()
    assert record.spec["arguments"]["languages"] == ["en", "zh"]
    for text in ("Ablation: change of the loss", "Each language's own loss", "Is it diagonal?",
                 "largest in its row, of 2 languages", "p: 1 random matrices",
                 "note: 4 blocks of text: fewer than 20"):  # fmt: skip
        assert text in " ".join(said.out.split()), said.out
    assert record.run_id in "".join(said.out.split())
    assert "interp ablation: 4 blocks" in said.err


def test_the_command_ablates_neurons_with_facts(run, study, tmp_path, capsys):
    lines = []
    for number in range(3):
        texts = {
            lang: {"question": f"{lang} {number}?", "options": [f"{lang}{c}" for c in "abcd"],
                   "answer_index": number}
            for lang in WORDS
        }  # fmt: skip
        fact = {"fact_id": f"f{number}", "relation": "r", "property_id": "P1", "split": "test"}
        lines.append(json.dumps({**fact, "option_ids": list("abcd"), "texts": texts}))
    path = tmp_path / "facts.jsonl"
    path.write_text("\n".join(lines))
    target = run(
        "--neurons-from", f"{study.path}:tiny", "--facts", f"jsonl:{path}", "--n-facts", 2,
        "--replacement", "mean",
    )  # fmt: skip
    table = target.table("ablations")
    assert set(table["kind"]) == {"neurons", "random", "layer-matched"}
    assert (table[table["draw"].isna()]["n_facts"] == 2).all()
    assert "Facts answered correctly" in capsys.readouterr().out
    print_ablation(target, target.records()[0].run_id)  # as `interp show` does, without a model
    assert "Facts answered correctly" in capsys.readouterr().out


def refusals(study):
    lahis, lape, lens = (ids(study, name) for name in ("lahis", "lape", "lens"))
    where = study.path
    return {
        "neither": ((), "both missing: expected exactly one"),
        "both": (("--heads-from", "a", "--neurons-from", "b"), "both given: expected exactly one"),
        "no such label": (
            ("--heads-from", f"{where}:grpo"), f"'grpo': expected one of other, tiny, {lahis['other']}"
        ),
        "nothing there": (("--heads-from", "tiny"), "no lahis run yet: interp lahis makes one"),
        "no such study": (("--heads-from", "no/such/study"), "no/such/study"),
        "several runs": (
            ("--heads-from", str(where)), "no run named in study .* expected one lahis run, it has"
        ),
        "another analysis": (
            ("--heads-from", f"{where}:{lape['tiny']}"), "is a run of lape: expected one of lahis"
        ),
        "a lens run": (
            ("--neurons-from", f"{where}:{lens['tiny']}"), "is a run of lens: expected one of lape"
        ),
        "language not in the run": (
            ("--heads-from", f"{where}:tiny", "--languages", "en,fr"),
            "unknown language in run .*'fr': expected one of en, es, zh",
        ),
        "bad option": (
            ("--heads-from", f"{where}:tiny", "--loss", "bits"), "unknown ablation option loss 'bits'"
        ),
        "facts nowhere": (
            ("--heads-from", f"{where}:tiny", "--facts", "jsonl:nowhere.jsonl"), "nowhere.jsonl"
        ),
    }  # fmt: skip


NAMES = (
    "neither", "both", "no such label", "nothing there", "no such study", "several runs",
    "another analysis", "a lens run", "language not in the run", "bad option", "facts nowhere",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_bad_input_is_one_line(run, study, tmp_path, name):
    cases = refusals(study)
    assert tuple(cases) == NAMES
    arguments, message = cases[name]
    with pytest.raises(InterpError, match=message) as refused:
        run(*arguments)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.rglob("run.json"))


def test_nothing_left_to_measure_says_how_to_get_some(run, checkpoint, corpus, tmp_path):
    made = Study.open(tmp_path / "all")
    model = HookedModel.load(str(checkpoint), self_check=False)
    run_lahis(model, Corpus.load(str(corpus)), made, label="all", stage="base", top_fraction=0.1)
    with pytest.raises(InterpError, match=r"used all 8; run interp lahis with --limit 4, give"):
        run("--heads-from", "all", study=made.path)
    run("--heads-from", "all", "--units", "any", study=made.path)


def test_an_unfinished_run_is_no_source(tmp_path):
    made = Study.open(tmp_path)
    spec = RunSpec("lahis", "half", "base", "default", {}, "data")
    with pytest.raises(KeyboardInterrupt), made.run(spec):
        raise KeyboardInterrupt
    with pytest.raises(InterpError, match="is not finished: run its command again"):
        find_run(spec.run_id, "heads", made)


def test_a_run_is_summarised_without_torch():
    code = "import sys, interp.causal.summary, interp.cli.print_ablation; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
