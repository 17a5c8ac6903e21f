"""Words in rows: kept in English, whoever acts, and in the reader's language when shown."""

from contextlib import AbstractContextManager

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext


def in_english() -> AbstractContextManager:
    """Let what is put into words inside be in the language rows are kept in."""
    return translation.override(settings.LANGUAGE_CODE)


def kept(params: dict) -> dict:
    """Return parameters as they are kept: lazily translated words in English."""
    with in_english():
        return {k: str(v) if isinstance(v, Promise) else v for k, v in params.items()}


def shown(params: dict, names) -> dict:
    """Return kept parameters for a reader: those of `names` that are words, translated."""
    words = {k: gettext(v) for k, v in params.items() if k in names and v and isinstance(v, str)}
    return params | words
