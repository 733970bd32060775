"""Return True if the text reads the same backwards, else False."""

assert is_palindrome("level") == True
assert is_palindrome("paper") == False
assert is_palindrome("") == True
