"""One build of the site serves all of its tests, also where several processes run them."""

from __future__ import annotations

import os

import pytest
from filelock import FileLock

from tests.docs.site import Site, build


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The built site."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    shared.mkdir(exist_ok=True)
    said = shared / "said.txt"
    with FileLock(shared / "lock"):
        if not said.exists():
            made = build(shared)
            said.write_text(f"{made.code}\n{made.said}", encoding="utf-8")
    code, _, text = said.read_text(encoding="utf-8").partition("\n")
    return Site(shared / "html", int(code), text)
