"""Every page on every kind of faulty study: an explanation, the command that mends it, no traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from interp.study import Study
from tests.dashboards.app import Seen, walk
from tests.dashboards.commands import check_runnable
from tests.dashboards.studies import (
    HOSTILE,
    LANGUAGES,
    blank,
    change,
    interrupt,
    remove,
    whole,
    write_lape,
)
from tests.study.managed import older

PAGES = ("overview", "lens", "heads", "neurons", "statistics", "training", "facts")
EVERYWHERE = "every page"

Make = Callable[[Path], object]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a study, and what is to be read of it.

    Attributes:
        make: changes a whole study in place, or makes a folder where there is none.
        says: page (or every page) to a part of what it says.
        mended_by: page (or every page) to a command of interp that it shows.
        charts: pages that show a chart all the same.
        fresh: whether ``make`` starts from nothing instead of a whole study.
        query: what the URL asks for.
    """

    make: Make
    says: dict[str, str] = field(default_factory=dict)
    mended_by: dict[str, str] = field(default_factory=dict)
    charts: tuple[str, ...] = ()
    fresh: bool = False
    query: dict[str, str] = field(default_factory=dict)


def _manifest(**values: object) -> Make:
    def make(folder: Path) -> None:
        path = folder / "study.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return make


def _damage(name: str, label: str) -> Make:
    """Overwrite the middle of one file of one checkpoint's runs."""

    def make(folder: Path) -> None:
        (file,) = folder.glob(f"runs/{label}-*/{name}.*")
        data = file.read_bytes()
        half = len(data) // 2
        file.write_bytes(data[:half] + b"damaged" + data[half + 7 :])

    return make


def _lose(name: str, label: str) -> Make:
    def make(folder: Path) -> None:
        (file,) = folder.glob(f"runs/{label}-*/{name}.parquet")
        file.unlink()

    return make


def _drop(name: str, column: str) -> Make:
    def make(folder: Path) -> None:
        for file in folder.glob(f"runs/*/{name}.parquet"):
            change(file, lambda table: table.drop_columns([column]))

    return make


def _blank(name: str, column: str) -> Make:
    def make(folder: Path) -> None:
        for file in folder.glob(f"runs/*/{name}.parquet"):
            blank(file, column)

    return make


def _record(label: str) -> Make:
    def make(folder: Path) -> None:
        (file,) = folder.glob(f"runs/{label}-lape-*/run.json")
        file.write_text('{"spec": ')

    return make


def _uncompared(folder: Path) -> None:
    (folder / "comparisons.parquet").unlink()


def _stale(folder: Path) -> None:
    """Run an analysis of a compared checkpoint again."""
    remove(folder, "lape")
    study = Study.open(folder)
    for label in ("base", "sft", "grpo"):
        write_lape(study, label, label, LANGUAGES, 4, seed=9, top_fraction=0.5)


def _unselected(folder: Path) -> None:
    """No neuron is language-specific."""
    for file in folder.glob("runs/*/neurons.parquet"):
        change(file, lambda table: table.set_column(
            table.schema.get_field_index("selected"), table.schema.field("selected"),
            [[False] * len(table)],
        ))  # fmt: skip
    for file in folder.glob("runs/*/neuron_examples.parquet"):
        change(file, lambda table: table.slice(0, 0))


SEVEN = {"base": "base", "cpt": "cpt", "sft": "sft", "grpo": "grpo"} | {
    f"grpo-step-{step}": "grpo" for step in (10, 20, 100)
}
ODD = {"base_v1.0+x": "base", "7B": "sft", "a.b-c_d+e": "my stage, <b>new</b>"}
SHOWS = {page: page for page in PAGES}

FAULTS: dict[str, Fault] = {
    "missing": Fault(
        lambda folder: None, {EVERYWHERE: "no study at"}, {EVERYWHERE: "demo"}, fresh=True
    ),
    "empty": Fault(
        lambda folder: folder.mkdir(), {EVERYWHERE: "not a study"}, {EVERYWHERE: "demo"}, fresh=True
    ),
    "no study": Fault(
        lambda folder: (folder.mkdir(), (folder / "notes.txt").write_text("x")),
        {EVERYWHERE: "not a study"},
        {EVERYWHERE: "demo"},
        fresh=True,
    ),
    "a file": Fault(
        lambda folder: folder.write_text("x"),
        {EVERYWHERE: "not a study"},
        {EVERYWHERE: "demo"},
        fresh=True,
    ),
    "newer": Fault(_manifest(schema_version=99), {EVERYWHERE: "schema 99"}),
    "damaged manifest": Fault(
        lambda folder: (folder / "study.json").write_text("{"), {EVERYWHERE: "damaged"}
    ),
    "older": Fault(older, charts=PAGES),
    "unfinished only": Fault(
        interrupt, {EVERYWHERE: "no finished run"}, {EVERYWHERE: "lape"}, fresh=True
    ),
    "unfinished beside finished": Fault(
        interrupt, {"overview": "late-lape"}, charts=PAGES
    ),
    "damaged run.json": Fault(
        _record("sft"), {EVERYWHERE: "is damaged"}, {EVERYWHERE: "study remove"},
        charts=("overview", "lens", "heads", "facts"),
    ),
    "damaged head_scores": Fault(
        _damage("head_scores", "sft"),
        {"heads": "damaged"},
        charts=("overview", "lens", "neurons", "training", "facts"),
    ),
    "damaged neurons": Fault(
        _damage("neurons", "sft"),
        charts=("overview", "lens", "heads", "neurons", "training", "facts"),
    ),
    "damaged neuron_probs": Fault(
        _damage("neuron_probs", "sft"),
        {"neurons": "damaged"},
        charts=("overview", "lens", "heads", "training", "facts"),
    ),
    "damaged lens_ranks": Fault(
        _damage("lens_ranks", "sft"),
        {"lens": "damaged"},
        charts=("overview", "heads", "neurons", "training"),
    ),
    "damaged predictions": Fault(
        _damage("predictions", "sft"),
        {"facts": "damaged"},
        charts=("overview", "lens", "heads", "neurons", "training"),
    ),
    "damaged comparisons": Fault(
        lambda folder: (folder / "comparisons.parquet").write_bytes(b"PAR1 damaged"),
        {"overview": "damaged", "statistics": "damaged"},
    ),
    "lost head_scores": Fault(_lose("head_scores", "sft"), {"heads": "head_scores.parquet"}),
    "lost train_log": Fault(_lose("train_log", "sft"), {"training": "train_log.parquet"}),
    "no rank": Fault(_drop("lens_ranks", "rank"), {"lens": "rank"}),
    "no score": Fault(_drop("head_scores", "score"), {"heads": "score"}),
    "no entropy": Fault(_drop("neurons", "entropy"), {"neurons": "entropy"}),
    "no scores": Fault(_drop("predictions", "scores"), {"facts": "scores"}),
    "one checkpoint": Fault(
        lambda folder: whole(folder, stages={"base": "base"}),
        {"overview": "one checkpoint"},
        {"overview": "compare"},
        charts=("overview", "lens", "heads", "neurons", "training", "facts"),
        fresh=True,
    ),
    "28 and 32 layers": Fault(
        lambda folder: whole(
            folder, stages={"base": "base", "grpo": "grpo"}, depths={"base": 28, "grpo": 32}
        ),
        charts=PAGES,
        fresh=True,
    ),
    "one language": Fault(
        lambda folder: whole(folder, languages=("ar",), compared=False), charts=("overview",),
        fresh=True,
    ),
    "NaN scores": Fault(_blank("head_scores", "score"), charts=("overview", "lens")),
    "NaN ranks": Fault(_blank("lens_ranks", "rank"), charts=("overview", "heads")),
    "NaN probabilities": Fault(_blank("neuron_probs", "p_active"), charts=("overview", "heads")),
    "nothing selected": Fault(_unselected, charts=("overview", "heads", "lens")),
    "hostile": Fault(
        lambda folder: whole(folder, word=HOSTILE[0], compared=False), charts=("overview", "lens"),
        fresh=True,
    ),
    "odd labels": Fault(
        lambda folder: whole(folder, stages=ODD), charts=PAGES, fresh=True
    ),
    "seven checkpoints": Fault(
        lambda folder: whole(folder, stages=SEVEN, compared=False), charts=("overview", "lens"),
        fresh=True,
    ),
    "no runs but lape": Fault(
        lambda folder: [remove(folder, one) for one in ("lahis", "lens", "mcq", "ablation", "train")],
        {"lens": "No lens run", "heads": "No lahis run", "facts": "No mcq run",
         "training": "No train run"},
        {"lens": "lens", "heads": "lahis", "facts": "eval mcq", "training": "train grpo"},
        charts=("overview", "neurons"),
    ),
    "no lape": Fault(
        lambda folder: remove(folder, "lape"), {"neurons": "No lape run"}, {"neurons": "lape"}
    ),
    "not compared": Fault(
        _uncompared,
        {"overview": "not been compared", "statistics": "not been compared"},
        {"overview": "compare", "statistics": "compare"},
    ),
    "stale": Fault(
        _stale, {"overview": "replaced or removed"}, {"overview": "compare"}, charts=PAGES
    ),
    "asked in vain": Fault(
        lambda folder: None,
        {"overview": "'zz'", "lens": "'nope'", "heads": "'99'", "neurons": "'9999'",
         "statistics": "'other'", "training": "'none'", "facts": "'zyx'"},
        charts=PAGES,
        query={"analysis": "zz", "fact": "nope", "h_layer": "99", "n_neuron": "9999", "lang": "xx",
               "s_analysis": "other", "t_x": "none", "f_rel": "zyx"},
    ),
    "facts lost": Fault(
        lambda folder: shutil.rmtree(folder / "facts"), charts=("overview", "heads", "neurons")
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole study, which every fault gets a copy of."""
    return whole(tmp_path_factory.mktemp("sound") / "study")


@pytest.fixture(scope="module")
def faulty(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a study with a fault, made once."""

    @cache
    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp("faulty") / "a study"
        if not FAULTS[name].fresh:
            shutil.copytree(sound, folder)
        FAULTS[name].make(folder)
        return folder

    return make


@pytest.fixture(scope="module")
def seen(faulty: Callable[[str], Path]) -> Callable[[str], dict[str, Seen]]:
    """What one reader sees who walks through all pages of a faulty study."""

    @cache
    def look(name: str) -> dict[str, Seen]:
        return walk(PAGES, faulty(name), **FAULTS[name].query)

    return look


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_explained(name: str, page: str, seen: Callable[[str], dict[str, Seen]]):
    fault, found = FAULTS[name], seen(name)[page]
    assert not found.failures
    for expected in _of(fault.says, page):
        assert expected in found.text
    commands = [one for block in found.commands for one in check_runnable(block)]
    for expected in _of(fault.mended_by, page):
        assert expected in commands
    if page in fault.charts:
        assert found.charts
    assert found.charts or found.commands or found.errors, found.text


def _of(told: dict[str, str], page: str) -> list[str]:
    return [told[key] for key in (EVERYWHERE, page) if key in told]


def test_the_sound_study_shows_every_page(sound: Path):
    for page, found in walk(PAGES, sound).items():
        assert not found.failures
        assert found.charts, page
