"""Go-live packs: generated from rows, kept by their hash, never changed."""

import hashlib

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements import gates, packs, services
from engagements.models import GoLivePack
from engagements.packs import pdf
from engagements.phases import ORDER
from lepton.lib import storage
from lepton.lib.canonical import sha256_of
from tests import factories
from tests.engagements.test_whole_loop import Walk

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice, in_acme):
    return factories.engagement(acme, alice)


@pytest.fixture
def ready(engagement, alice, mei):
    """Everything is done, measured and signed that a go-live asks for."""
    walk = Walk(engagement, alice, mei)
    for phase in ORDER[: ORDER.index("go_live")]:
        getattr(walk, phase.value)()
        services.advance(engagement, to=gates.look(engagement).to, by=mei)
    walk.go_live()
    return engagement


def generate(browse, person, engagement):
    where = reverse("engagements:generate_pack", args=["acme", engagement.pk])
    return browse(person).post(where, follow=True)


def test_a_pack_is_refused_before_anything_was_judged(browse, mei, engagement):
    text = generate(browse, mei, engagement).content.decode()
    assert "judge a model by an acceptance contract first" in text
    api = f"/api/v1/tenants/acme/engagements/{engagement.pk}/packs"
    assert browse(mei).post(api).status_code == 400


def test_a_pack_says_what_the_rows_say(browse, mei, ready):
    assert (
        "Version 1 of the go-live pack is ready." in generate(browse, mei, ready).content.decode()
    )
    pack = GoLivePack.objects.get()
    titles = [one["title"] for one in pack.content[1:]]
    assert titles == [
        "Requirement",
        "Acceptance contract and verdict",
        "Data",
        "Model card",
        "Monitoring",
        "Load test",
        "Rollback plan",
        "Checks of going live",
        "Contacts",
        "Signatures",
    ]
    page = browse(mei).get(reverse("engagements:pack", args=["acme", ready.pk, pack.pk]))
    text = page.content.decode()
    assert "Find faulty castings before they are shipped." in text
    assert "95.0%" in text  # accuracy of the accepted model, 1,900 of 2,000
    assert "100 of 100 requests answered." in text
    assert "Until it answered" in text
    assert "0.4 s" in text
    assert ready.contract.sha256 in text


def test_its_hashes_are_in_the_audit_log_and_its_files_in_storage(browse, mei, ready):
    generate(browse, mei, ready)
    pack = GoLivePack.objects.get()
    entry = AuditEntry.objects.get(verb="pack.generated")
    assert pack.is_intact
    assert entry.detail["content"] == pack.sha256 == sha256_of(pack.content)
    for form, starts in (("pdf", b"%PDF-"), ("html", b"<!doctype html>")):
        data = storage.get(pack.files[form]["key"])
        assert data.lstrip().startswith(starts)
        assert hashlib.sha256(data).hexdigest() == pack.files[form]["sha256"] == entry.detail[form]


def test_a_second_pack_is_a_new_version_and_the_first_one_stays(browse, mei, bob, ready):
    generate(browse, mei, ready)
    first = GoLivePack.objects.get()
    api = f"/api/v1/tenants/acme/engagements/{ready.pk}/packs"
    made = browse(mei).post(api)
    assert (made.status_code, made.json()["version"]) == (201, 2)
    rows = browse(bob).get(api).json()["results"]
    assert [row["version"] for row in rows] == [2, 1]
    assert rows[1]["sha256"] == first.sha256
    read = browse(bob).get(f"{api}/{first.pk}").json()
    assert read["content"] == first.content
    answer = browse(bob).get(
        reverse("engagements:pack_file", args=["acme", ready.pk, first.pk, "pdf"])
    )
    assert answer.status_code == 302
    where = reverse("engagements:pack_file", args=["acme", ready.pk, first.pk, "doc"])
    assert browse(bob).get(where).status_code == 404


def test_bob_reads_packs_but_generates_none(browse, bob, carol, ready):
    assert generate(browse, bob, ready).status_code == 403
    assert generate(browse, carol, ready).status_code == 404


def test_the_same_data_is_the_same_pdf_in_any_script():
    blocks = [
        packs.text("Zwei Zeilen\nund 中文, łódź & <b>kein Markup</b>"),
        packs.facts([("Label", "Value"), ("Left out", None)]),
        packs.table(["A", "B"], [["1", "x" * 90], ["2", None]]),
        packs.bullets(["one", ""]),
        packs.heading("Smaller"),
    ]
    made = [pdf.render("Title", "Lead", [packs.section("S", *blocks)], foot="f") for _ in range(2)]
    assert made[0] == made[1]
    assert b"STSong" in made[0]


def test_what_is_longer_than_a_page_goes_on_on_the_next():
    need, classes = "\n".join(["A line of it."] * 120), ", ".join(f"c{n}" for n in range(1200))
    blocks = [
        packs.facts([("Need", need), ("Classes", classes)]),
        packs.table(["A", "B"], [["1", need], ["2", classes]]),
    ]
    made = pdf.render("Title", "Lead", [packs.section("S", *blocks)], foot="f")
    assert made.count(b"/Type /Page\n") >= 5


def test_a_requirement_of_many_lines_and_classes_can_be_handed_over(browse, alice, mei, ready):
    need = "\n".join(["Find it, whatever it is."] * 150)
    classes = [f"class {number}" for number in range(600)]
    wanted = {"need": need, "classes": classes, "metric": "accuracy", "target": "0.9"}
    path = f"/api/v1/tenants/acme/engagements/{ready.pk}"
    for one in ready.signoffs.standing().filter(kind="contract"):
        person = alice if one.created_by == alice else mei
        revoke = f"{path}/signoffs/{one.pk}/revoke"
        browse(person).post(revoke, {"reason": "Too short."}, content_type="application/json")
    written = browse(mei).post(f"{path}/requirements", wanted, content_type="application/json")
    assert written.status_code == 201
    assert "of the go-live pack is ready." in generate(browse, mei, ready).text


def test_a_pack_of_another_tenant_is_not_there(browse, mei, carol, ready):
    generate(browse, mei, ready)
    pack = GoLivePack.objects.get()
    with tenant_scope(ready.tenant):
        path = f"/api/v1/tenants/globex/engagements/{ready.pk}/packs/{pack.pk}"
    assert browse(carol).get(path).status_code == 404
