"""What the threads that serve may do: read from the kernel, and tried by code inside of the process ("probe" of the control socket)."""
import errno
import io
import json
import os
import pwd
import re
import threading

from control import Socket, tool
from harness import PASSWORD, check, check_equal, read_text, run, test

BOSSAD = ("bossad",)
PROBES = {"bossa:test probes": "yes"}
SERVING = ("loop", "worker")
PERMITTED = {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_SETGID", "CAP_SETUID", "CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_LEASE"}
FILES = {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD"}


def security(case, server):
    got, out = tool(case, "bossa-status", server, "--security", "--json")
    check(got == 0, out)
    return json.loads(out)


def present(case, server, kind):
    """Maybe none, while new threads take the place of old ones."""
    return [one for one in security(case, server)["threads"] if one["kind"] == kind]


def threads(case, server, kind):
    found = present(case, server, kind)
    check(found, "no thread of kind", kind)
    return found


def ids(case, server, kind):
    return {number for one in threads(case, server, kind) for number in one["ids"]}


def kernel_status(server, thread):
    return dict(line.split(":\t", 1) for line in read_text("/proc/%d/task/%d/status" % (server.process.pid, thread)).splitlines() if ":\t" in line)


def names(mask):
    order = ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK "
             "IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE").split()
    value = int(mask, 16)
    check(value < 1 << len(order), "capabilities beyond those of files and identity:", mask)
    return {"CAP_" + name for bit, name in enumerate(order) if value >> bit & 1}


def probe(server, call, path=""):
    """errno by kind of thread; each loop and one worker were asked."""
    with Socket(server) as control:
        answer = control.ask(bossa=1, command="probe", arguments={"call": call, "path": path})
    check(answer["ok"], answer)
    answers = answer["result"]["answers"]
    check({one["kind"] for one in answers} == set(SERVING), "not every kind of thread was asked:", answers)
    return {(one["kind"], one["error"]) for one in answers}


def check_probe(server, want, call, path=""):
    check_equal(probe(server, call, path), {(kind, want) for kind in SERVING}, "%s %s" % (call, path))


def connection(server, user="tester"):
    from impacket.smbconnection import SMBConnection
    made = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=server.port, timeout=30)
    made.login(user, PASSWORD)
    return made


@test("bossa-status --security shows the threads as the kernel has them: capabilities, seccomp, Landlock with its roots", servers=BOSSAD)
def shown(case):
    server = case.start(shares={"one": {}, "two": {}})
    case.smbclient(server, "one", "put %s a" % case.local("a", b"content")).must("putting file")
    view = security(case, server)
    check(view["landlock_version"] >= 2, "this test needs a kernel with Landlock:", view["landlock_version"])
    seen = {number for one in view["threads"] for number in one["ids"]}
    there = {int(name) for name in os.listdir("/proc/%d/task" % server.process.pid)}
    check_equal(seen, there, "threads")
    for kind in SERVING:
        for one in threads(case, server, kind):
            check_equal(set(one["permitted"]), PERMITTED, kind + " permitted")
            check("CAP_SYS_ADMIN" not in one["effective"] and "CAP_LEASE" not in one["effective"], "in force at all times:", one)
            check_equal((one["capabilities"], one["seccomp"], one["landlock"], one["no_new_privileges"]), ("on", "on", "on", True), kind)
            check_equal(one["roots"], [server.data("one"), server.data("two")], "roots")
            for number in one["ids"]:
                status = kernel_status(server, number)
                check_equal((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"), "the kernel's word on %d" % number)
                check_equal(names(status["CapPrm"]), PERMITTED, "the kernel's word on %d" % number)
                check(names(status["CapEff"]) - FILES == {"CAP_SETUID", "CAP_SETGID"}, "in force:", status["CapEff"])
    for kind in ("main", "spawner", "outside"):
        for one in threads(case, server, kind):
            check(not one["confined"] and one["seccomp"] == "off", one)
            check("CAP_SYS_MODULE" not in one["permitted"] and "CAP_SYS_RAWIO" not in one["permitted"], "not needed by anybody:", one)
    got, out = tool(case, "bossa-status", server, "--security")
    check(got == 0, out)
    for part in ("Landlock of the kernel: version", "loop", "worker", "spawner, not confined", "CAP_SETUID", server.data("two")):
        check(part in out, "no", part, "in", out)


@test("no kind of thread that serves opens a file outside of the shares, makes a socket or starts a process, though code inside asks as root", servers=BOSSAD)
def probed(case):
    server = case.start(PROBES, {"share": {}, "root": {"admin users": "tester"}})
    inside = case.put_on_disk(server, "share", "folder/inside", b"content")
    # Each thread has stood for root by then.
    for _ in range(4):
        case.smbclient(server, "root", "put %s big" % case.local("big", os.urandom(3 << 20)), "get big back").must("putting file")
    check_probe(server, 0, "read", inside)
    check_probe(server, 0, "write", inside)
    for path in ("/etc/passwd", "/etc/shadow", "/proc/self/mem", "/proc/1/environ", server.conf, server.root + "/private/passdb.tdb", server.root + "/log/log.smbd"):
        check(os.path.exists(path), path)
        check_probe(server, errno.EACCES, "read", path)
    check_probe(server, errno.EACCES, "read", "/etc")
    check_probe(server, errno.EACCES, "write", server.conf)
    check_probe(server, errno.EACCES, "create", server.root + "/planted")
    check(not os.path.exists(server.root + "/planted"), "a file was made")
    os.symlink("/etc/passwd", server.data("share", "link"))
    check_probe(server, errno.EACCES, "read", server.data("share", "link"))
    for call in ("socket", "process", "mount", "handle"):
        check_probe(server, errno.EPERM, call)
    case.smbclient(server, "share", "ls").must("folder")


@test("probes are refused without `bossa:test probes = yes`", servers=BOSSAD)
def probes_refused(case):
    server = case.start()
    with Socket(server) as control:
        answer = control.ask(bossa=1, command="probe", arguments={"call": "read", "path": "/etc/passwd"})
    check_equal((answer["ok"], answer["error"]["code"]), (False, "refused"), "answer")


@test("share add: new threads serve the new root; a client that was connected keeps its connection and file, and uses the new share", servers=BOSSAD)
def share_added(case):
    server = case.start(PROBES, {"old": {}})
    fresh = os.path.join(server.root, "fresh")
    os.mkdir(fresh)
    account = pwd.getpwnam("tester")
    os.chown(fresh, account.pw_uid, account.pw_gid)
    with open(fresh + "/there", "wb") as f:
        f.write(b"from the start")
    clients = [connection(server) for _ in range(6)]
    held = []
    for number, client in enumerate(clients):
        tree = client.connectTree("old")
        held.append((tree, client.createFile(tree, "held%d" % number)))
        client.writeFile(tree, held[-1][1], b"before")
    before = {kind: ids(case, server, kind) for kind in SERVING}
    check_probe(server, errno.EACCES, "read", fresh + "/there")
    trouble, ending = [], threading.Event()

    def busy():
        data, number = os.urandom(300000), 0
        try:
            client = connection(server)
            while not ending.is_set() or number < 3:
                client.putFile("old", "busy", io.BytesIO(data).read)
                got = bytearray()
                client.getFile("old", "busy", got.extend)
                check(bytes(got) == data, "torn")
                number += 1
        except Exception as problem:
            trouble.append(problem)
    worker = threading.Thread(target=busy)
    worker.start()
    got, out = run([case.state.program("bossa-cfg"), "--directory", server.root + "/pid", "share", "add", "-n", "fresh", "-p", fresh])
    check(got == 0, out)
    for number, client in enumerate(clients):
        tree = client.connectTree("fresh")
        name = "new%d" % number
        file = client.createFile(tree, name)
        client.writeFile(tree, file, b"after %d" % number)
        check_equal(client.readFile(tree, file, 0, 100), b"after %d" % number, "the new share's file")
        client.closeFile(tree, file)
        old_tree, old_file = held[number]
        client.writeFile(old_tree, old_file, b"later!", offset=6)
        check_equal(client.readFile(old_tree, old_file, 0, 100), b"beforelater!", "the file held over the change")
        client.closeFile(old_tree, old_file)
        client.deleteFile("old", "held%d" % number)
    ending.set()
    worker.join(60)
    check(not trouble, "a client that worked meanwhile:", trouble)
    case.smbclient(server, "fresh", "get there back", "put back again", "ls").must("again")
    check_probe(server, 0, "read", fresh + "/there")
    check_probe(server, errno.EACCES, "read", server.conf)
    for kind in SERVING:
        check(not ids(case, server, kind) & before[kind], "old threads of kind", kind, "still run")
        for one in threads(case, server, kind):
            check_equal(one["roots"], sorted([fresh, server.data("old")]), "roots")



@test("%U in a path, a home, and a root that was made anew become open when a client comes for them, and others' directories do not", servers=BOSSAD)
def came_later(case):
    server = case.start(PROBES, {"mine": {"path": "@ROOT@/data/users/%U"}, "homes": {"path": "@ROOT@/data/homes/%S"}, "share": {}})
    for top in ("users", "homes"):
        for user in ("tester", "tester2"):
            folder = server.data(top, user)
            os.makedirs(folder)
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
            with open(folder + "/file", "w") as f:
                f.write("of " + user)
    local = case.local("local", b"content")
    check_probe(server, errno.EACCES, "read", server.data("users", "tester", "file"))
    case.smbclient(server, "mine", "put %s new" % local, "get new back", "ls").must("putting file", "new")
    check_probe(server, 0, "read", server.data("users", "tester", "file"))
    check_probe(server, errno.EACCES, "read", server.data("users", "tester2", "file"))
    case.smbclient(server, "tester2", "put %s new" % local, "ls", user="tester2").must("putting file")
    check_probe(server, 0, "read", server.data("homes", "tester2", "file"))
    check_probe(server, errno.EACCES, "read", server.data("homes", "tester", "file"))
    case.smbclient(server, "share", "put %s new" % local).must("putting file")
    os.rename(server.data("share"), server.data("moved"))
    os.mkdir(server.data("share"))
    os.chown(server.data("share"), pwd.getpwnam("tester").pw_uid, -1)
    check_probe(server, errno.EACCES, "create", server.data("share", "planted"))
    case.smbclient(server, "share", "put %s again" % local, "ls").must("again")
    check_probe(server, 0, "read", server.data("share", "again"))


@test("a share with wide links lets links lead out, and --security says that Landlock is off for it; without the share it is on again", servers=BOSSAD)
def wide_links(case):
    wide = {"wide links": "yes"}
    server = case.start(dict(PROBES, **{"unix extensions": "no"}), {"share": {}, "wide": wide})
    outside = os.path.join(server.root, "outside")
    with open(outside, "w") as f:
        f.write("from outside")
    os.chmod(outside, 0o644)
    os.symlink(outside, server.data("wide", "link"))
    case.smbclient(server, "wide", "get link back").must("getting file")
    check("from outside" in read_text(case.dir + "/back"), "another content")
    for kind in SERVING:
        for one in threads(case, server, kind):
            check(one["landlock"].startswith("off: ") and "wide links" in one["landlock"] and "wide" in one["landlock"], one["landlock"])
            check_equal(one["seccomp"], "on", "seccomp")
    check("wide links = yes of share wide" in server.messages(), "no line in the log")
    check_probe(server, errno.EPERM, "socket")
    server.write_conf(dict(PROBES, **{"unix extensions": "no"}), {"share": {}})
    server.hup()
    case.wait_for(lambda: all({one["landlock"] for one in present(case, server, kind)} == {"on"} for kind in SERVING), "Landlock")
    check_probe(server, errno.EACCES, "read", outside)


@test("bossa:isolation = no confines no thread, and the log and --security say so; a reload changes it both ways", servers=BOSSAD)
def switched_off(case):
    server = case.start(dict(PROBES, **{"bossa:isolation": "no"}))
    check_probe(server, 0, "read", "/etc/passwd")
    check_probe(server, 0, "socket")
    for kind in SERVING:
        for one in threads(case, server, kind):
            check_equal((one["confined"], one["seccomp"], one["landlock"]), (False, "off", "off"), kind)
    check("bossa:isolation = no" in server.messages(), "no line in the log")
    client = connection(server)
    for setting, error in ((None, errno.EACCES), ("no", 0)):
        server.write_conf(dict(PROBES, **{"bossa:isolation": setting}))
        server.hup()
        case.wait_for(lambda: probe(server, "read", "/etc/passwd") == {(kind, error) for kind in SERVING}, "the change")
    client.createDirectory("share", "still here")


@test("a server without root is confined too, all but its capabilities", servers=BOSSAD)
def without_root(case):
    server = case.prepare(PROBES, accounts=False)
    user = pwd.getpwnam("tester")
    for folder, _, found in os.walk(server.root):
        for name in [folder] + [os.path.join(folder, f) for f in found]:
            os.chown(name, user.pw_uid, user.pw_gid)
    server.start(user="tester")
    check_probe(server, errno.EACCES, "read", "/etc/passwd")
    check_probe(server, errno.EPERM, "socket")
    for one in threads(case, server, "loop"):
        check_equal((one["permitted"], one["seccomp"], one["landlock"]), ([], "on", "on"), "loop")


@test("the server's memory is left out of core dumps", servers=BOSSAD)
def no_core(case):
    server = case.start()
    case.smbclient(server, "share", "ls").must("blocks")
    limits = read_text("/proc/%d/limits" % server.process.pid)
    check(re.search(r"Max core file size\s+0\s+0", limits), limits)
    # Not dumpable: its /proc is root's, whoever the thread is.
    check_equal(os.stat("/proc/%d/mem" % server.process.pid).st_uid, 0, "owner")
