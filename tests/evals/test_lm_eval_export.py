"""Exported facts, read by the harness itself: every text comes through byte for byte."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
import yaml

from interp.data.facts import Fact, FactSet, FactText
from interp.data.prompts import prompt_text
from interp.errors import InterpError
from interp.evals.lm_eval_export import METRICS, document, export_facts
from tests.lens.helpers import facts

HARNESS = pytest.mark.skipif(
    importlib.util.find_spec("lm_eval") is None,
    reason="lm-evaluation-harness is not installed (extra lm-eval)",
)

NASTY = (
    "What is {{ 7 * 7 }} and {% raw %}?",
    "'quoted' \"twice\" \\n: - [x, &y] *z # !function os.system",
    "two\nlines\r\n and\u2028a third, {# no comment #}",
    "12345",
    "سؤال؟",
)
OPTIONS = ("1990-01-01", "2001-12-31", "1066-10-14", "1789-07-14")


def nasty() -> FactSet:
    """Texts that a template, YAML or a reader of JSON might change; one language is 'no'."""
    made = [
        Fact(
            f"f{number}", "dates", "P1", ("a", "b", "c", "d"), "test",
            {
                lang: FactText(question, OPTIONS, number % 4, prompt=question)
                for lang in ("en", "no")
            },
        )
        for number, question in enumerate(NASTY)
    ]  # fmt: skip
    return FactSet.build(made, ("en", "no"), "jsonl:nasty.jsonl")


def test_the_files_of_an_export(tmp_path: Path) -> None:
    group, tasks = export_facts(facts(), tmp_path / "out", name="mine")
    assert (group, tasks) == ("mine", ("mine_en", "mine_de"))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "mine.yaml", "mine_en.yaml", "mine_de.yaml", "en.jsonl", "de.jsonl", "read_facts.py",
        "README.txt",
    }  # fmt: skip
    lines = (tmp_path / "out" / "de.jsonl").read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0])
    assert first["prompt"] == (
        "Question: Was ist die richtige und lange Antwort zu capital-fr?\nAnswer:"
    )
    assert first["choices"] == ["Paris", "Rom", "Madrid", "Lissabon"]
    assert (first["fact_id"], first["lang"], first["answer_index"]) == ("capital-fr", "de", 0)
    assert len(lines) == 6
    members = yaml.safe_load((tmp_path / "out" / "mine.yaml").read_text(encoding="utf-8"))
    assert members["task"] == ["mine_en", "mine_de"]
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]  # nothing is left beside it


@HARNESS
@pytest.mark.parametrize("form", ["qa", "cloze"])
def test_the_harness_reads_every_text_unchanged_from_anywhere(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interp.evals.lm_eval_tasks import load_tasks

    given = nasty()
    group, _ = export_facts(given, tmp_path / "made", form=form)
    assert group == ("interp_jsonl" if form == "qa" else "interp_jsonl_cloze")
    shutil.move(tmp_path / "made", tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    loaded = load_tasks([group], include_path=Path("../moved"))
    assert set(loaded.tasks) == {f"{group}_en", f"{group}_no"}
    for lang in given.languages:
        task = loaded.tasks[f"{group}_{lang}"]
        assert len(task.eval_docs) == len(given)
        for fact, doc in zip(given, task.eval_docs, strict=True):
            text = fact.texts[lang]
            expected = f"Question: {text.question}\nAnswer:" if form == "qa" else text.prompt
            assert task.fewshot_context(doc, 0) == expected
            assert task.doc_to_choice(doc) == list(OPTIONS)
            assert task.doc_to_target(doc) == text.answer_index
            requests = task.construct_requests(doc, expected, metadata=(None, 0, 1))
            assert [one.args for one in requests] == [(expected, f" {one}") for one in OPTIONS]
        assert list(task.aggregation()) == list(METRICS)


@HARNESS
def test_examples_are_never_taken_from_the_facts_that_are_asked(tmp_path: Path) -> None:
    from interp.evals.lm_eval_tasks import load_tasks

    export_facts(facts(), tmp_path / "out", name="mine")
    loaded = load_tasks(["mine"], include_path=tmp_path / "out", num_fewshot=3)
    assert {task.get_config("num_fewshot") for task in loaded.tasks.values()} == {0}


def test_a_line_holds_the_prompt_that_the_suite_asks() -> None:
    fact = next(iter(facts()))
    for form in ("qa", "native", "cloze"):
        found = document(fact, "de", form)["prompt"]
        assert found == prompt_text(None, fact.texts["de"], form=form, lang="de")


def test_mistakes_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("keep me")
    with pytest.raises(InterpError, match="holds something: expected a new or an empty folder"):
        export_facts(facts(), full)
    with pytest.raises(InterpError, match=r"unknown prompt form 'chat'.*depends on the tokenizer"):
        export_facts(facts(), tmp_path / "new", form="chat")
    with pytest.raises(InterpError, match="name 'no spaces'"):
        export_facts(facts(), tmp_path / "new", name="no spaces")
    bare = Fact("f", "r", "P1", ("a", "b", "c", "d"), "", {"en": FactText("Q?", OPTIONS, 0)})
    with pytest.raises(InterpError, match="brings no cloze prompt"):
        export_facts(FactSet.build([bare], ("en",), "made"), tmp_path / "new", form="cloze")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
    assert (full / "mine.txt").read_text() == "keep me"
