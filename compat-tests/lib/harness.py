"""Harness of the black-box tests: starts a server on a generated smb.conf, runs tests, counts them.

A test is a function registered with @test("the rule it proves"); it receives a Case. Failing means raising;
`check` raises with a readable text. A tool that is missing is a failure like any other.
"""
import atexit
import collections
import concurrent.futures
import fnmatch
import glob
import grp
import hashlib
import os
import pwd
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROJECT = os.path.dirname(HERE)
PASSWORD = "torture-Pw1"
USERS = ("tester", "tester2")
GROUP = "bossatest"
SMBD = "/usr/sbin/smbd"

TESTS = []
Test = collections.namedtuple("Test", "name function module alone servers slow")


class Failed(Exception):
    """A rule did not hold."""


def test(name, alone=False, servers=("bossad", "smbd"), slow=False):
    """Registers a test. alone: nothing else may run at the same time. servers: those the rule is about."""
    def register(function):
        TESTS.append(Test(name, function, function.__module__, alone, servers, slow))
        return function
    return register


def check(condition, *text):
    if not condition:
        raise Failed(" ".join(str(t)[-3000:] for t in text))


def short(value, limit=300):
    text = repr(value)
    return text if len(text) <= limit else "%s... (%d characters)" % (text[:limit], len(text))


def check_equal(got, want, what="value"):
    if got != want:
        raise Failed("%s: expected %s, got %s" % (what, short(want), short(got)))


def tail(text, lines=12):
    return "\n".join(text.splitlines()[-lines:])


def read_text(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode("utf-8", "replace")
    except OSError:
        return ""


def sha(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def run(argv, timeout=60, cwd=None, env=None, stdin=None):
    """Runs a program to its end; returns (exit status, output of both streams)."""
    environment = dict(os.environ, LC_ALL="C.UTF-8", **(env or {}))
    process = subprocess.Popen(argv, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd, env=environment,
                               start_new_session=True)
    try:
        out = process.communicate(stdin.encode() if stdin is not None else None, timeout=timeout)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out = process.communicate()[0]
        raise Failed("%s took more than %s s: %s" % (argv[0], timeout, tail(out.decode("utf-8", "replace"))))
    return process.returncode, out.decode("utf-8", "replace")


# ---------------------------------------------------------------- machine

def make_accounts():
    """The Linux users and the group that the tests need; created when missing (root only)."""
    for user in USERS:
        try:
            pwd.getpwnam(user)
        except KeyError:
            subprocess.run(["useradd", "-M", "-N", "-s", "/usr/sbin/nologin", user], check=True)
    try:
        group = grp.getgrnam(GROUP)
    except KeyError:
        subprocess.run(["groupadd", GROUP], check=True)
        group = grp.getgrnam(GROUP)
    if "tester2" not in group.gr_mem:
        subprocess.run(["usermod", "-aG", GROUP, "tester2"], check=True)


def listening_ports():
    ports = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in read_text(name).splitlines()[1:]:
            field = line.split()
            if field[3] == "0A":
                ports.add(int(field[1].rsplit(":", 1)[1], 16))
    return ports


_port_lock = threading.Lock()
_ports_given = set()


def free_port():
    """A port below the ephemeral range that nobody listens on and that no other test was given."""
    with _port_lock:
        busy = listening_ports()
        for _ in range(1000):
            port = random.randrange(20000, 32000)
            if port in busy or port in _ports_given:
                continue
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            _ports_given.add(port)
            return port
    raise Failed("no free port found")


def children_of(pid):
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        fields = read_text(path).rpartition(")")[2].split()
        if len(fields) > 1 and int(fields[1]) == pid:
            child = int(path.split("/")[2])
            found += [child] + children_of(child)
    return found


# ---------------------------------------------------------------- server

def globals_for(root, port):
    return collections.OrderedDict([
        ("server role", "standalone server"),
        ("workgroup", "WORKGROUP"),
        ("netbios name", "BOSSATEST"),
        ("server string", "bossa test server"),
        ("passdb backend", "tdbsam:%s/private/passdb.tdb" % root),
        ("map to guest", "Never"),
        ("smb ports", str(port)),
        ("interfaces", "lo"),
        ("bind interfaces only", "yes"),
        ("disable netbios", "yes"),
        ("lock directory", root + "/lock"),
        ("state directory", root + "/state"),
        ("cache directory", root + "/cache"),
        ("pid directory", root + "/pid"),
        ("private dir", root + "/private"),
        ("ncalrpc dir", root + "/ncalrpc"),
        ("log file", root + "/log/log.smbd"),
        ("log level", "1"),
        ("max log size", "10000"),
        ("load printers", "no"),
        ("disable spoolss", "yes"),
        ("printing", "bsd"),
        ("printcap name", "/dev/null"),
        ("store dos attributes", "yes"),
        ("map archive", "no"),
        ("read only", "no"),
    ])


def render(global_, shares):
    lines = ["[global]"]
    lines += ["\t%s = %s" % item for item in global_.items() if item[1] is not None]
    for name, values in shares.items():
        lines += ["", "[%s]" % name]
        lines += ["\t%s = %s" % item for item in values.items() if item[1] is not None]
    return "\n".join(lines) + "\n"


class Server:
    """One server process tree on a root of its own. `kind` is bossad or smbd."""

    def __init__(self, run_state, kind, name):
        self.state = run_state
        self.kind = kind
        self.root = tempfile.mkdtemp(prefix=name + ".", dir=run_state.base)
        os.chmod(self.root, 0o755)
        for part in "lock state cache pid private ncalrpc log data".split():
            os.mkdir(os.path.join(self.root, part))
        os.chmod(self.root + "/private", 0o700)
        self.port = free_port()
        self.conf = self.root + "/smb.conf"
        self.process = None
        self.stopped_status = None

    def data(self, share, *parts):
        return os.path.join(self.root, "data", share, *parts)

    def write_conf(self, global_=None, shares=None, text=None):
        settings = globals_for(self.root, self.port)
        settings.update(global_ or {})
        shares = shares if shares is not None else {"share": {}}
        for share, values in shares.items():
            folder = self.data(share)
            if share != "homes" and "path" not in values:
                values = shares[share] = dict(values, path=folder)
            if not os.path.isdir(folder):
                os.mkdir(folder)
                owner = pwd.getpwnam("tester") if os.geteuid() == 0 else None
                if owner:
                    os.chown(folder, owner.pw_uid, owner.pw_gid)
        with open(self.conf, "w") as f:
            f.write((text if text is not None else render(settings, shares)).replace("@ROOT@", self.root))

    def add_accounts(self):
        """Copies the run's account database (made once with smbpasswd) into this server's private folder."""
        for name in os.listdir(self.state.private):
            shutil.copy2(os.path.join(self.state.private, name), self.root + "/private/" + name)

    @property
    def binary(self):
        return SMBD if self.kind == "smbd" else self.state.program("bossad")

    def environment(self):
        log = "log_path=%s/log/sanitizer" % self.root
        return {
            "ASAN_OPTIONS": "halt_on_error=1:abort_on_error=0:exitcode=99:detect_leaks=1:" + log,
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99:" + log,
            "LSAN_OPTIONS": "exitcode=99",
            "TSAN_OPTIONS": "halt_on_error=0:exitcode=99:second_deadlock_stack=1:" + log,
        }

    def launch(self, extra=(), user=None):
        """Starts the process without waiting for it to listen."""
        argv = [self.binary, "-F", "--no-process-group", "-s", self.conf] + list(extra)
        out = open(self.root + "/log/stdout", "ab")
        keywords = {}
        if user:
            account = pwd.getpwnam(user)
            keywords = dict(user=account.pw_uid, group=account.pw_gid, extra_groups=[])
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/",
                                        env=dict(os.environ, **self.environment()), start_new_session=True, **keywords)
        out.close()
        self.state.running.append(self)
        return self

    def wait_ready(self, seconds=30):
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            if self.process.poll() is not None:
                raise Failed("%s ended with status %s at start: %s" % (self.kind, self.process.returncode,
                                                                     tail(self.messages())))
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.03)
        raise Failed("%s did not listen on %d within %d s: %s" % (self.kind, self.port, seconds, tail(self.messages())))

    def start(self, **keywords):
        return self.launch(**keywords).wait_ready()

    def messages(self):
        """All that the server wrote: its standard streams and its log files."""
        return "".join(read_text(p) for p in sorted(glob.glob(self.root + "/log/*")) if "sanitizer" not in p)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def hup(self):
        os.kill(self.process.pid, signal.SIGHUP)

    def stop(self, judge=True):
        """Stops the server by its pid; raises if it crashed, left a sanitizer report or would not end."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if self in self.state.running:
            self.state.running.remove(self)
        already = process.poll()
        tree = children_of(process.pid)
        problem = None
        if already is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                problem = "did not end within 30 s of SIGTERM"
        self.stopped_status = process.returncode
        self.reap(tree)
        reports = glob.glob(self.root + "/log/sanitizer*")
        if reports:
            problem = "sanitizer report:\n" + "\n".join(read_text(reports[0]).splitlines()[:40])
        elif already is not None:
            problem = "ended by itself with status %s: %s" % (already, tail(self.messages()))
        elif process.returncode != 0 and self.kind == "bossad" and not problem:
            problem = "exit status %s after SIGTERM: %s" % (process.returncode, tail(self.messages()))
        if problem and judge:
            raise Failed("%s %s" % (self.kind, problem))

    def reap(self, tree):
        """Ends helpers (smbd's RPC daemons) that carry this server's own configuration file in their arguments."""
        mark = self.conf.encode()
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as f:
                    words = f.read().split(b"\0")
                pid = int(path.split("/")[2])
                if pid != os.getpid() and any(w == mark or w.endswith(b"=" + mark) for w in words) and b"smbclient" not in words[0]:
                    os.kill(pid, signal.SIGTERM)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop(judge=kind is None)


# ---------------------------------------------------------------- clients

class Output:
    def __init__(self, status, text):
        self.status = status
        self.text = text

    def __contains__(self, part):
        return part in self.text

    def must(self, *parts):
        check(self.status == 0, "smbclient ended with", self.status, "-", tail(self.text))
        return self.has(*parts)

    def has(self, *parts):
        for part in parts:
            check(part in self.text, "no", repr(part), "in:", tail(self.text))
        return self

    def lacks(self, *parts):
        for part in parts:
            check(part not in self.text, "unexpected", repr(part), "in:", tail(self.text))
        return self

    def refused(self, *parts):
        check("NT_STATUS_" in self.text or self.status != 0, "was not refused:", tail(self.text))
        if parts:
            check(any(p in self.text for p in parts), "refused, but not with", " or ".join(parts) + ":", tail(self.text))
        return self

    @property
    def nt_status(self):
        """The first NT_STATUS_... in the output, or None."""
        found = re.search(r"NT_STATUS_[A-Z0-9_]+", self.text)
        return found.group(0) if found else None


class Case:
    """What a test function is given."""

    def __init__(self, state, item):
        self.state = state
        self.item = item
        self.dir = tempfile.mkdtemp(prefix="case.", dir=state.base)
        self.opened = []

    # -- servers
    @property
    def kind(self):
        return self.state.kind

    def standard(self, kind=None):
        """The server most tests share: many shares, `map to guest = bad user`."""
        return self.state.standard_server(kind or self.kind)

    def prepare(self, global_=None, shares=None, text=None, kind=None, accounts=True):
        server = Server(self.state, kind or self.kind, "server")
        self.opened.append(server)
        server.write_conf(global_, shares, text)
        if accounts:
            server.add_accounts()
        return server

    def start(self, global_=None, shares=None, kind=None, **keywords):
        return self.prepare(global_, shares, kind=kind).start(**keywords)

    # -- clients
    def smbclient(self, server, share, *commands, user="tester", password=PASSWORD, dialect=None, protection=None,
                  options=(), anonymous=False, arguments=(), timeout=60, port=None, cwd=None):
        argv = ["smbclient", "//127.0.0.1/" + share, "-p", str(port or server.port), "-s", self.state.client_conf]
        argv += ["-N", "-U", "%"] if anonymous else ["-U", "%s%%%s" % (user, password)]
        if dialect:
            argv += ["--option=client min protocol=" + dialect, "--option=client max protocol=" + dialect]
        if protection:
            argv += ["--client-protection=" + protection]
        argv += ["--option=" + o for o in options] + list(arguments)
        if commands:
            argv += ["-c", ";".join(commands)]
        return Output(*run(argv, timeout=timeout, cwd=cwd or self.dir))

    def list_shares(self, server, user="tester", password=PASSWORD, anonymous=False, options=()):
        argv = ["smbclient", "-L", "127.0.0.1", "-g", "-p", str(server.port), "-s", self.state.client_conf]
        argv += ["-N", "-U", "%"] if anonymous else ["-U", "%s%%%s" % (user, password)]
        return Output(*run(argv + ["--option=" + o for o in options], cwd=self.dir))

    # -- files
    def local(self, name, content=b""):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def put_on_disk(self, server, share, name, content=b"", owner="tester", mode=0o644):
        """Creates a file behind the share's back; folders in `name` are made as needed."""
        path = server.data(share, name)
        account = pwd.getpwnam(owner)
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            os.makedirs(folder)
            os.chown(folder, account.pw_uid, account.pw_gid)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        os.chown(path, account.pw_uid, account.pw_gid)
        os.chmod(path, mode)
        return path

    def close(self, judge):
        problems = []
        for server in reversed(self.opened):
            try:
                server.stop(judge)
            except Failed as problem:
                problems.append(str(problem))
        if not self.state.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        if problems and judge:
            raise Failed("; ".join(problems))

    def wait_for(self, condition, what, seconds=10):
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise Failed("waited %s s in vain for %s" % (seconds, what))


# ---------------------------------------------------------------- one run

STANDARD_SHARES = collections.OrderedDict([
    ("share", {"comment": "plain read and write"}),
    ("readonly", {"read only": "yes"}),
    ("guest", {"guest ok": "yes"}),
    ("valid", {"valid users": "tester"}),
    ("validgroup", {"valid users": "@" + GROUP}),
    ("invalid", {"invalid users": "tester2"}),
    ("writelist", {"read only": "yes", "write list": "tester"}),
    ("readlist", {"read list": "tester2"}),
    ("denied", {"hosts deny": "127.0.0.1"}),
    ("allowed", {"hosts allow": "127.0.0.1"}),
    ("elsewhere", {"hosts allow": "192.0.2.0/24", "hosts deny": "ALL"}),
    ("sealed", {"smb encrypt": "required"}),
    ("veto", {"veto files": "/*.secret/Thumbs.db/"}),
    ("forced", {"force user": "tester2"}),
    ("forcedgroup", {"force group": GROUP}),
    ("masked", {"create mask": "0640", "force create mode": "0004", "directory mask": "0750",
                "force directory mode": "0001"}),
    ("dots", {"hide dot files": "yes"}),
    ("nodots", {"hide dot files": "no"}),
    ("concealed", {"browseable": "no"}),
    ("off", {"available": "no"}),
    ("adminshare", {"admin users": "tester"}),
    ("exact", {"case sensitive": "yes"}),
    ("nopath", {"path": "@ROOT@/data/does-not-exist"}),
    ("homes", {"path": "@ROOT@/data/homes/%S", "browseable": "no", "valid users": "%S"}),
])


class RunState:
    def __init__(self, kind, bin_dir, base=None, keep=False):
        self.kind = kind
        self.bin_dir = bin_dir
        self.keep = keep
        self.base = tempfile.mkdtemp(prefix="bossa-tests.", dir=base or os.environ.get("BOSSA_TEST_DIR", "/var/tmp"))
        os.chmod(self.base, 0o755)
        self.running = []
        self.lock = threading.Lock()
        self.shared = {}
        self.client_conf = self.base + "/client.conf"
        for part in ("client", "private"):
            os.mkdir(os.path.join(self.base, part))
        with open(self.client_conf, "w") as f:
            f.write("[global]\n\tworkgroup = WORKGROUP\n\tclient min protocol = SMB2_02\n\tclient max protocol = SMB3_11\n")
            for part in ("lock", "state", "cache", "private"):
                f.write("\t%s = %s/client\n" % ("private dir" if part == "private" else part + " directory", self.base))
        self.private = self.base + "/private"
        if os.geteuid() == 0:
            make_accounts()
        self.make_passdb()
        self.big_file = None
        atexit.register(self.stop_all)

    def program(self, name):
        path = os.path.join(self.bin_dir, name)
        check(os.access(path, os.X_OK), "missing program", path)
        return path

    def make_passdb(self):
        """One passdb.tdb for the run, made by Samba's own smbpasswd."""
        conf = self.base + "/passdb.conf"
        with open(conf, "w") as f:
            f.write(render({"netbios name": "BOSSATEST", "passdb backend": "tdbsam:%s/passdb.tdb" % self.private,
                            "private dir": self.private, "state directory": self.base + "/client",
                            "lock directory": self.base + "/client", "cache directory": self.base + "/client"}, {}))
        for user in USERS:
            status, out = run(["smbpasswd", "-c", conf, "-L", "-s", "-a", user], stdin="%s\n%s\n" % (PASSWORD, PASSWORD))
            check(status == 0, "smbpasswd failed:", out)

    def random_file(self, mebibytes=64):
        """A file of random bytes, made once per run: (path, SHA-256)."""
        with self.lock:
            if self.big_file is None:
                path = self.base + "/random.bin"
                with open(path, "wb") as f:
                    for _ in range(mebibytes):
                        f.write(os.urandom(1 << 20))
                self.big_file = (path, sha(path))
            return self.big_file

    def standard_server(self, kind):
        with self.lock:
            if kind not in self.shared:
                server = Server(self, kind, "standard-" + kind)
                server.write_conf({"map to guest": "Bad User", "guest account": "nobody"}, dict(STANDARD_SHARES))
                os.rmdir(server.data("nopath"))
                os.chmod(server.data("guest"), 0o777)
                for share in ("readlist", "invalid", "validgroup", "forcedgroup", "valid", "writelist"):
                    os.chmod(server.data(share), 0o777)
                tester2 = pwd.getpwnam("tester2")
                os.chown(server.data("forced"), tester2.pw_uid, tester2.pw_gid)
                os.makedirs(server.data("homes", "tester"))
                tester = pwd.getpwnam("tester")
                os.chown(server.data("homes", "tester"), tester.pw_uid, tester.pw_gid)
                server.add_accounts()
                server.start()
                self.shared[kind] = server
            return self.shared[kind]

    def stop_all(self):
        for server in list(self.running):
            try:
                server.stop(judge=False)
            except Exception:
                pass
        if not self.keep:
            shutil.rmtree(self.base, ignore_errors=True)

    def run_one(self, item):
        began = time.monotonic()
        case = None
        try:
            case = Case(self, item)
            item.function(case)
            case.close(judge=True)
            problem = None
        except Exception as error:
            logs = ""
            if case:
                for server in case.opened:
                    text = tail(server.messages(), 6)
                    if text:
                        logs += "\n    [%s] %s" % (server.kind, text.replace("\n", "\n    "))
                try:
                    case.close(judge=False)
                except Exception:
                    pass
            if isinstance(error, Failed):
                problem = str(error) + logs
            else:
                problem = "".join(traceback.format_exception_only(type(error), error)).strip() + " at " + \
                    traceback.format_exc().splitlines()[-3].strip() + logs
        return item, problem, time.monotonic() - began


def run_tests(state, only=None, jobs=2, list_only=False):
    """Runs the registered tests; returns (passed, failed names)."""
    chosen = [t for t in TESTS if state.kind in t.servers]
    if only:
        chosen = [t for t in chosen if any(p in t.name or p == t.module or fnmatch.fnmatch(t.name, p) for p in only)]
    if list_only:
        for item in chosen:
            print("%-12s %s" % (item.module, item.name))
        return 0, []
    passed, failed = 0, []

    def report(result):
        nonlocal passed
        item, problem, seconds = result
        if problem is None:
            passed += 1
            print("ok    %6.2f  %s: %s" % (seconds, item.module, item.name), flush=True)
        else:
            failed.append("%s: %s" % (item.module, item.name))
            print("FAIL  %6.2f  %s: %s\n      %s" % (seconds, item.module, item.name, problem.replace("\n", "\n      ")),
                  flush=True)

    together = [t for t in chosen if not t.alone]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(state.run_one, t) for t in together]):
            report(future.result())
    for item in (t for t in chosen if t.alone):
        report(state.run_one(item))
    for kind, server in list(state.shared.items()):
        end = Test("the shared %s served to the end and stopped cleanly" % kind, lambda case, s=server: s.stop(), "harness",
                   False, (), False)
        if server.process is not None:
            report(state.run_one(end))
    return passed, failed
