"""Return the product of all whole numbers from 1 to n; for 0 it is 1."""

assert factorial(0) == 1
assert factorial(1) == 1
assert factorial(5) == 120
