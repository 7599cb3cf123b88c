"""The daemon around the protocol: starting, reloading, stopping, and what it says when it cannot."""
import os
import re
import signal
import socket
import struct
import subprocess
import time

from harness import PASSWORD, check, check_equal, free_port, read_text, run, test
from smb_raw import Raw, negotiate, status_of


def ends(server, *extra, user=None, seconds=20):
    """Starts a server that is expected to end by itself: (exit status, all it wrote)."""
    server.launch(extra, user=user)
    try:
        server.process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise AssertionError("it runs: " + server.messages()[-500:])
    status = server.process.returncode
    server.process = None
    server.state.running.remove(server)
    return status, server.messages()


@test("the pid file in pid directory names the process and goes with it")
def pid_file(case):
    server = case.start()
    path = server.root + "/pid/smbd.pid"
    check_equal(int(read_text(path)), server.process.pid, "pid in the file")
    server.stop()
    check(case.kind == "smbd" or not os.path.exists(path), "the pid file is still there")


@test("SIGTERM ends the server at once, with clients connected")
def sigterm(case):
    server = case.start()
    with Raw(server) as raw:
        check_equal(status_of(raw.ask(negotiate())), 0, "status of NEGOTIATE")
        began = time.monotonic()
        server.stop()
        check(time.monotonic() - began < 10, "took longer than 10 s")


@test("SIGHUP brings in a new share and drops a removed one, without a break for connected clients")
def reload(case):
    server = case.start(shares={"share": {}, "old": {}})
    client = subprocess.Popen(["smbclient", "//127.0.0.1/share", "-p", str(server.port), "-s", case.state.client_conf, "-U",
                               "tester%" + PASSWORD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              cwd=case.dir)
    client.stdin.write("mkdir before\n")
    client.stdin.flush()
    case.wait_for(lambda: os.path.isdir(server.data("share", "before")), "the first command")
    server.write_conf(shares={"share": {}, "fresh": {}})
    server.hup()
    case.wait_for(lambda: case.smbclient(server, "fresh", "ls").status == 0, "the new share")
    case.smbclient(server, "old", "ls").refused("NT_STATUS_BAD_NETWORK_NAME")
    out = client.communicate("mkdir after\nexit\n", timeout=20)[0]
    check(os.path.isdir(server.data("share", "after")), "the connected client was cut off:", out)


@test("SIGHUP changes the rules of a share that stays")
def reload_rules(case):
    server = case.start(shares={"share": {}})
    case.smbclient(server, "share", "mkdir one").must()
    server.write_conf(shares={"share": {"read only": "yes"}})
    server.hup()
    case.wait_for(lambda: case.smbclient(server, "share", "mkdir two%d" % time.monotonic_ns()).nt_status is not None, "read only")


@test("SIGHUP with a broken configuration keeps the old one in force and says why", servers=("bossad",))
def reload_broken(case):
    server = case.start()
    good = read_text(server.conf)
    for broken, line in ((good + "\n[oops\n", len(good.splitlines()) + 2),
                         (good.replace("server role = standalone server", "server signing = maybe"), 2)):
        before = len(server.messages())
        with open(server.conf, "w") as f:
            f.write(broken)
        server.hup()
        case.wait_for(lambda: re.search(r"smb\.conf:%d:\d+" % line, server.messages()[before:]), "a message with smb.conf:%d:column" % line)
        case.smbclient(server, "share", "ls").must()
    with open(server.conf, "w") as f:
        f.write(good + "\n[fresh]\n\tpath = %s\n" % server.data("share"))
    server.hup()
    case.wait_for(lambda: case.smbclient(server, "fresh", "ls").status == 0, "the repaired configuration")


@test("SIGHUP with a configuration file that is gone keeps the old one in force", servers=("bossad",))
def reload_gone(case):
    server = case.start()
    os.rename(server.conf, server.conf + ".away")
    server.hup()
    time.sleep(0.5)
    case.smbclient(server, "share", "ls").must()
    os.rename(server.conf + ".away", server.conf)


@test("a configuration that cannot be parsed: message with file:line:column, exit 1", servers=("bossad",))
def broken_config(case):
    for text, line in (("[global]\n\tserver signing = maybe\n", 2), ("[global]\n[share\n", 2), ("[global]\n\tread only = perhaps\n", 2),
                       ("[global]\n\t= value\n", 2)):
        server = case.prepare(text=text)
        status, out = ends(server)
        check_equal(status, 1, "exit status for %r (%s)" % (text, out[-300:]))
        check(re.search(r"smb\.conf:%d:\d+" % line, out), "no smb.conf:%d:column in" % line, out[-400:])


@test("no configuration file: one clear sentence, exit 1")
def no_config(case):
    server = case.prepare()
    os.unlink(server.conf)
    status, out = ends(server)
    check(status != 0, "exit status", status)
    check(case.kind == "smbd" or "smb.conf" in out, "message:", out)


@test("an unknown parameter is a warning with file:line and the nearest real name, and the server starts", servers=("bossad",))
def unknown_parameter(case):
    server = case.start({"servr signing": "mandatory"})
    line = [n for n, text in enumerate(open(server.conf), 1) if "servr" in text][0]
    check(re.search(r"smb\.conf:%d\b.*servr signing" % line, server.messages()), "no warning with the line:", server.messages()[-600:])
    check("server signing" in server.messages(), "the nearest name is not given:", server.messages()[-600:])
    case.smbclient(server, "share", "ls").must()


@test("a port in use ends the start and names the process that has it", servers=("bossad",))
def port_in_use(case):
    for holder in ("smbd", "bossad", "python"):
        server = case.prepare()
        if holder == "python":
            other = socket.create_server(("127.0.0.1", server.port))
            other.listen()
            name, pid = "python", os.getpid()
        else:
            first = case.prepare(kind=holder)
            first.port = server.port
            first.write_conf()
            first.start()
            name, pid = holder, first.process.pid
        status, out = ends(server)
        check_equal(status, 1, "exit status with %s on the port (%s)" % (holder, out[-300:]))
        check(name in out and str(pid) in out and str(server.port) in out, "the message names not %s, pid %d and port %d:" %
              (name, pid, server.port), out[-500:])
        if holder == "python":
            other.close()
        else:
            case.smbclient(first, "share", "ls").must()
            first.stop()


@test("a missing share path is one clear line that names share and path", servers=("bossad",))
def missing_path_line(case):
    server = case.start(shares={"share": {}, "lost": {"path": "/no/such/folder"}})
    case.smbclient(server, "lost", "ls").refused()
    case.wait_for(lambda: [x for x in server.messages().splitlines() if "lost" in x and "/no/such/folder" in x], "a line with both")


@test("an unreadable or broken passdb is one clear line, and nobody is let in", servers=("bossad",))
def broken_passdb(case):
    server = case.prepare()
    with open(server.root + "/private/passdb.tdb", "wb") as f:
        f.write(b"this is no tdb" * 100)
    server.launch()
    time.sleep(1)
    if server.alive():
        server.wait_ready()
        case.smbclient(server, "share", "ls").refused("NT_STATUS_LOGON_FAILURE", "NT_STATUS_ACCESS_DENIED", "NT_STATUS_NO_SUCH_USER",
                                                      "NT_STATUS_INTERNAL_DB_CORRUPTION", "NT_STATUS_UNSUCCESSFUL")
        server.stop()
    else:
        check_equal(server.process.wait(), 1, "exit status")
        server.state.running.remove(server)
        server.process = None
    check(any("passdb.tdb" in x for x in server.messages().splitlines()), "no line with passdb.tdb:", server.messages()[-500:])


@test("an account added while the server runs can log on at once")
def passdb_live(case):
    server = case.start()
    check_equal(run(["smbpasswd", "-c", server.conf, "-L", "-s", "-x", "tester2"])[0], 0, "smbpasswd -x")
    case.smbclient(server, "share", "ls", user="tester2").refused("NT_STATUS_LOGON_FAILURE")
    check_equal(run(["smbpasswd", "-c", server.conf, "-L", "-s", "-a", "tester2"], stdin=(PASSWORD + "\n") * 2)[0], 0, "smbpasswd -a")
    case.smbclient(server, "share", "ls", user="tester2").must()


@test("run by an ordinary user it serves that user on a high port, and only that user", servers=("bossad",))
def unprivileged(case):
    server = case.prepare()
    for folder, _, files in os.walk(server.root):
        for path in [folder] + [os.path.join(folder, f) for f in files]:
            import pwd
            os.chown(path, pwd.getpwnam("tester").pw_uid, pwd.getpwnam("tester").pw_gid)
    server.start(user="tester")
    case.local("f", b"x")
    case.smbclient(server, "share", "put f made", "get made got").must()
    case.smbclient(server, "share", "ls", user="tester2").refused()


@test("a NetBIOS session request is granted before the first SMB message")
def netbios(case):
    def encode(name, kind):
        text = name.ljust(15).encode() + bytes([kind])
        return b"\x20" + b"".join(bytes([0x41 + (c >> 4), 0x41 + (c & 15)]) for c in text) + b"\0"
    server = case.standard()
    with Raw(server) as raw:
        names = encode("*SMBSERVER", 0x20) + encode("CLIENT", 0)
        raw.send(b"\x81\0" + struct.pack(">H", len(names)) + names)
        check_equal(raw.receive_exactly(4), b"\x82\0\0\0", "answer to the session request")
        check_equal(status_of(raw.ask(negotiate())), 0, "status of NEGOTIATE")


@test("it listens on every port of smb ports")
def two_ports(case):
    second = free_port()
    server = case.prepare()
    server.write_conf({"smb ports": "%d %d" % (server.port, second)})
    server.start()
    case.smbclient(server, "share", "ls").must()
    case.smbclient(server, "share", "ls", port=second).must()


@test("-p overrides smb ports and --option any parameter")
def options(case):
    second = free_port()
    server = case.prepare()
    server.launch(["-p", str(second), "--option=server max protocol=SMB2_10"])
    case.wait_for(lambda: case.smbclient(server, "share", "ls", port=second, dialect="SMB2_10").status == 0, "port " + str(second))
    case.smbclient(server, "share", "ls", port=second, dialect="SMB3_11").refused()


@test("-D puts it into the background with a pid file; SIGTERM to that pid ends it")
def background(case):
    server = case.prepare()
    status, out = run([server.binary, "-D", "-s", server.conf], env=server.environment(), timeout=20)
    check_equal(status, 0, "exit status: " + out)
    path = server.root + "/pid/smbd.pid"
    pid = int(case.wait_for(lambda: read_text(path).strip(), "the pid file"))
    try:
        case.wait_for(lambda: case.smbclient(server, "share", "ls").status == 0, "service")
    finally:
        os.kill(pid, signal.SIGTERM)
    case.wait_for(lambda: not os.path.exists("/proc/%d/exe" % pid) or "zombie" in read_text("/proc/%d/status" % pid), "its end", 20)
    server.reap([])


@test("-V prints a version, -b the build options, --help the flags, and an unknown flag fails")
def flags(case):
    server = case.prepare()
    status, out = run([server.binary, "-V"])
    check(status == 0 and re.search(r"[Vv]ersion \d+\.\d+", out), "version:", out)
    status, out = run([server.binary, "--version"])
    check(status == 0 and re.search(r"[Vv]ersion \d+\.\d+", out), "version:", out)
    check_equal(run([server.binary, "-b"])[0], 0, "exit status of -b")
    check(run([server.binary, "--no-such-flag"])[0] != 0, "an unknown flag was accepted")
    status, out = run([server.binary, "--help"])
    for flag in ("daemon", "foreground", "interactive", "no-process-group", "configfile", "port", "log-basename", "debuglevel",
                 "debug-stdout", "option", "version", "build-options"):
        check("--" + flag in out, "--help lacks --" + flag)


@test("the log file of smb.conf is written, with the client's address and the refusal", servers=("bossad",))
def log_lines(case):
    server = case.start({"log level": "2"})
    case.smbclient(server, "share", "ls", password="wrong").refused()
    case.wait_for(lambda: [x for x in read_text(server.root + "/log/log.smbd").splitlines() if "127.0.0.1" in x and "tester" in x],
                  "a log line with client and user")
