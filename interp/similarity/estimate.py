"""What a similarity run would do and leave, for ``--dry-run``."""

from __future__ import annotations

from typing import Any

import numpy as np

from interp.data.corpus import Corpus
from interp.estimates.disk import record_bytes, table_bytes
from interp.estimates.sketch import Sketch
from interp.estimates.work import Pass, Work, counted_by
from interp.similarity.prepare import prepare
from interp.similarity.scores import METRICS
from interp.similarity.tables import similarity_frame


def similarity_work(model: Sketch, corpus: Corpus, *, where: str, **asked: Any) -> Work:
    """Describe a run.

    Args:
        model: the checkpoint without its weights.
        corpus: parallel text.
        where: the study's folder.
        **asked: as for ``run_similarity``.
    """
    prepared = prepare(model, corpus, **asked)
    text, plan, layout = prepared.text, prepared.plan, prepared.layout
    n_points, n_languages = model.shape.n_layers + 1, len(text.languages)
    n_units, n_blocks = len(layout.blocks), len(layout.n_units)
    layer = n_units * n_languages * model.shape.d_model
    shown = min(3, n_points)
    scores = np.random.default_rng(0).random(
        (shown, len(METRICS), n_blocks, n_languages, n_languages)
    )
    retrieval = METRICS.index("retrieval")  # a share of a block's units
    units = layout.n_units.clip(min=1)[:, None, None]
    scores[:, retrieval] = np.round(scores[:, retrieval] * units) / units
    frame = similarity_frame(scores, layout.n_units, text.languages)
    return Work(
        command="interp similarity",
        passes=(Pass.over("text", plan),),
        tokens=counted_by([s.lang for s in text.sequences], plan.lengths),
        held={
            "a layer of all texts": (4 + 2 * 8) * layer,
            "units by units": 4 * 8 * n_units**2 + 3 * 8 * n_units * n_languages**2,
        },
        files={
            "similarity": table_bytes("similarity", frame, share=shown / n_points),
            "record": record_bytes(len(text.sequences)),
        },
        meanwhile={"the means of all texts": 4 * n_points * layer},
        counted=(f"{corpus.source}: {n_units:,} units in {n_languages} languages",),
        where=where,
    )
