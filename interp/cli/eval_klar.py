"""``interp eval klar``: does the model say the answer, and if not, how does it fail?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o
from interp.cli.choices import EngineChoice, RunChoice, with_choices


def _method(text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(help=text, rich_help_panel="Method")
    return option


@with_choices
def command(
    *,
    weights: EngineChoice,
    facts: o.FactsOption = "cldr",
    run: RunChoice,
    template: Annotated[
        str | None, _method("cut or release: KLAR's prompts, instead of the preset's.")
    ] = None,
    template_index: Annotated[
        int | None, _method("Which of KLAR's templates, counted from 0.")
    ] = None,
    demos: Annotated[
        str | None, _method("hashed or global_rng: how demonstrations are chosen.")
    ] = None,
    n_demos: Annotated[int | None, _method("Solved questions before each question.")] = None,
    line: Annotated[
        str | None, _method("first_non_empty or first: the line that is scored.")
    ] = None,
    match: Annotated[str | None, _method("lenient or strict: what counts as correct.")] = None,
    max_new_tokens: Annotated[int | None, _method("Longest answer, in tokens.")] = None,
    bos: Annotated[str | None, _method("auto, always or never.")] = None,
    against: o.AgainstOption = None,
    language_sets: o.LanguageSetsOption = None,
    out: o.OutOption = None,
) -> None:
    """Free generation: accuracy and failure modes in every language, KLAR's rules.

    Example: interp eval klar --model ckpt/base --facts klar:../klar --languages en,es,zh
    """
    from interp.cli.against import check_label
    from interp.cli.print_klar import print_klar
    from interp.cli.session import checkpoint, chosen_options, open_target, rehearse
    from interp.cli.tables import check_out
    from interp.data.language_sets import read_language_sets
    from interp.evals.klar_sources import read_questions
    from interp.evals.run_klar import run_klar
    from interp.presets import preset

    check_out(out)
    spec = checkpoint(weights, run)
    rows = run.rows()
    codes = run.codes()
    choices = {
        "template": template,
        "template_index": template_index,
        "demos": demos,
        "n_demos": n_demos,
        "line": line,
        "match": match,
        "max_new_tokens": max_new_tokens,
        "bos": bos,
    }
    options = chosen_options("klar", run.preset, choices)
    sets = None if language_sets is None else read_language_sets(language_sets)
    target = open_target(run)
    check_label(target, against, spec.label)
    read_questions(  # refused now, and not when the weights are in memory
        facts,
        codes,
        preset("klar", run.preset, **options),
        given=options,
        limit=run.limit,
        seed=run.seed,
    )
    asked = {
        "preset": run.preset, "batch_size": rows, "languages": codes, "limit": run.limit,
        "seed": run.seed, **options,
    }  # fmt: skip
    if run.dry_run:
        from interp.evals.estimate import klar_work

        where = str(run.study)
        rehearse(spec, run, "klar", lambda m: klar_work(m, facts, where=where, **asked))
        return
    run_id = run_klar(
        spec.load(),
        facts,
        target,
        label=spec.label,
        stage=spec.stage,
        overwrite=run.overwrite,
        **asked,
    )
    print_klar(target, run_id, against=against, sets=sets, out=out)
