"""docker-compose.yml starts a whole, healthy system and holds no secret."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
SERVICES: dict[str, dict[str, Any]] = YAML(typ="safe").load(COMPOSE)["services"]
APPLICATION = ("api", "worker")
# A variable without which compose refuses to start: it has no default that could be a secret.
REQUIRED = re.compile(r"\$\{\w+:\?[^}]*\}")

every_service = pytest.mark.parametrize("name", SERVICES)


def environment(*words: str) -> dict[str, str]:
    """Give the variables of all services whose name holds one of the words."""
    return {
        f"{name}.{key}": value
        for name, service in SERVICES.items()
        for key, value in service.get("environment", {}).items()
        if any(word in key for word in words)
    }


def test_the_file_follows_the_compose_specification() -> None:
    command = ["check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    result = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_whole_system_is_there() -> None:
    assert set(SERVICES) == {"postgres", "redis", "api", "worker"}


@every_service
def test_every_service_is_checked_for_health(name: str) -> None:
    healthcheck = SERVICES[name]["healthcheck"]
    assert healthcheck["test"][0] in {"CMD", "CMD-SHELL"}
    assert not healthcheck.get("disable")


@every_service
def test_every_service_comes_back_after_a_crash(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", APPLICATION)
def test_the_application_waits_for_healthy_stores(name: str) -> None:
    healthy = {"condition": "service_healthy"}
    assert SERVICES[name]["depends_on"] == {"postgres": healthy, "redis": healthy}


def test_api_and_worker_are_built_from_one_dockerfile() -> None:
    api, worker = (SERVICES[name]["build"] for name in APPLICATION)
    assert api == worker
    assert (ROOT / api["context"] / api["dockerfile"]).is_file()


def test_only_the_api_is_reachable_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]


def test_every_secret_is_a_required_variable() -> None:
    secrets = environment("PASSWORD", "SECRET", "KEY", "TOKEN")
    assert {key.split(".")[1] for key in secrets} == {
        "POSTGRES_PASSWORD",
        "JWT_SECRET_KEY",
        "ANNALS_MASTER_KEY",
        "ADMIN_PASSWORD",
    }
    assert {key for key, value in secrets.items() if not REQUIRED.fullmatch(value)} == set()


def test_no_address_holds_a_literal_password() -> None:
    passwords = {
        key: match["password"]
        for key, value in environment("URL").items()
        if (match := re.search(r"://[^:/@]*:(?P<password>.+)@", value))
    }
    assert set(passwords) == {"api.DATABASE_URL", "worker.DATABASE_URL"}
    assert {key for key, value in passwords.items() if not REQUIRED.fullmatch(value)} == set()
