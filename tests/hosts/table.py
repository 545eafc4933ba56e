"""The table host x contract test that a run of the contract suite ends with."""

import re
from collections.abc import Iterable, Mapping

_NODE = re.compile(r"::(?P<test>test_\w+)\[(?P<params>.+)\]$")
_PASSED, _FAILED, _ABSENT = "ok", "FAILED", "-"


def contract_table(
    results: Iterable[tuple[str, bool]], lacks: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Return the table as lines of text; empty when nothing of the contract was run.

    ``results`` are pairs of a pytest node and whether it passed; a test that failed once, in
    its setup or its end as well, has failed. ``lacks`` says by brand which tests do not apply.
    """
    cells: dict[str, dict[str, str]] = {}
    for node, passed in results:
        if (found := _NODE.search(node)) is None:
            continue
        row = cells.setdefault(_words(found["test"]), {})
        for brand in set(found["params"].split("-")) & set(lacks):
            if row.get(brand) != _FAILED:
                row[brand] = _PASSED if passed else _FAILED
    if not cells:
        return []
    brands = list(lacks)
    reasons: list[str] = []
    for brand in brands:
        for test, why in lacks[brand].items():
            row = cells.setdefault(_words(test), {})
            if why not in reasons:
                reasons.append(why)
            row.setdefault(brand, f"{_ABSENT} [{reasons.index(why) + 1}]")
    wide = max(len(row) for row in cells)
    columns = [max(len(brand), len(_FAILED)) for brand in brands]
    lines = ["", "Printer host x contract test", _line("", wide, brands, columns)]
    for row, found in cells.items():
        lines.append(_line(row, wide, [found.get(brand, "") for brand in brands], columns))
    totals = [
        f"{sum(row.get(brand) == _PASSED for row in cells.values())}/"
        f"{sum(row.get(brand) in {_PASSED, _FAILED} for row in cells.values())}"
        for brand in brands
    ]
    lines.append(_line("passed", wide, totals, columns))
    lines.extend(f"  [{n}] {why}" for n, why in enumerate(reasons, start=1))
    return lines


def _words(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")


def _line(first: str, wide: int, cells: Iterable[str], columns: Iterable[int]) -> str:
    rest = "  ".join(cell.ljust(column) for cell, column in zip(cells, columns, strict=True))
    return f"  {first.ljust(wide)}  {rest}".rstrip()
