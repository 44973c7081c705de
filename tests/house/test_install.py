# SPDX-License-Identifier: BSD-3-Clause
"""What others get: exported symbols, and an installed library that a program can be built with."""
import os
import re
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ["KINISING_BUILD"]
PROGRAM = r"""
#include <kinising/kinising.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    const ki_theory_params p = {1, 1, 0.5, 0};
    ki_theory_result r;
    if (ki_theory(&p, KI_SYNC, &r) || strcmp(ki_version(), KI_VERSION_STRING)) {
        puts(ki_last_error());
        return 1;
    }
    printf("%s %.6f\n", ki_version(), r.m);
    return 0;
}
"""
CMAKE = """
cmake_minimum_required(VERSION 3.16)
project(consumer LANGUAGES C CXX)
find_package(kinising %s REQUIRED CONFIG)
add_executable(in_c program.c)
add_executable(in_cxx program.cpp)
target_link_libraries(in_c PRIVATE kinising::kinising)
target_link_libraries(in_cxx PRIVATE kinising::kinising)
"""


def sh(*command, **options):
    # The runner's path leads to the library that was built, not to the one installed.
    options.setdefault("env", {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"})
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


def promised():
    """Functions that the public headers declare with KI_API."""
    names = set()
    folder = os.path.join(ROOT, "include", "kinising")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as f:
            names |= set(re.findall(r"^KI_API[^;(]*?\b(ki_\w+)\(", f.read(), flags=re.M))
    return names


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The prefix of an installation, moved under a folder of its own as packagers do."""
    stage = tmp_path_factory.mktemp("stage")
    sh("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", str(stage))
    (pc,) = stage.rglob("kinising.pc")
    prefix = re.search(r"^prefix=(.*)$", pc.read_text(), flags=re.M).group(1)
    return str(stage), str(stage) + prefix, str(pc.parent)


def test_exports_are_what_the_headers_promise():
    if shutil.which("nm") is None:
        pytest.skip("nm is not here")
    listing = sh("nm", "-D", "--defined-only", os.path.join(BUILD, "libkinising.so"))
    exported = {line.split()[-1].split("@")[0] for line in listing.splitlines()}
    assert promised() and exported - {"_init", "_fini"} == promised()


def test_static_library_has_no_names_of_others():
    """Whoever links it statically has all of its global names in his program."""
    if shutil.which("nm") is None:
        pytest.skip("nm is not here")
    listing = sh("nm", "-g", "--defined-only", os.path.join(BUILD, "libkinising.a"))
    names = {line.split()[-1] for line in listing.splitlines() if len(line.split()) == 3}
    assert promised() <= names and {name for name in names if not name.startswith("ki_")} == set()


@pytest.mark.parametrize("compiler", ["cc", "c++"])
@pytest.mark.parametrize("kind", ["shared", "static"])
def test_program_against_the_installation(kind, compiler, installed, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(compiler + " is not here")
    _, prefix, folder = installed
    env = dict(os.environ, PKG_CONFIG_PATH=folder)
    flags = ["--define-variable=prefix=" + prefix, "--cflags", "--libs"]
    if kind == "static":
        flags.append("--static")
    found = sh("pkg-config", *flags, "kinising", env=env).split()
    libraries = os.path.dirname(folder)
    # Where the loader and pkg-config look below /usr/local, with or without Debian's own tools.
    assert libraries == os.path.join(prefix, "lib")
    assert "-L" + libraries in found
    if kind == "static":
        found = [os.path.join(libraries, "libkinising.a") if f == "-lkinising" else f
                 for f in found]
    source = tmp_path / ("program.c" if compiler == "cc" else "program.cpp")
    source.write_text(PROGRAM)
    program = str(tmp_path / "program")
    sh(compiler, str(source), "-o", program, *found)
    if kind == "shared": # it finds the library with nothing set
        assert os.path.join(libraries, "libkinising.so") in sh("ldd", program)
    assert re.fullmatch(r"\d+\.\d+\.\d+ 0\.\d{6}\n", sh(program))


def cmake(version, prefix, folder):
    if shutil.which("cmake") is None or shutil.which("c++") is None:
        pytest.skip("cmake or a C++ compiler is not here")
    for name in ("program.c", "program.cpp"):
        (folder / name).write_text(PROGRAM)
    (folder / "CMakeLists.txt").write_text(CMAKE % version)
    return subprocess.run(["cmake", "-S", folder, "-B", folder / "out", "-DCMAKE_PREFIX_PATH=" + prefix],
                          capture_output=True, text=True)


def test_cmake_programs_against_the_installation(installed, tmp_path):
    done = cmake("0.1", installed[1], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    sh("cmake", "--build", str(tmp_path / "out"))
    for name in ("in_c", "in_cxx"):
        program = str(tmp_path / "out" / name)
        assert os.path.join(installed[1], "lib", "libkinising.so") in sh("ldd", program)
        assert re.fullmatch(r"\d+\.\d+\.\d+ 0\.\d{6}\n", sh(program))


@pytest.mark.parametrize("version", ["0.0.9", "0.99", "1.0"])
def test_cmake_refuses_versions_that_are_not_promised(version, installed, tmp_path):
    done = cmake(version, installed[1], tmp_path)
    assert done.returncode != 0 and "requested version \"%s\"" % version in done.stderr, done.stderr


def test_headers_and_program_are_installed(installed):
    stage, prefix, _ = installed
    headers = set(os.listdir(os.path.join(ROOT, "include", "kinising")))
    assert set(os.listdir(os.path.join(prefix, "include", "kinising"))) == headers
    assert "version" in sh(os.path.join(prefix, "bin", "kinising"), "info")
    for name in ("man/man1/kinising.1", "man/man1/kinising-network-draw.1", "fish/vendor_completions.d/kinising.fish",
                 "bash-completion/completions/kinising", "zsh/site-functions/_kinising"):
        assert os.path.getsize(os.path.join(prefix, "share", name)) > 0


def make_install(*arguments):
    # Of its own, also where the suite itself was started by make.
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    return subprocess.run(["make", "--no-print-directory", "-C", ROOT, "install", "BUILD=" + BUILD, *arguments],
                          env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("prefix", ["relative/place", "/proc/nowhere", "/etc/passwd/x", "/proc"])
def test_place_that_cannot_be_written_is_one_sentence(prefix):
    done = make_install("PREFIX=" + prefix)
    assert done.returncode != 0 and done.stdout == ""
    said, made = done.stderr.splitlines() # the second is of make itself
    assert re.fullmatch(r"install: \S*%s\S* : .+ : .*PREFIX=.*" % prefix, said)
    assert made.startswith("make: ***")


def test_nothing_is_done_by_make_n():
    assert make_install("PREFIX=/proc/nowhere", "-n").returncode == 0


def test_commit_is_that_of_the_sources_only(tmp_path):
    """A tree unpacked inside somebody else's checkout has no commit of its own."""
    script = os.path.join(ROOT, "tools", "commit.sh")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(tmp_path)]
    sh(*git, "init", "-q")
    (tmp_path / "file").write_text("1")
    sh(*git, "add", "file")
    sh(*git, "commit", "-q", "-m", "first")
    assert re.fullmatch(r"[0-9a-f]{12}\n", sh("sh", script, str(tmp_path)))
    (tmp_path / "file").write_text("2")
    assert re.fullmatch(r"[0-9a-f]{12}-dirty\n", sh("sh", script, str(tmp_path)))
    (tmp_path / "inner").mkdir()
    inner = subprocess.run(["sh", script, str(tmp_path / "inner")], stdout=subprocess.PIPE)
    assert inner.returncode != 0 and inner.stdout == b""
