"""Which code, libraries and machine made a result; torch is asked about, never imported."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = (
    "torch",
    "transformers",
    "tokenizers",
    "peft",
    "accelerate",
    "trl",
    "transformer-lens",
    "nnsight",
    "safetensors",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "babel",
    "datasets",
)

_PACKAGE = Path(__file__).resolve().parents[1]

# Parts that compute no number of a run: changing them must not discard anyone's progress.
_NOT_HASHED = (
    "cli/", "figures/", "plates/", "printing/", "report/", "evidence/", "importers/", "comparison/",
    "claims/", "study/manage/", "doctor.py", "estimates/",
)  # fmt: skip
_ESTIMATE = "estimate.py"  # beside each run file: what `--dry-run` says of it


_COMPARES = ("comparison", "data", "evals", "lahis", "lape", "lens", "similarity", "stats")


def now() -> str:
    """Return the time in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def library_versions() -> dict[str, str]:
    """Return the installed version of every library that can change a number."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


@cache
def code_hash() -> str:
    """Hash the package's source files, those that only show results excepted.

    Progress is continued only by the code that made it, and a git commit would not tell: the
    working tree may differ from it, and an installed package has none.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        relative = path.relative_to(_PACKAGE)
        if relative.as_posix().startswith(_NOT_HASHED) or path.name == _ESTIMATE:
            continue
        digest.update(relative.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@cache
def comparison_hash() -> str:
    """Hash the sources that a row of ``comparisons`` comes from.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for folder in _COMPARES:
        for path in sorted((_PACKAGE / folder).rglob("*.py")):
            if path.name == _ESTIMATE:
                continue
            name = path.relative_to(_PACKAGE).as_posix()
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@cache
def code_version() -> str:
    """Return the package's version, with the git commit where it runs from a clone.

    Returns:
        e.g. ``0.1.0+g1045592a1b2c`` or ``0.1.0+g1045592a1b2c.dirty``.
    """
    import interp

    root = _PACKAGE.parent
    commit = _git(root, "rev-parse", "--short=12", "HEAD") if (root / ".git").exists() else ""
    if not commit:
        return interp.__version__
    dirty = ".dirty" if _git(root, "status", "--porcelain", "--", "interp", "training") else ""
    return f"{interp.__version__}+g{commit}{dirty}"


def environment() -> dict[str, Any]:
    """Return the provenance that does not depend on the run: code, libraries, platform."""
    return {
        "code_version": code_version(),
        "code_hash": code_hash(),
        "libraries": library_versions(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
