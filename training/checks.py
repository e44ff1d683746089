"""Generation on the validation split during training: option scores miss what generation shows.

The release's own notes tell of a gap of ten points in generation that its multiple-choice figures
did not show. The test split is never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from interp.data.facts import FactSet
from interp.model.generation import greedy_answers
from training.encoding import Encoder
from training.judge import judge
from training.reward_rules import KINDS, RewardRules
from training.trainer_parts import Record
from training.visits import Visit, plan_visits


def validation_check(
    facts: FactSet,
    encoder: Encoder,
    record: Record,
    *,
    seed: int,
    max_new_tokens: int,
    eos_ids: Sequence[int],
) -> Callable[[Any, int], None]:
    """Make the function that checks a model and logs what it finds.

    Args:
        facts: of the validation split; the same ones at every check.
        encoder: writes the prompts of the training.
        record: takes one row per language and kind of completion (``check_correct``, ...), their
            means over languages, and one sample per language.
        seed: of the order of options, fixed for all checks.
        max_new_tokens: longest generation.
        eos_ids: tokens that end it.

    Returns:
        A function of model and step.
    """
    rules = RewardRules(letters=encoder.labels == "letter")
    asked, prompts = asked_prompts(facts, encoder, seed)

    def check(model: Any, step: int) -> None:
        texts = greedy_answers(
            model, encoder.tokenizer, prompts, max_new_tokens=max_new_tokens, eos_ids=eos_ids
        )
        kinds: dict[str, list[str]] = {}
        for (visit, lang), text in zip(asked, texts, strict=True):
            kind = judge(text, *encoder.listed(visit, lang), rules).kind
            if not kinds.setdefault(lang, []):
                record.samples.append(
                    {
                        "step": step,
                        "what": "check",
                        "lang": lang,
                        "fact_id": visit.fact.fact_id,
                        "generated": text,
                        "kind": kind,
                    }
                )
            kinds[lang].append(kind)
        for kind in KINDS:
            shares = {lang: found.count(kind) / len(found) for lang, found in kinds.items()}
            for lang, share in shares.items():
                record.add(step, f"check_{kind}", share, lang)
            record.add(step, f"check_{kind}", sum(shares.values()) / len(shares))

    return check


def asked_prompts(
    facts: FactSet, encoder: Encoder, seed: int
) -> tuple[list[tuple[Visit, str]], list[list[int]]]:
    """Write what a check asks: every fact in every language, and the prompts' tokens."""
    visits = plan_visits(facts, len(facts), seed=seed)
    asked = [(visit, lang) for lang in facts.languages for visit in visits]
    return asked, [encoder.prompt(visit, lang) for visit, lang in asked]
