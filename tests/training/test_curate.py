"""Changing a working set: labels, splits, what takes part; by page and API."""

import pytest

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from tests import factories
from tests.training import imports
from tests.training.zips import two_classes, zipped
from training.models import Dataset, Item

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dataset(acme, alice):
    engagement = factories.engagement(acme, alice)
    imports.run(acme, engagement, alice, zipped(two_classes(5)))
    with tenant_scope(acme):
        return Dataset.objects.select_related("engagement").get()


@pytest.fixture
def ids(acme, dataset):
    with tenant_scope(acme):
        found = Item.objects.filter(label="ok").order_by("path").values_list("pk", flat=True)
        return [str(pk) for pk in found]


def api(dataset):
    return f"/api/v1/tenants/acme/datasets/{dataset.pk}/items"


def change(client, dataset, **body):
    return client.patch(api(dataset), body, "application/json")


def test_chosen_images_are_relabelled_moved_and_excluded(acme, alice, dataset, ids, browse):
    client = browse(alice)
    assert change(client, dataset, ids=ids[:2], label="scratch").json() == {"changed": 2}
    change(client, dataset, ids=ids[2:3], split="test")
    change(client, dataset, ids=ids[3:4], excluded=True)
    with tenant_scope(acme):
        assert dataset.items.filter(label="scratch").count() == 7
        assert dataset.items.get(pk=ids[2]).split == "test"
        assert dataset.items.included().count() == 9
        kinds = set(TimelineEntry.objects.values_list("kind", flat=True))
        assert {"data.relabelled", "data.moved", "data.excluded"} <= kinds
        assert AuditEntry.objects.filter(verb="data.relabelled").exists()
    assert len(client.get(api(dataset)).json()["results"]) == 9
    shown = client.get(f"{api(dataset)}?show=excluded").json()["results"]
    assert [row["id"] for row in shown] == ids[3:4]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"label": "rust"}, "not a class of this engagement"),
        ({"split": "holdout"}, "not a valid choice"),
        ({}, "Say what should change"),
        ({"colour": "red"}, "Unknown field"),
    ],
)
def test_what_cannot_be_is_refused_in_words(alice, dataset, ids, browse, body, words):
    answer = change(browse(alice), dataset, ids=ids, **body)
    assert answer.status_code == 400 and words in answer.content.decode()


def test_an_image_of_another_dataset_changes_nothing(acme, alice, dataset, ids, browse):
    stranger = "00000000-0000-4000-8000-000000000000"
    answer = change(browse(alice), dataset, ids=[ids[0], stranger], label="scratch")
    assert answer.status_code == 400 and "not in this dataset" in answer.json()["error"]
    with tenant_scope(acme):
        assert dataset.items.filter(label="ok").count() == 5


def test_a_viewer_changes_nothing_and_is_offered_nothing(bob, dataset, ids, browse):
    assert change(browse(bob), dataset, ids=ids, excluded=True).status_code == 403
    page = f"/t/acme/e/{dataset.engagement_id}/data/{dataset.pk}/"
    assert browse(bob).post(f"{page}change/", {"ids": ids, "act": "exclude"}).status_code == 403
    assert 'name="ids"' not in browse(bob).get(f"{page}gallery/").content.decode()


def test_the_page_says_what_is_missing(alice, dataset, ids, browse):
    page = f"/t/acme/e/{dataset.engagement_id}/data/{dataset.pk}/change/"
    none = browse(alice).post(page, {"act": "exclude"})
    assert "Choose some images first" in none.headers["HX-Trigger"]
    no_class = browse(alice).post(page, {"act": "relabel", "ids": ids})
    assert "Choose the class" in no_class.headers["HX-Trigger"]
    done = browse(alice).post(page, {"act": "move", "to_split": "test", "ids": ids[:1]})
    assert "1 image changed." in done.headers["HX-Trigger"]
