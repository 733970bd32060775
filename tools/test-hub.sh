#!/bin/sh
# Builds .venv-hub, with torch and what runs models of a hub, and runs the tests of such models in it:
#     tools/test-hub.sh [OPTION OF PYTEST]...
set -eu

python="${PYTHON:-python3}"
venv=.venv-hub
stamp="$venv/.ready"
if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ] || [ constraints.txt -nt "$stamp" ] \
    || [ constraints-torch.txt -nt "$stamp" ]; then
    "$venv/bin/python" -c 'import pip' 2>/dev/null || "$python" -m venv --clear "$venv"
    echo "murakkab: installing into $venv (some minutes and 2 GB the first time)" >&2
    export PIP_DISABLE_PIP_VERSION_CHECK=1
    "$venv/bin/python" -m pip install --quiet --upgrade "pip>=25.1"
    "$venv/bin/python" -m pip install --quiet --constraint constraints.txt --constraint constraints-torch.txt \
        --editable ".[torch,diffusers,coqui,gpu,kokoro-torch]" pytest pytest-timeout pytest-xdist hypothesis
    # What coqui-tts imports; their own dependencies would bring another torch. Those of kokoro would bring espeak.
    "$venv/bin/python" -m pip install --quiet --no-deps torchaudio==2.11.0 torchcodec==0.17.0 kokoro==0.9.4
    touch "$stamp"
fi
exec env OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" "$venv/bin/python" -m pytest tests/hub tests/profiling/test_clock.py "$@"
