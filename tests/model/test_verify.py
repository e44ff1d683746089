"""``verify``: agreement is reported where it is, and disagreement where it was put."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
import torch

from interp.errors import InterpError
from interp.model import HookedModel
from interp.model import verify as module
from interp.model.engines import guard, native
from interp.model.sites import site_names
from interp.model.verify import GRADIENT, verify, worst_layers
from tests.tiny import FAMILIES, tiny_hooked, tiny_model

EXTRA = ["body", "logits", GRADIENT]


def test_three_engines_agree_on_every_site_of_olmo2() -> None:
    model = tiny_hooked("olmo2")
    frame = verify(model, per_layer=True)
    assert list(frame.columns) == [
        *("site", "engine", "other", "max_abs_diff", "limit", "shape", "verdict", "note")
    ]
    for name in ("transformer_lens", "nnsight"):
        rows = frame[frame["engine"] == name]
        assert rows["site"].tolist() == [*site_names(model.shape), *EXTRA]
        assert (rows["verdict"] == "agrees").all()
        assert (rows["max_abs_diff"] <= 1e-4).all()
    # Another order of summation cannot give the same bits everywhere: the bridge really ran.
    assert frame.loc[frame["engine"] == "transformer_lens", "max_abs_diff"].max() > 0
    shapes = frame.set_index("site")["shape"]
    assert set(shapes["blocks.0.attn.hook_z"]) == {"3x64x4x8"}
    assert set(shapes[GRADIENT]) == {"3x4"}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_three_engines_agree_on_every_family(family: str) -> None:
    frame = verify(tiny_hooked(family))
    assert set(frame["engine"]) == {"transformer_lens", "nnsight"}
    assert (frame["verdict"] == "agrees").all(), frame.to_string()
    assert (frame["max_abs_diff"] <= 1e-4).all(), frame.to_string()


def test_a_changed_weight_is_found_from_its_layer_on(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_hooked("llama")
    changed = guard.private_copy(model.model)
    gate: Any = changed.get_submodule("model.layers.1.mlp.gate_proj")
    gate.weight = torch.nn.Parameter(gate.weight * 1.01)

    def make(name: str, *_: Any) -> Any:
        engine = native.create(changed, model.tokenizer, model.arch, model.shape)
        engine.name = name
        return engine

    monkeypatch.setattr(module, "make_engine", make)
    frame = verify(model, engines=("nnsight",), per_layer=True).set_index("site")
    differs = frame.index[frame["verdict"] == "differs"].tolist()
    first = differs[0]
    assert first == "blocks.1.mlp.hook_pre"
    upstream = frame.loc[:"blocks.1.hook_resid_mid", "max_abs_diff"]
    assert (upstream == 0).all() and len(upstream) == 11
    assert frame.at["blocks.1.mlp.hook_pre_linear", "max_abs_diff"] == 0  # reads the same stream
    assert {"blocks.2.hook_resid_post", "ln_final.hook_in", *EXTRA} <= set(differs)


def test_nan_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_hooked("llama")
    changed = guard.private_copy(model.model)
    gate: Any = changed.get_submodule("model.layers.0.mlp.gate_proj")
    gate.weight = torch.nn.Parameter(gate.weight * float("nan"))
    engine = native.create(changed, model.tokenizer, model.arch, model.shape)
    monkeypatch.setattr(module, "make_engine", lambda *_: engine)
    frame = verify(model, engines=("nnsight",)).set_index("site")
    assert frame.at["logits", "verdict"] == "differs"
    assert frame.at["blocks.*.mlp.hook_pre", "layer"] == 0
    assert frame.at["blocks.*.attn.hook_z", "verdict"] == "differs"


def test_an_engine_that_refuses_is_one_row_with_the_reason() -> None:
    hf_model, tokenizer = tiny_model("phi", qk_layernorm=True)
    frame = verify(HookedModel.from_model(hf_model, tokenizer))
    refused = frame[frame["verdict"] == "refused"]
    if len(refused):  # TransformerLens 4.3.0; a later version may support it
        assert refused["engine"].tolist() == ["transformer_lens"]
        assert "q_layernorm" in refused["note"].iloc[0] and "\n" not in refused["note"].iloc[0]
    others = frame[frame["engine"] == "nnsight"]
    assert (others["verdict"] == "agrees").all() and len(others) > 5


def test_one_row_per_site_shows_its_worst_layer() -> None:
    def row(site: str, apart: float, limit: float = 1.0) -> dict[str, Any]:
        return {"site": site, "engine": "e", "max_abs_diff": apart, "limit": limit}

    frame = worst_layers(
        pd.DataFrame(
            [
                row("hook_embed", 0.1),
                row("blocks.0.hook_resid_post", 0.2),
                row("blocks.0.attn.hook_z", 0.5, limit=0.5),
                row("blocks.10.hook_resid_post", 0.7),
                row("blocks.10.attn.hook_z", 0.6, limit=1.0),
                row("logits", 0.3),
            ]
        )
    )
    assert frame[["site", "layer", "max_abs_diff"]].values.tolist() == [
        ["hook_embed", -1, 0.1],
        ["blocks.*.hook_resid_post", 10, 0.7],
        ["blocks.*.attn.hook_z", 0, 0.5],  # a full limit away, the other only 0.6 of its limit
        ["logits", -1, 0.3],
    ]


def test_a_wrapped_model_of_another_engine_is_held_against_native() -> None:
    frame = verify(tiny_hooked("qwen2", engine="transformer_lens"), engines=("transformer_lens",))
    assert set(zip(frame["engine"], frame["other"], strict=True)) == {
        ("transformer_lens", "native")
    }
    assert (frame["verdict"] == "agrees").all()


def test_own_texts_are_used() -> None:
    model = tiny_hooked("qwen2")
    frame = verify(model, engines=("nnsight",), texts=["abc", "d" * 100, "x"], per_layer=True)
    assert set(frame["shape"][frame["site"] == "logits"]) == {f"2x64x{model.shape.d_vocab}"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engines": ("native",)}, "name an engine besides 'native'"),
        ({"engines": ("native", "jax")}, "unknown engine 'jax': expected one of native"),
        ({"texts": ["", "a"]}, "at least two tokens"),
    ],
)
def test_requests_without_an_answer_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InterpError, match=message):
        verify(tiny_hooked("qwen2"), **options)
