"""Oplocks, leases and durable handles as single clients meet them; smbtorture's suites have the rest."""
import os
import struct
import threading
import time

from impacket import smb3

from harness import PASSWORD, check, check_equal, test
from smb_raw import Login

CREATE, CLOSE, READ, WRITE, BREAK = 5, 6, 8, 9, 18
PENDING, ACCESS_DENIED, NOT_FOUND = 0x103, 0xC0000022, 0xC0000034
R, H, W = 1, 2, 4

_announcing = threading.Lock()


def with_flags(packet, flags):
    """A packet that keeps these flags in its header: impacket sets the field when it signs."""
    class Flagged(type(packet)):
        def __setitem__(self, key, value):
            super().__setitem__(key, value | flags if key == "Flags" else value)

    packet.__class__ = Flagged
    packet["Flags"] = 0
    return packet


class Client(Login):
    """SMB 2.1, because there a frame is sent as it is built; 3.0 where that is needed, signed then."""

    def __init__(self, server, user="tester", share="share", dialect=0x0210, capabilities=0, client_guid=None):
        # impacket announces no more than this one; tests run side by side
        with _announcing:
            alone = smb3.SMB2_GLOBAL_CAP_ENCRYPTION
            smb3.SMB2_GLOBAL_CAP_ENCRYPTION = alone | capabilities
            try:
                super().__init__(server, dialect, user, PASSWORD, client_guid)
            finally:
                smb3.SMB2_GLOBAL_CAP_ENCRYPTION = alone
        if dialect >= 0x0300:
            self.leave_encryption()
        self.socket = self.smb._NetBIOSSession.get_socket()
        self.share_id = self.tree(share)
        self.breaks = []
        self.replies = {}

    def send(self, command, body, flags=0):
        packet = self.smb.SMB_PACKET()
        if flags:
            packet = with_flags(packet, flags)
        packet["Command"] = command
        packet["TreeID"] = self.share_id
        packet["Data"] = body
        return self.smb.sendSMB(packet)

    def next_frame(self, seconds):
        self.socket.settimeout(seconds)
        data = b""
        while len(data) < 4 or len(data) < 4 + int.from_bytes(data[1:4], "big"):
            want = 4 - len(data) if len(data) < 4 else 4 + int.from_bytes(data[1:4], "big") - len(data)
            try:
                block = self.socket.recv(want)
            except OSError:
                return None
            if not block:
                return None
            data += block
        return data[4:]

    def sort_out(self, seconds):
        frame = self.next_frame(seconds)
        if frame is None:
            return False
        message_id = struct.unpack_from("<Q", frame, 24)[0]
        status = struct.unpack_from("<I", frame, 8)[0]
        if message_id == 0xFFFFFFFFFFFFFFFF:
            self.breaks.append(frame[64:])
        elif status != PENDING:
            self.replies[message_id] = (status, frame)
        return True

    def wait(self, message_id, seconds=10):
        until = time.monotonic() + seconds
        while message_id not in self.replies and time.monotonic() < until:
            self.sort_out(max(0.01, until - time.monotonic()))
        return self.replies.pop(message_id, (None, b""))

    def wait_break(self, seconds=5):
        until = time.monotonic() + seconds
        while not self.breaks and time.monotonic() < until:
            self.sort_out(max(0.01, until - time.monotonic()))
        return self.breaks.pop(0) if self.breaks else None

    def create_bytes(self, name, oplock=0, contexts=(), access=0x12019F, disposition=3, share=7, options=0x40):
        encoded = name.encode("utf-16le")
        blob = b""
        for index, (tag, data) in enumerate(contexts):
            entry = struct.pack("<IHHHHI", 0, 16, 4, 0, 24, len(data)) + tag + b"\0" * 4 + data
            if index + 1 < len(contexts):
                entry += b"\0" * (-len(entry) % 8)
                entry = struct.pack("<I", len(entry)) + entry[4:]
            blob += entry
        offset = 64 + 56
        pad = -(offset + len(encoded)) % 8
        where = offset + len(encoded) + pad if blob else 0
        return struct.pack("<HBBIQQIIIIIHHII", 57, 0, oplock, 2, 0, 0, access, 0x80, share, disposition, options, offset, len(encoded),
                           where, len(blob)) + encoded + b"\0" * pad + blob

    def create_send(self, name, **keywords):
        return self.send(CREATE, self.create_bytes(name, **keywords))

    def created(self, message_id):
        """(status, oplock level, file id, lease state)"""
        status, frame = self.wait(message_id)
        if status != 0:
            return status, None, None, None
        level = frame[64 + 2]
        file_id = frame[64 + 64:64 + 80]
        state = None
        at = frame.find(b"RqLs", 64)
        if at > 0:
            state = struct.unpack_from("<I", frame, at + 8 + 16)[0]
        return status, level, file_id, state

    def create(self, name, **keywords):
        return self.created(self.create_send(name, **keywords))

    def lease(self, name, key, state, **keywords):
        return self.create(name, oplock=0xFF, contexts=[(b"RqLs", key + struct.pack("<IIQ", state, 0, 0))], **keywords)

    def acknowledge(self, key, state):
        return self.wait(self.send(BREAK, struct.pack("<HHI16sIQ", 36, 0, 0, key, state, 0)))[0]

    def close(self, file_id):
        return self.wait(self.send(CLOSE, struct.pack("<HHI", 24, 0, 0) + file_id))[0]

    def drop(self):
        self.socket.shutdown(2)
        self.socket.close()


KEY1, KEY2 = b"\x11" * 16, b"\x22" * 16


@test("a second opener waits until the first has given up its write caching")
def second_opener(case):
    server = case.standard()
    with Client(server) as one, Client(server) as two:
        status, level, _, state = one.lease("lease-two", KEY1, R | H | W)
        check_equal((status, level, state), (0, 0xFF, R | H | W), "grant")
        waiting = two.create_send("lease-two", disposition=1)
        broken = one.wait_break()
        check(broken is not None, "no break came")
        flags, key, was, now = struct.unpack_from("<I16sII", broken, 4)
        check_equal((flags, key, was, now), (1, KEY1, R | H | W, R | H), "break")
        check(not two.sort_out(0.3) or waiting not in two.replies, "the second open did not wait")
        check_equal(one.acknowledge(KEY1, R | H), 0, "acknowledgement")
        check_equal(two.created(waiting)[0], 0, "second open")


@test("a second acknowledgement, one of an unknown lease, and one that keeps too much are refused")
def acknowledgements(case):
    server = case.standard()
    with Client(server) as one, Client(server) as two:
        one.lease("lease-ack", KEY1, R | H | W)
        waiting = two.create_send("lease-ack", disposition=1)
        check(one.wait_break() is not None, "no break came")
        check_equal(hex(one.acknowledge(KEY1, R | H | W)), hex(0xC00000D0), "more than allowed")
        check_equal(hex(one.acknowledge(KEY2, R)), hex(NOT_FOUND), "unknown lease")
        check_equal(hex(two.acknowledge(KEY1, R)), hex(NOT_FOUND), "another client's lease")
        check_equal(one.acknowledge(KEY1, 0), 0, "acknowledgement")
        check_equal(two.created(waiting)[0], 0, "second open")
        check_equal(hex(one.acknowledge(KEY1, 0)), hex(0xC0000001), "nothing is breaking any more")


def break_time(client, change):
    """Seconds from a change to the break that it causes, and the state that is left."""
    began = time.monotonic()
    change()
    broken = client.wait_break(5)
    took = time.monotonic() - began
    check(broken is not None, "no break came")
    return took, struct.unpack_from("<I", broken, 4 + 4 + 16 + 4)[0]


@test("a local program's change breaks a lease within 100 ms", servers=("bossad",), alone=True)
def local_change(case):
    server = case.standard()
    path = server.data("share", "lease-local")

    def append():
        with open(path, "ab") as f:
            f.write(b"from outside")

    changes = [append, lambda: os.truncate(path, 3), lambda: os.pwrite(handle, b"x", 0)]
    took = []
    with Client(server) as one:
        status, _, file_id, _ = one.create("lease-local")
        check_equal(one.close(file_id), 0, "close")
        handle = os.open(path, os.O_WRONLY)
        for n in range(20):
            status, _, file_id, state = one.lease("lease-local", KEY1, R | H | W, disposition=1)
            check_equal((status, state), (0, R | H | W), "grant")
            seconds, left = break_time(one, changes[n % len(changes)])
            check_equal(left, 0, "what is left")
            took.append(seconds)
            check_equal(one.acknowledge(KEY1, 0), 0, "acknowledgement")
            check_equal(one.close(file_id), 0, "close")
        os.close(handle)
    took.sort()
    # Alone, but not on a quiet machine: what is promised is the rule, and an exception or two the scheduler's.
    check(took[16] < 0.1, "17 of 20 breaks took up to %.3f s" % took[16])
    check(took[-1] < 1, "one took %.3f s" % took[-1])


@test("a durable handle is taken over by its owner alone, once, and lost to a conflicting open", servers=("bossad",))
def durable(case):
    server = case.standard()
    one = Client(server)
    status, level, file_id, _ = one.create("durable", oplock=9, contexts=[(b"DHnQ", b"\0" * 16)])
    check_equal((status, level), (0, 9), "batch oplock")
    one.drop()
    time.sleep(0.3)
    with Client(server, user="tester2") as other:
        check_equal(hex(other.create("durable", contexts=[(b"DHnC", file_id)])[0]), hex(ACCESS_DENIED), "another user")
    two = Client(server)
    status, level, again, _ = two.create("durable", contexts=[(b"DHnC", file_id)])
    check_equal((status, level), (0, 9), "reconnect")
    check_equal(again[:8], file_id[:8], "persistent id")
    with Client(server) as late:
        check_equal(hex(late.create("durable", contexts=[(b"DHnC", file_id)])[0]), hex(NOT_FOUND), "it has a client")
    two.drop()
    time.sleep(0.3)
    with Client(server) as thief:
        check_equal(thief.create("durable", disposition=1)[0], 0, "an open that breaks the oplock")
        check_equal(hex(thief.create("durable", contexts=[(b"DHnC", again)])[0]), hex(NOT_FOUND), "lost with its oplock")


@test("a client that dies with a lease holds nobody up", servers=("bossad",))
def dead_holder(case):
    server = case.standard()
    one = Client(server)
    check_equal(one.lease("lease-dead", KEY1, R | H | W)[3], R | H | W, "grant")
    with Client(server) as two:
        waiting = two.create_send("lease-dead", disposition=1)
        check(one.wait_break() is not None, "no break came")
        began = time.monotonic()
        one.drop()
        check_equal(two.created(waiting)[0], 0, "second open")
        check(time.monotonic() - began < 3, "it waited %.1f s for a dead client" % (time.monotonic() - began))
    check(os.path.exists(server.data("share", "lease-dead")), "the file is there")
