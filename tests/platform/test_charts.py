"""Charts are drawn from numbers by plain functions."""

from datetime import UTC, datetime, timedelta

import pytest

from lepton.lib import charts


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [
        (0, 12, True, [0, 2, 4, 6, 8, 10, 12]),
        (0, 1, True, [0, 1]),
        (3, 3, True, [3, 4, 5, 6]),
        (0.11, 0.83, False, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_ticks_are_round_numbers_that_enclose_the_data(low, high, whole, expected):
    assert charts.ticks(low, high, 6 if whole else 5, whole) == expected


def test_a_line_starts_bottom_left_and_ends_top_right_when_it_rises_over_its_whole_scale():
    chart = charts.line_chart([{"name": "accuracy", "points": [(0, 0), (1, 1)]}])
    assert chart["series"][0]["path"] == "M0 1000L1000 0"


def test_an_unknown_value_lifts_the_pen():
    points = [(0, 0), (1, 1), (2, None), (3, 1), (4, 0)]
    path = charts.line_chart([{"name": "loss", "points": points}])["series"][0]["path"]
    assert path.count("M") == 2
    assert path.count("L") == 2


def test_a_chart_without_points_has_nothing_to_draw():
    assert charts.line_chart([{"name": "loss", "points": []}])["y_ticks"] == []


def test_the_target_belongs_to_the_scale_even_far_from_the_data():
    chart = charts.line_chart([{"name": "accuracy", "points": [(0, 0.5), (1, 0.6)]}], target=0.95)
    assert chart["y_ticks"][-1] >= 0.95
    assert 0 <= float(chart["target"]) <= 1000


def test_an_interval_bar_shows_point_range_and_target_on_one_scale():
    bar = charts.interval_bar(0.95, 0.9, 0.98, target=0.85)
    assert bar["start"] == 0.8
    assert (bar["point"], bar["target"]) == ("75", "25")
    assert bar["range"] == {"x": "50", "width": "40"}


def test_a_confusion_cell_is_as_hot_as_its_share_of_the_row():
    rows = charts.confusion([[9, 1], [0, 4]], ["ants", "bees"], url=lambda a, b: f"/{a}/{b}")
    assert [cell["heat"] for cell in rows[0]["cells"]] == [9, 1]
    assert [cell["heat"] for cell in rows[1]["cells"]] == [0, 10]
    assert rows[0]["cells"][1]["url"] == "/ants/bees"
    assert rows[1]["cells"][0]["url"] is None


def test_a_rare_mistake_is_never_shown_as_none():
    assert charts.confusion([[999, 1]], ["ants", "bees"])[0]["cells"][1]["heat"] == 1


def test_the_largest_bar_fills_the_width_and_parts_follow_each_other():
    first, second = charts.bars({"ants": [6, 2], "bees": 4})
    assert first["parts"] == [{"x": "0", "width": "75"}, {"x": "75", "width": "25"}]
    assert second["parts"] == [{"x": "0", "width": "50"}]


def test_a_chart_over_time_spans_its_period_and_marks_moments():
    since = datetime(2026, 3, 1, tzinfo=UTC)
    until, noon = since + timedelta(days=4), since + timedelta(days=2)
    series = [{"name": "n", "points": [(since, 1), (noon, 2), (until, 3)]}]
    chart = charts.time_chart(series, since=since, until=until, marks=[(noon, "version 2")])
    assert [dot["at"].split()[0] for dot in chart["series"][0]["dots"]] == ["M0", "M500", "M1000"]
    assert chart["series"][0]["dots"][1]["x"] == noon
    assert chart["marks"] == [{"x": "500", "label": "version 2"}]
    assert (chart["times"][0], chart["times"][-1]) == (since, until)
