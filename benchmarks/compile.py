"""LAPE through ``torch.compile`` against LAPE as it is, and what compiling costs.

Run ``python benchmarks/compile.py`` (a 100M-parameter OLMo-2 shape, random weights; fp32 on a CPU, bf16 on
a GPU), or with ``--quick`` (a small shape). The ratio is a median over rounds in which both take turns, after
the code is compiled; the seconds of compiling stand in the note. Fails where the counts differ by more than
rounding explains.
"""

from __future__ import annotations

import argparse
import time

import torch
from _counts import lape_counts
from _models import n_parameters, random_olmo2
from _record import Claim, finish, parse
from _timing import compare

from interp.model import HookedModel

MOST_APART = 1e-3
"""Share of neurons and sequences whose count may differ, by rounding at the threshold."""


class Bench:
    """The same weights twice, and a batch of tokens."""

    def __init__(self, quick: bool) -> None:
        size = (
            dict(hidden_size=128, intermediate_size=512, num_hidden_layers=2, vocab_size=1024)
            if quick
            else dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
                      vocab_size=8192)
        )  # fmt: skip
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        drawn = random_olmo2(size["hidden_size"] // 64, **size)
        if self.device == "cuda":
            drawn.model.to(self.device, torch.bfloat16)
        self.plain, self.fast = (
            HookedModel.from_model(
                drawn.model, drawn.tokenizer, self_check=False, name="bench", compiled=compiled
            )
            for compiled in (False, True)
        )
        rows, length = (4, 256) if self.device == "cpu" else (64, 1024)
        self.ids = torch.randint(3, size["vocab_size"], (rows, length))

    def lape(self, model: HookedModel) -> torch.Tensor:
        """What ``interp lape`` does per batch; waits for the device."""
        return torch.from_numpy(lape_counts(model, self.ids).astype("int64"))


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small shape, for a smoke test")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, default=None, help="default: torch's choice")
    arguments = parse(parser)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    bench = Bench(arguments.quick)
    shape = (
        f"OLMo-2 shape, {n_parameters(bench.plain) / 1e6:.0f}M parameters, batch "
        f"{bench.ids.shape[0]} x {bench.ids.shape[1]} tokens, "
        f"{str(bench.plain.dtype).removeprefix('torch.')}"
    )
    print(f"{shape}, {torch.get_num_threads()} threads")
    with torch.inference_mode():
        start = time.perf_counter()
        counts = bench.lape(bench.fast)
        compiling = time.perf_counter() - start
        apart = float((counts != bench.lape(bench.plain)).double().mean())
        if apart > MOST_APART and bench.device == "cpu":
            raise SystemExit(f"{apart:.2%} of the counts differ when compiled")
        found = compare(
            {"LAPE": lambda: bench.lape(bench.plain),
             "LAPE, compiled": lambda: bench.lape(bench.fast)},
            baseline="LAPE", rounds=arguments.rounds,
        )  # fmt: skip
    for timing in found.values():
        print(timing)
    note = f"{compiling:.0f} s to compile; {apart:.1e} of the counts differ"
    claim = Claim.of(
        found["LAPE, compiled"], f"compiled LAPE / LAPE on {bench.device}", shape, note=note
    )
    finish(arguments, __file__, [claim])


if __name__ == "__main__":
    main()
