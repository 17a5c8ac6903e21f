"""Geometry of charts: numbers in, SVG coordinates out, on a canvas of 1000 by 1000."""

import math
from collections.abc import Sequence

SIDE = 1000


def ticks(low: float, high: float, most: int = 5, whole: bool = False) -> list[float]:
    """Evenly spaced round numbers (`whole`: integers) whose first and last enclose [low, high]."""
    if high <= low:
        high = low + (abs(low) or 1)
    raw = (high - low) / most
    unit = 10 ** math.floor(math.log10(raw))
    steps = (unit * m for m in (1, 2, 2.5, 5, 10))
    step = next(s for s in steps if s >= raw * (1 - 1e-9) and (not whole or s == int(s)))
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    marks = [round(i * step, 10) for i in range(first, last + 1)]
    return [int(mark) for mark in marks] if whole else marks


def line_chart(
    series: Sequence[dict], *, y_range=None, target=None, whole_x: bool = True, x_ticks=None
) -> dict:
    """Paths, dots and ticks of a line chart.

    Each of `series` has a name and points, (x, y) or (x, y, low, high); y None breaks the line.
    `y_range` widens the scale to (low, high); `target` is drawn as a rule across; `x_ticks` are
    chosen by the points unless given.
    """
    points = [p for one in series for p in one["points"] if p[1] is not None]
    if not points:
        return {"series": [], "x_ticks": [], "y_ticks": [], "rules": [], "target": None}
    values = [v for p in points for v in p[1:] if v is not None] + list(y_range or ())
    values += [] if target is None else [target]
    y_ticks = ticks(min(values), max(values), 4)
    x_low, x_high = min(p[0] for p in points), max(p[0] for p in points)
    x_ticks = x_ticks or ticks(x_low, x_high, 6, whole_x)
    x = _scale(x_ticks[0], x_ticks[-1], 0, SIDE)
    y = _scale(y_ticks[0], y_ticks[-1], SIDE, 0)
    return {
        "series": [_series(one, number, x, y) for number, one in enumerate(series, 1)],
        "x_ticks": x_ticks,
        "y_ticks": y_ticks,
        "rules": [_n(y(v)) for v in y_ticks],
        "target": None if target is None else _n(y(target)),
    }


def time_chart(series: Sequence[dict], *, since, until, marks=(), **options) -> dict:
    """A line chart whose x are moments from `since` to `until`; its `times` name them.

    `marks` are (moment, label) pairs, drawn as rules upright: when something else began.
    """
    span = (until - since).total_seconds()

    def place(moment):
        return (moment - since).total_seconds() / span

    placed = [one | {"points": [(place(x), *rest) for x, *rest in one["points"]]} for one in series]
    quarters = [0, 0.25, 0.5, 0.75, 1]
    chart = line_chart(placed, x_ticks=quarters, **options)
    for one in chart["series"]:
        for dot in one["dots"]:
            dot["x"] = since + (until - since) * dot["x"]
    chart["times"] = [since + (until - since) * share for share in quarters]
    chart["marks"] = [{"x": _n(place(at) * SIDE), "label": label} for at, label in marks]
    return chart


def _series(one, number, x, y):
    known = [p for p in one["points"] if p[1] is not None]
    band = [p for p in known if len(p) == 4 and p[2] is not None]
    return {
        "name": one["name"],
        "number": (number - 1) % 4 + 1,
        "path": _path(one["points"], x, y),
        "band": _band(band, x, y) if len(band) > 1 else "",
        "dots": [{"at": f"M{_n(x(p[0]))} {_n(y(p[1]))}h0", "x": p[0], "y": p[1]} for p in known],
        "last": known[-1][1] if known else None,
    }


def _path(points, x, y):
    """An SVG path that lifts the pen where y is unknown."""
    parts, down = [], False
    for point in points:
        if point[1] is None:
            down = False
            continue
        parts.append(f"{'L' if down else 'M'}{_n(x(point[0]))} {_n(y(point[1]))}")
        down = True
    return "".join(parts)


def _band(points, x, y):
    there = [f"{_n(x(p[0]))} {_n(y(p[3]))}" for p in points]
    back = [f"{_n(x(p[0]))} {_n(y(p[2]))}" for p in reversed(points)]
    return "M" + "L".join(there + back) + "Z"


def _scale(low, high, start, end):
    return lambda value: start + (value - low) / ((high - low) or 1) * (end - start)


def _n(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")


def sparkline(values: Sequence[float]) -> str:
    """A path through `values`, scaled to fill the canvas."""
    if len(values) < 2:
        return ""
    x = _scale(0, len(values) - 1, 0, SIDE)
    y = _scale(min(values), max(values), SIDE, 0)
    return _path(list(enumerate(values)), x, y)


def interval_bar(value, low=None, high=None, target=None) -> dict:
    """Positions in per cent of a share, its interval and its target on one scale.

    The scale begins at the tenth below everything shown and ends at 1, and both ends are returned.
    """
    shown = [v for v in (value, low, target) if v is not None]
    start = max(0.0, math.floor(min(shown) * 10 - 0.5) / 10) if shown else 0.0
    place = _scale(start, 1.0, 0, 100)
    bar = {"start": start, "end": 1.0, "range": None, "point": None, "target": None}
    if low is not None and high is not None:
        bar["range"] = {"x": _n(place(low)), "width": _n(max(place(high) - place(low), 0.5))}
    if value is not None:
        bar["point"] = _n(place(value))
    if target is not None:
        bar["target"] = _n(place(target))
    return bar


def bars(counts: dict) -> list[dict]:
    """Rows of bars from {label: count} or {label: [counts of parts]}; the largest is full."""
    parts = {k: list(v) if isinstance(v, (list, tuple)) else [v] for k, v in counts.items()}
    place = _scale(0, max((sum(v) for v in parts.values()), default=0) or 1, 0, 100)
    return [
        {
            "label": label,
            "count": sum(row),
            "parts": [
                {"x": _n(place(sum(row[:i]))), "width": _n(place(n))} for i, n in enumerate(row)
            ],
        }
        for label, row in parts.items()
    ]


def confusion(matrix: Sequence[Sequence[int]], labels: Sequence[str], url=None) -> list[dict]:
    """Rows of a confusion matrix (truth down, answer across).

    Each cell has n, its share of the row and a heat of 0 to 10.
    `url(true_label, predicted_label)` gives a cell's address, or None.
    """
    rows = []
    for i, counts in enumerate(matrix):
        total = sum(counts)
        cells = [
            _cell(n, total, i == j, url and n and url(labels[i], labels[j]))
            for j, n in enumerate(counts)
        ]
        rows.append({"label": labels[i], "total": total, "cells": cells})
    return rows


def _cell(n, total, right, url):
    share = n / total if total else 0.0
    heat = max(1, round(share * 10)) if n else 0
    return {"n": n, "share": share, "heat": heat, "right": right, "url": url or None}


def ring(n: int, radius: float = 0.86) -> list[dict]:
    """`n` marks on a circle, clockwise from the top: {x, y, path} in a canvas of 1000 by 1000.

    `path` is the arc from a mark to the next one.
    """
    middle, reach = SIDE / 2, SIDE / 2 * radius
    angles = [2 * math.pi * i / n - math.pi / 2 for i in range(n)]
    points = [(middle + reach * math.cos(a), middle + reach * math.sin(a)) for a in angles]
    return [
        {
            "x": f"{x:.1f}",
            "y": f"{y:.1f}",
            "path": f"M{x:.1f} {y:.1f}A{reach:.1f} {reach:.1f} 0 0 1 {to[0]:.1f} {to[1]:.1f}",
        }
        for (x, y), to in zip(points, [*points[1:], points[0]], strict=True)
    ]
