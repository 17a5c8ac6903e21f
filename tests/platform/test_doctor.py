"""`manage.py doctor` names what is wrong, says how to mend it, and exits accordingly."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lepton import embedded

REPOSITORY = Path(__file__).resolve().parents[2]
OUTSIDE = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "LEPTON_SECRET_KEY")


def manage(home, *arguments, **environment):
    """Run a management command on a home, with nothing set but what is given."""
    clean = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    environment = {"LEPTON_PORT": "0", "LEPTON_INFERENCE_PORT": "0"} | environment
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=clean | {"LEPTON_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def examine(home, **environment):
    """Exit code, and the doctor's findings by subject."""
    done = manage(home, "doctor", "--json", **environment)
    assert done.stdout, done.stderr
    return done.returncode, {one["subject"]: one for one in json.loads(done.stdout)}


@pytest.fixture(scope="module")
def migrated_home(running_home):
    done = manage(running_home, "migrate", "--skip-checks", "--database", "owner")
    assert done.returncode == 0, done.stderr
    return running_home


def test_a_sound_installation_has_no_problem(migrated_home):
    code, findings = examine(migrated_home)
    assert {one["subject"] for one in findings.values() if one["status"] == "problem"} == set()
    assert code == 0
    assert findings["Row level security"]["found"] == "forced on every tenant table"
    assert findings["Database as app"]["found"] == "lepton_app, PostgreSQL 18"


def test_missing_migrations_are_a_problem_with_the_command_that_mends_it(home):
    code, findings = examine(home)
    assert code == 1
    assert findings["Migrations"]["status"] == "problem"
    assert findings["Migrations"]["mend"] == "python manage.py migrate --database owner"
    assert "accounts_membership" in findings["Row level security"]["found"]
    assert embedded.running(home) == {}  # it stopped the servers it had started to look


def test_an_app_login_that_owns_the_tables_is_a_problem(migrated_home):
    owner = embedded.database_url(migrated_home, "owner")
    code, findings = examine(migrated_home, DATABASE_URL=owner, DATABASE_OWNER_URL=owner)
    assert code == 1
    assert findings["Rights of the app"]["status"] == "problem"
    assert "it owns" in findings["Rights of the app"]["found"]


def test_an_unreachable_broker_is_a_problem(migrated_home):
    code, findings = examine(migrated_home, REDIS_URL="redis://127.0.0.1:1")
    assert code == 1
    assert findings["Redis"]["status"] == "problem"
    assert "REDIS_URL" in findings["Redis"]["mend"]


def test_a_taken_port_is_named_with_its_setting(migrated_home):
    with socket.create_server(("127.0.0.1", 0)) as held:
        held.settimeout(0)
        port = str(held.getsockname()[1])
        _code, findings = examine(migrated_home, LEPTON_PORT=port)
    assert findings["Site"]["status"] == "problem"
    assert "LEPTON_PORT" in findings["Site"]["mend"]


def test_a_secret_key_that_others_can_read_is_a_problem(migrated_home):
    key = migrated_home / "secret_key"
    key.chmod(0o644)
    try:
        _code, findings = examine(migrated_home)
    finally:
        key.chmod(0o600)
    assert findings["Secret key"]["mend"] == f"chmod 600 {key}"


def test_weights_are_named_by_the_networks_they_are_for(migrated_home, tmp_path):
    (tmp_path / "resnet18-f37072fd.pth").write_bytes(b"")
    _code, findings = examine(migrated_home, LEPTON_WEIGHTS_DIR=str(tmp_path))
    assert findings["Pretrained weights"]["found"].endswith("has ResNet-18")


def test_the_report_for_people_tells_the_mending_below_each_problem(home):
    done = manage(home, "doctor")
    assert done.returncode == 1
    assert "X   Migrations" in done.stdout
    assert "mend: python manage.py migrate --database owner" in done.stdout


def test_a_command_that_needs_the_database_gets_it_for_as_long_as_it_runs(home):
    done = manage(home, "showmigrations", "--skip-checks", "--database", "owner", "accounts")
    assert "[ ] 0001_initial" in done.stdout, done.stderr
    assert embedded.running(home) == {}


def test_a_command_that_needs_no_database_starts_none(home):
    assert manage(home, "version").returncode == 0
    assert not (home / "postgres").exists()
    shutil.rmtree(home)
