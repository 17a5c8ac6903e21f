"""An engagement's economics as a table for spreadsheets: the lines of the page, nothing else."""

import csv
import io
from decimal import Decimal

from django.utils.translation import gettext as _

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(found) -> str:
    """Return economics.compute's answer as CSV: a row per line, then the totals."""
    file = io.StringIO()
    writer = csv.writer(file)
    head = [_("Engagement"), _("Iteration"), _("Usage"), _("Amount"), _("Unit"), _("Rate")]
    writer.writerow([*head, _("Cost"), _("Currency"), _("Note")])
    name, currency = found.engagement.name, found.currency
    for line in found.lines:
        row = [name, line.iteration, line.title, _amount(line.amount), line.unit]
        row += [_units(line.rate_cents), money(line.cost_cents), currency, line.note]
        writer.writerow(map(harmless, row))
    writer.writerow(map(harmless, _total(name, _("Total"), found.cost_cents, currency)))
    return file.getvalue()


def harmless(cell):
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    is_text = isinstance(cell, str)
    return f"'{cell}" if is_text and cell.startswith(STARTS_A_FORMULA) else cell


def money(cents):
    """Return cents as units with two decimals, exact; nothing stays empty."""
    return "" if cents is None else Decimal(cents).scaleb(-2)


def _total(name, label, cents, currency):
    return [name, "", label, "", "", "", money(cents), currency, ""]


def _amount(amount):
    return "" if amount is None else amount


def _units(cents):
    return "" if cents is None else Decimal(cents).scaleb(-2)
