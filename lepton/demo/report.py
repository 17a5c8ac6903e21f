"""What the demo prints: a table of what happened, and how to go on."""

from django.conf import settings

from lepton.demo import cast, work

WIDTHS = (22, 9)


def heading(stage) -> str:
    title = f"{stage.place[1]}: {stage.source.name}"
    return "\n".join(["", title, _row("Step", "Seconds", "What came of it"), "-" * 96])


def line(told) -> str:
    return _row(told.step, f"{told.seconds:.1f}", told.outcome)


def closing(plays, password: str, seconds: float) -> str:
    """What there is to do now: call the endpoint, sign in."""
    parts = ["", f"Ready after {seconds:.1f} s."]
    if all(play.is_repeated for play in plays):
        parts.append("Everything was played before; nothing was repeated.")
    for play in plays:
        if not play.is_repeated:
            parts += _key(play.stage)
    parts += ["", f"Sign in at {settings.LEPTON_PUBLIC_URL}/"]
    parts += [f"  {email:24} {word:18} {who}" for email, word, who in cast.sign_ins(password)]
    return "\n".join([*parts, ""])


def _key(stage) -> list[str]:
    key, url = stage.program.key, f"{stage.program.endpoints}/{stage.slug}/predict"
    lines = ["", f"API key of {stage.place[1]} (shown this once):", f"  {key}"]
    if work.has_endpoint(stage):
        call = f'curl -H "Authorization: Bearer {key}" --data-binary @image.jpg {url}'
        lines += ["", f"  {call}"]
    return lines


def _row(step: str, seconds: str, outcome: str) -> str:
    return f"{step:{WIDTHS[0]}}{seconds:>{WIDTHS[1]}}  {outcome}"
