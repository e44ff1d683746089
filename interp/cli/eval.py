"""``interp eval``: what a checkpoint knows."""

from __future__ import annotations

import typer

from interp.cli import eval_klar, eval_lm_eval, eval_mcq

app = typer.Typer(
    no_args_is_help=True,
    help="What a checkpoint knows: option scores, free generation, outside benchmarks.",
)
app.command("mcq")(eval_mcq.command)
app.command("klar")(eval_klar.command)
app.command("lm-eval")(eval_lm_eval.command)
