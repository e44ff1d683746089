"""Compiled passes: the values of the uncompiled model, shown to who observes now."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from interp.data.corpus import Corpus
from interp.errors import InterpError
from interp.lape.run import run_lape
from interp.model import HookedModel, ModelSpec
from interp.model.engines import check_engine
from interp.model.engines.compiled import CompiledEngine
from interp.model.engines.guard import check_compiler
from interp.model.sites import head_out, mlp_pre, resid_post, site_names
from interp.study import Study
from tests.tiny import FAST_FAMILIES, save_tiny, tiny_model

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a C++ compiler")

_FEW = {"num_hidden_layers": 2}
_LAYERS = {"gemma2": {"layer_types": ["sliding_attention", "full_attention"]}}


@cache
def pair(family: str) -> tuple[HookedModel, HookedModel]:
    """The same weights twice: as they are, and compiled."""
    model, tokenizer = tiny_model(family, **_FEW, **_LAYERS.get(family, {}))
    return (
        HookedModel.from_model(model, tokenizer),
        HookedModel.from_model(model, tokenizer, compiled=True),
    )


def ids(rows: int, length: int, seed: int = 0) -> torch.Tensor:
    """Arbitrary tokens."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, 200, (rows, length), generator=generator)


def masked(rows: int, length: int) -> torch.Tensor:
    """A mask with padding at the end of the first row."""
    mask = torch.ones(rows, length, dtype=torch.long)
    mask[0, -length // 3 :] = 0
    return mask


def n_hooks(model: torch.nn.Module) -> int:
    """Hooks on a model."""
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def same(
    plain: HookedModel, fast: HookedModel, tokens: torch.Tensor, mask: Any, sites: list[str]
) -> None:
    """Every site and the output agree at the real tokens, and all are seen once."""
    counts = dict.fromkeys(sites, 0)
    theirs: dict[str, torch.Tensor] = {}
    ours: dict[str, torch.Tensor] = {}

    def keep(site: str, value: torch.Tensor) -> None:
        counts[site] += 1
        ours[site] = value

    with torch.inference_mode():
        for found, model in ((theirs, plain), (ours, fast)):
            see = keep if found is ours else theirs.__setitem__
            observe = {s: (lambda value, s=s, see=see: see(s, value)) for s in sites}
            found["output"] = model.run(tokens, mask, observe=observe, output="body")
    assert set(counts.values()) <= {1}
    real = slice(None) if mask is None else mask.bool()
    for site, value in theirs.items():
        assert ours[site].shape == value.shape
        torch.testing.assert_close(ours[site][real], value[real], atol=2e-4, rtol=1e-4, msg=site)


@pytest.mark.slow
@pytest.mark.parametrize(
    "family",
    [
        family if family == "olmo2" else pytest.param(family, marks=pytest.mark.long)
        for family in FAST_FAMILIES
    ],
)
def test_every_site_of_a_family_has_its_values(family: str) -> None:
    plain, fast = pair(family)
    assert isinstance(fast.engine, CompiledEngine) and not isinstance(plain.engine, CompiledEngine)
    assert fast.provenance["compiled"] is True and "compiled" not in plain.provenance
    sites = list(site_names(fast.shape))
    before = {name: value.clone() for name, value in fast.model.state_dict().items()}
    for tokens, mask in ((ids(3, 20), masked(3, 20)), (ids(5, 9, 1), masked(5, 9))):
        same(plain, fast, tokens, mask, sites)
    assert len(fast.engine._compiled) == 1
    assert n_hooks(fast.model) == 0
    after = fast.model.state_dict()
    assert list(after) == list(before) and all(torch.equal(before[k], after[k]) for k in before)


@pytest.mark.slow
def test_sets_of_sites_and_batches_do_not_see_each_others_values() -> None:
    """The trap: code that was compiled for one set of observers serves another."""
    plain, fast = pair("olmo2")
    first, second = [mlp_pre(0)], [resid_post(1), head_out(0)]
    for seed, sites in enumerate((first, second, first, second, [], first)):
        same(plain, fast, ids(2 + seed, 8 + seed, seed), None, sites)
    got: list[torch.Tensor] = []
    with torch.inference_mode():
        for seed in (7, 8):
            fast.run(ids(3, 11, seed), observe={mlp_pre(0): got.append}, output="body")
        kept = [value.clone() for value in got]
        fast.run(ids(3, 11, 9), output="body")  # of the same size: it must not take their memory
    assert not torch.equal(got[0], got[1])
    assert all(torch.equal(a, b) for a, b in zip(got, kept, strict=True))


@pytest.mark.slow
def test_an_observer_that_fails_leaves_nothing_behind() -> None:
    plain, fast = pair("olmo2")

    def fail(value: torch.Tensor) -> None:
        raise InterpError("seen enough")

    with torch.inference_mode(), pytest.raises(InterpError, match=r"^seen enough$"):
        fast.run(ids(3, 9), observe={mlp_pre(0): fail}, output="body")
    assert n_hooks(fast.model) == 0
    same(plain, fast, ids(3, 9), None, [mlp_pre(0)])
    with torch.inference_mode(), pytest.raises(InterpError, match="site"):
        fast.run(ids(3, 9), observe={"blocks.9.mlp.hook_pre": fail})
    assert n_hooks(fast.model) == 0


def test_edits_and_gradients_go_the_uncompiled_way() -> None:
    plain, fast = pair("olmo2")
    tokens = ids(2, 9)
    mask = torch.rand(fast.shape.n_layers, fast.shape.n_heads, requires_grad=True)
    grads = []
    for model in (plain, fast):
        logits = model.run(tokens, edit=model.head_mask_edits(mask))
        grads.append(torch.autograd.grad(logits.square().mean(), mask)[0])
    assert torch.equal(*grads) and bool(grads[0].abs().max() > 0)
    with torch.inference_mode():
        edits = fast.head_mask_edits(mask.detach())
        assert torch.equal(fast.run(tokens, edit=edits), plain.run(tokens, edit=edits))
        values = []
        for model in (plain, fast):
            with model.ablate(heads=[(0, 1)]):
                values.append(model.model(input_ids=tokens).logits)
    assert torch.equal(*values) and not torch.equal(values[0], plain.run(tokens))
    assert n_hooks(fast.model) == 0


@pytest.mark.slow
def test_lape_counts_the_same_and_records_it(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "tiny")
    study = Study.open(tmp_path / "study", create=True)
    corpus = Corpus.load("cldr", languages=("en", "de"), limit=12)
    runs = [
        run_lape(
            HookedModel.load(str(folder), device="cpu", compiled=compiled),
            corpus, study, label="tiny", stage="base", examples=0,
        )
        for compiled in (False, True)
    ]  # fmt: skip
    assert runs[0] != runs[1]
    assert study.spec(runs[1])["model"]["compiled"] is True
    plain, fast = (study.tensors(run, "counts") for run in runs)
    for key, value in plain.items():
        apart = np.abs(value.astype(float) - fast[key].astype(float))
        assert value.any() and apart.max() <= 1 and (apart > 0).mean() < 1e-3, key


def test_what_cannot_be_compiled_is_refused_at_the_door(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "tiny")
    with pytest.raises(InterpError, match="device_map"):
        ModelSpec.parse(folder, compiled=True, device_map="auto")
    for engine in ("nnsight", "transformer_lens"):
        with pytest.raises(InterpError, match=f"'{engine}' cannot be compiled"):
            check_engine(engine, compiled=True)
        with pytest.raises(InterpError, match=f"'{engine}' cannot be compiled"):
            HookedModel.load(str(folder), engine=engine, compiled=True)


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without a C++ compiler, and without what one has compiled before."""
    from torch._inductor import config

    with config.patch({"cpp.cxx": ("no-such-compiler",), "force_disable_caches": True}):
        check_compiler.cache_clear()
        torch.compiler.reset()
        yield
    check_compiler.cache_clear()


@pytest.mark.usefixtures("no_compiler")
def test_a_machine_without_a_compiler_is_told_so() -> None:
    with pytest.raises(InterpError) as refused:
        check_compiler("cpu")
    assert "C++ compiler" in str(refused.value) and "--compile" in str(refused.value)
    assert "\n" not in str(refused.value)
