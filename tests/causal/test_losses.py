"""Losses against a straight loop, sequence by sequence, on models whose weights were edited."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from interp.causal.losses import summed_nll
from interp.causal.summary import losses_of, summarise
from interp.data.tokens import tokenize_corpus, tokenize_samples
from interp.errors import InterpError
from interp.model import HookedModel
from tests.causal.cases import (
    N_BLOCKS,
    SEQ_LEN,
    ablate,
    edited,
    found,
    halves,
    small_corpus,
    straight_nats,
)
from tests.lahis.cases import LETTERS
from tests.tiny import byte_tokenizer, tiny_hooked, tiny_model


def hooked(family: str = "olmo2", add_bos: bool = True) -> HookedModel:
    return HookedModel.from_model(tiny_model(family)[0], byte_tokenizer(add_bos=add_bos))


def done(model, folder, part, **options):
    corpus = small_corpus()
    first, second = halves(corpus)
    share = {"top_fraction": 0.25 if part == "heads" else 0.1}
    study, source = found(model, first, folder, part, **share)
    return study, ablate(model, corpus, study, source, part, **options), second


def expected_nats(model, part, losses, text, means=None):
    """Sums ``[set, language, block]`` and tokens ``[language, block]``, by the straight loop."""
    sums, tokens = np.zeros_like(losses.sums), np.zeros_like(losses.weights)
    for row, one in enumerate(losses.sets):
        raw = edited(model.model, part, one.places, means)
        for sequence in text.sequences:
            cell = (losses.languages.index(sequence.lang), sequence.block)
            nats = straight_nats(raw, sequence.ids.tolist(), sequence.n_special)
            sums[row][cell] += sum(nats)
            if row == 0:
                tokens[cell] += len(nats)
    return sums, tokens


def text_of(model, corpus):
    return tokenize_corpus(
        corpus, model.tokenizer, languages=list(LETTERS), budget="all", seq_len=SEQ_LEN,
        n_blocks=N_BLOCKS,
    )  # fmt: skip


@pytest.mark.parametrize("part", ["heads", "neurons"])
@pytest.mark.parametrize(("family", "add_bos"), [("olmo2", True), ("qwen2", False)])
def test_every_loss_is_that_of_edited_weights(tmp_path, part, family, add_bos):
    model = hooked(family, add_bos)
    study, run_id, second = done(model, tmp_path, part, n_controls=1)
    losses = losses_of(study, run_id)
    sums, tokens = expected_nats(model, part, losses, text_of(model, second))
    np.testing.assert_allclose(losses.sums, sums, rtol=1e-5)
    np.testing.assert_array_equal(losses.weights, tokens)
    table = study.table("ablations", run_id=run_id)
    places = losses.languages.index
    for row in table[table["draw"].isna() & (table["kind"] == part)].itertuples():
        own = next(r for r in losses.own() if losses.sets[r].lang == row.source_lang)
        change = (sums[own] - sums[0])[places(row.lang)].sum() / tokens[places(row.lang)].sum()
        assert row.delta_nll == pytest.approx(change, abs=1e-5)
    assert table["delta_nll"].abs().max() > 0.01


def _keep(inputs, _, args):
    inputs.append(args[0])


@pytest.mark.parametrize("part", ["heads", "neurons"])
def test_means_are_those_of_the_measured_tokens_and_stand_in(tmp_path, part):
    model = hooked("olmo2")
    study, run_id, second = done(model, tmp_path, part, n_controls=1, replacement="mean")
    text = text_of(model, second)
    (stored,) = study.tensors(run_id, "means").values()
    totals, n_tokens = np.zeros(stored.reshape(3, -1).shape), 0
    for sequence in text.sequences:
        seen, inputs = [], []
        for block in model.model.model.layers:
            linear = block.self_attn.o_proj if part == "heads" else block.mlp.down_proj
            keep = partial(_keep, inputs)
            seen.append(linear.register_forward_pre_hook(keep))
        with torch.no_grad():
            model.model(input_ids=torch.tensor([sequence.ids.tolist()]))
        for handle in seen:
            handle.remove()
        for layer, value in enumerate(inputs):
            totals[layer] += value[0, sequence.n_special :].double().sum(0).numpy()
        n_tokens += len(sequence.ids) - sequence.n_special
    np.testing.assert_allclose(stored.reshape(3, -1), totals / n_tokens, atol=1e-6)
    losses = losses_of(study, run_id)
    sums, _ = expected_nats(model, part, losses, text, stored)
    np.testing.assert_allclose(losses.sums, sums, rtol=1e-5)
    zeroed = edited(model.model, part, losses.sets[1].places)
    first = text.sequences[0]
    nats = straight_nats(zeroed, first.ids.tolist(), 1)
    meant = straight_nats(edited(model.model, part, losses.sets[1].places, stored),
                          first.ids.tolist(), 1)  # fmt: skip
    assert abs(sum(nats) - sum(meant)) > 0.01  # and zero is something else


def test_chunk_ppl_is_the_mean_over_units_of_the_exponential_of_their_loss(tmp_path):
    model = hooked("olmo2")
    study, run_id, second = done(model, tmp_path, "heads", n_controls=1, loss="chunk_ppl")
    losses = losses_of(study, run_id)
    samples = tokenize_samples(
        second, model.tokenizer, languages=list(LETTERS), n_samples=len(second), seq_len=SEQ_LEN
    )
    table = study.table("ablations", run_id=run_id).set_index(["source_lang", "lang", "kind"])
    perplexity = {}
    for row in (0, *losses.own()):
        raw = edited(model.model, "heads", losses.sets[row].places)
        for lang in LETTERS:
            own = [s for s in samples.sequences if s.lang == lang]
            each = [np.exp(np.mean(straight_nats(raw, s.ids.tolist(), 1))) for s in own]
            perplexity[row, lang] = np.mean(each)
            assert len(each) == len(second) == losses.n_blocks
    for row in losses.own():
        for lang in LETTERS:
            change = np.log(perplexity[row, lang] / perplexity[0, lang])
            shown = table.loc[(losses.sets[row].lang, lang, "heads"), "delta_nll"]
            assert float(shown) == pytest.approx(change, abs=1e-5)
    assert summarise(study, run_id)["matrix"].shape == (3, 4)


def test_the_unembedding_in_chunks_gives_the_same_sums():
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(3, 7, 5, generator=generator)
    ids = torch.randint(0, 11, (3, 7), generator=generator)
    weight = torch.randn(11, 5, generator=generator)
    spans = [(1, 7), (2, 4), (1, 1)]
    sums = {
        rows: summed_nll(hidden, ids, spans, lambda x: x @ weight.T, chunk_rows=rows)
        for rows in (1, 3, 1000)
    }
    log_p = torch.log_softmax(hidden @ weight.T, -1)
    for row, (first, end) in enumerate(spans):
        expected = -sum(float(log_p[row, at - 1, ids[row, at]]) for at in range(first, end))
        for found_ in sums.values():
            assert found_[row] == pytest.approx(expected, abs=1e-5)


def test_a_loss_that_is_not_finite_is_refused(tmp_path):
    model = tiny_hooked("olmo2")
    corpus = small_corpus()
    first, _ = halves(corpus)
    study, source = found(model, first, tmp_path, top_fraction=0.25)
    raw, tokenizer = tiny_model("olmo2")
    with torch.no_grad():
        raw.get_input_embeddings().weight[tokenizer("i")["input_ids"][0]] = float("nan")
    broken = HookedModel.from_model(raw, tokenizer, self_check=False)
    with pytest.raises(InterpError, match="loss is not finite for the de text of unit u"):
        ablate(broken, corpus, study, source)
