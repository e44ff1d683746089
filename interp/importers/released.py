"""Everything that arXiv 2606.06586 released, at once: a folder of ``lahis``, ``lape`` and ``klar_predictions``.

Source: ``jvonrad/Lost-in-Mistranslation``; its folders are named after checkpoints (``olmo-base``,
``olmo-sft-10k``, ``olmo-grpo``, ``olmo-grpo-attmlp``, ``olmo-cpt-grpo``). Checkpoints of different names are
different checkpoints: the GRPO of the heads is not the GRPO of the neurons, and they keep two labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from interp.data.sources.text import folder_of
from interp.errors import InterpError
from interp.importers.imported import Imported
from interp.importers.klar import read_klar
from interp.importers.lahis import read_lahis
from interp.importers.lape import read_lape

PARTS = ("lahis", "lape", "klar_predictions")
_FAMILY = "olmo-"
_STAGES = ("cpt-sft", "cpt-grpo", "base", "cpt", "sft", "grpo")


def read_released(
    folder: str | Path, *, facts: str | None = None
) -> Iterator[tuple[str, str, Imported]]:
    """Read what is there of the released results.

    Args:
        folder: with at least one of the folders ``PARTS``.
        facts: ``klar:FOLDER``, for the English answers, so that English leaks are seen.

    Yields:
        Label (the checkpoint's folder without ``olmo-``), stage, and what was read.

    Raises:
        InterpError: none of the folders is there or holds a checkpoint, or a file is refused.
    """
    place = folder_of(str(folder), "a folder with " + ", ".join(PARTS))
    readers: dict[str, Callable[[Path], Imported]] = {
        "lahis": read_lahis,
        "lape": read_lape,
        "klar_predictions": lambda file: read_klar(file, facts=facts),
    }
    found = [(read, one) for part, read in readers.items() for one in _entries(place / part)]
    if not found:
        raise InterpError(
            f"{place} holds none of the released results: expected folders {', '.join(PARTS)} with one "
            "entry per checkpoint (olmo-base, …)"
        )
    for read, one in found:
        label = one.stem.removeprefix(_FAMILY)
        yield label, stage_of(label), read(one)


def _entries(part: Path) -> list[Path]:
    """List a part's checkpoints; a folder, or a parquet file of answers."""
    if not part.is_dir():
        return []
    return sorted(one for one in part.iterdir() if one.is_dir() or one.suffix == ".parquet")


def stage_of(label: str) -> str:
    """Read what was done to a checkpoint from its name, e.g. ``sft-10k`` is ``sft``; else the name."""
    for stage in _STAGES:
        if label == stage or label.startswith(f"{stage}-"):
            return stage
    return label
