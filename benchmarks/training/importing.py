"""Images a second of an import through the browser's page and through the API, and its memory.

A real installation of its own. Made-up pictures, some of them broken and some there twice, are sent
as one zip either way; every file must come out once, in the way that was planned for it.
"""

import argparse
import io
import os
import platform
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import sync_playwright

from lepton.demo.client import Person
from tests.browser import chromium
from tests.browser.site import Site
from tests.browser.stage import CLASSES
from tests.browser.visit import Visitor, rail
from training.datasets.clean import clean
from training.engine.preprocess import decode

ENGAGEMENT, SIDE = "Surface inspection", 128
BROKEN_EVERY, AGAIN_EVERY = 100, 50
MOST_DECODED = 5000
ENDED = ("succeeded", "failed", "cancelled")
LIMIT_SECONDS, READY_SECONDS = 3600, 600
ROLES = {"uvicorn": "web", "imports": "import worker", "training.datasets.cleaner": "decoder"}


def main():
    """Import both ways, check every outcome, and print a line for each."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--images", type=int, default=20_000, help="files in each zip")
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, Site(READY_SECONDS) as site:
        site.set_the_stage(ENGAGEMENT)
        zips = [made(Path(folder) / f"{seed}.zip", wanted.images, seed) for seed in (1, 2)]
        print(f"{wanted.images:,} files in {zips[0][0].stat().st_size / 1e6:.0f} MB;", end=" ")
        print(f"{os.cpu_count()} cores ({platform.machine()}),", end=" ")
        print(
            f"load average {os.getloadavg()[0]:.1f}; planned {dict(Counter(zips[0][1].values()))}"
        )
        alice = Person(site.url, "acme", "alice@acme.example", site.password)
        for way, (path, planned) in zip((by_browser, by_api), zips, strict=True):
            with peaks(site.process.pid) as memory:
                began, identity = way(site, alice, path)
                row = alice.wait(f"imports/{identity}", until=_ended, seconds=LIMIT_SECONDS)
                took = time.monotonic() - began
            check(alice, row, planned)
            told(way.__name__.removeprefix("by_"), row, took, memory)
        bare(zips[0][0])


def made(path: Path, count: int, seed: int) -> tuple[Path, dict[str, str]]:
    """A zip of class folders, and the outcome planned for each of its files."""
    random, planned, last = np.random.default_rng(seed), {}, {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(count):
            label = CLASSES[number % len(CLASSES)]
            name = f"{label}/{number:06}.jpg"
            data, planned[name] = picture(random), "accepted"
            if number % BROKEN_EVERY == BROKEN_EVERY - 1:
                planned[name] = "corrupt"
                data = data[: len(data) // 3] if number % 200 < 100 else b"no picture at all"
            elif label in last and number % AGAIN_EVERY == AGAIN_EVERY - 2:
                data, planned[name] = last[label], "duplicate"
            else:
                last[label] = data
            archive.writestr(name, data)
    return path, planned


def picture(random) -> bytes:
    """Smooth colour noise as a JPEG of about 3 kB."""
    small = random.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    target = io.BytesIO()
    large = Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    large.save(target, "JPEG", quality=88)
    return target.getvalue()


def by_browser(site, alice, path) -> tuple[float, str]:
    """Send a zip on the data page in a real Chromium and wait until the page says that it is
    imported; returns when it was sent, and the import's id."""
    with sync_playwright() as playwright:
        found = chromium.program(playwright)
        if not found:
            raise SystemExit(chromium.ABSENT)
        browser = playwright.chromium.launch(executable_path=found, args=chromium.FLAGS)
        visitor = Visitor(browser, site, "alice")
        page = visitor.sign_in("alice@acme.example")
        page.get_by_role("main").get_by_role("link", name=ENGAGEMENT).click()
        rail(page, "Data")
        page.locator("input[name=archive]").set_input_files(path)
        began = time.monotonic()
        page.get_by_role("button", name="Upload and import").click()
        page.wait_for_url("**/imports/**", timeout=LIMIT_SECONDS * 1000)
        identity = page.url.rstrip("/").rsplit("/", 1)[-1]
        page.locator("h1 .chip", has_text="Succeeded").wait_for(timeout=LIMIT_SECONDS * 1000)
        browser.close()
        if visitor.complaints:
            raise SystemExit("\n".join(visitor.complaints))
        return began, identity


def by_api(site, alice, path) -> tuple[float, str]:
    """Send a zip as a form to a second dataset; returns when, and the import's id."""
    dataset = alice.post(f"engagements/{site.engagement}/datasets", name="Sent by a program")["id"]
    began = time.monotonic()
    return began, alice.upload(f"datasets/{dataset}/imports", path)["id"]


def check(alice, row, planned) -> None:
    """Every file has one outcome, the planned one; the dataset has the accepted ones."""
    assert row["state"] == "succeeded", row
    found = Counter()
    outcomes = {}
    url = f"{alice.base}/imports/{row['id']}/rows?limit=500"
    while url:
        answer = alice.http.get(url).raise_for_status()
        for one in answer.json()["results"]:
            found[one["path"]] += 1
            outcomes[one["path"]] = one["outcome"]
        url = answer.links.get("next", {}).get("url")
    assert found.keys() == planned.keys(), "files were lost"
    assert set(found.values()) == {1}, "files came out twice"
    wrong = {name: got for name, got in outcomes.items() if got != planned[name]}
    assert not wrong, f"{len(wrong)} came out otherwise: {dict(list(wrong.items())[:5])}"


@contextmanager
def peaks(supervisor: int):
    """Sample the memory of web, import worker and decoder; yields {role: [before, peak]}, in MB."""
    seen, done = {}, threading.Event()

    def sample():
        while not done.is_set():
            now = Counter()
            for process in psutil.Process(supervisor).children(recursive=True):
                try:
                    role = role_of(process)
                    now[role] += process.memory_info().rss / 1e6
                except psutil.Error:  # it has just ended
                    continue
            for role in now.keys() & set(ROLES.values()):
                before, peak = seen.get(role, (now[role], 0))
                seen[role] = before, max(peak, now[role])
            done.wait(0.2)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def role_of(process) -> str:
    """What a process of the installation does, by its command line."""
    words = process.cmdline()
    return next((role for word, role in ROLES.items() if word in words), "")


def told(way, row, took, memory) -> None:
    """A line of figures."""
    files, began, ended = row["files_total"], *(_at(row[n]) for n in ("started_at", "finished_at"))
    working = (ended - began).total_seconds()
    print(f"by {way}: {took:.1f} s from sending to the end, {files / took:.0f} images/s;", end=" ")
    print(f"the worker alone {working:.1f} s, {files / working:.0f} images/s")
    print(f"  outcomes {row['outcomes']}")
    for role, (before, peak) in sorted(memory.items()):
        print(f"  {role}: {before:.0f} MB before, {peak:.0f} MB at the peak", flush=True)


def bare(path: Path) -> None:
    """The same pictures decoded, and made safe to keep, in this process on one thread."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        whole = [n for at, n in enumerate(names) if at % BROKEN_EVERY != BROKEN_EVERY - 1]
        pictures = [archive.read(name) for name in whole[:MOST_DECODED]]
    for words, work in (("decoded bare", decode), ("made safe to keep", clean)):
        began = time.perf_counter()
        for data in pictures:
            work(data)
        rate = len(pictures) / (time.perf_counter() - began)
        print(f"{words}, one process: {rate:,.0f} images/s (n = {len(pictures):,})")


def _ended(row) -> bool:
    return row["state"] in ENDED


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


if __name__ == "__main__":
    sys.exit(main())
