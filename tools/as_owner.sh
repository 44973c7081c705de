#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs a command as the owner of the checkout (the current folder): `sudo make install` then leaves no
# files of root's among the owner's, and git takes the checkout for its own. Everybody but root, and root
# in a folder that its owner cannot write, runs the command as it is.
#   tools/as_owner.sh BUILD_DIR COMMAND [ARGUMENT ...]
set -eu
build=$1
shift
owner=$(stat -c %u . 2>/dev/null || echo 0)
if [ "$(id -u)" = 0 ] && [ "$owner" != 0 ] && command -v setpriv >/dev/null 2>&1; then
    home=$(getent passwd "$owner" | cut -d: -f6)
    groups=--init-groups
    [ -n "$home" ] || groups=--clear-groups
    be="setpriv --reuid=$owner --regid=$(stat -c %g .) $groups"
    if $be sh -c 'test -w . && { test ! -e "$1" || test -w "$1"; }' sh "$build" 2>/dev/null; then
        HOME=${home:-/} exec $be "$@"
    fi
fi
exec "$@"
