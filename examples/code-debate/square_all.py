"""Return a list with the square of every number in the list numbers."""

assert square_all([1, 2, 3]) == [1, 4, 9]
assert square_all([]) == []
assert square_all([-2]) == [4]
