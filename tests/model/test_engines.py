"""The three engines against each other and against the architecture's own equations."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch

from interp.errors import InterpError
from interp.model import HookedModel
from interp.model.engines import guard, make_engine, transformer_lens
from interp.model.sites import site_names
from tests.tiny import FAMILIES, tiny_hooked, tiny_model

LIBRARIES = ("transformer_lens", "nnsight")
QUICK = ("olmo2", "qwen2", "llama", "gpt2", "gemma2")
LIMIT = 1e-4

PAIRS = [
    pytest.param(family, name, marks=() if family in QUICK else pytest.mark.slow)
    for family in FAMILIES
    for name in LIBRARIES
]
VARIANTS = [
    ("opt", {"do_layer_norm_before": False}),
    ("opt", {"word_embed_proj_dim": 32}),
    ("gpt_neox", {"use_parallel_residual": False}),
    ("bloom", {"apply_residual_connection_post_layernorm": True}),
    ("gpt2", {"scale_attn_by_inverse_layer_idx": True}),
    ("gpt2", {"scale_attn_weights": False}),
    ("phi", {"qk_layernorm": True}),
    ("mistral", {"sliding_window": 3}),
]


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Two sequences, the second padded on the right."""
    ids = (torch.arange(24) * 37 + 5).remainder(250).view(2, 12) + 3
    mask = torch.ones_like(ids)
    mask[1, 8:] = 0
    return ids, mask


def second(model: HookedModel, name: str) -> Any:
    """Another engine on the same model."""
    return make_engine(name, model.model, model.tokenizer, model.arch, model.shape)


def values(engine: Any, model: HookedModel) -> dict[str, torch.Tensor]:
    """Every site, the logits and what the unembedding reads, at real tokens."""
    ids, mask = batch()
    found: dict[str, torch.Tensor] = {}

    def keep(site: str) -> Any:
        return lambda value: found.__setitem__(site, value.detach().clone())

    with torch.no_grad():
        sites = {site: keep(site) for site in site_names(model.shape)}
        found["logits"] = engine.run(ids, mask, observe=sites, edit={}, output="logits")
        found["body"] = engine.run(ids, mask, observe={}, edit={}, output="body")
    return {site: value[mask.bool()] for site, value in found.items()}


def gradient(engine: Any, model: HookedModel, heads: torch.Tensor) -> torch.Tensor:
    """Gradient of the summed next-token loss by a head mask."""
    ids, mask = batch()
    heads = heads.clone().requires_grad_()
    edits = model.head_mask_edits(heads)
    logits = engine.run(ids, mask, observe={}, edit=edits, output="logits")
    scores = logits[:, :-1].log_softmax(-1).gather(-1, ids[:, 1:, None]).squeeze(-1)
    return torch.autograd.grad(-(scores * mask[:, 1:]).sum(), heads)[0]


def edited(engine: Any, site: str) -> torch.Tensor:
    """Logits at real tokens after the same change at a site."""
    ids, mask = batch()
    noise = torch.Generator().manual_seed(3)

    def change(value: torch.Tensor) -> torch.Tensor:
        return value + 0.3 * torch.randn(value.shape, generator=noise)

    with torch.no_grad():
        logits = engine.run(ids, mask, observe={}, edit={site: change}, output="logits")
    return logits[mask.bool()]


def apart(a: torch.Tensor, b: torch.Tensor) -> float:
    """Largest absolute difference of two tensors of the same shape."""
    assert a.shape == b.shape
    return float((a.detach() - b.detach()).abs().max())


@pytest.mark.parametrize(("family", "name"), PAIRS)
def test_every_site_logits_and_body_agree_with_native(family: str, name: str) -> None:
    model = tiny_hooked(family)
    ours, theirs = values(model.engine, model), values(second(model, name), model)
    assert set(ours) == {*site_names(model.shape), "logits", "body"} == set(theirs)
    differences = {site: apart(ours[site], theirs[site]) for site in ours}
    assert max(differences.values()) <= LIMIT, differences


@pytest.mark.parametrize(("family", "name"), PAIRS)
def test_mask_gradients_agree_with_native(family: str, name: str) -> None:
    model = tiny_hooked(family)
    engine = second(model, name)
    shape = (model.shape.n_layers, model.shape.n_heads)
    for heads in (torch.ones(shape), torch.rand(2, *shape, generator=torch.manual_seed(0))):
        ours = gradient(model.engine, model, heads)
        assert float(ours.abs().min()) > 0  # every head matters, so none can agree by being zero
        assert apart(ours, gradient(engine, model, heads)) <= LIMIT * max(
            1, float(ours.abs().max())
        )


@pytest.mark.parametrize(("family", "name"), PAIRS)
def test_an_edit_at_any_site_has_the_same_effect(family: str, name: str) -> None:
    model = tiny_hooked(family)
    engine = second(model, name)
    plain = values(model.engine, model)["logits"]
    for site in site_names(model.shape):
        ours = edited(model.engine, site)
        assert apart(ours, plain) > 1e-2, site
        assert apart(ours, edited(engine, site)) <= LIMIT, site


@pytest.mark.slow
@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize(("family", "options"), VARIANTS)
def test_a_configuration_is_refused_or_right(
    family: str, options: dict[str, Any], name: str
) -> None:
    hf_model, tokenizer = tiny_model(family, **options)
    model = HookedModel.from_model(hf_model, tokenizer)
    try:
        engine = second(model, name)
    except InterpError as refusal:
        assert name == "transformer_lens" and "native" in str(refusal)  # nnsight runs them all
        return
    ours, theirs = values(model.engine, model), values(engine, model)
    assert max(apart(ours[site], theirs[site]) for site in ours) <= LIMIT


@pytest.mark.parametrize("family", ["qwen2", "llama"])
@pytest.mark.parametrize("name", ("native", *LIBRARIES))
def test_sites_obey_the_equations_of_a_gated_block(family: str, name: str) -> None:
    model = tiny_hooked(family)
    seen = values(second(model, name), model)
    block = model.model.model.layers[1]
    at = {k: seen[f"blocks.1.{k}"] for k in ("hook_resid_pre", "hook_resid_mid", "hook_resid_post")}
    z, pre, up, post = (
        seen[f"blocks.1.{k}"]
        for k in ("attn.hook_z", "mlp.hook_pre", "mlp.hook_pre_linear", "mlp.hook_post")
    )
    with torch.no_grad():
        read = block.post_attention_layernorm(at["hook_resid_mid"])
        assert apart(pre, block.mlp.gate_proj(read)) <= LIMIT  # the gate, not the up-projection
        assert apart(up, block.mlp.up_proj(read)) <= LIMIT
        assert apart(post, torch.nn.functional.silu(pre) * up) <= LIMIT
        attended = at["hook_resid_pre"] + block.self_attn.o_proj(z.flatten(-2))
        assert apart(at["hook_resid_mid"], attended) <= LIMIT
        added = at["hook_resid_mid"] + block.mlp.down_proj(post)
        assert apart(at["hook_resid_post"], added) <= LIMIT
        assert apart(seen["body"], model.model.model.norm(seen["ln_final.hook_in"])) <= LIMIT
        assert apart(seen["logits"], model.model.lm_head(seen["body"])) <= LIMIT


def test_the_embedding_site_includes_positions() -> None:
    model = tiny_hooked("gpt2")
    ids, mask = batch()
    inner = model.model.transformer
    expected = (inner.wte(ids) + inner.wpe(torch.arange(ids.shape[1])))[mask.bool()]
    for name in LIBRARIES:
        assert apart(values(second(model, name), model)["hook_embed"], expected) <= LIMIT


@pytest.mark.parametrize("name", LIBRARIES)
def test_padding_changes_nothing_and_no_mask_means_all_real(name: str) -> None:
    model = tiny_hooked("olmo2")
    engine = second(model, name)
    ids, mask = batch()
    with torch.no_grad():
        run = lambda i, m: engine.run(i, m, observe={}, edit={}, output="logits")  # noqa: E731
        padded = run(ids, mask)
        assert apart(padded[1:, :8], run(ids[1:, :8], None)) <= 1e-5
        assert apart(run(ids, None), run(ids, torch.ones_like(ids))) == 0.0


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_mask_reaches_the_attention(name: str) -> None:
    model = tiny_hooked("olmo2")
    ids, mask = batch()
    with torch.no_grad():
        # Causality hides the mask from real tokens; what padding positions read shows it.
        ours = model.run(ids, mask)[1, 9:]
        assert apart(ours, model.run(ids)[1, 9:]) > 1e-2
        theirs = second(model, name).run(ids, mask, observe={}, edit={}, output="logits")[1, 9:]
    assert apart(ours, theirs) <= LIMIT


@pytest.mark.parametrize("name", LIBRARIES)
def test_an_observer_sees_the_edited_value_with_its_graph(name: str) -> None:
    model = tiny_hooked("qwen2")
    engine = second(model, name)
    ids, mask = batch()
    scale = torch.tensor(2.0, requires_grad=True)
    site = "blocks.1.mlp.hook_pre"
    plain = model.capture(ids, mask, sites=[site])[site]
    seen: list[torch.Tensor] = []
    engine.run(
        ids, mask, observe={site: seen.append}, edit={site: lambda v: v * scale}, output="body"
    )
    assert apart(seen[0], 2 * plain) <= LIMIT
    assert torch.autograd.grad(seen[0].sum(), scale)[0].item() != 0.0


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_users_model_is_left_as_it_was(name: str) -> None:
    hf_model, tokenizer = tiny_model("gpt2")
    ids, mask = batch()

    def state() -> tuple[Any, ...]:
        modules = tuple((n, id(m), type(m), tuple(m.__dict__)) for n, m in hf_model.named_modules())
        flags = tuple((id(p), p.requires_grad) for p in hf_model.parameters())
        return modules, flags, hf_model.config._attn_implementation, len(tokenizer)

    with torch.no_grad():
        before, logits = state(), hf_model(input_ids=ids, attention_mask=mask).logits
        model = HookedModel.from_model(hf_model, tokenizer, engine=name)
        values(model.engine, model)
        assert state() == before
        assert torch.equal(hf_model(input_ids=ids, attention_mask=mask).logits, logits)


def test_a_private_copy_shares_the_parameters_but_no_module() -> None:
    hf_model, _ = tiny_model("qwen2")
    copied = guard.private_copy(hf_model)
    assert [id(p) for p in copied.parameters()] == [id(p) for p in hf_model.parameters()]
    assert not {id(m) for m in copied.modules()} & {id(m) for m in hf_model.modules()}
    assert copied.config is not hf_model.config


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_frozen_model_gives_mask_gradients_and_no_others(name: str) -> None:
    hf_model, tokenizer = tiny_model("gpt2")
    hf_model.requires_grad_(False)
    model = HookedModel.from_model(hf_model, tokenizer, engine=name)
    heads = torch.ones(model.shape.n_layers, model.shape.n_heads)
    assert float(gradient(model.engine, model, heads).abs().max()) > 0
    ids, mask = batch()
    assert not model.run(ids, mask).requires_grad  # the split projections ask for none either


@pytest.mark.parametrize("name", LIBRARIES)
def test_an_error_inside_an_observer_comes_out_and_leaves_nothing_behind(name: str) -> None:
    model = tiny_hooked("llama", engine=name)
    ids, mask = batch()
    calls: list[str] = []

    class Stop(Exception):
        pass

    def fail(value: torch.Tensor) -> None:
        calls.append("called")
        raise Stop("from the observer")

    before = model.run(ids, mask)
    with pytest.raises(Stop, match="from the observer"):
        model.run(ids, mask, observe={"blocks.1.hook_resid_post": fail})
    assert torch.equal(model.run(ids, mask), before)
    assert calls == ["called"]


@pytest.mark.parametrize("name", LIBRARIES)
def test_bad_sites_and_editors_are_refused(name: str) -> None:
    model = tiny_hooked("gpt2", engine=name)
    ids, mask = batch()
    with pytest.raises(InterpError, match=r"'blocks\.1\.hook_q'"):
        model.run(ids, mask, observe={"blocks.1.hook_q": print})
    with pytest.raises(InterpError, match="layer 9, expected 0 to 2"):
        model.run(ids, mask, edit={"blocks.9.hook_resid_post": lambda v: v})
    with pytest.raises(InterpError, match="not gated"):
        model.run(ids, mask, observe={"blocks.0.mlp.hook_pre_linear": print})
    with pytest.raises(InterpError, match="editor at 'hook_embed' returned"):
        model.run(ids, mask, edit={"hook_embed": lambda v: v[:, :1]})


def test_transformer_lens_refuses_what_it_does_not_know_or_gets_wrong() -> None:
    model = tiny_hooked("llama")
    other = replace(model.arch, model_type="granite")
    with pytest.raises(InterpError, match="'granite': expected one of bloom, gemma"):
        transformer_lens.create(model.model, model.tokenizer, other, model.shape)
    # The bridge of 4.3.0 scales attention scores whatever the configuration says.
    hf_model, tokenizer = tiny_model("gpt2", scale_attn_weights=False)
    native = HookedModel.from_model(hf_model, tokenizer)
    try:
        engine = second(native, "transformer_lens")
    except InterpError as refusal:
        assert "other logits than the model itself" in str(refusal)
    else:  # a later version has repaired it
        ours, theirs = values(native.engine, native), values(engine, native)
        assert apart(ours["logits"], theirs["logits"]) <= LIMIT


def test_a_point_that_never_fires_or_holds_something_else_is_refused() -> None:
    model = tiny_hooked("gpt2")
    engine = second(model, "transformer_lens")
    # The bridge splits the fused projection and never runs it; its points exist all the same.
    engine.points["blocks.0.hook_resid_mid"] = "blocks.0.attn.qkv.hook_in"
    with pytest.raises(InterpError, match=r"'blocks\.0\.hook_resid_mid' 0 times"):
        guard.check(engine, model.model, model.shape)
    engine.points["blocks.0.hook_resid_mid"] = "blocks.0.mlp.in.hook_out"
    with pytest.raises(
        InterpError, match=r"gives \(2, 5, 48\) at site 'blocks\.0\.hook_resid_mid'"
    ):
        guard.check(engine, model.model, model.shape)


def test_other_weights_are_noticed() -> None:
    model = tiny_hooked("llama")
    other, _ = tiny_model("llama", seed=1)
    with pytest.raises(InterpError, match="computes other logits"):
        guard.check(model.engine, other, model.shape)


@pytest.mark.parametrize("family", ["olmo2", "qwen2"])
@pytest.mark.parametrize("name", LIBRARIES)
def test_half_precision_runs(family: str, name: str) -> None:
    hf_model, tokenizer = tiny_model(family)
    model = HookedModel.from_model(hf_model.to(torch.bfloat16), tokenizer)
    ours, theirs = values(model.engine, model), values(second(model, name), model)
    assert theirs["blocks.2.mlp.hook_pre"].dtype == torch.bfloat16
    assert guard.relative_difference(ours["logits"], theirs["logits"]) <= guard.tolerance(
        torch.bfloat16
    )


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("transformer_lens", "transformer_lens.model_bridge.sources._bridge_builder", "-lens"),
        ("nnsight", "nnsight", "pip install nnsight"),
    ],
)
def test_a_missing_library_is_one_clear_line(
    name: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_hooked("llama")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InterpError, match=package):
        second(model, name)


def in_new_process(code: str) -> str:
    """Standard output of a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def test_interp_and_the_native_engine_import_neither_library() -> None:
    code = """
import sys, torch
backward = torch.Tensor.backward
import interp, interp.model, interp.model.verify
from tests.tiny import tiny_hooked
model = tiny_hooked("olmo2")
model.capture(torch.arange(3, 9)[None], sites=["blocks.0.attn.hook_z"])
loaded = [name for name in ("transformer_lens", "nnsight") if name in sys.modules]
print(len(loaded), torch.Tensor.backward is backward, hasattr(torch.Tensor, "save"), sep=",")
"""
    assert in_new_process(code) == "0,True,False"


def test_the_nnsight_engine_gives_backward_back() -> None:
    code = """
import sys, torch
backward = torch.Tensor.backward
from tests.tiny import tiny_hooked
tiny_hooked("olmo2", engine="nnsight")
print("nnsight" in sys.modules, torch.Tensor.backward is backward, sep=",")
"""
    assert in_new_process(code) == "True,True"
