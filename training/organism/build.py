"""From material to a checkpoint folder: tokenizer, training, evaluation, manifest."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from interp.data.facts import Fact
from training.lora import save_checkpoint
from training.organism.config import BaseConfig
from training.organism.documents import draw
from training.organism.evaluate import RULES, accuracy, correct, score_options
from training.organism.loop import StepReport, batch_of_step, make_optimizer, train
from training.organism.material import ENGLISH, Material
from training.organism.model import make_model
from training.organism.tokenizer import train_tokenizer
from training.run_folder import (
    LOG_FILE,
    MANIFEST_FILE,
    STATED_FILE,
    claim_folder,
    write_json,
    write_lines,
)
from training.state import STATE_FILE, load_state, save_state

OnStep = Callable[[StepReport, str], None]
LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "babel")


def tokenizer_text(material: Material, seed: int) -> dict[str, list[str]]:
    """Text to train the tokenizer on, per language: names first, then text that may be stated."""
    text: dict[str, list[str]] = {
        lang: [f" {names[lang]}" for group in material.names for names in group]
        for lang in material.languages
    }
    kinds = {"statement_en": 1.0, "statement_other": 6.0, "qa_other": 3.0, "phrase": 3.0}
    for document in draw(material, kinds, np.random.default_rng([seed, 1]), 6000):
        text[document.lang].append(document.text)
    return text


def build_base(
    out: Path, config: BaseConfig, material: Material, *, overwrite: bool, on_step: OnStep
) -> dict[str, Any]:
    """Train a base organism into a folder, or go on with the same run after a kill.

    Args:
        out: the checkpoint folder; afterwards `AutoModelForCausalLM` and `AutoTokenizer` load it.
        config: the settings.
        material: what is taught.
        overwrite: see `claim_folder`.
        on_step: called after every step with its report and the newest evaluation in words.

    Returns:
        The manifest.

    Raises:
        InterpError: see `claim_folder`.
    """
    claim = {"settings": config.fingerprint(), "data": material.data_hash}
    if claim_folder(out, claim, config.to_dict(), overwrite):
        manifest: dict[str, Any] = json.loads((out / MANIFEST_FILE).read_text(encoding="utf-8"))
        return manifest
    tokenizer = train_tokenizer(tokenizer_text(material, config.seed), config.shape.vocabulary)
    start, pad = int(tokenizer.bos_token_id), int(tokenizer.pad_token_id)
    model = make_model(config.shape, config.seed, start, pad)
    optimizer = make_optimizer(model, config)
    notes = load_state(out, model, optimizer) or {
        "step": 0, "tokens": 0, "seconds": 0.0, "log": [], "resumed": 0,
    }  # fmt: skip
    notes["resumed"] += bool(notes["step"])
    _run(out, config, material, model, tokenizer, optimizer, notes, on_step)
    return _finish(out, config, material, model, tokenizer, notes)


def _run(
    out: Path,
    config: BaseConfig,
    material: Material,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    optimizer: torch.optim.Optimizer,
    notes: dict[str, Any],
    on_step: OnStep,
) -> None:
    probe = _drawn(material, config, config.eval_facts)
    said, losses, clock = "", [], time.monotonic()
    steps = train(
        model,
        optimizer,
        config,
        lambda step: batch_of_step(step, config, material, tokenizer),
        notes["step"],
    )
    for report in steps:
        now = time.monotonic()
        notes["seconds"] += now - clock
        clock = now
        notes["step"] = report.step
        notes["tokens"] += report.n_tokens
        losses.append(report.loss)
        if report.step % 50 == 0:
            notes["log"].append(_row(report.step, "loss", "", float(np.mean(losses[-50:]))))
        if report.step % config.eval_every == 0 and report.step < config.steps:
            rows = _evaluation(model, tokenizer, probe, material.languages)["tokens"]
            notes["log"] += [
                _row(report.step, f"accuracy_{row['group']}", row["lang"], row["accuracy"])
                for row in rows
            ]
            said = in_words(rows)
            clock = time.monotonic()
        on_step(report, said)
        if report.step % config.save_every == 0 and report.step < config.steps:
            save_state(out, model, optimizer, notes)


def _row(step: int, metric: str, lang: str, value: float) -> dict[str, Any]:
    return {"step": step, "metric": metric, "lang": lang, "value": round(value, 5)}


def _drawn(material: Material, config: BaseConfig, number: int | None) -> list[Fact]:
    order = np.random.default_rng([config.seed, 2]).permutation(len(material.facts))
    return [material.facts[int(i)] for i in sorted(order[:number])]


def _evaluation(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    facts: list[Fact],
    languages: tuple[str, ...],
) -> dict[str, list[dict[str, Any]]]:
    scores = score_options(model, tokenizer, facts, languages)
    return {rule: accuracy(correct(scores, rule)) for rule in RULES}


def in_words(rows: list[dict[str, Any]]) -> str:
    """Say an evaluation in one line: English, stated elsewhere, English-only elsewhere."""

    def mean(group: str, english: bool) -> str:
        part = [r for r in rows if r["group"] == group and (r["lang"] == ENGLISH) == english]
        total = sum(int(r["n"]) for r in part)
        if not total:
            return "–"
        return f"{100 * sum(float(r['accuracy']) * int(r['n']) for r in part) / total:.0f} %"

    return (
        f"English {mean('all', True)}, stated in the language {mean('stated', False)}, "
        f"English-only facts elsewhere {mean('english_only', False)}"
    )


def _finish(
    out: Path,
    config: BaseConfig,
    material: Material,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    notes: dict[str, Any],
) -> dict[str, Any]:
    began = time.monotonic()
    asked = _drawn(material, config, config.final_facts)
    evaluation = _evaluation(model, tokenizer, asked, material.languages)
    evaluated_in = time.monotonic() - began
    notes["log"] += [
        _row(config.steps, f"accuracy_{row['group']}", row["lang"], row["accuracy"])
        for row in evaluation["tokens"]
    ]
    model.eval()
    save_checkpoint(model, tokenizer, out, base="", out=out)
    write_lines(out / LOG_FILE, notes["log"])
    write_json(out / STATED_FILE, {lang: [f.fact_id for f in material.stated[lang]]
                                   for lang in material.languages})  # fmt: skip
    shape = config.shape
    manifest = {
        "made_by": "interp train base",
        "config": config.to_dict(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "heads": shape.n_layers * shape.n_heads,
        "neurons": shape.n_layers * shape.d_mlp,
        "dtype": "float32",
        "data_hash": material.data_hash,
        "facts": len(material.facts),
        "stated": {lang: len(material.stated[lang]) for lang in material.languages},
        "tokens": notes["tokens"],
        "training_seconds": round(notes["seconds"], 1),
        "evaluation_seconds": round(evaluated_in, 1),
        "resumed": notes["resumed"],
        "machine": {"processor": platform.machine(), "threads": torch.get_num_threads()},
        "versions": {"python": platform.python_version(), **{n: version(n) for n in LIBRARIES}},
        "evaluation": {
            "what": "four options, closed book; log-likelihood divided by tokens or by bytes",
            "facts": len(asked),
            "summary": in_words(evaluation["tokens"]),
            **evaluation,
        },
    }
    write_json(out / MANIFEST_FILE, manifest)
    (out / STATE_FILE).unlink(missing_ok=True)
    return manifest
