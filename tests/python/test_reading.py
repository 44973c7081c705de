# SPDX-License-Identifier: BSD-3-Clause
"""Files that numpy and h5py write are read exactly; what cannot be read is refused in one sentence.

The program reader_dump prints what the library read; it is named by KINISING_TEST_READER_DUMP or found in
a build folder of this checkout.
"""

import ctypes
import io
import os
import pathlib
import subprocess
import zipfile
import zlib

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOAT, INT, STRING, INT8 = "1", "2", "3", "4"


def find_dump():
    named = os.environ.get("KINISING_TEST_READER_DUMP")
    if named:
        return named
    found = sorted(ROOT.glob("build*/tests/unit/reader_dump"), key=lambda p: p.stat().st_mtime)
    return found[-1] if found else None


def read(path):
    """{name: (type, shape, list of values) or the sentence}, or the sentence about the whole file."""
    if find_dump() is None:
        pytest.skip("reader_dump is not built")
    done = subprocess.run([find_dump(), path], stdout=subprocess.PIPE, check=False, timeout=60)
    text = done.stdout.decode()
    assert done.returncode in (0, 2), done
    if done.returncode == 2:
        assert text.count("\n") == 1 and text.count(" : ") >= 2
        return text
    arrays = {}
    for line in text.splitlines():
        name, kind, rest = line.split(" ", 2)
        if kind == "!":
            assert rest.count(" : ") == 2
            arrays[name] = rest
            continue
        shape, _, values = rest.partition(" ")
        arrays[name] = (kind, eval(shape), [value(kind, v) for v in values.split()])  # noqa: S307
    return arrays


def value(kind, text):
    if kind == FLOAT:
        return float.fromhex(text)
    return bytes.fromhex(text[1:]).rstrip(b"\0").decode() if kind == STRING else int(text)


def kind_of(x):
    if x.dtype.kind == "f":
        return FLOAT
    if x.dtype.kind in "US":
        return STRING
    return INT8 if x.dtype.kind == "b" or x.dtype == np.int8 else INT


def same(got, x):
    assert not isinstance(got, str), got
    kind, shape, values = got
    x = np.asarray(x)
    assert (kind, shape) == (kind_of(x), x.shape)
    if kind == FLOAT:
        back = np.array(values, dtype=float)
        assert back.tobytes() == x.astype(float).ravel().tobytes() or np.array_equal(
            back, x.astype(float).ravel(), equal_nan=True)
    elif kind == STRING:
        want = [v.decode() if isinstance(v, bytes) else str(v) for v in x.ravel()]
        assert values == want
    else:
        assert values == [int(v) for v in x.ravel()]


RNG = np.random.default_rng(5)
SPECIAL = np.array([np.nan, np.inf, -np.inf, -0.0, 0.1, 6e-8, -65504])


def numbers():
    arrays = {}
    for order in "<>":
        for size in (2, 4, 8):
            arrays[f"f{size}{'lb'[order == '>']}"] = SPECIAL.astype(f"{order}f{size}")
            arrays[f"i{size}{'lb'[order == '>']}"] = np.array(
                [0, 1, -1, 2 ** (8 * size - 1) - 1, -(2 ** (8 * size - 1))], dtype=f"{order}i{size}")
            top = min(2 ** (8 * size) - 1, 2**63 - 1)
            arrays[f"u{size}{'lb'[order == '>']}"] = np.array([0, 7, top], dtype=f"{order}u{size}")
    arrays["i1"] = np.array([-128, 0, 127], dtype="i1")
    arrays["u1"] = np.array([0, 128, 255], dtype="u1")
    arrays["bool"] = np.array([[True, False], [False, True]])
    arrays["scalar"] = np.float64(2.5)
    arrays["int_scalar"] = np.int32(-3)
    arrays["empty"] = np.zeros((3, 0))
    arrays["four"] = RNG.normal(size=(2, 3, 4, 5))
    for name in ("matrix", "cube"):
        x = RNG.normal(size=(5, 7) if name == "matrix" else (3, 4, 5))
        arrays[name] = x
        arrays[name + "_fortran"] = np.asfortranarray(x)
        arrays[name + "_fortran_small"] = np.asfortranarray((100 * x).astype(">i2"))
    arrays["large"] = RNG.normal(size=(300, 200)).astype("f4")
    arrays["large_fortran"] = np.asfortranarray(RNG.normal(size=(300, 200)))
    arrays["halves"] = np.arange(65536, dtype="u2").view("f2")
    return arrays


TEXTS = {
    "word": np.array("two-cycle"),
    "words": np.array(["", "a", "\u03b2 = \u221e", "\U0001f600!"]),
    "words_big": np.array(["ab", "\u00e9"]).astype(">U5"),
    "bytes": np.array([b"x", b"", b"abc"]),
    "table": np.array([["a", "bc"], ["d", "e"]], order="F"),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(save, tmp_path):
    arrays = {**numbers(), **TEXTS}
    save(tmp_path / "a.npz", **arrays)
    got = read(tmp_path / "a.npz")
    assert list(got) == list(arrays)
    for name, x in arrays.items():
        same(got[name], x)


def test_npy_and_any_ending(tmp_path):
    for name, x in numbers().items():
        np.save(tmp_path / "a.npy", x)
        os.replace(tmp_path / "a.npy", tmp_path / "no-ending")
        same(read(tmp_path / "no-ending")["data"], x)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_versions(version, tmp_path):
    x = RNG.normal(size=(3, 4))
    with open(tmp_path / "a.npy", "wb") as f:
        np.lib.format.write_array(f, x, version=version)
    same(read(tmp_path / "a.npy")["data"], x)


class Unseekable(io.RawIOBase):
    """zipfile writes data descriptors when it cannot go back."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def writable(self):
        return True

    def write(self, b):
        return self.file.write(b)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("stream", [False, True])
def test_zip64_descriptors_comment(method, stream, tmp_path):
    path = tmp_path / "a.npz"
    x = RNG.integers(-3, 3, size=(40, 50))
    target = Unseekable(path) if stream else path
    with zipfile.ZipFile(target, "w", method) as z:
        with z.open("x.npy", "w", force_zip64=True) as f:
            np.lib.format.write_array(f, x)
        z.comment = b"a comment PK\5\6"
    if stream:
        target.file.close()
    same(read(path)["x"], x)


@pytest.mark.parametrize("limit", [1, 200, 500, 2000])
def test_zip64_fields_that_are_needed_only(limit, tmp_path, monkeypatch):
    """Sizes alone, offsets alone, or both in 64 bits: as if 32 bits ended sooner."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    arrays = {"small": np.arange(3.0), "large": np.arange(60), "last": np.arange(2, dtype="i1")}
    np.savez(tmp_path / "a.npz", **arrays)
    got = read(tmp_path / "a.npz")
    for name, x in arrays.items():
        same(got[name], x)


def test_nothing_inside(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w"):
        pass
    assert read(tmp_path / "a.npz") == {}


def test_refused_arrays(tmp_path):
    arrays = {
        "good": np.arange(3.0),
        "object": np.array([{}, None], dtype=object),
        "complex": np.zeros(2, complex),
        "columns": np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]),
        "five": np.zeros((1, 1, 1, 1, 1)),
        "date": np.zeros(2, "M8[s]"),
        "huge": np.array([1, 2**63], dtype="u8"),
        "long": np.zeros(2, np.longdouble),
        "nul": np.array([b"a\0b", b"abcd"]),
        "not_utf8": np.array([b"\xff\xfe"]),
    }
    np.savez(tmp_path / "a.npz", **arrays)
    got = read(tmp_path / "a.npz")
    same(got.pop("good"), arrays["good"])
    for name, words in {"object": "Python objects", "complex": "complex", "columns": "columns", "five": "4 dim",
                        "date": "no number", "huge": "9223372036854775808", "long": "precision",
                        "nul": "NUL", "not_utf8": "UTF-8"}.items():
        assert f"array {name} " in got[name] and words in got[name]


def test_unusual_compression(tmp_path):
    """One member of a kind that is not read does not hide the others."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as z:
        for name, method in {"plain": zipfile.ZIP_STORED, "odd": zipfile.ZIP_BZIP2}.items():
            with z.open(zipfile.ZipInfo(name + ".npy"), "w") as f:
                np.lib.format.write_array(f, np.arange(3.0))
            z.infolist()[-1].compress_type = method
    got = read(tmp_path / "a.npz")
    same(got["plain"], np.arange(3.0))
    assert "array odd is encrypted or compressed in an unusual way : stored or deflated members" in got["odd"]


def h5(path, arrays, **options):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as f:
        for name, x in arrays.items():
            f.create_dataset(name, data=x, **(options if np.ndim(x) and np.size(x) else {}))
    got = read(path)
    if isinstance(got, str) and "no HDF5" in got:
        pytest.skip("no HDF5")
    return got


@pytest.mark.parametrize("options", [{}, {"compression": "gzip", "shuffle": True, "chunks": True}])
def test_h5(options, tmp_path):
    arrays = {**numbers(), "bytes": TEXTS["bytes"]}
    got = h5(tmp_path / "a.h5", arrays, **options)
    assert sorted(got) == sorted(arrays)
    for name, x in arrays.items():
        same(got[name], x)


def test_h5_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    secret = tmp_path / "secret"
    secret.write_bytes(b"12345678" * 4)
    with h5py.File(tmp_path / "other.h5", "w") as f:
        f["x"] = np.arange(4.0)
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=512) as f:
        f["good"] = np.arange(4.0)
        f["complex"] = np.zeros(2, complex)
        f["five"] = np.zeros((1, 1, 1, 1, 1))
        f["words"] = ["a", "b"]
        f["huge"] = np.array([2**63], dtype="u8")
        f.create_dataset("claims", shape=(10**9,), dtype="f8", chunks=(10,))
        f.create_dataset("outside", shape=(4,), dtype="f8", external=[(str(secret), 0, 32)])
        f["soft"] = h5py.SoftLink("/good")
        f["external"] = h5py.ExternalLink("other.h5", "x")
        layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", shape=(4,))
        f.create_virtual_dataset("virtual", layout)
        f.create_group("group")["inner"] = 1.0
    got = read(tmp_path / "a.h5")
    if isinstance(got, str) and "no HDF5" in got:
        pytest.skip("no HDF5")
    same(got.pop("good"), np.arange(4.0))
    for name, words in {"complex": "no number", "five": "4 dim", "words": "variable", "huge": "too large",
                        "claims": "claims to be larger", "outside": "other files", "virtual": "other files"}.items():
        assert words in got.pop(name)
    assert "soft link, which is not followed" in got.pop("soft")
    assert "link to another file, which is not followed" in got.pop("external")
    same(got.pop("group/inner"), 1.0)
    assert not got


@pytest.mark.parametrize("mode", ["r", "r+", "w"])
@pytest.mark.parametrize("options", [{}, {"libver": "latest"}, {"locking": False}])
def test_h5_that_h5py_holds_open(mode, options, tmp_path):
    """In this very process, where one HDF5 serves both."""
    h5py = pytest.importorskip("h5py")
    if "KINISING_TEST_LIBRARY" not in os.environ:
        pytest.skip("KINISING_TEST_LIBRARY names no shared library")
    library = ctypes.CDLL(os.environ["KINISING_TEST_LIBRARY"])
    library.ki_last_error.restype = ctypes.c_char_p
    path = tmp_path / "network.h5"
    network = {"H": np.arange(3.0), "J": np.zeros((3, 3)), "beta": 1.5}
    if mode != "w":
        with h5py.File(path, "w") as f:
            for name, x in network.items():
                f[name] = x
    with h5py.File(path, mode, **options) as held:
        if mode == "w":
            for name, x in network.items():
                held[name] = x
        out = ctypes.c_void_p()
        error = library.ki_network_read(os.fsencode(path), ctypes.byref(out))
        if b"no HDF5" in library.ki_last_error():
            pytest.skip("no HDF5")
        assert error == 0, library.ki_last_error()
        library.ki_network_file_free(out)
        assert held["beta"][()] == 1.5


def test_h5_name_that_is_a_path(tmp_path):
    """HDF5 would follow it through a link into another file; no writer makes such a name."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "other.h5", "w") as f:
        f["d"] = 42.0
    with h5py.File(tmp_path / "a.h5", "w") as f:
        f["gXd"] = 1.0
        f["here"] = 2.0
        f["g"] = h5py.ExternalLink("other.h5", "/")
    whole = (tmp_path / "a.h5").read_bytes()
    assert b"gXd" in whole
    (tmp_path / "a.h5").write_bytes(whole.replace(b"gXd", b"g/d"))
    got = read(tmp_path / "a.h5")
    if isinstance(got, str) and "no HDF5" in got:
        pytest.skip("no HDF5")
    same(got.pop("here"), np.array(2.0))
    assert "link to another file" in got.pop("g")
    assert not got


def test_h5_stored_in_fewer_bytes_than_the_shape(tmp_path):
    """HDF5 itself would read beyond its buffers."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as f:
        for name, packed in {"short": bytes(8 * 99), "long": bytes(8 * 101), "right": bytes(8 * 100)}.items():
            x = f.create_dataset(name, shape=(100,), dtype="f8", chunks=(100,), compression="gzip")
            x.id.write_direct_chunk((0,), zlib.compress(packed))
        x = f.create_dataset("bare", shape=(100,), dtype="f8", chunks=(100,), compression="gzip")
        x.id.write_direct_chunk((0,), bytes(8 * 50), filter_mask=1)
        f.create_dataset("never_written", shape=(30,), dtype="f8", fillvalue=2.5)
        f.create_dataset("half_written", shape=(4, 6), dtype="f8", chunks=(2, 4), fillvalue=-1)[:2] = 7
        f.create_dataset("checked", data=np.arange(50.0), chunks=(20,), compression="gzip", fletcher32=True)
        f.create_dataset("lzf", data=np.arange(50.0), chunks=(20,), compression="lzf")
        f.create_dataset("contiguous", data=np.arange(12345.0))
    data = (tmp_path / "a.h5").read_bytes()
    assert data.count((12345).to_bytes(8, "little")) >= 1
    (tmp_path / "a.h5").write_bytes(data.replace((12345).to_bytes(8, "little"), (12399).to_bytes(8, "little")))
    got = read(tmp_path / "a.h5")
    if isinstance(got, str) and "no HDF5" in got:
        pytest.skip("no HDF5")
    for name in ("short", "long", "bare", "contiguous"):
        assert "fewer bytes" in got[name], name
    same(got["right"], np.zeros(100))
    same(got["never_written"], np.full(30, 2.5))
    same(got["half_written"], np.repeat([[7.0], [7.0], [-1.0], [-1.0]], 6, axis=1))
    same(got["checked"], np.arange(50.0))
    assert "other than gzip" in got["lzf"]


def test_claims_in_npz(tmp_path):
    """A member that says it is terabytes takes no memory for them."""
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(1000))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    at = data.rindex(b"PK\1\2")
    data[at + 24:at + 28] = (2**31).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(data)
    assert "claims to be larger" in read(tmp_path / "a.npz")["x"]


def test_wrong_files(tmp_path):
    assert "No such file" in read(tmp_path / "missing")
    assert "directory" in read(tmp_path)
    assert "device or pipe" in read("/dev/null")
    os.mkfifo(tmp_path / "pipe")
    assert "device or pipe" in read(tmp_path / "pipe")
    for text, words in {b"": "empty", b"hello": "no format", b"PK\3\4": "cut off", b"\x93NUMPY": "NPY",
                        b"PK\3\4" + bytes(100): "cut off"}.items():
        (tmp_path / "x").write_bytes(text)
        assert words in read(tmp_path / "x")


def test_duplicates(tmp_path):
    with pytest.warns(UserWarning), zipfile.ZipFile(tmp_path / "a.npz", "w") as z:
        for _ in range(2):
            with z.open("x.npy", "w") as f:
                np.lib.format.write_array(f, np.zeros(2))
    assert "array x is there twice" in read(tmp_path / "a.npz")
