#!/bin/sh
# Runs the quick tests: two files at a time, then those that measure real time, each alone.
#
#     tools/test.sh PYTEST [OPTION]...
set -u
pytest=$1
shift

# Status 5 says that the options chose no test of this half.
"$pytest" -m "not soak and not alone" -n 2 --dist loadfile "$@"
together=$?
"$pytest" -m "not soak and alone" "$@"
alone=$?
case "$together-$alone" in
    5-5) echo "no test was chosen" >&2; exit 5 ;;
    0-0 | 0-5 | 5-0) exit 0 ;;
esac
exit 1
