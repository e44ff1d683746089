"""The command, from a checkpoint folder and a corpus on disk to the printed table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from interp.cli.similarity import command
from interp.errors import InterpError
from interp.study import load_study
from tests.lape.cases import word_corpus
from tests.tiny import save_tiny


def call(*arguments: object):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    save_tiny(folder / "tiny")
    (folder / "text").mkdir()
    corpus = word_corpus(6)
    for lang in corpus.languages:
        lines = [json.dumps({"id": u.unit_id, "lang": lang, "text": u.texts[lang]}) for u in corpus]
        (folder / "text" / f"{lang}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_a_checkpoint_is_measured_and_printed(data: Path, tmp_path: Path) -> None:
    said = call(
        "--model", data / "tiny", "--corpus", data / "text", "--study", tmp_path / "s",
        "--languages", "en,ru,zh", "--centre", "language", "--n-blocks", 3, "--limit", 5,
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    assert "Similarity of translations" in said.output and "English and each" in said.output
    (record,) = load_study(tmp_path / "s").records()
    assert record.spec["arguments"]["centre"] == "language" and record.spec["label"] == "tiny"
    table = load_study(tmp_path / "s").table("similarity")
    assert len(table) == 4 * 6 * 3 and table["n_units"].sum() == 4 * 6 * 5


def test_a_wrong_choice_is_refused_before_the_study_is_made(data: Path, tmp_path: Path) -> None:
    said = call("--model", data / "tiny", "--study", tmp_path / "s", "--centre", "all")
    assert isinstance(said.exception, InterpError) and "'all'" in str(said.exception)
    assert not (tmp_path / "s").exists()


def test_a_second_checkpoint_is_compared_with_the_base(data: Path, tmp_path: Path) -> None:
    common = (
        "--model", data / "tiny", "--corpus", data / "text", "--study", tmp_path / "s",
        "--languages", "en,ru", "--n-blocks", 3,
    )  # fmt: skip
    first = call(*common, "--label", "one", "--stage", "base")
    assert "Change against" not in first.output
    second = call(*common, "--label", "two")
    assert second.exit_code == 0 and "Change against one-similarity" in second.output
    assert "+0.0000 [+0.0000, +0.0000]" in second.output
    wrong = call(*common, "--label", "three", "--against", "four")
    assert isinstance(wrong.exception, InterpError) and "'four'" in str(wrong.exception)
