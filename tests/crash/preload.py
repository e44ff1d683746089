"""Imported once by the server that commands are forked from, so that a kill hits work and no import."""

from __future__ import annotations

import contextlib
import importlib

MODULES = (
    "pandas", "pyarrow.parquet", "pyarrow.dataset", "plotly.graph_objects", "torch", "transformers",
    "transformers.models.olmo2.modeling_olmo2", "peft", "datasets", "trl", "lm_eval", "interp",
    "interp.cli.app", "interp.model.hooked", "interp.comparison", "interp.plates.registry",
    "interp.report.write", "interp.printing.folder", "interp.importers", "interp.evals.lm_eval_run",
    "training.fact_stages", "training.cpt", "training.organism.build",
)  # fmt: skip

for name in MODULES:
    with contextlib.suppress(ImportError):  # an optional part that is not installed
        importlib.import_module(name)
