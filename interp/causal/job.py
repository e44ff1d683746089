"""One run at work: the passes in order, resumed where they were, and what is written at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.batches import BatchPlan, plan_batches
from interp.causal.accuracy import Answers, accuracy_frame, answers
from interp.causal.losses import MeanOutputs
from interp.causal.matrix import Losses, effects_frame
from interp.causal.passes import Ablation, fact_pass, mean_pass, text_pass
from interp.causal.prepare import asked_facts, predicted
from interp.causal.sets import AblationSet
from interp.causal.tables import ablations_frame, describe_sets, places_array
from interp.data.tokens import TokenizedCorpus
from interp.errors import InterpError
from interp.evals.option_items import OptionItem
from interp.evals.option_scores import can_share
from interp.evals.option_scores import plan as plan_facts
from interp.model import HookedModel
from interp.options import AblationOptions
from interp.parallel import team
from interp.study import Run


class Job:
    """Progress is one step per batch: means, then the text set by set, then the facts likewise.

    Args:
        model: the checkpoint.
        run: gets tables and tensors.
        options: of the analysis.
        part: ``heads`` or ``neurons``.
        sets: what is ablated, the first ``intact``.
        text: what is measured.
        items: the facts, or none.
        batch_size: sequences or facts per batch, or ``auto``.
    """

    def __init__(
        self,
        model: HookedModel,
        run: Run,
        options: AblationOptions,
        part: str,
        sets: Sequence[AblationSet],
        text: TokenizedCorpus,
        items: Sequence[OptionItem],
        batch_size: str | int,
    ) -> None:
        self.model, self.run, self.options, self.part = model, run, options, part
        self.sets, self.text, self.items = sets, text, items
        self.fact_sets = asked_facts(sets, options.n_fact_controls)
        self.means = MeanOutputs(model.shape, part) if options.replacement == "mean" else None
        self.plans = plans(model, text, items, batch_size)
        self.arrays = self._empty()

    def _empty(self) -> dict[str, NDArray[Any]]:
        shape = (len(self.sets), len(self.text.languages), self.text.n_blocks)
        arrays = {"nats": np.zeros(shape), "perplexity": np.zeros(shape)}
        if self.means is not None:
            arrays["means"] = self.means.sums
        if self.items:
            cells = (len(self.fact_sets), len(self.items), len(self.items[0].options))
            arrays["scores"] = np.full(cells, np.nan)
        return arrays

    def compute(self) -> None:
        """Fill the arrays, going on where an interrupted run was."""
        step, saved = self.run.load_progress() or (0, {})
        for name, array in saved.items():
            self.arrays[name][...] = array
        for name, halvings in self.run.progress_state.get("halvings", {}).items():
            self.plans[name].halvings.extend(halvings)
        title, text = f"ablation {self.run.spec.label}", self.plans["text"]
        done, values = 0, None
        if self.means is not None:
            mean_pass(
                self.model, self.text, text, self.means,
                start=min(step, len(text)), title=f"{title}: means", save=self._save,
            )  # fmt: skip
            done, values = len(text), team().share(self._mean_outputs(self.means))
        ablation = Ablation(self.model, self.part, values)
        whole = len(text) * len(self.sets)
        text_pass(
            self.model, self.text, text, self.sets, ablation, self.arrays,
            start=min(max(step - done, 0), whole), title=f"{title}: text",
            save=lambda batches: self._save(done + batches),
        )  # fmt: skip
        if self.items:
            share = can_share(self.model, self.items)
            self.run.record("shared_prompts", share)
            done += whole
            fact_pass(
                self.model, self.items, self.plans["facts"], self.fact_sets, ablation,
                self.arrays["scores"], share=share, start=max(step - done, 0),
                title=f"{title}: facts", save=lambda batches: self._save(done + batches),
            )  # fmt: skip

    def _save(self, step: int) -> None:
        halvings = {name: plan.halvings for name, plan in self.plans.items()}
        self.run.save_progress(step, self.arrays, state={"halvings": halvings})

    def _mean_outputs(self, means: MeanOutputs) -> dict[str, NDArray[np.float32]]:
        return {means.name: means.means(int(self.text.tokens.sum()))}

    def write(self, seed: int) -> None:
        """Write table and tensors.

        Args:
            seed: of the intervals.

        Raises:
            InterpError: for option scores that are not finite.
        """
        tokens, sequences = predicted(self.text)
        languages = self.text.languages
        axes = ["set", "language", "block"]
        self.run.write_tensors(
            "losses",
            {
                "nats": self.arrays["nats"],
                "perplexity": self.arrays["perplexity"],
                "tokens": tokens,
                "sequences": sequences,
                "places": places_array(self.sets),
            },
            {
                "axes": {
                    "nats": axes, "perplexity": axes, "tokens": axes[1:], "sequences": axes[1:],
                    "places": ["place", "set layer index"],
                },
                "languages": list(languages),
                "sets": describe_sets(self.sets),
            },
        )  # fmt: skip
        if self.means is not None:
            self.run.write_tensors("means", self._mean_outputs(self.means))
        nll = self.options.loss == "nll"
        losses = Losses(
            tuple(self.sets), languages, self.arrays["nats" if nll else "perplexity"],
            (tokens if nll else sequences).astype(float), self.options.loss,
        )  # fmt: skip
        totals = dict(zip(languages, tokens.sum(1).tolist(), strict=True))
        accuracies = accuracy_frame(self._write_answers(), seed=seed) if self.items else None
        effects = effects_frame(losses, seed=seed)
        self.run.write_table("ablations", ablations_frame(effects, totals, accuracies))
        self.run.record("batches", {name: plan.to_dict() for name, plan in self.plans.items()})

    def _write_answers(self) -> Answers:
        scores = self.arrays["scores"]
        if not np.isfinite(scores).all():
            raise InterpError(
                "the option scores of some facts are not finite: the checkpoint may be damaged or "
                "have overflowed in half precision; try --dtype float32"
            )
        found = answers(self.fact_sets, self.items, scores)
        self.run.write_tensors(
            "answers",
            {"correct": found.correct, "scores": scores},
            {
                "axes": {
                    "correct": ["set", "language", "fact"],
                    "scores": ["set", "fact and language", "option"],
                },
                "languages": list(found.languages),
                "facts": list(found.fact_ids),
                "sets": describe_sets(self.fact_sets),
            },
        )
        return found


def plans(
    model: HookedModel,
    text: TokenizedCorpus,
    items: Sequence[OptionItem],
    batch_size: str | int,
) -> dict[str, BatchPlan]:
    """Fix the batches over the text and, where there are any, the facts."""
    device = model.device.type
    lengths = [len(one.ids) for one in text.sequences]
    found = {"text": plan_batches(lengths, batch_size, device)}
    if items:
        found["facts"] = plan_facts(model, items, batch_size)
    return found
