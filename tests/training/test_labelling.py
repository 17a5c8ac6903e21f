"""Images without a label: how they come in, who labels them, and that no version holds them."""

import json

import pytest
from django.urls import reverse

from accounts.scoping import tenant_scope
from accounts.system import tenants_of
from engagements.models import TimelineEntry
from tests import factories
from tests.training import imports, zips
from training.datasets import labelling
from training.models import Dataset, Item, LabelEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def flat(acme, alice, engagement):
    """Six images in no folder."""
    files = {f"{n}.png": zips.picture(n) for n in range(6)}
    return imports.run(acme, engagement, alice, zips.zipped(files))


@pytest.fixture
def page(engagement, flat):
    return reverse("training:label", args=["acme", engagement.pk, flat.dataset_id])


def api(flat, name="labelling"):
    return f"/api/v1/tenants/acme/datasets/{flat.dataset_id}/{name}"


def decide(client, flat, **wanted):
    return client.post(api(flat), wanted, content_type="application/json")


def waiting(acme):
    with tenant_scope(acme):
        return {item.path: str(item.pk) for item in Item.objects.filter(label="")}


def labels(acme):
    with tenant_scope(acme):
        return dict(Item.objects.order_by("path").values_list("path", "label"))


def test_a_flat_zip_comes_in_to_be_labelled(browse, alice, acme, engagement, flat):
    rows = imports.rows(acme, flat)
    assert {row.outcome for row in rows.values()} == {"unlabelled"}
    assert "came without a label" in rows["0.png"].reason
    assert set(labels(acme).values()) == {""}
    data = browse(alice).get(reverse("training:data", args=["acme", engagement.pk]))
    assert "6 images wait for a label." in data.content.decode()
    gallery = reverse("training:data_gallery", args=["acme", engagement.pk, flat.dataset_id])
    shown = browse(alice).get(gallery, {"show": "unlabelled"}).content.decode()
    assert shown.count('class="thumb') >= 6


def test_a_manifest_may_leave_labels_out_and_a_split_folder_gives_the_split(
    acme, alice, engagement
):
    files = {"a.png": zips.picture(1), "b.png": zips.picture(2)}
    splits = "file,label,split\na.png,ok,train\nb.png,,test\n"
    imports.run(acme, engagement, alice, zips.zipped(files), splits=splits)
    under = {"train/c.png": zips.picture(3), "test/ok/d.png": zips.picture(4)}
    imports.run(acme, engagement, alice, zips.zipped(under))
    assert imports.items(acme) == {
        "a.png": ("ok", "train", ""),
        "b.png": ("", "test", ""),
        "train/c.png": ("", "train", ""),
        "test/ok/d.png": ("ok", "test", ""),
    }


def test_a_single_image_is_taken_as_it_is(browse, alice, acme, engagement):
    from django.core.files.uploadedfile import SimpleUploadedFile

    url = reverse("training:upload", args=["acme", engagement.pk])
    photo = SimpleUploadedFile("part-17.png", zips.picture(1), content_type="image/png")
    assert browse(alice).post(url, {"archive": photo}).status_code == 302
    imports.work()
    assert labels(acme) == {"part-17.png": ""}


def test_the_same_image_with_a_label_later_labels_it(acme, alice, engagement, flat):
    again = imports.run(acme, engagement, alice, zips.zipped({"ok/x.png": zips.picture(0)}))
    row = imports.rows(acme, again)["ok/x.png"]
    assert (row.outcome, row.kind) == ("duplicate", "duplicate_labelled")
    assert labels(acme)["0.png"] == "ok"
    once_more = imports.run(acme, engagement, alice, zips.zipped({"y.png": zips.picture(0)}))
    assert imports.rows(acme, once_more)["y.png"].outcome == "duplicate"
    assert labels(acme)["0.png"] == "ok"


def test_a_label_that_comes_later_brings_its_split_and_group(acme, alice, engagement, flat):
    again = zips.zipped({"x.png": zips.picture(0)})
    splits = "file,label,split,group\nx.png,ok,test,patient-1\n"
    imports.run(acme, engagement, alice, again, splits=splits)
    assert imports.items(acme)["0.png"] == ("ok", "test", "patient-1")


def test_an_image_that_comes_twice_at_once_keeps_the_label_of_either(acme, alice, engagement):
    both = {"a.png": zips.picture(900), "b.png": zips.picture(900)}
    splits = "file,label,split\na.png,,\nb.png,ok,\n"
    imports.run(acme, engagement, alice, zips.zipped(both), splits=splits)
    assert [label for label, *_rest in imports.items(acme).values()] == ["ok"]


def test_no_version_holds_an_unlabelled_image(browse, alice, acme, engagement, flat):
    imports.run(acme, engagement, alice, zips.zipped(zips.two_classes(first_seed=50)))
    url = f"/api/v1/tenants/acme/datasets/{flat.dataset_id}/versions"
    refused = browse(alice).post(url, {}, content_type="application/json")
    assert refused.status_code == 400
    words = "6 images have no label yet: label them, or say that they are left out."
    assert refused.json()["fields"] == {"leave_out_unlabelled": [words]}
    freeze = reverse("training:freeze", args=["acme", engagement.pk, flat.dataset_id])
    assert words in browse(alice).post(freeze, {"seed": "0"}).content.decode()
    left_out = browse(alice).post(
        url, {"leave_out_unlabelled": True}, content_type="application/json"
    )
    assert left_out.status_code == 201
    counts = left_out.json()["counts"]
    assert sum(sum(by_class.values()) for by_class in counts.values()) == 8
    assert all("" not in by_class for by_class in counts.values())


def test_the_page_goes_from_image_to_image(browse, alice, acme, flat, page):
    client = browse(alice)
    first = client.get(page).content.decode()
    assert 'data-key="1"' in first and "<b>ok</b>" not in first
    assert "0 of 6 labelled" in first
    ids = waiting(acme)
    second = client.post(
        page, {"item": ids["0.png"], "label": "ok"}, headers={"HX-Request": "true"}
    )
    assert "1 of 6 labelled" in second.content.decode()
    assert f'name="item" value="{ids["1.png"]}"' in second.content.decode()
    later = client.post(page, {"item": ids["1.png"], "act": "next"}, headers={"HX-Request": "true"})
    assert f'name="item" value="{ids["2.png"]}"' in later.content.decode()
    assert labels(acme)["0.png"] == "ok"


def test_undo_brings_ones_own_newest_decision_back(browse, alice, acme, flat, page):
    client, ids = browse(alice), waiting(acme)
    client.post(page, {"item": ids["0.png"], "label": "ok"})
    client.post(page, {"item": ids["1.png"], "act": "skip"})
    for expected in ("1.png", "0.png"):
        answer = client.post(page, {"act": "undo"}, headers={"HX-Request": "true"})
        assert f'name="item" value="{ids[expected]}"' in answer.content.decode()
    assert set(labels(acme).values()) == {""}
    nothing = client.post(page, {"act": "undo"}, headers={"HX-Request": "true"})
    assert "nothing of yours to take back" in json.loads(nothing["HX-Trigger"])["toast"]["text"]
    with tenant_scope(acme):
        kinds = list(LabelEntry.objects.newest_first().values_list("kind", flat=True))
    assert kinds == ["undo", "undo", "skip", "label"]


def test_two_people_are_shown_different_images_and_overwrite_nothing(
    browse, alice, acme, mei, flat, page
):
    ids = waiting(acme)
    client = browse(alice)
    client.get(page)  # alice holds the first four
    with tenant_scope(acme):
        dataset = Dataset.objects.get()
        theirs = labelling.hand_out(dataset, by=mei)
        assert [item.path for item in theirs] == ["4.png", "5.png"]
        labelling.label_item(Item.objects.get(pk=ids["0.png"]), "scratch", by=mei)
    late = client.post(page, {"item": ids["0.png"], "label": "ok"}, headers={"HX-Request": "true"})
    said = json.loads(late["HX-Trigger"])["toast"]["text"]
    assert said == f"{mei} has labelled this image “scratch” meanwhile."
    assert labels(acme)["0.png"] == "scratch"
    assert decide(client, flat, item=ids["0.png"], label="ok").status_code == 400


def test_a_skipped_image_is_left_to_others_and_can_be_shown_again(
    browse, alice, acme, mei, flat, page
):
    client, ids = browse(alice), waiting(acme)
    for name in ids:
        client.post(page, {"item": ids[name], "act": "skip"})
    nothing = client.get(page).content.decode()
    assert "Nothing left for you" in nothing and "Show the 6 images you skipped" in nothing
    assert ids["0.png"] in client.get(page, {"skipped": "1"}).content.decode()
    with tenant_scope(acme):
        Item.objects.update(held_until=None)
        assert len(labelling.hand_out(Dataset.objects.get(), by=mei)) == labelling.AHEAD


def test_the_last_label_is_told_on_the_timeline(browse, alice, acme, flat, page):
    for name, pk in waiting(acme).items():
        decide(browse(alice), flat, item=pk, label="ok" if name < "3" else "scratch")
    assert "Every image has a label" in browse(alice).get(page).content.decode()
    with tenant_scope(acme):
        entry = TimelineEntry.objects.get(kind="data.labelled")
    assert entry.params["n"] == 6


def test_the_api_hands_out_labels_and_tells_who_labelled_what(browse, alice, acme, flat):
    client = browse(alice)
    handed = client.get(api(flat)).json()
    assert (handed["waiting"], handed["labelled"]) == (6, 0)
    first = handed["next"][0]
    assert first["path"] == "0.png" and first["held_until"] and first["url"].startswith("http")
    made = decide(client, flat, item=first["id"], label="scratch")
    assert made.status_code == 201
    assert made.json()["label"] == "scratch"
    (entry,) = client.get(api(flat, "labels")).json()["results"]
    assert (entry["path"], entry["kind"], entry["created_by_label"]) == (
        "0.png",
        "label",
        str(alice),
    )
    back = decide(client, flat, act="undo").json()
    assert (back["kind"], back["path"]) == ("undo", "0.png")


def test_wrong_decisions_are_refused_by_field(browse, alice, acme, flat):
    client, ids = browse(alice), waiting(acme)
    assert list(decide(client, flat, item=ids["0.png"]).json()["fields"]) == ["label"]
    assert list(decide(client, flat, label="ok").json()["fields"]) == ["item"]
    unknown = decide(client, flat, item=ids["0.png"], label="dent").json()["fields"]
    assert "not a class of this engagement" in unknown["label"][0]
    assert set(labels(acme).values()) == {""}


def test_a_viewer_and_a_stranger_cannot_label(browse, bob, carol, alice, acme, flat, page):
    ids = waiting(acme)
    assert browse(bob).get(page).status_code == 403
    assert decide(browse(bob), flat, item=ids["0.png"], label="ok").status_code == 403
    assert browse(carol).get(page).status_code == 404
    assert decide(browse(carol), flat, item=ids["0.png"], label="ok").status_code == 404
    (globex,) = tenants_of(carol)
    own = imports.run(
        globex, factories.engagement(globex, carol), carol, zips.zipped({"z.png": zips.picture(9)})
    )
    theirs = f"/api/v1/tenants/globex/datasets/{own.dataset_id}/labelling"
    wanted = {"item": ids["0.png"], "label": "ok"}
    assert browse(carol).post(theirs, wanted, content_type="application/json").status_code == 404


def test_a_suggestion_is_made_only_for_who_asks(browse, alice, flat, page):
    assert "What would the model say?" not in browse(alice).get(page).content.decode()
