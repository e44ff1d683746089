"""Evaluation: what checkpoints know, in which languages, where they gain, and how they are wrong.

Plates of answers that are laid out fact by fact take ``benchmark="klar"`` (generated answers) or
``benchmark="mcq"`` (scored options); by default they show the first that the study holds.
"""

from __future__ import annotations

from functools import partial

from interp.plates.evaluation.across import consistency, right_in_k
from interp.plates.evaluation.changes import accuracy_change, english_only, flips
from interp.plates.evaluation.failures import wrong_answers
from interp.plates.evaluation.held_out import language_accuracy, trained_and_held_out
from interp.plates.evaluation.language_tables import accuracy_by_language, one_checkpoint
from interp.plates.evaluation.relations import gain_by_kind, gain_by_relation
from interp.plates.evaluation.summary_table import accuracy_summary
from interp.plates.registry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry("accuracy-summary", accuracy_summary, "Table 1"),
    Entry("one-checkpoint", one_checkpoint, "Table 8"),
    Entry("option-accuracy", partial(accuracy_by_language, benchmark="mcq"), "Table 9"),
    Entry("klar-accuracy", partial(accuracy_by_language, benchmark="klar"), "Table 10"),
    Entry("lm-eval-accuracy", partial(accuracy_by_language, benchmark="lm-eval"), "Table 11"),
    Entry("trained-and-held-out", trained_and_held_out, "Figure 4a"),
    Entry("mcq-language-bars", partial(language_accuracy, benchmark="mcq"), "Figure 4b"),
    Entry("klar-language-bars", partial(language_accuracy, benchmark="klar"), "Figure 4b"),
    Entry("mcq-accuracy-change", partial(accuracy_change, benchmark="mcq")),
    Entry("klar-accuracy-change", partial(accuracy_change, benchmark="klar")),
    Entry("english-only-facts", english_only),
    Entry("mcq-flips", partial(flips, benchmark="mcq")),
    Entry("klar-flips", partial(flips, benchmark="klar")),
    Entry("klar-gain-by-kind", partial(gain_by_kind, benchmark="klar"), "Figure 10"),
    Entry("mcq-gain-by-kind", partial(gain_by_kind, benchmark="mcq"), "Figure 10"),
    Entry("klar-gain-by-relation", partial(gain_by_relation, benchmark="klar")),
    Entry("mcq-gain-by-relation", partial(gain_by_relation, benchmark="mcq")),
    Entry("mcq-right-in-k", partial(right_in_k, benchmark="mcq")),
    Entry("klar-right-in-k", partial(right_in_k, benchmark="klar")),
    Entry("mcq-consistency", partial(consistency, benchmark="mcq")),
    Entry("klar-consistency", partial(consistency, benchmark="klar")),
    Entry("mcq-wrong-answers", partial(wrong_answers, benchmark="mcq")),
    Entry("klar-wrong-answers", partial(wrong_answers, benchmark="klar")),
)

__all__ = [
    "ENTRIES", "accuracy_by_language", "accuracy_change", "accuracy_summary", "consistency",
    "english_only", "flips", "gain_by_kind", "gain_by_relation", "language_accuracy",
    "one_checkpoint", "right_in_k", "trained_and_held_out", "wrong_answers",
]  # fmt: skip
