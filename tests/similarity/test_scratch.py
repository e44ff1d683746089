"""The file of pooled vectors: what is put is read, what has another size is not continued."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from interp.errors import InterpError
from interp.similarity.scratch import PooledFile, discard

SHAPE = (3, 4, 2, 5)


def test_rows_come_back_at_their_place(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    texts = [(unit, lang) for unit in range(4) for lang in range(2)]
    np.random.default_rng(1).shuffle(texts)
    with PooledFile(tmp_path, SHAPE, keep=False) as pooled:
        for start in (0, 3, 6):
            units, langs = zip(*texts[start : start + 3], strict=True)
            pooled.put(units, langs, vectors[:, list(units), list(langs)])
        for point in range(3):
            assert np.array_equal(pooled.layer(point), vectors[point])
    with PooledFile(tmp_path, SHAPE, keep=True) as again:  # as after a kill
        assert again.kept and np.array_equal(again.layer(2), vectors[2])
    discard(tmp_path)
    discard(tmp_path)  # a second time does nothing
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [True, False])
def test_a_file_of_another_size_or_request_is_begun_anew(keep: bool, tmp_path: Path) -> None:
    with PooledFile(tmp_path, (3, 4, 2, 6) if keep else SHAPE, keep=False) as pooled:
        assert not pooled.kept
        shape = (3, 1, 6) if keep else (3, 1, 5)
        pooled.put([0], [0], np.ones(shape, np.float32))
    with PooledFile(tmp_path, SHAPE, keep=keep) as pooled:
        assert not pooled.kept and not pooled.layer(0).any()


def test_a_full_disk_is_one_line(mount_disk: Callable[[str], Path]) -> None:
    folder = mount_disk("256k")
    shape = (4, 100, 1, 512)  # 0.8 MB
    with PooledFile(folder, shape, keep=False) as pooled:
        rows = np.ones((4, 10, 512), np.float32)
        with pytest.raises(InterpError, match="no space left") as error:
            for start in range(0, 100, 10):
                pooled.put(list(range(start, start + 10)), [0] * 10, rows)
    assert "\n" not in str(error.value)
