"""kill -9 of the process that imports, again and again: nothing is lost, nothing doubled."""

import subprocess
import sys
import time

import pytest

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports
from tests.training.zips import picture, zipped
from training.models import Import, ImportRow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]
FILES = 1500
WORKER = """
import django; django.setup()
from training import leases
from training.datasets import importer
leases.work_off("import", importer.carry_out)
"""


@pytest.fixture
def worker(server_environment, tmp_path):
    """Start a process that works off imports; it meets this test's database and storage."""
    environment = server_environment | {
        "LEPTON_HOME": str(tmp_path),
        "LEPTON_LEASE_SECONDS": "1",
        "LEPTON_HEARTBEAT_SECONDS": "0.3",
    }
    started = []

    def start():
        started.append(subprocess.Popen([sys.executable, "-c", WORKER], env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_an_import_survives_its_worker(acme, alice, worker):
    files = {f"{'ok' if n % 2 else 'scratch'}/{n}.png": picture(n) for n in range(FILES)}
    engagement = factories.engagement(acme, alice)
    import_ = imports.start(acme, engagement, alice, zipped(files))
    seen = 0
    for _kill in range(3):
        process = worker()
        seen = _wait_for(acme, import_, lambda row, seen=seen: row.files_done > seen).files_done
        process.kill()
        process.wait()
        time.sleep(1.1)  # its lease runs out
    assert not imports.again(acme, import_).has_ended
    worker().wait(timeout=60)

    done = imports.again(acme, import_)
    assert (done.state, done.files_done) == ("succeeded", FILES)
    assert done.attempt == 4
    with tenant_scope(acme):
        rows = ImportRow.objects.filter(parent=import_)
        assert sorted(rows.values_list("position", flat=True)) == list(range(FILES))
        assert set(rows.values_list("outcome", flat=True)) == {"accepted"}
    assert set(imports.items(acme)) == set(files)


def _wait_for(tenant, import_, is_so) -> Import:
    deadline = time.monotonic() + 60
    while not is_so(row := imports.again(tenant, import_)):
        assert time.monotonic() < deadline and not row.has_ended
        time.sleep(0.02)
    return row
