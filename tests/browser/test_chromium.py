"""The ways to a Chromium: the machine's, or npm's; each can be forced."""

import stat
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import NoChromium, find_chromium


def _program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_chromium_on_the_path_is_taken_first(tmp_path: Path) -> None:
    program = _program(tmp_path, "chromium-browser")
    found = find_chromium({"PATH": str(tmp_path)})
    assert (found.path, found.source) == (program, "machine")


def test_the_one_that_is_named_beats_the_path(tmp_path: Path) -> None:
    _program(tmp_path, "chromium")
    named = _program(tmp_path, "my-browser")
    assert find_chromium({"PATH": str(tmp_path), "PARTS3D_CHROMIUM": str(named)}).path == named


def test_a_name_that_is_no_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoChromium, match="which is no program"):
        find_chromium({"PATH": "", "PARTS3D_CHROMIUM": str(tmp_path / "nothing")})


def test_the_machines_way_fails_in_words_when_it_is_forced_and_there_is_none(
    tmp_path: Path,
) -> None:
    with pytest.raises(NoChromium, match="no Chromium on PATH"):
        find_chromium({"PATH": str(tmp_path), "PARTS3D_TEST_CHROMIUM": "machine"})


def test_a_way_that_does_not_exist_is_refused() -> None:
    with pytest.raises(NoChromium, match="machine or npm"):
        find_chromium({"PARTS3D_TEST_CHROMIUM": "snap"})


def test_npms_way_can_be_forced_past_the_machines(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _program(tmp_path, "chromium")
    cache = tmp_path_factory.mktemp("cache")
    wanted = {
        "PATH": str(tmp_path),
        "PARTS3D_TEST_CHROMIUM": "npm",
        "XDG_CACHE_HOME": str(cache),
    }
    found = find_chromium(wanted)
    assert found.source == "npm"
    assert found.path.is_relative_to(cache)
    # SwiftShader beside the program, or there is no WebGL.
    beside = {path.name for path in found.path.parent.iterdir()}
    assert {"libGLESv2.so", "libvk_swiftshader.so", "vk_swiftshader_icd.json", "lib"} <= beside
    # The second time nothing is unpacked.
    assert find_chromium(wanted) == found


def test_the_browser_draws_webgl(page: Page) -> None:
    assert page.evaluate(
        "() => document.createElement('canvas').getContext('webgl2') instanceof"
        " WebGL2RenderingContext"
    )
