"""Customer training by real calls: quizzes are answered, and the server sees the practicals."""

import base64
import io
import time
from datetime import UTC, datetime, timedelta
from itertools import product

import httpx
from django.conf import settings
from PIL import Image

from lepton.demo import cast, work

LEARNERS = {"globex": ("Dana", "Ivan"), "acme": ("Alice", "Bob")}  # operator and integrator
TOO_DARK, BLACK = 0.03, 0.0
RECOMMENDED = {
    "globex": {
        "Carol": (9, "We know what it can do, and what it can't."),
        "Dana": (10, "It asks me where it is not sure."),
        "Ivan": (8, ""),
    },
    "acme": {"Alice": (9, "Live on the day we agreed on."), "Bob": (7, "Fewer mails, please.")},
}


def train_operator(stage):
    """Somebody who works with the answers tries the model, reviews three and corrects one."""
    name, _other = LEARNERS[stage.tenant.slug]
    person = stage.member(name)
    if _is_finished(stage, person, "operator"):
        return None, f"{name} is trained already"
    _try(stage, person)
    labels = {row["path"]: row["label"] for row in work.test_images(stage)}
    rows = stage.program.rows(f"predictions?endpoint={stage.slug}")
    rows = [row for row in rows if row["reference"] in labels]  # not what was tried just now
    for row in [*rows[:3], _wrong(stage, rows, labels)]:
        right = labels[row["reference"]]
        told = {"verdict": "confirm"}
        if row["label"] != right:
            told = {"verdict": "correct", "label": right}
        person.post(f"predictions/{row['id']}/feedback", **told)
    return None, f"{name} {_learn(stage, person, 'operator')}"


def train_integrator(stage):
    """Somebody who writes the customer's program does all its practicals with a practice key."""
    _other, name = LEARNERS[stage.tenant.slug]
    person = stage.member(name)
    if _is_finished(stage, person, "integrator"):
        return None, f"{name} is trained already"
    lesson = _course(stage, person, "integrator")["lessons"][0]["id"]
    key = person.post(f"{stage.path}/lessons/{lesson}/practice-key")["key"]
    _practise(stage, key, _image(stage, work.test_images(stage)[0]))
    return None, f"{name} {_learn(stage, person, 'integrator')}"


def book_session(stage):
    """Mei books an hour for questions in a week, for who learns, once."""
    path, title = f"{stage.path}/sessions", "Questions of the first weeks"
    if all(row["title"] != title for row in stage.manager.rows(path)):
        slug = stage.tenant.slug
        people = [str(cast.person(name, slug).pk) for name in LEARNERS[slug]]
        when = (datetime.now(UTC) + timedelta(days=7)).replace(hour=9, minute=0, second=0)
        facts = {"starts_at": when.isoformat(), "minutes": 60, "time_zone": "Europe/Berlin"}
        place = f"https://meet.{slug}.example/questions"
        stage.manager.post(path, title=title, **facts, people=people, place=place)
    return None, f"“{title}” booked for {' and '.join(LEARNERS[stage.tenant.slug])}"


def recommend(stage):
    """The customer's people say how likely they are to recommend the vendor, once each."""
    path = f"{stage.path}/survey-answers"
    answered = {row["created_by"] for row in stage.manager.rows(path)}
    told = RECOMMENDED[stage.tenant.slug]
    for name in told.keys() - answered:
        score, comment = told[name]
        stage.member(name).post(path, score=score, comment=comment)
    return None, ", ".join(f"{name} {score} of 10" for name, (score, _why) in told.items())


def _practise(stage, key, image):
    """Authenticate, send one and a batch, be refused and wait, ask twice, say what was right."""
    endpoint = f"{settings.LEPTON_INFERENCE_URL}/v1/endpoints/{stage.tenant.slug}/{stage.slug}"
    url = f"{endpoint}/predict"
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as http:
        http.get(endpoint).raise_for_status()
        once = {"Idempotency-Key": f"practice-{time.time_ns()}"}
        for _time in range(2):
            answer = http.post(url, content=image, headers=once).raise_for_status().json()
        encoded = base64.b64encode(image).decode()
        http.post(url, json={"images": [encoded, encoded]}).raise_for_status()
        while (refused := http.post(url, content=image)).status_code != 429:
            refused.raise_for_status()
        time.sleep(int(refused.headers["Retry-After"]))
        http.post(url, content=image).raise_for_status()
        other = next(s["label"] for s in answer["scores"] if s["label"] != answer["label"])
        said = {"verdict": "correct", "label": other}
        path = f"predictions/{answer['prediction_id']}/feedback"
        http.post(f"{stage.program.base}/{path}", json=said).raise_for_status()


def _learn(stage, person, path) -> str:
    """Answer every quiz: at first perhaps wrong, then as the explanation says."""
    for lesson in _course(stage, person, path)["lessons"]:
        url = f"{stage.path}/lessons/{lesson['id']}"
        marked = person.post(f"{url}/quiz", answers=[[0]] * lesson["questions"])
        if not marked["is_passed"]:
            person.post(f"{url}/quiz", answers=[one["right"] for one in marked["questions"]])
    course = _course(stage, person, path)
    if not course["is_finished"]:
        undone = [one["title"] for one in course["lessons"] if not one["is_done"]]
        raise RuntimeError(f"{path}: not done: {', '.join(undone)}")
    return f"finished “{course['title']}”: {len(course['lessons'])} lessons, each practical seen"


def _course(stage, person, path) -> dict:
    courses = person.get(f"{stage.path}/courses")
    return next(one for one in courses if one["path"] == path)


def _is_finished(stage, person, path) -> bool:
    return _course(stage, person, path)["is_finished"]


def _try(stage, person):
    """Drop an image on the endpoint's page, as a browser does."""
    image = _image(stage, work.test_images(stage)[0])
    page = f"{settings.LEPTON_PUBLIC_URL}/t/{stage.tenant.slug}/e/{stage.id}/endpoint/"
    headers = person.headers() | {"Referer": page}
    files = {"image": ("image.jpg", image, "image/jpeg")}
    person.http.post(f"{page}try/", files=files, headers=headers).raise_for_status()


def _wrong(stage, rows, labels) -> dict:
    """A prediction that is wrong; where there is none, one of an image that is far too dark.

    Of black images one is answered wrongly for certain: they are all alike, of several classes.
    """
    for row in rows:
        if row["label"] != labels[row["reference"]]:
            return row
    one_of_each = {item["label"]: item for item in work.test_images(stage)}
    for light, item in product((TOO_DARK, BLACK), one_of_each.values()):
        dark = _darkened(_image(stage, item), light)
        answer = stage.program.predict(stage.slug, dark, reference=item["path"])
        if answer["label"] != item["label"]:
            return answer | {"id": answer["prediction_id"]}
    raise RuntimeError("The model tells black pictures apart.")


def _darkened(image: bytes, light: float) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(image)) as opened:
        opened.convert("RGB").point(lambda value: value * light).save(out, "JPEG")
    return out.getvalue()


def _image(stage, item) -> bytes:
    return stage.program.fetch(item["image_url"])
