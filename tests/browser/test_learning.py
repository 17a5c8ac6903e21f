"""The hospital's operator and integrator learn to the end, by real clicks and real calls."""

import io
import json
import re
import subprocess

import numpy as np
import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from enablement import library
from lepton.demo import archives, xrays
from tests import printed
from tests.browser.visit import NARROW, WIDE, drop, rail

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PREDICTIONS = 12
LANGUAGES = ("Python", "curl", "JavaScript")


@pytest.fixture(scope="module")
def hospital(site):
    """The address of Globex's engagement, in which a model answers."""
    made = site.start("-m", "tests.browser.hospital", str(PREDICTIONS), stdout=subprocess.PIPE)
    facts = json.loads(made.communicate(timeout=60)[0])
    return f"{site.url}/t/globex/e/{facts['engagement']}/"


@pytest.fixture
def film(tmp_path):
    """An X-ray in a file, as whoever programs has one at hand."""
    path = tmp_path / "image.jpg"
    random = np.random.default_rng(7)
    path.write_bytes(archives.jpeg(xrays.picture(xrays.CLASSES[0], random), random))
    return path


def test_dana_learns_to_work_with_the_answers(visitor, hospital, film):
    dana = visitor("dana-learns")
    page = dana.sign_in("dana@globex.example")
    course = begin(page, hospital, "operator")
    for number, lesson in enumerate(course.lessons):
        expect(page.get_by_role("heading", level=1)).to_have_text(lesson["title"])
        if lesson["practicals"]:
            there = page.url
            page.get_by_role("link", name="Go there").click()
            DONE_BY_DANA[lesson["practicals"][0]](page, film)
            page.goto(there)
            expect(page.locator("#practicals")).to_contain_text("The server saw it")
            dana.shoot(f"{number:02}-practical")
        fits_a_telephone(dana)
        answers_the_quiz(page, lesson)
        goes_on(page)
    takes_the_certificate(dana, course, "Dana")


def test_ivan_learns_to_call_it_from_a_program(visitor, hospital, film):
    ivan = visitor("ivan-learns")
    page = ivan.sign_in("ivan@globex.example")
    course = begin(page, hospital, "integrator")
    languages = [name for name in LANGUAGES if printed.can_run(name)]
    for number, lesson in enumerate(course.lessons):
        expect(page.get_by_role("heading", level=1)).to_have_text(lesson["title"])
        if lesson["practicals"]:
            calls_as_printed(page, languages[number % len(languages)], film)
        if number == 1:
            ivan.shoot(f"{number:02}-practical")
        fits_a_telephone(ivan)
        answers_the_quiz(page, lesson)
        goes_on(page)
    takes_the_certificate(ivan, course, "Ivan")
    page.goto(f"{hospital}customer-training/")
    page.get_by_role("link", name="People").click()
    expect(page.get_by_text("1 finished, 1 asked for")).to_have_count(2)
    ivan.shoot("99-people")


def begin(page, hospital, path):
    """Open the course of a path from the left rail; returns it as it was written."""
    course = library.read_course(library.FOLDER / path)
    page.goto(f"{hospital}review/")
    rail(page, "Customer training")
    card = page.locator(".course-card").filter(has_text=course.facts["title"])
    card.get_by_role("link", name=re.compile("Begin|Go on")).click()
    return course


def answers_the_quiz(page, lesson):
    """Wrong at first; then as the explanations say, which are not there before."""
    quiz = page.locator("#quiz")
    expect(quiz.locator(".quiz-why")).to_have_count(0)
    for asked, question in zip(quiz.locator("fieldset").all(), lesson["questions"], strict=True):
        wrong = next(one["text"] for one in question["options"] if not one["is_right"])
        asked.get_by_label(wrong, exact=True).check()
    quiz.get_by_role("button", name="Check my answers").click()
    expect(quiz).to_contain_text(f"0 of {len(lesson['questions'])} right. Read the explanations")
    expect(quiz.locator(".quiz-why")).to_have_count(len(lesson["questions"]))
    for option in quiz.locator(".quiz-option").all():
        box = option.locator("input")
        if option.get_by_role("img", name="Right").count():
            box.check()
        elif box.get_attribute("type") == "checkbox":
            box.uncheck()
    quiz.get_by_role("button", name="Answer again").click()
    expect(quiz.locator(".chip")).to_have_text("Passed")


def fits_a_telephone(visitor):
    visitor.page.set_viewport_size(NARROW)
    visitor.fits()
    visitor.page.set_viewport_size(WIDE)


def goes_on(page):
    """By the link at the foot: to the next lesson, or back to the courses."""
    page.locator(".lesson-foot .btn-primary").click()


def tries_the_model(page, film):
    drop(page, film.name, film.read_bytes())
    expect(page.locator("#answer .answer-label")).to_contain_text("%")


def reviews_three(page, film):
    page.get_by_role("button", name="Draw").click()
    review = page.locator("#review")
    for done in range(3):
        review.get_by_role("button", name="The answer is right").click()
        expect(review.locator(".panel-head")).to_contain_text(f"{done + 1} answered by you")


def corrects_one(page, film):
    page.locator("#predictions .row-target").first.click()
    page.get_by_label("Wrong: it is").select_option(index=1)
    page.get_by_role("button", name="Correct it").click()
    expect(page.get_by_text("Corrected").first).to_be_visible()


DONE_BY_DANA = {
    "serving.tried": tries_the_model,
    "feedback.reviewed": reviews_three,
    "feedback.corrected": corrects_one,
}


def calls_as_printed(page, language, film):
    """Run what the lesson prints, with the key it gives; the page sees it without a reload."""
    practicals = page.locator("#practicals")
    expect(page.locator("body")).to_have_attribute("data-live-state", "up")
    practicals.get_by_role("button", name="Make my practice key").click()
    key = re.search(r"LEPTON_KEY=(\S+)", page.locator("#new-practice-key").inner_text())[1]
    for how in practicals.locator("details.practical").all():
        if how.get_attribute("open") is None:
            how.locator("summary").click()
        how.get_by_role("tab", name=language).click()
        code = how.get_by_role("tabpanel").locator("code").inner_text()
        printed.run(language, code, key, film.parent)
    expect(practicals.get_by_text("The server saw it")).to_have_count(
        practicals.locator("#practicals-state > li").count()
    )


def takes_the_certificate(visitor, course, name):
    """It is on the page of the courses, comes as a PDF, and anybody can check it."""
    page, title = visitor.page, course.facts["title"]
    card = page.locator(".course-card").filter(has_text=title)
    expect(card).to_contain_text(f"{len(course.lessons)} of {len(course.lessons)} lessons done")
    visitor.shoot("98-certificate")
    with page.expect_download() as download:
        card.get_by_role("link", name="Certificate").click()
    assert download.value.suggested_filename.endswith(".pdf")
    (sheet,) = PdfReader(io.BytesIO(download.value.path().read_bytes())).pages
    text = sheet.extract_text()
    assert name in text and title in text
    page.goto(re.search(r"Check it at (\S+)", text)[1])
    expect(page.get_by_role("main")).to_contain_text(name)
