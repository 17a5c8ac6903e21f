"""Learning: a course read, its quizzes answered, what the gate and anybody with the code see."""

import uuid

import pytest
from pypdf import PdfReader

from accounts.scoping import tenant_scope
from enablement import courses, health, practice, progress
from enablement.models import Certificate, Enrolment, PracticeAnswer, QuizAttempt
from engagements import gates
from tests import factories

SENT = "practice.one_image"
RIGHT, WRONG = {"q0": "1"}, {"q0": "0"}


def quiz(client, here, lesson, answers, **headers):
    return client.post(f"{here}lessons/{lesson.pk}/quiz/", answers, headers=headers)


def certificate_of(acme):
    with tenant_scope(acme):
        return Certificate.objects.get()


def test_a_viewer_learns_a_course_to_its_end(acme, bob, browse, here, lessons):
    client = browse(bob)
    page = client.get(here)
    assert "Reading figures" in page.text and "0 of 2 lessons done" in page.text
    shown = client.get(f"{here}lessons/{lessons[0].pk}/").text
    assert "<strong>count</strong>" in shown and '<h2 id="part-1">' in shown
    for lesson in lessons:
        assert quiz(client, here, lesson, RIGHT).status_code == 302
    page = client.get(here).text
    assert "2 of 2 lessons done" in page and "Certificate" in page
    assert "Bob finished the course “Reading figures”" in client.get(
        here.replace("customer-training/", "timeline/")
    ).text.replace("\n", " ")


def test_the_overview_says_what_is_asked_for_and_ones_next_step(bob, browse, here, lessons):
    panel = here.replace("customer-training/", "panels/customer-training/")
    assert "0 finished, 1 asked for" in browse(bob).get(panel).text
    quiz(browse(bob), here, lessons[0], RIGHT)
    shown = browse(bob).get(panel).text
    assert "Your next step:" in shown and "More figures" in shown


def test_a_wrong_answer_is_explained_and_may_be_mended(bob, browse, here, lessons):
    client, htmx = browse(bob), {"hx-request": "true"}
    answer = quiz(client, here, lessons[0], WRONG, **htmx)
    assert "0 of 1 right" in answer.text and "how many images were counted" in answer.text
    answer = quiz(client, here, lessons[0], RIGHT, **htmx)
    assert "1 of 1 right: passed" in answer.text


def test_an_explanation_is_not_shown_before_the_answer(bob, browse, here, lessons):
    assert "how many images" not in browse(bob).get(f"{here}lessons/{lessons[0].pk}/").text


@pytest.mark.parametrize("answers", [{}, {"q0": "7"}])
def test_what_is_no_answer_is_refused_in_words(acme, bob, browse, here, lessons, answers):
    refused = quiz(browse(bob), here, lessons[0], answers)
    assert refused.status_code == 422
    assert "Answer every question" in refused.text or "no such option" in refused.text
    with tenant_scope(acme):
        assert not QuizAttempt.objects.exists()


def test_anybody_with_the_code_sees_that_a_certificate_is_genuine(
    acme, bob, browse, client, here, lessons
):
    for lesson in lessons:
        quiz(browse(bob), here, lesson, RIGHT)
    shown = client.get(f"/certificates/{certificate_of(acme).code}/")
    assert shown.status_code == 200
    assert "Bob" in shown.text and "Reading figures" in shown.text
    assert "acme" not in shown.text.lower()
    assert client.get("/certificates/0000000000/").status_code == 404


@pytest.mark.parametrize("name", ["Bob", "李雷"])
def test_a_certificate_is_a_page_to_print(acme, bob, browse, here, lessons, name, tmp_path):
    bob.name = name
    bob.save()
    for lesson in lessons:
        quiz(browse(bob), here, lesson, RIGHT)
    certificate = certificate_of(acme)
    answer = browse(bob).get(f"{here}certificates/{certificate.pk}/")
    assert answer["Content-Type"] == "application/pdf"
    (tmp_path / "certificate.pdf").write_bytes(answer.content)
    (page,) = PdfReader(tmp_path / "certificate.pdf").pages
    text = page.extract_text()
    assert name in text and "Reading figures" in text and certificate.code in text


def test_who_began_an_older_version_finishes_it(acme, mei, bob, browse, here, lessons):
    client = browse(bob)
    quiz(client, here, lessons[0], RIGHT)
    draft = courses.draft_of(lessons[0].version.course, by=mei)
    courses.publish(draft, by=mei)
    assert f"lessons/{lessons[1].pk}/" in client.get(here).text
    quiz(client, here, lessons[1], RIGHT)
    assert "Finished" in client.get(here).text
    newcomer = browse(factories.member(acme, "Dana", "viewer"))
    assert f"lessons/{draft.lessons.first().pk}/" in newcomer.get(here).text
    assert newcomer.get(f"{here}lessons/{lessons[0].pk}/").status_code == 404


def test_the_gate_reads_who_finished_which_path(acme, mei, alice, engagement, here, browse):
    practical = {"title": "Do it", "practicals": ["practice.one_image"]}
    factories.course("operator", "Operating")
    factories.course("integrator", "Calling", practical)
    with tenant_scope(acme):
        engagement.phase = "customer_training"
        engagement.save()
        found = {one.key: one.finding for one in gates.look(engagement).checks}
        trained, practised = found["enablement.trained"], found["enablement.practised"]
        assert trained.words == "Operator: 0 of 1 finished, Integrator: 0 of 1 finished."
        assert practised.words == "Not seen yet: Send one image."
        factories.train(engagement, "operator", alice)
        enrolment = factories.train(engagement, "integrator", alice)
        enrolment.refresh_from_db()
        assert enrolment.finished_at is None  # read, but nothing was sent
        words = {one.key: one.finding.words for one in gates.look(engagement).checks}
        assert words["enablement.trained"] == "Integrator: 0 of 1 finished."
    form = {"operator": 1, "integrator": 0, "administrator": 0, "survey_every_days": 30}
    form["courses"] = [str(c.pk) for c in _offered()]
    assert browse(mei).post(f"{here}people/choose/", form).status_code == 302
    with tenant_scope(acme):
        assert all(one.met for one in gates.look(engagement).checks if "enable" in one.key)


def test_trained_people_count_into_health_once_their_phase_has_come(acme, alice, engagement):
    with tenant_scope(acme):
        factories.train(engagement, "operator", alice)
        assert health.trained(engagement).score is None
        engagement.phase = "customer_training"
        reading = health.trained(engagement)
    assert (reading.score, reading.words) == (0.5, "1 of 2 people finished their path.")


def test_what_staff_try_out_does_not_count(acme, mei, engagement):
    with tenant_scope(acme):
        engagement.phase = "customer_training"
        factories.train(engagement, "operator", mei)
        found = {one.key: one.finding for one in gates.look(engagement).checks}
        assert found["enablement.trained"].words.startswith("Operator: 0 of 1")


def test_only_account_managers_choose_who_learns_what(alice, browse, here, course):
    assert browse(alice).post(f"{here}people/choose/", {}).status_code == 404
    staff = factories.staff("Ravi", "ml_engineer")
    assert browse(staff).post(f"{here}people/choose/", {}).status_code == 403


def test_staff_who_view_as_the_customer_note_nothing(acme, mei, browse, here, lessons):
    client = browse(mei)
    client.post("/t/acme/view-as/")
    assert client.get(f"{here}lessons/{lessons[0].pk}/").status_code == 200
    assert quiz(client, here, lessons[0], RIGHT).status_code == 403
    with tenant_scope(acme):
        assert not Enrolment.objects.exists()


def test_another_tenant_finds_nothing(acme, carol, alice, browse, engagement, here, lessons):
    with tenant_scope(acme):
        progress.begin(engagement, alice, lessons[0].version.course)
    client = browse(carol)
    assert client.get(here).status_code == 404
    theirs = here.replace("/acme/", "/globex/")
    for page in ("", "people/", "sessions/", f"lessons/{lessons[0].pk}/"):
        assert client.get(f"{theirs}{page}").status_code == 404


def test_a_course_is_taken_by_api_as_well(bob, browse, engagement, lessons):
    client, base = browse(bob), f"/api/v1/tenants/acme/engagements/{engagement.pk}"
    (course,) = client.get(f"{base}/courses").json()
    assert [one["is_done"] for one in course["lessons"]] == [False, False]
    read = client.get(f"{base}/lessons/{lessons[0].pk}").json()
    assert read["questions"][0]["options"] == ["A name", "A count"]
    for lesson in lessons:
        url, kind = f"{base}/lessons/{lesson.pk}/quiz", "application/json"
        wrong = client.post(url, {"answers": [[0]]}, content_type=kind)
        assert (wrong.status_code, wrong.json()["is_passed"]) == (201, False)
        assert client.post(url, {"answers": [[1]]}, content_type=kind).json()["is_passed"]
    assert client.get(f"{base}/courses").json()[0]["is_finished"]
    (learner,) = client.get(f"{base}/learners").json()["results"]
    assert learner["name"] == "Bob" and learner["certificate"]
    refused = client.post(url, {"answers": []}, content_type=kind)
    assert refused.status_code == 400 and "Answer every question" in refused.json()["error"]


def test_a_certificate_is_downloaded_by_api(bob, browse, engagement, here, lessons, tmp_path):
    client, base = browse(bob), f"/api/v1/tenants/acme/engagements/{engagement.pk}"
    assert client.get(f"{base}/courses").json()[0]["learner"] is None
    for lesson in lessons:
        quiz(client, here, lesson, RIGHT)
    mine = client.get(f"{base}/courses").json()[0]["learner"]
    (learner,) = client.get(f"{base}/learners").json()["results"]
    assert learner["id"] == mine
    answer = client.get(f"{base}/learners/{mine}/certificate")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment; filename")
    (tmp_path / "certificate.pdf").write_bytes(answer.content)
    (page,) = PdfReader(tmp_path / "certificate.pdf").pages
    assert learner["certificate"] in page.extract_text()


def test_who_has_not_finished_has_no_certificate_to_download(
    acme, bob, carol, browse, client, engagement, here, lessons
):
    quiz(browse(bob), here, lessons[0], RIGHT)
    base = f"/api/v1/tenants/acme/engagements/{engagement.pk}"
    mine = browse(bob).get(f"{base}/courses").json()[0]["learner"]
    address = f"{base}/learners/{mine}/certificate"
    refused = browse(bob).get(address)
    assert refused.status_code == 409
    assert refused.json()["error"] == "Bob has not finished “Reading figures” yet."
    assert client.get(address).status_code == 401
    assert browse(carol).get(address).status_code == 404
    assert browse(carol).get(address.replace("acme", "globex")).status_code == 404
    nobody = browse(bob).get(address.replace(mine, str(uuid.uuid4())))
    assert nobody.status_code == 404
    with tenant_scope(acme):
        assert not Certificate.objects.exists()


@pytest.mark.parametrize("asked", ["courses", "learners/{}/certificate"])
def test_the_last_practical_ends_a_course_also_for_who_asks_by_api(
    acme, alice, browse, engagement, asked
):
    """The quiz was passed first; nobody opens a page after the call was seen."""
    factories.course("integrator", "Calling", {"title": "Do it", "practicals": [SENT]})
    client, base = browse(alice), f"/api/v1/tenants/acme/engagements/{engagement.pk}"
    with tenant_scope(acme):
        learner = factories.train(engagement, "integrator", alice)
    address = f"{base}/{asked.format(learner.pk)}"
    client.get(address)
    with tenant_scope(acme):
        assert not Certificate.objects.exists()
        key, _secret = practice.make_key(by=alice)
        facts = {"address": "predict", "status": 200}
        practice.note_call(engagement, api_key=key, answers=[_answered()], **facts)
    assert client.get(address).status_code == 200
    with tenant_scope(acme):
        assert Certificate.objects.get().enrolment_id == learner.pk


def test_a_key_learns_nothing(acme, alice, client, engagement, lessons):
    key = factories.api_key(acme, alice, "view")
    headers = {"Authorization": f"Bearer {key}"}
    base = f"/api/v1/tenants/acme/engagements/{engagement.pk}"
    chosen = client.put(f"{base}/training", {}, content_type="application/json", headers=headers)
    assert chosen.status_code == 403
    url = f"{base}/lessons/{lessons[0].pk}"
    assert client.get(url, headers=headers).status_code == 200
    for what in ("quiz", "practice-key"):
        answers = {"answers": [[1]]}
        sent = client.post(
            f"{url}/{what}", answers, content_type="application/json", headers=headers
        )
        assert sent.status_code == 403


def _answered():
    return PracticeAnswer(classes=["ok", "scratch"], label="ok", score=0.8)


def _offered():
    from enablement.models import Course

    return Course.objects.offered()
