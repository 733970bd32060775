#!/bin/sh
# Makes sure that the programs exist which pip cannot install:  tools/system-packages.sh base|test
# As root on Debian it installs what is missing, otherwise it prints the one command and exits 2.
set -eu

missing=""
need() { # package, program
    command -v "$2" >/dev/null 2>&1 || missing="$missing $1"
}

need nodejs node
need npm npm
"${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
if [ "${1:-base}" = test ]; then
    need chromium chromium
    need firefox-esr firefox-esr
    need flite flite
    # Firefox decodes H.264 with the system's libavcodec.
    case "$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p)" in
        *libavcodec.so*) ;;
        *) missing="$missing libavcodec-extra" ;;
    esac
fi

[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "murakkab: install these programs first (named as on Debian):$missing" >&2
    exit 2
elif [ "$(id -u)" -ne 0 ]; then
    echo "murakkab: some Debian packages are missing. Run this once, then make again:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 2
fi
echo "murakkab: installing Debian packages:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
apt-get install -qq -y --no-install-recommends $missing
