"""``interp lape``: which MLP neurons belong to one language?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o


def command(
    model: o.ModelOption,
    corpus: o.CorpusOption = "cldr",
    study: o.StudyOption = o.DEFAULT_STUDY,
    label: o.LabelOption = None,
    stage: o.StageOption = None,
    preset: o.PresetOption = "default",
    languages: o.LanguagesOption = None,
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
    limit: o.LimitOption = None,
    batch_size: o.BatchSizeOption = "auto",
    seed: o.SeedOption = 0,
    overwrite: o.OverwriteOption = False,
    base: o.BaseOption = None,
    dtype: o.DtypeOption = "auto",
    device: o.DeviceOption = "auto",
    device_map: o.DeviceMapOption = None,
    engine: o.EngineOption = "native",
    trust_remote_code: o.TrustOption = False,
    architectures: o.ArchitecturesOption = None,
) -> None:
    """LAPE: language-specific MLP neurons from the entropy of their firing frequencies.

    Example: interp lape --model ckpt/grpo --label grpo --study artifacts/mine
    """
    from interp.cli.session import checkpoint, chosen_options, open_study
    from interp.cli.summaries import print_lape
    from interp.data.corpus import Corpus
    from interp.lape.run import run_lape

    spec = checkpoint(
        model,
        label=label,
        stage=stage,
        engine=engine,
        base=base,
        dtype=dtype,
        device=device,
        device_map=device_map,
        trust_remote_code=trust_remote_code,
        architectures_file=architectures,
    )
    rows = o.parse_batch_size(batch_size)
    codes = o.parse_languages(languages)
    choices = {
        "budget": int(budget) if budget is not None and budget.isdecimal() else budget,
        "activation": activation,
        "top_fraction": top_fraction,
        "seq_len": seq_len,
    }
    options = chosen_options("lape", preset, choices)
    target = open_study(study)
    text = Corpus.load(corpus, languages=codes, limit=limit, seed=seed)
    run_id = run_lape(
        spec.load(),
        text,
        target,
        label=spec.label,
        stage=spec.stage,
        preset=preset,
        languages=codes,
        batch_size=rows,
        seed=seed,
        examples=examples,
        overwrite=overwrite,
        **options,
    )
    print_lape(target, run_id)
