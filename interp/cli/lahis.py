"""``interp lahis``: which attention heads matter for which language?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o
from interp.cli.choices import EngineChoice, RunChoice, with_choices


@with_choices
def command(
    *,
    weights: EngineChoice,
    corpus: o.CorpusOption = "cldr",
    run: RunChoice,
    mask_update: Annotated[
        str | None,
        typer.Option(help="frozen or adamw, instead of the preset's.", rich_help_panel="Method"),
    ] = None,
    n_samples: Annotated[
        int | None,
        typer.Option(min=1, help="Samples per language.", rich_help_panel="Method"),
    ] = None,
    seq_len: Annotated[
        int | None,
        typer.Option(min=2, help="Longest sample in tokens.", rich_help_panel="Method"),
    ] = None,
    checkpointing: Annotated[
        bool,
        typer.Option(
            "--checkpointing",
            help="Keep one block's activations in memory, not all: the same results, a third slower.",
        ),
    ] = False,
) -> None:
    """LAHIS: importance of every attention head for every language (gradient of a head mask).

    Example: interp lahis --model ckpt/grpo --corpus ../udhr --languages en,de,zh
    """
    from interp.cli.session import checkpoint, chosen_options, open_target, rehearse
    from interp.cli.summaries import print_lahis
    from interp.data.corpus import Corpus
    from interp.lahis.run import run_lahis

    spec = checkpoint(weights, run)
    rows = run.rows()
    codes = run.codes()
    choices = {
        "mask_update": mask_update,
        "n_samples": n_samples,
        "seq_len": seq_len,
    }
    options = chosen_options("lahis", run.preset, choices)
    target = open_target(run)
    text = Corpus.load(corpus, languages=codes, limit=run.limit, seed=run.seed)
    asked = {
        "preset": run.preset, "languages": codes, "batch_size": rows, "seed": run.seed,
        "checkpointing": checkpointing, **options,
    }  # fmt: skip
    if run.dry_run:
        from interp.lahis.estimate import lahis_work

        where = str(run.study)
        rehearse(spec, run, "lahis", lambda m: lahis_work(m, text, where=where, **asked))
        return
    run_id = run_lahis(
        spec.load(),
        text,
        target,
        label=spec.label,
        stage=spec.stage,
        overwrite=run.overwrite,
        **asked,
    )
    print_lahis(target, run_id)
