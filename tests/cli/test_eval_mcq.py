"""``interp eval mcq`` as its users call it: what it prints, what it writes, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from interp.study import load_study
from tests.cli.conftest import fingerprint, refused
from tests.command import Interp
from tests.lens.helpers import facts


@pytest.fixture(scope="module")
def facts_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("facts") / "facts.jsonl"
    facts().to_jsonl(str(path))
    return path


def test_accuracy_consistency_and_flips_are_printed_and_written(
    interp: Interp, checkpoint: Path, facts_file: Path, tmp_path: Path
) -> None:
    study, out = tmp_path / "study", tmp_path / "tables"
    common = ("eval", "mcq", "--facts", facts_file, "--study", study)
    first = interp(*common, "--model", checkpoint, "--label", "before", "--stage", "base")
    assert first.code == 0, first.err
    for words in ("Accuracy of option scores", "total consistency", "37.68", "9.02", "fewer than"):
        assert words in first.out
    assert "wrong → right" not in first.out  # nothing to compare with yet
    second = interp(*common, "--model", checkpoint, "--label", "after", "--out", out)
    assert second.code == 0, second.err
    assert "wrong → right" in second.out
    table = load_study(study).table("predictions")
    accuracy = pd.read_csv(out / "all.csv").set_index("lang")["accuracy"]
    assert accuracy["de"] == table[table["lang"] == "de"]["correct"].mean()
    assert (pd.read_csv(out / "flips_all.csv")["delta"] == 0).all()
    again = interp("show", "--study", study, "--run", table["run_id"].iloc[0])
    assert "Accuracy of option scores" in again.out


def test_languages_are_averaged_as_a_file_says(
    interp: Interp, checkpoint: Path, facts_file: Path, tmp_path: Path
) -> None:
    sets = tmp_path / "sets.yaml"
    sets.write_text("mine: {germanic: [en, de], others: [fr]}\n")
    said = interp(
        "eval", "mcq", "--model", checkpoint, "--facts", facts_file, "--study", tmp_path / "s",
        "--language-sets", sets, "--normalisation", "sum",
    )  # fmt: skip
    assert said.code == 0, said.err
    # The two languages are also the mean of all, which is printed under the first name.
    assert "mean" in said.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--normalisation", "avg"], ("'avg'", "byte, token, character, sum")),
        (["--prompt-form", "quiz"], ("'quiz'", "qa, native, cloze, chat")),
        (["--prompt-form", "chat"], ("no chat template", "'qa', 'native'")),
        (["--languages", "en,fr"], ("'fr'", "en, de")),
        (["--preset", "tang2024"], ("'tang2024'", "default, paper, release")),
        (["--against", "base"], ("'base'", "(no other label)")),
        (["--split", "train"], ("split=train",)),
        (["--facts", "nowhere.jsonl"], ("nowhere.jsonl", "not there")),
        (["--language-sets", "nowhere.yaml"], ("nowhere.yaml", "cannot be read")),
    ],
)
def test_mistakes_are_one_line(
    interp: Interp, checkpoint: Path, facts_file: Path, tmp_path: Path, options, words
) -> None:
    study = tmp_path / "s"
    arguments = {"--facts": facts_file, **dict([options])}
    said = interp(
        "eval", "mcq", "--model", checkpoint, "--study", study,
        *(part for pair in arguments.items() for part in pair),
    )  # fmt: skip
    refused(said, *words)
    assert not any("predictions" in name for name in fingerprint(study))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[en, de]", ("a list, expected {split: {group: [code",)),
        ("mine: [en]", ("split 'mine' is ['en']",)),
        ("mine: {a: en}", ("group 'a' is 'en'",)),
        ("mine: {a: [no, en]}", ("code False of group 'a' is not text: quote it",)),
        ("mine: {a: [en], b: [en]}", ("names en twice",)),
        ("mine: {a: [en", ("cannot be read",)),
    ],
)
def test_a_bad_file_of_language_sets_is_one_line(
    interp: Interp, checkpoint: Path, tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    sets = tmp_path / "sets.yaml"
    sets.write_text(text)
    said = interp(
        "eval", "mcq", "--model", checkpoint, "--study", tmp_path / "s", "--language-sets", sets
    )
    refused(said, "sets.yaml", *words)


def test_a_label_without_such_a_run_is_named(
    interp: Interp, checkpoint: Path, corpus: Path, facts_file: Path, study: Path
) -> None:
    said = interp(
        "eval", "mcq", "--model", checkpoint, "--facts", facts_file, "--study", study,
        "--label", "mine", "--against", "tiny",
    )  # fmt: skip
    assert said.code == 2
    assert "'tiny' has no mcq run with these options on the same facts or texts" in said.err
    assert "mine" in set(load_study(study).runs()["label"])  # what was computed is kept


def test_a_base_that_was_asked_otherwise_is_not_compared_and_that_is_said(
    interp: Interp, checkpoint: Path, facts_file: Path, tmp_path: Path
) -> None:
    common = (
        "eval",
        "mcq",
        "--facts",
        facts_file,
        "--study",
        tmp_path / "s",
        "--model",
        checkpoint,
    )
    assert interp(*common, "--label", "base", "--stage", "base").code == 0
    assert (
        interp(*common, "--label", "base", "--stage", "base", "--prompt-form", "native").code == 0
    )
    # The base's first run is superseded by its second, and still the one to compare with.
    said = interp(*common, "--label", "tuned", "--stage", "sft")
    assert said.code == 0 and "wrong → right" in said.out
    other = interp(*common, "--label", "tuned", "--stage", "sft", "--normalisation", "sum")
    assert "not compared with the base: the study has no base asked the same" in other.out
