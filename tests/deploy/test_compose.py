"""docker-compose.yml against the Compose specification, the Dockerfile and the settings."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from service.settings import Settings
from tests.deploy.dockerfile import ROOT, assigned, stages

MAIN, KEYS = ROOT / "docker-compose.yml", ROOT / "deploy" / "compose.keys.yml"
STAGES = stages((ROOT / "Dockerfile").read_text())
_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")


def loaded(path: Path) -> dict[str, Any]:
    """The file with the defaults of its variables, and with what it merges."""
    text = _DEFAULT.sub(lambda found: found[1], path.read_text())
    assert "$" not in re.sub(r"#.*", "", text), "every variable has a default"
    return dict(YAML(typ="safe").load(text))


COMPOSE = loaded(MAIN)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKERS = {name: each for name, each in SERVICES.items() if name != "service"}


@pytest.mark.parametrize("path", [MAIN, KEYS], ids=lambda path: path.name)
def test_it_keeps_to_the_specification(path: Path, tmp_path: Path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run([*command, path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(path.read_text().replace("    environment:", "    enviroment:"))
    assert subprocess.run([*command, wrong], capture_output=True).returncode == 1


def test_without_a_word_the_worker_on_the_cpu_is_started():
    chosen = assigned((ROOT / ".env").read_text().splitlines()[-1])["COMPOSE_PROFILES"]
    assert [name for name, each in WORKERS.items() if chosen in each["profiles"]] == ["worker"]
    assert "profiles" not in SERVICES["service"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_it_builds_is_in_the_dockerfile(name: str):
    build = SERVICES[name]["build"]
    stage = STAGES[build["target"]]
    known = [step for each in STAGES.values() for step in each.steps if step.word == "ARG"]
    names = {name for step in known for name in assigned(step.text)}
    assert set(build.get("args", {})) <= names
    assert stage.last("HEALTHCHECK").text
    assert stage.last("USER").text == "itten"


@pytest.mark.parametrize("name", SERVICES)
def test_what_it_writes_lies_in_volumes_that_the_image_has(name: str):
    each = SERVICES[name]
    volumes = dict(volume.split(":") for volume in each["volumes"])
    assert set(volumes) <= set(COMPOSE["volumes"])
    declared = eval(STAGES[each["build"]["target"]].last("VOLUME").text)
    assert set(volumes.values()) == set(declared)
    assert volumes["socket"] == "/run/itten"


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_has_more_than_is_needed(name: str):
    each = SERVICES[name]
    assert each["read_only"]
    assert each["cap_drop"] == ["ALL"]
    assert each["security_opt"] == ["no-new-privileges:true"]
    assert each["restart"] == "unless-stopped"
    assert each["deploy"]["resources"]["limits"]["memory"]
    assert (each.get("network_mode") == "none") == (name in WORKERS)


def test_what_it_sets_are_settings_that_can_be_used():
    given = SERVICES["service"]["environment"]
    settings = Settings.from_env({name: str(value) for name, value in given.items() if value})
    [only] = settings.warnings(dict.fromkeys(given, ""))
    assert only.startswith("anybody who can reach")
    commands = [each["command"] for each in WORKERS.values()]
    [listening] = {command[command.index("--listen") + 1] for command in commands}
    assert settings.workers == (listening,)
    grace = float(SERVICES["service"]["stop_grace_period"].removesuffix("s"))
    assert grace >= settings.max_deadline_s + 3


def test_only_this_machine_is_let_in_until_told_otherwise():
    assert SERVICES["service"]["ports"] == ["127.0.0.1:8000:8000"]


def test_the_device_is_the_workers():
    devices = SERVICES["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [
        {"driver": "nvidia", "count": 1, "capabilities": ["gpu", "compute", "utility"]}
    ]
    assert "reservations" not in SERVICES["service"]["deploy"]["resources"]


def test_keys_are_a_secret_that_the_service_is_told_of():
    keys = loaded(KEYS)
    [secret] = keys["services"]["service"]["secrets"]
    assert secret in keys["secrets"]
    place = keys["services"]["service"]["environment"]["ITTEN_API_KEYS_FILE"]
    assert place == f"/run/secrets/{secret}"
