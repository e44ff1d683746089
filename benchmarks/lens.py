"""The logit lens against sorting the vocabulary, as the published codes find a token's rank.

Run ``python benchmarks/lens.py`` (vocabulary and rank of OLMo-2, a narrow body, random weights,
fp32), or with ``--quick`` (a small shape, seconds). All contenders run the model and end with the
0-based rank of the same three tokens at the embeddings and after every block; they are checked to
agree before anything is timed. Each ratio is a median over rounds in which all take turns.

``KLAR's loop`` does what the code released with KLAR (cisnlp/KLAR-CLC, ``run_logit_lens_on_resid``
and ``process_logits``) does per prompt and point: norm and unembedding of *every* position,
softmax, entropy, a descending argsort of the vocabulary at every position, and a search of the
whole order for each token. Left out, in its favour: its points between attention and MLP, its ranks
of two more tokens, and the text it decodes.

``last position`` is the kindest reading of a loop over prompts and points: one row of logits each,
sorted whole, and searched for each token.
"""

from __future__ import annotations

import argparse

import torch
from _models import random_olmo2
from _record import Claim, finish, parse
from _timing import compare
from torch import Tensor

from interp.batches import pad, plan_batches
from interp.lens.trajectories import points_of, read_batch

AIM = 20
LENS, KLAR, LAST = "lens", "KLAR's loop: every position, argsort", "last position, argsort"
ROLES = 3


class Bench:
    """A model, prompts, and the contenders; each returns ranks ``[prompt, point, role]``."""

    def __init__(self, quick: bool) -> None:
        size = (
            dict(hidden_size=64, intermediate_size=128, num_hidden_layers=3, vocab_size=20_000)
            if quick
            else dict(hidden_size=256, intermediate_size=1024, num_hidden_layers=8,
                      vocab_size=100_352)
        )  # fmt: skip
        self.model = random_olmo2(size["hidden_size"] // 64, **size)
        self.hf = self.model.model
        lengths = [14 + (5 * i) % 13 for i in range(6 if quick else 24)]
        self.prompts = [torch.randint(3, size["vocab_size"], (n,)).tolist() for n in lengths]
        self.tokens = torch.randint(3, size["vocab_size"], (len(lengths), ROLES))
        self.points = points_of(size["num_hidden_layers"])
        self.plan = plan_batches(lengths, "auto")

    def lens(self) -> Tensor:
        """What ``interp lens`` does, top tokens and the check of the argmax included."""
        ranks = torch.empty(len(self.prompts), len(self.points), ROLES)
        for batch in self.plan.batches:
            rows = list(batch)
            ids, mask = pad([self.prompts[row] for row in rows])
            read = read_batch(self.model, ids, mask, self.tokens[rows][..., None], self.points)
            ranks[rows] = read.values.rank.float()
        return ranks

    def klar(self) -> Tensor:
        """One prompt at a time, every position."""
        found = []
        for prompt, wanted in zip(self.prompts, self.tokens, strict=True):
            for state in self._states(prompt):
                logits = self.hf.lm_head(self.hf.model.norm(state))
                probs = torch.nn.functional.softmax(logits, dim=-1)
                (-probs * torch.log(probs + 1e-10)).sum(dim=-1)
                order = torch.argsort(logits, dim=-1, descending=True)
                found += [(order == token).nonzero(as_tuple=True)[1][-1] for token in wanted]
        return self._shaped(found)

    def last(self) -> Tensor:
        """One prompt at a time, its last position only."""
        found = []
        for prompt, wanted in zip(self.prompts, self.tokens, strict=True):
            for state in self._states(prompt):
                logits = self.hf.lm_head(self.hf.model.norm(state[-1]))
                order = torch.argsort(logits, dim=-1, descending=True)
                found += [(order == token).nonzero()[0, 0] for token in wanted]
        return self._shaped(found)

    def _states(self, prompt: list[int]) -> list[Tensor]:
        """Residual streams ``[pos, d_model]`` from the embeddings to the last block's output."""
        states: list[Tensor] = []
        handles = [
            block.register_forward_hook(lambda _m, _a, out: states.append(out[0]))
            for block in self.hf.model.layers
        ]
        first = self.hf.model.layers[0].register_forward_pre_hook(
            lambda _m, args: states.append(args[0][0])
        )
        try:
            self.hf(input_ids=torch.tensor([prompt]), use_cache=False)
        finally:
            for handle in (*handles, first):
                handle.remove()
        return states

    def _shaped(self, found: list[Tensor]) -> Tensor:
        return torch.stack(found).view(len(self.prompts), len(self.points), ROLES).float()

    def check(self) -> float:
        """Hold the contenders against each other; returns the share of equal ranks.

        Random logits lie so close that rounding in another shape of product swaps neighbours, so a
        few of 100,000 ranks may differ by a few places.
        """
        lens, klar, last = self.lens(), self.klar(), self.last()
        for other in (klar, last):
            apart = (lens - other).abs().max().item()
            assert apart <= 5, f"the contenders' ranks differ by {apart}"
        return (lens == last).float().mean().item()


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small shape, for a smoke test")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None, help="default: torch's choice")
    arguments = parse(parser)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    bench = Bench(arguments.quick)
    shape = bench.model.shape
    tokens = sum(len(prompt) for prompt in bench.prompts)
    of = (
        f"OLMo-2 shape, vocabulary {shape.d_vocab:,}, d_model {shape.d_model}, {shape.n_layers} "
        f"layers, {len(bench.prompts)} prompts of {tokens} tokens, {ROLES} ranked tokens, fp32"
    )
    print(f"{of}, {torch.get_num_threads()} threads")
    with torch.inference_mode():
        print(f"equal ranks: {bench.check():.2%} (the rest within rounding)")
        found = compare(
            {LENS: bench.lens, LAST: bench.last, KLAR: bench.klar},
            baseline=LENS,
            rounds=arguments.rounds,
            warmup=0,  # the check has run all of them
        )
    for timing in found.values():
        print(timing)
    claims = [
        Claim.of(found[KLAR], f"{KLAR} / lens", of, limit=AIM, at_least=True),
        Claim.of(found[LAST], f"{LAST} / lens", of),
    ]
    finish(arguments, __file__, claims)


if __name__ == "__main__":
    main()
