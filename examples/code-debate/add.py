"""Return the sum of the two numbers a and b."""

assert add(2, 3) == 5
assert add(-4, 4) == 0
assert add(10, 0) == 10
