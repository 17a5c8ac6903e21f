"""What a setting of a method is: its words, its limits, and how a search may choose it."""

from dataclasses import dataclass, field, fields
from types import UnionType
from typing import get_args, get_origin


@dataclass(frozen=True)
class Between:
    """A search draws from [low, high]; with `log` evenly over orders of magnitude."""

    low: float
    high: float
    log: bool = False
    method: str = ""  # searched for this method only; empty: for all that have the setting


@dataclass(frozen=True)
class AnyOf:
    """A search draws one of these; without any, one of the setting's own choices."""

    choices: tuple = ()
    method: str = ""


def setting(default, label: str, help: str, *, search: Between | AnyOf | None = None, **limits):
    """A dataclass field with label, help and min, max or choices for whoever builds a form from
    it; `search` says how a hyper-parameter search may choose it, None that people do. `versions`
    ("one" or "many") marks a setting that names other model versions."""
    words = {"label": label, "help": help, "search": search, **limits}
    return field(default=default, metadata=words)


def searched(kind: type, method: str) -> dict[str, Between | AnyOf]:
    """The settings of dataclass `kind` that a search of `method` chooses, and from what."""
    found = {}
    for item in fields(kind):
        how = item.metadata["search"]
        if how is not None and how.method in ("", method):
            own = item.metadata.get("choices", ())
            found[item.name] = AnyOf(how.choices or own) if isinstance(how, AnyOf) else how
    return found


def checked(item, value):
    """Return `value` in the field's type, or raise ValueError naming the field."""
    kinds = get_args(item.type) if isinstance(item.type, UnionType) else (item.type,)
    if value is None and type(None) in kinds:
        return None
    if get_origin(kinds[0]) is tuple:
        return _texts(item.name, value)
    value = _converted(item.name, kinds[0], value)
    limits = item.metadata
    if "choices" in limits and value not in limits["choices"]:
        raise ValueError(
            f"{item.name}: {value!r} is not one of {', '.join(map(str, limits['choices']))}."
        )
    if "min" in limits and not limits["min"] <= value <= limits["max"]:
        raise ValueError(
            f"{item.name}: {value} is not between {limits['min']} and {limits['max']}."
        )
    return value


def _texts(name: str, value) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{name}: {value!r} is not a list of texts.")
    return tuple(value)


def _converted(name: str, kind: type, value):
    if isinstance(value, bool) or (kind is str and not isinstance(value, str)):
        raise ValueError(f"{name}: {value!r} is not a {kind.__name__}.")
    try:
        converted = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: {value!r} is not a number.") from None
    if kind is int and isinstance(value, float) and converted != value:
        raise ValueError(f"{name}: {value!r} is not a whole number.")
    return converted
