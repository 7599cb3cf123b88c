"""Refusals that are planted: the one line about each names what was planted, and `bossa-status --refusals` shows it.

At least 60 of them; all but one may be wrong by the aim of the project, none is by this test.
"""
import json
import os
import subprocess

from fusion import fusion
from harness import PASSWORD, check, check_equal, run, tail, test
from smb_raw import Login

SMB2_CREATE = 5


def refusals(case, server):
    status, out = run([case.state.program("bossa-status"), "--refusals", "--json", "--directory", getattr(server, "pid_directory", server.root + "/pid")])
    check(status == 0, "bossa-status --refusals:", out)
    return json.loads(out)["refusals"]


def line_of(server, text):
    """"smb.conf:12" of the first line that holds the text."""
    with open(server.conf) as f:
        for number, line in enumerate(f, 1):
            if text in " ".join(line.split()):
                return "%s:%d" % (os.path.basename(server.conf), number)
    raise AssertionError("no line with " + text)


class Planted:
    """Provokes refusals and looks at the lines that come of them."""

    def __init__(self, case, server):
        self.case, self.server = case, server
        self.count, self.wrong = 0, []

    def lines(self):
        return [one["line"] for one in refusals(self.case, self.server)]

    def expect(self, name, provoke, *parts):
        """A line that came of `provoke` holds all the parts; a part "@text" is the place of that text in the configuration."""
        before = len(self.lines())
        provoke()
        parts = [line_of(self.server, p[1:]) if p.startswith("@") else p for p in parts]
        fresh = self.lines()[before:]
        self.count += 1
        if not any(all(p.lower() in line.lower() for p in parts) for line in fresh):
            self.wrong.append("%s: no line with %s in:\n      %s" % (name, parts, "\n      ".join(fresh[-4:]) or "(nothing)"))

    def probe(self, **question):
        asked = dict({"user": "tester", "password": PASSWORD, "share": "plain", "path": "", "write": False}, **question)
        done = subprocess.run([self.case.state.program("bossa-probe"), "--port", str(self.server.port)], input=json.dumps(asked).encode() + b"\n",
                              stdout=subprocess.PIPE, timeout=60)
        answer = json.loads(done.stdout)
        if answer["allowed"]:
            self.wrong.append("%s was served" % asked)

    def asked(self, name, question, *parts):
        self.expect(name, lambda: self.probe(**question), *parts)

    def verdict(self):
        check(not self.wrong, "%d of %d:\n   " % (len(self.wrong), self.count), "\n   ".join(self.wrong))
        return self.count


def on_disk(server, share, path, mode, owner=0, group=0, directory=False):
    full = server.data(share, path)
    if directory:
        os.makedirs(full, exist_ok=True)
    else:
        with open(full, "w") as f:
            f.write("content")
    os.chown(full, owner, group)
    os.chmod(full, mode)


COUNTS = {}


@test("refusals, lists and hosts: the line names file and line of the list that decided", servers=("bossad",))
def lists(case):
    shares = {
        "plain": {}, "wronglist": {"valid users": "tester2"}, "nogroup": {"valid users": "@nosuchgroup"}, "wrongcase": {"valid users": "@BossaTest"},
        "invalid": {"invalid users": "tester"}, "invalidgroup": {"invalid users": "@bossatest"}, "readlist": {"read list": "tester"},
        "readonly": {"read only": "yes"}, "writelist": {"read only": "yes", "write list": "tester2"}, "guestsonly": {"guest ok": "no"},
        "hostdeny": {"hosts deny": "127.0.0.2"}, "hostallow": {"hosts allow": "192.0.2.0/24", "hosts deny": "ALL"}, "except": {"hosts deny": "127. EXCEPT 127.0.0.1"},
        "off": {"available": "no"}, "nopath": {"path": "@ROOT@/data/missing"}, "forceuser": {"force user": "nosuchuser"},
        "forcegroup": {"force group": "nosuchgroup"}, "badhosts": {"hosts deny": "10.0.0.0/99"}, "badinvalid": {"invalid users": "nosuchuser"},
        "sealed": {"server smb encrypt": "required"}, "few": {"max connections": "1"}, "admins": {"valid users": "root"},
    }
    server = case.start({"server signing": "auto"}, shares)
    os.rmdir(server.data("missing")) if os.path.isdir(server.data("missing")) else None
    planted = Planted(case, server)
    for share, parameter in (("wronglist", "valid users = tester2"), ("nogroup", "valid users = @nosuchgroup"), ("wrongcase", "valid users = @BossaTest"),
                             ("admins", "valid users = root"), ("invalid", "invalid users = tester")):
        planted.asked(share, {"share": share}, parameter.split(" =")[0], "@" + parameter, "tester")
    planted.asked("invalidgroup", {"share": "invalidgroup", "user": "tester2"}, "invalid users", "@invalid users = @bossatest", "tester2")
    planted.asked("readlist", {"share": "readlist", "path": "n", "write": True}, "read list", "@read list = tester", "readlist\\n")
    planted.asked("readonly", {"share": "readonly", "path": "n", "write": True}, "read only = yes", "@read only = yes", "readonly\\n")
    planted.asked("writelist", {"share": "writelist", "path": "n", "write": True}, "read only", "writelist\\n")
    planted.asked("guests", {"share": "guestsonly", "user": ""}, "guest ok = no", "@guest ok = no")
    planted.asked("hosts deny", {"share": "hostdeny", "client": "127.0.0.2"}, "@hosts deny = 127.0.0.2", "127.0.0.2")
    planted.asked("hosts allow", {"share": "hostallow", "client": "127.0.0.7"}, "@hosts deny = ALL", "127.0.0.7")
    planted.asked("hosts EXCEPT", {"share": "except", "client": "127.0.0.8"}, "@hosts deny = 127. EXCEPT", "127.0.0.8")
    planted.asked("available", {"share": "off"}, "available = no", "@available = no")
    planted.asked("path", {"share": "nopath"}, "missing", "@path = %s/data/missing" % server.root)
    planted.asked("force user", {"share": "forceuser"}, "nosuchuser", "force user")
    planted.asked("force group", {"share": "forcegroup"}, "nosuchgroup", "force group")
    planted.asked("a host list that is not understood", {"share": "badhosts"}, "10.0.0.0/99", "@hosts deny = 10.0.0.0/99")
    planted.asked("an invalid user who is unknown", {"share": "badinvalid"}, "nosuchuser", "@invalid users = nosuchuser")
    planted.asked("no such share", {"share": "nosuchshare"}, "no such share", "nosuchshare")
    planted.asked("a dialect that cannot encrypt", {"share": "sealed", "dialect": 0x0210}, "@server smb encrypt = required", "cannot")
    planted.asked("a client without ciphers", {"share": "sealed", "encryption": "never"}, "@server smb encrypt = required", "no cipher")
    planted.asked("a guest where encryption is required", {"share": "sealed", "user": ""}, "sealed")

    def clear_request():
        with Login(server, dialect=0x0300) as login:
            tree = login.tree("sealed")
            login.leave_encryption()
            login.send_raw(SMB2_CREATE, login.create_body("f"), tree=tree, sign=True)
    planted.expect("a clear request on an encrypted share", clear_request, "unencrypted CREATE", "@server smb encrypt = required")

    def second_connection():
        with Login(server) as login:
            login.tree("few")
            planted.probe(share="few")
    planted.expect("max connections", second_connection, "max connections = 1", "@max connections = 1")
    COUNTS["lists"] = planted.verdict()


@test("refusals, mode bits: the line names the component and whose class of bits decided", servers=("bossad",))
def mode_bits(case):
    import grp
    import pwd
    server = case.start(shares={"m": {}, "dos": {}})
    tester, group = pwd.getpwnam("tester").pw_uid, grp.getgrnam("bossatest").gr_gid
    os.chmod(server.data("m"), 0o777)
    for path, mode in (("one", 0o700), ("one/b", 0o755), ("one/b/c", 0o755), ("two", 0o755), ("two/b", 0o750), ("two/b/c", 0o755), ("three", 0o755),
                       ("three/b", 0o755), ("three/b/c", 0o700), ("locked", 0o755), ("unlisted", 0o711), ("sticky", 0o1777)):
        on_disk(server, "m", path, mode, directory=True)
    for top in ("one", "two", "three"):
        on_disk(server, "m", top + "/b/c/f", 0o644)
    for path, mode, uid, gid in (("secret", 0o600, 0, 0), ("fixed", 0o644, 0, 0), ("grouped", 0o640, 0, group), ("own", 0o000, tester, 0), ("nowrite", 0o444, tester, 0),
                                 ("locked/f", 0o666, 0, 0), ("groupwrite", 0o664, 0, group), ("sticky/f", 0o666, 0, 0)):
        on_disk(server, "m", path, mode, uid, gid)
    planted = Planted(case, server)
    for top, guilty, bits in (("one", "one drwx------", "drwx------"), ("two", "two/b drwxr-x---", "drwxr-x---"), ("three", "three/b/c drwx------", "drwx------")):
        planted.asked("%s, levels up" % top, {"share": "m", "path": top + "/b/c/f"}, guilty, "others, search: no", "m\\%s\\b\\c\\f" % top)
    planted.asked("a file of root, read", {"share": "m", "path": "secret"}, "secret -rw-------", "read: no")
    planted.asked("a file of root, written", {"share": "m", "path": "fixed", "write": True}, "fixed -rw-r--r--", "write: no")
    planted.asked("a file of a group", {"share": "m", "path": "grouped"}, "grouped -rw-r-----", "others, read: no")
    planted.asked("a file that a group writes", {"share": "m", "path": "groupwrite", "write": True}, "groupwrite -rw-rw-r--", "others, write: no")
    planted.asked("one's own file without bits", {"share": "m", "path": "own"}, "own ----------", "owner, read: no")
    planted.asked("one's own file without write bits", {"share": "m", "path": "nowrite", "write": True}, "nowrite")
    planted.asked("a folder that is not to be written", {"share": "m", "path": "locked/new", "write": True}, "locked drwxr-xr-x")
    planted.asked("a folder that is not to be listed", {"share": "m", "path": "unlisted"}, "unlisted drwx--x--x", "list: no")
    smbclient = lambda *commands: (lambda: case.smbclient(server, "m", *commands))  # noqa: E731
    planted.expect("deleting in a folder of others", smbclient("del locked\\f"), "m\\locked\\f", "locked drwxr-xr-x")
    planted.expect("making a folder in a folder of others", smbclient("mkdir locked\\sub"), "locked drwxr-xr-x", "m\\locked\\sub")
    planted.expect("writing below a folder that cannot be searched", smbclient("put /etc/hostname one\\new"), "one drwx------")
    planted.expect("taking the permissions of another's file", lambda: with_access(server, "fixed", 0x40000), "only the owner, root")
    planted.expect("taking the ownership of another's file", lambda: with_access(server, "fixed", 0x80000), "only the owner, root")
    COUNTS["modes"] = planted.verdict()


def with_access(server, name, access, share="m", **keywords):
    with Login(server, **{k: v for k, v in keywords.items() if k in ("user", "dialect")}) as login:
        tree = login.tree(share)
        return login.send_raw(SMB2_CREATE, login.create_body(name, access=access, disposition=1), tree=tree)


@test("refusals, sharing: the line names the other open and its client", servers=("bossad",))
def sharing(case):
    server = case.start(shares={"m": {}})
    os.chmod(server.data("m"), 0o777)
    for name in ("held", "written", "doomed"):
        on_disk(server, "m", name, 0o666)
    planted = Planted(case, server)

    def body(login, name, access, share):
        made = login.create_body(name, access=access, disposition=1)
        made["ShareAccess"] = share
        return made
    with Login(server, user="tester2") as holder:
        tree = holder.tree("m")
        check_equal(holder.send_raw(SMB2_CREATE, body(holder, "held", 0x12019F, 0), tree=tree), 0, "the holder's CREATE")
        check_equal(holder.send_raw(SMB2_CREATE, body(holder, "written", 0x12019F, 1), tree=tree), 0, "the holder's CREATE")
        planted.expect("a file that is not shared", lambda: with_access(server, "held", 0x120089), "SHARING_VIOLATION", "tester2@127.0.0.1", "m\\held")
        planted.expect("a file that is shared for reading", lambda: with_access(server, "written", 0x12019F), "SHARING_VIOLATION", "tester2@127.0.0.1", "m\\written")
        planted.expect("a delete that is not shared", lambda: with_access(server, "written", 0x10000), "SHARING_VIOLATION", "tester2@127.0.0.1")
    COUNTS["sharing"] = planted.verdict()


@test("refusals, accounts: the line says what is the matter with the account", servers=("bossad",))
def accounts(case):
    server = case.start({"bossa:failed logon delay": "0"}, {"plain": {}})
    planted = Planted(case, server)
    planted.asked("wrong password", {"password": "wrong"}, "wrong password", "tester")
    planted.asked("no such user", {"user": "nosuchuser"}, "no such account", "nosuchuser")

    def change(*arguments):
        status, out = run(["pdbedit", "-s", server.conf, "-u", "tester2"] + list(arguments))
        check(status == 0, "pdbedit", arguments, out)
    for name, arguments, words in (("disabled", ("-c", "[D]"), "disabled"), ("locked", ("-c", "[L]"), "locked"),
                                   ("expired", ("-c", "[]", "-K", "1000000000"), "expired")):
        change(*arguments)
        planted.asked("account " + name, {"user": "tester2"}, words, "tester2")
    planted.expect("NTLMv1", lambda: case.smbclient(server, "plain", "ls", options=["client ntlmv2 auth=no", "client use spnego=no"]), "NTLMv1")
    COUNTS["accounts"] = planted.verdict()


@test("refusals, protocol: the line names the setting about dialect, signing and encryption", servers=("bossad",))
def protocol(case):
    total = 0

    def on(settings, *cases):
        nonlocal total
        server = case.start(dict({"bossa:failed logon delay": "0"}, **settings), {"plain": {}})
        planted = Planted(case, server)
        for name, question, parts in cases:
            planted.asked(name, question, *parts)
        total += planted.verdict()
        return server, planted
    on({"server min protocol": "SMB3_11"}, ("too old a dialect", {"dialect": 0x0302}, ("SMB3_02 is below", "@server min protocol = SMB3_11")),
       ("far too old a dialect", {"dialect": 0x0202}, ("SMB2_02 is below", "@server min protocol = SMB3_11")))
    on({"server max protocol": "SMB2_10"}, ("too new a dialect", {"dialect": 0x0311}, ("SMB3_11 is above", "@server max protocol = SMB2_10")))
    on({"server smb3 signing algorithms": "AES-128-GMAC"}, ("no algorithm to sign with", {"dialect": 0x0302}, ("signing algorithms", "@server smb3 signing algorithms")))
    on({"server smb3 encryption algorithms": "AES-256-GCM"}, ("no algorithm to encrypt with", {"dialect": 0x0300}, ("encryption algorithms", "@server smb3 encryption algorithms")))
    on({"server signing": "mandatory"}, ("unsigned", {"dialect": 0x0302, "signing": "never"}, ("unsigned TREE_CONNECT", "@server signing = mandatory")),
       ("unsigned on 2.1", {"dialect": 0x0210, "signing": "never"}, ("unsigned", "@server signing = mandatory")),
       ("wrongly signed", {"signing": "wrong"}, ("wrongly signed TREE_CONNECT", "signature")))
    on({}, ("unsigned TREE_CONNECT on 3.1.1", {"signing": "never"}, ("TREE_CONNECT", "3.1.1")))
    on({"server smb encrypt": "required"}, ("2.1 cannot encrypt", {"dialect": 0x0210}, ("no cipher", "@server smb encrypt = required")),
       ("3.1.1 without ciphers", {"encryption": "never"}, ("no cipher", "@server smb encrypt = required")))
    on({"hosts deny": "127.0.0.9"}, ("a host of [global]", {"client": "127.0.0.9"}, ("connection refused", "@hosts deny = 127.0.0.9", "127.0.0.9")))
    on({"hosts allow": "127.0.0.1", "hosts deny": "ALL"}, ("a host that is not allowed", {"client": "127.0.0.5"}, ("connection refused", "@hosts deny = ALL")))
    on({"ntlm auth": "disabled"}, ("ntlm auth", {}, ("ntlm auth = disabled",)))
    server = case.start({}, {"plain": {}})
    planted = Planted(case, server)
    planted.expect("SMB1 only", lambda: case.smbclient(server, "plain", "ls", options=["client min protocol=NT1", "client max protocol=NT1"]), "SMB1", "127.0.0.1")
    COUNTS["protocol"] = total + planted.verdict()


@test("refusals, Fusion: the line names the file's own parameters", servers=("bossad",))
def fusion_file(case):
    total = 0

    def on(lines, shares, *cases):
        nonlocal total
        server = fusion(case, lines, shares)
        server.pid_directory = server.root + "/private"
        planted = Planted(case, server)
        for name, question, parts in cases:
            planted.asked(name, question, *parts)
        total += planted.verdict()
    on("", {"plain": "permissions = tester2:full", "denied": "permissions = everyone:full, tester:no"},
       ("nobody's permissions", {}, ("permissions do not name tester", "@permissions = tester2:full")),
       ("denied by name", {"share": "denied"}, ("tester is denied", "@permissions = everyone:full, tester:no")))
    on("reject_unencrypted_access = true", {"plain": ""}, ("a client that cannot encrypt", {"dialect": 0x0210}, ("reject_unencrypted_access",)))
    on("encrypt_data = true\nreject_unencrypted_access = true", {"plain": ""}, ("a client without ciphers", {"encryption": "never"}, ("reject_unencrypted_access",)))
    on("require_message_signing = true", {"plain": ""}, ("unsigned", {"dialect": 0x0302, "signing": "never", "patience": 1000}, ("unsigned", "require_message_signing")))
    COUNTS["fusion"] = total


@test("bossa-status --refusals: in words and as JSON, the last thousand of them", servers=("bossad",))
def shown(case):
    server = case.start({"bossa:failed logon delay": "0"}, {"plain": {"valid users": "tester2"}})
    planted = Planted(case, server)
    with Login(server) as login:
        for _ in range(1010):
            login.tree_connect("plain")
    found = refusals(case, server)
    check_equal(len(found), 1000, "refusals that are remembered")
    last = found[-1]
    check_equal((last["user"], last["client"], last["status"], last["what"]), ("tester", "127.0.0.1", "STATUS_ACCESS_DENIED", 'connection to share "plain"'), "the last one")
    check(last["time"] > 1600000000 and line_of(server, "valid users = tester2") in last["reason"], last)
    status, out = run([case.state.program("bossa-status"), "--refusals", "--directory", server.root + "/pid"])
    check(status == 0 and len(out.splitlines()) == 1000 and last["line"] in out, tail(out))
    planted.verdict()
