"""Pages of predictions: the list and its filters, one prediction, the figures."""

import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from accounts.scoping import tenant_scope
from feedback import figures, services
from feedback.models import Feedback

pytestmark = pytest.mark.django_db


@pytest.fixture
def list_url(place):
    with tenant_scope(place.tenant):
        Feedback.objects.all().delete()
    return reverse("feedback:predictions", args=["acme", place.engagement.pk])


def test_no_accuracy_is_shown_before_twenty_answers(browse, alice, predict, place, list_url):
    _answer(place, alice, predict, confirmed=15, corrected=4, rejected=3)
    page = browse(alice).get(list_url).text
    assert "shown after 1 more answer" in page
    _answer(place, alice, predict, confirmed=1)
    page = browse(alice).get(list_url).text
    assert "80.0%" in page and "n = 20" in page
    assert "Only answered predictions count" in page


def test_the_accuracy_comes_with_its_wilson_interval(alice, predict, place, list_url):
    _answer(place, alice, predict, confirmed=45, corrected=5, rejected=7)
    with tenant_scope(place.tenant):
        [answers] = figures.by_version(place.engagement)
    assert (answers.n, answers.total, answers.accuracy) == (50, 57, 0.9)
    assert answers.interval == pytest.approx((0.7864, 0.9565), abs=1e-4)


def test_a_superseded_answer_does_not_count(alice, prediction, place, list_url):
    with tenant_scope(place.tenant):
        services.give(prediction, verdict="confirm", by=alice)
        services.give(prediction, verdict="correct", label="scratch", by=alice)
        answers = figures.together(figures.by_version(place.engagement))
    assert (answers.confirmed, answers.corrected, answers.total) == (0, 1, 1)


def test_the_list_is_narrowed_by_label_and_answer(browse, alice, predict, place, list_url):
    with tenant_scope(place.tenant):
        services.give(predict(reference="a"), verdict="confirm", by=alice)
        wrong = predict(reference="b", label="scratch")
        services.give(wrong, verdict="correct", label="ok", by=alice)
        predict(reference="c", label="scratch")
    client = browse(alice)

    def shown(query):
        page = client.get(f"{list_url}?{query}", headers={"HX-Request": "true"}).text
        return {name for name in "abc" if f'clip">{name}<' in page}

    assert shown("") == {"a", "b", "c"}
    assert shown("label=scratch") == {"b", "c"}
    assert shown("answer=answered") == {"a", "b"}
    assert shown("answer=unanswered") == {"c"}
    assert shown("answer=correct") == {"b"}
    assert shown("answer=nonsense") == {"a", "b", "c"}


def test_the_list_takes_as_many_queries_for_twenty_rows_as_for_two(
    browse, alice, predict, list_url, django_assert_num_queries, django_assert_max_num_queries
):
    client = browse(alice)
    predict()
    with django_assert_max_num_queries(32) as few:
        client.get(list_url)
    for _number in range(18):
        predict()
    with django_assert_num_queries(len(few)):
        client.get(list_url)


def test_an_input_is_shown_through_a_signed_address(browse, alice, predict, place, list_url):
    key = f"tenants/{place.tenant.pk}/inputs/a.jpg"
    default_storage.save(key, ContentFile(b"\xff\xd8\xff\xe0 a picture"))
    row = predict(input_key=key)
    client = browse(alice)
    page = client.get(reverse("feedback:prediction", args=["acme", place.engagement.pk, row.pk]))
    address = re.search(r'<img src="([^"]+)"', page.text.split("picture")[1]).group(1)
    assert key not in address
    assert client.get(address).status_code == 200


def test_one_prediction_shows_its_scores_the_best_first(browse, alice, predict, place):
    row = predict(label="scratch", score=0.8, scores=[0.2, 0.8], reference="part-7")
    url = reverse("feedback:prediction", args=["acme", place.engagement.pk, row.pk])
    page = browse(alice).get(url).text
    scores = re.findall(r'clip">(\w+)</span><span class="num">([\d.]+%)', page)
    assert scores == [("scratch", "80.0%"), ("ok", "20.0%")]
    assert "part-7" in page


def test_the_panel_sums_up(browse, alice, predict, place, list_url):
    _answer(place, alice, predict, confirmed=2, corrected=1)
    url = reverse("feedback:panel", args=["acme", place.engagement.pk])
    assert "2 confirmed, 1 corrected, 0 rejected" in browse(alice).get(url).text


def test_strangers_find_none_of_it(browse, carol, prediction, place):
    for name, extra in (("predictions", []), ("panel", []), ("prediction", [prediction.pk])):
        url = reverse(f"feedback:{name}", args=["acme", place.engagement.pk, *extra])
        assert browse(carol).get(url).status_code == 404


def _answer(place, by, predict, *, confirmed=0, corrected=0, rejected=0):
    with tenant_scope(place.tenant):
        for _number in range(confirmed):
            services.give(predict(), verdict="confirm", by=by)
        for _number in range(corrected):
            services.give(predict(), verdict="correct", label="scratch", by=by)
        for _number in range(rejected):
            services.give(predict(), verdict="reject", by=by)
