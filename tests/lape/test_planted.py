"""Neurons planted by hand in a model and a corpus are found, exactly those, by the public call."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from interp.data.corpus import Corpus, Unit
from interp.lape.run import run_lape
from interp.model import HookedModel
from interp.study import Study
from tests.tiny import byte_tokenizer, tiny_model

LETTERS = {"en": "abcde", "de": "fghij", "es": "klmno", "fr": "pqrst"}
RARE = {"en": "u", "de": "v", "es": "w", "fr": "x"}
"""Each stands once in the whole corpus."""
N_LAYERS, N_NEURONS = 3, 200

PLANTED = {
    (0, 9): {"en"}, (0, 150): {"fr"}, (1, 0): {"en"}, (2, 77): {"de"}, (2, 199): {"es"},
    (1, 42): {"de", "fr"},
}  # fmt: skip
"""1 % of 600 neurons, one of them of two languages (all of de's letters, four of fr's)."""
DECOYS = {(0, 1 + number): list(LETTERS)[number % 4] for number in range(7)}
"""Fire once, in one language: entropy 0 like the planted ones, and earlier in the order of ties."""


def text(rng: np.random.Generator, lang: str, n: int, rare: bool) -> str:
    letters = rng.choice(list(LETTERS[lang]), n).tolist()
    if rare:
        letters[n // 2] = RARE[lang]
    return "".join(letters)


@cache
def corpus() -> Corpus:
    rng = np.random.default_rng(0)
    units = []
    for number in range(12):
        n = int(rng.integers(30, 90))  # the same for every language: nothing is cut
        texts = {lang: text(rng, lang, n, number == 5) for lang in LETTERS}
        units.append(Unit(f"u{number}", texts))
    return Corpus.build(units, tuple(LETTERS), "planted")


@cache
def fires_on() -> dict[tuple[int, int], str]:
    """(layer, neuron) -> the letters on which it fires."""
    rng = np.random.default_rng(1)
    letters = {}
    for layer in range(N_LAYERS):
        for j in range(N_NEURONS):
            # everybody else fires on two letters of each language: nearly even
            letters[layer, j] = "".join(
                "".join(rng.choice(list(own), 2, replace=False)) for own in LETTERS.values()
            )
    letters |= {place: RARE[lang] for place, lang in DECOYS.items()}
    letters |= {place: "".join(LETTERS[k] for k in langs) for place, langs in PLANTED.items()}
    letters[1, 42] = LETTERS["de"] + LETTERS["fr"][:4]
    return letters


@cache
def model() -> HookedModel:
    """Tokens are one-hot, attention and MLPs add nothing: a gate row lists the letters it likes."""
    hf, _ = tiny_model("llama", intermediate_size=N_NEURONS, num_hidden_layers=N_LAYERS)
    tokenizer = byte_tokenizer(add_bos=True)
    alphabet = "".join(LETTERS.values()) + "".join(RARE.values())
    other, special = 30, 31
    with torch.no_grad():
        embedding = hf.get_input_embeddings().weight
        embedding.zero_()
        embedding[:, other] = 1
        for token in (tokenizer.pad_token_id, tokenizer.bos_token_id):
            embedding[token] = torch.eye(32)[special]
        for place, letter in enumerate(alphabet):
            (token,) = tokenizer.encode(letter, add_special_tokens=False)
            embedding[token] = torch.eye(32)[place]
        for number, layer in enumerate(hf.model.layers):
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
            layer.post_attention_layernorm.weight.fill_(1)
            layer.mlp.gate_proj.weight.fill_(-1)
            # on BOS and padding everyone fires: counting either would drown what is planted
            layer.mlp.gate_proj.weight[:, special] = 1
            for j in range(N_NEURONS):
                for letter in fires_on()[number, j]:
                    layer.mlp.gate_proj.weight[j, alphabet.index(letter)] = 1
    return HookedModel.from_model(hf, tokenizer, name="planted")


def run(folder: Path, preset: str = "default", **options: Any) -> tuple[Study, str]:
    study = Study.open(folder)
    settings = {"seq_len": 40, "n_blocks": 4, "batch_size": 5, **options}
    name = run_lape(
        model(), corpus(), study, label="planted", stage="base", preset=preset, **settings
    )
    return study, name


def found(study: Study) -> dict[tuple[int, int], set[str]]:
    frame = study.table("neurons")
    frame = frame[frame["selected"]]
    return {
        (int(layer), int(j)): set(group["lang"])
        for (layer, j), group in frame.groupby(["layer", "neuron"])
    }


def test_counts_are_the_letters_in_the_text(tmp_path: Path) -> None:
    study, name = run(tmp_path, bos="auto", examples=0)
    tensors = study.tensors(name, "counts")
    counts = tensors["counts"].sum(axis=0, dtype=int)
    assert tensors["counts"].shape == (4, 4, N_LAYERS, N_NEURONS)
    for k, lang in enumerate(LETTERS):
        whole = "".join(unit.texts[lang] for unit in corpus().units)
        per_letter = {letter: whole.count(letter) for letter in set(whole)}
        for (layer, j), letters in fires_on().items():
            assert counts[k, layer, j] == sum(per_letter.get(c, 0) for c in set(letters))
        # 12 units in 4 blocks: two line ends per block
        assert tensors["tokens"][:, k].sum() == len(whole) + 8


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_planted_neurons_are_found(tmp_path: Path, preset: str) -> None:
    study, _ = run(tmp_path, preset, examples=2)
    expected = {place: langs if len(langs) == 1 else {"de"} for place, langs in PLANTED.items()}
    assert found(study) == expected
    frame = study.table("neuron_examples")
    shown = {
        (int(layer), int(j)): set(group["lang"])
        for (layer, j), group in frame.groupby(["layer", "neuron"])
    }
    assert shown == PLANTED, "a neuron has texts in the languages on which it fires, and no other"
    for row in frame.itertuples():
        fires = fires_on()[row.layer, row.neuron]
        assert [a > 0 for a in row.activations] == [t in fires for t in row.tokens]


def test_threshold_gives_a_neuron_of_two_languages_both(tmp_path: Path) -> None:
    study, _ = run(tmp_path, "tang2024", examples=0)
    assert found(study) == PLANTED


def test_without_the_filter_neurons_that_fired_once_come_first(tmp_path: Path) -> None:
    study, _ = run(tmp_path, examples=0, filter_quantile=None)
    assert found(study) == {place: {lang} for place, lang in list(DECOYS.items())[:6]}
