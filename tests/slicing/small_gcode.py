"""G-code of a small box by hand: a skirt, walls and crossing infill, layer upon layer."""

_START = ";PARTS3D:START\nM83\n;PARTS3D:PART\nM83\n"
_END = ";PARTS3D:END\nM104 S0\n"


def box_gcode(layers: int = 20, *, low: float = 100, high: float = 130) -> bytes:
    """Return a box's G-code from ``low`` to ``high`` mm in x and y, layers of 0.2 mm."""
    lines = [_START]
    for layer in range(1, layers + 1):
        lines.append(f"G1 Z{0.2 * layer:.2f} F600\n")
        if layer == 1:
            lines.append(";TYPE:SKIRT\n" + _ring(low - 4, high + 4))
        lines.append(";TYPE:WALL-OUTER\n" + _ring(low, high))
        lines.append(";TYPE:WALL-INNER\n" + _ring(low + 0.45, high - 0.45))
        lines.append(";TYPE:SKIN\n" if layer in (1, layers) else ";TYPE:FILL\n")
        for row in range(int(low) + 2, int(high) - 1, 3):
            if layer % 2:
                lines.append(f"G0 X{row} Y{low + 1} F6000\nG1 Y{high - 1} E1 F1800\n")
            else:
                lines.append(f"G0 X{low + 1} Y{row} F6000\nG1 X{high - 1} E1 F1800\n")
    lines.append(_END)
    return "".join(lines).encode()


def _ring(low: float, high: float) -> str:
    return (
        f"G0 X{low} Y{low} F6000\nG1 X{high} E1 F1800\nG1 Y{high} E1\nG1 X{low} E1\nG1 Y{low} E1\n"
    )
