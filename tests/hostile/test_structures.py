"""Structures made to exhaust a reader, and names made to leave a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interp.claims.read import read_claims
from interp.data.facts import FactSet
from interp.data.language_sets import read_language_sets
from interp.errors import InterpError
from interp.importers import read_klar, read_lahis, read_lape, read_released
from interp.model.architecture_rows import load_architectures
from interp.study import Study
from interp.study.spec import check_name, check_stage
from tests.hostile.made import LAUGHS, fact
from tests.importers.made import write_klar, write_lahis
from training.configs import make_config

NAMES = (
    "", ".", "..", "../x", "a/b", "a\\b", "/etc", "~", "a\0b", "a\nb", "\x1b[2J", " a", "a ", "-x",
    "\u202ex", "ａ", "x" * 81, "a:b", "a*b", "CON/..", "a\u200b",
)  # fmt: skip

Reader = Callable[[Path], object]
YAML: dict[str, Reader] = {
    "architectures": load_architectures,
    "claims": lambda path: read_claims([path]),
    "language sets": read_language_sets,
    "settings": lambda path: make_config("sft", file=path),
}


@pytest.mark.parametrize("reader", YAML)
@pytest.mark.parametrize(
    "content",
    [
        LAUGHS.encode(), b"[" * 100_000, b"{a: " * 5_000, b"\xff\xfe", b"\0", b"a: 2001-99-99", b"a: !!int x",
        b"a: !!python/object/apply:os.system [id]", b"? [a, b]\n: 1", b"<<: 3", b"a: &a\n  b: *a", b"",
        b"a: 0x" + b"f" * 5_000, b"9" * 5_000 + b": 1", b"a: b: c", b"--- 1\n--- 2",
    ],
    ids=range(16),
)  # fmt: skip
def test_yaml_made_to_harm_is_one_line_at_once(reader: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    began = time.process_time()
    with pytest.raises(InterpError) as caught:
        YAML[reader](path)
    assert len(str(caught.value)) < 2_000
    assert time.process_time() - began < 5


@pytest.mark.parametrize("reader", [name for name in YAML if name != "claims"])
def test_an_alias_is_named(reader: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: &b [c]\nd: *b\n")
    with pytest.raises(InterpError, match=r"alias \*b in line 2"):
        YAML[reader](tmp_path / "x.yaml")


@pytest.mark.parametrize("depth", [50, 300, 900, 960, 990, 1_000, 5_000, 100_000])
@pytest.mark.parametrize("field", ["texts", "fact_id", "option_ids", "is_proper_noun", "extra"])
def test_json_of_any_depth_is_read_or_refused(depth: int, field: str, tmp_path: Path) -> None:
    path = tmp_path / "facts.jsonl"
    line = json.dumps({**fact("f", "x"), field: "DEEP"})
    path.write_text(line.replace('"DEEP"', "[" * depth + "]" * depth) + "\n")
    try:
        FactSet.load(f"jsonl:{path}")
    except InterpError as error:
        assert f"{path}:1" in str(error) and len(str(error)) < 500
    else:
        assert field in ("extra", "is_proper_noun")


def test_a_parquet_file_of_a_thousand_million_rows_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    chunk = pa.table({"pred": pa.nulls(50_000_000)})
    with pq.ParquetWriter(path, chunk.schema) as writer:
        for _ in range(20):
            writer.write_table(chunk, row_group_size=50_000_000)
    began = time.process_time()
    with pytest.raises(InterpError, match="1,000,000,000 rows"):
        read_klar(path)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "name", ["language", "relation", "index", "subject", "target", "pred", "correct"]
)
@pytest.mark.parametrize("value", [None, 1.5, b"x", [["a"]], {"a": 1}, pd.Timestamp(0), "x"])
def test_a_column_of_another_type_is_refused(name: str, value: object, tmp_path: Path) -> None:
    from tests.importers.made import answers

    frame = answers()
    if isinstance(value, str) and name not in ("index", "correct"):
        pytest.skip("text belongs here")
    frame[name] = pd.Series([value] * len(frame))
    with pytest.raises(InterpError) as caught:
        read_klar(write_klar(tmp_path / "x.parquet", frame))
    assert "x.parquet" in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_cannot_leave_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(InterpError) as caught:
        check_name("label", name)
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)
    study = Study.open(tmp_path / "s")
    with pytest.raises(InterpError):
        study.spec(name)
    with pytest.raises(InterpError):
        study.table("neurons", run_id=name)


@pytest.mark.parametrize("name", ["", " a", "a\n", "\x1b[2J", "\u202ex", "x" * 81, "\0"])
def test_a_stage_is_text_that_can_be_shown(name: str) -> None:
    with pytest.raises(InterpError, match="stage"):
        check_stage(name)
    check_stage("SFT on 10k facts (größer)")


def test_links_in_an_imported_folder_lead_to_no_secret(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the password is 1234")
    folder = write_lahis(tmp_path / "heads")
    (folder / "lahis_en.pth").unlink()
    (folder / "lahis_en.pth").symlink_to(secret)
    with pytest.raises(InterpError) as caught:
        read_lahis(folder)
    assert "password" not in str(caught.value)
    (folder / "meta.json").unlink()
    (folder / "meta.json").symlink_to(secret)
    with pytest.raises(InterpError) as caught:
        read_lahis(folder)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("read", [read_lahis, read_lape, lambda path: list(read_released(path))])
def test_a_folder_that_holds_itself_ends(read: Reader, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    for name in (
        "lahis",
        "lape",
        "klar_predictions",
        "lahis_en.pth",
        "lape_results.json",
        "meta.json",
    ):
        (folder / name).symlink_to(folder)
    (folder / "loop").symlink_to(folder / "loop")
    with pytest.raises(InterpError):
        read(folder)
    with pytest.raises(InterpError):
        read(folder / "loop")
