"""The site speaks English and Simplified Chinese: whole sentences, with everything in them."""

import re
from pathlib import Path

import pytest
from babel.messages import mofile, pofile
from django.conf import settings
from django.utils import translation

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from tests import factories

FOLDER = Path(settings.BASE_DIR) / "locale/zh_Hans/LC_MESSAGES"
PLACE = re.compile(r"%\(\w+\)[-.\d]*[a-z]|%[-.\d]*[dsr](?!\w)|%%")


@pytest.fixture(autouse=True)
def _in_english_again():
    """A test's client leaves its thread in the language it asked for."""
    yield
    translation.deactivate()


@pytest.fixture(scope="module")
def catalogue():
    with (FOLDER / "django.po").open("rb") as file:
        return [message for message in pofile.read_po(file, locale="zh_Hans") if message.id]


def singular_and_plural(message) -> tuple[str, str]:
    many = message.id[-1] if message.pluralizable else message.id
    said = message.string[0] if message.pluralizable else message.string
    return many, said


def test_every_sentence_of_the_catalogue_is_translated(catalogue):
    assert [message.id for message in catalogue if not singular_and_plural(message)[1]] == []
    assert [message.id for message in catalogue if message.fuzzy] == []


def test_a_translation_leaves_out_no_name_and_no_number(catalogue):
    for message in catalogue:
        source, said = singular_and_plural(message)
        assert sorted(PLACE.findall(said)) == sorted(PLACE.findall(source)), source


def test_what_is_compiled_is_what_is_written(catalogue):
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = [singular_and_plural(message) for message in mofile.read_mo(file) if message.id]
    assert sorted(compiled) == sorted(singular_and_plural(message) for message in catalogue)


@pytest.mark.django_db
def test_somebody_whose_browser_asks_for_chinese_gets_it(browse, alice):
    page = browse(alice).get("/t/acme/members/", headers={"accept-language": "zh-CN"})
    assert '<html lang="zh-hans">' in page.text
    assert "谁可以进入这个租户" in page.text


@pytest.mark.django_db
def test_somebody_chooses_a_language_and_keeps_it(browse, alice):
    client = browse(alice)
    assert "简体中文" in client.get("/t/acme/members/").text
    answer = client.post("/language/", {"language": "zh-hans", "next": "/t/acme/members/"})
    assert answer.url == "/t/acme/members/"
    assert "邀请成员" in client.get(answer.url).text
    client.post("/language/", {"language": "en", "next": "/"})
    assert "Invite a member" in client.get("/t/acme/members/").text


@pytest.mark.django_db
def test_choosing_a_language_leads_nowhere_else(browse):
    answer = browse().post("/language/", {"language": "zh-hans", "next": "https://evil.example/"})
    assert answer.url == "/"


@pytest.mark.django_db
def test_an_api_client_is_refused_in_the_language_it_asks_for(browse):
    answer = browse().get("/api/v1/tenants/acme/members", headers={"accept-language": "zh-CN"})
    assert answer.status_code == 401
    assert answer.json()["error"].isascii() is False


@pytest.mark.django_db
def test_what_somebody_does_in_chinese_is_told_to_each_reader_in_theirs(acme, alice, bob, browse):
    engagement, chinese = factories.engagement(acme, alice), {"accept-language": "zh-CN"}
    here = f"/api/v1/tenants/acme/engagements/{engagement.pk}"
    asked = browse(alice).post(
        f"{here}/waivers",
        {"check": "engagements.contract", "reason": "We agreed by phone."},
        content_type="application/json",
        headers=chinese,
    )
    assert asked.status_code == 201, asked.text
    with tenant_scope(acme):
        (entry,) = TimelineEntry.objects.filter(kind="waiver.requested")
        assert entry.params["check"] == "Acceptance contract frozen"
        assert AuditEntry.objects.get(verb="waiver.requested").subject_label.isascii()
    page = f"/t/acme/e/{engagement.pk}/timeline/"
    assert "asked to waive “Acceptance contract frozen”" in browse(bob).get(page).text
    assert "申请豁免“验收合同已冻结”" in browse(bob).get(page, headers=chinese).text
