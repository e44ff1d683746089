"""``interp export lm-eval``: facts as tasks that lm-evaluation-harness runs anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interp.cli import options as o


def command(
    out: Annotated[
        Path, typer.Option(help="Folder to make; it must be new or empty.", rich_help_panel="Run")
    ],
    facts: o.FactsOption = "cldr",
    languages: o.LanguagesOption = None,
    split: o.SplitOption = None,
    limit: o.LimitOption = None,
    prompt_form: Annotated[
        str,
        typer.Option(
            help="qa (Question: … Answer:), native (in the language's own words) or cloze (prompts "
            "that the facts bring).",
            rich_help_panel="Method",
        ),
    ] = "qa",
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the group of tasks; interp_<source> by default.", rich_help_panel="Run"
        ),
    ] = None,
    seed: o.SeedOption = 0,
) -> None:
    """Write facts as one harness task per language and a group of them.

    Example: interp export lm-eval --facts cldr --languages en,sw --out my_tasks
    """
    from interp.data.facts import FactSet
    from interp.evals.lm_eval_export import export_facts

    codes = o.parse_languages(languages)
    factset = FactSet.load(facts, languages=codes, split=split, limit=limit, seed=seed)
    group, tasks = export_facts(factset, out, form=prompt_form, name=name)
    typer.echo(f"{len(factset)} facts in {len(tasks)} tasks are in {out}; run them with")
    typer.echo(f"  interp eval lm-eval --model MODEL --tasks {group} --include-path {out}")
    typer.echo(f"  lm_eval --model hf --model_args pretrained=MODEL --tasks {group} "
               f"--include_path {out}")  # fmt: skip
