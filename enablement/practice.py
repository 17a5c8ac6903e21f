"""Practice keys and what is done with them: it is seen, and counts nowhere but here."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.models import ApiKey, User
from accounts.roles import Capability
from enablement.models import PracticeAnswer, PracticeCall
from lepton.lib import live

KEY_DAYS = 14
NAME_LENGTH = ApiKey._meta.get_field("name").max_length
SCOPES = [Capability.PREDICT, Capability.FEEDBACK]


def topic(engagement_id) -> str:
    """What pages that wait for a practice call listen to."""
    return f"practice:{engagement_id}"


def make_key(*, by):
    """Make a person their own practice key in the active tenant, in place of one they had.

    Any member may: what it does counts nowhere. Returns (row, key).
    """
    if not isinstance(by, User):
        raise ValidationError(_("Practice keys are for people: sign in to make one."))
    with transaction.atomic():
        for old in keys_of(by):
            accounts.revoke_key(old, by=by)
        return accounts.create_key(
            (_("Practice of %s") % by)[:NAME_LENGTH],
            scopes=SCOPES,
            expires_at=timezone.now() + timedelta(days=KEY_DAYS),
            is_practice=True,
            by=by,
        )


def keys_of(user):
    """The practice keys of a person that still work."""
    mine = ApiKey.objects.filter(is_practice=True, created_by=user, revoked_at=None)
    return mine.filter(expires_at__gt=timezone.now())


def note_call(engagement, *, answers=(), **facts) -> PracticeCall:
    """Keep what the data plane saw: `facts` are those of a PracticeCall, `answers` unsaved rows."""
    with transaction.atomic():
        call = PracticeCall.objects.create(engagement=engagement, images=len(answers), **facts)
        for answer in answers:
            answer.call = call
        PracticeAnswer.objects.bulk_create(answers)
        live.look_again(engagement.tenant_id, topic(engagement.pk))
    return call


def answer_of(key_id, *, prediction_id=None, reference=None) -> PracticeAnswer | None:
    """Return the answer a practice key got, by its id or the newest with a reference."""
    given = {"pk": prediction_id} if prediction_id else {"reference": reference}
    found = PracticeAnswer.objects.filter(call__api_key=key_id, **given)
    return found.select_related("call__engagement").order_by("-call__at").first()


def judge(answer, *, verdict, label="", comment="") -> bool:
    """Say of a practice answer what one would say of a real one; returns whether that is new."""
    said = {"verdict": verdict, "right_label": label, "comment": comment}
    if all(getattr(answer, name) == value for name, value in said.items()):
        return False
    with transaction.atomic():
        PracticeAnswer.objects.filter(pk=answer.pk).update(**said, judged_at=timezone.now())
        answer.refresh_from_db()
        engagement = answer.call.engagement
        live.look_again(engagement.tenant_id, topic(engagement.pk))
    return True
