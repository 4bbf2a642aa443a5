import pytest

from metric_collection.measuring.buckets import count_bucket, duration_bucket, size_bucket


@pytest.mark.parametrize(
    ("number", "bucket"),
    [
        (0, "0"),
        (1, "1"),
        (2, "2-4"),
        (4, "2-4"),
        (5, "5-9"),
        (9, "5-9"),
        (10, "10-19"),
        (19, "10-19"),
        (20, "20-49"),
        (49, "20-49"),
        (50, "50-99"),
        (99, "50-99"),
        (100, "100-199"),
        (1234, "1000-1999"),
        (999_999, "500000-999999"),
        (1_000_000, "1000000-1999999"),
    ],
)
def test_a_count_falls_into_the_series_1_2_5(number, bucket):
    assert count_bucket(number) == bucket


def test_every_number_falls_into_the_bucket_that_holds_it():
    for number in range(2, 3000):
        low, high = map(int, count_bucket(number).split("-"))
        assert low <= number <= high
        assert count_bucket(low) == count_bucket(high)


def test_less_than_nothing_is_no_count():
    with pytest.raises(ValueError):
        count_bucket(-1)


@pytest.mark.parametrize(
    ("size", "bucket"),
    [
        (0, "0 bytes"),
        (999, "500-999 bytes"),
        (1000, "1 kB"),
        (999_999, "500-999 kB"),
        (8_589_934_592, "5-9 GB"),
        (10**19, "10-19 EB"),
    ],
)
def test_a_size_is_told_in_the_largest_unit_that_fits(size, bucket):
    assert size_bucket(size) == bucket


def test_even_an_absurd_size_has_a_bucket():
    assert size_bucket(10**30) == "1000000000000-1999999999999 EB"


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (0, "0-9 ms"),
        (0.00999, "0-9 ms"),
        (0.01, "10-29 ms"),
        (0.2, "100-299 ms"),
        (2.9, "1000-2999 ms"),
        (9.9, "3000-9999 ms"),
        (10, "10000- ms"),
        (3600, "10000- ms"),
    ],
)
def test_a_duration_falls_into_one_of_eight_buckets(seconds, bucket):
    assert duration_bucket(seconds) == bucket
