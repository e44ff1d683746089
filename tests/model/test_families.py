"""Every family of the table against blocks written out by hand."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest
import torch

from interp.model import HookedModel
from interp.model.sites import FINAL, site_names, site_shape
from tests.model.straight_line import STRAIGHT_LINE, zero_head_columns
from tests.tiny import FAMILIES, FAST_FAMILIES, tiny_hooked

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt_neox-sequential": ("gpt_neox", {"use_parallel_residual": False}),
    "gemma3": ("gemma3", {}),
    "opt-post-norm": ("opt", {"do_layer_norm_before": False, "word_embed_proj_dim": 32}),
}
CASES = [
    pytest.param(name, marks=() if name in FAST_FAMILIES else pytest.mark.slow)
    for name in (*FAMILIES, *VARIANTS)
]
each_family = pytest.mark.parametrize("case", CASES)


@cache
def hooked(case: str) -> HookedModel:
    family, overrides = VARIANTS.get(case, (case, {}))
    return tiny_hooked(family, **overrides)


def some_ids(batch: int = 3, pos: int = 12, seed: int = 0) -> torch.Tensor:
    return torch.randint(3, 259, (batch, pos), generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_every_family_is_in_the_table_and_in_the_reference() -> None:
    from interp.model.architectures import ARCHITECTURES

    assert set(ARCHITECTURES) == {*FAMILIES, "gemma3"}
    assert set(STRAIGHT_LINE) == {*FAMILIES, *VARIANTS}


@each_family
@torch.no_grad()
def test_a_mask_of_ones_leaves_the_logits_bit_identical(case: str) -> None:
    model, ids = hooked(case), some_ids()
    ones = torch.ones(model.shape.n_layers, model.shape.n_heads)
    plain = model.model(ids).logits
    assert torch.equal(model.run(ids), plain)
    assert torch.equal(model.run(ids, edit=model.head_mask_edits(ones)), plain)
    with model.head_mask(ones):
        assert torch.equal(model.model(ids).logits, plain)


@each_family
@torch.no_grad()
def test_zeroing_a_head_is_zeroing_its_columns(case: str) -> None:
    model, ids, layer, head = hooked(case), some_ids(), 1, 2
    mask = torch.ones(model.shape.n_layers, model.shape.n_heads)
    mask[layer, head] = 0.0
    changed = copy.deepcopy(model.model)
    zero_head_columns(changed, case, layer, head, model.shape.d_head)
    expected = changed(ids).logits
    assert (expected - model.run(ids)).abs().max() > 1e-3  # the head does something
    torch.testing.assert_close(
        model.run(ids, edit=model.head_mask_edits(mask)), expected, atol=1e-5, rtol=1e-5
    )
    with model.ablate(heads=[(layer, head)]):
        torch.testing.assert_close(model.model(ids).logits, expected, atol=1e-5, rtol=1e-5)


@each_family
@torch.no_grad()
def test_every_site_equals_the_block_written_out(case: str) -> None:
    model, family = hooked(case), STRAIGHT_LINE[case]
    names = site_names(model.shape)
    got = model.capture(some_ids(), sites=names)
    blocks = family.blocks(model.model)
    assert list(got) == list(names)
    for name in names:
        assert tuple(got[name].shape) == site_shape(name, model.shape, 3, 12), name
    assert torch.equal(got["hook_embed"], got["blocks.0.hook_resid_pre"])
    for layer, block in enumerate(blocks):
        at = f"blocks.{layer}"
        pre, z = got[f"{at}.hook_resid_pre"], got[f"{at}.attn.hook_z"]
        mid = family.mid(block, pre, z)
        gate, up, post = family.neurons(block, pre if family.parallel else mid)
        close(got[f"{at}.mlp.hook_pre"], gate)
        close(got[f"{at}.mlp.hook_post"], post)
        assert (up is not None) == model.shape.gated
        if up is not None:
            close(got[f"{at}.mlp.hook_pre_linear"], up)
        assert family.parallel != model.shape.has_resid_mid
        if not family.parallel:
            close(got[f"{at}.hook_resid_mid"], mid)
        close(got[f"{at}.hook_resid_post"], family.post(block, mid, post))
        if layer:
            assert torch.equal(pre, got[f"blocks.{layer - 1}.hook_resid_post"])
    assert torch.equal(got[FINAL], got[f"blocks.{layer}.hook_resid_post"])


@each_family
@torch.no_grad()
def test_an_edit_of_the_stream_reaches_both_its_readers(case: str) -> None:
    model, family = hooked(case), STRAIGHT_LINE[case]
    shift = torch.linspace(-1, 1, model.shape.d_model)
    where = "blocks.1.hook_resid_" + ("pre" if family.parallel else "mid")
    seen: dict[str, torch.Tensor] = {}
    watch = {
        name: lambda v, name=name: seen.update({name: v.clone()})
        for name in (where, "blocks.1.attn.hook_z", "blocks.1.hook_resid_post")
    }
    plain = model.capture(some_ids(), sites=[where])[where]
    model.run(some_ids(), edit={where: lambda v: v + shift}, observe=watch)
    close(seen[where], plain + shift)
    block = family.blocks(model.model)[1]
    stream = seen[where]
    start = family.mid(block, stream, seen["blocks.1.attn.hook_z"]) if family.parallel else stream
    _, _, post = family.neurons(block, stream)
    close(seen["blocks.1.hook_resid_post"], family.post(block, start, post))


@each_family
@torch.no_grad()
def test_edits_inside_the_mlp_act_on_what_follows(case: str) -> None:
    model, family = hooked(case), STRAIGHT_LINE[case]
    block, at = family.blocks(model.model)[0], "blocks.0"
    sites = [f"{at}.mlp.hook_pre"] + [f"{at}.mlp.hook_pre_linear"] * model.shape.gated
    for site in sites:
        plain = model.capture(some_ids(), sites=sites)
        seen: dict[str, torch.Tensor] = {}
        model.run(
            some_ids(),
            edit={site: lambda v: -v},
            observe={f"{at}.mlp.hook_post": lambda v, seen=seen: seen.update(post=v)},
        )
        values = {**plain, site: -plain[site]}
        expected = family.act(block)(values[sites[0]])
        if model.shape.gated:
            expected = expected * values[sites[1]]
        close(seen["post"], expected)


@each_family
@torch.no_grad()
def test_the_last_residual_unembeds_to_the_logits(case: str) -> None:
    model, ids = hooked(case), some_ids()
    last = model.capture(ids, sites=[FINAL])[FINAL]
    close(model.unembed(last), model.model(ids).logits)
    # Once and only once: normalising what is already normalised gives something else, except
    # under OLMo's norm, which has no parameters.
    if model.arch.final_norm is not None and case != "olmo":
        norm = model.model.get_submodule(model.arch.final_norm)
        assert (model.unembed(norm(last)) - model.model(ids).logits).abs().max() > 1e-2


@each_family
@torch.no_grad()
def test_the_body_is_what_the_unembedding_reads_and_stops_there(case: str) -> None:
    model, ids = hooked(case), some_ids()
    head = model.model.get_output_embeddings()
    calls: list[int] = []
    handle = head.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        body = model.run(ids, output="body")
        assert not calls
    finally:
        handle.remove()
    inputs: list[torch.Tensor] = []
    handle = head.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    try:
        model.model(ids)
    finally:
        handle.remove()
    assert torch.equal(body, inputs[0])


@each_family
@torch.no_grad()
def test_right_padding_changes_nothing(case: str) -> None:
    model = hooked(case)
    lengths = (12, 7, 3)
    ids = some_ids()
    mask = (torch.arange(12) < torch.tensor(lengths)[:, None]).long()
    padded = torch.where(mask.bool(), ids, torch.zeros_like(ids))
    sites = ("blocks.2.mlp.hook_pre", "blocks.1.attn.hook_z", FINAL)
    logits = model.run(padded, mask)
    batch = model.capture(padded, mask, sites=sites)
    for row, length in enumerate(lengths):
        alone = ids[row : row + 1, :length]
        close(logits[row, :length], model.run(alone)[0])
        single = model.capture(alone, sites=sites)
        for site in sites:
            close(batch[site][row, :length], single[site][0])


@each_family
@torch.no_grad()
def test_a_later_token_changes_nothing_earlier(case: str) -> None:
    model, ids = hooked(case), some_ids()
    other = ids.clone()
    other[:, -1] = (other[:, -1] + 1) % 259
    assert torch.equal(model.run(other)[:, :-1], model.run(ids)[:, :-1])
    assert (model.run(other)[:, -1] - model.run(ids)[:, -1]).abs().max() > 1e-2


def close(got: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(got, expected, atol=2e-5, rtol=2e-5)
