"""``interp lape``: which MLP neurons belong to one language?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o
from interp.cli.choices import LookingChoice, RunChoice, with_choices


@with_choices
def command(
    *,
    weights: LookingChoice,
    corpus: o.CorpusOption = "cldr",
    run: RunChoice,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Tokens per language: min (equal within each block), all, or a number.",
            rich_help_panel="Method",
        ),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(
            help="gate, gate_times_up or up, instead of the preset's.", rich_help_panel="Method"
        ),
    ] = None,
    top_fraction: Annotated[
        float | None,
        typer.Option(help="Share of neurons selected, e.g. 0.01.", rich_help_panel="Method"),
    ] = None,
    seq_len: Annotated[
        int | None,
        typer.Option(min=2, help="Longest sequence in tokens.", rich_help_panel="Method"),
    ] = None,
    examples: Annotated[
        int,
        typer.Option(
            min=0,
            help="Top texts stored per selected neuron and language.",
            rich_help_panel="Method",
        ),
    ] = 5,
) -> None:
    """LAPE: language-specific MLP neurons from the entropy of their firing frequencies.

    Example: interp lape --model ckpt/grpo --label grpo --study artifacts/mine
    """
    from interp.cli.session import checkpoint, chosen_options, open_target, rehearse
    from interp.cli.summaries import print_lape
    from interp.data.corpus import Corpus
    from interp.data.languages import need_several
    from interp.lape.run import run_lape

    spec = checkpoint(weights, run)
    rows = run.rows()
    codes = run.codes()
    choices = {
        "budget": o.number_or_word(budget),
        "activation": activation,
        "top_fraction": top_fraction,
        "seq_len": seq_len,
    }
    options = chosen_options("lape", run.preset, choices)
    target = open_target(run)
    text = Corpus.load(corpus, languages=codes, limit=run.limit, seed=run.seed)
    need_several(text.languages, "LAPE")
    asked = {
        "preset": run.preset, "languages": codes, "batch_size": rows, "seed": run.seed,
        "examples": examples, **options,
    }  # fmt: skip
    if run.dry_run:
        from interp.lape.estimate import lape_work

        where = str(run.study)
        rehearse(spec, run, "lape", lambda m: lape_work(m, text, where=where, **asked))
        return
    run_id = run_lape(
        spec.load(),
        text,
        target,
        label=spec.label,
        stage=spec.stage,
        overwrite=run.overwrite,
        **asked,
    )
    print_lape(target, run_id)
