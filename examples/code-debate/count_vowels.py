"""Return how many vowels (a, e, i, o, u) the text has."""

assert count_vowels("banana") == 3
assert count_vowels("sky") == 0
assert count_vowels("education") == 5
