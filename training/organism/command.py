"""What ``interp train base`` does: embedded data in, progress on stderr, a table at the end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from interp.errors import InterpError
from training.organism.config import BaseConfig, make_config
from training.organism.material import Material, make_material
from training.run_folder import refuse_other_folder


def run_base(
    out: Path,
    *,
    preset: str,
    seed: int,
    steps: int | None,
    threads: int | None,
    overwrite: bool,
    dry_run: bool = False,
) -> None:
    """Train the base organism and print what it knows, or say what that would take.

    Raises:
        InterpError: an option is wrong, or the folder cannot be used.
    """
    config = make_config(preset, seed=seed, steps=steps)
    if threads is not None and threads < 1:
        raise InterpError(f"--threads is {threads}: expected a number of at least 1")
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    if dry_run:
        from training.organism.dry_run import dry_run as estimate

        estimate(out, config)
        return
    refuse_other_folder(out)  # before minutes are spent on the material
    material = cldr_material(config)
    manifest = _with_progress(out, config, material, overwrite)
    Console().print(knowledge_table(manifest))
    minutes = manifest["training_seconds"] / 60
    print(f"{out}: {manifest['evaluation']['summary']} ({minutes:.1f} min of training)")


def cldr_material(config: BaseConfig) -> Material:
    """The embedded facts and text of the trained languages."""
    from interp.data.corpus import Corpus
    from interp.data.facts import FactSet
    from interp.data.languages import TRAINED
    from interp.data.sources.cldr import statements

    facts = FactSet.load("cldr", languages=TRAINED)
    corpus = Corpus.load("cldr", languages=TRAINED)
    return make_material(facts, corpus, statements, n_facts=config.n_facts, seed=config.seed)


def _with_progress(
    out: Path, config: BaseConfig, material: Material, overwrite: bool
) -> dict[str, Any]:
    from training.organism.build import build_base

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        console=console,
    )
    began, tokens = time.monotonic(), 0
    with bar:
        task = bar.add_task("train base", total=config.steps)

        def on_step(report: Any, said: str) -> None:
            nonlocal tokens
            tokens += report.n_tokens
            speed = tokens / (time.monotonic() - began)
            words = f"train base · loss {report.loss:.2f} · {speed:,.0f} tokens/s"
            bar.update(task, completed=report.step, description=words)
            if not console.is_terminal and report.step % 50 == 0:
                console.print(f"step {report.step}/{config.steps} · {words} · {said}")

        return build_base(out, config, material, overwrite=overwrite, on_step=on_step)


def knowledge_table(manifest: dict[str, Any]) -> Table:
    """Accuracy per language: stated in it, stated only in English."""
    table = Table(title="four options, closed book, % right")
    for title in ("language", "stated in it", "facts", "only in English", "facts"):
        table.add_column(title, justify="left" if title == "language" else "right")
    cells: dict[str, dict[str, tuple[str, str]]] = {}
    for row in manifest["evaluation"]["tokens"]:
        value = (f"{100 * row['accuracy']:.1f}", str(row["n"]))
        cells.setdefault(row["lang"], {})[row["group"]] = value
    for lang, groups in cells.items():
        table.add_row(lang, *groups.get("stated", ("–", "0")),
                      *groups.get("english_only", ("–", "0")))  # fmt: skip
    return table
