"""A checkpoint folder, a corpus, and what a refusal looks like."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.command import Interp, Said
from tests.tiny import save_tiny


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random OLMo-2 with a byte tokenizer, saved as a user's folder would be."""
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    return save_tiny(folder)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight units in three languages."""
    folder = tmp_path_factory.mktemp("corpus")
    words = {"en": "the sea is wide", "es": "el mar es ancho", "zh": "大海很宽"}
    for lang, text in words.items():
        lines = [
            f'{{"id": "u{i}", "lang": "{lang}", "text": "{text} {i} {text}"}}' for i in range(8)
        ]
        (folder / f"{lang}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def fingerprint(folder: Path) -> dict[str, str]:
    """Hash every file below a folder, so that a test can say that nothing was touched."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith(".lock")
    }


def refused(said: Said, *words: str) -> None:
    """Check that a command ended with one line that names the matter."""
    assert said.code == 2, said
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0], lines[0]


@pytest.fixture
def study(interp: Interp, checkpoint: Path, corpus: Path, tmp_path: Path) -> Path:
    """A study that holds one finished run."""
    folder = tmp_path / "study"
    said = interp("lape", "--model", checkpoint, "--corpus", corpus, "--study", folder)
    assert said.code == 0, said.err
    return folder
