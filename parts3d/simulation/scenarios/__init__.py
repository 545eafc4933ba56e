"""Small scenarios of our own: examples of the format, and what the tests are run with."""

from pathlib import Path


def shipped() -> dict[str, Path]:
    """Return the shipped scenario files by name."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"))}
