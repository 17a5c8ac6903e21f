"""A person at a browser: what they do, and what a test notices meanwhile."""

from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
OBSERVE = """selector => {
  const seen = [];
  const look = () => {
    const text = document.querySelector(selector)?.textContent.trim();
    if (text && seen.at(-1) !== text) seen.push(text);
  };
  look();
  new MutationObserver(look).observe(document, { subtree: true, childList: true });
  window.seenByTheTest = seen;
}"""

# What a person sees who has scrolled down once and up again.
ALL_THERE = """async () => {
  for (const image of document.images) image.loading = "eager";
  await Promise.allSettled([...document.images].map((image) => image.decode()));
  scrollTo(0, 0);
}"""


class Visitor:
    """One person's browser: `page`, and the complaints collected while it is used."""

    def __init__(self, browser: Browser, site, name: str):
        self.site, self.name, self.complaints = site, name, []
        self.context = browser.new_context(viewport=WIDE, locale="en-US", timezone_id="UTC")
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.page.on("request", self._stays_with_us)
        self.page.on("websocket", self._stays_with_us)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"pageerror: {error}"))

    def _stays_with_us(self, request):
        ours = (self.site.url, self.site.url.replace("http", "ws"), "blob:", "data:")
        if not request.url.startswith(ours):
            self.complaints.append(f"a request left the origin: {request.url}")

    def _console(self, message):
        if message.type in ("error", "warning"):
            where = f"{self.page.url} {message.location.get('url', '')}"
            self.complaints.append(f"console {message.type}: {message.text} ({where})")

    def sign_in(self, email: str) -> Page:
        self.page.goto(self.site.url)
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password", exact=True).fill(self.site.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_label("Account menu of")).to_be_visible()
        return self.page

    def shoot(self, name: str) -> None:
        """Screenshots of the whole page, light and dark, wide and narrow; it must fit each."""
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)
        for (width, size), theme in product(
            {"wide": WIDE, "narrow": NARROW}.items(), ("light", "dark")
        ):
            self.page.set_viewport_size(size)
            self.page.emulate_media(color_scheme=theme)
            self.page.evaluate(ALL_THERE)
            self.fits()
            path = SCREENSHOTS / f"{self.name}-{name}-{width}-{theme}.png"
            self.page.screenshot(path=path, full_page=True, animations="disabled")
        self.page.set_viewport_size(WIDE)
        self.page.emulate_media(color_scheme="light")

    def fits(self) -> None:
        """No page scrolls sideways."""
        width, room = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert width <= room, f"{self.page.url} is {width} px wide in {room} px"

    def watch(self, selector: str):
        """Returns a function that tells every text shown at `selector` since, without a reload.

        The page asks by itself only while its socket is down: what changes came by the socket.
        """
        expect(self.page.locator("body")).to_have_attribute("data-live-state", "up")
        self.page.evaluate(OBSERVE, selector)

        def seen() -> list[str]:
            texts = self.page.evaluate("window.seenByTheTest")
            assert texts is not None, f"{self.page.url} was loaded anew"
            return texts

        return seen


def rail(page, name):
    """Go to a page by the left rail."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()


def row(page, name):
    """The row of a table that has this name in its head."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def drop(page, name, data):
    """Drop a file on the drop zone, as one drags it from a folder."""
    transfer = page.evaluate_handle(
        """([name, bytes]) => {
          const kept = new DataTransfer();
          kept.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
          return kept;
        }""",
        [name, list(data)],
    )
    page.locator("[data-dropzone]").first.dispatch_event("drop", {"dataTransfer": transfer})
