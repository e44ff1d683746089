"""Every point of every family against an implementation that shares no code with the package."""

from __future__ import annotations

import pytest
import torch

from interp.batches import pad
from interp.errors import InterpError
from interp.lens import trajectories
from interp.lens.ranks import NO_TOKEN
from interp.lens.trajectories import BatchReadout, points_of, read_batch
from interp.model import HookedModel
from tests.reference import lens as reference
from tests.tiny import FAMILIES, FAST_FAMILIES, tiny_hooked, tiny_model

OTHERS = [f for f in (*FAMILIES, "gemma3") if f not in FAST_FAMILIES]
LENGTHS = (9, 4, 13, 1, 7)
MARGIN = 2e-5
"""What padding and another order of sums may move a logit; ranks may differ where two logits are
closer than that, which the tests hold to be rare."""


def prompts(vocab: int) -> list[list[int]]:
    torch.manual_seed(3)
    return [torch.randint(3, vocab, (n,)).tolist() for n in LENGTHS]


def wanted(vocab: int) -> torch.Tensor:
    """Three roles: one token, a set of three, and nothing for every other prompt."""
    torch.manual_seed(4)
    tokens = torch.stack([torch.randperm(vocab)[:9].view(3, 3) for _ in LENGTHS])
    tokens[:, 0, 1:] = NO_TOKEN
    tokens[::2, 2] = NO_TOKEN
    return tokens


def read(model: HookedModel, rows: slice = slice(None), mid: bool = False, **options):
    shape = model.shape
    points = points_of(shape.n_layers, mid=mid, has_mid=shape.has_resid_mid)
    ids, mask = pad(prompts(shape.d_vocab)[rows])
    with torch.inference_mode():
        return read_batch(model, ids, mask, wanted(shape.d_vocab)[rows], points, **options)


def assert_equals_reference(found: BatchReadout, model: HookedModel, logits: list) -> None:
    """``logits``: per prompt and point, from the reference."""
    sharp = total = 0
    for prompt, tokens in enumerate(wanted(model.shape.d_vocab)):
        assert found.values.rank.shape[:2] == (len(LENGTHS), len(logits[prompt]))
        for point, row in enumerate(logits[prompt]):
            for role, members in enumerate(tokens.tolist()):
                rank = found.values.rank[prompt, point, role].item()
                ids = [i for i in members if i != NO_TOKEN]
                if not ids:
                    assert rank != rank  # NaN
                    continue
                least, most = (reference.rank(row, ids, m) for m in (MARGIN, -MARGIN))
                assert least <= rank <= most
                sharp, total = sharp + (least == most), total + 1
                expected = reference.logprob(row, ids)
                ours = found.values.logprob[prompt, point, role].item()
                assert ours == pytest.approx(expected, abs=1e-4)
            top = found.values.top_ids[prompt, point]
            assert torch.allclose(row[top], row.topk(5).values, atol=MARGIN)
    assert sharp > 0.9 * total  # the margin hides little


def check_family(family: str) -> None:
    model = tiny_hooked(family)
    ids = prompts(model.shape.d_vocab)
    logits = [reference.read(model.model, prompt) for prompt in ids]
    assert_equals_reference(read(model), model, logits)
    found = read(model)
    assert found.near_ties == 0
    with torch.no_grad():
        own = [model.model(torch.tensor([p])).logits[0, -1].argmax().item() for p in ids]
    assert found.values.top_ids[:, -1, 0].tolist() == own
    # random points of the middle would give it away if the last one were merely repeated
    assert found.values.top_ids[:, 0, 0].tolist() != own


@pytest.mark.parametrize("family", FAST_FAMILIES)
def test_points_equal_the_reference_and_end_in_the_argmax(family: str) -> None:
    check_family(family)


@pytest.mark.slow
@pytest.mark.parametrize("family", OTHERS)
def test_points_of_every_other_family(family: str) -> None:
    check_family(family)


@pytest.mark.parametrize("family", ["olmo2", "qwen2", "gpt2", "gemma2", "phi3"])
def test_mid_points_equal_the_reference(family: str) -> None:
    model = tiny_hooked(family)
    logits = [reference.read(model.model, p, mid=True) for p in prompts(model.shape.d_vocab)]
    assert len(logits[0]) == 2 * model.shape.n_layers + 1
    assert_equals_reference(read(model, mid=True), model, logits)


def test_the_list_of_points() -> None:
    assert [(p.layer, p.kind, p.site) for p in points_of(2, mid=True)] == [
        (0, "post", "hook_embed"),
        (1, "mid", "blocks.0.hook_resid_mid"),
        (1, "post", "blocks.0.hook_resid_post"),
        (2, "mid", "blocks.1.hook_resid_mid"),
        (2, "post", "blocks.1.hook_resid_post"),
    ]
    assert [(p.layer, p.kind) for p in points_of(2)] == [(0, "post"), (1, "post"), (2, "post")]


@pytest.mark.parametrize("family", ["gpt_neox", "phi"])
def test_parallel_residual_families_have_no_mid_points(family: str) -> None:
    with pytest.raises(InterpError, match=r"points is '\+mid'.*parallel residual.*'resid_post'"):
        read(tiny_hooked(family), mid=True)


@pytest.mark.parametrize("family", ["olmo2", "gpt2", "mistral"])
def test_batched_and_padded_equals_one_by_one(family: str) -> None:
    model = tiny_hooked(family)
    together = read(model).values
    for row in range(len(LENGTHS)):
        alone = read(model, slice(row, row + 1)).values
        assert torch.allclose(alone.logprob[0], together.logprob[row], atol=1e-4, equal_nan=True)
        assert (alone.rank[0] - together.rank[row]).abs().nan_to_num(0).max() <= 1
        assert torch.equal(alone.top_ids[0, :, 0], together.top_ids[row, :, 0])


def test_release_norms_the_last_point_twice_and_nothing_else() -> None:
    model = tiny_hooked("olmo2")
    ids = prompts(model.shape.d_vocab)
    twice = read(model, double_norm=True)
    assert_equals_reference(twice, model, [reference.release(model.model, p) for p in ids])
    once = read(model)
    assert torch.equal(twice.values.rank[:, :-1, :2], once.values.rank[:, :-1, :2])
    changed = twice.values.rank[:, -1, :2] != once.values.rank[:, -1, :2]
    assert changed.float().mean() > 0.5


def test_release_needs_a_norm_that_can_be_applied_twice() -> None:
    with pytest.raises(InterpError, match=r"'release_double'.*projects after its final norm"):
        read(tiny_hooked("opt"), double_norm=True)


@pytest.mark.parametrize("rows", [1, 4, 7])
def test_the_size_of_a_chunk_changes_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_hooked("olmo2")
    whole = read(model).values
    seen: list[int] = []
    real = trajectories.read_logits

    def spy(logits: torch.Tensor, *args, **options):
        seen.append(len(logits))
        return real(logits, *args, **options)

    monkeypatch.setattr(trajectories, "read_logits", spy)
    parts = read(model, chunk_elements=rows * model.shape.d_vocab + 5).values
    assert max(seen) == rows
    assert sum(seen) == len(LENGTHS) * (model.shape.n_layers + 1)
    assert torch.equal(parts.token_id, whole.token_id)
    assert torch.allclose(parts.logprob, whole.logprob, atol=1e-5, equal_nan=True)
    assert (parts.rank - whole.rank).abs().nan_to_num(0).max() <= 1
    assert torch.equal(parts.top_ids[..., 0], whole.top_ids[..., 0])
    read(model, chunk_elements=1)  # less than a row: one row at a time
    assert seen[-1] == 1


@pytest.mark.slow
@pytest.mark.parametrize("family", ["olmo2", "gpt2", "gemma2", "opt"])
@pytest.mark.parametrize("engine", ["transformer_lens", "nnsight"])
def test_engines_agree(engine: str, family: str) -> None:
    pytest.importorskip(engine)
    native = read(tiny_hooked(family)).values
    other = read(tiny_hooked(family, engine=engine)).values
    assert torch.allclose(native.logprob, other.logprob, atol=1e-4, rtol=0, equal_nan=True)
    assert torch.allclose(native.top_logprob, other.top_logprob, atol=1e-4, rtol=0)
    assert torch.equal(native.top_ids[:, -1, 0], other.top_ids[:, -1, 0])


def test_a_last_point_that_is_not_the_models_is_refused() -> None:
    model = tiny_hooked("olmo2")
    real = model.unembed
    model.unembed = lambda resid: -real(resid)  # a row that misses a step
    with pytest.raises(InterpError, match="lens self-check failed: at the last point of prompt 0"):
        read(model)
    read(model, double_norm=True)  # need not be the prediction: not checked


def test_rounding_of_a_half_precision_model_is_counted_not_refused() -> None:
    hf, tokenizer = tiny_model("olmo2")
    vocab = hf.config.vocab_size
    with torch.no_grad():  # every token has a twin that differs by less than bf16 can say
        hf.lm_head.weight[vocab // 2 :] = hf.lm_head.weight[: vocab // 2] * 1.0005
        hf.lm_head.weight[vocab // 2 :] += 1e-5
    model = HookedModel.from_model(hf.to(torch.bfloat16), tokenizer)
    found = read(model)
    assert not found.values.rank[:, :, 0].isnan().any()
    own = model.run(*pad(prompts(vocab)))
    last = torch.stack([own[i, n - 1] for i, n in enumerate(LENGTHS)])
    ours = found.values.top_ids[:, -1, 0]
    assert found.near_ties == (ours != last.argmax(-1)).sum()
