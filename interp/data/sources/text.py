"""Lines and JSON records of text files, with the file and the line in every error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from interp.errors import InterpError
from interp.printable import brief


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read a UTF-8 file line by line.

    Lines end at a line feed only: JSON text may hold other Unicode line separators.

    Args:
        path: the file.

    Yields:
        The line's number (from 1) and its text, without the line end.

    Raises:
        InterpError: the file is missing or unreadable, or a line is not valid UTF-8.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                raw = line.rstrip(b"\r\n")
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                try:
                    yield number, raw.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise InterpError(
                        f"{path}:{number}: not valid UTF-8 (byte {error.start + 1} of the line): "
                        "expected UTF-8 text"
                    ) from None
    except OSError as error:
        raise InterpError(f"{path}: cannot be read ({error.strerror})") from None


def read_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a JSONL file; empty lines are skipped.

    Args:
        path: the file.

    Yields:
        The line's number and its object.

    Raises:
        InterpError: see `read_lines`; or a line is not one JSON object.
    """
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            record = parse_json(line)
        except (ValueError, RecursionError) as error:
            raise InterpError(f"{path}:{number}: not valid JSON ({error})") from None
        if not isinstance(record, dict):
            raise InterpError(
                f"{path}:{number}: a JSON {type(record).__name__}, expected an object per line"
            )
        yield number, record


def read_json(path: Path) -> Any:
    """Read one JSON file.

    Raises:
        InterpError: the file is missing, not UTF-8 or not JSON.
    """
    try:
        return parse_json(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InterpError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InterpError(f"{path}: not valid UTF-8, expected UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise InterpError(f"{path}: not valid JSON ({error})") from None


def parse_json(text: str) -> Any:
    r"""Parse JSON whose texts can be written again as UTF-8.

    Raises:
        ValueError: not JSON, or half of a character: ``"\\ud83d"`` without its second half.
        RecursionError: nested too deeply.
    """
    value = json.loads(text)
    if "\\ud" in text.lower():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = error.object[error.start]
            raise ValueError(f"half of a character, {half!a}, stands alone in a text") from None
    return value


def want(record: dict[str, Any], key: str, kind: type, where: str) -> Any:
    """Take one field of a record.

    Args:
        record: the record.
        key: the field.
        kind: the type it must have.
        where: file and line for the error.

    Returns:
        The value.

    Raises:
        InterpError: the field is missing or of another type.
    """
    if key not in record:
        raise InterpError(f"{where}: no field {key!r}, it has {', '.join(map(str, record))}")
    value = record[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InterpError(f"{where}: field {key!r} is {brief(value)}, expected {kind.__name__}")
    return value


def folder_of(place: str, what: str) -> Path:
    """Check that a place is a folder.

    Raises:
        InterpError: it is not there or not a folder.
    """
    path = Path(place).expanduser()
    if not path.is_dir():
        state = "a file" if path.exists() else "not there"
        raise InterpError(f"{path}: {state}, expected {what}")
    return path


def file_of(place: str, what: str) -> Path:
    """Check that a place is a file.

    Raises:
        InterpError: it is not there or not a file.
    """
    path = Path(place).expanduser()
    if not path.is_file():
        state = "a folder" if path.exists() else "not there"
        raise InterpError(f"{path}: {state}, expected {what}")
    return path
