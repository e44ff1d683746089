"""Analyses and GRPO at OLMo-2-7B and Qwen-2.5-7B shapes on one GPU, each against its baseline.

Run ``python benchmarks/gpu.py`` where there is a GPU of 40 GiB or more (random weights in bf16, made on the device;
GRPO saves a checkpoint to a temporary folder of 16 GB), ``--shape`` for one of the two, ``--part`` for one of lape,
lahis, lens, mcq and grpo. ``--tiny`` (the same as ``--quick``) runs the same code at tiny shapes on the CPU, in
fp32 and in seconds: a rehearsal, not a measurement.

* LAPE against a bare forward of the body of the same tokens;
* LAHIS in batches against the samples one at a time, as the sources run them;
* the lens against a bare forward of the body of the same prompts;
* option scores with a prompt computed once against one row per option;
* GRPO: seconds per fact, twelve languages and eight rollouts, with an adapter.

The record also has rates (tokens, samples and facts per second) and every part's peak memory in bytes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from _counts import lape_counts
from _gpu_models import SHAPES, make, n_bytes, peak, waited
from _record import Claim, finish, parse
from _timing import compare
from torch import Tensor

from interp.batches import TOKENS_PER_BATCH, pad, plan_batches
from interp.evals.option_items import OptionItem
from interp.evals.option_scores import score_options
from interp.lahis.gradients import mask_gradients
from interp.lahis.passes import TOKENS_PER_BATCH as LAHIS_TOKENS
from interp.lens.trajectories import points_of, read_batch
from interp.model import HookedModel

PARTS = ("lape", "lahis", "lens", "mcq", "grpo")
LIMIT_MEMORY = 1.15


class Job(NamedTuple):
    """Two contenders over the same units.

    Attributes:
        what: contender / baseline (or baseline / contender, where more is better).
        ours: what the suite does.
        theirs: the baseline.
        units: how many are done in one call.
        unit: their name.
        limit: of the ratio.
        speedup: whether the ratio is theirs / ours.
    """

    what: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    units: int
    unit: str
    limit: float | None
    speedup: bool = False


class Jobs:
    """The contenders on one model."""

    def __init__(self, model: HookedModel, device: str, tiny: bool) -> None:
        self.model, self.device, self.tiny = model, device, tiny
        self.draw = torch.Generator().manual_seed(1)

    def ids(self, length: int) -> list[int]:
        """Random token ids."""
        found: list[int] = torch.randint(
            3, self.model.shape.d_vocab, (length,), generator=self.draw
        ).tolist()
        return found

    def lape(self) -> Job:
        """A batch of full sequences, counted."""
        pos = 64 if self.tiny else 1024
        rows = 2 if self.tiny else TOKENS_PER_BATCH["cuda"] // pos
        ids = torch.tensor([self.ids(pos) for _ in range(rows)])

        def count() -> None:
            with torch.inference_mode():
                lape_counts(self.model, ids)

        what = "LAPE / bare forward of the body"
        return Job(what, count, lambda: self._bare(ids), ids.numel(), "tokens", 1.03)

    def _bare(self, ids: Tensor, mask: Tensor | None = None) -> None:
        with torch.inference_mode():
            self.model.run(ids, mask, output="body")

    def lahis(self) -> Job:
        """Samples of about a hundred tokens."""
        shape = self.model.shape
        samples = [self.ids(70 + (17 * i) % 60) for i in range(4 if self.tiny else 64)]
        budget = LAHIS_TOKENS[self.device]
        plan = plan_batches([len(one) for one in samples], "auto", tokens_per_batch=budget)
        ones = torch.ones(shape.n_layers, shape.n_heads, device=self.device)

        def batched() -> None:
            for batch in plan.batches:
                mask_gradients(self.model, *pad([samples[i] for i in batch]), ones)

        def alone() -> None:
            mask = ones.clone().requires_grad_(True)
            edit = self.model.head_mask_edits(mask[None])
            for sample in samples:
                ids = torch.tensor([sample], device=self.device)
                logits = self.model.run(ids, edit=edit, output="logits")[0].float()
                torch.autograd.grad(F.cross_entropy(logits[:-1], ids[0, 1:]), mask)

        what = "one sample at a time / LAHIS"
        return Job(what, batched, alone, len(samples), "samples", 2.5, speedup=True)

    def lens(self) -> Job:
        """Prompts of about twenty tokens, three ranked tokens each."""
        prompts = [self.ids(14 + (5 * i) % 13) for i in range(8 if self.tiny else 512)]
        ids, mask = pad(prompts)
        tokens = torch.randint(
            3, self.model.shape.d_vocab, (len(prompts), 3, 1), generator=self.draw
        )
        points = points_of(self.model.shape.n_layers)

        def read() -> None:
            with torch.inference_mode():
                read_batch(self.model, ids, mask, tokens.to(self.device), points)

        what = "lens at every layer / bare forward of the body"
        return Job(what, read, lambda: self._bare(ids, mask), len(prompts), "facts", None)

    def mcq(self) -> Job:
        """Four options of three tokens behind a prompt of sixty."""
        items = [
            OptionItem(
                f"f{i}", "en", tuple(self.ids(54 + (5 * i) % 13)),
                tuple(tuple(self.ids(1 + (i + 2 * k) % 5)) for k in range(4)), (1,) * 4, (1,) * 4, 0,
            )
            for i in range(8 if self.tiny else 256)
        ]  # fmt: skip

        def shared(share: bool) -> Callable[[], object]:
            return lambda: score_options(self.model, items, share=share)

        what = "one row per option / prompt shared by the options"
        return Job(what, shared(True), shared(False), len(items), "facts", 2.5, speedup=True)


def measure(job: Job, name: str, model: HookedModel, shape: str, device: str, rounds: int
) -> tuple[list[Claim], dict[str, Any]]:  # fmt: skip
    """Time both contenders, and take the peak memory of ours."""
    most = peak(job.ours, device)
    base, other = (job.ours, job.theirs) if job.speedup else (job.theirs, job.ours)
    pair = {"base": waited(base, device), "other": waited(other, device)}
    found = compare(pair, baseline="base", rounds=rounds, warmup=1)
    rate = job.units / found["base" if job.speedup else "other"].seconds
    print(f"{shape}: {name}: {rate:,.1f} {job.unit} a second", flush=True)
    claims = [
        Claim.of(
            found["other"], job.what, shape, limit=job.limit, at_least=job.speedup,
            note=f"{rate:,.0f} {job.unit}/s",
        )
    ]  # fmt: skip
    if most is not None and name in ("lape", "lens"):
        ratio = most / n_bytes(model)
        claims.append(Claim(f"peak memory of {name} / weights", shape, ratio, limit=LIMIT_MEMORY))
    return claims, {f"{job.unit}_per_second": rate, "peak_bytes": most}


def grpo(model: HookedModel, shape: str, device: str, tiny: bool, rounds: int
) -> tuple[list[Claim], dict[str, Any]]:  # fmt: skip
    """Seconds per fact of `interp train grpo`, and without shared prompts."""
    import grpo as updates  # needs trl

    from interp.data.facts import FactSet

    updates.quiet_libraries()
    languages = ["en", "de"] if tiny else None
    facts = FactSet.load("cldr", languages=languages, split="train", limit=8 if tiny else 200)
    # Rows as long as a 7B model's tokenizer would make them are about half of these, of bytes.
    changes = {"group_size": "2" if tiny else "8", "max_completion_tokens": "4" if tiny else "16"}
    with tempfile.TemporaryDirectory(prefix="interp-gpu-") as folder:
        model.model.save_pretrained(folder)
        model.tokenizer.save_pretrained(folder)
        weights = n_bytes(model)
        model.model.to("meta")  # makes room for the copy that is trained
        where: dict[str, Any] = {"model": Path(folder), "device": device, **changes}
        ours = updates.Updates(facts, **where)
        most = peak(ours, device)
        apart = updates.Updates(facts, share_prompt="false", **where) if weights < 2**30 else None
    pair: dict[str, Callable[[], object]] = {"shared": waited(ours, device)}
    if apart is not None:
        pair["apart"] = waited(apart, device)
    found = compare(pair, baseline="shared", rounds=rounds, warmup=1)
    seconds = found["shared"].seconds
    note = "" if most is None else f"peak memory {most / weights:.2f} of the weights"
    claim = Claim("GRPO: seconds per fact / 1 s", shape, seconds, rounds=rounds, note=note)
    return [claim], {"seconds_per_fact": seconds, "peak_bytes": most}


def measured(
    shapes: list[str], parts: list[str], device: str, tiny: bool, rounds: int
) -> Iterator[tuple[str, str, list[Claim], dict[str, Any]]]:
    """Go through shapes and parts; GRPO comes last, since it takes the model's place."""
    for name in shapes:
        model = make(name, device, tiny)
        of = f"{name}{', tiny, fp32' if tiny else ', bf16'}, {n_bytes(model) / 1e9:.2f} GB"
        jobs = Jobs(model, device, tiny)
        for part in parts:
            if part == "grpo":
                yield name, part, *grpo(model, of, device, tiny, rounds)
            else:
                job: Job = getattr(jobs, part)()
                yield name, part, *measure(job, part, model, of, device, rounds)
        del model, jobs
        if device == "cuda":
            torch.cuda.empty_cache()


def main() -> None:
    """Run the benchmark, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tiny", "--quick", dest="quick", action="store_true", help="a rehearsal")
    parser.add_argument("--shape", choices=list(SHAPES), help="default: both")
    parser.add_argument("--part", choices=PARTS, help="default: all")
    parser.add_argument("--rounds", type=int, default=None, help="default: 11, with --tiny 1")
    arguments = parse(parser, "shape", "part")
    if not arguments.quick and not torch.cuda.is_available():
        print(
            "gpu.py: 7B shapes need a GPU and torch sees none: not measured; --tiny rehearses on the CPU"
        )
        asked = arguments.record or arguments.out or arguments.shape or arguments.part
        raise SystemExit(2 if asked else 0)  # `make bench` goes on
    device = "cpu" if arguments.quick else "cuda"
    rounds = arguments.rounds or (1 if arguments.quick else 11)
    shapes = [arguments.shape] if arguments.shape else list(SHAPES)
    parts = [arguments.part] if arguments.part else list(PARTS)
    claims: list[Claim] = []
    details: dict[str, Any] = {}
    for shape, part, some, rates in measured(shapes, parts, device, arguments.quick, rounds):
        claims += some
        details.setdefault(shape, {})[part] = rates
    finish(arguments, __file__, claims, details)


if __name__ == "__main__":
    main()
