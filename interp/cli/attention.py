"""``interp attention``: where do chosen heads look?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from interp.cli import options as o
from interp.cli.choices import EngineChoice, RunChoice, with_choices

_HEADS = "Heads"


@dataclass(frozen=True, kw_only=True)
class _Patterns(EngineChoice):
    attn_implementation: o.AttentionOption = "eager"


@with_choices
def command(
    *,
    weights: _Patterns,
    heads: Annotated[
        str | None,
        typer.Option(
            metavar="LAYER.HEAD,…",
            help="Heads, 0-based, e.g. 3.5,4.0.",
            rich_help_panel=_HEADS,
        ),
    ] = None,
    heads_from: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="LAHIS run whose top heads are taken: label or run_id of the study, or "
            "FOLDER[:LABEL] of another study.",
            rich_help_panel=_HEADS,
        ),
    ] = None,
    n_heads: Annotated[
        int,
        typer.Option(min=1, help="Most heads taken from --heads-from.", rich_help_panel=_HEADS),
    ] = 8,
    corpus: o.CorpusOption = "cldr",
    run: RunChoice,
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Samples (units) per language.", rich_help_panel="Method"),
    ] = None,
    seq_len: Annotated[
        int | None,
        typer.Option(min=2, help="Longest sample in tokens.", rich_help_panel="Method"),
    ] = None,
) -> None:
    """Store where chosen heads look on a few sample texts: every token's attention to the others.

    Give the same heads for every checkpoint, so that they can be compared.

    Example: interp attention --model ckpt/base --heads-from base --languages en,ar,bn
    """
    from interp.attention.heads import check_engine, check_implementation, parse_heads, which_heads
    from interp.attention.run import run_attention
    from interp.causal.read_sets import find_run
    from interp.cli.print_attention import print_attention
    from interp.cli.session import checkpoint, chosen_options, open_target, rehearse
    from interp.data.corpus import Corpus

    which_heads(heads, heads_from)
    named = None if heads is None else parse_heads(heads)
    spec = checkpoint(weights, run)
    rows = run.rows()
    codes = run.codes()
    choices = {"n_samples": samples, "seq_len": seq_len}
    options = chosen_options("attention", run.preset, choices)
    check_engine(spec.engine)
    check_implementation(spec.spec.attn_implementation)
    target = open_target(run)
    source, run_id = target, None
    if heads_from is not None:
        source, run_id = find_run(heads_from, "heads", target)
    text = Corpus.load(corpus, languages=codes, limit=run.limit, seed=run.seed)
    asked = {
        "heads": named, "heads_from": run_id, "source": source, "n_heads": n_heads,
        "preset": run.preset, "languages": codes, "batch_size": rows, "seed": run.seed, **options,
    }  # fmt: skip
    if run.dry_run:
        from interp.attention.estimate import attention_work

        where = str(run.study)
        rehearse(spec, run, "attention", lambda m: attention_work(m, text, where=where, **asked))
        return
    made = run_attention(
        spec.load(),
        text,
        target,
        label=spec.label,
        stage=spec.stage,
        overwrite=run.overwrite,
        **asked,
    )
    print_attention(target, made)
