"""Implementations of attention: the same results, and refusals before weights are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import modeling_flash_attention_utils as flash
from transformers.modeling_utils import AttentionInterface

from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.errors import InterpError
from interp.lape.run import run_lape
from interp.lens.run import run_lens
from interp.model import HookedModel, ModelSpec
from interp.model.attention import check_attention
from interp.model.loading import check_checkpoint
from interp.model.spec import ATTENTION, FLASH
from interp.study import Study
from tests.tiny import save_tiny

GPU = "cuda:0"
BF16 = {"model_type": "olmo2", "dtype": "bfloat16"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny OLMo-2 in a folder."""
    return save_tiny(tmp_path_factory.mktemp("saved") / "tiny")


def test_the_names_are_those_that_transformers_has_built_in() -> None:
    built_in = {"eager", *AttentionInterface._global_mapping} - {"paged|eager"}
    assert set(ATTENTION) == built_in
    assert {int(name[-1]) for name in FLASH} == set(flash.FLASH_ATTENTION_COMPATIBILITY_MATRIX)


def test_lens_and_lape_do_not_depend_on_it(saved: Path, tmp_path: Path) -> None:
    study = Study.open(tmp_path / "study", create=True)
    facts = FactSet.load("cldr", languages=("en", "de"), limit=4)
    corpus = Corpus.load("cldr", languages=("en", "de"), limit=12)
    lens, lape = {}, {}
    for name in ("sdpa", "eager"):
        model = HookedModel.load(str(saved), attn_implementation=name, device="cpu")
        assert model.model.config._attn_implementation == name
        options: dict[str, Any] = {"label": name, "stage": "base"}
        lens[name] = run_lens(model, facts, study, **options)
        lape[name] = run_lape(model, corpus, study, examples=0, **options)
        assert study.spec(lens[name])["model"]["attn_implementation"] == name
        assert study.spec(lape[name])["model"]["attn_implementation"] == name
    assert lens["sdpa"] != lens["eager"]
    tables = [study.table("lens_ranks", run_id=lens[name]) for name in ("sdpa", "eager")]
    columns = [name for name in tables[0] if name.endswith("rank")]
    assert columns and len(tables[0]) > 0
    for column in columns:  # a rank may move by a place where two logits are equal but for rounding
        assert float((tables[0][column] - tables[1][column]).abs().max()) <= 1, column
    counts = [study.tensors(lape[name], "counts") for name in ("sdpa", "eager")]
    for key, value in counts[0].items():
        apart = np.abs(value.astype(float) - counts[1][key].astype(float))
        assert value.any() and apart.max() <= 1 and (apart > 0).mean() < 1e-3, key


@pytest.mark.long  # its kernels are compiled first, for minutes on a busy machine
@pytest.mark.slow
def test_flex_attention_gives_the_same_logits_on_a_cpu(saved: Path) -> None:
    ids = torch.arange(3, 40).view(1, -1)
    with torch.inference_mode():
        flex = HookedModel.load(str(saved), attn_implementation="flex_attention", device="cpu")
        ours = flex.run(ids)
        plain = HookedModel.load(str(saved), device="cpu").run(ids)
    assert flex.provenance["attn_implementation"] == "flex_attention"
    torch.testing.assert_close(ours, plain, atol=1e-4, rtol=1e-4)


def refusal(call: Callable[[], Any]) -> str:
    """The one line with which a call is refused."""
    with pytest.raises(InterpError) as refused:
        call()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_an_unknown_name_and_flash_without_a_gpu_are_refused(saved: Path) -> None:
    said = refusal(lambda: ModelSpec.parse(saved, attn_implementation="spda"))
    assert "'spda'" in said and "sdpa" in said and "flash_attention_2" in said
    spec = ModelSpec.parse(saved, attn_implementation="flash_attention_2", device="cpu")
    for call in (check_checkpoint, HookedModel.load):
        said = refusal(lambda call=call: call(spec))  # type: ignore[misc]
        assert "needs a GPU" in said and "'cpu'" in said and "sdpa" in said


def test_flash_needs_its_package_and_half_precision(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ModelSpec.parse(saved, attn_implementation="flash_attention_2")
    said = refusal(lambda: check_attention(spec, BF16, GPU))
    assert "FlashAttention 2" in said and "not installed" in said
    # As if it were installed: what is left is the number type.
    matrix = flash.FLASH_ATTENTION_COMPATIBILITY_MATRIX[2]
    monkeypatch.setitem(matrix, "pkg_availability_check", lambda: True)
    check_attention(spec, BF16, GPU)
    for config in ({**BF16, "dtype": "float32"}, {"model_type": "olmo2"}):
        said = refusal(lambda config=config: check_attention(spec, config, GPU))  # type: ignore[misc]
        assert "float32" in said and "--dtype bfloat16" in said
    check_attention(
        ModelSpec.parse(saved, attn_implementation="flash_attention_2", dtype="bf16"), {**BF16}, GPU
    )
    fp32 = ModelSpec.parse(saved, attn_implementation="flash_attention_2", dtype="fp32")
    assert "float32" in refusal(lambda: check_attention(fp32, BF16, GPU))


def test_a_family_without_it_is_refused_by_name(saved: Path) -> None:
    spec = ModelSpec.parse(saved, attn_implementation="flex_attention")
    check_attention(spec, {"model_type": "olmo2"}, "cpu")
    said = refusal(lambda: check_attention(spec, {"model_type": "bloom"}, "cpu"))
    assert "bloom" in said and "eager" in said


def test_an_engine_that_computes_attention_itself_takes_eager_only(saved: Path) -> None:
    said = refusal(
        lambda: HookedModel.load(
            str(saved), engine="transformer_lens", attn_implementation="sdpa", device="cpu"
        )
    )
    assert "transformer_lens" in said and "eager" in said
