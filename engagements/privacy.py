"""What the customer never sees: one policy for pages, API, timeline and webhooks.

Rows say it themselves (`is_private`); fields and whole kinds of rows are named here.
"""

from accounts.models import User
from engagements.models import Side

# Keys that no JSON and no page for the customer carries, wherever they occur.
PRIVATE_FIELDS = frozenset(
    {
        "budget_cents",
        "price_cents",
        "cost_cents",
        "margin_cents",
        "rate_card",
        "staff_times",
        "health",
        "health_inputs",
        "is_private",
    }
)


def side_of(request) -> Side:
    """The side a request speaks for: keys and “view as” are the customer."""
    if getattr(request, "views_as_customer", False):
        return Side.CUSTOMER
    actor = getattr(request, "actor", None) or request.user
    return Side.of(actor) if isinstance(actor, User) else Side.CUSTOMER


def person_of(request):
    """Whose page it is: nobody's in particular for staff who view it as the customer."""
    return None if getattr(request, "views_as_customer", False) else request.user


def without_private(data, side):
    """Return JSON-like `data` as people of `side` may see it: the vendor all of it."""
    if side == Side.VENDOR:
        return data
    if isinstance(data, dict):
        kept = {name: value for name, value in data.items() if name not in PRIVATE_FIELDS}
        return {name: without_private(value, side) for name, value in kept.items()}
    if isinstance(data, list):
        return [without_private(one, side) for one in data]
    return data
