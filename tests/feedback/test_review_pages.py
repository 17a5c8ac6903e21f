"""The review queue, receipts, files of answers and data iterations over HTTP."""

import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import now

from accounts.scoping import tenant_scope
from feedback.models import DataIteration, Feedback, IterationPolicy, Receipt, ReviewItem
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
JSON = {"content_type": "application/json"}
CSV = "reference,verdict,label\npart-1,correct,scratch\npart-2,confirm,\nnone,confirm,\n"


@pytest.fixture
def queue(place, predict):
    """Two predictions whose inputs were kept; nothing was reviewed before."""
    with tenant_scope(place.tenant):
        Feedback.objects.all().delete()
        ReviewItem.objects.all().delete()
        Receipt.objects.all().delete()
        key = f"tenants/{place.tenant.pk}/inputs/a.jpg"
        default_storage.save(key, ContentFile(b"\xff\xd8\xff\xe0 a picture"))
    return [predict(reference=f"part-{n}", input_key=key, score=0.7) for n in (1, 2)]


@pytest.fixture
def post(client, acme, alice):
    """Send something with a key that may give feedback."""
    secret = factories.api_key(acme, alice, "feedback", "view", "run", "deploy")

    def send(address, data, kind="application/json"):
        headers = {"Authorization": f"Bearer {secret}"}
        return client.post(api(address), data, content_type=kind, headers=headers)

    return send


def page(place, name, *more):
    return reverse(f"feedback:{name}", args=["acme", place.engagement.pk, *more])


def api(address):
    return f"/api/v1/tenants/acme/{address}"


def here(place, address):
    return api(f"engagements/{place.engagement.pk}/{address}")


def test_one_draws_answers_and_undoes_on_the_page(browse, alice, place, queue):
    client = browse(alice)
    assert "Nothing left for you" in client.get(page(place, "review")).text
    assert client.post(page(place, "review_draw"), {"wanted": 9}).status_code == 302
    shown = client.get(page(place, "review")).text
    assert "The model says <strong>ok</strong>" in shown and 'data-key="2"' in shown
    assert "uncertain" not in shown and "random" not in shown.lower().split("the queue")[0]
    with tenant_scope(place.tenant):
        item = ReviewItem.objects.drawn().order_by("position").first()
    url = page(place, "review_answer", item.pk)
    answer = client.post(url, {"verdict": "correct", "label": "scratch"}, headers=HTMX)
    assert answer.status_code == 200 and "Noted: Corrected scratch" in answer.text
    assert client.post(url, {"verdict": "confirm"}, headers=HTMX).status_code == 422
    undone = client.post(page(place, "review_undo"), headers=HTMX)
    assert "Taken back" in undone.text and str(item.pk) in undone.text


def test_a_viewer_sees_what_reviews_came_to_and_answers_nothing(browse, bob, place, queue):
    client = browse(bob)
    shown = client.get(page(place, "review")).text
    assert "People review here" in shown and "The queue" in shown and "<kbd>" not in shown
    assert client.post(page(place, "review_draw"), {"wanted": 5}).status_code == 403


def test_a_person_reviews_by_api(browse, alice, place, queue):
    client = browse(alice)
    drawn = client.post(here(place, "review/draws"), {"wanted": 9}, **JSON)
    assert drawn.status_code == 201 and drawn.json()["drawn"] == 2
    item = client.get(here(place, "review/next")).json()["item"]
    assert set(item) == {"id", "label", "score", "classes", "image_url"}
    assert client.get(item["image_url"]).status_code == 200
    said = {"verdict": "correct", "label": "scratch"}
    made = client.post(api(f"review-items/{item['id']}/answers"), said, **JSON)
    assert made.status_code == 201 and made.json()["label"] == "scratch"
    again = client.post(api(f"review-items/{item['id']}/answers"), said, **JSON)
    assert again.status_code == 409 and "take the next" in again.json()["error"]
    while (left := client.get(here(place, "review/next")).json())["item"]:
        answers = api(f"review-items/{left['item']['id']}/answers")
        client.post(answers, {"verdict": "confirm"}, **JSON)
    stand = client.get(here(place, "review")).json()
    assert (stand["drawn"], stand["answered"], stand["accuracy"]) == (2, 2, None)
    assert any("± 2 points" in one["words"] for one in stand["advice"])
    assert client.get(here(place, "reviewers")).json()[0]["name"] == "Alice"
    undone = client.post(here(place, "review/undo"))
    assert undone.status_code == 200 and undone.json()["undone_at"]


@pytest.mark.parametrize("wanted", [0, 501, "many"])
def test_a_draw_that_makes_no_sense_names_its_field(browse, alice, place, queue, wanted):
    answer = browse(alice).post(here(place, "review/draws"), {"wanted": wanted}, **JSON)
    assert answer.status_code == 400 and "wanted" in answer.json()["fields"]


def test_a_key_does_not_review(post, place, queue):
    assert post(f"engagements/{place.engagement.pk}/review/draws", {"wanted": 5}).status_code == 201
    with tenant_scope(place.tenant):
        item = ReviewItem.objects.drawn().first()
    answer = post(f"review-items/{item.pk}/answers", {"verdict": "confirm"})
    assert answer.status_code == 400 and "given by people" in answer.json()["error"]


def test_a_receipt_tells_what_became_of_the_feedback(browse, alice, place, queue):
    client, row = browse(alice), queue[0]
    address = api(f"predictions/{row.pk}/receipt")
    assert client.get(address).status_code == 404
    said = {"verdict": "correct", "label": "scratch"}
    client.post(api(f"predictions/{row.pk}/feedback"), said, **JSON)
    found = client.get(address).json()
    assert (found["state"], found["label"], found["fate"]) == ("accepted", "scratch", "")
    assert found["words"] == ["Accepted: it is “scratch”.", "Waits for the next data iteration."]
    with tenant_scope(place.tenant):
        Receipt.objects.update(
            fate="added", version=place.version, model_version=place.model, answer="ok"
        )
    found = client.get(address).json()
    assert (found["dataset_version"], found["now_right"]) == (1, False)
    assert found["words"][1:] == [
        "Added to dataset version 1.",
        "Model version 1 still says “ok”.",
    ]
    shown = client.get(page(place, "prediction", row.pk)).text
    assert "Added to dataset version 1." in shown
    listed = client.get(page(place, "receipts")).text
    assert "still says “ok”" in listed
    assert "Nothing fits" in client.get(page(place, "receipts") + "?fate=there").text
    rows = client.get(here(place, "receipts?state=accepted&fate=added")).json()["results"]
    assert [one["prediction_id"] for one in rows] == [str(row.pk)]
    assert client.get(here(place, "receipts?fate=lost")).status_code == 400


def test_a_csv_is_taken_row_by_row_and_twice_is_once(post, place, queue):
    first = post("feedback/file", CSV, "text/csv").json()
    assert [one["status"] for one in first["outcomes"]] == [201, 201, 404]
    assert [one["line"] for one in first["outcomes"]] == [2, 3, 4]
    assert (first["taken"], first["refused"]) == (2, 1)
    again = post("feedback/file", CSV, "text/csv").json()
    assert [one["status"] for one in again["outcomes"]] == [200, 200, 404]
    with tenant_scope(place.tenant):
        assert Feedback.objects.count() == 2


def test_json_lines_are_taken_too(post, place, queue):
    lines = [{"reference": "part-1", "verdict": "confirm"}, {"verdikt": "x"}]
    text = "\n".join([json.dumps(lines[0]), "", json.dumps(lines[1]), "{nonsense"])
    found = post("feedback/file", text, "application/x-ndjson").json()
    assert [(one["line"], one["status"]) for one in found["outcomes"]] == [
        (1, 201),
        (3, 400),
        (4, 400),
    ]
    assert "verdikt" in found["outcomes"][1]["error"]


def test_a_line_that_is_no_sensible_json_is_refused_alone(post, place, queue):
    whole = {"reference": "part-1", "verdict": "confirm", "comment": "One\u2028two\u0085three"}
    text = "[" * 100_000 + "\r\n" + json.dumps(whole, ensure_ascii=False)
    found = post("feedback/file", "{}\n" + text, "application/x-ndjson").json()
    assert [(one["line"], one["status"]) for one in found["outcomes"]] == [
        (1, 400),
        (2, 400),
        (3, 201),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\n", "names the columns"),
        (b"a,b\n1,2\n", "names the columns"),
        (b"reference,verdict\n", "no row"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"reference,verdict\npart-1," + b"x" * 140_000, "cannot be read"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(post, browse, alice, place, queue, data, words):
    answer = post("feedback/file", data, "text/csv")
    assert answer.status_code == 400 and words in answer.json()["error"]
    file = SimpleUploadedFile("answers.csv", data)
    shown = browse(alice).post(page(place, "file"), {"file": file})
    assert shown.status_code == 422 and words in shown.text


def test_a_file_on_the_page_shows_what_became_of_its_rows(browse, alice, bob, place, queue):
    client = browse(alice)
    file = SimpleUploadedFile("answers.csv", CSV.encode(), "text/csv")
    shown = client.post(page(place, "file"), {"file": file}).text
    assert "2 taken, 2 of them new; 1 refused." in shown
    assert "No prediction has this id or reference" in shown
    assert "Your role sends none" in browse(bob).get(page(place, "file")).text
    assert browse(bob).post(page(place, "file"), {"file": file}).status_code == 403
    assert client.post(page(place, "file"), {}).status_code == 422


def test_the_page_of_data_iteration_says_what_waits_and_what_blocks_it(browse, alice, place, queue):
    client = browse(alice)
    shown = client.get(page(place, "data_iteration")).text
    assert "No accepted answer waits" in shown and "Nothing waits" in shown
    client.post(page(place, "iteration_start"))
    assert "No accepted answer waits" in client.get(page(place, "data_iteration")).text
    said = {"verdict": "correct", "label": "scratch"}
    client.post(api(f"predictions/{queue[0].pk}/feedback"), said, **JSON)
    stand = client.get(here(place, "data-iterations/stand")).json()
    assert stand["corrections"] == 1 and stand["blocks"] == []
    assert stand["waiting"][0]["classes"] == [{"label": "scratch", "n": 1}]
    assert "ok → scratch" in client.get(page(place, "data_iteration")).text
    begun = client.post(page(place, "iteration_start"))
    assert begun.status_code == 302 and begun.url.endswith("/data-iteration/2/")
    assert "Gathering" in client.get(begun.url).text
    assert "is under way" in client.get(page(place, "data_iteration")).text


def test_the_policy_is_set_on_the_page_and_by_api_in_the_same_words(browse, alice, mei, place):
    client = browse(alice)
    fields = {"mode": "automatic", "method": "linear_probe", "least_corrections": 5}
    fields |= {"cooldown_hours": 0, "runs_per_day": 2, "margin": "0.05", "watch_days": 7}
    fields |= {"protected_classes": ["scratch"], "demotes": "on"}
    assert client.post(page(place, "iteration_policy"), fields).status_code == 302
    found = client.get(here(place, "iteration-policy")).json()
    assert (found["mode"], found["margin"], found["protected_classes"]) == (
        "automatic",
        0.05,
        ["scratch"],
    )
    wrong = client.post(page(place, "iteration_policy"), fields | {"runs_per_day": 0})
    assert wrong.status_code == 422 and "greater than or equal to 1" in wrong.text
    bad = client.patch(here(place, "iteration-policy"), {"protected_classes": ["rust"]}, **JSON)
    assert (
        bad.status_code == 400 and "is not a class" in bad.json()["fields"]["protected_classes"][0]
    )
    unknown = client.patch(here(place, "iteration-policy"), {"colour": "red"}, **JSON)
    assert "colour" in unknown.json()["fields"]
    assert browse(mei).patch(here(place, "iteration-policy"), {}, **JSON).status_code == 403
    with tenant_scope(place.tenant):
        assert IterationPolicy.objects.get().due_at


def test_one_data_iteration_is_decided_on_its_page(browse, alice, place):
    with tenant_scope(place.tenant):
        DataIteration.objects.update(state="decision", challenger=place.model, judgement=JUDGED)
    client = browse(alice)
    url = page(place, "iteration", 1)
    shown = client.get(url).text
    assert "Promote" in shown and "The challenger wins" in shown and "0.031" in shown
    empty = client.post(page(place, "iteration_decline", 1), {"reason": ""})
    assert empty.status_code == 422 and "data-dialog-show" in empty.text
    client.post(page(place, "iteration_decline", 1), {"reason": "Not before the audit."})
    assert "Not before the audit." in client.get(url).text
    row = client.get(here(place, "data-iterations")).json()["results"][0]
    found = client.get(api(f"data-iterations/{row['id']}")).json()
    assert (found["state"], found["cause"]) == ("kept", "Not before the audit.")
    assert client.post(api(f"data-iterations/{row['id']}/promote")).status_code == 409


def test_a_promoted_one_shows_accuracy_in_use_before_and_since(browse, alice, place):
    before = {"value": 0.8, "low": 0.65, "high": 0.9, "n": 30, "source": "review"}
    with tenant_scope(place.tenant):
        DataIteration.objects.update(
            state="promoted",
            challenger=place.model,
            judgement=JUDGED,
            promoted_at=now(),
            accuracy_before=before,
        )
    shown = browse(alice).get(page(place, "iteration", 1)).text
    assert "80.0%" in shown and "n = 30" in shown and "too few answers yet" in shown
    assert "Step(" not in browse(alice).get(page(place, "data_iteration")).text


def test_strangers_find_none_of_it(browse, carol, place, queue):
    client = browse(carol)
    for name in ("review", "receipts", "file", "data_iteration", "review_figures"):
        for tenant in ("acme", "globex"):
            url = reverse(f"feedback:{name}", args=[tenant, place.engagement.pk])
            assert client.get(url).status_code == 404
    with tenant_scope(place.tenant):
        one = DataIteration.objects.get()
    for address in (f"data-iterations/{one.pk}", f"predictions/{queue[0].pk}/receipt"):
        assert client.get(f"/api/v1/tenants/globex/{address}").status_code == 404


JUDGED = {
    "outcome": "wins",
    "n": 40,
    "both": 30,
    "only_a": 0,
    "only_b": 6,
    "neither": 4,
    "difference": 0.15,
    "interval": [0.03, 0.27],
    "p": 0.03125,
    "margin": 0.0,
    "protected": ["scratch"],
    "lost": [],
    "holdout_sha256": "0" * 64,
    "classes": [
        {
            "label": "scratch",
            "n": 20,
            "before": 0.5,
            "after": 0.8,
            "gained": 6,
            "lost": 0,
            "is_lost": False,
        }
    ],
}
