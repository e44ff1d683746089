"""``interp similarity``: at which layers do translations lie close together?"""

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
    centre: Annotated[
        str | None,
        typer.Option(
            help="none, or language: subtract each language's mean over all units first.",
            rich_help_panel="Method",
        ),
    ] = None,
    seq_len: Annotated[
        int | None,
        typer.Option(min=2, help="Most tokens of a unit that are read.", rich_help_panel="Method"),
    ] = None,
    n_blocks: Annotated[
        int | None,
        typer.Option(
            min=1, help="Most blocks of units, for the intervals.", rich_help_panel="Method"
        ),
    ] = None,
    against: o.AgainstOption = None,
) -> None:
    """Similarity: cosine and retrieval of translations in the residual stream, layer by layer.

    Example: interp similarity --model ckpt/grpo --label grpo --study artifacts/mine
    """
    from interp.cli.against import check_label
    from interp.cli.print_similarity import print_similarity
    from interp.cli.session import checkpoint, chosen_options, open_target, rehearse
    from interp.data.corpus import Corpus
    from interp.data.languages import need_several
    from interp.similarity.run import run_similarity

    spec = checkpoint(weights, run)
    rows = run.rows()
    codes = run.codes()
    choices = {"centre": centre, "seq_len": seq_len, "n_blocks": n_blocks}
    options = chosen_options("similarity", run.preset, choices)
    target = open_target(run)
    check_label(target, against, spec.label)
    text = Corpus.load(corpus, languages=codes, limit=run.limit, seed=run.seed)
    need_several(text.languages, "similarity")
    asked = {
        "preset": run.preset, "languages": codes, "batch_size": rows, "seed": run.seed,
        **options,
    }  # fmt: skip
    if run.dry_run:
        from interp.similarity.estimate import similarity_work

        where = str(run.study)
        rehearse(spec, run, "similarity", lambda m: similarity_work(m, text, where=where, **asked))
        return
    run_id = run_similarity(
        spec.load(),
        text,
        target,
        label=spec.label,
        stage=spec.stage,
        overwrite=run.overwrite,
        **asked,
    )
    print_similarity(target, run_id, against=against)
