"""Imports: what becomes of each file, and what is refused as a whole."""


import pytest

from tests import factories
from tests.training import imports
from tests.training.zips import two_classes, zipped

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


def test_class_folders_become_labels(acme, alice, engagement):
    done = imports.run(acme, engagement, alice, zipped(two_classes(3)))
    assert done.state == "succeeded", (done.cause, done.hint)
    assert (done.files_total, done.files_done) == (6, 6)
    assert set(imports.items(acme).values()) == {("ok", "", ""), ("scratch", "", "")}
