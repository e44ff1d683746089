"""Supervised fine-tuning on facts: all languages of a fact, all its options, one loss (Eq 3)."""

from __future__ import annotations

from typing import Any

import torch
from transformers import Trainer

from interp.model.branches import Prompt, branch_scores
from training.configs import SftConfig
from training.encoding import Encoder
from training.sft_loss import sft_loss
from training.trainer_parts import StageTrainer
from training.visits import Visit


class SftTrainer(StageTrainer, Trainer):
    """Trains on numbers of visits; a micro-batch is a list of them.

    The loss of a micro-batch is the mean over its facts, and every micro-batch has as many, so
    dividing by the number of micro-batches gives the mean over the update's facts. Trainer is told
    that nothing is scaled yet: for models that take a token count it would skip that division.
    """

    def __init__(
        self, *args: Any, visits: list[Visit], encoder: Encoder, share: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.loss_is_scaled_for_ga = False
        self.model_accepts_loss_kwargs = False
        self._visits, self._encoder, self._share = visits, encoder, share
        self._parts: list[torch.Tensor] = []

    def compute_loss(
        self, model: Any, inputs: list[int], *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Score the options of all visits in all their languages, then Eq 3."""
        config = self.stage.config
        assert isinstance(config, SftConfig)
        visits = [self._visits[int(number)] for number in inputs]
        languages = list(visits[0].fact.texts)
        prompts = [
            Prompt(*self._encoder.options(visit, lang)) for visit in visits for lang in languages
        ]
        branches = branch_scores(
            model, prompts, share=self._share, batch_tokens=config.batch_tokens or None
        )
        scores = branches.mean().view(len(visits), len(languages), -1)
        answer = torch.tensor(
            [visit.fact.texts[languages[0]].answer_index for visit in visits], device=scores.device
        )
        loss = sft_loss(
            scores, answer, consistency=config.consistency, direction=config.kl_direction
        )
        right = (scores.detach().argmax(-1) == answer[:, None]).float().mean(0)
        tokens = sum(len(prompt.ids) for prompt in prompts) + int(branches.mask.sum())
        parts = [loss.cross_entropy.mean(), loss.kl.mean(), scores.new_tensor(float(tokens))]
        self._parts.append(torch.cat([torch.stack(parts), right]))
        self._languages = languages
        return loss.total.mean()

    def readings(self, logs: dict[str, float]) -> list[tuple[str, str, float]]:
        """Add the two parts of the loss and the accuracy per language to what Trainer logs."""
        mine = torch.stack(self._parts)
        self._parts.clear()
        gathered = self.accelerator.gather(mine[None] if mine.dim() == 1 else mine)
        self.stage.record.tokens += int(gathered[:, 2].sum())
        mean = gathered.mean(0).tolist()
        rows = [("cross_entropy", "", mean[0]), ("kl_consistency", "", mean[1])]
        rows += [
            ("accuracy", lang, value) for lang, value in zip(self._languages, mean[3:], strict=True)
        ]
        return [*super().readings(logs), *rows]
