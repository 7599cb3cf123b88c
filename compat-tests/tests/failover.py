"""Handles that outlive the server or their connection: bossa-failover kills, cuts, takes over and compares."""
import errno
import fcntl
import glob
import json
import os
import random
import stat
import struct
import threading
import time

from caching import H, KEY1, R, W, Client
from harness import PASSWORD, check, check_equal, read_text, run, test
from locks import AT_ONCE, EXCLUSIVE, NOT_GRANTED, SHARING, UNLOCK, Locker, free

FULL = os.environ.get("BOSSA_FULL") == "1"
ROUNDS = 200 if FULL else 20
STORE = "state/bossa_persistent_handles"


def prepared(case, **values):
    """A server that is not started yet, whose share two users may write."""
    server = case.prepare({}, {"share": dict({"force user": "tester", "create mask": "0666"}, **values)})
    os.chmod(server.data("share"), 0o777)
    return server


def failover(case, server, mode, rounds, seed=None, timeout=900):
    status, text = run([case.state.program("bossa-failover"), "--mode", mode, "--bossad", server.binary, "--conf", server.conf, "--server",
                        "127.0.0.1:%d" % server.port, "--share", "share", "--user", "tester", "--password", PASSWORD, "--user2", "tester2",
                        "--password2", PASSWORD, "--rounds", str(rounds), "--seed", str(seed or int(time.time()))], timeout=timeout)
    check(status == 0, text, server.messages()[-2000:])
    return json.loads(text.splitlines()[-1])


@test("persistent handles outlive kill -9 and restart, with locks, lease and data; nobody gets what conflicts before", servers=("bossad",))
def persistent(case):
    server = prepared(case, **{"continuous availability": "yes"})
    totals = failover(case, server, "persistent", ROUNDS)
    check_equal(totals["rounds"], ROUNDS)
    check(totals["handles_taken_over"] >= 2 * ROUNDS and totals["locks"] > 0 and totals["bytes"] > 0, totals)
    mode = os.stat(os.path.join(server.root, STORE)).st_mode
    check_equal(oct(stat.S_IMODE(mode)), oct(0o600), "mode of the store")
    check(not glob.glob(os.path.join(server.root, STORE + ".damaged*")), "a kill is no damage")


@test("durable handles of both versions outlive a connection that breaks at a random moment", servers=("bossad",))
def durable(case):
    totals = failover(case, prepared(case), "durable", ROUNDS)
    check_equal(totals["rounds"], ROUNDS)
    check(totals["handles_taken_over"] >= 2 * ROUNDS and totals["locks"] > 0, totals)


def powercut_conf(case, disk):
    """State directory and share lie on the recorded disk; accounts do not."""
    server = case.prepare({"state directory": disk.mountpoint + "/state"},
                          {"share": {"path": disk.mountpoint + "/share", "force user": "tester", "continuous availability": "yes"}})
    return server


@test("flushed data, and persistent handles with their locks, survive a power cut at any moment (a disk that records its writes)", alone=True, servers=("bossad",))
def power_cut(case):
    from disk_recorder import RecordedDisk
    disk = RecordedDisk(case.dir, os.path.join(case.dir, "mnt"))
    try:
        call_tool = [case.state.program("bossa-failover"), "--share", "share", "--user", "tester", "--password", PASSWORD, "--user2", "tester2",
                     "--password2", PASSWORD]
        server = powercut_conf(case, disk)
        common = call_tool + ["--bossad", server.binary, "--conf", server.conf, "--server", "127.0.0.1:%d" % server.port]
        disk.start()
        for name in ("state", "share"):
            os.mkdir(os.path.join(disk.mountpoint, name))
        os.chmod(os.path.join(disk.mountpoint, "share"), 0o777)
        os.sync()
        status, text = run(common + ["--mode", "flushed", "--rounds", str(1000 if FULL else 150), "--seed", str(int(time.time()))], timeout=300)
        check(status == 0, text[-2000:], server.messages()[-2000:])
        disk.stop()
        states = [line.split(" ", 1) for line in text.splitlines()]
        moments = [int(moment) for moment, _ in states]
        check(len(moments) > 100, "too few operations")
        image, lost, handles = os.path.join(case.dir, "cut.img"), 0, 0
        cuts = 60 if FULL else 10
        chance = random.Random(len(text))
        for cut in range(cuts):
            moment = chance.randrange(moments[0] + 1, moments[-1])
            promised = states[max(i for i, at in enumerate(moments) if at <= moment)][1]
            lost += disk.image_at(moment, image, cut)
            disk.attach(image)
            status, text = run(common + ["--mode", "reclaim"], timeout=60, stdin=promised + "\n")
            disk.detach()
            check(status == 0, "cut %d" % cut, text, server.messages()[-2000:])
            handles += json.loads(text.splitlines()[-1])["handles_taken_over"]
        check(handles >= cuts, "handles", handles)
        print("# power cuts: %d, blocks lost in them: %d, handles taken over: %d" % (cuts, lost, handles))
    finally:
        disk.stop()


@test("a damaged store of persistent handles costs the damaged record alone: the server starts, says so and keeps the file", servers=("bossad",))
def damaged_store(case):
    server = prepared(case, **{"continuous availability": "yes"})
    common = [case.state.program("bossa-failover"), "--share", "share", "--user", "tester", "--password", PASSWORD, "--user2", "tester2", "--password2",
              PASSWORD, "--bossad", server.binary, "--conf", server.conf, "--server", "127.0.0.1:%d" % server.port]
    status, text = run(common + ["--mode", "flushed", "--rounds", "60", "--seed", "5"], timeout=60)
    check(status == 0, text[-2000:])
    path = os.path.join(server.root, STORE)
    with open(path, "r+b") as f:
        whole = f.read()
        f.seek(0)
        f.write(b"\xff" * 10 + whole[:40] + b"garbage" + whole)  # before the first record, and half of another one
    status, after = run(common + ["--mode", "reclaim"], timeout=60, stdin=text.splitlines()[-1].split(" ", 1)[1] + "\n")
    check(status == 0, after, server.messages()[-2000:])
    check(json.loads(after.splitlines()[-1])["handles_taken_over"] >= 2, after)
    check("of it are damaged" in server.messages(), "no line in the log")
    aside = glob.glob(path + ".damaged*")
    check_equal(len(aside), 1, "files put aside")
    check(open(aside[0], "rb").read().endswith(whole[-100:]), "what was put aside is not the file")
    with open(path, "wb") as f:
        f.write(os.urandom(5000))
    server.start()  # nothing is left, and it serves all the same
    case.smbclient(server, "share", "ls").must()


PERSISTENT, DELETE, SET_INFO, DISPOSITION = 0x10, 0x10000, 17, 13
NOT_AVAILABLE, DELETE_PENDING, NOT_FOUND, ACCESS_DENIED = 0xC0000467, 0xC0000056, 0xC0000034, 0xC0000022
REPLAY, DUPLICATE = 0x20000000, 0xC000022A
BATCH = 9


class Keeper(Locker):
    """SMB 3.0 with persistent handles, each with a CreateGuid made of its name."""

    def __init__(self, server, **keywords):
        super().__init__(server, dialect=0x0300, capabilities=PERSISTENT, client_guid="PersistentClient", **keywords)

    @staticmethod
    def guid(name):
        return name.encode().ljust(16, b"-")[:16]

    def keep(self, name, timeout=60000, lease=None, **keywords):
        contexts = [(b"DH2Q", struct.pack("<IIQ", timeout, 2, 0) + self.guid(name))] + self.leased(lease)
        status, level, file_id, state = self.create(name, contexts=contexts, oplock=0xFF if lease else keywords.pop("oplock", 0), **keywords)
        check_equal(hex(status), "0x0", "open of " + name)
        return file_id, level, state

    @staticmethod
    def leased(key, state=R | H | W):
        return [(b"RqLs", key + struct.pack("<IIQ", state, 0, 0) + b"\0" * 20)] if key else []

    def reclaim(self, name, file_id, lease=None, oplock=0, share="share"):
        contexts = [(b"DH2C", file_id + self.guid(name) + struct.pack("<I", 2))] + self.leased(lease)
        return self.create(name, contexts=contexts, oplock=0xFF if lease else oplock, disposition=1)

    def delete(self, file_id, flag=b"\1"):
        return self.wait(self.send(SET_INFO, struct.pack("<HBBIHHI", 33, 1, DISPOSITION, len(flag), 96, 0, 0) + file_id + flag))[0]


def killed(server):
    """kill -9."""
    server.process.kill()
    server.process.wait()
    server.state.running.remove(server)
    server.process = None


def restarted(server):
    """Its port listens before it has its handles back: they are there when a client is served."""
    server.start()
    Client(server, user="tester2").drop()


def flock_free(path, how):
    with open(path, "rb") as f:
        try:
            fcntl.flock(f, how | fcntl.LOCK_NB)
        except OSError as error:
            check_equal(error.errno, errno.EWOULDBLOCK, "flock")
            return False
    return True


@test("what local programs see of a persistent handle, locks and share modes, is there again after kill -9", servers=("bossad",))
def seen_by_local_programs(case):
    server = prepared(case, **{"continuous availability": "yes", "kernel share modes": "yes", "posix locking": "yes"}).start()
    one = Keeper(server)
    ids = {name: one.keep(name, share=share)[0] for name, share in (("locked", 7), ("readers", 1), ("alone", 0), ("anyone", 7))}
    paths = {name: server.data("share", name) for name in ids}
    check_equal(one.write(ids["locked"], b"x" * 200), "0x0", "write")
    check_equal(one.lock(ids["locked"], (10, 10, EXCLUSIVE | AT_ONCE)), "0x0", "lock")
    handle = os.open(paths["locked"], os.O_RDWR)

    def expect(when):
        check_equal((free(handle, 0, 10), free(handle, 10, 10), free(handle, 15, 1, fcntl.LOCK_SH), free(handle, 20, 100)), (True, False, False, True), "ranges " + when)
        check_equal([flock_free(paths[name], how) for name, how in
                     (("anyone", fcntl.LOCK_EX), ("readers", fcntl.LOCK_SH), ("readers", fcntl.LOCK_EX), ("alone", fcntl.LOCK_SH))],
                    [True, True, False, False], "share modes " + when)

    expect("before")
    killed(server)
    check(free(handle, 10, 10) and flock_free(paths["alone"], fcntl.LOCK_EX), "something else holds them")
    restarted(server)
    expect("after the restart, before its client is back")
    with Client(server, user="tester2") as other:
        check_equal(hex(other.create("alone")[0]), hex(NOT_AVAILABLE), "what conflicts, before its client is back")
    two = Keeper(server)
    for name in ids:
        status, _, ids[name], _ = two.reclaim(name, ids[name])
        check_equal(hex(status), "0x0", "takeover of " + name)
    expect("after the takeover")
    with Locker(server, user="tester2") as other:
        status, _, file_id, _ = other.create("locked", disposition=1)
        check_equal(other.lock(file_id, (10, 1, EXCLUSIVE | AT_ONCE)), hex(NOT_GRANTED), "its lock, for another client")
        check_equal(hex(other.create("alone")[0]), hex(SHARING), "its share mode, for another client")
    check_equal(two.lock(ids["locked"], (10, 10, UNLOCK)), "0x0", "unlock")
    check(free(handle, 10, 10), "an unlocked range is not free")
    for name in ids:
        check_equal(two.close(ids[name]), 0, "close")
    check(flock_free(paths["alone"], fcntl.LOCK_EX) and flock_free(paths["readers"], fcntl.LOCK_EX), "share modes outlive the handles")
    os.close(handle)
    two.drop()


@test("a deletion that a persistent handle stands for is carried out after kill -9: at its close, and when its time is over", servers=("bossad",))
def deletion(case):
    server = prepared(case, **{"continuous availability": "yes"}).start()
    one = Keeper(server)
    everything = 0x13019F
    pending = one.keep("pending", access=everything)[0]
    on_close = one.keep("on-close", access=everything, options=0x1040)[0]
    late = one.keep("late", access=everything, options=0x1040, timeout=4000)[0]
    undone = one.keep("undone", access=everything)[0]
    check_equal(hex(one.delete(pending)), "0x0", "FileDispositionInformation")
    check_equal(hex(one.delete(undone)), "0x0", "FileDispositionInformation")
    check_equal(hex(one.delete(undone, b"\0")), "0x0", "and back")
    killed(server)
    began = time.monotonic()
    restarted(server)
    exists = {name: server.data("share", name) for name in ("pending", "on-close", "late", "undone")}
    check(all(os.path.exists(path) for path in exists.values()), "deleted before its handle was closed")
    with Client(server, user="tester2") as other:
        check_equal(hex(other.create("pending", disposition=1)[0]), hex(DELETE_PENDING), "an open of what is to go")
    two = Keeper(server)
    for name, file_id in (("pending", pending), ("on-close", on_close), ("undone", undone)):
        status, _, again, _ = two.reclaim(name, file_id)
        check_equal(hex(status), "0x0", "takeover of " + name)
        check_equal(two.close(again), 0, "close of " + name)
    check_equal([os.path.exists(exists[name]) for name in ("pending", "on-close", "undone")], [False, False, True], "what is there after the closes")
    case.wait_for(lambda: not os.path.exists(exists["late"]), "the deletion of what nobody took over")
    check(time.monotonic() - began > 3, "deleted before its time")
    check_equal(hex(two.reclaim("late", late)[0]), hex(NOT_FOUND), "takeover after its time")
    two.drop()


@test("nobody takes over another user's persistent handle after kill -9, nor one by a wrong CreateGuid, nor one over another share", servers=("bossad",))
def strangers(case):
    everyone = {"force user": "tester", "create mask": "0666", "continuous availability": "yes"}
    server = case.prepare({}, {"share": dict(everyone), "second": dict(everyone)})
    for name in ("share", "second"):
        os.chmod(server.data(name), 0o777)
    restarted(server)
    one = Keeper(server)
    mine = one.keep("mine", share=0)[0]
    one.lock(mine, (0, 10, EXCLUSIVE | AT_ONCE))
    killed(server)
    restarted(server)
    with Keeper(server, user="tester2") as other:
        check_equal(hex(other.reclaim("mine", mine)[0]), hex(ACCESS_DENIED), "another user")
    with Keeper(server, share="second") as elsewhere:
        check_equal(hex(elsewhere.reclaim("mine", mine)[0]), hex(NOT_FOUND), "over another share")
        again = elsewhere.create_bytes("mine", contexts=[(b"DH2Q", struct.pack("<IIQ", 0, 2, 0) + elsewhere.guid("mine"))])
        status = elsewhere.wait(elsewhere.send(5, again, flags=REPLAY))[0]
        check_equal(hex(status), hex(DUPLICATE), "its CREATE, sent again over another share")
    with Keeper(server) as two:
        contexts = [(b"DH2C", mine + b"?" * 16 + struct.pack("<I", 2))]
        check_equal(hex(two.create("mine", contexts=contexts, disposition=1)[0]), hex(NOT_FOUND), "a wrong CreateGuid")
        contexts = [(b"DH2C", mine + two.guid("mine") + struct.pack("<I", 0))]
        check_equal(hex(two.create("mine", contexts=contexts, disposition=1)[0]), hex(NOT_FOUND), "as if it were durable only")
        status, _, again, _ = two.reclaim("mine", mine)
        check_equal(hex(status), "0x0", "its owner")
        check_equal(two.close(again), 0, "close")


@test("a lease that comes back after kill -9 is broken by a local program's change, before and after its client is back", servers=("bossad",))
def lease_and_local_programs(case):
    server = prepared(case, **{"continuous availability": "yes"}).start()
    one = Keeper(server)
    before, _, state = one.keep("before", lease=KEY1)
    check_equal(state, R | H | W, "grant")
    after = one.keep("after", lease=b"\x44" * 16)[0]
    killed(server)
    restarted(server)
    with open(server.data("share", "before"), "w") as f:
        f.write("changed")
    time.sleep(0.5)
    two = Keeper(server)
    status, _, _, state = two.reclaim("before", before, lease=KEY1)
    check_equal((hex(status), state), ("0x0", 0), "what is left of the lease of a file that was changed")
    status, _, _, state = two.reclaim("after", after, lease=b"\x44" * 16)
    check_equal((hex(status), state), ("0x0", R | H | W), "the lease of the other file")
    with open(server.data("share", "after"), "w") as f:
        f.write("changed")
    check(two.wait_break() is not None, "the lease of the other file is not broken")
    two.drop()


@test("`kernel oplocks`: the kernel's lease on a persistent handle is there again after kill -9, and given up for a local program", servers=("bossad",))
def kernel_lease(case):
    server = prepared(case, **{"continuous availability": "yes", "kernel oplocks": "yes"}).start()
    one = Keeper(server)
    opened, level, _ = one.keep("guarded", oplock=BATCH)
    check_equal(level, BATCH, "oplock")
    path = server.data("share", "guarded")

    def blocked():
        try:
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except OSError as error:
            check_equal(error.errno, errno.EWOULDBLOCK, "open")
            return True
        return False

    def leased():  # asked without breaking it
        inode = ":%d " % os.stat(path).st_ino
        return any(" LEASE " in line and inode in line for line in read_text("/proc/locks").splitlines())

    killed(server)
    check(not blocked(), "somebody else holds a lease")
    restarted(server)
    check(leased(), "the kernel's lease on the handle that is kept")
    took = []

    def local():
        began = time.monotonic()
        os.close(os.open(path, os.O_RDWR))
        took.append(time.monotonic() - began)

    program = threading.Thread(target=local)
    program.start()
    program.join(10)
    check(took and took[0] < 5, "a local program waits for a client that is not there", took)
    two = Keeper(server)
    status, level, again, _ = two.reclaim("guarded", opened, oplock=BATCH)
    check_equal((hex(status), level), ("0x0", 0), "the oplock, which was given up")
    check_equal(two.close(again), 0, "close")
    opened, level, _ = two.keep("guarded", oplock=BATCH)
    check_equal(level, BATCH, "oplock")
    killed(server)
    restarted(server)
    with Client(server, user="tester2") as other:
        check_equal(hex(other.create("guarded", disposition=1)[0]), hex(NOT_AVAILABLE), "what conflicts, before its client is back")
    three = Keeper(server)
    status, level, again, _ = three.reclaim("guarded", opened, oplock=BATCH)
    check_equal((hex(status), level), ("0x0", 0), "the oplock, which was asked for meanwhile")
    check_equal(three.close(again), 0, "close")
    opened, level, _ = three.keep("guarded", oplock=BATCH)
    killed(server)
    restarted(server)
    three = Keeper(server)
    status, level, again, _ = three.reclaim("guarded", opened, oplock=BATCH)
    check_equal((hex(status), level), ("0x0", BATCH), "the oplock, which nobody touched")
    check(blocked(), "the kernel guards nothing")
    check(three.wait_break() is not None, "its client is not told")
    three.drop()


IOCTL, REQUEST_RESILIENCY = 11, 0x001401D4
INVALID_PARAMETER = 0xC000000D


def request_resiliency(client, file_id, data):
    body = struct.pack("<HHI16sIIIIIIII", 57, 0, REQUEST_RESILIENCY, file_id, 120, len(data), 0, 0, 0, 1024, 1, 0) + data
    return client.wait(client.send(IOCTL, body))[0]


@test("a resilient handle without oplock stays for its time, is taken over, and keeps others out until then", servers=("bossad",))
def resilient(case):
    server = case.standard()
    one = Client(server)
    status, _, file_id, _ = one.create("resilient", share=0)
    check_equal(status, 0, "open")
    check_equal(hex(request_resiliency(one, file_id, b"\0" * 7)), hex(INVALID_PARAMETER), "short input")
    check_equal(hex(request_resiliency(one, file_id, struct.pack("<II", 300001, 0))), hex(INVALID_PARAMETER), "longer than the server lets")
    check_equal(hex(request_resiliency(one, file_id, struct.pack("<II", 3000, 0))), hex(0), "FSCTL_LMR_REQUEST_RESILIENCY")
    one.drop()
    time.sleep(0.3)
    with Client(server) as other:
        check_equal(hex(other.create("resilient")[0]), hex(SHARING), "its share mode stands")
    two = Client(server)
    status, _, again, _ = two.create("resilient", contexts=[(b"DHnC", file_id)])
    check_equal((hex(status), again and again[:8]), (hex(0), file_id[:8]), "takeover")
    two.drop()
    with Client(server) as late:
        began = time.monotonic()
        while late.create("resilient")[0] != 0:
            check(time.monotonic() - began < 15, "its time does not end")
            time.sleep(0.05)
        check(time.monotonic() - began > 2, "it was lost after %.1f s" % (time.monotonic() - began))


@test("a lease break that found its client away is told when the client is back, and whoever waits goes on then", servers=("bossad",))
def break_while_away(case):
    server = case.standard()
    guid = "ResilientClient1"
    one = Client(server, client_guid=guid)
    status, _, file_id, state = one.lease("resilient-lease", KEY1, R | H | W)
    check_equal((hex(status), state), ("0x0", R | H | W), "lease")
    check_equal(hex(request_resiliency(one, file_id, struct.pack("<II", 60000, 0))), hex(0), "FSCTL_LMR_REQUEST_RESILIENCY")
    one.drop()
    time.sleep(0.3)
    with Client(server) as other:
        waiting = other.create_send("resilient-lease", disposition=1)
        check(not other.sort_out(0.5) or waiting not in other.replies, "the second open did not wait")
        two = Client(server, client_guid=guid)
        context = KEY1 + struct.pack("<IIQ", R | H | W, 0, 0)
        status, _, again, _ = two.create("resilient-lease", oplock=0xFF, contexts=[(b"DHnC", file_id), (b"RqLs", context)], disposition=1)
        check_equal(hex(status), "0x0", "takeover")
        broken = two.wait_break()
        check(broken is not None and struct.unpack_from("<I16sII", broken, 4) == (1, KEY1, R | H | W, R | H), "break", broken)
        check_equal(two.acknowledge(KEY1, R | H), 0, "acknowledgement")
        began = time.monotonic()
        check_equal(hex(other.created(waiting)[0]), "0x0", "second open")
        check(time.monotonic() - began < 3, "it waited on")
        check_equal(two.close(again), 0, "close")
        two.drop()


@test("a share without continuous availability opens no store and promises nothing", servers=("bossad",))
def no_store(case):
    server = case.start()
    with Client(server) as client:
        check_equal(client.create("plain")[0], 0)
    check(not os.path.exists(os.path.join(server.root, STORE)), "there is a store")
