"""Scoring four options: the prompt computed once against one full row per option.

Run ``python benchmarks/mcq.py`` (17M parameters beside the embeddings, random weights, fp32), or
with ``--quick`` (a small shape, seconds). Both contenders give the summed log-probability of every
option of every item and are checked to agree before anything is timed. The ratio is a median over
rounds in which they take turns.

``one row per option`` is what a careful person writes by hand: prompt and option in one row, rows
sorted by length, as many per forward as the same budget of padded tokens allows, logits only from
the shortest prompt's end on.
"""

from __future__ import annotations

import argparse

import torch
from _models import n_parameters, random_olmo2
from _record import Claim, finish, parse
from _timing import compare
from torch import Tensor

from interp.batches import pad, plan_batches
from interp.evals.option_items import OptionItem
from interp.evals.option_scores import score_options

AIM = 2.5
TOLERANCE = 1e-5
SHARED, ROWS = "prompt shared by the options", "one row per option"
N_OPTIONS = 4
PROMPT = 60
"""Tokens of a prompt on average; they differ by up to six from it."""


class Bench:
    """A model, items, and the contenders; each returns scores ``[item, option]``."""

    def __init__(self, quick: bool) -> None:
        size = (
            dict(hidden_size=128, intermediate_size=512, num_hidden_layers=4, vocab_size=1024)
            if quick
            else dict(hidden_size=512, intermediate_size=2048, num_hidden_layers=4,
                      vocab_size=8192)
        )  # fmt: skip
        self.model = random_olmo2(size["hidden_size"] // 64, **size)
        self.items = [self._item(i, size["vocab_size"]) for i in range(16 if quick else 24)]

    def _item(self, number: int, vocab_size: int) -> OptionItem:
        """Options of one to five tokens, three on average."""

        def draw(length: int) -> tuple[int, ...]:
            return tuple(torch.randint(3, vocab_size, (length,)).tolist())

        lengths = [1 + (number + 2 * option) % 5 for option in range(N_OPTIONS)]
        return OptionItem(
            fact_id=f"f{number}",
            lang="en",
            prompt=draw(PROMPT - 6 + (5 * number) % 13),
            options=tuple(draw(length) for length in lengths),
            n_bytes=(1,) * N_OPTIONS,
            n_characters=(1,) * N_OPTIONS,
            answer_index=0,
        )

    def shared(self) -> Tensor:
        """What ``interp eval mcq`` does, once it knows that the model can share a prompt."""
        return torch.from_numpy(score_options(self.model, self.items, share=True))

    def rows(self) -> Tensor:
        """Prompt and option anew for every option, in plain batches of the Hugging Face model."""
        texts = [
            (item.prompt, option, place, number)
            for place, item in enumerate(self.items)
            for number, option in enumerate(item.options)
        ]
        scores = torch.empty(len(self.items), N_OPTIONS, dtype=torch.float64)
        plan = plan_batches([len(prompt) + len(option) for prompt, option, *_ in texts])
        for batch in plan.batches:
            rows = [texts[index] for index in batch]
            ids, mask = pad([[*prompt, *option] for prompt, option, *_ in rows])
            first = min(len(prompt) for prompt, *_ in rows) - 1
            logits = self.model.model(
                input_ids=ids, attention_mask=mask, use_cache=False,
                logits_to_keep=ids.shape[1] - first,
            ).logits  # fmt: skip
            logprobs = logits[:, :-1].log_softmax(-1)
            taken = logprobs.gather(-1, ids[:, first + 1 :, None]).squeeze(-1).double()
            for row, (prompt, option, place, number) in enumerate(rows):
                start = len(prompt) - 1 - first
                scores[place, number] = taken[row, start : start + len(option)].sum()
        return scores

    def check(self) -> float:
        """Hold the contenders against each other; returns the largest relative difference."""
        shared, rows = self.shared(), self.rows()
        apart = ((shared - rows).abs() / rows.abs()).max().item()
        assert apart <= TOLERANCE, f"the contenders' scores differ by {apart:.1e} of their value"
        return apart


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small shape, for a smoke test")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parse(parser)
    torch.set_num_threads(arguments.threads)
    bench = Bench(arguments.quick)
    options = sum(len(option) for item in bench.items for option in item.options)
    shape = (
        f"OLMo-2 shape, {n_parameters(bench.model) / 1e6:.0f}M parameters, {len(bench.items)} items, "
        f"prompts of {sum(len(item.prompt) for item in bench.items) / len(bench.items):.1f} tokens, "
        f"{N_OPTIONS} options of {options / N_OPTIONS / len(bench.items):.1f}, fp32"
    )
    print(f"{shape}, {torch.get_num_threads()} threads")
    with torch.inference_mode():
        print(f"equal scores: largest relative difference {bench.check():.1e} (<= {TOLERANCE:.0e})")
        found = compare(
            {SHARED: bench.shared, ROWS: bench.rows},
            baseline=SHARED,
            rounds=arguments.rounds,
            warmup=0,  # the check has run both
        )
    for timing in found.values():
        print(timing)
    claim = Claim.of(found[ROWS], f"{ROWS} / {SHARED}", shape, limit=AIM, at_least=True)
    finish(arguments, __file__, [claim])


if __name__ == "__main__":
    main()
