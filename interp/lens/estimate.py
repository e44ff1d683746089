"""What a lens run would do and leave, for ``--dry-run``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from interp.data.facts import FactSet
from interp.estimates.disk import record_bytes, table_bytes
from interp.estimates.sketch import Sketch
from interp.estimates.work import Logits, Pass, Work, counted_by
from interp.lens.items import ROLES, LensItem
from interp.lens.prepare import Prepared, prepare
from interp.lens.ranks import read_logits
from interp.lens.run import TOP, empty_arrays, token_array
from interp.lens.tables import ranks_frame, top_frame
from interp.lens.trajectories import CHUNK_ELEMENTS

_ITEMS_SHOWN = 1500
"""Items whose rows are written to see how large they are."""

_ROW_BYTES = 220
"""Of a row of the tables while they are laid out: a dozen columns, some of them texts, twice."""


def lens_work(model: Sketch, facts: FactSet, *, where: str, **asked: Any) -> Work:
    """Describe a run.

    Args:
        model: the checkpoint without its weights.
        facts: the facts.
        where: the study's folder.
        **asked: as for ``run_lens``.
    """
    prepared = prepare(model, facts, **asked)
    items, plan, points = prepared.items, prepared.plan, prepared.points
    arrays = empty_arrays(1, len(points), model)
    held = len(items) * sum(array.nbytes for array in arrays.values())
    rows = len(items) * len(points) * max(len(ROLES), TOP)
    return Work(
        command="interp lens",
        passes=(Pass.over("prompts", plan),),
        tokens=counted_by([item.lang for item in items], plan.lengths),
        logits=(_logits(model, prepared),),
        held={"ranks": held, "tables": _ROW_BYTES * rows},
        files={**_files(model, prepared), "record": record_bytes(len(items))},
        meanwhile={"progress": held},
        counted=(
            f"{facts.source}: {len(prepared.facts):,} facts, {len(items):,} items in "
            f"{len(prepared.counts)} languages, read at {len(points)} points",
        ),
        where=where,
    )


def _logits(model: Sketch, prepared: Prepared) -> Logits:
    tokens = token_array(prepared.items[:1])

    def read(logits: torch.Tensor) -> Any:
        wanted = tokens.expand(len(logits), -1, -1).clamp(max=logits.shape[1] - 1)
        return read_logits(
            logits, wanted.to(logits.device), ties=prepared.options.ties, top=TOP
        )  # fmt: skip

    rows = len(prepared.items) * len(prepared.points)
    return Logits(rows, max(1, CHUNK_ELEMENTS // model.shape.d_vocab), read)


def _files(model: Sketch, prepared: Prepared) -> dict[str, int]:
    """Write the tables of some items, with made-up ranks."""
    items: list[LensItem] = prepared.items[:: max(1, len(prepared.items) // _ITEMS_SHOWN)]
    points, random = prepared.points, np.random.default_rng(0)
    arrays: dict[str, NDArray[Any]] = empty_arrays(len(items), len(points), model)
    size = model.shape.d_vocab
    shape = arrays["rank"].shape
    # Ranks are small where an answer is known and anything before; texts repeat along the depth.
    arrays["rank"][...] = np.floor(size ** random.random(shape))
    arrays["logprob"][...] = -random.exponential(8, shape)
    for row, item in enumerate(items):
        for place, role in enumerate(ROLES):
            if role in item.answers:
                arrays["token_id"][row, :, place] = item.answers[role].ids[0]
            else:
                arrays["rank"][row, :, place] = np.nan
    known = len(model.tokenizer)
    few = random.integers(0, known, 1 + known // 8)
    arrays["top_ids"][...] = random.choice(few, arrays["top_ids"].shape)
    arrays["top_logprob"][...] = -random.exponential(4, arrays["top_ids"].shape)
    share = len(items) / len(prepared.items)
    ranks = ranks_frame(items, points, arrays, model.tokenizer, prepared.options.token_rule)
    top = top_frame(items, points, arrays, model.tokenizer)
    return {
        "lens_ranks": table_bytes("lens_ranks", ranks, share=share),
        "lens_top": table_bytes("lens_top", top, share=share),
    }
