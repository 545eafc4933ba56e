import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from parts3d.backup import bring_back, save, verify
from parts3d.db import Database
from parts3d.embedded.broker import choose_broker, redis_child
from parts3d.embedded.supervisor import Supervisor
from parts3d.errors import Conflict, Invalid, Unavailable, Unreadable
from parts3d.settings import Settings
from parts3d.store import FolderStore
from tests.support.postgres import PostgresServer, wheel_binaries

_BIN = wheel_binaries() / "bin"


def _write(settings: Settings, words: str) -> None:
    database = Database(settings.database)
    with database.unit_of_work() as work:
        work.session.connection().execute(sa.text("CREATE TABLE IF NOT EXISTS kept (words TEXT)"))
        work.session.connection().execute(sa.text("DELETE FROM kept"))
        work.session.connection().execute(sa.text("INSERT INTO kept VALUES (:w)"), {"w": words})
    database.close()


def _read(settings: Settings) -> str:
    database = Database(settings.database)
    with database.reading() as session:
        words: str = session.connection().execute(sa.text("SELECT words FROM kept")).scalar_one()
    database.close()
    return words


@pytest.fixture
def here(tmp_path: Path, sqlite_template: Path) -> Settings:
    """A SQLite network with a row, two files and a key."""
    settings = Settings(data_dir=tmp_path / "here")
    settings.data_dir.mkdir()
    shutil.copyfile(sqlite_template, settings.data_dir / "parts3d.sqlite3")
    _write(settings, "a knob for Huy")
    FolderStore(settings.files_dir).put(b"solid knob")
    FolderStore(settings.files_dir).put(b"G1 X1")
    settings.secret()
    return settings


@pytest.fixture
def archive(here: Settings, tmp_path: Path, now: datetime) -> Path:
    path = tmp_path / "saved.tar.gz"
    save(here, path, now)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "elsewhere")


@pytest.fixture
def on_postgres(postgres: PostgresServer, tmp_path: Path) -> Iterator[Settings]:
    with postgres.fresh() as url:
        yield Settings(data_dir=tmp_path / "pg", database_url=url)


def test_a_sqlite_network_comes_back_whole_somewhere_else(
    here: Settings, archive: Path, elsewhere: Settings
) -> None:
    assert archive.stat().st_mode & 0o077 == 0
    bring_back(elsewhere, archive)
    assert _read(elsewhere) == "a knob for Huy"
    assert elsewhere.secret() == here.secret()
    files, saved = FolderStore(elsewhere.files_dir), FolderStore(here.files_dir)
    assert list(files.every()) == list(saved.every())
    assert {files.read(sha256) for sha256 in files.every()} == {b"solid knob", b"G1 X1"}
    assert [path for path in elsewhere.data_dir.iterdir() if path.name.startswith(".")] == []


def test_a_postgres_network_comes_back_whole_in_another_database(
    on_postgres: Settings, postgres: PostgresServer, tmp_path: Path, now: datetime
) -> None:
    _write(on_postgres, "a wheel for Namur")
    FolderStore(on_postgres.files_dir).put(b"solid wheel")
    save(on_postgres, tmp_path / "pg.tar.gz", now, postgres_bin=_BIN)
    with postgres.fresh(empty=True) as url:
        target = Settings(data_dir=tmp_path / "pg2", database_url=url)
        bring_back(target, tmp_path / "pg.tar.gz", postgres_bin=_BIN)
        assert _read(target) == "a wheel for Namur"
        assert len(list(FolderStore(target.files_dir).every())) == 1
        with pytest.raises(Conflict, match="--force"):
            bring_back(target, tmp_path / "pg.tar.gz", postgres_bin=_BIN)
        _write(target, "changed since")
        bring_back(target, tmp_path / "pg.tar.gz", force=True, postgres_bin=_BIN)
        assert _read(target) == "a wheel for Namur"


def test_what_is_written_while_the_backup_lies_open_is_saved_too(
    here: Settings, tmp_path: Path, elsewhere: Settings, now: datetime
) -> None:
    live = Database(here.database)  # keeps the journal open, as a running server does
    with live.unit_of_work() as work:
        work.session.connection().execute(sa.text("UPDATE kept SET words = 'in the journal'"))
    save(here, tmp_path / "live.tar.gz", now)
    live.close()
    bring_back(elsewhere, tmp_path / "live.tar.gz")
    assert _read(elsewhere) == "in the journal"


def test_nothing_is_replaced_without_force(here: Settings, archive: Path) -> None:
    _write(here, "newer")
    with pytest.raises(Conflict, match="--force"):
        bring_back(here, archive)
    assert _read(here) == "newer"
    bring_back(here, archive, force=True)
    assert _read(here) == "a knob for Huy"


def test_an_archive_is_not_overwritten(here: Settings, archive: Path, now: datetime) -> None:
    with pytest.raises(Conflict, match="already"):
        save(here, archive, now)


def _repacked(archive: Path, change: dict[str, bytes], drop: str | None = None) -> Path:
    """Return a copy of the archive with members changed, dropped or added."""
    path = archive.with_name("forged.tar.gz")
    with tarfile.open(archive) as old, tarfile.open(path, "w:gz") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            data = change.pop(member.name, content.read())
            if member.name != drop:
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
        for name, data in change.items():
            extra = tarfile.TarInfo(name)
            extra.size = len(data)
            new.addfile(extra, io.BytesIO(data))
    return path


def test_a_changed_member_is_refused_before_anything_changes(
    archive: Path, elsewhere: Settings
) -> None:
    with pytest.raises(Unreadable, match=r"database in .* has changed"):
        bring_back(elsewhere, _repacked(archive, {"database": b"SQLite format 3\0 forged"}))
    assert not elsewhere.data_dir.exists()


def test_a_missing_an_added_and_a_climbing_member_are_refused(archive: Path) -> None:
    with pytest.raises(Unreadable, match="lacks database"):
        verify(_repacked(archive, {}, drop="database"))
    with pytest.raises(Unreadable, match="manifest does not"):
        verify(_repacked(archive, {"../../etc/cron.d/x": b"boom"}))
    manifest = verify(archive).model_dump_json().replace("secret.key", "../secret.key")
    with pytest.raises(Unreadable, match="damaged"):
        verify(_repacked(archive, {"manifest.json": manifest.encode()}))


def test_an_archive_cut_short_is_said_to_be(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(Unreadable):
        verify(archive)


def test_a_file_that_is_no_archive_or_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_text("hello")
    with pytest.raises(Unreadable, match="damaged"):
        verify(tmp_path / "x.tar.gz")
    with pytest.raises(Unreadable, match="no archive"):
        verify(tmp_path / "y.tar.gz")


def test_an_archive_of_the_other_database_is_refused(archive: Path, on_postgres: Settings) -> None:
    with pytest.raises(Invalid, match="PARTS3D_DATABASE_URL"):
        bring_back(on_postgres, archive)


def test_a_running_network_is_not_restored_over(here: Settings, archive: Path) -> None:
    broker = choose_broker(Settings(data_dir=here.data_dir, broker="wheel"))
    with Supervisor(here.data_dir / "logs") as supervisor:
        supervisor.start(redis_child(broker))
        supervisor.wait_ready()
        with pytest.raises(Conflict, match="running"):
            bring_back(here, archive, force=True)


def test_a_missing_pg_dump_is_named_with_the_remedy(
    on_postgres: Settings, tmp_path: Path, now: datetime
) -> None:
    with pytest.raises(Unavailable, match="--postgres-bin"):
        save(on_postgres, tmp_path / "a.tar.gz", now, postgres_bin=tmp_path)
    assert list(tmp_path.glob("*.tar.gz")) == []


def test_the_commands_say_it_in_a_sentence(archive: Path, elsewhere: Settings) -> None:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "parts3d", *words],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PARTS3D_DATA_DIR": str(elsewhere.data_dir)},
        )

    done = call("restore", str(archive))
    assert done.returncode == 0, done.stderr
    assert "Restored 4 members" in done.stdout
    again = call("restore", str(archive))
    assert again.returncode == 1
    assert "--force" in again.stderr
    assert "Traceback" not in again.stderr
    saved = call("backup", str(archive.with_name("again.tar.gz")))
    assert saved.returncode == 0, saved.stderr
