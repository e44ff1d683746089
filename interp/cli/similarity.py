"""``interp similarity``: at which layers do translations lie close together?"""

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
    """Similarity: cosine and retrieval of translations in the residual stream, layer by layer.

    Example: interp similarity --model ckpt/grpo --label grpo --study artifacts/mine
    """
    from interp.cli.against import check_label
    from interp.cli.print_similarity import print_similarity
    from interp.cli.session import checkpoint, chosen_options, open_study
    from interp.data.corpus import Corpus
    from interp.similarity.run import run_similarity

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
    choices = {"centre": centre, "seq_len": seq_len, "n_blocks": n_blocks}
    options = chosen_options("similarity", preset, choices)
    target = open_study(study)
    check_label(target, against, spec.label)
    text = Corpus.load(corpus, languages=codes, limit=limit, seed=seed)
    run_id = run_similarity(
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
    print_similarity(target, run_id, against=against)
