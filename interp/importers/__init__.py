"""Results that others published, read into a study with what cannot be known from them said.

``read_lahis``, ``read_lape``, ``read_masks`` and ``read_klar`` check a file and give an `Imported`;
`save_import` writes it as a finished run of preset ``imported``. Nothing is written for a bad file.
``read_released`` reads everything that the paper released at once.
"""

from interp.importers.imported import Imported, save_import
from interp.importers.klar import read_klar
from interp.importers.lahis import read_lahis
from interp.importers.lape import read_lape
from interp.importers.masks import read_masks
from interp.importers.released import read_released

__all__ = [
    "Imported", "read_klar", "read_lahis", "read_lape", "read_masks", "read_released", "save_import",
]  # fmt: skip
