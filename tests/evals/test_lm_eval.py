"""lm-evaluation-harness, really run: its scores are ours, its results are kept, kills do not matter."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
import yaml
from typer.testing import CliRunner

from interp.data.facts import Fact, FactSet, FactText
from interp.errors import InterpError
from interp.evals.choices import chosen, normalised
from interp.evals.lm_eval_export import export_facts
from interp.evals.lm_eval_summary import summarise
from interp.evals.lm_eval_tasks import load_tasks, need_lm_eval
from interp.evals.option_items import build_items
from interp.evals.option_scores import score_options
from interp.model import HookedModel
from interp.study import Study
from tests.conftest import ROOT
from tests.tiny import byte_tokenizer, tiny_model

if importlib.util.find_spec("lm_eval") is None:
    pytest.skip("lm-evaluation-harness is not installed (extra lm-eval)", allow_module_level=True)

RULES = {"acc": "sum", "acc_norm": "character", "acc_bytes": "byte"}
WORDS = ("sea", "大海很宽", "море", "ein See", "it", "البحر", "mar", "a wide sea")


def made_facts(count: int = 24) -> FactSet:
    """Facts whose options differ in length and script, so that normalisations disagree."""
    made = []
    for number in range(count):
        drawn = random.Random(number)
        answer = drawn.randrange(4)
        texts = {
            lang: FactText(f"{question} {number}?", tuple(drawn.sample(WORDS, 4)), answer)
            for lang, question in {"en": "Which", "zh": "哪个"}.items()
        }
        made.append(Fact(f"f{number}", "words", "P1", ("a", "b", "c", "d"), "test", texts))
    return FactSet.build(made, ("en", "zh"), "made by hand")


def hooked(add_bos: bool = False) -> HookedModel:
    model, _ = tiny_model("llama", 3)
    return HookedModel.from_model(model, byte_tokenizer(add_bos), name="tiny")


def harness_run(folder: Path, model: HookedModel, tasks, **options) -> tuple[Study, str]:
    from interp.evals.lm_eval_run import run_lm_eval

    study = Study.open(folder)
    return study, run_lm_eval(model, tasks, study, label="tiny", stage="base", **options)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks") / "made"
    export_facts(made_facts(), folder, name="made")
    return folder


def write_task(folder: Path, **changes) -> None:
    """Write a task of one's own on the exported data's reader."""
    config = {
        "dataset_kwargs": {"data_file": "en.jsonl"}, "test_split": "test",
        "doc_to_text": "prompt", "output_type": "multiple_choice", "metadata": {"version": 2.5},
        **changes,
    }  # fmt: skip
    text = "custom_dataset: !function read_facts.load\n" if "dataset_path" not in config else ""
    (folder / f"{config['task']}.yaml").write_text(text + yaml.safe_dump(config), encoding="utf-8")


@pytest.mark.parametrize("add_bos", [False, True])
def test_scores_lengths_and_all_three_accuracies_are_ours(
    add_bos: bool, exported: Path, tmp_path: Path
) -> None:
    model, given = hooked(add_bos), made_facts()
    study, run_id = harness_run(
        tmp_path / "s", model, load_tasks(["made"], include_path=exported), batch_size=5
    )
    rows = study.table("predictions", run_id=run_id)
    items, counts = build_items(given, model.tokenizer)
    assert counts["token_fell_back"].sum() == 0
    assert (items[0].prompt[0] == model.tokenizer.bos_token_id) is add_bos
    ours = dict(zip([(i.fact_id, i.lang) for i in items], score_options(model, items), strict=True))
    for row in rows.itertuples():
        (item,) = [i for i in items if (i.fact_id, i.lang) == (row.fact_id, row.lang)]
        np.testing.assert_allclose(row.scores, ours[row.fact_id, row.lang], atol=1e-4)
        assert list(row.n_tokens) == [len(option) for option in item.options]
        assert list(row.n_bytes) == list(item.n_bytes)
        assert list(row.n_characters) == list(item.n_characters)
    report = study.notes(run_id)["lm_eval"]
    wanted = {(i.fact_id, i.lang): i.answer_index for i in items}
    for lang in ("en", "zh"):
        mine = rows[rows["lang"] == lang]
        answers = [wanted[fact_id, lang] for fact_id in mine["fact_id"]]
        for metric, rule in RULES.items():
            right = chosen(normalised(mine, rule)) == answers
            assert report["results"][f"made_{lang}"][f"{metric},none"] == right.mean()
        assert mine["correct"].tolist() == (chosen(normalised(mine, "sum")) == answers).tolist()
    choices = [tuple(chosen(normalised(rows, rule))) for rule in RULES.values()]
    assert len(set(choices)) == 3  # so that the three accuracies cannot be taken for one another
    assert report["groups"]["made"]["results"]["acc,none"] == rows["correct"].mean()


def test_an_interrupted_run_goes_on_with_the_next_task_and_ends_the_same(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interp.evals import lm_eval_run

    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")

    def files(folder: Path) -> dict[str, str]:
        paths = [*folder.rglob("*.parquet"), *folder.rglob("*.safetensors")]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    model, tasks = hooked(), load_tasks(["made"], include_path=exported)
    straight, run_id = harness_run(tmp_path / "straight", model, tasks)
    asked: list[str] = []
    evaluate = lm_eval_run._evaluate

    def dying(lm, name, *rest):
        asked.append(name)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return evaluate(lm, name, *rest)

    monkeypatch.setattr(lm_eval_run, "_evaluate", dying)
    with pytest.raises(KeyboardInterrupt):
        harness_run(tmp_path / "broken", model, tasks)
    broken, again = harness_run(tmp_path / "broken", model, tasks)
    assert asked == ["made_en", "made_zh", "made_zh"]
    assert again == run_id
    assert len(files(straight.path)) == 2
    assert files(broken.path) == files(straight.path)
    notes = [study.notes(run_id)["lm_eval"] for study in (straight, broken)]
    assert notes[0] == notes[1]
    _, same = harness_run(tmp_path / "broken", model, tasks)
    assert same == run_id and len(asked) == 3  # found in the study, not computed again


def test_standard_errors_resample_facts_and_not_rows(tmp_path: Path) -> None:
    # Both languages ask the same text: the second answer says nothing that the first did not.
    twice = [
        replace(fact, texts=dict.fromkeys(("en", "zh"), fact.texts["en"])) for fact in made_facts()
    ]
    export_facts(FactSet.build(twice, ("en", "zh"), "made"), tmp_path / "tasks", name="made")
    tasks = load_tasks(["made"], include_path=tmp_path / "tasks")
    study, run_id = harness_run(tmp_path / "s", hooked(), tasks)
    found = summarise(study, run_id, draws=4000).set_index(["name", "metric"])
    rows = study.table("predictions", run_id=run_id)
    right = rows[rows["lang"] == "en"]["correct"].to_numpy(float)
    assert 0.1 < right.mean() < 0.9
    expected = right.std() / np.sqrt(len(right))
    for name, kind, lang in (("made_en", "task", "en"), ("made_zh", "task", "zh"),
                             ("made", "group", None)):  # fmt: skip
        row = found.loc[(name, "acc")]
        assert (row["kind"], row["shots"]) == (kind, 0)
        assert row["lang"] == lang or lang is None
        assert row["documents"] == len(right) * (2 if kind == "group" else 1)
        assert row["value"] == right.mean()
        assert row["standard_error"] == pytest.approx(expected, rel=0.05)


def test_tasks_of_ones_own_examples_limits_and_generation(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for path in exported.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    write_task(
        folder, task="shots", doc_to_choice="choices", doc_to_target="answer_index",
        fewshot_split="test",
    )  # fmt: skip
    write_task(
        folder, task="says", output_type="generate_until", doc_to_target="{{choices[0]}}",
        generation_kwargs={"until": ["\n"], "max_gen_toks": 3}, metadata={"version": 1},
        metric_list=[{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    )  # fmt: skip
    tasks = load_tasks(["shots", "says"], include_path=folder, num_fewshot=1, limit=5)
    study, run_id = harness_run(tmp_path / "s", hooked(), tasks)
    record = json.loads(next((tmp_path / "s").rglob("run.json")).read_text(encoding="utf-8"))
    arguments = record["spec"]["arguments"]
    assert arguments["tasks"]["shots"] == {"version": 2.5, "num_fewshot": 1}
    assert arguments["limit"] == 5 and arguments["seeds"]["fewshot"] == 1234
    assert arguments["harness"].startswith("0.4.")
    rows = study.table("predictions", run_id=run_id)
    assert rows["benchmark"].value_counts().to_dict() == {"shots": 5, "says": 5}
    says = rows[rows["benchmark"] == "says"]
    assert says["generated"].notna().all() and says["scores"].isna().all()
    assert not says["correct"].any()
    found = summarise(study, run_id).set_index("name")
    assert found.loc["shots", "shots"].tolist() == [1, 1]  # acc and acc_norm
    assert np.isnan(found.loc["says", "standard_error"])  # all alike: resampling sees no error


def test_the_same_tasks_have_the_same_hash_and_changed_ones_another(
    exported: Path, tmp_path: Path
) -> None:
    first = load_tasks(["made"], include_path=exported).data_hash
    assert load_tasks(["made"], include_path=exported).data_hash == first
    assert load_tasks(["made"], include_path=exported, limit=3).data_hash != first
    export_facts(made_facts(11), tmp_path / "fewer", name="made")
    assert load_tasks(["made"], include_path=tmp_path / "fewer").data_hash != first


def test_data_that_cannot_be_had_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    from interp.cli import eval_lm_eval

    tasks = tmp_path / "tasks"
    tasks.mkdir()
    write_task(tasks, task="absent", dataset_path="nobody/nothing-at-all")
    app = typer.Typer()
    app.command()(eval_lm_eval.command)
    arguments = ["--model", str(ROOT / "artifacts" / "base"), "--tasks", "absent",
                 "--include-path", str(tasks), "--study", str(tmp_path / "study")]  # fmt: skip
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, InterpError), result.output
    message = str(result.exception)
    assert "\n" not in message
    assert message.startswith("lm-eval task 'absent' cannot be loaded: ")
    assert "nobody/nothing-at-all" in message and "local cache" in message
    assert not (tmp_path / "study").exists()


def test_mistakes_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InterpError, match="expected a folder with task YAML files"):
        load_tasks(["made"], include_path=tmp_path / "absent")
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    with pytest.raises(InterpError, match=r"pip install 'interp\[lm-eval\]'"):
        need_lm_eval()


def test_code_that_a_model_writes_is_not_run(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "read_facts.py").write_bytes((exported / "read_facts.py").read_bytes())
    (tmp_path / "en.jsonl").write_bytes((exported / "en.jsonl").read_bytes())
    write_task(
        tmp_path, task="runs", doc_to_choice="choices", doc_to_target="answer_index",
        unsafe_code=True,
    )  # fmt: skip
    with pytest.raises(InterpError, match="'runs' runs code that the model writes"):
        load_tasks(["runs"], include_path=tmp_path)


def test_a_batch_that_does_not_fit_is_one_line(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = load_tasks(["made"], include_path=exported)
    model = hooked()

    def full(*_, **__):
        raise RuntimeError("CUDA out of memory. Tried to allocate")

    monkeypatch.setattr(model.model, "forward", full)
    with pytest.raises(InterpError, match=r"task made_en: memory does not suffice.*--batch-size"):
        harness_run(tmp_path / "s", model, tasks)


@pytest.mark.slow  # the whole index of tasks
def test_an_unknown_task_is_refused_with_near_names() -> None:
    with pytest.raises(InterpError) as caught:
        load_tasks(["global_mmlu_full_swa"])
    message = str(caught.value)
    assert message.startswith("unknown lm-eval task 'global_mmlu_full_swa': expected one of ")
    assert "global_mmlu_full_sw," in message and "\n" not in message


@pytest.mark.slow  # the shipped checkpoint, through the harness's own command as well
def test_the_harness_own_command_gives_the_same_on_the_shipped_checkpoint(tmp_path: Path) -> None:
    base = ROOT / "artifacts" / "base"
    given = FactSet.load("cldr", languages=("en", "zh", "ar"), limit=40)
    group, _ = export_facts(given, tmp_path / "tasks")
    command = [
        str(Path(sys.executable).parent / "lm_eval"), "--model", "hf", "--model_args",
        f"pretrained={base}", "--device", "cpu", "--tasks", group, "--include_path",
        str(tmp_path / "tasks"), "--output_path", str(tmp_path / "said"), "--log_samples",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    (said,) = (tmp_path / "said").rglob("results_*.json")
    theirs = json.loads(said.read_text(encoding="utf-8"))["results"]

    model = HookedModel.load(str(base))
    tasks = load_tasks([group], include_path=tmp_path / "tasks")
    study, run_id = harness_run(tmp_path / "s", model, tasks)
    report = study.notes(run_id)["lm_eval"]
    items, _ = build_items(given, model.tokenizer)
    scores = score_options(model, items)
    ours = {(i.fact_id, i.lang): one for i, one in zip(items, scores, strict=True)}
    for lang in given.languages:
        for metric in RULES:
            key = f"{metric},none"
            assert report["results"][f"{group}_{lang}"][key] == theirs[f"{group}_{lang}"][key]
        (samples,) = (tmp_path / "said").rglob(f"samples_{group}_{lang}_*.jsonl")
        for line in samples.read_text(encoding="utf-8").split("\n")[:-1]:
            sample = json.loads(line)
            found = [float(response[0][0]) for response in sample["resps"]]
            np.testing.assert_allclose(found, ours[sample["doc"]["fact_id"], lang], atol=1e-4)
    for row in study.table("predictions", run_id=run_id).itertuples():
        np.testing.assert_allclose(row.scores, ours[row.fact_id, row.lang], atol=1e-4)
