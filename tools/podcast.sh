#!/bin/sh
# Turns the environment variables of `make podcast` into options of `murakkab run podcast`.
# Each value is one quoted argument behind "=", so that it is data whatever it contains.
set -eu
unset MAKEFLAGS MAKEOVERRIDES MFLAGS

if [ -z "${TOPIC:-}${SOURCE:-}${SCRIPT:-}" ]; then
    TOPIC="how tides work"
fi

set -- \
    ${TOPIC:+"--topic=$TOPIC"} \
    ${SOURCE:+"--source=$SOURCE"} \
    ${SCRIPT:+"--script=$SCRIPT"} \
    ${HOSTS:+"--hosts=$HOSTS"} \
    ${DURATION:+"--duration=$DURATION"} \
    ${WIDTH:+"--width=$WIDTH"} \
    ${HEIGHT:+"--height=$HEIGHT"} \
    ${FPS:+"--fps=$FPS"} \
    ${SEED:+"--seed=$SEED"} \
    ${LLM:+"--llm=$LLM"} \
    ${RUNS:+"--runs=$RUNS"} \
    ${PORT:+"--port=$PORT"}
exec "${MURAKKAB:-.venv/bin/murakkab}" run podcast "$@"
