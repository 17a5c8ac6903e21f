"""What the demo prints: a table of what happened, and how to go on."""

from django.conf import settings

from lepton.demo import cast

WIDTHS = (22, 9)


def heading(source) -> str:
    return "\n".join(["", source.name, _row("Step", "Seconds", "What came of it"), "-" * 96])


def line(told) -> str:
    return _row(told.step, f"{told.seconds:.1f}", told.outcome)


def closing(play, password: str, seconds: float) -> str:
    """What there is to do now: call the endpoint, sign in."""
    parts = ["", f"Ready after {seconds:.1f} s."]
    if play.is_repeated:
        parts.append("Everything was played before; nothing was repeated.")
    if play.key:
        parts += ["", "API key of the demo (shown this once):", f"  {play.key}", *_curl(play)]
    parts += ["", f"Sign in at {settings.LEPTON_PUBLIC_URL}/"]
    parts += [f"  {email:24} {word:18} {who}" for email, word, who in cast.sign_ins(password)]
    return "\n".join([*parts, ""])


def _curl(play) -> list[str]:
    url = f"{play.client.endpoints}/{play.endpoint}/predict"
    return ["", f'  curl -H "Authorization: Bearer {play.key}" --data-binary @image.jpg {url}']


def _row(step: str, seconds: str, outcome: str) -> str:
    return f"{step:{WIDTHS[0]}}{seconds:>{WIDTHS[1]}}  {outcome}"
