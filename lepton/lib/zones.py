"""Clocks of people: zones by their names, and when a day on one begins and ends."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def zone_named(name: str | None) -> ZoneInfo | None:
    """The zone of that name in the IANA database, if there is one."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # what is no name, or leads somewhere else
        return None


def bounds_of(day: date, zone=UTC) -> tuple[datetime, datetime]:
    """When a day begins on a zone's clock, and when the next one does."""
    day = min(day, date.max - timedelta(days=1))
    first, second = (
        datetime.combine(one, time.min, zone) for one in (day, day + timedelta(days=1))
    )
    return first, second
