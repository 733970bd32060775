"""Return the largest number in the list numbers."""

assert largest([3, 9, 2]) == 9
assert largest([-5, -1, -7]) == -1
assert largest([4]) == 4
