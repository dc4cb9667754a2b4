"""What is drawn, and that it is drawn."""

import struct

import pytest

from benchmarks.curves import Curve
from benchmarks.plot import draw, points_of, spread
from engram_core import InvalidInputError


def curve(recall, whole=1000.0):
    tokens = tuple(20.0 * (k + 1) for k in range(len(recall)))
    return Curve(tokens, tuple(t / whole for t in tokens), tuple(recall), whole)


def test_a_curve_goes_through_its_tokens_and_its_recall():
    assert points_of(curve([0.2, 0.4, 0.9])) == ((20, 40, 60), (0.2, 0.4, 0.9))


def test_a_point_without_tokens_has_no_place_on_a_logarithmic_axis():
    assert points_of(Curve((0.0, 5.0), (0.0, 0.1), (0.0, 0.5), 50)) == ((5,), (0.5,))


def test_labels_keep_apart_as_near_to_their_curves_as_that_allows():
    moved = spread({"a": 0.50, "b": 0.52, "c": 0.90}, gap=0.1, top=1.0)
    assert moved == pytest.approx({"b": 0.56, "a": 0.46, "c": 0.90})
    assert spread({"a": 0.9, "b": 0.2}, gap=0.1, top=1.0) == pytest.approx({"a": 0.9, "b": 0.2})


def test_labels_stay_below_the_top_and_in_order():
    moved = spread({"a": 0.99, "b": 0.99, "c": 0.98, "d": 0.97}, gap=0.1, top=1.0)
    assert moved == pytest.approx({"a": 1.0, "b": 0.9, "c": 0.8, "d": 0.7})


def drawn(axes):
    """Return the curves on axes, by colour: those with as many points as hits."""
    return [tuple(map(tuple, line.get_xydata())) for line in axes.get_lines() if len(line.get_xydata()) > 5]


def test_a_png_is_written_with_every_curve_of_every_file(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    figures = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))[1])
    rising = {"acan": [0.5, 0.6, 0.7, 0.8, 0.85, 0.9], "sum": [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]}
    found = {"one": {name: curve(y) for name, y in rising.items()}, "two": {"acan": curve(rising["acan"])}, "none": {}}
    path = tmp_path / "new" / "plot.png"
    draw(path, found, "words")
    image = path.read_bytes()
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", image[16:24])
    assert width > height > 300
    (figure,) = figures
    first, second = figure.get_axes()
    expected = {name: tuple(zip(*points_of(curve(y)), strict=True)) for name, y in rising.items()}
    assert set(drawn(first)) == set(expected.values())
    assert set(drawn(second)) == {expected["acan"]}
    assert {"acan", "sum"} <= {text.get_text() for text in first.texts}
    assert "full context\n1,000" in {text.get_text() for text in first.texts}


def test_without_a_curve_there_is_nothing_to_draw(tmp_path):
    with pytest.raises(InvalidInputError, match="evidence"):
        draw(tmp_path / "plot.png", {"empty": {}}, "words")
