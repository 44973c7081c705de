# SPDX-License-Identifier: BSD-3-Clause
"""The extension: loading it, its errors as exceptions, Ctrl-C."""
import os
import threading

from . import __version__


class KinisingError(RuntimeError):
    """The library failed for a reason that no built-in exception names; the sentence says which."""


try:
    from ._lib import ffi, lib  # type: ignore
    _reason = None
except ImportError as error:
    ffi = lib = None
    _reason = str(error)
else:
    _built = ffi.string(lib.ki_version()).decode()
    if _built != __version__:
        _reason = f"it is of version {_built}, the package of {__version__}"

_interruptions: list = []


def need_library():
    """Raises ImportError if there is no library to call."""
    if _reason is not None:
        raise ImportError(f"kinising._lib : {_reason} : run `make python` in the source folder")


def _system_error(sentence, path):
    """FileNotFoundError, PermissionError and so on, as open() would raise it."""
    number = lib.ki_last_errno()
    if not number or path is None:
        return OSError(sentence)
    name = os.fsdecode(path)
    return OSError(number, sentence.removeprefix(f"{name} : "), name)


def check(error, path=None):
    """Turns an error number of the library, of a call on the file `path` if there is one, into an exception
    with its sentence."""
    if error == 0:
        # One that came too late to stop the call: it is not to be lost.
        if _interruptions and threading.current_thread() is threading.main_thread():
            raise _interruptions.pop()
        return
    if error == lib.KI_ERR_CANCELLED and _interruptions:
        raise _interruptions.pop()
    sentence = ffi.string(lib.ki_last_error()).decode(errors="replace")
    if error == lib.KI_ERR_IO:
        raise _system_error(sentence, path)
    raise {lib.KI_ERR_ARGUMENT: ValueError, lib.KI_ERR_NOMEM: MemoryError}.get(error, KinisingError)(sentence)


def _keep(_kind, exception, _traceback):
    _interruptions.append(exception)


if lib is not None:
    # What a signal handler raises (KeyboardInterrupt) is raised in here; the call is then cancelled
    # and check() raises it again where the user called.
    @ffi.def_extern(error=1, onerror=_keep)
    def python_interrupted():
        return 0
