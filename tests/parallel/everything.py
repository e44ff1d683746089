"""Every analysis that several processes can share, in one launch: ``python everything.py STUDY``.

Started by the tests plainly and by torchrun. ``fail:WHAT`` as a further argument breaks one thing:
``weights`` makes the loss of one text not finite, ``memory`` has one process run out of memory.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch

from interp.attention.run import run_attention
from interp.causal.run import run_ablation
from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.evals.run_klar import run_klar
from interp.evals.run_mcq import run_mcq
from interp.lahis.run import run_lahis
from interp.lape.run import run_lape
from interp.lens.run import run_lens
from interp.model import HookedModel
from interp.parallel import rank
from interp.similarity.run import run_similarity
from interp.study import Study
from tests.tiny import tiny_model

LANGUAGES = ["en", "de", "zh"]


def main(folder: Path, *names: str) -> None:
    """Run the analyses into one study, in batches of a few."""
    hf, tokenizer = tiny_model("olmo2")
    if "fail:weights" in names and rank() == 1:
        with torch.no_grad():
            next(hf.parameters()).fill_(float("nan"))
    model = HookedModel.from_model(hf, tokenizer, name="tiny", self_check=False)
    if "fail:weights" in names:
        model.provenance["weights_hash"] = "the same"  # or the processes would notice beforehand
    if "fail:memory" in names and rank() == int(os.environ.get("WORLD_SIZE", "1")) - 1:
        _run_out_of_memory(model)
    study = Study.open(folder)
    corpus = Corpus.load("cldr", languages=LANGUAGES, limit=10)
    facts = FactSet.load("cldr", languages=LANGUAGES, limit=8)
    about = {"label": "tiny", "stage": "base", "batch_size": 2}
    analyses = {
        "lape": lambda: run_lape(model, corpus, study, top_fraction=0.2, seq_len=48, **about),
        "lahis": lambda: run_lahis(model, corpus, study, n_samples=7, seq_len=48, **about),
        "lens": lambda: run_lens(model, facts, study, **about),
        "mcq": lambda: run_mcq(model, facts, study, **about),
        "klar": lambda: run_klar(model, facts, study, n_demos=0, max_new_tokens=5, **about),
        "similarity": lambda: run_similarity(model, corpus, study, seq_len=48, **about),
        "attention": lambda: run_attention(
            model, corpus, study, heads=[(0, 1), (2, 3)], n_samples=3, seq_len=32, **about
        ),
        "ablation": lambda: run_ablation(
            model, Corpus.load("cldr", languages=LANGUAGES, limit=40, seed=5), study,
            heads_from="tiny", facts=facts, replacement="mean", n_controls=2, seq_len=48, **about
        ),
    }  # fmt: skip
    chosen = [name for name in names if not name.startswith("fail:")] or list(analyses)
    for name in chosen:
        analyses[name]()


def _run_out_of_memory(model: HookedModel) -> None:
    """Have every batch of more than one sequence fail, as an accelerator does."""
    run = model.run

    def limited(input_ids: torch.Tensor, *rest: object, **named: object) -> torch.Tensor:
        if len(input_ids) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run(input_ids, *rest, **named)

    model.run = limited  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    from interp.cli import _say_error
    from interp.errors import InterpError

    try:
        main(Path(sys.argv[1]), *sys.argv[2:])
    except InterpError as error:
        _say_error(error)
        raise SystemExit(2) from None
