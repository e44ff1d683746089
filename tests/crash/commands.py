"""Every command that writes something, with inputs so small that a run takes seconds.

`interp demo` is left out: it is a row of the commands below, and takes minutes. Commands that write
nothing (show, presets, doctor, verify, dashboard) have nothing to lose.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.importers import made
from tests.study import managed
from tests.tiny import save_tiny
from tests.training.facts import write_facts

Prepare = Callable[[Path], object]


def _nothing(folder: Path) -> None:
    """Leave the folder as it is."""


@dataclass(frozen=True)
class Command:
    """One command and what it works on.

    Attributes:
        name: of the row in the table.
        arguments: after ``interp``, separated by spaces; ``{inputs}`` is the folder of `write_inputs`. It runs in a folder
            of its own, in which ``study`` is the study and everything it writes lies.
        steps: whether it saves progress on the way, and so can be killed midway.
        before: arguments of commands that are run to their end first.
        prepare: puts into the folder what the command finds there.
    """

    name: str
    arguments: str
    steps: bool = False
    before: tuple[str, ...] = ()
    prepare: Prepare = _nothing


def _written_study(folder: Path, **options: object) -> None:
    """A study of two checkpoints with runs of every analysis, made without a model."""
    from tests.dashboards.studies import whole

    whole(folder / "study", **options)  # type: ignore[arg-type]


def _small(folder: Path) -> None:
    _written_study(folder, stages={"base": "base"}, languages=("en", "ar"))


def _uncompared(folder: Path) -> None:
    _written_study(folder, compared=False)


def _managed(folder: Path) -> None:
    managed.make(folder / "study")


def _removed(folder: Path) -> None:
    from interp.study.manage import Selection, remove_runs

    _managed(folder)
    remove_runs(folder / "study", Selection(runs=(managed.spec("grpo").run_id,)))


def _to_merge(folder: Path) -> None:
    from interp.study import Study

    _managed(folder)
    managed.write(Study.open(folder / "other"), managed.spec("sft"), 0.125)


def _old(folder: Path) -> None:
    _managed(folder)
    managed.older(folder / "study")


_CORPUS = "--corpus {inputs}/corpus --model {inputs}/tiny --study study --batch-size 1"
_FACTS = "--facts jsonl:{inputs}/facts.jsonl --model {inputs}/tiny --study study --batch-size 1"
_ABLATE = f"--n-controls 1 {_CORPUS}"
_LORA = "--set lora_rank=4 --set lora_alpha=8 --set lora_dropout=0.1"
_TRAIN = (
    f"--model {{inputs}}/tiny --out trained --preset organism --device cpu {_LORA} --steps 5 "
    "--set save_every=1"
)
_ON_FACTS = f"{_TRAIN} --facts jsonl:{{inputs}}/train.jsonl --set checkpoint_every=2"

COMMANDS: tuple[Command, ...] = (
    Command("lens", f"lens --token-rule last {_FACTS}", steps=True),
    Command("lape", f"lape --languages en,es,zh --top-fraction 0.2 {_CORPUS}", steps=True),
    Command("lahis frozen", f"lahis --mask-update frozen {_CORPUS}", steps=True),
    Command("lahis learned", f"lahis --preset paper {_CORPUS}".rsplit(" ", 2)[0], steps=True),
    Command("similarity", f"similarity {_CORPUS}", steps=True),
    Command("attention", f"attention --heads 1.2,0.3 --samples 8 {_CORPUS}", steps=True),
    Command(
        "ablate heads",
        f"ablate --heads-from tiny {_ABLATE}",
        steps=True,
        before=(f"lahis --limit 4 {_CORPUS}",),
    ),
    Command(
        "ablate neurons",
        f"ablate --neurons-from tiny {_ABLATE}",
        steps=True,
        before=(f"lape --limit 4 --top-fraction 0.2 {_CORPUS}",),
    ),
    Command("eval mcq", f"eval mcq {_FACTS} --out tables", steps=True),
    Command("eval klar", f"eval klar --n-demos 1 {_FACTS}", steps=True),
    Command(
        "eval lm-eval",
        "eval lm-eval --model {inputs}/tiny --include-path {inputs}/tasks --tasks interp_jsonl "
        "--study study --batch-size 1",
        steps=True,
    ),
    Command(
        "compare",
        "compare --study study --draws 100 --permutations 99 --splits 20 --out tables",
        prepare=_uncompared,
    ),
    Command(
        "claims", "claims --study study --model OLMo-2-1124-7B --out tables", prepare=_uncompared
    ),
    Command("transition", "transition --study study --draws 100 --out tables", prepare=_uncompared),
    Command("report", "report --study study --out pages/report.html", prepare=_small),
    Command("figures", "figures --study study --out figures", prepare=_small),
    Command("import lahis", "import lahis {inputs}/heads --label x --study study"),
    Command("import lape", "import lape {inputs}/lists --label x --study study"),
    Command("import klar", "import klar {inputs}/answers.parquet --label x --study study"),
    Command(
        "import masks",
        "import masks {inputs}/x.pth --languages en,zh --neurons 9 --label x --study study",
    ),
    Command("import release", "import release {inputs}/release --study study"),
    Command("export lm-eval", "export lm-eval --facts jsonl:{inputs}/facts.jsonl --out tasks"),
    Command("study rename", "study rename --study study base b2", prepare=_managed),
    Command("study name", "study rename --study study --study-name other", prepare=_managed),
    Command(
        "study remove", "study remove --study study --label base --facts --yes", prepare=_managed
    ),
    Command(
        "study purge", "study remove --study study --superseded --purge --yes", prepare=_managed
    ),
    Command(
        "study restore",
        f"study restore --study study {managed.spec('grpo').run_id}",
        prepare=_removed,
    ),
    Command("study merge", "study merge --study study other", prepare=_to_merge),
    Command("study migrate", "study migrate --study study", prepare=_old),
    Command("train base", "train base --preset quick --steps 2 --threads 1 --out trained"),
    Command(
        "train cpt",
        f"train cpt {_TRAIN} --corpus {{inputs}}/corpus --set rows_per_update=2 --set micro_rows=1",
        steps=True,
    ),
    Command(
        "train sft", f"train sft {_ON_FACTS} --set facts_per_update=2 --study study", steps=True
    ),
    Command(
        "train grpo",
        f"train grpo {_ON_FACTS} --set patience=0 --set max_completion_tokens=4 --languages en,zh",
        steps=True,
    ),
)


def installed() -> tuple[Command, ...]:
    """The commands whose optional parts are installed."""
    lacking = () if find_spec("lm_eval") else ("eval lm-eval",)
    return tuple(command for command in COMMANDS if command.name not in lacking)


def write_inputs(folder: Path) -> Path:
    """Write what the commands read: a checkpoint, texts, facts, results that others published.

    Args:
        folder: made when absent.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_tiny(folder / "tiny")
    (folder / "corpus").mkdir()
    words = {"en": "the sea is wide", "es": "el mar es ancho", "zh": "大海很宽"}
    for lang, text in words.items():
        units = [{"id": f"u{i}", "lang": lang, "text": f"{text} {i} {text}"} for i in range(8)]
        lines = [json.dumps(unit, ensure_ascii=False) for unit in units]
        (folder / "corpus" / f"{lang}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    write_option_facts(folder / "facts.jsonl")
    write_facts(folder / "train.jsonl")
    made.write_lahis(folder / "heads")
    made.write_lape(folder / "lists")
    made.write_klar(folder / "answers.parquet")
    made.write_masks(folder / "x.pth")
    made.write_lahis(folder / "release" / "lahis" / "olmo-base")
    made.write_lape(folder / "release" / "lape" / "olmo-base")
    made.write_klar(folder / "release" / "klar_predictions" / "olmo-base.parquet")
    if find_spec("lm_eval"):
        from interp.data.facts import FactSet
        from interp.evals.lm_eval_export import export_facts

        export_facts(FactSet.load(f"jsonl:{folder / 'facts.jsonl'}"), folder / "tasks")
    return folder


def write_option_facts(path: Path) -> None:
    """Write twelve facts in two languages whose answers end in different bytes."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = []
    for i in range(12):
        texts = {
            lang: {
                "question": f"{ask} {i}",
                "options": [f"{lang} {letters[(i + shift + 4 * k) % 26]}" for k in range(4)],
                "answer_index": i % 4,
            }
            for lang, ask, shift in (("en", "Which?", 0), ("es", "¿Cuál?", 2))
        }
        fact = {"fact_id": f"f{i}", "relation": "r", "property_id": "P1", "split": "test"}
        lines.append(json.dumps({**fact, "option_ids": ["o0", "o1", "o2", "o3"], "texts": texts}))
    path.write_text("\n".join(lines))
