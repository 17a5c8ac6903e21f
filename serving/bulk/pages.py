"""What the endpoint page shows of its bulk predictions."""

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.roles import Capability, may
from serving.bulk import results, services
from serving.bulk.forms import BulkForm

SHOWN = 10


def bulk(request, endpoint) -> dict:
    """The newest ones with their progress, and the form for another."""
    may_predict = may(request.role, Capability.PREDICT)
    found = endpoint.bulk_predictions.for_lists().select_related("endpoint")[:SHOWN]
    return {
        "bulks": [_shown(one, may_predict) for one in found],
        "bulk_topic": services.topic(endpoint),
        "bulk_form": BulkForm(),
        "may_predict": may_predict,
    }


def _shown(one, may_cancel) -> dict:
    links = [(kind.upper(), _url("bulk_download", one, kind)) for kind in results.KINDS]
    has_answers = one.files_done > 0
    return {
        "row": one,
        "links": links if has_answers else [],
        "progress": None if one.has_ended else _progress(one, may_cancel),
    }


def _progress(one, may_cancel) -> dict:
    cancel = {
        "cancel_url": _url("bulk_cancel", one),
        "cancel_confirm": _("Cancel this? The answers it has stay."),
    }
    is_ending = one.cancel_requested_at is not None
    return {
        "label": _("Cancelling…") if is_ending else one.get_state_display(),
        "done": one.files_done,
        "total": one.files_total,
        "unit": _("images"),
        "eta_seconds": one.eta_seconds,
        **(cancel if may_cancel and not is_ending else {}),
    }


def _url(name, one, *more) -> str:
    address = [one.tenant.slug, one.endpoint.engagement_id, one.pk, *more]
    return reverse(f"serving:{name}", args=address)
