"""Where people read what a service refuses: in the form that asked for it, or above the page."""

from contextlib import contextmanager

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError


class Conflict(ValidationError):
    """A refusal because of how things stand: the API answers 409, with `members` beside it."""

    def __init__(self, message, **members):
        super().__init__(message)
        self.members = members


@contextmanager
def refusals_in(form):
    """Turn a ValidationError of the block into errors of `form`; the block ends there."""
    try:
        yield
    except ValidationError as error:
        refuse(form, error)


@contextmanager
def refusals_told(request):
    """Turn a ValidationError of the block into messages on the next page; the block ends there."""
    try:
        yield
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)


def refuse(form, error: ValidationError) -> None:
    """Add the messages of `error` to the fields they name, or to the form as a whole."""
    named = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: [error]}
    for name, errors in named.items():
        form.add_error(name if name in form.fields else None, errors)
