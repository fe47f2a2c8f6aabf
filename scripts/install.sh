#!/bin/sh
# Makes .venv and installs llmtui in it, with uv where there is one, else with venv and pip.
#
#     sh scripts/install.sh run    what it takes to use it
#     sh scripts/install.sh dev    and to work on it
set -eu

case ${1:-run} in
run) tools= ;;
dev) tools=dev ;;
*) echo "usage: $0 run|dev" >&2 && exit 2 ;;
esac

say() { echo "llmtui: $*" >&2; }

has_uv() { command -v uv >/dev/null 2>&1; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    say "Python 3.11 or newer is needed and was not found; name one with: make run PYTHON=/path/to/python3"
    return 1
}

make_venv() {
    if has_uv; then
        uv venv --quiet --clear --python "${PYTHON:->=3.11}" .venv
        return
    fi
    python=$(find_python)
    if ! "$python" -m venv --clear .venv; then
        rm -rf .venv
        say "$python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv"
        return 1
    fi
}

install_with() {
    if has_uv; then
        uv pip install --quiet --python .venv/bin/python --compile-bytecode -c constraints.txt -e "$1"
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e "$1"
    fi
}

# A venv that uv has made holds no pip: whoever made it installs into it.
if ! new_enough .venv/bin/python || ! { has_uv || .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    say "making .venv"
    make_venv
fi

say "installing; this takes a minute the first time"
rm -f .venv/.no-embedded
if ! install_with ".[embedded${tools:+,$tools}]"; then
    say "the embedded model's engine cannot be installed here; trying without it"
    install_with ".${tools:+[$tools]}"
    touch .venv/.no-embedded
fi
.venv/bin/python -m compileall -q src
