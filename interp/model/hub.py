"""Finding files of a checkpoint: in a folder, in the hub's local cache, or on the hub."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from huggingface_hub import constants, get_session, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from interp.errors import InterpError

_UNREACHABLE = (LocalEntryNotFoundError, OSError)
_PATIENCE = 5.0


def find_file(source: str, name: str, revision: str | None = None) -> Path | None:
    """Find one file of a checkpoint, downloading it where needed.

    Args:
        source: folder or hub id.
        name: file name.
        revision: branch, tag or commit.

    Returns:
        Where the file is, or ``None`` where the checkpoint has no such file.

    Raises:
        InterpError: where the checkpoint does not exist or the hub cannot be reached.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        path = folder / name
        return path if path.is_file() else None
    if folder.exists():
        raise InterpError(f"model {source!r} is a file: expected a folder or a hub id")
    _notice_if_offline()
    try:
        return Path(hf_hub_download(source, name, revision=revision))
    except Exception as error:
        if _is_absent(error):
            return None
        raise explain(source, revision, error) from error


def find_either(source: str, names: tuple[str, ...], revision: str | None) -> Path | None:
    """Find the first of several files; offline, any one in the cache settles the question.

    Args:
        source: folder or hub id.
        names: file names in order of preference.
        revision: branch, tag or commit.

    Returns:
        The first that exists, or ``None`` where the checkpoint has none of them.

    Raises:
        InterpError: where nothing is cached and the hub cannot be reached.
    """
    unreachable: InterpError | None = None
    for name in names:
        try:
            if (path := find_file(source, name, revision)) is not None:
                return path
        except InterpError as error:
            if not isinstance(error.__cause__, LocalEntryNotFoundError):
                raise
            unreachable = unreachable or error
    if unreachable is not None:
        raise unreachable
    return None


def find_folder(source: str, patterns: list[str], revision: str | None = None) -> Path:
    """A folder on disk with some files of a checkpoint.

    Args:
        source: folder or hub id.
        patterns: which files are needed, as glob patterns.
        revision: branch, tag or commit.

    Returns:
        The folder itself, or its snapshot in the hub's cache.

    Raises:
        InterpError: where the checkpoint does not exist or the hub cannot be reached.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    _notice_if_offline()
    try:
        return Path(snapshot_download(source, revision=revision, allow_patterns=patterns))
    except Exception as error:
        raise explain(source, revision, error) from error


@cache
def _notice_if_offline() -> None:
    """Ask once whether the hub answers; where it does not, go on with the local cache at once.

    Left alone, the client asks six times for each of a dozen files, half a minute per file, and
    says so every time. The switch is its own ``HF_HUB_OFFLINE``.
    """
    if constants.is_offline_mode():
        return
    try:
        get_session().head(constants.ENDPOINT, timeout=_PATIENCE)
    except Exception as error:
        if not _is_network(error):
            raise
        constants.HF_HUB_OFFLINE = True


def commit_of(path: Path) -> str | None:
    """The commit of a cached snapshot: ``.../snapshots/<commit>/file``.

    Args:
        path: a file in the hub's cache, or anywhere else.

    Returns:
        The commit, or ``None`` for a file outside the cache.
    """
    return path.parent.name if path.parent.parent.name == "snapshots" else None


def explain(source: str, revision: str | None, error: Exception) -> InterpError:
    """Turn what the hub's client raised into one line.

    Args:
        source: hub id.
        revision: branch, tag or commit.
        error: what was raised.

    Returns:
        The error to raise; unexpected errors keep their own text.
    """
    what = f"model {source!r}"
    if isinstance(error, GatedRepoError):
        return InterpError(f"{what} is gated on the hub: accept its terms, then 'hf auth login'")
    if isinstance(error, RepositoryNotFoundError):
        return InterpError(
            f"{what} not found: no such folder and no such repository on the hub (for a private "
            "one, 'hf auth login' first)"
        )
    if isinstance(error, RevisionNotFoundError):
        return InterpError(f"{what} has no revision {revision!r} on the hub")
    if isinstance(error, HFValidationError):
        return InterpError(f"{what} not found: no such folder, and not a hub id (owner/name)")
    if isinstance(error, _UNREACHABLE) or _is_network(error):
        return InterpError(
            f"{what} not found: no such folder, and the hub cannot be reached (offline?) nor is it "
            "in the local cache; give a folder, or run 'hf download' where there is a network"
        )
    return InterpError(f"{what} could not be read: {one_line(error)}")


def one_line(error: BaseException) -> str:
    """The text of an exception on one line, cut to a readable length.

    Args:
        error: any exception.

    Returns:
        At most 300 characters.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."


def _is_network(error: Exception) -> bool:
    """Whether the HTTP client failed; hub clients use httpx or httpx2, which share no class."""
    return isinstance(error, OSError) or type(error).__module__.startswith("httpx")


def _is_absent(error: Exception) -> bool:
    """Whether the hub answered that the repository lacks the file."""
    return isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError)
