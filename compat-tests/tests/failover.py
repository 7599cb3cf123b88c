"""Handles that outlive the server or their connection: bossa-failover kills, cuts, takes over and compares."""
import glob
import json
import os
import random
import stat
import struct
import time

from caching import Client
from harness import PASSWORD, check, check_equal, run, test

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


IOCTL, REQUEST_RESILIENCY = 11, 0x001401D4
INVALID_PARAMETER, SHARING_VIOLATION = 0xC000000D, 0xC0000043


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
        check_equal(hex(other.create("resilient")[0]), hex(SHARING_VIOLATION), "its share mode stands")
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


@test("a share without continuous availability opens no store and promises nothing", servers=("bossad",))
def no_store(case):
    server = case.start()
    with Client(server) as client:
        check_equal(client.create("plain")[0], 0)
    check(not os.path.exists(os.path.join(server.root, STORE)), "there is a store")
