"""Return the second largest of the different numbers in the list numbers."""

assert second_largest([1, 5, 3]) == 3
assert second_largest([4, 4, 2]) == 2
assert second_largest([10, -1]) == -1
