"""Return how many words the text has. Words are separated by spaces."""

assert count_words("the red fox") == 3
assert count_words("hello") == 1
assert count_words("") == 0
assert count_words("  a  b ") == 2
