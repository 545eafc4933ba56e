"""A small program that answers like PrusaSlicer, or fails in a chosen way."""

import sys
from pathlib import Path

_PROGRAM = """#!{python}
import os, sys, time
from pathlib import Path

if "--help" in sys.argv:
    print({banner!r})
    sys.exit(0)
mode = {mode!r}
if mode == "crash":
    os.abort()
if mode == "refuse":
    sys.exit("the fill pattern is unknown")
if mode == "hang":
    time.sleep(60)
if mode == "empty":
    sys.exit(0)
out = Path(sys.argv[sys.argv.index("--output") + 1])
config = Path(sys.argv[sys.argv.index("--load") + 1]).read_text()
assert Path(sys.argv[-1]).read_bytes()[:7] == b"parts3d"
out.write_text(Path({gcode!r}).read_text() + "; config\\n; " + config.replace("\\n", "\\n; "))
"""


def fake_prusaslicer(
    folder: Path,
    mode: str,
    gcode: str = "",
    banner: str = "PrusaSlicer-2.7.1+linux-x64-GTK3 based on Slic3r",
) -> Path:
    """Write the program into a folder; ``gcode`` is what it gives as its result."""
    answer, program = folder / "answer.gcode", folder / f"slicer-{mode}"
    answer.write_text(gcode)
    text = _PROGRAM.format(python=sys.executable, banner=banner, mode=mode, gcode=str(answer))
    program.write_text(text)
    program.chmod(0o755)
    return program
