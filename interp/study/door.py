"""What is refused before any work: not a study, another schema, a target that cannot be written."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interp.errors import InterpError
from interp.study.atomic import TEMPORARY_SUFFIX, write_bytes, write_error, write_json
from interp.study.provenance import code_version, now
from interp.study.schema import SCHEMA_VERSION

MANIFEST = "study.json"
_FORMAT = "interp-study"


class NewerSchemaError(InterpError):
    """A newer version of interp wrote the study."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read ``study.json`` and refuse what this version cannot read.

    Args:
        folder: the study's folder.

    Raises:
        InterpError: if the folder is missing or no study, its ``study.json`` is damaged, or it
            was written by a newer schema.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if not folder.exists():
            raise InterpError(
                f"no study at {folder}: expected a folder made by interp lens, lahis or lape "
                f"--study {folder}"
            ) from error
        raise _not_a_study(folder) from error
    except OSError as error:
        raise InterpError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InterpError(
            f"{path} is damaged: expected JSON ({error}); restore the file"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise _not_a_study(folder)
    found = manifest.get("schema_version")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise InterpError(f"{path} is damaged: schema_version is {found!r}, expected a number >= 1")
    if found > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"study {folder} was written by schema {found}, and this interp reads up to schema "
            f"{SCHEMA_VERSION}: update interp, or give another folder with --study"
        )
    name, earlier = manifest.get("name"), manifest.get("migrated_from", [])
    if not isinstance(name, str) or not isinstance(earlier, list):
        raise InterpError(
            f"{path} is damaged: name is {name!r:.40} and migrated_from {earlier!r:.40}, expected "
            "a text and a list; restore the file"
        )
    return manifest


def open_for_writing(folder: Path) -> dict[str, Any]:
    """Make the study where there is none, and prove that it can be written.

    The proof is a written file: permissions say nothing to root, on a read-only mount, or under
    ``/proc``.

    Args:
        folder: the study's folder; an absent or empty one becomes a study.

    Returns:
        The manifest.

    Raises:
        InterpError: as :func:`read_manifest`, and if the folder cannot be written or the study is
            of an older schema.
    """
    is_new = not (folder / MANIFEST).exists()
    if is_new and folder.is_dir() and any(_counts(path) for path in folder.iterdir()):
        raise _not_a_study(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    if not is_new:
        manifest = read_manifest(folder)
        refuse_older(folder, manifest)
        prove_writable(folder)
        return manifest
    write_json(
        folder / MANIFEST,
        {
            "format": _FORMAT,
            "schema_version": SCHEMA_VERSION,
            "name": folder.resolve().name,
            "created_at": now(),
            "created_by": f"interp {code_version()}",
        },
    )
    return read_manifest(folder)


def refuse_older(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse to write what this version writes into a study of an older schema.

    Args:
        folder: the study's folder.
        manifest: its ``study.json``.

    Raises:
        InterpError: with the command that brings the study up to date.
    """
    found = manifest["schema_version"]
    if found < SCHEMA_VERSION:
        raise InterpError(
            f"study {folder} is of schema {found}, and this interp writes schema {SCHEMA_VERSION}: "
            f"run `interp study migrate --study {shlex.quote(str(folder))}` first (reading needs "
            "no migration), or give another folder with --study"
        )


def prove_writable(folder: Path) -> None:
    """Prove that a folder can be written, by writing a file.

    Args:
        folder: the folder.

    Raises:
        InterpError: if it cannot be written.
    """
    # Through the same door as results, so that a refusal leaves neither a file nor an open handle.
    # One name for every process: what a killed one left is replaced.
    probe = folder / f".probe{TEMPORARY_SUFFIX}"
    write_bytes(probe, b"\0" * 4096)
    probe.unlink(missing_ok=True)


def _counts(path: Path) -> bool:
    """Whether a file makes a folder non-empty: our own locks and leftovers do not."""
    return not path.name.startswith(".")


def _not_a_study(folder: Path) -> InterpError:
    return InterpError(
        f"{folder} is not a study: it has no {MANIFEST} of interp; expected a study, or a new or "
        "empty folder"
    )
