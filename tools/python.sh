#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# `make python`: builds the wheel and installs it where Python finds it without settings, and says where:
# in the virtual environment VENV (made if it is not there), else in the one that is active, else among the
# user's own packages of Debian's Python, else in the environment `venv` beside this checkout.
#   tools/python.sh BUILD_DIR [VENV]      (another interpreter: PYTHON in the environment)
set -eu
build=$1 venv=${2:-}
python=${PYTHON:-/usr/bin/python3}
[ -x "$python" ] || python=$(command -v python3)

refuse() {
    echo "python: $1" >&2
    exit 1
}

# Runs a command; its output is shown only if it fails.
quietly() {
    said=$("$@" 2>&1) || {
        printf '%s\n' "$said" >&2
        refuse "$build : the package was not built or installed : see the messages above"
    }
}

mkdir -p "$build"
rm -rf "$build/wheel"
# meson-python takes a folder for configured where it has left this file of its own.
[ -f "$build/build.ninja" ] || rm -f .mesonpy-native-file.ini
quietly "$python" -m pip wheel --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --no-cache-dir \
    --config-settings "builddir=$build" --wheel-dir "$build/wheel" .

# Packages of the distribution (PEP 668, "externally managed") are left alone: pip may be told so, because
# neither a user's own folder nor a virtual environment is among them.
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore
[ -n "$venv" ] || venv=${VIRTUAL_ENV:-}
if [ -z "$venv" ] && ! "$python" -m site --user-site >/dev/null 2>&1; then
    venv=venv # this Python is told not to look there
fi
case $venv in
"" | /*) ;;
*) venv=$PWD/$venv ;;
esac
if [ -n "$venv" ]; then
    [ -x "$venv/bin/python" ] || quietly "$python" -m venv --without-pip --system-site-packages "$venv"
    outer=$python
    python=$venv/bin/python
    quietly "$outer" -m pip --python "$python" install --quiet --disable-pip-version-check --no-index --no-deps \
        --force-reinstall "$build"/wheel/*.whl
else
    quietly "$python" -m pip install --quiet --disable-pip-version-check --user --no-index --no-deps \
        --no-warn-script-location --force-reinstall "$build"/wheel/*.whl
fi
if ! said=$(cd / && "$python" -c 'import kinising; kinising.theory(1); print(kinising.__path__[0])' 2>&1); then
    right="give it numpy and cffi"
    [ -z "${PYTHONPATH:-}" ] || right="unset PYTHONPATH, which comes first, and give it numpy and cffi"
    refuse "$python : cannot use what was installed ($(printf '%s' "$said" | tail -n 1)) : $right"
fi
where="your own packages, not those of the system"
[ -z "$venv" ] || where="a virtual environment"
echo "installed into $said ($where)"
echo "try: $python -c 'import kinising as ki; print(ki.theory(beta=2, dJ=0.5).sigma)'"
