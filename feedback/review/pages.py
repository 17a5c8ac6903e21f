"""What the pages of the review queue show."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import holds
from accounts.roles import Capability
from engagements import pages
from feedback.receipts import settling
from feedback.receipts.models import Receipt
from feedback.review import figures, queue, services, sources, trust
from feedback.review.models import Review, ReviewItem

KEYS = 9  # classes that have a digit
# What each key does, for the legend and for static/js/review.js.
ACTIONS = [
    ("confirm", "Enter", "check", gettext_lazy("The answer is right")),
    ("reject", "x", "x", gettext_lazy("Not usable")),
    ("skip", "s", "slash", gettext_lazy("Skip: somebody else")),
]


def item_of(engagement, pk) -> ReviewItem:
    """Return an item of an engagement, or raise Http404."""
    return get_object_or_404(ReviewItem, engagement=engagement, pk=pk)


def shown(request, engagement, *, after=None, said="") -> dict:
    """The context of the queue: the item before the reader, and what the keys do."""
    context = {"engagement": engagement, "said": said, "actions": ACTIONS}
    if not holds(request, Capability.FEEDBACK):
        return context | {"item": None, "left": 0}
    who = {"manages": holds(request, Capability.MANAGE)}
    item = queue.next_for(engagement, request.user, after=after, **who)
    left = queue.for_person(engagement, request.user, **who).count()
    mine = Review.objects.answers().filter(item__engagement=engagement, created_by=request.user)
    context |= {"item": item, "left": left, "done": mine.count()}
    return context | (_item(item) if item else {})


def summary(engagement) -> dict:
    """Accuracy from reviews, advice, where items come from, and how far reviewers are relied on."""
    endpoint = engagement.endpoints.first()
    champion = endpoint and endpoint.champion and endpoint.champion.model_version
    found = figures.accuracy(engagement, champion) if champion else None
    items = ReviewItem.objects.filter(engagement=engagement)
    label = _("Accuracy in use, model version %s") % champion.number if champion else ""
    return {
        "engagement": engagement,
        "topic": services.topic_of(engagement),
        "endpoint": endpoint,
        "champion": champion,
        "metric": champion and figures.as_metric(found, label),
        "advice": [figures.in_words(one) for one in figures.advice(engagement, champion)],
        "sources": sources.counts(items.drawn()),
        "drawn": items.drawn().count(),
        "answered": items.drawn().answered().count(),
        "undecided": _undecided(engagement),
        "reviewers": trust.of_reviewers(),
    }


def whole(request, engagement, form) -> dict:
    """The context of the whole page."""
    frame = pages.frame(engagement, _("Review"))
    return frame | shown(request, engagement) | summary(engagement) | {"form": form}


def _undecided(engagement) -> dict:
    rows = Receipt.objects.filter(engagement=engagement)
    waiting = Receipt.State.SECOND_OPINION, Receipt.State.ADJUDICATION
    return {state.value: rows.filter(state=state).count() for state in waiting}


def _item(item) -> dict:
    receipt = None if item.is_gold else getattr(item.prediction, "receipt", None)
    differ = receipt is not None and receipt.state == Receipt.State.ADJUDICATION
    classes = services.classes_of(item)
    keys = [str(n + 1) if n < KEYS else "" for n in range(len(classes))]
    return {
        "classes": list(zip(keys, classes, strict=True)),
        "opinions": settling.labels_said(item.prediction) if differ else [],
    }
