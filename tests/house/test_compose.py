"""No Docker engine runs the tests, so the files are held against the code they name."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from parts3d.cli import COMMANDS, build
from parts3d.settings import Settings
from printer_agents.__main__ import main as agent_main
from printer_agents.config import load_config

_ROOT = Path(__file__).parents[2]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "docker-compose.yml").read_text())
_SERVICES: dict[str, Any] = _COMPOSE["services"]
_OURS = {name: service for name, service in _SERVICES.items() if "build" in service}
_DOCKERFILE = (_ROOT / "Dockerfile").read_text()


def _image_commands() -> list[list[str]]:
    found = re.findall(r"^CMD (\[.*\])$", _DOCKERFILE, flags=re.MULTILINE)
    return [yaml.safe_load(words) for words in found]


def _check_command(words: list[str]) -> None:
    """Parse a command line with the program's own parser, without running it."""
    program, name, *rest = words
    if program == "parts3d-agent":
        with pytest.raises(SystemExit) as left:
            agent_main([name, *rest, "--help"])
        assert left.value.code == 0
        return
    assert program == "parts3d"
    assert name in COMMANDS
    group: Any = get_command(build(name))
    command = group.commands[name]
    command.make_context(name, list(rest))


def test_the_network_has_every_part_of_the_design() -> None:
    assert set(_SERVICES) == {"web", "worker", "beat", "agent", "postgres", "redis"}


@pytest.mark.parametrize("name", sorted(_OURS))
def test_every_command_of_compose_exists_with_its_options(name: str) -> None:
    _check_command([str(word) for word in _OURS[name]["command"]])


@pytest.mark.parametrize("words", _image_commands(), ids=" ".join)
def test_every_command_of_the_images_exists_with_its_options(words: list[str]) -> None:
    _check_command(words)


@pytest.mark.parametrize("name", sorted(_OURS))
def test_every_variable_is_a_setting(name: str) -> None:
    known = {f"PARTS3D_{field.upper()}" for field in Settings.model_fields}
    given = set(_OURS[name].get("environment", {}))
    assert given <= known, given - known


def test_the_image_sets_only_real_settings() -> None:
    known = {f"PARTS3D_{field.upper()}" for field in Settings.model_fields}
    assert set(re.findall(r"PARTS3D_[A-Z_]+", _DOCKERFILE)) <= known


def test_the_image_brings_what_its_commands_would_compile_at_the_first_promise() -> None:
    for module in re.findall(r"^RUN python -m ([\w.]+)$", _DOCKERFILE, flags=re.MULTILINE):
        assert (_ROOT / (module.replace(".", "/") + ".py")).exists(), module
    built, run_as = _DOCKERFILE.index("futures.compile_now"), _DOCKERFILE.index("USER parts3d")
    # numba keeps it in that user's cache, for the kind of processor that is named before.
    assert run_as < _DOCKERFILE.index("ENV NUMBA_CPU_NAME=generic") < built


def test_every_target_volume_and_service_that_is_named_exists() -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\w+)$", _DOCKERFILE, flags=re.MULTILINE))
    for service in _OURS.values():
        assert service["build"]["target"] in targets
    for service in _SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(_SERVICES)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in _COMPOSE["volumes"] or (_ROOT / source).exists(), volume


def test_everything_that_the_image_copies_is_in_the_repository_and_not_ignored() -> None:
    ignored = (_ROOT / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", _DOCKERFILE, flags=re.MULTILINE)
    for path in " ".join(copied).split():
        assert (_ROOT / path).exists(), path
        assert f"!{path}" in ignored, path


def test_the_agents_configuration_is_valid_and_calls_the_web_service() -> None:
    config = load_config(_ROOT / "deploy" / "agent.toml")
    assert config.server_url == "http://web:8000"
    assert "web" in _SERVICES
    assert config.key_file.is_relative_to("/data")


def test_nothing_but_the_web_page_is_open_to_this_machine_and_only_to_it() -> None:
    ports = {name: service["ports"] for name, service in _SERVICES.items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:8000:8000"]}


def test_no_secret_stands_in_the_file() -> None:
    for service in _SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "KEY" in name or "PASSWORD" in name:
                assert value.startswith("${"), name


def test_the_commands_of_the_project_file_are_the_ones_used() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    assert set(project["scripts"]) == {"parts3d", "parts3d-agent"}


def test_make_knows_every_target_that_people_are_told_of() -> None:
    makefile = (_ROOT / "Makefile").read_text()
    wanted = "setup demo demo-reset test test-long check test-hosts locks help"
    for target in wanted.split():
        assert re.search(rf"^{target}:.*##", makefile, flags=re.MULTILINE), target
    for module in re.findall(r"python -m (parts3d[\w.]*)", makefile):
        assert (_ROOT / (module.replace(".", "/") + ".py")).exists(), module
