"""LAHIS's cost: against the least that its gradient can cost, and against one sample at a time.

Run ``python benchmarks/lahis.py`` (fp32, random OLMo-2 weights), or with ``--quick`` (small shapes,
seconds). Two tables, each ratio a median over rounds in which the contenders take turns:

(a) at a 100M-parameter shape, one batch of LAHIS against one forward and one backward pass of the
    same tokens with frozen parameters, as deep as the mask reaches (to the output of block 0's
    heads), by the model's own loss and without hooks on the way;
(b) at the size of the organism, LAHIS in batches against the same samples one at a time, twice:

    * as the sources run it (``src/attn_matrix_ted.py`` of the code released with arXiv 2606.06586,
      after Linuxin-xxx/LAHIS): weights frozen, attention written out with matrix products and a
      softmax, the loss from ``labels=``, ``loss.backward()`` and a step of AdamW over the mask.
      Kinder than the original: fp32 as for LAHIS, and no cache;
    * a plain loop without anything that the gradient does not need: attention as LAHIS has it (fused),
      one cross-entropy, and the gradient of the mask alone.

    Arithmetic is the same for all of (b), about 17 MFLOP per token, and no batch makes it less: what
    batches save is what a core waits for between small operations.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from _models import n_parameters, random_olmo2
from _record import Claim, finish, parse
from _timing import Timing, compare
from torch import Tensor, nn

from interp.batches import pad, plan_batches
from interp.lahis.gradients import mask_gradients
from interp.lahis.passes import TOKENS_PER_BATCH
from interp.model import HookedModel

AIM_OVERHEAD = 1.10
AIM_SPEEDUP = 2.5

SOURCES = "as the sources run it, one sample at a time"
PLAIN = "plain loop, one sample at a time"

LARGE = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
    "n_heads": 12, "vocab_size": 8192,
}  # fmt: skip
ORGANISM = {
    "hidden_size": 128, "intermediate_size": 1024, "num_hidden_layers": 8,
    "n_heads": 16, "vocab_size": 4096,
}  # fmt: skip


def ones(model: HookedModel) -> Tensor:
    """Where LAHIS differentiates."""
    return torch.ones(model.shape.n_layers, model.shape.n_heads)


class Overhead:
    """(a): one batch, as LAHIS and as a bare forward and backward pass."""

    def __init__(self, size: dict[str, int], shape: tuple[int, int]) -> None:
        self.model = random_olmo2(**size)
        self.ids = torch.randint(3, size["vocab_size"], shape)

    def bare(self) -> None:
        """The model's own loss, differentiated down to the output of block 0's heads."""
        hf = self.model.model
        leaves: list[Tensor] = []

        def leaf(_: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
            leaves.append(args[0].detach().requires_grad_(True))
            return (leaves[0],)

        handle = hf.model.layers[0].self_attn.o_proj.register_forward_pre_hook(leaf)
        try:
            loss = hf(input_ids=self.ids, labels=self.ids, use_cache=False).loss
            torch.autograd.grad(loss, leaves)
        finally:
            handle.remove()

    def lahis(self) -> None:
        """What ``interp lahis`` does per batch."""
        mask_gradients(self.model, self.ids, torch.ones_like(self.ids), ones(self.model))

    def compare(self, rounds: int) -> dict[str, Timing]:
        """Time both."""
        return compare(
            {"bare forward and backward": self.bare, "LAHIS": self.lahis},
            baseline="bare forward and backward",
            rounds=rounds,
        )


class Batching:
    """(b): samples of about a hundred tokens, in batches and one at a time."""

    def __init__(self, size: dict[str, int], n_samples: int) -> None:
        self.model = random_olmo2(**size)
        generator = torch.Generator().manual_seed(1)
        lengths = torch.randint(70, 131, (n_samples,), generator=generator).tolist()
        self.samples = [
            torch.randint(3, size["vocab_size"], (n,), generator=generator).tolist()
            for n in lengths
        ]
        self.plan = plan_batches(lengths, "auto", tokens_per_batch=TOKENS_PER_BATCH["cpu"])

    def batched(self) -> None:
        """What ``interp lahis`` does."""
        for indices in self.plan.batches:
            ids, attention = pad([self.samples[i] for i in indices])
            mask_gradients(self.model, ids, attention, ones(self.model))

    def alone(self) -> None:
        """The same function with batches of one."""
        for sample in self.samples:
            mask_gradients(self.model, torch.tensor([sample]), None, ones(self.model))

    @contextmanager
    def masked(self, mask: Tensor) -> Iterator[None]:
        """Put a head mask in front of each output projection, with plain hooks."""
        n_heads = self.model.shape.n_heads

        def scale(layer: int, _: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
            heads = args[0].unflatten(-1, (n_heads, -1))
            return ((heads * mask[layer][:, None]).flatten(-2),)

        handles = [
            layer.self_attn.o_proj.register_forward_pre_hook(partial(scale, i))
            for i, layer in enumerate(self.model.model.model.layers)
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def plain(self) -> None:
        """One forward and one backward pass per sample, and nothing else."""
        hf = self.model.model
        mask = ones(self.model).requires_grad_(True)
        with self.masked(mask):
            for sample in self.samples:
                ids = torch.tensor([sample])
                logits = hf(input_ids=ids, use_cache=False).logits[0]
                torch.autograd.grad(F.cross_entropy(logits[:-1], ids[0, 1:]), mask)

    def sources(self) -> None:
        """What the sources do per sample, with the causal mask that the release lost."""
        hf = self.model.model
        mask = nn.Parameter(ones(self.model))
        optimizer = torch.optim.AdamW([mask], lr=1e-2)
        importance, negative = torch.zeros_like(mask), torch.zeros_like(mask, dtype=torch.int32)
        fused = hf.config._attn_implementation
        hf.set_attn_implementation("eager")
        try:
            with self.masked(mask):
                for sample in self.samples:
                    ids = torch.tensor([sample])
                    loss = hf(input_ids=ids, labels=ids, use_cache=False).loss
                    optimizer.zero_grad()
                    loss.backward()
                    with torch.no_grad():
                        assert mask.grad is not None
                        importance += mask.grad.abs() * mask * 1000
                        negative += (mask.grad * mask < 0).int()
                    optimizer.step()
        finally:
            hf.set_attn_implementation(fused)

    def compare(self, rounds: int) -> dict[str, Timing]:
        """Time all four."""
        return compare(
            {
                "LAHIS in batches": self.batched,
                "LAHIS, one sample at a time": self.alone,
                PLAIN: self.plain,
                SOURCES: self.sources,
            },
            baseline="LAHIS in batches",
            rounds=rounds,
            warmup=1,
        )


def report_overhead(quick: bool, rounds: int) -> Claim:
    """Print table (a) and return its claim."""
    size = {**LARGE, "num_hidden_layers": 2, "hidden_size": 192} if quick else LARGE
    bench = Overhead(size, (4, 64) if quick else (4, 256))
    batch, pos = bench.ids.shape
    shape = (
        f"OLMo-2 shape, {n_parameters(bench.model) / 1e6:.0f}M parameters, batch {batch} x {pos} "
        "tokens, fp32"
    )
    print(f"(a) {shape}")
    found = bench.compare(rounds)
    for timing in found.values():
        print(timing)
    what = "LAHIS / one batched forward and backward to the first block's heads"
    return Claim.of(found["LAHIS"], what, shape, limit=AIM_OVERHEAD)


def report_batching(quick: bool, rounds: int) -> list[Claim]:
    """Print table (b) and return its claims."""
    bench = Batching(ORGANISM, 24 if quick else 120)
    shape = (
        f"OLMo-2 organism, {len(bench.samples)} samples of "
        f"{sum(map(len, bench.samples)) / len(bench.samples):.0f} tokens, fp32"
    )
    print(f"(b) {shape}, {len(bench.plan)} batches")
    found = bench.compare(rounds)
    for timing in found.values():
        print(timing)
    return [
        Claim.of(found[name], f"{name} / LAHIS", shape, limit=AIM_SPEEDUP, at_least=True)
        for name in (SOURCES, PLAIN)
    ]


def main() -> None:
    """Run both parts and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small shapes, for a smoke test")
    parser.add_argument("--part", choices=("a", "b"), default=None, help="default: both")
    parser.add_argument("--rounds", type=int, default=None, help="default: 11, with --quick 3")
    parser.add_argument("--threads", type=int, default=None, help="default: torch's choice")
    arguments = parse(parser, "part")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    rounds = arguments.rounds or (3 if arguments.quick else 11)
    print(f"fp32, {torch.get_num_threads()} threads")
    claims = []
    if arguments.part != "b":
        claims.append(report_overhead(arguments.quick, rounds))
    if arguments.part != "a":
        claims.extend(report_batching(arguments.quick, rounds))
    finish(arguments, __file__, claims)


if __name__ == "__main__":
    main()
