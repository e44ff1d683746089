"""``interp eval mcq``: which facts does a checkpoint know, in which languages, and how consistently?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o
from interp.cli.choices import ModelChoice, RunChoice, with_choices


@with_choices
def command(
    *,
    weights: ModelChoice,
    facts: o.FactsOption = "cldr",
    run: RunChoice,
    split: o.SplitOption = None,
    normalisation: Annotated[
        str | None,
        typer.Option(
            help="byte, token, character or sum: what an option's score is divided by, instead of "
            "the preset's. All four are stored.",
            rich_help_panel="Method",
        ),
    ] = None,
    prompt_form: Annotated[
        str | None,
        typer.Option(
            help="qa (Question: … Answer:), native (in the language's own words), cloze (prompts "
            "that the facts bring) or chat.",
            rich_help_panel="Method",
        ),
    ] = None,
    against: o.AgainstOption = None,
    language_sets: o.LanguageSetsOption = None,
    out: o.OutOption = None,
) -> None:
    """Score four options per fact: accuracy, consistency across languages, flips against a base.

    Example: interp eval mcq --model ckpt/grpo --facts polyfact:jvonrad/PolyFact --split test
    """
    from interp.cli.against import check_label
    from interp.cli.print_mcq import print_mcq
    from interp.cli.session import checkpoint, chosen_options, open_target, rehearse
    from interp.cli.tables import check_out
    from interp.data.facts import FactSet
    from interp.data.language_sets import read_language_sets
    from interp.data.prompts import check_form
    from interp.evals.run_mcq import run_mcq

    check_out(out)
    spec = checkpoint(weights, run)
    rows = run.rows()
    codes = run.codes()
    choices = {"normalisation": normalisation, "prompt_form": prompt_form}
    options = chosen_options("mcq", run.preset, choices)
    sets = None if language_sets is None else read_language_sets(language_sets)
    target = open_target(run)
    check_label(target, against, spec.label)
    factset = FactSet.load(facts, languages=codes, split=split, limit=run.limit, seed=run.seed)
    check_form(prompt_form or "qa", (one for fact in factset for one in fact.texts.values()))
    asked = {"preset": run.preset, "batch_size": rows, "seed": run.seed, **options}
    if run.dry_run:
        from interp.evals.estimate import mcq_work

        where = str(run.study)
        rehearse(spec, run, "mcq", lambda m: mcq_work(m, factset, where=where, **asked))
        return
    run_id = run_mcq(
        spec.load(),
        factset,
        target,
        label=spec.label,
        stage=spec.stage,
        overwrite=run.overwrite,
        **asked,
    )
    print_mcq(target, run_id, against=against, sets=sets, out=out)
