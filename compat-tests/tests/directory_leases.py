"""Leases on directories: granted to those who know of them, broken by whatever changes what a listing would show."""
import os
import struct

from caching import H, KEY1, KEY2, R, W, Client, break_time
from harness import check, check_equal, test

DIRECTORY_LEASING = 0x20
SET_INFO = 17
FILE_BASIC, FILE_RENAME, FILE_LINK, FILE_DISPOSITION = 4, 10, 11, 13
READ_AND_LIST = 0x120081
KEY3 = b"\x33" * 16


class Leaser(Client):
    """SMB 3.0 with SMB2_GLOBAL_CAP_DIRECTORY_LEASING."""

    def __init__(self, server, capabilities=DIRECTORY_LEASING, **keywords):
        super().__init__(server, dialect=0x0300, capabilities=capabilities, **keywords)

    def lease2(self, name, key, state, parent=None, **keywords):
        context = key + struct.pack("<IIQ", state, 4 if parent else 0, 0) + (parent or b"\0" * 16) + struct.pack("<HH", 0, 0)
        return self.create(name, oplock=0xFF, contexts=[(b"RqLs", context)], **keywords)

    def lease_directory(self, name, key=KEY1, state=R | H | W, **keywords):
        return self.lease2(name, key, state, access=READ_AND_LIST, disposition=keywords.pop("disposition", 1), options=1, **keywords)

    def set_info(self, file_id, info_class, data):
        return self.wait(self.send(SET_INFO, struct.pack("<HBBIHHI", 33, 1, info_class, len(data), 96, 0, 0) + file_id + data))[0]

    def write(self, file_id, data):
        return self.wait(self.send(9, struct.pack("<HHIQ16sIIHHI", 49, 112, len(data), 0, file_id, 0, 0, 0, 0, 0) + data))[0]


def named(name, replace=0):
    encoded = name.encode("utf-16le")
    return struct.pack("<B7xQI", replace, 0, len(encoded)) + encoded


def must(status):
    check_equal(hex(status), "0x0", "status")


def folder(server, name, files=("old",)):
    path = server.data("share", name)
    os.makedirs(path)
    os.chmod(path, 0o777)
    for each in files:
        with open(os.path.join(path, each), "w") as f:
            f.write("content")
        os.chmod(os.path.join(path, each), 0o666)
    return path


@test("a directory lease: R and RH, of version 2, for clients that announced it", servers=("bossad",))
def granted(case):
    server = case.standard()
    folder(server, "dirlease-grant")
    with Leaser(server) as one:
        status, level, file_id, state = one.lease_directory("dirlease-grant")
        check_equal((status, level, state), (0, 0xFF, R | H), "W is never given")
        must(one.close(file_id))
        check_equal(one.lease_directory("dirlease-grant", state=R)[3], R, "R alone")
        check_equal(one.lease_directory("dirlease-grant", state=R | H)[3], R | H, "upgraded")
        check_equal(hex(one.lease2("dirlease-grant\\old", KEY1, R)[0]), hex(0xC000000D), "the key is the directory's")
        status, level, _, state = one.lease("dirlease-grant", KEY2, R | H, access=READ_AND_LIST, disposition=1, options=1)
        check_equal((status, level, state), (0, 0, None), "version 1")
    with Leaser(server, capabilities=0) as other:
        check_equal(other.lease_directory("dirlease-grant")[1], 0, "not announced")


@test("`smb3 directory leases = no`: none", servers=("bossad",))
def switched_off(case):
    server = case.start({"smb3 directory leases": "no"}, {"share": {}})
    os.chmod(server.data("share"), 0o777)
    folder(server, "d")
    with Leaser(server) as one:
        check_equal(one.smb._Connection["ServerCapabilities"] & DIRECTORY_LEASING, 0, "capability")
        check_equal(one.lease_directory("d")[1], 0, "level")


def expect_break(one, what, change, name):
    took, left = break_time(one, change)
    check_equal(left, 0, "what is left after " + what)
    must(one.acknowledge(KEY1, 0))
    check_equal(one.lease_directory(name)[3], R | H, "granted anew after " + what)
    return took


@test("a directory lease is broken by another client that makes, changes, renames, links or deletes an entry, not by one that reads", servers=("bossad",))
def other_client(case):
    server = case.standard()
    path = folder(server, "dirlease-other", ("old", "victim", "x"))
    sub = os.path.join(path, "sub")
    os.mkdir(sub)
    os.chmod(sub, 0o777)
    name = "dirlease-other"
    with Leaser(server) as one, Leaser(server) as two:
        check_equal(one.lease_directory(name)[3], R | H, "grant")
        status, _, old, _ = two.create(name + "\\old", disposition=1, access=0x13019F)
        must(status)
        reader = two.create(name + "\\old", disposition=1, access=0x120089)[2]
        must(two.close(reader))
        check(one.wait_break(0.3) is None, "broken by one who only read")
        written = two.create(name + "\\x", disposition=1, access=0x13019F)[2]
        must(two.write(written, b"more content"))
        check(one.wait_break(0.3) is None, "broken by a write: a listing shows the size of the last close")
        made = []
        change = [
            ("a new file", lambda: made.append(two.create(name + "\\new", disposition=2, access=0x13019F))),
            ("a new directory", lambda: two.create(name + "\\newdir", disposition=2, access=READ_AND_LIST, options=1)),
            ("the close of a file that was written", lambda: two.close(written)),
            ("new times", lambda: two.set_info(old, FILE_BASIC, struct.pack("<QQQQII", 0, 0, 0x01D0000000000000, 0, 0, 0))),
            ("new attributes", lambda: two.set_info(old, FILE_BASIC, struct.pack("<QQQQII", 0, 0, 0, 0, 2, 0))),
            ("a new size", lambda: two.set_info(old, 20, struct.pack("<Q", 3))),
            ("a hard link", lambda: two.set_info(old, FILE_LINK, named(name + "\\linked"))),
            ("a rename", lambda: two.set_info(old, FILE_RENAME, named(name + "\\renamed"))),
            ("a rename out of it", lambda: two.set_info(made[0][2], FILE_RENAME, named("dirlease-gone"))),
            ("a rename into it", lambda: two.set_info(made[0][2], FILE_RENAME, named(name + "\\back"))),
            ("an overwrite", lambda: two.create(name + "\\x", disposition=4)),
        ]
        for what, act in change:
            expect_break(one, what, act, name)
        victim = two.create(name + "\\victim", disposition=1, access=0x10080)[2]
        must(two.set_info(victim, FILE_DISPOSITION, b"\1"))
        expect_break(one, "a deletion", lambda: two.close(victim), name)
        two.create(name + "\\sub\\below", disposition=2)
        check(one.wait_break(0.3) is None, "broken by an entry of a directory below, which no listing shows")


@test("a client's own changes leave the directory lease alone that it named as the parent's", servers=("bossad",))
def parent_key(case):
    server = case.standard()
    folder(server, "dirlease-parent")
    with Leaser(server) as one, Leaser(server) as two:
        check_equal(one.lease_directory("dirlease-parent")[3], R | H, "grant")
        check_equal(two.lease_directory("dirlease-parent", key=KEY2)[3], R | H, "grant beside it")
        status, _, file_id, _ = one.lease2("dirlease-parent\\mine", KEY3, R | H, parent=KEY1, disposition=2, access=0x13019F)
        must(status)
        broken = two.wait_break()
        check(broken is not None and struct.unpack_from("<I16sII", broken, 4) == (1, KEY2, R | H, 0), "the other client's lease", broken)
        must(two.acknowledge(KEY2, 0))
        must(one.write(file_id, b"content"))
        must(one.set_info(file_id, FILE_DISPOSITION, b"\1"))
        must(one.close(file_id))
        check(one.wait_break(0.3) is None, "its own lease is broken")
        # The same key by another client names another lease.
        two.lease2("dirlease-parent\\theirs", KEY3, R, parent=KEY1, disposition=2)
        check(one.wait_break() is not None, "spared by another client's parent key")


@test("who deletes or renames a directory waits until its other openers have given up their handles", servers=("bossad",))
def handles(case):
    server = case.standard()
    folder(server, "dirlease-handle", ())
    with Leaser(server) as one, Leaser(server) as two:
        _, _, held, state = one.lease_directory("dirlease-handle")
        check_equal(state, R | H, "grant")
        _, _, mine, _ = two.create("dirlease-handle", disposition=1, access=0x110080, options=1)
        data = b"\1"
        waiting = two.send(SET_INFO, struct.pack("<HBBIHHI", 33, 1, FILE_DISPOSITION, 1, 96, 0, 0) + mine + data)
        broken = one.wait_break()
        check(broken is not None and struct.unpack_from("<I16sII", broken, 4) == (1, KEY1, R | H, R), "break", broken)
        two.sort_out(0.3)
        check(waiting not in two.replies, "it did not wait")
        must(one.close(held))
        check_equal(two.wait(waiting)[0], 0, "disposition")


@test("a local program's change to a directory breaks its lease within 100 ms", servers=("bossad",), alone=True)
def local_program(case):
    server = case.standard()
    path = folder(server, "dirlease-local", ("a", "b"))
    name = "dirlease-local"
    there = lambda *parts: os.path.join(path, *parts)  # noqa: E731
    changes = [("a new file", lambda: open(there("n"), "w").close()), ("a write", lambda: os.truncate(there("a"), 1)),
               ("a rename", lambda: os.rename(there("a"), there("c"))), ("a mode", lambda: os.chmod(there("c"), 0o600)),
               ("a deletion", lambda: os.unlink(there("b"))), ("a directory", lambda: os.mkdir(there("d"))),
               ("a way out", lambda: os.rename(there("c"), server.data("share", "dirlease-out")))]
    took = []
    with Leaser(server) as one:
        check_equal(one.lease_directory(name)[3], R | H, "grant")
        for what, act in changes:
            took.append(expect_break(one, what, act, name))
    took.sort()
    check(took[5] < 0.1 and took[-1] < 1, "breaks took", took)
