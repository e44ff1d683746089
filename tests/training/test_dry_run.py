"""Training's dry run against trainings: the same tokens, the same parameters, nothing left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interp.data.corpus import Corpus
from tests.cli.conftest import fingerprint, refused
from tests.tiny import save_tiny
from tests.training.facts import write_facts
from training.configs import make_config
from training.cpt import train_on_text
from training.dry_run import stage_work
from training.fact_stages import train_on_facts
from training.organism.build import build_base
from training.organism.command import cldr_material
from training.organism.config import make_config as base_config
from training.organism.dry_run import base_work

SMALL = {"lora_rank": 4, "lora_alpha": 8}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("checkpoints") / "tiny")


def left(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("stage", ("sft", "grpo"))
def test_facts(checkpoint, tmp_path, stage):
    facts, out = write_facts(tmp_path / "facts.jsonl"), tmp_path / "out"
    changes = {**SMALL, "steps": 3, "check_every": 2, "checkpoint_every": 1}
    if stage == "grpo":
        changes |= {"max_completion_tokens": 4, "patience": 0}
    config = make_config(stage, "organism", changes=changes)
    sketch, work = stage_work(config, str(checkpoint), facts, out, languages=None, device="cpu")
    assert not out.exists()
    manifest = train_on_facts(config, str(checkpoint), facts, out, device="cpu").manifest
    assert f"{manifest['trained_parameters']:,} parameters are trained" in work.counted[-1]
    assert list(work.tokens) == manifest["languages"]
    if stage == "sft":
        assert work.total_tokens == manifest["tokens"]
    else:  # what is drawn comes on top
        assert work.total_tokens == manifest["tokens"] - manifest["rollout_tokens"]
        rollouts = next(one for one in work.passes if one.name == "rollouts")
        most = rollouts.steps * rollouts.continuations * sum(n for n, _ in rollouts.shapes)
        assert 0 < manifest["rollout_tokens"] <= most
    checks = next(one for one in work.passes if one.name == "checks")
    assert checks.repeats == 1
    assert sum(rows for rows, _ in checks.shapes) == 3 * 3  # facts in three languages
    assert sum(work.files.values()) == pytest.approx(left(out), rel=0.3)
    assert sketch.shape.n_layers == 3


def test_text(checkpoint, tmp_path):
    text = Corpus.load("cldr", languages=["en", "de"])
    config = make_config("cpt", "organism", changes={**SMALL, "steps": 3, "rows_per_update": 4})
    out = tmp_path / "out"
    _, work = stage_work(
        config, str(checkpoint), "cldr", out, languages=text.languages, device="cpu"
    )  # fmt: skip
    manifest = train_on_text(
        config, str(checkpoint), "cldr", out, languages=text.languages, device="cpu"
    ).manifest
    assert work.total_tokens == manifest["tokens"]
    assert len(work.passes[0].shapes) == 3
    assert f"{manifest['trained_parameters']:,} parameters" in work.counted[-1]
    again = stage_work(
        config, str(checkpoint), "cldr", out, languages=text.languages, device="cpu"
    )[1]  # fmt: skip
    assert "holds this run, finished" in again.counted[-1]
    other = make_config("cpt", "organism", changes={**SMALL, "steps": 4, "rows_per_update": 4})
    other_work = stage_work(
        other, str(checkpoint), "cldr", out, languages=text.languages, device="cpu"
    )[1]  # fmt: skip
    assert "refused without --overwrite" in other_work.counted[-1]


def test_without_an_adapter_everything_is_trained(checkpoint, tmp_path):
    config = make_config("cpt", "organism", changes={**SMALL, "lora_rank": 0, "steps": 1})
    sketch, work = stage_work(
        config, str(checkpoint), "cldr", tmp_path / "out", languages=("en", "de"), device="cpu"
    )
    assert f"{sketch.n_parameters:,} parameters are trained" in work.counted[-1]
    assert work.on_device == {"gradients and moments of AdamW": 12 * sketch.n_parameters}


def test_many_prompts_are_counted_in_part(checkpoint, tmp_path, monkeypatch):
    facts = write_facts(tmp_path / "facts.jsonl")
    config = make_config("sft", "organism", changes={**SMALL, "steps": 8, "check_every": 0})
    asked = (config, str(checkpoint), facts, tmp_path / "out")
    _, whole = stage_work(*asked, languages=None, device="cpu")
    monkeypatch.setattr("training.planned_work.MOST_PROMPTS", 24)
    _, part = stage_work(*asked, languages=None, device="cpu")
    assert (whole.sampled, part.sampled) == (1, 0.5)
    assert part.total_tokens == pytest.approx(whole.total_tokens, rel=0.1)
    assert len(part.passes[0].shapes) == len(whole.passes[0].shapes)
    assert part.logits[0].rows == pytest.approx(whole.logits[0].rows, rel=0.2)


def test_commands_leave_nothing(interp, checkpoint, tmp_path):
    facts, out = write_facts(tmp_path / "facts.jsonl"), tmp_path / "new" / "out"
    before = fingerprint(tmp_path)
    small = ("--preset", "organism", "--set", "lora_rank=4", "--device", "cpu", "--steps", "2")
    for stage in ("sft", "grpo"):
        said = interp(
            "train", stage, "--model", checkpoint, "--facts", facts, "--out", out, *small,
            "--study", tmp_path / "study", "--dry-run",
        )  # fmt: skip
        assert said.code == 0, said.err
        assert f"interp train {stage}: dry run, nothing is computed or written" in said.out
        assert "gradients and moments of AdamW" in said.out or "2 updates" in said.out
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("x")
    refused(
        interp("train", "sft", "--model", checkpoint, "--facts", facts,
               "--out", tmp_path / "thesis", *small, "--dry-run"),
        "no training run",
    )  # fmt: skip
    (tmp_path / "thesis" / "thesis.tex").unlink()
    (tmp_path / "thesis").rmdir()
    assert fingerprint(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facts.jsonl"]


@pytest.mark.slow
def test_the_base(tmp_path):
    config = base_config("quick", steps=4)
    sketch, work = base_work(tmp_path / "out", config)
    assert not (tmp_path / "out").exists()
    manifest = build_base(
        tmp_path / "out", config, cldr_material(config), overwrite=False, on_step=lambda *_: None
    )
    assert work.tokens == {"all": manifest["tokens"]}
    assert sketch.n_parameters == manifest["parameters"]
    assert left(tmp_path / "out") == pytest.approx(sum(work.files.values()), rel=0.3)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["tokens"] > 0
