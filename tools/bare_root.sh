#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What README promises, on a machine that has nothing: makes a minimal root of this machine's Debian,
# clones the committed state of the checkout into it and runs targets there, as root and as a user with
# sudo. Needs root, debootstrap and the mirror that apt here is configured with.
#
#   tools/bare_root.sh [-u root|user] [TARGET ...]     (default: both, install)
#
# TARGET: install (README's lines under "From C" too), python (and the lines under "From Python"), wheel and
# deb (made there, then installed and tried in a second bare root without compilers), dist (the archive is
# unpacked and checked), anything else is a target of the Makefile. The bare root and the packages stay in $BARE_ROOT_CACHE
# (default ~/.cache/kinising-bare-root) for the next run; remove it to begin anew. All mounts and processes
# live in namespaces that end with this script, whatever ends it.
set -eu

if [ "${BARE_ROOT_INSIDE:-}" = "" ]; then
    cd "$(dirname "$0")/.."
    [ "$(id -u)" = 0 ] || { echo "bare_root: needs root : run it with sudo" >&2; exit 1; }
    for program in debootstrap unshare git apt-get; do
        command -v $program >/dev/null || { echo "bare_root: $program is missing : apt-get install it" >&2; exit 1; }
    done
    exec unshare --mount --pid --fork --kill-child --mount-proc env BARE_ROOT_INSIDE=1 sh "$0" "$@"
fi

who="root user"
if [ "${1:-}" = -u ]; then
    who=$2
    shift 2
fi
[ $# -gt 0 ] || set -- install
cache=${BARE_ROOT_CACHE:-$HOME/.cache/kinising-bare-root}
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
base=$cache/$release
mkdir -p "$cache/packages"
exec 9>"$cache/lock" # one run at a time: they share the packages
flock 9
rm -rf --one-file-system "$cache"/run.* # of a run that was killed

# Lines "mirror suite" of what apt here installs Debian from.
sources() {
    apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v r="$release" '$3 == "main" && ($2 == r || $2 == r "-updates" || $2 == r "-security") { print $1, $2 }' |
        sort -u
}

if [ ! -d "$base" ]; then
    mirror=$(sources | awk -v r="$release" '$2 == r { print $1; exit }')
    [ -n "$mirror" ] || { echo "bare_root: no mirror of $release in /etc/apt : run apt-get update" >&2; exit 1; }
    echo "bare_root: making $base"
    rm -rf "$base.part"
    debootstrap --variant=minbase "$release" "$base.part" "$mirror" >"$cache/debootstrap.log" 2>&1 ||
        { tail -n 20 "$cache/debootstrap.log" >&2; exit 1; }
    sources | sed 's/^/deb /; s/$/ main/' >"$base.part/etc/apt/sources.list"
    mv "$base.part" "$base"
fi

# What README says must be there before, and no more.
before="git make ca-certificates"
root=$(mktemp -d "$cache/run.XXXXXX")
unmount() {
    # Nothing that a target left running holds them.
    umount -R "$root" 2>/dev/null || umount -R -l "$root" 2>/dev/null || true
}
trap 'unmount; rm -rf --one-file-system "$root"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The lines that README shows under the heading $1, in its block number $2.
shown() {
    awk -v heading="## $1" -v block="$2" '
        /^## / { here = $0 == heading }
        /^```/ { fenced = !fenced }
        !here || fenced { next }
        /^    / && !inside { inside = 1; n++ }
        !/^    / { inside = 0 }
        inside && n == block { print substr($0, 5) }' README.md | grep . ||
        { echo "bare_root: README has no block $2 under \"$1\"" >&2; exit 1; }
}

# Runs the script on stdin as $1 in the root; what it starts reads nothing of it.
as() {
    cat >"$root/script.sh"
    run="chroot $root"
    home=/root
    if [ "$1" != root ]; then
        run="$run setpriv --reuid=1000 --regid=1000 --init-groups"
        home=/home/user
    fi
    $run env -i HOME=$home USER="$1" PATH="$path" TERM=dumb sh -eux /script.sh </dev/null
}
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

make_root() {
    unmount
    rm -rf --one-file-system "$root"
    cp -a "$base" "$root"
    mount --bind "$root" "$root" # so that all of it can be unmounted by one name
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root/dev/shm" "$root/dev/pts"
    ln -s /proc/self/fd "$root/dev/fd"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    mount --bind "$cache/packages" "$root/var/cache/apt/archives"
    for file in /etc/resolv.conf /etc/hosts; do
        [ ! -e $file ] || cat $file >"$root$file"
    done
    apt-config dump | grep -i 'Acquire::.*Proxy' >"$root/etc/apt/apt.conf.d/99proxy" || true
    echo 'APT::Keep-Downloaded-Packages "true";' >"$root/etc/apt/apt.conf.d/99keep"
    git bundle create -q "$root/kinising.bundle" HEAD
}

# What $person is to type for the target $1.
script_of() {
    echo "cd ~/kinising"
    case $1 in
    install)
        if [ -n "$sudo" ]; then
            echo "make build"
            # Without permission: one sentence of ours, nothing of the build tool's.
            echo 'if make install >/tmp/said 2>&1; then exit 1; fi; cat /tmp/said'
            echo 'test "$(grep -c "^install: /usr/local.* : .* : " /tmp/said)" = 1; test "$(wc -l </tmp/said)" = 2'
            shown "From C" 2
            echo "unset PKG_CONFIG_PATH; cd ..; rm examples/a.out"
            shown "From C" 1 | sed 's/^make install/sudo make install/'
            echo 'cd ..; test -z "$(find . ! -user user)"'
            echo "git status --porcelain | { ! grep . ; }"
        else
            shown "From C" 1
        fi
        echo "kinising theory --beta 2 --dJ 0.5"
        ;;
    python) shown "From Python" 1 ;;
    wheel)
        echo "sh tools/setup.sh python"
        shown "From Python" 2
        echo "/usr/bin/python3 -m pip wheel --no-build-isolation --no-index --no-deps --wheel-dir dist ."
        ;;
    deb) echo "make deb" ;;
    dist)
        echo "make dist"
        echo "tar xzf dist/*.tar.gz; cd kinising-*/"
        echo "make build && build/kinising info | grep -x \"commit: \$(git -C .. rev-parse HEAD | cut -c 1-12)\""
        echo "make check"
        ;;
    *) echo "make $1" ;;
    esac
}

# Packages that root installs before the target $1 is begun.
more_packages() {
    case $1 in
    wheel) echo python3-venv ;;
    deb) echo lintian ;;
    esac
}

# What is done with what $1 has made, in /made, in a bare root: by root, then by the person.
trial_of_root() {
    echo "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update"
    case $1 in
    wheel)
        echo "apt-get -qq install -y --no-install-recommends python3-venv python3-numpy python3-cffi" \
            "libopenblas0-pthread libhdf5-103 >/dev/null"
        ;;
    deb)
        echo "apt-get -qq install -y --no-install-recommends /made/*.deb >/dev/null"
        echo "man -w kinising >/dev/null 2>&1 || test -f /usr/share/man/man1/kinising.1.gz || test ! -d /usr/share/man/man1"
        for trial in program python; do
            echo "sh /made/tests/$trial"
        done
        echo "apt-get -qq install -y --no-install-recommends gcc g++ cmake make pkg-config libc6-dev >/dev/null"
        echo "sh /made/tests/library"
        ;;
    esac
}
trial_of_person() {
    case $1 in
    wheel)
        echo "cd; python3 -m venv --system-site-packages env"
        echo "env/bin/pip install --no-index /made/*.whl"
        echo "env/bin/python /made/tests/python.py"
        echo "env/bin/pip uninstall -y kinising; ! env/bin/python -c 'import kinising'"
        ;;
    deb) echo "sh /made/tests/program; sh /made/tests/python" ;;
    esac
}

# A bare root for $person in which the checkout lies, with the packages "$@" besides.
prepare() {
    make_root
    sudo=
    if [ "$person" = user ]; then
        sudo=sudo
        chroot "$root" useradd -m -s /bin/sh -u 1000 user
    fi
    echo "apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $before $sudo $* >/dev/null" |
        as root
    [ -z "$sudo" ] || echo 'user ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/user"
    echo "cd; git -c advice.detachedHead=false clone -q /kinising.bundle kinising" | as "$person"
}

run_target() {
    echo "bare_root: $1 as $person"
    script=$(script_of "$1")
    echo "$script" | as "$person"
}

# Makes the target $1 in a root of its own, and tries what was made in another one.
make_and_try() {
    prepare $(more_packages "$1")
    run_target "$1"
    home=root
    [ "$person" = root ] || home=home/user
    made=$(mktemp -d "$cache/run.XXXXXX")
    find "$root/$home/kinising/dist" \( -name '*.whl' -o -name '*.deb' ! -name '*-dbgsym_*' \) -exec cp {} "$made" \;
    cp -r debian/tests "$made/tests"
    # The Python of the trial, without the system's interpreter around it.
    sed -n "/^import/,/^print/p" debian/tests/python >"$made/tests/python.py"
    make_root
    [ "$person" = root ] || chroot "$root" useradd -m -s /bin/sh -u 1000 user
    mv "$made" "$root/made"
    chmod -R a+rX "$root/made"
    echo "bare_root: what $1 made, in another root, as $person"
    trial_of_root "$1" | as root
    trial_of_person "$1" | as "$person"
}

run_as() {
    person=$1
    shift
    together=
    for target; do
        case $target in
        wheel | deb) make_and_try "$target" ;;
        *) together="$together $target" ;;
        esac
    done
    if [ -n "$together" ]; then
        prepare
        for target in $together; do
            run_target "$target"
        done
    fi
    echo "bare_root: all well as $person: $*"
}

for person in $who; do
    run_as "$person" "$@"
done
