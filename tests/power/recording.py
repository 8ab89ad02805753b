"""A VFS under Python's own SQLite that notes every write and sync on its way to the disk.

It is the usual one with three of its methods replaced: what the desk does is what it does everywhere. Ctypes reaches
the very library that the module `sqlite3` is linked with; the structures are those of sqlite3.h.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

_library = ctypes.CDLL(_sqlite3.__file__)
_library.sqlite3_vfs_find.restype = c_void_p
_library.sqlite3_vfs_find.argtypes = [c_char_p]
_library.sqlite3_vfs_register.argtypes = [c_void_p, c_int]
_library.sqlite3_vfs_unregister.argtypes = [c_void_p]

_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(c_void_p), c_int, c_void_p)
_Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)


class _Vfs(Structure):
    _fields_: ClassVar[Any] = [
        ("iVersion", c_int), ("szOsFile", c_int), ("mxPathname", c_int), ("pNext", c_void_p), ("zName", c_char_p),
        ("pAppData", c_void_p), ("xOpen", _Open), ("xDelete", _Delete), ("others", c_void_p * 16),
    ]  # fmt: skip


class _Methods(Structure):
    _fields_: ClassVar[Any] = [
        ("iVersion", c_int), ("xClose", c_void_p), ("xRead", c_void_p), ("xWrite", _Write), ("xTruncate", _Truncate),
        ("xSync", _Sync), ("others", c_void_p * 13),
    ]  # fmt: skip


class Write(NamedTuple):
    file: str
    offset: int
    data: bytes


class Truncate(NamedTuple):
    file: str
    size: int


class Sync(NamedTuple):
    file: str


class Delete(NamedTuple):
    file: str


class Promise(NamedTuple):
    """From here on it must survive. kind: alert, or sent."""

    kind: str
    id: str


Event = Write | Truncate | Sync | Delete | Promise


class Recorder:
    """Files below `directory`, by name."""

    def __init__(self, directory: Path) -> None:
        self.events: list[Event] = []
        self._directory = os.fsencode(directory.resolve())
        self._usual = _library.sqlite3_vfs_find(None)
        self._vfs = _Vfs.from_address(self._usual)
        self._names: dict[int, str] = {}
        self._tables: dict[int, tuple[_Methods, _Methods]] = {}
        self._owners: dict[int, _Methods] = {}
        mine = self._mine = _Vfs()
        ctypes.memmove(ctypes.byref(mine), self._usual, ctypes.sizeof(_Vfs))
        mine.zName, mine.pNext = b"recording", None
        mine.xOpen, mine.xDelete = _Open(self._open), _Delete(self._delete)
        self._hooks = (_Write(self._write), _Truncate(self._truncate), _Sync(self._sync))

    def begin(self) -> None:
        """What is opened from now on is recorded."""
        _library.sqlite3_vfs_register(ctypes.byref(self._mine), 1)

    def end(self) -> None:
        _library.sqlite3_vfs_register(self._usual, 1)
        _library.sqlite3_vfs_unregister(ctypes.byref(self._mine))

    def promise(self, kind: str, id_: str) -> None:
        self.events.append(Promise(kind, id_))

    def _open(self, _vfs: int, name: int | None, file: Any, flags: int, out: int | None) -> int:
        done: int = self._vfs.xOpen(self._usual, name, file, flags, out)
        path = ctypes.string_at(name) if name else b""
        if done == 0 and file[0] and os.path.realpath(path).startswith(self._directory):
            address = ctypes.addressof(file.contents)
            theirs, ours = self._table(file[0])
            self._names[address], self._owners[address] = Path(os.fsdecode(path)).name, theirs
            file[0] = ctypes.addressof(ours)
        return done

    def _table(self, address: int) -> tuple[_Methods, _Methods]:
        if address not in self._tables:
            ours = _Methods()
            ctypes.memmove(ctypes.byref(ours), address, ctypes.sizeof(_Methods))
            ours.xWrite, ours.xTruncate, ours.xSync = self._hooks
            self._tables[address] = (_Methods.from_address(address), ours)
        return self._tables[address]

    def _delete(self, _vfs: int, name: bytes, sync: int) -> int:
        done: int = self._vfs.xDelete(self._usual, name, sync)
        if done == 0 and os.path.realpath(name).startswith(self._directory):
            self.events.append(Delete(Path(os.fsdecode(name)).name))
        return done

    def _write(self, file: int, data: int, length: int, offset: int) -> int:
        self.events.append(Write(self._names[file], offset, ctypes.string_at(data, length)))
        done: int = self._owners[file].xWrite(file, data, length, offset)
        return done

    def _truncate(self, file: int, size: int) -> int:
        self.events.append(Truncate(self._names[file], size))
        done: int = self._owners[file].xTruncate(file, size)
        return done

    def _sync(self, file: int, flags: int) -> int:
        done: int = self._owners[file].xSync(file, flags)
        if done == 0:
            self.events.append(Sync(self._names[file]))
        return done


@contextmanager
def recording(directory: Path) -> Iterator[Recorder]:
    """Whatever SQLite writes below `directory`, from empty files on."""
    recorder = Recorder(directory)
    recorder.begin()
    try:
        yield recorder
    finally:
        recorder.end()
