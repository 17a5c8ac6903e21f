"""What a trace is made of: stations along the way, each with its newest rows and how many."""

from dataclasses import dataclass, field
from datetime import datetime

SHOWN = 12  # rows of one station


@dataclass(frozen=True)
class Stop:
    """One row at a station; `facts` are (key, label, value)."""

    id: object
    title: str
    at: datetime | None = None
    by: str = ""
    url: str = ""
    state: str = ""
    picture: str = ""
    facts: list[tuple] = field(default_factory=list)
    is_subject: bool = False


@dataclass(frozen=True)
class Station:
    """One kind of thing along the way: how many there are, and the first of them."""

    key: str
    title: str
    icon: str
    n: int
    stops: list[Stop]
    nothing: str = ""  # what it means that there is none

    @property
    def more(self) -> int:
        return self.n - len(self.stops)


@dataclass(frozen=True)
class Column:
    """Stations side by side in the picture: what was asked for, data, model, use."""

    title: str
    stations: list[Station]


@dataclass(frozen=True)
class Trace:
    """Everything one thing hangs together with."""

    kind: str
    id: object
    title: str
    columns: list[Column]

    @property
    def stations(self) -> list[Station]:
        return [station for column in self.columns for station in column.stations]
