"""``interp ablate``: do a language's heads or neurons matter for that language?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o
from interp.cli.choices import EngineChoice, RunChoice, with_choices

_SETS = "Heads or neurons"


@with_choices
def command(
    *,
    weights: EngineChoice,
    heads_from: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="LAHIS run whose heads are ablated: label or run_id of the study, or "
            "FOLDER[:LABEL] of another study.",
            rich_help_panel=_SETS,
        ),
    ] = None,
    neurons_from: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="LAPE run whose neurons are ablated, named likewise.",
            rich_help_panel=_SETS,
        ),
    ] = None,
    sets: Annotated[
        str | None,
        typer.Option(
            help="top, or specific: without those of (nearly) all languages.",
            rich_help_panel=_SETS,
        ),
    ] = None,
    assignment: Annotated[
        str | None,
        typer.Option(
            help="A neuron belongs to every language above LAPE's cut (threshold) or to one "
            "(argmax).",
            rich_help_panel=_SETS,
        ),
    ] = None,
    n_controls: Annotated[
        int | None,
        typer.Option(
            min=0, help="Random, and layer-matched, sets per language.", rich_help_panel=_SETS
        ),
    ] = None,
    corpus: o.CorpusOption = "cldr",
    facts: Annotated[
        str | None,
        typer.Option(
            help="Facts asked under ablation too: cldr, polyfact:PATH|ID, klar:FOLDER or "
            "jsonl:FILE; none by default.",
            rich_help_panel="Data",
        ),
    ] = None,
    n_facts: Annotated[
        int | None, typer.Option(min=1, help="At most this many facts.", rich_help_panel="Data")
    ] = None,
    units: Annotated[
        str | None,
        typer.Option(
            help="disjoint from the text that they were found on, or any.", rich_help_panel="Data"
        ),
    ] = None,
    run: RunChoice,
    replacement: Annotated[
        str | None,
        typer.Option(
            help="What stands in: zero or mean, instead of the preset's.", rich_help_panel="Method"
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="nll or chunk_ppl, instead of the preset's.", rich_help_panel="Method"),
    ] = None,
    seq_len: Annotated[
        int | None,
        typer.Option(min=2, help="Longest sequence in tokens.", rich_help_panel="Method"),
    ] = None,
    n_fact_controls: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="How many of the controls of each kind are asked the facts.",
            rich_help_panel=_SETS,
        ),
    ] = None,
) -> None:
    """Ablate each language's heads or neurons, and measure every language's loss and facts.

    The text on which they were found is left out, so run lahis or lape with --limit first.

    Example: interp ablate --model ckpt/base --heads-from base --study artifacts/mine
    """
    from interp.causal.prepare import chosen_languages, which_part
    from interp.causal.read_sets import find_run, read_source
    from interp.causal.run import run_ablation
    from interp.cli.print_ablation import print_ablation
    from interp.cli.session import checkpoint, chosen_options, open_target, rehearse
    from interp.data.corpus import Corpus
    from interp.data.facts import FactSet
    from interp.presets import preset as check

    part, name = which_part(heads_from, neurons_from)
    spec = checkpoint(weights, run)
    rows = run.rows()
    codes = run.codes()
    choices = {
        "sets": sets,
        "assignment": assignment,
        "n_controls": n_controls,
        "n_fact_controls": n_fact_controls,
        "units": units,
        "replacement": replacement,
        "loss": loss,
        "seq_len": seq_len,
    }
    options = chosen_options("ablation", run.preset, choices)
    target = open_target(run)
    source, run_id = find_run(name, part, target)
    found = read_source(source, run_id, part, check("ablation", run.preset, **options))
    asked = chosen_languages(found, codes)
    text = Corpus.load(corpus, languages=asked)
    factset = None
    if facts is not None:
        factset = FactSet.load(facts, languages=asked, limit=n_facts, seed=run.seed)
    asked_for = {
        "preset": run.preset,
        "heads_from": run_id if part == "heads" else None,
        "neurons_from": run_id if part == "neurons" else None,
        "source": source, "facts": factset, "languages": asked, "batch_size": rows,
        "limit": run.limit, "seed": run.seed, **options,
    }  # fmt: skip
    if run.dry_run:
        from interp.causal.estimate import ablation_work

        where = str(run.study)
        rehearse(
            spec, run, "ablation", lambda m: ablation_work(m, text, where=where, **asked_for)
        )  # fmt: skip
        return
    made = run_ablation(
        spec.load(),
        text,
        target,
        label=spec.label,
        stage=spec.stage,
        overwrite=run.overwrite,
        **asked_for,
    )
    print_ablation(target, made)
