"""``docs/study.md`` says what the schema says: every table, every column, nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interp.study import SCHEMA_VERSION, TABLES, Study
from interp.study.records import RUN_COLUMNS
from tests.study import samples

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "study.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """The text below every ``### `table` `` heading."""
    parts = re.split(r"^### `(\w+)`$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", TABLES)
def test_every_column_stands_in_the_page_with_its_kind_and_meaning(name: str) -> None:
    text = sections()[name]
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| ([^|]+) \| (.+) \|$", text, flags=re.MULTILINE)
    expected = [
        (
            column.name,
            column.kind,
            "optional" if column.optional else "may be empty" if column.empty else "always filled",
            column.meaning,
        )
        for column in TABLES[name].columns
    ]
    assert rows == expected
    assert TABLES[name].about in text


def test_the_page_has_no_table_too_many_and_lists_the_derived_one() -> None:
    assert set(sections()) == {*TABLES, "runs"}
    assert all(f"`{column}`" in sections()["runs"] for column in RUN_COLUMNS)
    assert f"`SCHEMA_VERSION` is **{SCHEMA_VERSION}**" in PAGE


def test_every_key_of_the_json_files_stands_in_the_page(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    with study.run(samples.spec()) as run:
        run.write_table("neurons", samples.neurons())
        run.write_tensors("counts", samples.counts())
    (record,) = study.records()
    keys = {*record.data, *record.spec, *record.data["environment"]}
    keys |= {key for file in record.data["files"].values() for key in file}
    assert [key for key in sorted(keys) if f"`{key}`" not in PAGE] == []
    manifest = re.findall(r'"(\w+)":', (study.path / "study.json").read_text())
    assert [key for key in manifest if f"`{key}`" not in PAGE] == []
    names = [str(path.relative_to(study.path)) for path in study.path.rglob("*") if path.is_file()]
    for name in names:
        assert Path(name).suffix in PAGE or Path(name).name in PAGE, name
