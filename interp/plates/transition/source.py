"""The lens runs of a view, read once: ranks of target and English answer, and which languages have both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.data.languages import get, looks_like_code
from interp.errors import unknown
from interp.lens.role_cube import RoleCube, role_cube
from interp.plates.view import View

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Lens:
    """What the runs of a view ranked.

    Attributes:
        runs: label to run_id, in the view's order.
        specs: label to what the run was asked (`interp.study.Study.spec`).
        cubes: label to ranks.
        languages: of the view, those in which some run ranked a target beside an English answer.
        base: label that others are held against: the view's, or the first that has a run.
        whole: whether every language that some run asked in is shown, English aside: what is stored of
            all languages together is of these.
    """

    runs: Mapping[str, str]
    specs: Mapping[str, Mapping[str, Any]]
    cubes: Mapping[str, RoleCube]
    languages: tuple[str, ...]
    base: str
    whole: bool

    def labels(self, lang: str) -> list[str]:
        """Return the checkpoints that ranked both answers of some fact in a language."""
        return [label for label, cube in self.cubes.items() if both_ranked(cube, lang).any()]

    def common(self, lang: str) -> list[str]:
        """Return the facts whose two answers every checkpoint of `labels` ranked, sorted."""
        found: set[str] | None = None
        for label in self.labels(lang):
            cube = self.cubes[label]
            own = {
                fact
                for fact, there in zip(cube.fact_ids, both_ranked(cube, lang), strict=True)
                if there
            }
            found = own if found is None else found & own
        return sorted(found or ())

    def check(self, lang: str) -> str:
        """Return a language if it is one of these.

        Raises:
            InterpError: if it is not.
        """
        if lang not in self.languages:
            hint = "English has no other language to be held against" if lang == "en" else ""
            raise unknown(
                "language with English answers beside its own", lang, self.languages, hint
            )
        return lang


def lens_of(view: View) -> Lens:
    """Read the lens runs of the checkpoints shown.

    Raises:
        Lacking: no lens run, or none with English answers beside those of a language shown.
        InterpError: for a damaged file.
    """
    return view.once(_read)


def _read(view: View) -> Lens:
    runs = dict(view.runs("lens"))
    cubes = {label: role_cube(view.study, run_id) for label, run_id in runs.items()}
    languages = tuple(
        lang
        for lang in view.languages
        if any(both_ranked(cube, lang).any() for cube in cubes.values())
    )
    if not languages:
        raise view.lacking(
            "lens",
            f"no lens run of {', '.join(runs)} ranked English answers beside those of "
            f"{', '.join(view.languages)}",
        )
    specs = {label: view.study.spec(run_id) for label, run_id in runs.items()}
    asked = {lang for one in specs.values() for lang in one["arguments"].get("languages") or ()}
    return Lens(
        runs=runs,
        specs=specs,
        cubes=cubes,
        languages=languages,
        base=view.base if view.base in runs else next(iter(runs)),
        whole=asked - {"en"} <= set(view.languages),
    )


def both_ranked(cube: RoleCube, lang: str) -> Bools:
    """Say which facts have a rank of target and English answer at every layer, ``[fact]``."""
    if lang not in cube.languages:
        return np.zeros(len(cube.fact_ids), bool)
    return np.asarray(
        ~(np.isnan(cube.of("target", lang)) | np.isnan(cube.of("en", lang))).any(-1), bool
    )


def name_of(lang: str) -> str:
    """Name a language in English; a code that nobody knows stands for itself."""
    return get(lang).name if looks_like_code(lang) else lang


def is_latin(lang: str) -> bool:
    """Whether a language is written in Latin script."""
    return looks_like_code(lang) and get(lang).script == "Latin"
