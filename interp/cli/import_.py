"""``interp import``: results that others published, into a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interp.cli import options as o

if TYPE_CHECKING:
    from interp.importers import Imported

app = typer.Typer(
    no_args_is_help=True,
    help="Published results into a study: head scores, neurons, answers to KLAR.",
)

_FILE = "File"
_Label = Annotated[
    str, typer.Option(help="Short name of the checkpoint in the study.", rich_help_panel="Run")
]
_Stage = Annotated[
    str | None,
    typer.Option(
        help="base, cpt, sft, grpo or free text; the label by default.", rich_help_panel="Run"
    ),
]
_Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="Name of the checkpoint, only recorded; meta.json's by default.",
        rich_help_panel=_FILE,
    ),
]
_Layers = Annotated[
    int | None,
    typer.Option(
        "--layers",
        min=1,
        help="Layers of the checkpoint, where the file does not say.",
        rich_help_panel=_FILE,
    ),
]


@app.command("lahis")
def lahis(
    folder: Annotated[Path, typer.Argument(help="Folder of lahis_<lang>.pth and meta.json.")],
    label: _Label,
    study: o.StudyOption = o.DEFAULT_STUDY,
    stage: _Stage = None,
    model: _Model = None,
    languages: Annotated[
        str | None,
        typer.Option(
            help="Only these, separated by commas; all by default.", rich_help_panel=_FILE
        ),
    ] = None,
    overwrite: o.OverwriteOption = False,
) -> None:
    """LAHIS matrices, one tensor [layer, head] per language.

    A file that needs code to be loaded is refused; nothing in it is executed.

    Example: interp import lahis release/lahis/olmo-base --label base --study artifacts/release
    """
    from interp.importers import read_lahis

    codes = o.parse_languages(languages)
    _save(read_lahis(folder, model=model, languages=codes), study, label, stage, overwrite)


@app.command("lape")
def lape(
    path: Annotated[
        Path,
        typer.Argument(help="Folder of lape_results.json and meta.json, or a JSON file."),
    ],
    label: _Label,
    study: o.StudyOption = o.DEFAULT_STUDY,
    stage: _Stage = None,
    model: _Model = None,
    languages: Annotated[
        str | None,
        typer.Option(
            help="Languages that were compared, where meta.json does not say; those in the file "
            "by default.",
            rich_help_panel=_FILE,
        ),
    ] = None,
    layers: _Layers = None,
    neurons: Annotated[
        int | None,
        typer.Option(
            "--neurons",
            min=1,
            help="Neurons per layer, where the file does not say (counts need none).",
            rich_help_panel=_FILE,
        ),
    ] = None,
    overwrite: o.OverwriteOption = False,
) -> None:
    """LAPE neurons by layer and language, or the older counts per layer; layers from 1.

    Example: interp import lape release/lape/olmo-base --label base --study artifacts/release
    """
    from interp.importers import read_lape

    codes = o.parse_languages(languages)
    found = read_lape(path, model=model, languages=codes, n_layers=layers, n_neurons=neurons)
    _save(found, study, label, stage, overwrite)


@app.command("klar")
def klar(
    file: Annotated[Path, typer.Argument(help="Parquet file of answers.")],
    label: _Label,
    study: o.StudyOption = o.DEFAULT_STUDY,
    stage: _Stage = None,
    model: _Model = None,
    facts: Annotated[
        str | None,
        typer.Option(
            help="klar:FOLDER, for the English answers, so that English leaks are seen.",
            rich_help_panel=_FILE,
        ),
    ] = None,
    overwrite: o.OverwriteOption = False,
) -> None:
    """Generated answers to KLAR, a row per fact and language.

    Example: interp import klar release/klar_predictions/olmo-base.parquet --label base
    """
    from interp.importers import read_klar

    _save(read_klar(file, model=model, facts=facts), study, label, stage, overwrite)


@app.command("release")
def release(
    folder: Annotated[
        Path, typer.Argument(help="Folder with lahis, lape, klar_predictions, or some of them.")
    ],
    study: o.StudyOption = o.DEFAULT_STUDY,
    facts: Annotated[
        str | None,
        typer.Option(
            help="klar:FOLDER, for the English answers, so that English leaks are seen.",
            rich_help_panel=_FILE,
        ),
    ] = None,
) -> None:
    """Everything that arXiv 2606.06586 released, labelled as its folders are (olmo-base is base …).

    Example: interp import release ../data/release --study artifacts/release
    """
    from interp.cli.session import open_study
    from interp.cli.summaries import print_run
    from interp.importers import read_released, save_import

    found = list(read_released(folder, facts=facts))  # all of them sound before anything is written
    target = open_study(study)
    for label, stage, one in found:
        print_run(target, save_import(target, one, label=label, stage=stage))


@app.command("masks")
def masks(
    file: Annotated[
        Path, typer.Argument(help="File of torch.save: languages of layers of neurons.")
    ],
    label: _Label,
    languages: Annotated[
        str,
        typer.Option(
            help="Its languages in its order, separated by commas (Tang et al. 2024: "
            "en,zh,fr,es,vi,id,ja).",
            rich_help_panel=_FILE,
        ),
    ],
    neurons: Annotated[
        int, typer.Option("--neurons", min=1, help="Neurons per layer.", rich_help_panel=_FILE)
    ],
    study: o.StudyOption = o.DEFAULT_STUDY,
    stage: _Stage = None,
    model: _Model = None,
    layers: _Layers = None,
    overwrite: o.OverwriteOption = False,
) -> None:
    """Neuron masks of Tang et al. 2024; layers and neurons from 0.

    A file that needs code to be loaded is refused; nothing in it is executed.

    Example: interp import masks LLaMA-2-7B.neuron.pth --label llama2 --neurons 11008 --languages en,zh,fr,es,vi,id,ja
    """
    from interp.importers import read_masks

    codes = o.parse_languages(languages) or ()
    found = read_masks(file, languages=codes, n_neurons=neurons, n_layers=layers, model=model)
    _save(found, study, label, stage, overwrite)


def _save(found: Imported, study: Path, label: str, stage: str | None, overwrite: bool) -> None:
    """Write what was read and print it; only now is the study opened, and made where absent."""
    from interp.cli.session import open_study
    from interp.cli.summaries import print_run
    from interp.importers import save_import
    from interp.study.spec import check_name

    check_name("label", label)
    target = open_study(study)
    run_id = save_import(target, found, label=label, stage=stage, overwrite=overwrite)
    print_run(target, run_id)
