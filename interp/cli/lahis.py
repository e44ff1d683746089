"""``interp lahis``: which attention heads matter for which language?"""

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
    """LAHIS: importance of every attention head for every language (gradient of a head mask).

    Example: interp lahis --model ckpt/grpo --corpus ../udhr --languages en,de,zh
    """
    from interp.cli.session import checkpoint, chosen_options, open_study
    from interp.cli.summaries import print_lahis
    from interp.data.corpus import Corpus
    from interp.lahis.run import run_lahis

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
        "mask_update": mask_update,
        "n_samples": n_samples,
        "seq_len": seq_len,
    }
    options = chosen_options("lahis", preset, choices)
    target = open_study(study)
    text = Corpus.load(corpus, languages=codes, limit=limit, seed=seed)
    run_id = run_lahis(
        spec.load(),
        text,
        target,
        label=spec.label,
        stage=spec.stage,
        preset=preset,
        languages=codes,
        batch_size=rows,
        seed=seed,
        overwrite=overwrite,
        **options,
    )
    print_lahis(target, run_id)
