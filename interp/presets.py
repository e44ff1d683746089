"""The presets of every analysis, as data: what is the default, and what each source did.

One frozen dataclass of options per analysis and one table of named instances. The corrected form
of a method is always ``default``; a published form, defects included, is a named preset:

* ``paper``: arXiv 2606.06586 as printed;
* ``release``: the code published with it (``jvonrad/Lost-in-Mistranslation``);
* ``tang2024``: LAPE as in RUCAIBox/Language-Specific-Neurons;
* ``liu2025``: LAHIS as in Linuxin-xxx/LAHIS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

import pandas as pd

from interp.errors import InterpError, unknown
from interp.options import (
    AblationOptions,
    AttentionOptions,
    KlarOptions,
    LahisOptions,
    LapeOptions,
    LensOptions,
    McqOptions,
    SimilarityOptions,
)

__all__ = [
    "NOTES",
    "PRESETS",
    "PRESET_NAMES",
    "AblationOptions",
    "AttentionOptions",
    "KlarOptions",
    "LahisOptions",
    "LapeOptions",
    "LensOptions",
    "McqOptions",
    "SimilarityOptions",
    "note",
    "preset",
    "presets_frame",
]

PRESET_NAMES = ("default", "paper", "release", "tang2024", "liu2025")

_RELEASE_LENS = LensOptions(
    final_norm="release_double", token_rule="last", trailing_space=True, drop_collisions=False
)
_RELEASE_KLAR = KlarOptions(template="release", demos="global_rng", line="first")

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "lape": MappingProxyType(
            {
                "default": LapeOptions(),
                "paper": LapeOptions(budget="all"),
                "release": LapeOptions(
                    eps=1e-9, filter_quantile=None, rounding="floor", budget="all",
                    layout="flat", bos="never",
                ),
                "tang2024": LapeOptions(assignment="threshold", budget="all"),
            }
        ),
        "lahis": MappingProxyType(
            {
                "default": LahisOptions(),
                "paper": LahisOptions(mask_update="adamw", top_rule="topk_int"),
                "release": LahisOptions(
                    mask_update="adamw", mask_dtype="bfloat16", n_samples=500, top_rule="topk_int"
                ),
                "liu2025": LahisOptions(
                    mask_update="adamw", mask_dtype="bfloat16", accumulate_dtype="bfloat16",
                    seq_len=2048, top_rule="quantile", general_min=4,
                ),
            }
        ),
        "lens": MappingProxyType(
            {"default": LensOptions(), "paper": LensOptions(), "release": _RELEASE_LENS}
        ),
        "mcq": MappingProxyType(
            {
                "default": McqOptions(),
                "paper": McqOptions(normalisation="token"),
                "release": McqOptions(),
            }
        ),
        "klar": MappingProxyType(
            {"default": KlarOptions(), "paper": KlarOptions(), "release": _RELEASE_KLAR}
        ),
        "ablation": MappingProxyType(
            {
                "default": AblationOptions(),
                "release": AblationOptions(
                    assignment="argmax", loss="chunk_ppl", units="any"
                ),
            }
        ),
        "similarity": MappingProxyType({"default": SimilarityOptions()}),
        "attention": MappingProxyType({"default": AttentionOptions()}),
    }
)  # fmt: skip
"""analysis -> preset name -> options."""

NOTES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("lahis", "release"): (
            "the causal mask is kept here; the release lost it under SDPA attention, so its "
            "published scores probably come from bidirectional passes"
        ),
        ("lape", "release"): "no percentile filter: neurons that hardly ever fire may be selected",
        ("klar", "release"): (
            "demonstrations depend on the list of languages; those behind the published numbers "
            "need seed 42 and languages es,fr,ru,zh,ja,ar in this order"
        ),
        ("lens", "release"): (
            "the final norm is applied twice at the last point, so its top token need not be "
            "the model's prediction"
        ),
    }
)
"""(analysis, preset) -> one sentence that the output must carry."""


def preset(analysis: str, name: str = "default", **overrides: Any) -> Any:
    """Look up a preset and change some of its options.

    Args:
        analysis: one of ``PRESETS``.
        name: the preset's name, see ``PRESET_NAMES``.
        **overrides: options to replace, by field name.

    Returns:
        The analysis' frozen options dataclass.

    Raises:
        InterpError: for an unknown analysis or preset, a preset that says nothing about this
            analysis, an unknown option, or a value out of range.
    """
    if analysis not in PRESETS:
        raise unknown("analysis", analysis, PRESETS)
    table = PRESETS[analysis]
    if name not in PRESET_NAMES:
        raise unknown("preset", name, table, "`interp presets` prints what each one means")
    if name not in table:
        raise InterpError(
            f"preset {name!r} says nothing about {analysis}: expected one of {', '.join(table)}"
        )
    options = table[name]
    names = [field.name for field in fields(options)]
    for key in overrides:
        if key not in names:
            raise unknown(f"{analysis} option", key, names)
    return replace(options, **overrides)


def note(analysis: str, name: str) -> str:
    """Return the sentence that results under this preset must carry, or an empty string."""
    return NOTES.get((analysis, name), "")


def presets_frame() -> pd.DataFrame:
    """Lay the presets out as one table, for ``interp presets``.

    Returns:
        One row per analysis and option; columns ``analysis``, ``option`` and one per preset,
        values as text, ``-`` where a preset says nothing about the analysis.
    """
    rows = []
    for analysis, table in PRESETS.items():
        for field in fields(table["default"]):
            cells = {
                name: _cell(getattr(table[name], field.name)) if name in table else "-"
                for name in PRESET_NAMES
            }
            rows.append({"analysis": analysis, "option": field.name, **cells})
    return pd.DataFrame(rows, columns=["analysis", "option", *PRESET_NAMES])


def _cell(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
