"""Return a list with the items of the list items without repetitions, in the order in which they first appear."""

assert unique([1, 2, 1, 3, 2]) == [1, 2, 3]
assert unique(["b", "a", "b"]) == ["b", "a"]
assert unique([]) == []
