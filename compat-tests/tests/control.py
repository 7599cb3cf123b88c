"""The control socket, bossa-control, bossa-status and reload: what docs/control.md says."""
import json
import os
import pwd
import re
import signal
import socket
import stat
import subprocess
import threading
import time

from harness import PASSWORD, check, check_equal, run, test

BOSSAD = ("bossad",)


def tool(case, name, server, *words):
    return run([case.state.program(name), "-s", server.conf] + list(words), timeout=60)


def control(case, server, *words, status=0):
    got, out = tool(case, "bossa-control", server, *words)
    check(got == status, "bossa-control", words, "ended with", got, "-", out)
    return out


def status_of(case, server):
    got, out = tool(case, "bossa-status", server, "--json")
    check(got == 0, out)
    return json.loads(out)


class Socket:
    def __init__(self, server):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(server.root + "/pid/bossad.control")
        self.file = self.socket.makefile("rb")

    def send(self, line):
        self.socket.sendall(line.encode() if isinstance(line, str) else line)

    def receive(self):
        return json.loads(self.file.readline() or b"null")

    def ask(self, **request):
        self.send(json.dumps(request) + "\n")
        return self.receive()

    def __enter__(self):
        return self

    def close(self):
        self.file.close()
        self.socket.close()

    def __exit__(self, *_):
        self.close()


@test("bossa-control ping says that the server answers; without one it fails and says so", servers=BOSSAD)
def ping(case):
    server = case.start()
    check(str(server.process.pid) in control(case, server, "ping"), "no process id")
    answer = json.loads(control(case, server, "ping", "--json"))
    check_equal(answer["process"], server.process.pid, "process")
    check_equal(answer["configuration"], server.conf, "configuration")
    server.stop()
    check("no server can be reached" in control(case, server, "ping", status=2), "no word about the missing server")
    check(not os.path.exists(server.root + "/pid/bossad.control"), "the socket was left behind")


@test("the control socket has mode 0600, replaces one left behind, and refuses other users whatever its mode", servers=BOSSAD)
def credentials(case):
    server = case.prepare()
    left = socket.socket(socket.AF_UNIX)
    left.bind(server.root + "/pid/bossad.control")
    left.close()
    server.start()
    path = server.root + "/pid/bossad.control"
    check_equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
    control(case, server, "ping")
    script = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(%r)\ns.settimeout(5)\n"
              "s.sendall(b'{\"bossa\":1,\"command\":\"shutdown\"}\\n')\nprint(s.makefile().readline())\n" % path)
    user = pwd.getpwnam("tester")

    def as_tester():
        return subprocess.run(["/usr/bin/python3", "-c", script], user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20).stdout.decode()
    check("PermissionError" in as_tester(), "the mode did not keep a user out")
    os.chmod(path, 0o666)
    out = as_tester()
    check("not-allowed" in out or "BrokenPipe" in out or "ConnectionReset" in out, out)
    check(server.alive(), "a user has ended the server")
    check("user %d refused" % user.pw_uid in server.messages(), "no line in the log")
    control(case, server, "ping")


@test("the owner of a server without root may use its control socket", servers=BOSSAD)
def owner(case):
    server = case.prepare(accounts=False)
    user = pwd.getpwnam("tester")
    for folder, _, files in os.walk(server.root):
        for name in [folder] + [os.path.join(folder, f) for f in files]:
            os.chown(name, user.pw_uid, user.pw_gid)
    server.start(user="tester")
    done = subprocess.run([case.state.program("bossa-control"), "-s", server.conf, "ping"], user=user.pw_uid, group=user.pw_gid, extra_groups=[],
                          cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    check(done.returncode == 0, done.stdout.decode())
    control(case, server, "ping")  # and root as well


@test("the protocol: ids come back, versions and garbage are answered, several requests stand in one write", servers=BOSSAD)
def protocol(case):
    server = case.start()
    with Socket(server) as one, Socket(server) as other:
        answer = one.ask(bossa=1, id="a", command="ping")
        check_equal((answer["bossa"], answer["id"], answer["ok"]), (1, "a", True), "answer")
        one.send('{"bossa":1,"id":1,"command":"ping"}\n{"bossa":1,"id":2,"command":"pnig"}\n\n{"bossa":1,"id":3,"command":"ping","arguments":[]}\n')
        check_equal([one.receive()["id"] for _ in range(2)], [1, 2], "ids")
        check_equal(one.receive()["error"]["code"], "bad-request", "arguments that are a list")
        other.send(b"\xff\xfe nonsense\n" + b"[" * 200000 + b"\n" + b'{"bossa":1}\n')
        for _ in range(3):
            check_equal(other.receive()["error"]["code"], "bad-request", "garbage")
        check_equal(other.ask(bossa=2, command="ping")["error"]["code"], "version", "version 2")
        check_equal(other.receive(), None, "the end of the connection")
        check(one.ask(bossa=1, command="ping")["ok"], "the other connection")
    with Socket(server) as long:
        try:
            long.send(b"x" * (3 << 20))
        except OSError:
            pass
        check((long.receive() or {"error": {"code": "bad-request"}})["error"]["code"] == "bad-request", "a line without end")
    many = [Socket(server) for _ in range(40)]
    check_equal(many[-1].receive()["error"]["code"], "busy", "the fortieth at once")
    for connection in many:
        connection.close()

    def answered():
        try:
            with Socket(server) as last:
                return last.ask(bossa=1, command="ping")["ok"]
        except OSError:
            return False
    case.wait_for(answered, "an answer after many connections")
    control(case, server, "ping")


@test("bossa-status shows sessions, shares and open files with client, user, path, access and share modes", servers=BOSSAD)
def status(case):
    from impacket.smb3structs import FILE_SHARE_DELETE, FILE_SHARE_READ
    from impacket.smbconnection import SMBConnection
    server = case.start(shares={"share": {}, "closed": {"read only": "yes"}})
    case.put_on_disk(server, "share", "folder/held.txt", b"content")
    nothing = status_of(case, server)
    check_equal((nothing["sessions"], nothing["shares"], nothing["opens"]), ([], [], []), "an idle server's lists")
    connection = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=server.port, timeout=10, preferredDialect=0x0300)
    connection.login("tester", PASSWORD)
    tree = connection.connectTree("share")
    held = connection.openFile(tree, "folder\\held.txt", desiredAccess=0x120089 | 0x10000, shareMode=FILE_SHARE_READ | FILE_SHARE_DELETE)
    connection.connectTree("closed")
    got = status_of(case, server)
    check_equal(len(got["sessions"]), 1, "sessions")
    session = got["sessions"][0]
    check_equal([session[k] for k in ("user", "unix_user", "client", "dialect", "guest")], ["tester", "tester", "127.0.0.1", "SMB3_00", False], "session")
    check_equal(sorted((s["share"], s["read_only"]) for s in got["shares"] if s["share"] != "IPC$"), [("closed", True), ("share", False)], "shares")
    check_equal(len(got["opens"]), 1, "opens")
    one = got["opens"][0]
    check_equal([one[k] for k in ("share", "path", "user", "client", "kind", "access", "share_access")],
                ["share", "folder/held.txt", "tester", "127.0.0.1", "file", 0x130089, 5], "open")
    case.smbclient(server, "share", "rename folder\\held.txt folder\\moved.txt").must()
    check_equal(status_of(case, server)["opens"][0]["path"], "folder/moved.txt", "path after another client's rename")
    _, text = tool(case, "bossa-status", server)
    for part in ("tester", "127.0.0.1", "SMB3_00", "folder/moved.txt", "RD 0x130089", "read only"):
        check(part in text, "no", part, "in:", text)
    _, brief = tool(case, "bossa-status", server, "-p")
    check("tester" in brief and "moved.txt" not in brief, brief)
    connection.closeFile(tree, held)
    connection.close()
    case.wait_for(lambda: not status_of(case, server)["sessions"], "the end of the session in the status")


@test("bossa-control shutdown ends the server and waits for that", servers=BOSSAD)
def shutdown(case):
    server = case.start()
    control(case, server, "shutdown")
    check_equal(server.process.wait(10), 0, "exit status")
    server.process = None
    server.state.running.remove(server)


@test("reload-config tells what changed, from what to what, where, and what needs a restart; the log has the same", servers=BOSSAD)
def reload_changes(case):
    server = case.start(shares={"share": {}, "old": {}, "ways": {"read only": "yes"}})
    server.write_conf({"server signing": "mandatory", "smb ports": "1", "server min protocol": "SMB3_00", "max xmit": "20000"},
                      {"share": {}, "ways": {"read only": "no", "fruit:aapl": "yes"}, "fresh": {}})
    answer = json.loads(control(case, server, "reload-config", "--json"))
    changes = {(c["section"], c["parameter"]): c for c in answer["changes"]}
    signing = changes["global", "server signing"]
    check_equal((signing["old"], signing["new"], signing["needs_restart"]), ("default", "required", False), "server signing")
    line = [n for n, text in enumerate(open(server.conf), 1) if "server signing" in text][0]
    check_equal(signing["place"], "%s:%d" % (server.conf, line), "place")
    check_equal((changes["ways", "read only"]["old"], changes["ways", "read only"]["new"]), ("Yes", "No"), "read only")
    check_equal(changes["ways", "fruit:aapl"]["new"], "yes", "an option with a colon")
    check(changes["global", "smb ports"]["needs_restart"], "smb ports need no restart?")
    check_equal(changes["old", ""]["kind"], "section-removed", "[old]")
    check_equal(changes["fresh", ""]["kind"], "section-added", "[fresh]")
    check_equal(answer["restart_needed"], ["smb ports"], "restart needed")
    check_equal(len(changes), 8, "number of changes: %s" % sorted(changes))
    log = server.messages()
    for part in ("[global] server signing: 'default' -> 'required'", "[old] is gone", "[fresh] is new", "takes effect at the next restart"):
        check(part in log, "no", part, "in the log:", log)
    check("nothing has changed" in control(case, server, "reload-config"), "a second reload")
    check_equal(json.loads(control(case, server, "ping", "--json"))["restart_needed"], ["smb ports"], "restart needed, later")


@test("a configuration that cannot be taken changes nothing, and reload-config says where it is wrong", servers=BOSSAD)
def reload_broken(case):
    server = case.start(shares={"share": {}})
    server.write_conf({"server signing": "mandatory"}, {"share": {}, "late": {"read only": "perhaps"}})
    out = control(case, server, "reload-config", status=1)
    line = [n for n, text in enumerate(open(server.conf), 1) if "perhaps" in text][0]
    check("%s:%d" % (server.conf, line) in out, out)
    case.smbclient(server, "late", "ls").refused("NT_STATUS_BAD_NETWORK_NAME")
    case.smbclient(server, "share", "ls").must()
    answer = json.loads(control(case, server, "ping", "--json"))
    check_equal(answer["configuration_loaded"], answer["started"], "time of the configuration in force")
    os.unlink(server.conf + ".gone") if os.path.exists(server.conf + ".gone") else None
    os.rename(server.conf, server.conf + ".gone")
    got, out = run([case.state.program("bossa-control"), "--directory", server.root + "/pid", "reload-config"])
    check(got == 1, "a missing file was taken:", out)
    case.smbclient(server, "share", "ls").must()


@test("a reload ends the tree connects of shares that are gone, and no others; connections stay", servers=BOSSAD)
def reload_removed_share(case):
    from impacket.smbconnection import SMBConnection, SessionError
    server = case.start(shares={"share": {}, "goes": {}, "closes": {}})
    for share in ("share", "goes", "closes"):
        case.put_on_disk(server, share, "f", b"content")
    connection = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=server.port, timeout=10)
    connection.login("tester", PASSWORD)
    opened = {}
    for share in ("share", "goes", "closes"):
        tree = connection.connectTree(share)
        opened[share] = (tree, connection.openFile(tree, "f", desiredAccess=0x120089))
    server.write_conf(None, {"share": {}, "closes": {"available": "no"}})
    control(case, server, "reload-config")
    case.wait_for(lambda: [o["share"] for o in status_of(case, server)["opens"]] == ["share"], "only the open of the share that stays")
    check_equal(connection.readFile(*opened["share"], bytesToRead=7), b"content", "the share that stays")
    for share in ("goes", "closes"):
        try:
            connection.readFile(*opened[share], bytesToRead=7)
            check(False, "an open of share", share, "still reads")
        except SessionError as error:
            check_equal(error.getErrorCode(), 0xC00000C9, "status on " + share)  # NETWORK_NAME_DELETED
    connection.close()
    check("tree connect to share goes ended" in server.messages(), "no line in the log")
