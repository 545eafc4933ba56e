"""The rules of the house, held by looking at the code."""

import ast
import re
from enum import StrEnum
from importlib import import_module
from pathlib import Path

from parts3d import errors
from parts3d.catalogue.lifecycle import (
    CHECK_LIFECYCLE,
    REVISION_LIFECYCLE,
    CheckStatus,
    RevisionStatus,
)
from parts3d.jobs.keeping.tables import RESCUE_LIFECYCLE, RescueStatus
from parts3d.jobs.lifecycle import JOB_LIFECYCLE, JobStatus
from parts3d.lifecycle import Lifecycle
from parts3d.notices.tables import NOTICE_LIFECYCLE, NoticeStatus
from parts3d.orders.lifecycle import (
    ORDER_LIFECYCLE,
    PAYMENT_LIFECYCLE,
    OrderStatus,
    PaymentStatus,
)
from parts3d.promises.tables import PROMISE_LIFECYCLE, PromiseStatus
from parts3d.settings import Settings
from parts3d.slicing.tables import SLICE_LIFECYCLE, SliceStatus
from parts3d.web import STATUS_OF, status_of

ROOT = Path(__file__).parents[2]
PYTHON = [
    path
    for folder in ("parts3d", "printer_agents")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "node_modules" not in path.parts
]
LIFECYCLES: list[tuple[type[StrEnum], Lifecycle]] = [  # type: ignore[type-arg]
    (CheckStatus, CHECK_LIFECYCLE),
    (RevisionStatus, REVISION_LIFECYCLE),
    (SliceStatus, SLICE_LIFECYCLE),
    (PromiseStatus, PROMISE_LIFECYCLE),
    (OrderStatus, ORDER_LIFECYCLE),
    (PaymentStatus, PAYMENT_LIFECYCLE),
    (JobStatus, JOB_LIFECYCLE),
    (RescueStatus, RESCUE_LIFECYCLE),
    (NoticeStatus, NOTICE_LIFECYCLE),
]


def test_only_the_database_file_commits() -> None:
    committing = {
        str(path.relative_to(ROOT))
        for path in PYTHON
        if re.search(r"\.commit\(", path.read_text(encoding="utf-8"))
        and path.is_relative_to(ROOT / "parts3d")
    }
    assert committing == {"parts3d/db.py"}


def test_every_status_stands_in_its_transition_table() -> None:
    for statuses, lifecycle in LIFECYCLES:
        assert set(lifecycle.moves) == set(statuses), lifecycle.noun
        for following in lifecycle.moves.values():
            assert following <= set(statuses), lifecycle.noun


def test_every_status_can_be_reached_and_left_or_is_an_end() -> None:
    for statuses, lifecycle in LIFECYCLES:
        first = next(iter(statuses))
        reached, frontier = {first}, [first]
        while frontier:
            for status in lifecycle.moves[frontier.pop()]:
                if status not in reached:
                    reached.add(status)
                    frontier.append(status)
        assert reached == set(statuses), lifecycle.noun
        assert lifecycle.ends() or lifecycle.noun in {"notice", "slice"}


def _kinds(kind: type[errors.Parts3dError]) -> list[type[errors.Parts3dError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _kinds(child))]


def test_every_error_kind_has_a_status() -> None:
    for path in PYTHON:
        if path.is_relative_to(ROOT / "parts3d") and "migrations" not in path.parts:
            text = path.read_text(encoding="utf-8")
            if re.search(r"^class \w+\((\w*Error|\w+)\):", text, re.MULTILINE) and (
                "parts3d.errors import" in text
            ):
                import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for kind in _kinds(errors.Parts3dError):
        if kind is not errors.Parts3dError:
            sample = kind.__new__(kind)
            assert status_of(sample) != 500, f"{kind.__module__}.{kind.__name__}"
    assert set(STATUS_OF.values()) <= {401, 403, 404, 409, 413, 422, 429, 503}


def test_every_setting_is_described_and_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`PARTS3D_{name.upper()}`" in page, f"docs/settings.md does not list {name}"
        assert field.description in page, f"docs/settings.md describes {name} differently"


def test_no_file_is_too_long() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in PYTHON
        if "migrations" not in path.parts
        and (count := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }
    assert long == {}


def test_no_room_is_a_junk_room() -> None:
    junk = {"utils.py", "helpers.py", "common.py", "misc.py", "util.py"}
    assert [path for path in PYTHON if path.name in junk] == []


def test_every_public_function_of_ours_says_what_it_does() -> None:
    silent = []
    for path in PYTHON:
        if "migrations" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        silent += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ]
    assert silent == []


def test_tests_patch_nothing_of_ours() -> None:
    patching = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if "node_modules" not in path.parts
        and re.search(r"monkeypatch\.setattr|mock\.patch|from unittest", path.read_text("utf-8"))
        and path != Path(__file__)
    ]
    assert patching == []


def test_locks_carry_hashes_and_no_addresses() -> None:
    for path in ROOT.glob("requirements*.lock"):
        text = path.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text, path.name
    for path in ROOT.rglob("package-lock.json"):
        if "node_modules" not in path.parts and ".venv" not in path.parts:
            assert '"resolved"' not in path.read_text(encoding="utf-8"), path


def test_migrations_make_the_schema_that_the_tables_say() -> None:
    import tempfile

    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from parts3d.db import Database
    from parts3d.migrate import upgrade
    from parts3d.tables import metadata

    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/compare.sqlite3")
        upgrade(database)
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": False})
            assert compare_metadata(context, metadata) == []
        database.close()
