"""``interp train``: the commands that make checkpoints. Heavy imports inside the functions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from interp.cli import options as o

app = typer.Typer(help="Train checkpoints.", no_args_is_help=True)

_DATA = "Data"
_HOW = "How"

Out = Annotated[Path, typer.Option(help="Checkpoint folder: new, empty, or the same run.")]
Preset = Annotated[
    str,
    typer.Option(
        help="default, paper, release (sft, grpo) or organism; auto is organism for a base made by "
        "`interp train base`, else default.",
        rich_help_panel=_HOW,
    ),
]
Config = Annotated[
    Path | None, typer.Option(help="YAML file of settings (field: value).", rich_help_panel=_HOW)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="One setting, e.g. --set learning_rate=1e-4; repeatable.",
        rich_help_panel=_HOW,
    ),
]  # fmt: skip
Steps = Annotated[
    int | None, typer.Option(help="Updates, instead of whole passes.", rich_help_panel=_HOW)
]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.", rich_help_panel=_HOW)]
Threads = Annotated[int | None, typer.Option(help="CPU threads; default: torch's.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace another run in --out.")]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Say what it would take (tokens, time, memory, disk), without reading the weights; "
        "nothing is trained or written.",
    ),
]
Incomplete = Annotated[
    bool,
    typer.Option(
        "--skip-incomplete",
        help="Leave out facts that lack a language, instead of refusing them.",
        rich_help_panel=_DATA,
    ),
]
Study = Annotated[Path | None, typer.Option(help="Also write the training log into this study.")]


@app.callback()
def train() -> None:
    """Train checkpoints that a study can compare; a killed run goes on when it is run again."""


@app.command()
def base(
    out: Out,
    preset: Annotated[str, typer.Option(help="quick (minutes) or full (as shipped).")] = "quick",
    seed: Annotated[int, typer.Option(help="Weights, documents and their order.")] = 0,
    steps: Annotated[int | None, typer.Option(help="Another number of steps.")] = None,
    threads: Threads = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
) -> None:
    """Train the base organism on the embedded facts; goes on where a killed run stopped."""
    from training.organism.command import run_base

    run_base(
        out, preset=preset, seed=seed, steps=steps, threads=threads, overwrite=overwrite,
        dry_run=dry_run,
    )  # fmt: skip


@app.command()
def cpt(
    model: o.ModelOption,
    out: Out,
    corpus: o.CorpusOption = "cldr",
    languages: o.LanguagesOption = None,
    preset: Preset = "auto",
    config: Config = None,
    settings: Set = None,
    steps: Steps = None,
    seed: Seed = None,
    check_facts: Annotated[
        str | None,
        typer.Option(
            help="Facts whose validation split is asked during training.", rich_help_panel=_DATA
        ),
    ] = None,
    study: Study = None,
    label: o.LabelOption = None,
    base: o.BaseOption = None,
    device: o.DeviceOption = "auto",
    trust_remote_code: o.TrustOption = False,
    threads: Threads = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
) -> None:
    """Continued pretraining on parallel text: multilingual blocks, packed by real token counts.

    Example: interp train cpt --model allenai/OLMo-2-1124-7B --corpus ted:multi_way.jsonl
    --out ckpt/cpt
    """
    from training.command import run_command

    run_command(
        "cpt", model, out, data=corpus, languages=languages, preset=preset, config=config,
        settings=settings, steps=steps, seed=seed, study=study, label=label, threads=threads,
        overwrite=overwrite, check_facts=check_facts, dry_run=dry_run,
        spec=_spec(base, device, trust_remote_code),
    )  # fmt: skip


@app.command()
def sft(
    model: o.ModelOption,
    out: Out,
    facts: o.FactsOption = "cldr",
    languages: o.LanguagesOption = None,
    preset: Preset = "auto",
    config: Config = None,
    settings: Set = None,
    steps: Steps = None,
    seed: Seed = None,
    skip_incomplete: Incomplete = False,
    study: Study = None,
    label: o.LabelOption = None,
    base: o.BaseOption = None,
    device: o.DeviceOption = "auto",
    trust_remote_code: o.TrustOption = False,
    threads: Threads = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
) -> None:
    """Supervised fine-tuning: cross-entropy on the answer and agreement between languages (Eq 3).

    Only facts of split train are trained on.

    Example: interp train sft --model ckpt/base --out ckpt/sft
    """
    from training.command import run_command

    run_command(
        "sft", model, out, data=facts, languages=languages, preset=preset, config=config,
        settings=settings, steps=steps, seed=seed, study=study, label=label, threads=threads,
        overwrite=overwrite, skip_incomplete=skip_incomplete, dry_run=dry_run,
        spec=_spec(base, device, trust_remote_code),
    )  # fmt: skip


@app.command()
def grpo(
    model: o.ModelOption,
    out: Out,
    facts: o.FactsOption = "cldr",
    languages: o.LanguagesOption = None,
    preset: Preset = "auto",
    config: Config = None,
    settings: Set = None,
    steps: Steps = None,
    seed: Seed = None,
    vllm: Annotated[
        bool,
        typer.Option(
            "--vllm",
            help="Sample with vLLM (GPU); not exact REINFORCE any more.",
            rich_help_panel=_HOW,
        ),
    ] = False,
    skip_incomplete: Incomplete = False,
    study: Study = None,
    label: o.LabelOption = None,
    base: o.BaseOption = None,
    device: o.DeviceOption = "auto",
    trust_remote_code: o.TrustOption = False,
    threads: Threads = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
) -> None:
    """GRPO: the reward of a rollout is pooled over the languages of a fact (Eq 1-2).

    Only facts of split train are trained on.

    Example: interp train grpo --model ckpt/base --out ckpt/grpo --set checkpoint_every=100
    """
    from training.command import run_command

    run_command(
        "grpo", model, out, data=facts, languages=languages, preset=preset, config=config,
        settings=[*(settings or []), *(["vllm=true"] if vllm else [])], steps=steps, seed=seed,
        study=study, label=label, threads=threads, overwrite=overwrite,
        skip_incomplete=skip_incomplete, dry_run=dry_run, spec=_spec(base, device, trust_remote_code),
    )  # fmt: skip


def _spec(base: str | None, device: str, trust_remote_code: bool) -> dict[str, Any]:
    return {"base": base, "device": device, "trust_remote_code": trust_remote_code}
