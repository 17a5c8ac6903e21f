"""What the page of a webhook shows."""

import json

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from engagements.webhooks.kinds import KINDS, TEST
from engagements.webhooks.sending import payload
from lepton.lib.paging import rows_and_pager


def detail(request, webhook) -> dict:
    """Return the context of a webhook's page: its breadcrumb, its events in words, its log."""
    tenant = request.tenant
    deliveries = webhook.deliveries.newest_first()
    rows, pager = rows_and_pager(request, deliveries, ordering="-created_at", size=25)
    return {
        "breadcrumbs": [
            {"label": tenant.name, "url": reverse("engagements:tenant", args=[tenant.slug])},
            {"label": _("Webhooks"), "url": reverse("engagements:webhooks", args=[tenant.slug])},
            {"label": webhook.description or webhook.url},
        ],
        "webhook": webhook,
        "signs_with_both": len(webhook.secrets_at(timezone.now())) > 1,
        "told": [KINDS[kind] for kind in webhook.events if kind in KINDS],
        "deliveries": [_shown(row) for row in rows],
        "pager": pager,
    }


def _shown(delivery) -> dict:
    """A delivery with its event in words and the body as it goes out."""
    event = delivery.event
    words = _("Test") if event.kind == TEST else KINDS.get(event.kind, event.kind)
    body = json.dumps(payload(event), indent=2, ensure_ascii=False)
    return {"row": delivery, "words": words, "body": body, "tries": delivery.tries.all()}
