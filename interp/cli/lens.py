"""``interp lens``: at which layer is the answer known, and in which language?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o
from interp.cli.choices import LookingChoice, RunChoice, with_choices


@with_choices
def command(
    *,
    weights: LookingChoice,
    facts: o.FactsOption = "cldr",
    run: RunChoice,
    split: o.SplitOption = None,
    prompt_form: Annotated[
        str,
        typer.Option(
            help="qa, native (qa in the language's own words), cloze (prompts that the facts "
            "bring) or chat; auto is cloze for klar:, else qa.",
            rich_help_panel="Data",
        ),
    ] = "auto",
    token_rule: Annotated[
        str | None,
        typer.Option(
            help="first, last or prefix_set, instead of the preset's.", rich_help_panel="Method"
        ),
    ] = None,
    points: Annotated[
        str | None,
        typer.Option(help="resid_post or +mid, instead of the preset's.", rich_help_panel="Method"),
    ] = None,
) -> None:
    """Logit lens: rank of the target-language and the English answer at every layer.

    Example: interp lens --model ckpt/base --facts klar:../klar --languages en,es,zh
    """
    from interp.cli.session import checkpoint, chosen_options, open_target, rehearse
    from interp.cli.summaries import print_lens
    from interp.data.facts import FactSet
    from interp.data.prompts import FORMS, check_form
    from interp.errors import unknown
    from interp.lens.run import run_lens

    spec = checkpoint(weights, run)
    rows = run.rows()
    codes = run.codes()
    choices = {"token_rule": token_rule, "points": points}
    options = chosen_options("lens", run.preset, choices)
    if prompt_form not in ("auto", *FORMS):  # said now, not after a checkpoint was loaded
        raise unknown("prompt form", prompt_form, ("auto", *FORMS))
    target = open_target(run)
    # The English answer is ranked in every language, so English stays in the set.
    wanted = codes if codes is None or "en" in codes else (*codes, "en")
    factset = FactSet.load(facts, languages=wanted, split=split, limit=run.limit, seed=run.seed)
    form = (
        ("cloze" if facts.startswith("klar:") else "qa") if prompt_form == "auto" else prompt_form
    )
    check_form(form, (one for fact in factset for one in fact.texts.values()))
    asked = {
        "preset": run.preset, "languages": codes, "batch_size": rows, "seed": run.seed,
        "prompt_form": form, **options,
    }  # fmt: skip
    if run.dry_run:
        from interp.lens.estimate import lens_work

        where = str(run.study)
        rehearse(spec, run, "lens", lambda m: lens_work(m, factset, where=where, **asked))
        return
    run_id = run_lens(
        spec.load(),
        factset,
        target,
        label=spec.label,
        stage=spec.stage,
        overwrite=run.overwrite,
        **asked,
    )
    print_lens(target, run_id)
