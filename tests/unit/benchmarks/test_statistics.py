"""Means, intervals and percentiles."""

import pytest

from benchmarks.statistics import Latency, clustered_mean, share


def test_the_mean_is_over_values_not_over_clusters():
    mean = clustered_mean([1, 1, 1, 0], ["a", "a", "a", "b"])
    assert (mean.value, mean.count) == (0.75, 4)


def test_clusters_that_agree_leave_no_doubt():
    mean = clustered_mean([1, 0, 1, 0], ["a", "a", "b", "b"])
    assert mean.low == mean.high == 0.5


def test_two_opposite_clusters_give_the_whole_range():
    # Of the four draws of two clusters, one is all 0 and one is all 1: both ends lie inside 95%.
    mean = clustered_mean([0, 0, 1, 1], ["a", "a", "b", "b"])
    assert (mean.low, mean.high) == (0, 1)


def test_the_interval_widens_when_values_are_alike_within_clusters():
    values = [0.0, 1.0] * 20
    mixed = clustered_mean(values, [str(i // 4) for i in range(40)])
    sorted_out = clustered_mean(sorted(values), [str(i // 4) for i in range(40)])
    assert sorted_out.high - sorted_out.low > mixed.high - mixed.low


def test_one_cluster_has_no_interval_and_no_value_has_no_mean():
    alone = clustered_mean([1.0, 0.0], ["a", "a"])
    assert (alone.value, alone.low, alone.high) == (0.5, None, None)
    assert clustered_mean([], []) is None


def test_the_same_input_gives_the_same_interval():
    values, clusters = [0.1, 0.5, 0.9, 0.2], ["a", "b", "c", "d"]
    assert clustered_mean(values, clusters) == clustered_mean(values, clusters)


def test_latency_is_in_milliseconds():
    latency = Latency.of([n / 1000 for n in range(1, 102)])
    assert latency.p50 == pytest.approx(51)
    assert latency.p95 == pytest.approx(96)
    assert latency.count == 101


def test_a_share_has_the_interval_of_wilson():
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    found = share(81, 263)
    assert (round(found.low, 4), round(found.high, 4), found.count) == (0.2553, 0.3662, 263)
    nothing = share(0, 20)
    assert (nothing.value, nothing.low, round(nothing.high, 4)) == (0, 0, 0.1611)


def test_a_share_of_all_reaches_one_and_a_share_of_nothing_is_none():
    assert share(9, 9).high == pytest.approx(1)
    assert share(0, 0) is None
