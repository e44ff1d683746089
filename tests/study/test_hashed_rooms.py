"""Which sources make kept progress void when they change: those that compute numbers, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.study import provenance

PACKAGE = Path(provenance.__file__).parents[1]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for file in PACKAGE.rglob("*.py"):
        place = tmp_path / file.relative_to(PACKAGE)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "voids"),
    [
        ("plates/view.py", False),
        ("printing/svg.py", False),
        ("report/page.py", False),
        ("figures/heads.py", False),
        ("evidence/words.py", False),
        ("cli/lape.py", False),
        ("lape/select.py", True),
        ("model/hooked.py", True),
        ("batches.py", True),
    ],
)
def test_only_what_computes_a_run_voids_its_progress(copy: Path, file: str, voids: bool) -> None:
    before = provenance.code_hash.__wrapped__()
    (copy / file).write_text((copy / file).read_text("utf-8") + "\n# changed\n", "utf-8")
    assert (provenance.code_hash.__wrapped__() != before) is voids


def test_every_room_that_is_left_out_is_there() -> None:
    files = [file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py")]
    for room in provenance._NOT_HASHED:
        assert any(file.startswith(room) for file in files), room
