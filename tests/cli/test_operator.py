"""``parts3d operator add``, as it is typed."""

import os
import subprocess
import sys
from pathlib import Path

from sqlmodel import select

from parts3d.accounts.passwords import password_is_right
from parts3d.accounts.tables import Account, Role
from parts3d.db import Database


def add(folder: Path, password: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "parts3d", "operator", "add"]
    return subprocess.run(
        [*words, "--email", "Olga@Example.be", "--name", "Olga"],
        input=password,
        env={**os.environ, "PARTS3D_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_operator_is_added_on_an_empty_folder_with_a_password_from_stdin(
    tmp_path: Path,
) -> None:
    done = add(tmp_path, "a long password\n")
    assert done.returncode == 0, done.stderr
    assert "Olga may sign in as olga@example.be" in done.stdout
    database = Database(f"sqlite:///{tmp_path / 'parts3d.sqlite3'}")
    with database.reading() as session:
        account = session.exec(select(Account)).one()
        assert account.role is Role.OPERATOR
        assert password_is_right("a long password", account.password_hash)
    database.close()
    again = add(tmp_path, "a long password\n")
    assert again.returncode == 1
    assert "has an account already" in again.stderr


def test_no_password_or_a_short_one_adds_nobody_and_says_why(tmp_path: Path) -> None:
    assert "No password was given" in add(tmp_path, "").stderr
    assert "at least 10 characters" in add(tmp_path, "short\n").stderr
