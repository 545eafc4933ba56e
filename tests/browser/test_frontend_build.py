"""The front end's build and the way from an asset's name to its file."""

import json
from pathlib import Path

import pytest

import hatch_build
from parts3d.assets import STATIC_FOLDER, asset_path
from parts3d.errors import NotFound, Unavailable

EMPTY_LOCK = {"name": "f", "lockfileVersion": 3, "requires": True, "packages": {"": {"name": "f"}}}


def _frontend(root: Path, build: str) -> Path:
    frontend = root / "frontend"
    frontend.mkdir()
    (frontend / "package.json").write_text('{"name": "f", "private": true}', encoding="utf-8")
    (frontend / "package-lock.json").write_text(json.dumps(EMPTY_LOCK), encoding="utf-8")
    (frontend / "build.mjs").write_text(build, encoding="utf-8")
    return frontend


WRITES_A_MANIFEST = """
import { mkdirSync, writeFileSync } from "node:fs";
const out = "../parts3d/static/built";
mkdirSync(out, { recursive: true });
writeFileSync(`${out}/app-AB12.js`, "");
writeFileSync(`${out}/manifest.json`, JSON.stringify({ "app.js": "app-AB12.js" }));
"""


def test_a_build_is_made_once_and_again_when_a_source_changed(tmp_path: Path) -> None:
    frontend = _frontend(tmp_path, WRITES_A_MANIFEST)
    assert hatch_build.build_frontend(tmp_path)
    assert not hatch_build.build_frontend(tmp_path)
    (frontend / "css").mkdir()
    (frontend / "css/app.css").write_text("a {}", encoding="utf-8")
    assert hatch_build.build_frontend(tmp_path)
    assert not hatch_build.build_frontend(tmp_path)


def test_a_build_is_made_again_when_its_output_is_gone(tmp_path: Path) -> None:
    _frontend(tmp_path, WRITES_A_MANIFEST)
    hatch_build.build_frontend(tmp_path)
    (tmp_path / "parts3d/static/built/manifest.json").unlink()
    assert hatch_build.build_frontend(tmp_path)


def test_a_failing_step_says_which_and_why(tmp_path: Path) -> None:
    _frontend(tmp_path, 'throw new Error("the colour is missing");')
    with pytest.raises(hatch_build.BuildFailed, match=r"esbuild failed(.|\n)*colour is missing"):
        hatch_build.build_frontend(tmp_path)
    assert not hatch_build.is_current(tmp_path / "frontend", tmp_path / "parts3d/static/built")


def test_a_lock_that_does_not_match_says_so(tmp_path: Path) -> None:
    frontend = _frontend(tmp_path, WRITES_A_MANIFEST)
    package = '{"name": "f", "private": true, "dependencies": {"three": "0.187.0"}}'
    (frontend / "package.json").write_text(package, encoding="utf-8")
    with pytest.raises(hatch_build.BuildFailed, match=r"npm ci failed(.|\n)*three"):
        hatch_build.build_frontend(tmp_path)


def test_a_source_tree_without_a_lock_is_incomplete(tmp_path: Path) -> None:
    with pytest.raises(hatch_build.BuildFailed, match="incomplete"):
        hatch_build.build_frontend(tmp_path)


def test_an_asset_is_found_by_its_plain_name() -> None:
    for name in ("app.css", "app.js", "viewer.js", "live.js", "place.js", "copy.js"):
        path = asset_path(name)
        assert path.startswith("/static/built/")
        assert (STATIC_FOLDER / path.removeprefix("/static/")).is_file()


def test_an_image_is_found_by_its_path_and_its_address_changes_with_its_content(
    tmp_path: Path,
) -> None:
    image = tmp_path / "logo.svg"
    image.write_text("<svg/>", encoding="utf-8")
    before = asset_path("logo.svg", static_folder=tmp_path)
    image.write_text("<svg></svg>", encoding="utf-8")
    after = asset_path("logo.svg", static_folder=tmp_path)
    assert before != after
    assert after.startswith("/static/logo.svg?v=")


def test_an_unknown_asset_names_those_there_are() -> None:
    with pytest.raises(NotFound, match=r"no asset named nope\.js\. Built assets are: app\.css"):
        asset_path("nope.js")


def test_a_front_end_that_is_not_built_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"python hatch_build\.py"):
        asset_path("app.js", static_folder=tmp_path)


def test_no_lock_file_names_a_registry() -> None:
    root = Path(hatch_build.__file__).parent
    folders = [root / "frontend", root / "tests/browser", root / "tests/browser/npm-chromium"]
    for folder in folders:
        lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
        packages = {name: entry for name, entry in lock["packages"].items() if name}
        assert packages
        assert all("resolved" not in entry for entry in packages.values())
        assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
        npmrc = (folder / ".npmrc").read_text(encoding="utf-8")
        assert "omit-lockfile-registry-resolved=true" in npmrc
