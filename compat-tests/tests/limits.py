"""What one client may take up: each limit refuses or holds back, is told in the log and counted, and leaves other clients alone."""
import json
import os
import socket
import struct

from harness import PASSWORD, check, check_equal, run, test
from smb_raw import Login, negotiate

INSUFFICIENT_RESOURCES, TOO_MANY_OPENED_FILES = 0xC000009A, 0xC000011F
READ, LOCK, CHANGE_NOTIFY = 8, 10, 15


def reached(case, server, parameter):
    """How often, by bossa-status."""
    status, text = run([case.state.program("bossa-status"), "-s", server.conf, "--limits", "--json"])
    check_equal(status, 0, "bossa-status --limits: " + text)
    row = [row for row in json.loads(text)["limits"] if row["parameter"] == parameter]
    check(len(row) == 1, "no row for", parameter, text)
    return row[0]["reached"]


def check_told(case, server, parameter):
    check(reached(case, server, parameter) > 0, parameter, "was not counted")
    case.wait_for(lambda: "'%s' is reached" % parameter in server.messages(), "a line in the log about " + parameter)


def error_of(call):
    try:
        call()
    except Exception as error:  # impacket's two kinds
        return getattr(error, "getErrorCode", lambda: None)()
    return 0


def greeted(server, source):
    """Whether a connection from that address gets an answer to NEGOTIATE; the socket is given too."""
    one = socket.create_connection(("127.0.0.1", server.port), 5, (source, 0))
    one.settimeout(5)
    try:
        one.sendall(negotiate())
        return one, len(one.recv(4)) == 4
    except ConnectionError:
        return one, False


@test("connections of one address", servers=("bossad",))
def connections(case):
    server = case.start({"bossa:connections per address": "3"})
    held = [greeted(server, "127.0.0.7") for _ in range(3)]
    check(all(answered for _, answered in held), "the first three were not served")
    fourth, answered = greeted(server, "127.0.0.7")
    check(not answered, "a fourth was served")
    check(greeted(server, "127.0.0.8")[1], "another address was not served")
    check_told(case, server, "bossa:connections per address")
    held[0][0].close()
    case.wait_for(lambda: greeted(server, "127.0.0.7")[1], "a place that is free again")


@test("sessions and open files of one user, shares of one session", servers=("bossad",))
def users(case):
    server = case.start({"bossa:sessions per user": "2", "bossa:opens per user": "5", "bossa:trees per session": "2"}, {"share": {}, "again": {}})
    with Login(server) as first, Login(server) as second:
        check_equal(error_of(lambda: Login(server)), INSUFFICIENT_RESOURCES, "a third session of the user")
        tree = first.tree("share")
        other = second.tree("share")
        files = [(login, at, login.connection.createFile(at, "limit%d" % i)) for i, (login, at) in enumerate([(first, tree)] * 3 + [(second, other)] * 2)]
        check_equal(error_of(lambda: second.connection.createFile(other, "limit5")), TOO_MANY_OPENED_FILES, "a sixth open file of the user")
        with Login(server, user="tester2") as another:
            another.connection.openFile(another.tree("share"), "limit0", desiredAccess=0x120089, shareMode=7)
        login, at, file = files[0]
        login.connection.closeFile(at, file)
        second.connection.createFile(other, "limit5")
        first.tree("IPC$")
        check_equal(first.tree_connect("again")[0], INSUFFICIENT_RESOURCES, "a third share of the session")
    case.wait_for(lambda: error_of(lambda: Login(server)) == 0, "places that are free after the sessions' end")
    for parameter in ("sessions per user", "opens per user", "trees per session"):
        check_told(case, server, "bossa:" + parameter)


@test("locks on a file, watched directories of a session, waiting requests of a connection", servers=("bossad",))
def requests(case):
    server = case.start({"bossa:locks per file": "3", "bossa:notifies per session": "2", "bossa:waiting requests": "2"})
    with Login(server) as login:
        tree = login.tree("share")
        file = login.connection.createFile(tree, "locks")

        def lock(offset):
            return login.send_raw(LOCK, struct.pack("<HHI", 48, 1, 0) + file + struct.pack("<QQII", offset, 1, 0x12, 0), tree)
        check_equal([lock(at) for at in range(3)], [0, 0, 0], "three locks")
        check_equal(lock(3), INSUFFICIENT_RESOURCES, "a fourth lock on the file")

        def watch(at, wait):
            login.connection.createDirectory("share", "watched%d" % at)
            folder = login.connection.openFile(tree, "watched%d" % at, desiredAccess=1, creationOption=1)
            return login.send_raw(CHANGE_NOTIFY, struct.pack("<HHI", 32, 0, 4096) + folder + struct.pack("<II", 1, 0), tree, wait=wait)
        watch(0, False), watch(1, False)
        check_equal(watch(2, True), INSUFFICIENT_RESOURCES, "a third watch")
    for parameter in ("locks per file", "notifies per session"):
        check_told(case, server, "bossa:" + parameter)


@test("a client that does not take its answers is held back, and gets all of them when it does", servers=("bossad",))
def in_flight(case):
    server = case.start({"bossa:unsent bytes": "1048576"})
    content = os.urandom(65536)
    case.put_on_disk(server, "share", "held back", content)
    with Login(server) as login:
        tree = login.tree("share")
        for _ in range(8):  # each answer grants credits
            file = login.connection.openFile(tree, "held back", desiredAccess=0x120089, shareMode=7)
        body = struct.pack("<HBBIQ", 49, 0x50, 0, len(content), 0) + file + struct.pack("<IIIHHB", 0, 0, 0, 0, 0, 0)
        waiting = [login.send_without_wait(READ, body, tree) for _ in range(400)]
        case.wait_for(lambda: reached(case, server, "bossa:unsent bytes") > 0, "the limit of what is not taken")
        with Login(server) as another:
            another.connection.createFile(another.tree("share"), "beside")
        for message in waiting:
            answer = login.smb.recvSMB(message)
            check_equal(answer["Status"], 0, "a READ that waited")
            check(answer["Data"][16:] == content, "a READ that waited gave other bytes")
    check_told(case, server, "bossa:unsent bytes")


@test("a value that is no number leaves the default, and the log says so with file and line", servers=("bossad",))
def bad_value(case):
    server = case.start({"bossa:locks per file": "many"})
    case.wait_for(lambda: "'bossa:locks per file = many': expected a number from 1 to 65536" in server.messages(), "a line about the value")
    check(os.path.basename(server.conf) in server.messages(), "the line names no file")
