"""The command line: ``interp <command>``.

Each command lives in a file of its own and imports torch only when it runs, so ``--help`` is
instant. A mistake of the user prints one line and exits with code 2.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from interp.cli.session import forget_empty_studies
from interp.errors import InterpError
from interp.parallel import ProcessGone, SharedError, is_first, n_processes, rank
from interp.printable import on_one_line

_INTERRUPTED = 130
_LONGEST = 1600
"""Characters of a message; a value of 100,000 is not repeated."""
_OF_A_PATH = (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.ELOOP)
"""What asking for any path can answer; it is the path that is wrong, wherever it is asked for."""
_SECONDS_FOR_THE_FIRST = 3.0


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        argv: the arguments after the program's name; ``sys.argv[1:]`` when omitted.

    Raises:
        SystemExit: always; 0 on success, 2 for a mistake in the input, 130 after Ctrl-C.
    """
    from typer import Abort

    from interp.cli.app import build

    arguments = [_dashes(argument) for argument in (sys.argv[1:] if argv is None else argv)]
    try:
        with _one_voice(arguments):
            code = build()(args=arguments, prog_name="interp", standalone_mode=False)
    except InterpError as error:
        _say_error(error)
        raise SystemExit(2) from None
    except OSError as error:
        if error.errno not in _OF_A_PATH:
            raise
        _say_error(InterpError(f"{error.filename!s:.200}: {error.strerror}"))
        raise SystemExit(2) from None
    except (KeyboardInterrupt, Abort):
        code = _INTERRUPTED
    except Exception as error:
        # Typer carries its own copy of click in some versions, so its errors have no one class.
        if not hasattr(error, "format_message"):
            raise
        raise SystemExit(_refuse_usage(error)) from None
    finally:
        forget_empty_studies()
    if code == _INTERRUPTED:
        print("interrupted; run the same command again to go on from here", file=sys.stderr)
    raise SystemExit(code if isinstance(code, int) else 0)


SEVERAL = ("lens", "lahis", "lape", "attention", "ablate", "similarity", "eval", "train")
"""Commands that several processes can share (torchrun, accelerate launch)."""


@contextlib.contextmanager
def _one_voice(arguments: Sequence[str]) -> Iterator[None]:
    """Of several processes let the first one speak, and refuse what only one can do."""
    if n_processes() == 1:
        yield
        return
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    if command and command not in SEVERAL:
        raise InterpError(
            f"interp {command} in {n_processes()} processes: it runs in one, start it without a "
            f"launcher; several can share {', '.join(SEVERAL)}"
        )
    if is_first():
        yield
        return
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
        yield


def _say_error(error: InterpError) -> None:
    if isinstance(error, SharedError | ProcessGone) and not is_first():
        return  # the first process, or the one that has stopped, says it
    if not is_first():
        # Most mistakes are everyone's: the first process says them, and its launcher stops the rest.
        time.sleep(_SECONDS_FOR_THE_FIRST)
    who = "" if is_first() else f" (process {rank()})"
    print(f"error{who}: {on_one_line(str(error), _LONGEST)}", file=sys.stderr)


def _refuse_usage(error: Any) -> int:
    """Print a wrong option or command as one line; the bare command prints its help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return int(error.exit_code)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "interp"
    reason = on_one_line(error.format_message(), _LONGEST).rstrip(".")
    print(f"error: {reason}; see '{command} --help'", file=sys.stderr)
    return int(error.exit_code)


def _dashes(argument: str) -> str:
    """Accept ``--batch_size`` for ``--batch-size``, as users of other harnesses type it."""
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument.partition("=")
    return name.replace("_", "-") + equals + value
