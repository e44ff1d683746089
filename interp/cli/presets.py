"""``interp presets``: the named method options."""

from __future__ import annotations


def command() -> None:
    """Print the named method options: what is the default, what the paper or its release did."""
    from interp.cli.tables import print_frame
    from interp.presets import presets_frame

    print_frame(presets_frame(), "Presets")
