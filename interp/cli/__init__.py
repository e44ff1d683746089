"""The command line: ``interp <command>``.

Each command lives in a file of its own and imports torch only when it runs, so ``--help`` is
instant. A mistake of the user prints one line and exits with code 2.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from interp.errors import InterpError


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        argv: the arguments after the program's name; ``sys.argv[1:]`` when omitted.

    Raises:
        SystemExit: always; 0 on success, 2 for a mistake in the input, 130 after Ctrl-C.
    """
    from interp.cli.app import build

    arguments = [_dashes(argument) for argument in (sys.argv[1:] if argv is None else argv)]
    try:
        build()(args=arguments, prog_name="interp")
    except InterpError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on from here", file=sys.stderr)
        raise SystemExit(130) from None


def _dashes(argument: str) -> str:
    """Accept ``--batch_size`` for ``--batch-size``, as users of other harnesses type it."""
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument.partition("=")
    return name.replace("_", "-") + equals + value
