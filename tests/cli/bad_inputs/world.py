"""What the mistakes are made upon: a checkpoint, text, facts and a study, all of them sound."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.cli.bad_inputs.call import call
from tests.evals.klar_folder import klar_folder
from tests.tiny import save_tiny

_WORDS = {"en": "the sea is wide", "es": "el mar es ancho", "zh": "大海很宽"}


@dataclass(frozen=True)
class World:
    """Folders and files that no case may change.

    Attributes:
        root: holds all of them.
        checkpoint: a tiny random OLMo-2.
        corpus: twelve units in en, es and zh.
        facts: a JSONL file of four facts in en and es.
        klar: KLAR's layout in en, es and ru.
        study: LAPE, LAHIS, lens and option scores of label ``base``, LAPE of label ``sft``.
    """

    root: Path
    checkpoint: Path
    corpus: Path
    facts: Path
    klar: Path
    study: Path


@dataclass(frozen=True)
class Place:
    """What one case gets: the world, and a folder of its own.

    Attributes:
        world: sound, shared by all cases.
        bad: what the case makes wrong; not there yet.
        copy: a private copy of the study, where the command names ``{copy}``.
        new: a study that is not there, and must not be there afterwards.
        here: the working directory of the command.
    """

    world: World
    bad: Path
    copy: Path
    new: Path
    here: Path

    @property
    def names(self) -> dict[str, Path]:
        """What the braces in a command stand for."""
        world = self.world
        return {
            "checkpoint": world.checkpoint, "corpus": world.corpus, "facts": world.facts,
            "klar": world.klar, "study": world.study, "bad": self.bad, "copy": self.copy,
            "new": self.new,
        }  # fmt: skip


def build(root: Path) -> World:
    """Make the world; a few seconds."""
    world = World(root, *(root / name for name in ("tiny", "text", "facts.jsonl", "klar", "study")))
    save_tiny(world.checkpoint)
    write_corpus(world.corpus)
    world.facts.write_text("".join(fact_line(f"f{n}") for n in range(4)), encoding="utf-8")
    klar_folder(world.klar)
    text = ("--model", world.checkpoint, "--corpus", world.corpus, "--study", world.study)
    facts = ("--model", world.checkpoint, "--facts", f"jsonl:{world.facts}", "--study", world.study)
    for line in (
        ("lape", *text, "--label", "base"),
        ("lape", *text, "--label", "sft"),
        ("lahis", *text, "--label", "base", "--limit", 8),
        ("lens", *facts, "--label", "base"),
        ("eval", "mcq", *facts, "--label", "base"),
    ):
        told = call([str(part) for part in line], root)
        assert told.code == 0, told
    return world


def place(world: World, folder: Path) -> Place:
    """Make the folder of one case."""
    here = folder / "here"
    here.mkdir(parents=True)
    return Place(world, folder / "bad", folder / "copy", folder / "new", here)


def copy_study(where: Place) -> None:
    """Give a case a study of its own, to be damaged."""
    shutil.copytree(where.world.study, where.copy, ignore=shutil.ignore_patterns("*.lock", ".lock"))


def write_corpus(folder: Path, n_units: int = 12) -> None:
    """Write aligned text in three languages."""
    folder.mkdir(parents=True)
    for lang, text in _WORDS.items():
        lines = [
            f'{{"id": "u{i}", "lang": "{lang}", "text": "{text} {i} {text}"}}'
            for i in range(n_units)
        ]
        (folder / f"{lang}.jsonl").write_text("\n".join(lines), encoding="utf-8")


def fact_line(fact_id: str = "f1", **changes: object) -> str:
    """One line of a JSONL file of facts in en and es."""
    text = {"question": f"Q {fact_id}?", "options": ["a", "b", "c", "d"], "answer_index": 0}
    spanish = {**text, "options": ["á", "é", "í", "ó"]}
    fact = {
        "fact_id": fact_id, "relation": "r", "property_id": "P1", "split": "test",
        "option_ids": ["o0", "o1", "o2", "o3"], "texts": {"en": text, "es": spanish}, **changes,
    }  # fmt: skip
    return json.dumps(fact) + "\n"


def everything_below(*folders: Path) -> dict[str, str]:
    """Every file with its hash, every folder and every link, but for locks."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.name.endswith(".lock"):
                continue
            if path.is_symlink():
                found[str(path)] = f"-> {path.readlink()}"
            elif path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[str(path)] = "folder"
    return found
