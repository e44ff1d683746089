"""YAML that others wrote: plain values only, and nothing that grows when it is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interp.errors import InterpError


def read_yaml(path: Path, what: str) -> Any:
    """Read one document of plain values.

    Aliases (``*name``) are refused: nine lines of them stand for a thousand million items, which no
    message could repeat and no loop go through.

    Args:
        path: the file.
        what: what it is, for messages, e.g. ``"architectures file"``.

    Returns:
        Mappings, lists and scalars.

    Raises:
        InterpError: it cannot be read, is not UTF-8, not YAML, nested too deeply, or has an alias.
    """
    import yaml

    class Plain(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                event = self.peek_event()
                raise InterpError(
                    f"{what} {str(path)!r}: alias *{event.anchor} in line "
                    f"{event.start_mark.line + 1}: expected every value written out"
                )
            return super().compose_node(parent, index)

    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), Plain)  # a SafeLoader
    except OSError as error:
        raise InterpError(f"{what} {str(path)!r} cannot be read ({error.strerror})") from error
    except RecursionError as error:
        raise InterpError(
            f"{what} {str(path)!r} cannot be read: lists or mappings are nested too deeply"
        ) from error
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        # what looks like a date or a number and is none makes yaml raise whatever its parts raise
        reason = " ".join(str(error).split())
        raise InterpError(f"{what} {str(path)!r} cannot be read: {reason:.300}") from error
