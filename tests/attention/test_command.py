"""The command, from a checkpoint folder and a corpus on disk to the printed table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from interp.cli.attention import command
from interp.cli.print_attention import print_attention
from interp.errors import InterpError
from interp.lahis.run import run_lahis
from interp.model.engines import guard
from interp.study import Study, load_study
from tests.lape.cases import word_corpus
from tests.tiny import save_tiny, tiny_hooked


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
    options = {"n_samples": 4, "seq_len": 30, "top_fraction": 0.25}
    study = Study.open(folder / "scored")
    run_lahis(tiny_hooked("olmo2"), corpus, study, label="tiny", stage="base", **options)
    return folder


def common(data: Path, study: Path) -> tuple[object, ...]:
    return ("--model", data / "tiny", "--corpus", data / "text", "--study", study)


def test_named_heads_are_stored_and_printed(data: Path, tmp_path: Path) -> None:
    said = call(
        *common(data, tmp_path / "s"), "--heads", "2.1,0.3", "--languages", "en,ar",
        "--samples", 2, "--seq-len", 24,
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    assert "Attention, mean over tokens" in said.output and "(even)" in said.output
    assert "Why these heads" not in said.output
    study = load_study(tmp_path / "s")
    (record,) = study.records()
    arguments = record.spec["arguments"]
    assert (arguments["n_samples"], arguments["seq_len"]) == (2, 24)
    assert record.spec["model"]["attn_implementation"] == "eager"
    assert len(study.table("attention")) == 2 * 2 * 2


def test_heads_of_a_lahis_run_of_another_study(data: Path, tmp_path: Path) -> None:
    said = call(
        *common(data, tmp_path / "s"), "--heads-from", data / "scored", "--n-heads", 3,
        "--samples", 1,
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    assert "they are the top heads of tiny-lahis-default" in said.output
    table = load_study(tmp_path / "s").table("attention")
    assert len(table.groupby(["layer", "head"])) == 3


def test_what_is_printed_are_the_shares_in_percent(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from interp.attention.summary import summarise

    call(*common(data, tmp_path / "s"), "--heads", "1.2", "--languages", "en", "--samples", 2)
    study = load_study(tmp_path / "s")
    (record,) = study.records()
    print_attention(study, record.run_id)
    said = capsys.readouterr().out
    (row,) = summarise(study, record.run_id)["heads"].to_dict("records")
    line = next(line for line in said.splitlines() if "1.2 " in line)
    cells = [cell.strip() for cell in line.strip("│ ").split("│")]
    assert cells[:3] == ["1.2", "en", "2"]
    expected = [row["tokens"], *(100 * row[n] for n in ("first", "previous", "itself"))]
    assert [float(cell) for cell in cells[3:7]] == pytest.approx(expected, abs=0.051)
    assert [float(c) for c in cells[7:]] == pytest.approx(
        [row["distance"], row["entropy"]], abs=0.0051
    )


def test_the_command_loads_eager_attention_and_needs_no_copy(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(model: object) -> None:
        raise AssertionError("the modules of an offloaded or quantised model would be copied")

    monkeypatch.setattr(guard, "private_copy", copy)
    said = call(*common(data, tmp_path / "s"), "--heads", "1.2", "--samples", 1)
    assert said.exit_code == 0, said.exception


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "both missing"),
        (("--heads", "1.2", "--heads-from", "tiny"), "both given"),
        (("--heads", "x"), "'x'"),
        (("--heads", "1.2", "--engine", "nnsight"), "'nnsight' gives no attention patterns"),
    ],
)
def test_wrong_choices_are_refused_before_the_study_is_made(
    arguments: tuple[str, ...], message: str, data: Path, tmp_path: Path
) -> None:
    said = call(*common(data, tmp_path / "s"), *arguments)
    assert isinstance(said.exception, InterpError) and message in str(said.exception)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--heads", "12.40"), "unknown head '12.40'"),
        (("--heads", "1.2", "--languages", "en,xx"), "xx"),
        (("--heads", "1.2", "--seq-len", "300"), "256 positions"),
        (("--heads-from", "grpo"), "'grpo'"),
    ],
)
def test_what_only_the_data_can_tell_is_one_line_too(
    arguments: tuple[str, ...], message: str, data: Path, tmp_path: Path
) -> None:
    said = call(*common(data, tmp_path / "s"), *arguments)
    assert isinstance(said.exception, InterpError) and message in str(said.exception)
    assert "\n" not in str(said.exception)
    assert not list(tmp_path.glob("s/runs/*"))
