"""Models and studies for the tests of the causal check, and a second, straight implementation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from interp.causal.run import run_ablation
from interp.data.corpus import Corpus
from interp.lahis.run import run_lahis
from interp.lape.run import run_lape
from interp.model import HookedModel
from interp.study import Study
from tests.lahis.cases import LETTERS, letters_corpus
from tests.tiny import tiny_model

SEQ_LEN, N_BLOCKS = 24, 3

NEURONS = {
    "en": {(0, 3), (1, 7)}, "de": {(0, 90), (0, 4)}, "es": {(1, 0), (1, 99)},
}  # fmt: skip
"""Planted, two per language, of 2 layers of 100."""


def halves(corpus: Corpus) -> tuple[Corpus, Corpus]:
    """Every second unit, and the others."""
    parts = corpus.units[::2], corpus.units[1::2]
    first, second = (Corpus.build(p, corpus.languages, corpus.source) for p in parts)
    return first, second


def found(
    model: HookedModel, corpus: Corpus, folder: Path, part: str = "heads", **options: Any
) -> tuple[Study, str]:
    """A study with a run that found heads or neurons on a corpus."""
    study = Study.open(folder)
    common = {"label": "tiny", "stage": "base", **options}
    if part == "heads":
        return study, run_lahis(model, corpus, study, **common)
    return study, run_lape(model, corpus, study, examples=0, seq_len=40, **common)


def ablate(
    model: HookedModel,
    corpus: Corpus,
    study: Study,
    run_id: str,
    part: str = "heads",
    **options: Any,
) -> str:
    """``run_ablation`` into the study that found the sets."""
    settings = {"seq_len": SEQ_LEN, "n_blocks": N_BLOCKS, "n_controls": 2, "batch_size": 3}
    settings |= {"label": "tiny", "stage": "base", f"{part}_from": run_id, **options}
    return run_ablation(model, corpus, study, **settings)


def neuron_model(seed: int = 0) -> HookedModel:
    """Llama whose attention writes nothing.

    A letter's embedding says which language it is of. The planted neurons of language i fire on
    "this is i" and write "say i"; on another language's letters their gate is exactly 0. The others
    fire on about half of the letters of every language and write small noise.
    """
    k, noise = len(LETTERS), 2 * len(LETTERS)
    hf, tokenizer = tiny_model(
        "llama", num_hidden_layers=2, hidden_size=32, intermediate_size=100, seed=seed
    )
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    with torch.no_grad():
        for name, parameter in hf.named_parameters():
            parameter.fill_(1.0 if "norm" in name else 0.0)
        embedding, unembedding = hf.model.embed_tokens.weight, hf.lm_head.weight
        embedding[:, noise:] = random(len(embedding), 32 - noise)
        for i, letters in enumerate(LETTERS.values()):
            ids = tokenizer(letters, add_special_tokens=False)["input_ids"]
            embedding[ids, i] = 3.0
            unembedding[ids, k + i] = 3.0
        for number, block in enumerate(hf.model.layers):
            gate, up, down = (
                getattr(block.mlp, f"{name}_proj").weight for name in ("gate", "up", "down")
            )
            gate[:, noise:] = random(100, 32 - noise)
            up[:, noise:] = random(100, 32 - noise)
            down[noise:] = 0.005 * random(32 - noise, 100)
            for i, lang in enumerate(LETTERS):
                for layer, neuron in NEURONS[lang]:
                    if layer == number:
                        gate[neuron], up[neuron], down[:, neuron] = 0.0, 0.0, 0.0
                        gate[neuron, i] = up[neuron, i] = 1.0
                        down[k + i, neuron] = 1.0
    return HookedModel.from_model(hf, tokenizer)


def edited(model: nn.Module, part: str, places: Any, means: np.ndarray | None = None) -> nn.Module:
    """A copy of a Llama-like model whose weights, not activations, leave something out.

    Args:
        model: the Hugging Face model.
        part: ``heads`` or ``neurons``.
        places: (layer, head) or (layer, neuron).
        means: what they put out instead, ``[layer, head, d_head]`` or ``[layer, neuron]``.
    """
    changed: Any = copy.deepcopy(model)
    for layer, index in places:
        block = changed.model.layers[layer]
        owner, name = (block.self_attn, "o_proj") if part == "heads" else (block.mlp, "down_proj")
        linear = getattr(owner, name)
        width = linear.in_features // changed.config.num_attention_heads if part == "heads" else 1
        columns = slice(index * width, (index + 1) * width)
        with torch.no_grad():
            if means is not None:
                if linear.bias is None:
                    linear.bias = nn.Parameter(torch.zeros(linear.out_features))
                value = torch.as_tensor(means[layer, index]).reshape(-1)
                linear.bias += linear.weight[:, columns] @ value
            linear.weight[:, columns] = 0
    return changed


def straight_nats(model: nn.Module, ids: list[int], first: int) -> list[float]:
    """Negative log-likelihood of every token from place ``first`` on, one sequence alone."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0].double()
    table = torch.log_softmax(logits, -1)
    return [-float(table[place - 1, ids[place]]) for place in range(max(1, first), len(ids))]


def stop_after_saves(monkeypatch: Any, n_saves: int) -> Callable[[], int]:
    """Interrupt the run once progress has been saved so many times; returns a counter."""
    from interp.causal.job import Job

    save, calls = Job._save, [0]

    def counted(job: Job, step: int) -> None:
        save(job, step)
        calls[0] += 1
        if calls[0] == n_saves:
            raise KeyboardInterrupt

    monkeypatch.setattr(Job, "_save", counted)
    return lambda: calls[0]


def small_corpus(n_units: int = 8) -> Corpus:
    """Letters of three languages, cut into sequences of ``SEQ_LEN``."""
    return letters_corpus(n_units, (20, 45))
