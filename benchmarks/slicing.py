"""How fast slicing is: the engines on the catalogue's own models, and the cache around them.

Run: ``python benchmarks/slicing.py [--parts N] [--revisions N]``, or ``make bench-slicing``.
The engines are real, each slice in a process of its own as in a worker; slices a minute and core
count the whole way from the stored model to G-code that passed our gate, by the clock and by the
processor's own time, which other work on the machine does not touch. The cache is measured
on SQLite with so many revisions on sale for every printer model, without slicing.
"""

import argparse
import io
import math
import os
import resource
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.manifest_folder import read_catalogue
from parts3d.catalogue.recipe import Recipe
from parts3d.catalogue.safety import SafetyClass
from parts3d.catalogue.tables import Part, Revision
from parts3d.db import Database
from parts3d.errors import Parts3dError
from parts3d.migrate import upgrade
from parts3d.slicing.engines.base import Engine
from parts3d.slicing.engines.cura import CuraEngine
from parts3d.slicing.engines.prusaslicer import PrusaSlicer, find_program
from parts3d.slicing.layers import layer_file, read_layers
from parts3d.slicing.making import is_anything_waiting, take_next
from parts3d.slicing.profiles import materials, printer_models, profile
from parts3d.slicing.serving import serving_slices
from parts3d.slicing.tables import Slice, SliceStatus
from parts3d.slicing.wishes import NamedEngine, wish_slices

_CATALOGUE = Path(__file__).parents[1] / "catalogue"
_PLATE = 4
_TENTHS = 9


@dataclass(frozen=True, slots=True)
class Question:
    """One slice to be made."""

    part: str
    stl: bytes
    recipe: Recipe
    printer_model: str
    copies: int = 1


def questions(parts: int, copies: int) -> list[Question]:
    """Return slices of the first parts of the catalogue for every printer model they fit."""
    softening_c = {name: material.softening_c for name, material in materials().items()}
    found, _ = read_catalogue(_CATALOGUE, softening_c)
    asked = []
    for part in sorted(found, key=lambda one: one.manifest.slug)[:parts]:
        recipe = part.manifest.recipe
        asked += [
            Question(part.manifest.slug, part.model, recipe, model, copies)
            for model in printer_models()
            if recipe.material in profile(model).temperatures
        ]
    return asked


def engines() -> Iterator[Engine]:
    """Yield the engines found on this machine."""
    program = find_program()
    if program is not None:
        yield PrusaSlicer(program)
    yield CuraEngine()


def throughput(engine: Engine, asked: list[Question]) -> str:
    """Slice them all, one a core, and say how fast that was."""
    seconds: list[float] = []
    refused: list[str] = []

    def one(question: Question) -> None:
        began = perf_counter()
        try:
            engine.slice(
                question.stl,
                profile(question.printer_model),
                materials()[question.recipe.material],
                question.recipe,
                question.copies,
            )
        except Parts3dError as error:
            refused.append(f"{question.part} on {question.printer_model}: {error.message}")
        seconds.append(perf_counter() - began)

    cores = os.cpu_count() or 1
    began, worked = perf_counter(), _processor_seconds()
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(one, asked))
    minutes = (perf_counter() - began) / 60
    processor_minutes = (_processor_seconds() - worked) / 60
    for words in refused:
        print(f"  not sliced: {words}")
    p90 = sorted(seconds)[len(seconds) * _TENTHS // 10]
    return (
        f"{len(asked):>6} {len(asked) / minutes / cores:>16.1f} "
        f"{len(asked) / processor_minutes:>19.1f} "
        f"{median(seconds):>10.1f} {p90:>8.1f} {len(refused):>8}"
    )


def _processor_seconds() -> float:
    """Return what this process and its ended children have had of the processors."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def fill(session: Session, revisions: int, now: datetime) -> None:
    """Add parts on sale, each with a model of its own."""
    for number in range(revisions):
        part = Part(slug=f"part-{number}", category="oven", created_at=now)
        session.add(part)
        recipe = Recipe(material="PETG")
        session.add(
            Revision(
                part_id=part.id,
                number=1,
                status=RevisionStatus.APPROVED,
                safety_class=SafetyClass.S1,
                model_sha256=f"{number:064x}",
                recipe=recipe.model_dump(mode="json"),
                recipe_sha256=recipe.sha256,
                manifest={},
                check_result={},
                uploaded_by="benchmark",
                created_at=now,
            )
        )
    session.flush()


def cache_rows(revisions: int) -> Iterator[tuple[str, float]]:
    """Yield what the cache does over so many revisions, in words, and its milliseconds."""
    now = datetime.now(UTC)
    old, new = NamedEngine("cura", "1"), NamedEngine("cura", "2")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        upgrade(database)
        with database.unit_of_work() as work:
            fill(work.session, revisions, now)
        wished = 0

        def wish(engine: NamedEngine, at: datetime) -> None:
            nonlocal wished
            while True:
                with database.unit_of_work() as work:
                    fresh = len(wish_slices(work.session, engine, at))
                wished += fresh
                if not fresh:
                    return

        taken = _ms(lambda: wish(old, now))
        yield f"wish for {wished} missing slices", taken
        yield "sweep: nothing is missing", _best(lambda: wish(old, now))
        with database.unit_of_work() as work:
            done = sa.update(Slice).values(
                status=SliceStatus.READY, print_seconds=60, gcode_sha256="0" * 64, finished_at=now
            )
            work.session.execute(done)
        later = now + timedelta(hours=1)
        yield "wish for all with a new engine version", _ms(lambda: wish(new, later))
        with database.reading() as session:
            revision = session.exec(
                select(Revision).where(col(Revision.model_sha256) == f"{revisions // 2:064x}")
            ).one()
            models = printer_models()
            yield (
                "the slices that serve one revision",
                _best(lambda: serving_slices(session, revision, models)),
            )
            yield "is anything waiting", _best(lambda: is_anything_waiting(session, new))

        def take() -> None:
            with database.unit_of_work() as work:
                take_next(work.session, new, later)

        yield "take the next wish", _best(take)
        database.close()


def big_gcode(megabytes: int) -> bytes:
    """Return G-code of so many MB: layers of short, curved lines."""
    line = "".join(
        f"G1 X{100 + 50 * math.sin(0.7 * i):.3f} Y{100 + 50 * math.cos(0.9 * i):.3f} E0.01\n"
        for i in range(10_000)
    )
    layers = megabytes * 1_000_000 // len(line)
    text = "".join(f"G1 Z{0.2 * n:.2f} F600\n{line}" for n in range(1, layers + 1))
    return f"M83\n{text}".encode()


def layers_row(megabytes: int) -> str:
    """Read a large file's layers, and say how long it took and how much memory."""
    gcode = big_gcode(megabytes)
    began = perf_counter()
    layers = read_layers(io.BytesIO(gcode))
    packed = layer_file(layers, profile(printer_models()[0]))
    seconds = perf_counter() - began
    stream = io.BytesIO(gcode[: len(gcode) // 3])
    tracemalloc.start()
    read_layers(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (
        f"{len(gcode) / 1e6:.0f} MB of G-code: {seconds:.1f} s, at most {peak / 1e6:.0f} MB of "
        f"memory, {len(packed) / 1e6:.1f} MB for the browser, every {layers.stride}. layer"
    )


def _ms(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return 1000 * (perf_counter() - began)


def _best(work: Callable[[], object], runs: int = 5) -> float:
    return min(_ms(work) for _ in range(runs))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure slicing.")
    parser.add_argument("--parts", type=int, default=3, help="parts of the catalogue to slice")
    parser.add_argument("--revisions", type=int, default=1000, help="parts on sale in the cache")
    given = parser.parse_args()
    models = ", ".join(printer_models())
    print(f"Slices of {given.parts} parts of the catalogue for {models}; {os.cpu_count()} cores.")
    heads = f"{'slices':>6} {'a minute and core':>17} {'a processor minute':>18}"
    print(f"{'':<28} {heads} {'median s':>10} {'p90 s':>8} refused")
    for engine in engines():
        for copies in (1, _PLATE):
            asked = questions(given.parts if copies == 1 else 1, copies)
            what = f"{engine.name} {engine.version}, {copies} a bed"
            print(f"{what:<28} {throughput(engine, asked)}")
            sys.stdout.flush()
    print(f"\nThe cache: {given.revisions} revisions x {len(printer_models())} printer models, ms")
    for what, milliseconds in cache_rows(given.revisions):
        print(f"{what:<44} {milliseconds:>9.1f}")
    print(f"\nThe layer viewer: {layers_row(60)}.")


if __name__ == "__main__":
    main()
