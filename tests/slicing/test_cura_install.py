from pathlib import Path

import pytest

from parts3d.errors import Unavailable
from parts3d.slicing.cura_install import default_folder, ensure_installed, is_installed
from parts3d.slicing.engines.cura import CuraEngine


@pytest.mark.usefixtures("cura")
def test_installing_again_changes_nothing_and_is_quick() -> None:
    folder = default_folder()
    before = (folder / ".parts3d-stamp").stat().st_mtime_ns
    assert ensure_installed() == folder
    assert (folder / ".parts3d-stamp").stat().st_mtime_ns == before


@pytest.mark.usefixtures("cura")
def test_only_the_engine_is_kept_of_what_npm_brought() -> None:
    folder = default_folder()
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["cura-wasm"]
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 4_000_000


def test_another_folder_with_an_old_stamp_is_installed_anew(tmp_path: Path) -> None:
    folder = tmp_path / "engines" / "node_modules"
    folder.mkdir(parents=True)
    (folder / ".parts3d-stamp").write_text("an older lock")
    assert not is_installed(folder)
    assert ensure_installed(folder) == folder
    assert is_installed(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["node_modules"]
    assert CuraEngine(folder).name == "cura"


def test_a_fetch_that_fails_says_what_npm_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # npm itself reads these: a registry where nobody listens, and an empty cache.
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    folder = tmp_path / "engines" / "node_modules"
    with pytest.raises(Unavailable, match=r"check the connection.*npm said: .*ECONNREFUSED"):
        ensure_installed(folder)
    assert list(folder.parent.iterdir()) == []
