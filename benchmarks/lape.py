"""LAPE's overhead: counting activations against a bare forward pass of the transformer body.

Run ``python benchmarks/lape.py`` (a 100M-parameter OLMo-2 shape, random weights, fp32), or with
``--quick`` (a small shape, seconds). Prints one line per contender; each ratio is a median over
rounds in which all contenders take turns.

The contender ``as in the authors' script`` does what the code released with arXiv 2606.06586 does:
a forward hook per layer that copies the gate to float32, applies SiLU, compares with zero and sums
in float32, while the model also computes the logits.
"""

from __future__ import annotations

import argparse
from functools import partial

import torch
from _counts import lape_counts
from _models import n_parameters, random_olmo2
from _record import Claim, finish, parse
from _timing import compare

AIM = 1.03


class Bench:
    """A model, a batch of tokens, and the contenders."""

    def __init__(self, quick: bool) -> None:
        size = (
            dict(hidden_size=128, intermediate_size=512, num_hidden_layers=4, vocab_size=1024)
            if quick
            else dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
                      vocab_size=8192)
        )  # fmt: skip
        self.model = random_olmo2(size["hidden_size"] // 64, **size)
        self.ids = torch.randint(3, size["vocab_size"], (4, 256))

    def bare(self) -> None:
        """The body without any hook."""
        self.model.run(self.ids, output="body")

    def lape(self) -> None:
        """What ``interp lape`` does per batch."""
        lape_counts(self.model, self.ids)

    def authors(self) -> None:
        """A float copy, SiLU and a float sum per layer, and the logits."""
        hf = self.model.model
        sums = [torch.zeros(hf.config.intermediate_size) for _ in hf.model.layers]

        def hook(layer: int, module: torch.nn.Module, args: object, gate: torch.Tensor) -> None:
            active = torch.nn.functional.silu(gate.float()) > 0
            sums[layer] += active.float().sum(dim=(0, 1))

        handles = [
            layer.mlp.gate_proj.register_forward_hook(partial(hook, i))
            for i, layer in enumerate(hf.model.layers)
        ]
        try:
            hf(input_ids=self.ids, use_cache=False)
        finally:
            for handle in handles:
                handle.remove()


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
    batch, pos = bench.ids.shape
    shape = (
        f"OLMo-2 shape, {n_parameters(bench.model) / 1e6:.0f}M parameters, batch {batch} x {pos} "
        "tokens, fp32"
    )
    print(f"{shape}, {torch.get_num_threads()} threads")
    contenders = {
        "bare forward of the body": bench.bare,
        "LAPE counts": bench.lape,
        "as in the authors' script (with logits)": bench.authors,
    }
    with torch.inference_mode():
        found = compare(contenders, baseline="bare forward of the body", rounds=arguments.rounds)
    for timing in found.values():
        print(timing)
    counts, authors = found["LAPE counts"], found["as in the authors' script (with logits)"]
    claims = [
        Claim.of(counts, "LAPE / bare forward of the body", shape, limit=AIM),
        Claim.of(authors, "as in the authors' script, with logits / bare forward", shape),
    ]
    finish(arguments, __file__, claims)


if __name__ == "__main__":
    main()
