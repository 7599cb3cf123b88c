"""Byte-range locks, share modes and oplocks between clients and local programs."""
import errno
import fcntl
import os
import signal
import struct
import threading
import time

from caching import H, KEY1, R, W, Client
from harness import check, check_equal, test

LOCK, READ, WRITE, CANCEL = 10, 8, 9, 12
SHARED, EXCLUSIVE, UNLOCK, AT_ONCE = 1, 2, 4, 0x10
NOT_GRANTED, CONFLICT, SHARING, NOT_LOCKED = 0xC0000055, 0xC0000054, 0xC0000043, 0xC000007E


class Locker(Client):
    def lock_bytes(self, file_id, *elements):
        return struct.pack("<HHI", 48, len(elements), 0) + file_id + b"".join(struct.pack("<QQII", o, n, f, 0) for o, n, f in elements)

    def lock(self, file_id, *elements):
        return hex(self.wait(self.send(LOCK, self.lock_bytes(file_id, *elements)))[0])

    def read(self, file_id, length, offset=0):
        return hex(self.wait(self.send(READ, struct.pack("<HBBIQ16sIIIHHB", 49, 0x50, 0, length, offset, file_id, 0, 0, 0, 0, 0, 0)))[0])

    def write(self, file_id, data, offset=0):
        return hex(self.wait(self.send(WRITE, struct.pack("<HHIQ16sIIHHI", 49, 112, len(data), offset, file_id, 0, 0, 0, 0, 0) + data))[0])


def free(handle, offset, length, kind=fcntl.LOCK_EX):
    """Whether a local program gets that lock; it gives it back."""
    try:
        fcntl.lockf(handle, kind | fcntl.LOCK_NB, length, offset)
    except OSError as error:
        check(error.errno in (errno.EAGAIN, errno.EACCES), error)
        return False
    fcntl.lockf(handle, fcntl.LOCK_UN, length, offset)
    return True


def local_file(server, name, size=4096):
    path = server.data("share", name)
    with open(path, "wb") as f:
        f.write(b"x" * size)
    os.chmod(path, 0o666)
    return os.open(path, os.O_RDWR)


@test("a local program sees a client's byte-range locks, until they are unlocked, their file is closed or the client is gone")
def seen(case):
    server = case.standard()
    handle = local_file(server, "lock-seen")
    one = Locker(server)
    _, _, file_id, _ = one.create("lock-seen", disposition=1)
    check_equal(one.lock(file_id, (10, 10, EXCLUSIVE | AT_ONCE), (100, 10, SHARED | AT_ONCE)), "0x0", "lock")
    check(free(handle, 0, 10) and free(handle, 20, 80), "the neighbourhood is not free")
    check(not free(handle, 10, 1) and not free(handle, 19, 1, fcntl.LOCK_SH), "an exclusive lock is not seen")
    check(not free(handle, 105, 1) and free(handle, 105, 1, fcntl.LOCK_SH), "a shared lock is not seen as one")
    check_equal(one.lock(file_id, (10, 10, UNLOCK)), "0x0", "unlock")
    check(free(handle, 10, 10), "an unlocked range is not free")
    check_equal(one.close(file_id), 0, "close")
    check(free(handle, 0, 4096), "locks outlive their open")
    _, _, file_id, _ = one.create("lock-seen", disposition=1)
    check_equal(one.lock(file_id, (0, 1, EXCLUSIVE | AT_ONCE)), "0x0", "lock")
    check(not free(handle, 0, 1), "not seen")
    one.drop()
    case.wait_for(lambda: free(handle, 0, 1), "the lock of a client that is gone")
    os.close(handle)


@test("client locks that lie over each other are shown as long as one of them stands", servers=("bossad",))
def stacked(case):
    server = case.standard()
    handle = local_file(server, "lock-stacked")
    with Locker(server) as one:
        _, _, file_id, _ = one.create("lock-stacked", disposition=1)
        for element in ((0, 100, EXCLUSIVE | AT_ONCE), (50, 10, SHARED | AT_ONCE), (50, 10, SHARED | AT_ONCE), (90, 20, SHARED | AT_ONCE)):
            check_equal(one.lock(file_id, element), "0x0", "lock")
        check_equal(one.lock(file_id, (0, 100, UNLOCK)), "0x0", "unlock")
        check(free(handle, 0, 50) and free(handle, 60, 30), "what only the exclusive lock held is not free")
        check(not free(handle, 50, 10) and free(handle, 50, 10, fcntl.LOCK_SH), "the shared locks below it are gone")
        check(not free(handle, 95, 1) and free(handle, 95, 1, fcntl.LOCK_SH), "one that reached over its end")
        check_equal(one.lock(file_id, (50, 10, UNLOCK)), "0x0", "unlock")
        check(not free(handle, 50, 10), "one of two is left")
        check_equal(one.lock(file_id, (50, 10, UNLOCK)), "0x0", "unlock")
        check(free(handle, 50, 10), "none is left")
        # Beyond what the kernel can name, and nothing at all.
        for element in ((1 << 63, 10, EXCLUSIVE | AT_ONCE), ((1 << 63) - 20, 19, SHARED | AT_ONCE), ((1 << 63) - 500, 400, EXCLUSIVE | AT_ONCE), (300, 0, EXCLUSIVE | AT_ONCE)):
            check_equal(one.lock(file_id, element), "0x0", "lock %s" % (element,))
        check(free(handle, 200, 3000), "an empty lock reaches to the end of the file")
    os.close(handle)


@test("a client sees a local program's locks: refused at once, or granted when they are gone")
def respected(case):
    server = case.standard()
    handle = local_file(server, "lock-local")
    with Locker(server) as one:
        _, _, file_id, _ = one.create("lock-local", disposition=1)
        fcntl.lockf(handle, fcntl.LOCK_EX, 10, 10)
        check_equal(one.lock(file_id, (15, 10, SHARED | AT_ONCE)), hex(NOT_GRANTED), "shared")
        check_equal(one.lock(file_id, (0, 5, EXCLUSIVE | AT_ONCE), (19, 1, EXCLUSIVE | AT_ONCE)), hex(NOT_GRANTED), "the second of two")
        check(free(handle, 0, 5), "the first of two was kept")
        check_equal(one.lock(file_id, (0, 5, EXCLUSIVE | AT_ONCE)), "0x0", "the first alone")
        waiting = one.send(LOCK, one.lock_bytes(file_id, (12, 2, EXCLUSIVE)))
        while one.sort_out(0.5):
            pass
        check(waiting not in one.replies, "it did not wait")
        fcntl.lockf(handle, fcntl.LOCK_UN, 10, 10)
        check_equal(one.wait(waiting, 20)[0], 0, "after the local program has unlocked")
        check(not free(handle, 12, 2), "granted and not shown")
    os.close(handle)


@test("reads and writes respect a local program's locks by `strict locking`", servers=("bossad",))
def strict(case):
    server = case.start({}, {"share": {"strict locking": "auto"}, "yes": {"strict locking": "yes"}, "no": {"strict locking": "no"}})
    for share in ("yes", "no"):
        os.rmdir(server.data(share))
        os.symlink(server.data("share"), server.data(share))
    os.chmod(server.data("share"), 0o777)
    handle = local_file(server, "f")
    fcntl.lockf(handle, fcntl.LOCK_EX, 10, 10)
    for share, refused, with_oplock in (("share", CONFLICT, 0), ("yes", CONFLICT, CONFLICT), ("no", 0, 0)):
        with Locker(server, share=share) as one:
            _, _, file_id, _ = one.create("f", disposition=1)
            check_equal(one.read(file_id, 20), hex(refused), share + ": read")
            check_equal(one.write(file_id, b"12", 9), hex(refused), share + ": write")
            check_equal(one.read(file_id, 10), "0x0", share + ": read before it")
            check_equal(one.close(file_id), 0, "close")
            _, level, file_id, _ = one.create("f", disposition=1, oplock=9)
            check_equal(level, 9, "batch oplock")
            check_equal(one.read(file_id, 20), hex(with_oplock), share + ": read under an oplock")
    os.close(handle)


@test("`posix locking = no`: clients and local programs lock past each other")
def not_shown(case):
    server = case.start({}, {"share": {"posix locking": "no"}})
    os.chmod(server.data("share"), 0o777)
    handle = local_file(server, "f")
    with Locker(server) as one:
        _, _, file_id, _ = one.create("f", disposition=1)
        check_equal(one.lock(file_id, (10, 10, EXCLUSIVE | AT_ONCE)), "0x0", "lock")
        check(free(handle, 10, 10), "shown")
        fcntl.lockf(handle, fcntl.LOCK_EX, 10, 100)
        check_equal(one.lock(file_id, (100, 10, EXCLUSIVE | AT_ONCE)), "0x0", "lock over a local one")
        check_equal(one.read(file_id, 200, 0), "0x0", "read")
    os.close(handle)


@test("`kernel share modes`: what an open denies is an flock that local programs see, and theirs keep it out", servers=("bossad",))
def share_modes(case):
    server = case.start({}, {"share": {"kernel share modes": "yes"}})
    os.chmod(server.data("share"), 0o777)
    handle = local_file(server, "f")

    def local(kind):
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except OSError:
            return False
        fcntl.flock(handle, fcntl.LOCK_UN)
        return True

    with Locker(server) as one:
        for share, exclusive, shared in ((7, True, True), (1, False, True), (0, False, False), (4, False, False), (3, True, True)):
            status, _, file_id, _ = one.create("f", disposition=1, access=0x120089, share=share)
            check_equal((status, local(fcntl.LOCK_EX), local(fcntl.LOCK_SH)), (0, exclusive, shared), "sharing %d" % share)
            check_equal(one.close(file_id), 0, "close")
            check(local(fcntl.LOCK_EX), "its lock outlives the open")
        _, _, attributes, _ = one.create("f", disposition=1, access=0x80, share=0)
        check(local(fcntl.LOCK_EX), "an open for attributes denies nothing")
        one.close(attributes)
        fcntl.flock(handle, fcntl.LOCK_SH)
        check_equal(hex(one.create("f", disposition=1, access=0x120089, share=0)[0]), hex(SHARING), "against a shared flock")
        check_equal(one.create("f", disposition=1, access=0x120089, share=1)[0], 0, "beside a shared flock")
        fcntl.flock(handle, fcntl.LOCK_UN)
    os.close(handle)


@test("`kernel oplocks`: a local program's open waits until the client has given up its oplock; no leases, no level II")
def kernel_oplocks(case):
    server = case.start({}, {"share": {"kernel oplocks": "yes"}})
    os.chmod(server.data("share"), 0o777)
    os.close(local_file(server, "f"))
    path = server.data("share", "f")
    with Locker(server) as one:
        check_equal(one.lease("f", KEY1, R | H | W, disposition=1)[3] or 0, 0, "lease")
    with Locker(server) as one, Locker(server) as two:
        _, level, file_id, _ = one.create("f", disposition=1, oplock=9)
        check_equal(level, 9, "batch oplock")
        status, _, attributes, _ = two.create("f", disposition=1, access=0x80)
        check_equal(status, 0, "attributes alone")
        check(one.wait_break(0.3) is None, "an open for attributes broke it")
        check_equal(two.close(attributes), 0, "close")
        check_equal(one.read(file_id, 10), "0x0", "read")
        opened = []

        def program():
            os.close(os.open(path, os.O_RDONLY))
            opened.append(time.monotonic())

        begun = time.monotonic()
        thread = threading.Thread(target=program)
        thread.start()
        broken = one.wait_break()
        check(broken is not None, "no break came")
        check(time.monotonic() - begun < 2, "the break took %.2f s" % (time.monotonic() - begun))
        check_equal(broken[2], 0, "level that is left")
        time.sleep(0.3)
        check(not opened, "the local open did not wait")
        answer = one.wait(one.send(18, struct.pack("<HBBI", 24, 0, 0, 0) + file_id))[0]
        check_equal(answer, 0, "acknowledgement")
        thread.join(10)
        check(opened, "the local open still waits")
        check_equal(one.close(file_id), 0, "close")
        # another client's open
        _, level, file_id, _ = one.create("f", disposition=1, oplock=8)
        check_equal(level, 8, "exclusive oplock")
        waiting = two.create_send("f", disposition=1)
        check(one.wait_break() is not None, "no break came")
        check_equal(one.wait(one.send(18, struct.pack("<HBBI", 24, 0, 0, 0) + file_id))[0], 0, "acknowledgement")
        check_equal(two.created(waiting)[0], 0, "second open")
        check_equal(one.close(file_id), 0, "close")


@test("`kernel oplocks`: a file that a local program has open gets no oplock", servers=("bossad",))
def kernel_oplock_refused(case):
    server = case.start({}, {"share": {"kernel oplocks": "yes"}})
    os.chmod(server.data("share"), 0o777)
    handle = local_file(server, "f")
    with Locker(server) as one:
        _, level, file_id, _ = one.create("f", disposition=1, oplock=9)
        check_equal(level, 0, "oplock beside a local open")
        check_equal(one.close(file_id), 0, "close")
        os.close(handle)
        check_equal(one.create("f", disposition=1, oplock=9)[1], 9, "oplock without it")
        # A local program's own lease: it is told, and the client waits.
        os.close(local_file(server, "g"))
        reader = os.open(server.data("share", "g"), os.O_RDONLY)
        fcntl.fcntl(reader, fcntl.F_SETSIG, signal.SIGURG)  # ignored, where SIGIO would end this process
        fcntl.fcntl(reader, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        waiting = one.create_send("g", disposition=1)
        one.sort_out(0.5)
        check(waiting not in one.replies, "it did not wait")
        fcntl.fcntl(reader, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        check_equal(one.created(waiting)[0], 0, "open")
        os.close(reader)
