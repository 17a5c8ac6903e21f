"""Writing a go-live pack: gathered from rows, rendered, stored, and then put on record."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import packs, pages, timeline
from engagements.models import Engagement, GoLivePack, Verdict
from engagements.packs import own, pdf
from lepton.lib import storage
from lepton.lib.canonical import sha256_of
from lepton.lib.refusals import Conflict

Form = GoLivePack.Form


class Draft(NamedTuple):
    """A pack as its rows say it, not yet on record."""

    engagement: Engagement
    version: int
    title: str
    lead: str
    content: list[dict]
    sha256: str


@dataclass(frozen=True)
class Stored:
    """A draft whose files are in the tenant's storage."""

    draft: Draft
    files: dict


def draft(engagement, *, by) -> Draft:
    """Gather what the rows say now. Raises ValidationError while nothing was judged."""
    verdicts = Verdict.objects.filter(contract__engagement=engagement)
    if not verdicts.exists():
        raise ValidationError(
            _("There is nothing to hand over yet: judge a model by an acceptance contract first.")
        )
    newest = engagement.packs.newest_first().first()
    version = newest.version + 1 if newest else 1
    facts = {"name": engagement.name, "tenant": engagement.tenant.name}
    title = _("Go-live pack: %(name)s") % facts
    words = _(
        "%(tenant)s · version %(version)s, iteration %(iteration)s · generated %(at)s by %(who)s"
    )
    facts |= {"version": version, "iteration": engagement.iteration}
    facts |= {"at": own.when(timezone.now()), "who": by.actor_label}
    content = [{"title": title, "lead": words % facts}, *packs.sections(engagement)]
    return Draft(engagement, version, title, words % facts, content, sha256_of(content))


def store(made: Draft) -> Stored:
    """Render the pack and put its files into storage; goes outside any transaction."""
    foot = f"{made.title} · v{made.version} · sha256 {made.sha256[:16]}"
    rendered = {
        Form.HTML: _html(made).encode(),
        Form.PDF: pdf.render(made.title, made.lead, made.content[1:], foot=foot),
    }
    return Stored(made, {str(form): _stored(made, form, data) for form, data in rendered.items()})


def keep(stored: Stored, *, by) -> GoLivePack:
    """Put a stored pack on record, its hashes into the audit log."""
    made = stored.draft
    with transaction.atomic():
        Engagement.objects.locked(made.engagement.pk)
        if made.engagement.packs.filter(version=made.version).exists():
            raise Conflict(_("Somebody else has just generated this version: look at theirs."))
        pack = GoLivePack.objects.create(
            engagement=made.engagement,
            version=made.version,
            iteration=made.engagement.iteration,
            content=made.content,
            sha256=made.sha256,
            files=stored.files,
            **author(by),
        )
        url = pages.url("engagements:go_live", made.engagement)
        timeline.record(made.engagement, "pack.generated", by=by, url=url, version=made.version)
        hashes = {form: facts["sha256"] for form, facts in stored.files.items()}
        audit.record("pack.generated", pack, by=by, content=made.sha256, **hashes)
    return pack


def file_name(pack, form) -> str:
    """What a file of a pack is saved as."""
    name = slugify(pack.engagement.name) or "engagement"
    return f"{name}-go-live-pack-v{pack.version}.{form}"


def _html(made) -> str:
    context = {"title": made.title, "lead": made.lead, "sections": made.content[1:]}
    return render_to_string("engagements/pack_document.html", context | {"sha256": made.sha256})


def _stored(made, form, data) -> dict:
    sha256 = hashlib.sha256(data).hexdigest()
    key = storage.tenant_key(made.engagement.tenant_id, "packs", f"{sha256}.{form}")
    storage.put(key, data)
    return {"key": key, "sha256": sha256, "bytes": len(data)}
