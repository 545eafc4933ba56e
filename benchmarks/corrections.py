"""How often a print is over by the time that measured prints promise, in a world that is planted.

Run: ``python benchmarks/corrections.py [--worlds N]``. Three printer models that take 0.92, 1.08
and 1.13 times what their slices say, with 20 printers and 400 parts (Zipf) each; logarithmic
standard deviations: a print 0.062, a part 0.05, a printer 0.02 or 0.08. ``pad`` is the time
promised at 99 % over the time really taken. Beside it: the slice as it is, with the spread of
0.12 that was judged.
"""

import argparse
from dataclasses import dataclass, field
from math import exp, log
from statistics import NormalDist, mean
from time import perf_counter

import numpy as np

from parts3d.slicing.correction import NOTHING_MEASURED, Forecast, forecast
from parts3d.slicing.correction_fit import MeasuredPrint, learn_model, learn_network

BIASES = (0.92, 1.08, 1.13)
PART_SD, NOISE_SD = 0.05, 0.062
PRINTERS, PARTS, NEXT_PRINTS = 20, 400, 150
LEVELS = (0.9, 0.99)
JUDGED = Forecast(1.0, 0.12)


@dataclass
class Score:
    """Of each level, whether prints were over by then; and the padding at the highest."""

    over: dict[float, list[bool]] = field(default_factory=lambda: {level: [] for level in LEVELS})
    pads: list[float] = field(default_factory=list)

    def take(self, said: Forecast, ratio: float) -> None:
        """Compare a forecast with what a print really took."""
        promised = ratio
        for level in LEVELS:
            promised = said.factor * exp(NormalDist().inv_cdf(level) * said.sigma)
            self.over[level].append(ratio <= promised)
        self.pads.append(promised / ratio)

    def words(self) -> str:
        """Return one cell a level, then the padding."""
        shares = [f"{100 * mean(self.over[level]):.1f} %" for level in LEVELS]
        return " | ".join([*shares, f"{mean(self.pads):.2f}"])


def run(seed: int, bias: float, printer_sd: float, count: int) -> tuple[Score, Score, float]:
    """Print, learn, print on: returns our score, the judged one's and the seconds of learning."""
    chance = np.random.default_rng(seed)
    printers = chance.normal(0, printer_sd, PRINTERS)
    parts = chance.normal(0, PART_SD, PARTS)
    shares = 1 / np.arange(1, PARTS + 1)
    shares /= shares.sum()

    def print_one() -> MeasuredPrint:
        at, what = int(chance.integers(PRINTERS)), int(chance.choice(PARTS, p=shares))
        noise = chance.normal(0, NOISE_SD)
        seconds = 3600 * exp(log(bias) + printers[at] + parts[what] + noise)
        return MeasuredPrint(str(at), str(what), 3600, seconds)

    prints = [print_one() for _ in range(count)]
    started = perf_counter()
    learned = learn_model(prints)
    seconds = perf_counter() - started
    network = learn_network([learned.model]) if count else NOTHING_MEASURED
    ours, judged = Score(), Score()
    for _ in range(NEXT_PRINTS):
        one = print_one()
        said = forecast(
            network,
            learned.model,
            learned.printers.get(one.printer),
            learned.parts.get(one.part),
        )
        ours.take(said, one.seconds / one.estimated_seconds)
        judged.take(JUDGED, one.seconds / one.estimated_seconds)
    return ours, judged, seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--worlds", type=int, default=12, help="seeds of each row")
    worlds = parser.parse_args().worlds
    print("| printers | prints | over by 90 % | by 99 % | pad | judged: 90 % | 99 % | pad | fit |")
    print("|---|---|---|---|---|---|---|---|---|")
    for printer_sd in (0.02, 0.08):
        for count in (0, 5, 20, 100, 500, 3000):
            ours, judged, times = Score(), Score(), []
            for seed in range(worlds):
                for bias in BIASES:
                    one, other, seconds = run(seed, bias, printer_sd, count)
                    for total, part in ((ours, one), (judged, other)):
                        for level in LEVELS:
                            total.over[level] += part.over[level]
                        total.pads += part.pads
                    times.append(seconds)
            cells = f"{ours.words()} | {judged.words()} | {1000 * mean(times):.0f} ms"
            print(f"| {printer_sd:.2f} | {count} | {cells} |")


if __name__ == "__main__":
    main()
