"""``interp verify``: do independent implementations agree on this checkpoint?"""

from __future__ import annotations

from typing import Annotated

import typer

from interp.cli import options as o


def command(
    model: o.ModelOption,
    engine: Annotated[
        str,
        typer.Option(help="all, or names separated by commas; each is held against native."),
    ] = "all",
    base: o.BaseOption = None,
    dtype: o.DtypeOption = "float32",
    device: o.DeviceOption = "auto",
    trust_remote_code: o.TrustOption = False,
    architectures: o.ArchitecturesOption = None,
) -> None:
    """Run the same text through several engines and print the largest difference per site."""
    from interp.cli.session import checkpoint
    from interp.cli.tables import print_frame
    from interp.model.verify import ENGINES, verify

    spec = checkpoint(
        model,
        label="verify",
        stage=None,
        engine="native",
        base=base,
        dtype=dtype,
        device=device,
        trust_remote_code=trust_remote_code,
        architectures_file=architectures,
    )
    names = ENGINES if engine == "all" else tuple(engine.split(","))
    frame = verify(spec.load(), engines=names)
    print_frame(frame, f"Largest absolute difference per site: {model}")
    if (frame["verdict"] == "differs").any():
        raise typer.Exit(1)
