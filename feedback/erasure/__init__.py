"""Erasing everything of one subject: listed first, confirmed, then for good and with a receipt."""
