"""``parts3d check``: what is wrong with these files, for people and for programs."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from parts3d.cli.progress import progress
from parts3d.errors import Parts3dError

if TYPE_CHECKING:
    from parts3d.cli.check_outputs import PictureDone, RepairDone
    from parts3d.meshes.check import Question
    from parts3d.meshes.mesh import Unit
    from parts3d.meshes.report import FileReport

_STOPPED = 130
_WRONG_USE = 2


def check(
    files: Annotated[
        list[str],
        typer.Argument(help="STL, 3MF, OBJ or STEP files, folders of them, or patterns."),
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array, and nothing else.")
    ] = False,
    material: Annotated[
        Literal["PLA", "PETG", "ASA", "ABS", "PA-CF", "TPU"],
        typer.Option(help="What it is printed in; walls, holes and bridges are judged by it."),
    ] = "PLA",
    nozzle_mm: Annotated[
        float, typer.Option("--nozzle", min=0.1, max=2.0, help="Nozzle width, mm.")
    ] = 0.4,
    unit: Annotated[
        Literal["mm", "inch", "m"] | None,
        typer.Option(help="Unit of the files; without it mm, and small sizes are doubted."),
    ] = None,
    repair: Annotated[
        Path | None,
        typer.Option(help="Write a repaired copy here (several files: a folder)."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw the part with its findings marked (several files: a folder)."),
    ] = None,
    language: Annotated[
        Literal["en", "fr", "nl", "de"], typer.Option(help="Language of the sentences.")
    ] = "en",
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Files checked side by side; as many as processors.")
    ] = None,
) -> None:
    """Check whether model files can be printed.

    Exit 0: all printable, perhaps with warnings; 1: one is not, or only after a repair; 2: one
    cannot be read.
    """
    from parts3d.meshes.check import Question
    from parts3d.meshes.files import check_files, find_files
    from parts3d.meshes.printing import Printing
    from parts3d.meshes.report import exit_code

    question = Question(Printing(material, nozzle_mm), unit_is_certain=unit is not None)
    paths = find_files(files)
    reports: list[FileReport] = []
    written: list[_Written] = []
    try:
        targets = _targets(paths, repair, picture)
        with progress(len(paths)) as tell:
            for entry in check_files(paths, unit=unit, question=question, processes=jobs):
                reports.append(entry)
                tell(Path(entry.file).name)
        for path, (repaired, drawn) in zip(paths, targets, strict=True):
            written.append(_write(path, repaired, drawn, unit, question))
    except KeyboardInterrupt:
        sys.stderr.write(f"\nStopped; {len(reports)} of {len(paths)} files were checked.\n")
        raise typer.Exit(_STOPPED) from None
    except Parts3dError as refusal:
        sys.stderr.write(f"{refusal.message}\n")
        raise typer.Exit(_WRONG_USE) from None
    if as_json:
        entries = [
            {**entry.as_json_object(), **outputs.as_json_object()}
            for entry, outputs in zip(reports, written, strict=True)
        ]
        typer.echo(json.dumps(entries, indent=2))
    else:
        from parts3d.cli.check_table import print_table

        print_table(reports, language)
        for outputs in written:
            outputs.tell()
    if not reports:
        sys.stderr.write("No model file was found in: " + ", ".join(files) + "\n")
    raise typer.Exit(exit_code(reports))


@dataclass(frozen=True, slots=True)
class _Written:
    """What was written for one file."""

    path: Path
    repair: "RepairDone | None" = None
    picture: "PictureDone | None" = None

    def as_json_object(self) -> dict[str, object]:
        told = {"repair": self.repair, "picture": self.picture}
        return {name: done.model_dump(mode="json") for name, done in told.items() if done}

    def tell(self) -> None:
        for done in (self.repair, self.picture):
            if done is not None:
                typer.echo(f"{self.path.name}: {done.message}")
                for step in getattr(done, "steps", ()):
                    typer.echo(f"  - {step}")


def _targets(
    paths: list[Path], repair: Path | None, picture: Path | None
) -> list[tuple[Path | None, Path | None]]:
    """Return where each file's repaired copy and picture go; a refusal before anything is done."""
    nowhere: list[Path | None] = [None] * len(paths)
    if not paths or (repair is None and picture is None):
        return list(zip(nowhere, nowhere, strict=True))
    from parts3d.cli.check_outputs import output_paths

    repaired = output_paths(paths, repair, "-repaired.stl") if repair else nowhere
    drawn = output_paths(paths, picture, ".png") if picture else nowhere
    return list(zip(repaired, drawn, strict=True))


def _write(
    path: Path,
    repaired: Path | None,
    drawn: Path | None,
    unit: "Unit | None",
    question: "Question",
) -> _Written:
    if repaired is None and drawn is None:
        return _Written(path)
    from parts3d.cli.check_outputs import write_picture, write_repaired

    return _Written(
        path,
        write_repaired(path, repaired, unit=unit, question=question) if repaired else None,
        write_picture(path, drawn, unit=unit, question=question) if drawn else None,
    )
