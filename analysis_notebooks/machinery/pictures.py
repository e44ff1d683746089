"""Make the pictures of a committed notebook small: fewer pixels, a palette instead of full colours."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

WIDTH = 1500
"""In pixels: a code host shows a notebook about 900 wide, on fine screens with twice as many."""

COLOURS = 256
"""Most that a PNG's palette holds; charts have few, heat maps a gradient of them."""


def reduced(png: bytes) -> bytes:
    """Scale a picture down to ``WIDTH`` and give it a palette; the same bytes give the same bytes."""
    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    if picture.width > WIDTH:
        height = round(picture.height * WIDTH / picture.width)
        picture = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
    picture = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    made = io.BytesIO()
    picture.save(made, "PNG", optimize=True)
    return min(png, made.getvalue(), key=len)


def reduce_pictures(notebook: Any) -> Any:
    """Reduce every PNG among a notebook's outputs; changes and returns it."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                small = reduced(base64.b64decode(data["image/png"]))
                data["image/png"] = base64.b64encode(small).decode()
    return notebook
