"""What the page of the requirement shows, gathered from rows."""

from itertools import zip_longest

from django.utils.translation import gettext as _

from accounts.models import User
from engagements import acceptance, characteristics, pages, requirement_words, requirements
from engagements.models import Side, Signoff
from engagements.requirement_forms import ChangeForm, FullRequirementForm, as_initial
from engagements.signoffs import requirement_data
from lepton.lib import charts

NEWEST = 20


def context(engagement, user, form=None) -> dict:
    """Return the context of the page, with `form` where one came back."""
    versions = list(engagement.requirements.newest_first())
    newest, signed = versions[0] if versions else None, requirements.is_signed(engagement)
    form_class = ChangeForm if signed else FullRequirementForm
    return pages.frame(engagement, _("Requirement")) | {
        "form": form or form_class(initial=as_initial(newest)),
        "signed": signed,
        "versions": _told(versions),
        "to_sign": [acceptance.to_sign(engagement, Signoff.Kind.REQUIREMENT, user)],
        "changes": [_change(one, user) for one in _changes(engagement)],
        **_data(engagement, newest),
    }


def _told(versions):
    """Each version with its fields in words and what changed since the one before."""
    data = [requirement_data(one) for one in versions]
    return [
        {
            "requirement": one,
            "rows": requirement_words.rows(one),
            "changes": requirement_words.changes(before, now) if before else [],
        }
        for one, now, before in zip_longest(versions, data, data[1:])
    ]


def _changes(engagement):
    return engagement.change_requests.newest_first()[:NEWEST]


def _change(change, user):
    open_ = change.state == change.State.PROPOSED
    known = isinstance(user, User)  # nobody in particular: staff who view it as the customer
    mine = known and Side.of(user) == change.side
    before = requirement_data(change.based_on)
    return {
        "change": change,
        "rows": requirement_words.changes(before, change.proposed),
        "may_decide": open_ and known and not mine,
        "may_withdraw": open_ and mine,
    }


def _data(engagement, newest):
    """Stated against measured, in words and pictures."""
    found = characteristics.measured(engagement)
    if found is None or newest is None:
        return {"measured": None}
    stated = {name: round(share * 100) for name, share in newest.stated_shares.items()}
    shares = {name: round(share * 100) for name, share in found.shares.items()}
    return {
        "measured": found,
        "compared": characteristics.compared(newest, found),
        "stated_bars": charts.bars(stated),
        "measured_bars": charts.bars(shares),
    }
