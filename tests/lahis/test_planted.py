"""A model written by hand, in which one known head matters for one known language."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from interp.lahis.summary import score_matrices, selected_heads, summarise
from interp.model import HookedModel
from tests.lahis.cases import LETTERS, letters_corpus, run
from tests.tiny import tiny_model

PLANTED = {"en": (0, 2), "de": (1, 0), "es": (1, 3)}
HARMFUL = (0, 1)  # writes another language's direction: large gradients, never of the good sign
N_LAYERS, N_HEADS, D_HEAD = 2, 4, 8
K = len(PLANTED)
IS, SAYS, NOISE = 0, K, 2 * K  # dimensions: "this is language i", "say language i", anything


def planted_model(seed=0):
    """Llama whose MLPs write nothing and whose attention looks at all earlier tokens alike.

    A letter's embedding says which language it is of. The planted head of language i reads "this
    is i" and writes "say i", which the unembedding turns into i's letters: on any other
    language's text it reads and writes exactly nothing. The other heads write small noise.
    """
    model, tokenizer = tiny_model(
        "llama", num_hidden_layers=N_LAYERS, num_attention_heads=N_HEADS,
        num_key_value_heads=N_HEADS, hidden_size=N_HEADS * D_HEAD,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(1.0 if "norm" in name else 0.0)
        embedding, unembedding = model.model.embed_tokens.weight, model.lm_head.weight
        noise = torch.randn(2, *embedding.shape, generator=generator)
        embedding[:, NOISE:] = noise[0][:, NOISE:]
        unembedding[:, NOISE:] = 0.1 * noise[1][:, NOISE:]
        for i, lang in enumerate(PLANTED):
            letters = tokenizer(LETTERS[lang], add_special_tokens=False)["input_ids"]
            embedding[letters, IS + i] = 3.0
            unembedding[letters, SAYS + i] = 3.0
        for block in model.model.layers:
            value, out = block.self_attn.v_proj.weight, block.self_attn.o_proj.weight
            for head in range(N_HEADS):
                own = slice(head * D_HEAD, (head + 1) * D_HEAD)
                shape = (D_HEAD, N_HEADS * D_HEAD - NOISE)
                value[own, NOISE:] = 0.1 * torch.randn(shape, generator=generator)
                out[NOISE:, own] = 0.1 * torch.randn(shape[::-1], generator=generator)
        for i, (layer, head) in enumerate(PLANTED.values()):
            plant(model.model.layers[layer].self_attn, head, i, i)
        for i in range(K):
            plant(model.model.layers[HARMFUL[0]].self_attn, HARMFUL[1], i, (i + 1) % K)
    return HookedModel.from_model(model, tokenizer)


def plant(attention, head, reads, writes):
    """One of the head's own dimensions carries "this is ``reads``" to "say ``writes``"."""
    own = slice(head * D_HEAD, (head + 1) * D_HEAD)
    if attention.v_proj.weight[own, :NOISE].any():  # HARMFUL gets all three languages
        own = slice(own.start + reads, own.stop)
    else:
        attention.v_proj.weight[own] = 0
        attention.o_proj.weight[:, own] = 0
    attention.v_proj.weight[own.start, IS + reads] = 1.0
    attention.o_proj.weight[SAYS + writes, own.start] = 1.0


@pytest.mark.parametrize("name", ["default", "paper", "release", "liu2025"])
def test_the_planted_head_is_the_top_head_of_its_language(tmp_path, name):
    study, run_id = run(
        planted_model(), letters_corpus(10), tmp_path, preset=name, top_fraction=1 / 8,
        quantile=0.9, general_min=2,
    )  # fmt: skip
    assert selected_heads(study, run_id) == {lang: [head] for lang, head in PLANTED.items()}
    scores = score_matrices(study, run_id)
    for lang, head in PLANTED.items():
        runner_up = np.sort(scores[lang], axis=None)[-2]
        assert scores[lang][head] > 3 * runner_up > 0
        # On other languages' text it reads nothing at all, and a harmful head never helps.
        assert all(scores[other][head] == 0 for other in PLANTED if other != lang)
        assert scores[lang][HARMFUL] == 0


def test_the_harmful_head_has_the_gradients_of_the_planted_one(tmp_path):
    # What keeps it from the top is their sign, not their size.
    study, run_id = run(planted_model(), letters_corpus(10), tmp_path)
    gradients = study.tensors(run_id, "gradients")
    for lang, head in PLANTED.items():
        size = np.abs(gradients[lang]).mean(0)
        assert size[HARMFUL] > 10 * np.median(size) and size[head] > 10 * np.median(size)
        assert (gradients[lang][:, *HARMFUL] > 0).all() and (gradients[lang][:, *head] < 0).all()


def test_summary_of_the_planted_model(tmp_path):
    study, run_id = run(planted_model(), letters_corpus(10), tmp_path, top_fraction=1 / 8)
    found = summarise(study, run_id)
    top = found["top_heads"].set_index("lang")
    assert top["best heads (layer.head)"].to_dict() == {"en": "0.2", "de": "1.0", "es": "1.3"}
    assert (top["top"] == 1).all() and (top["specific"] == 1).all() and (top["general"] == 0).all()
    assert (top["ci_low"] < top["best score"]).all() and (top["best score"] < top["ci_high"]).all()
    assert top["fullest layer"].to_dict() == {"en": 0, "de": 1, "es": 1}
    assert found["general_heads"].empty
    np.testing.assert_array_equal(found["overlap"][list(PLANTED)], 100 * np.eye(3))
    profile = found["layer_profile"]
    np.testing.assert_array_equal(profile[["en", "de"]], [[100, 0], [0, 100]])
