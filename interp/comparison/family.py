"""What a family of statistics (one analysis) gives to the comparison, and is given by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from interp.errors import InterpError
from interp.stats.contrast import Result
from interp.stats.pair import Pair
from interp.study import Study


class NotComparable(InterpError):
    """Two runs measured different things; the message says which, and becomes a row's reason."""


@dataclass(frozen=True)
class RunPair:
    """Two finished runs of one analysis and preset.

    Attributes:
        analysis: of both.
        preset: of both.
        base: label of the base.
        label: the other label.
        base_run: run_id of the base.
        label_run: run_id of the other.
        base_spec: ``Study.spec`` of the base's run.
        label_spec: of the other.
    """

    analysis: str
    preset: str
    base: str
    label: str
    base_run: str
    label_run: str
    base_spec: Mapping[str, Any]
    label_spec: Mapping[str, Any]


@dataclass(frozen=True)
class Built:
    """What a family made of two runs: a pair with units, or, of imports, what can be said without.

    Attributes:
        pair: to be sent through `interp.stats.contrast.contrast`; ``None`` where the result is there.
        result: what can be said without units (imported lists and matrices): no interval and no noise
            floor, so every verdict is *not enough data*.
        notes: what differs between the runs and what was left out, in words.
    """

    pair: Pair | None = None
    result: Result | None = None
    notes: tuple[str, ...] = ()

    @property
    def design(self) -> str:
        """``paired``, ``unpaired`` or ``lists``."""
        if self.pair is None:
            return "lists"
        return "paired" if self.pair.paired else "unpaired"

    @property
    def unit(self) -> str:
        """What the units are, in the plural."""
        return "lists" if self.pair is None else self.pair.unit

    @property
    def n(self) -> int:
        """Units of the side that has fewer; of lists, 0."""
        return 0 if self.pair is None else min(self.pair.n_base, self.pair.n_model)


Builder = Callable[[Study, RunPair], Built]
"""Reads two runs; raises `NotComparable`."""


def differing_options(pair: RunPair, measure: tuple[str, ...], *, imported: bool = False) -> None:
    """Refuse runs whose options make their numbers different things.

    Args:
        pair: the runs.
        measure: options that decide what is measured.
        imported: one of them was imported: an option that a file does not state cannot be held
            against it.

    Raises:
        NotComparable: where one of them differs.
    """
    old, new = pair.base_spec["arguments"], pair.label_spec["arguments"]
    differ = [
        f"{name} ({old.get(name)} and {new.get(name)})"
        for name in measure
        if old.get(name) != new.get(name) and not (imported and not (name in old and name in new))
    ]
    if differ:
        raise NotComparable(
            f"the runs differ in {', '.join(differ)}: run interp {pair.analysis} with the same options"
        )


def shared_languages(base: list[str], label: list[str]) -> tuple[list[str], list[str]]:
    """Keep the languages of both runs, in the base's order.

    Args:
        base: languages of the base's run.
        label: of the other.

    Returns:
        The shared languages, and a note (none where nothing is left out).

    Raises:
        NotComparable: where nothing is shared.
    """
    shared = [lang for lang in base if lang in label]
    if not shared:
        raise NotComparable(f"the runs share no language ({' '.join(base)} and {' '.join(label)})")
    left = [lang for lang in dict.fromkeys([*base, *label]) if lang not in shared]
    return shared, [f"without {' '.join(left)}: measured for one of the two only"] if left else []


def differing_models(pair: RunPair) -> list[str]:
    """Say in notes what else differs between the two models: tokenizer, dtype, engine."""
    old, new = pair.base_spec["model"], pair.label_spec["model"]
    names = {
        "tokenizer_hash": "different tokenizers",
        "dtype": "different dtypes",
        "engine": "different engines",
    }
    return [
        text
        for name, text in names.items()
        if old.get(name) and new.get(name) and old[name] != new[name]
    ]
