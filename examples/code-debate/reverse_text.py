"""Return the text backwards."""

assert reverse_text("abc") == "cba"
assert reverse_text("") == ""
assert reverse_text("ab ba!") == "!ab ba"
