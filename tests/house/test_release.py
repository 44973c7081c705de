# SPDX-License-Identifier: BSD-3-Clause
"""The version and its copies, and the archive of a commit."""
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import version  # noqa: E402


def sh(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture()
def copies(tmp_path):
    """Only the files that hold the version."""
    for path, _, _ in version.PLACES:
        if (ROOT / path).exists():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def test_every_copy_is_found_and_the_same(copies):
    assert list(version.differences(copies)) == []
    assert len([p for p in copies.rglob("*") if p.is_file()]) >= 5


@pytest.mark.parametrize("path, before, after", version.PLACES[1:])
def test_a_copy_that_differs_is_named(path, before, after, copies):
    if not (copies / path).exists():
        pytest.skip(path + " is not there")
    text = (copies / path).read_text()
    (copies / path).write_text(re.sub("(%s)%s" % (before, version.NUMBERS), r"\g<1>7.7.7", text, count=1, flags=re.M))
    (said,) = version.differences(copies)
    assert path in said and "7.7.7" in said


def test_a_new_version_is_written_everywhere(copies):
    version.set_version(copies, "3.14.15", datetime.date(2030, 1, 2))
    assert list(version.differences(copies)) == []
    assert 'KI_VERSION_STRING "3.14.15"' in (copies / "include/kinising/base.h").read_text()
    assert "#define KI_VERSION_MINOR 14\n" in (copies / "include/kinising/base.h").read_text()
    assert "date-released: 2030-01-02\n" in (copies / "CITATION.cff").read_text()
    changes = (copies / "CHANGELOG.md").read_text()
    assert changes.startswith("# Changes\n\n## 3.14.15 (unreleased)\n\n## 0.")
    before = {p: p.read_bytes() for p in copies.rglob("*") if p.is_file()}
    version.set_version(copies, "3.14.15", datetime.date(2030, 1, 2))
    assert before == {p: p.read_bytes() for p in copies.rglob("*") if p.is_file()}


@pytest.mark.parametrize("wrong, right", [("v2", []), ("2030-13-01", ["0.2.0"])])
def test_what_is_no_version_or_date_is_refused(wrong, right, copies):
    (copies / "tools").mkdir()
    program = shutil.copy(ROOT / "tools" / "version.py", copies / "tools")
    done = subprocess.run([sys.executable, "-B", program, *right, wrong], capture_output=True, text=True)
    assert done.returncode == 1 and re.fullmatch(r"version: %s : .* : .*\n" % wrong, done.stderr)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The archive of the commit, made twice."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    folders = [tmp_path_factory.mktemp("dist") for _ in range(2)]
    for folder, mask in zip(folders, (0o022, 0o077)):
        sh("sh", "-c", "umask %o; exec sh %s %s" % (mask, ROOT / "tools" / "dist.sh", folder))
    (one,), (two,) = (list(folder.iterdir()) for folder in folders)
    assert one.name == two.name and one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as f:
        f.extractall(folders[0] / "unpacked")
    return folders[0] / "unpacked" / one.name.removesuffix(".tar.gz")


def test_archive_holds_what_is_committed(archive):
    tracked = set(sh("git", "-C", ROOT, "ls-tree", "-r", "--name-only", "HEAD").splitlines())
    held = {str(p.relative_to(archive)) for p in archive.rglob("*") if p.is_file()}
    assert held == tracked and archive.name == "kinising-" + version.find(ROOT, *version.PLACES[0])


def test_archive_knows_its_commit(archive):
    commit = sh("git", "-C", ROOT, "rev-parse", "HEAD")[:12]
    assert sh("sh", archive / "tools" / "commit.sh", archive) == commit + "\n"


def test_archive_is_configured_and_checked(archive, tmp_path):
    sh("meson", "setup", tmp_path / "build", archive, "-Dtests=false", env={**os.environ, "LC_ALL": "C"})
    for checker in ("docs", "commits"):
        sh(sys.executable, "-B", archive / "tools" / ("check_%s.py" % checker))


def paragraphs(path):
    """Fields of the paragraphs of a file such as debian/control."""
    for text in (ROOT / path).read_text().strip().split("\n\n"):
        yield {m.group(1): m.group(2) for m in re.finditer(r"^([\w-]+):((?:.*)(?:\n .*)*)", text, flags=re.M)}


def names(field):
    return [re.match(r"\s*([\w.+-]+)", part).group(1) for part in field.strip(", \n").split(",")]


def test_debian_needs_what_the_setup_installs():
    """`make deb` installs by tools/setup.sh what dpkg-buildpackage asks for by debian/control."""
    source, *_ = paragraphs("debian/control")
    lists = re.findall(r'^(?:build|python|deb)="([^"]*)"', (ROOT / "tools" / "setup.sh").read_text(), flags=re.M)
    installed = set(re.split(r"[\s|]+", " ".join(lists))) | {"debhelper-compat", "dh-sequence-python3"}
    # What every package needs is not named in debian/control.
    assert len(lists) == 3 and set(names(source["Build-Depends"])) | {"build-essential"} <= installed


def test_recipes_name_packages_that_there_are():
    _, *binaries = paragraphs("debian/control")
    made = {p["Package"].strip() for p in binaries}
    assert {"kinising", "libkinising0", "libkinising-dev", "python3-kinising"} <= made
    recipe = (ROOT / "packaging" / "container" / "Containerfile").read_text()
    used = set(re.findall(r"/debs/([\w-]+)_\*\.deb", recipe))
    assert used and used <= made
    for test in paragraphs("debian/tests/control"):
        ours = {n for n in names(test["Depends"]) if "kinising" in n}
        assert ours and ours <= made
        for script in test["Tests"].split():
            assert os.access(ROOT / "debian" / "tests" / script, os.X_OK)
    for path in (ROOT / "debian").glob("*.install"):
        assert path.stem in made


def test_debians_trial_of_python_is_right_of_the_package_here():
    """At least what needs no library of it: names that it uses are there."""
    text = (ROOT / "debian" / "tests" / "python").read_text()
    program = re.search(r"<<'PROGRAM'\n(.*?)PROGRAM\n", text, flags=re.S).group(1)
    imports = "".join(line + "\n" for line in program.splitlines() if line.startswith("import "))
    used = set(re.findall(r"\b(?:ki|kinising)\.(\w+)", program)) - {"reference"}
    check = imports + "assert all(hasattr(ki, n) for n in %r) and kinising.reference.steady_state" % sorted(used)
    sh(sys.executable, "-B", "-c", check, env={**os.environ, "PYTHONPATH": str(ROOT / "python")})


def test_licence_of_debian_is_the_licence():
    def words(text):
        return [word for word in text.split() if word != "."]
    text = (ROOT / "debian" / "copyright").read_text()
    licence = (ROOT / "LICENSE").read_text()
    assert words(text.split("License: BSD-3-Clause\n")[-1]) == words(licence.split("authors\n", 1)[1])
