"""A disk that remembers every write and flush, and how it would look after a power cut at any moment.

The kernel's device mapper has dm-log-writes for this; here it is a FUSE file system with one file, `disk`, on which a loop device sits, so that
it works where there is no device mapper. What a flush covers is on the disk; of the writes since the last flush, any may be lost.
"""
import ctypes
import os
import random
import signal
import struct
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
IN_HEADER = struct.Struct("<IIQQIIII")
OUT_HEADER = struct.Struct("<IiQ")
ATTRIBUTES = struct.Struct("<6Q10I")
ENTRY = struct.Struct("<4Q2I")
WRITE_IN = struct.Struct("<QQIIQII")
RECORD = struct.Struct("<QQI")  # monotonic nanoseconds, offset, length; a flush has the offset ~0
FLUSH = (1 << 64) - 1
ROOT, DISK = 1, 2
LARGEST = 128 * 1024
LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH_OP, INIT, OPENDIR, READDIR, RELEASEDIR = \
    1, 2, 3, 4, 14, 15, 16, 17, 18, 20, 25, 26, 27, 28, 29
INTERRUPT, DESTROY, BATCH_FORGET = 36, 38, 42
ENOENT, ENOSYS = 2, 38


def call(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise OSError("%s: %s" % (" ".join(words), done.stdout.strip()))
    return done.stdout.strip()


class FileSystem:
    """The serving side; runs in a process of its own until the file system is unmounted."""

    def __init__(self, fuse, image, log):
        self.fuse = fuse
        self.image = os.open(image, os.O_RDWR)
        self.size = os.fstat(self.image).st_size
        self.log = open(log, "wb", buffering=0)

    def attributes(self, node):
        mode, size, links = (0o40700, 0, 2) if node == ROOT else (0o100600, self.size, 1)
        return ATTRIBUTES.pack(node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, links, 0, 0, 0, 4096, 0)

    def answer(self, unique, body=b"", error=0):
        os.write(self.fuse, OUT_HEADER.pack(16 + len(body), -error, unique) + body)

    def note(self, offset, data):
        self.log.write(RECORD.pack(time.monotonic_ns(), offset, len(data)) + data)

    def serve(self):
        while True:
            try:
                message = os.read(self.fuse, LARGEST + 4096)
            except OSError:
                return
            if not message:
                return
            length, operation, unique, node = IN_HEADER.unpack_from(message)[:4]
            body = message[IN_HEADER.size:length]
            if operation == DESTROY:
                self.answer(unique)
                return
            if operation not in (FORGET, BATCH_FORGET, INTERRUPT):
                self.request(operation, unique, node, body)

    def request(self, operation, unique, node, body):
        if operation == INIT:
            minor = struct.unpack_from("<II", body)[1]
            self.answer(unique, struct.pack("<IIIIHHIIHHI7I", 7, min(minor, 31), 65536, 1 << 5 | 1 << 22, 8, 6, LARGEST, 1, LARGEST // 4096, 0, 0, *[0] * 7))
        elif operation == LOOKUP:
            if body.rstrip(b"\0") != b"disk":
                return self.answer(unique, error=ENOENT)
            self.answer(unique, ENTRY.pack(DISK, 0, 3600, 3600, 0, 0) + self.attributes(DISK))
        elif operation in (GETATTR, SETATTR):
            self.answer(unique, struct.pack("<QII", 3600, 0, 0) + self.attributes(node))
        elif operation in (OPEN, OPENDIR):
            self.answer(unique, struct.pack("<QII", 1, 0, 0))
        elif operation == READ:
            offset, size = struct.unpack_from("<QI", body, 8)
            self.answer(unique, os.pread(self.image, size, offset))
        elif operation == WRITE:
            offset, size = struct.unpack_from("<QI", body, 8)
            data = body[WRITE_IN.size:WRITE_IN.size + size]
            os.pwrite(self.image, data, offset)
            self.note(offset, data)
            self.answer(unique, struct.pack("<II", size, 0))
        elif operation == FSYNC:
            self.note(FLUSH, b"")
            self.answer(unique)
        elif operation in (RELEASE, RELEASEDIR, FLUSH_OP, READDIR):
            self.answer(unique)
        elif operation == STATFS:
            self.answer(unique, struct.pack("<5Q4I6I", 0, 0, 0, 0, 0, 4096, 255, 4096, 0, *[0] * 6))
        else:
            self.answer(unique, error=ENOSYS)


class RecordedDisk:
    """An ext4 file system on a recorded disk, mounted at `mountpoint`. start(); work; stop(); then image_at() as often as needed."""

    def __init__(self, folder, mountpoint, mebibytes=64):
        self.mountpoint = mountpoint
        self.base, self.current, self.log = (os.path.join(folder, name) for name in ("base.img", "current.img", "writes.log"))
        self.fuse_dir = os.path.join(folder, "fuse")
        self.mounted, self.loop, self.server = [], None, None
        for path in (self.fuse_dir, mountpoint):
            os.makedirs(path, exist_ok=True)
        with open(self.base, "wb") as f:
            f.truncate(mebibytes << 20)
        call("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", self.base)

    def start(self):
        call("cp", "--sparse=always", self.base, self.current)
        fuse = os.open("/dev/fuse", os.O_RDWR)
        options = "fd=%d,rootmode=40000,user_id=0,group_id=0" % fuse
        if LIBC.mount(b"recorder", self.fuse_dir.encode(), b"fuse", 0, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), "mount of the recorder")
        self.mounted.append(self.fuse_dir)
        self.server = os.fork()
        if self.server == 0:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                FileSystem(fuse, self.current, self.log).serve()
            finally:
                os._exit(0)
        os.close(fuse)
        self.attach(os.path.join(self.fuse_dir, "disk"))

    def attach(self, file):
        self.loop = call("losetup", "--find", "--show", file)
        call("mount", "-t", "ext4", self.loop, self.mountpoint)
        self.mounted.append(self.mountpoint)

    def detach(self):
        if self.mountpoint in self.mounted:
            call("umount", self.mountpoint)
            self.mounted.remove(self.mountpoint)
        if self.loop:
            call("losetup", "-d", self.loop)
            self.loop = None

    def stop(self):
        """Whatever stands is taken down; may be called twice."""
        self.detach()
        if self.fuse_dir in self.mounted:
            call("umount", self.fuse_dir)
            self.mounted.remove(self.fuse_dir)
        if self.server:
            os.waitpid(self.server, 0)
            self.server = None

    def writes(self):
        """(time, offset, data) in order; data is None for a flush."""
        with open(self.log, "rb") as f:
            while True:
                head = f.read(RECORD.size)
                if len(head) < RECORD.size:
                    return
                at, offset, length = RECORD.unpack(head)
                data = f.read(length)
                yield at, offset, None if offset == FLUSH else data

    def image_at(self, moment, path, seed):
        """The disk after a power cut at that moment (monotonic nanoseconds): what was flushed, and by chance some of what was not.
        Returns how many writes were lost."""
        chance = random.Random(seed)
        call("cp", "--sparse=always", self.base, path)
        image = os.open(path, os.O_RDWR)
        lost, unsafe = 0, []
        for at, offset, data in self.writes():
            if at > moment:
                break
            if data is not None:
                unsafe.append((offset, data))
                continue
            for safe_offset, safe in unsafe:
                os.pwrite(image, safe, safe_offset)
            unsafe = []
        for offset, data in unsafe:
            # A sector is written whole or not at all, a longer write in part.
            for sector in range(0, len(data), 4096):
                if chance.random() < 0.5:
                    os.pwrite(image, data[sector:sector + 4096], offset + sector)
                else:
                    lost += 1
        os.close(image)
        return lost


if __name__ == "__main__":
    sys.exit("disk_recorder is used by tests/failover.py")
