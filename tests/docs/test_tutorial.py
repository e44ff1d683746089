"""The tutorial is run from its first block to its last, and prints what it says it prints."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import Block, Reader, blocks, shows
from tests.docs.site import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_block_runs_and_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = tmp_path / "artifacts"
    artifacts.mkdir()
    for name in ("base", "sft", "grpo"):
        (artifacts / name).symlink_to(ROOT / "artifacts" / name)
    # a copy: the study is opened for writing by `interp compare`
    shutil.copytree(ROOT / "artifacts" / "demo", artifacts / "demo")
    monkeypatch.chdir(tmp_path)
    reader, said, compared = Reader(), "", 0
    for block in blocks(PAGE):
        if block.kind in ("sh", "python"):
            said = reader.run(block)
        else:
            assert block.kind == "text", f"line {block.line}: a block of {block.kind!r} is not run"
            about = "about" in block.words
            assert shows(block.text, said, about=about), f"line {block.line}: printed\n{said}"
            compared += 1
    assert compared >= 12
    assert (artifacts / "mine" / "comparisons.parquet").exists()
    assert (tmp_path / "figures" / "head-overlap.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/figures.md"])
def test_python_of_other_pages_runs(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    reader = Reader()
    found = [one for one in blocks((ROOT / page).read_text("utf-8")) if one.kind == "python"]
    assert found
    for block in found:
        reader.run(block)
    assert reader.names["plate"].reading


def test_what_is_left_out_and_what_may_differ() -> None:
    said = "a 10\nb 2.51\nc\n"
    assert shows("a 10\n…\nc\n", said, about=False)
    assert shows("a …\nb 2.51\nc\n", said, about=False)
    assert not shows("a 11\n…\nc\n", said, about=False)
    assert not shows("a 10\nc\n", said, about=False)
    assert not shows("a 10\n…\n", "", about=False)
    assert shows("a 10\nb  2.5\nc\n", said, about=True)
    assert not shows("a 10\nb 2.7\nc\n", said, about=True)
    assert not shows("b 10\nb 2.5\nc\n", said, about=True)


def test_blocks_are_found_with_their_words() -> None:
    page = "x\n\n```sh exits=2\ninterp a\n```\n\n```text\nb\n```\n"
    assert blocks(page) == [
        Block("sh", ("exits=2",), "interp a\n", 3),
        Block("text", (), "b\n", 7),
    ]
