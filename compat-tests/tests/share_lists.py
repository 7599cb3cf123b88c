"""Access lists of shares, kept by Samba's sharesec outside of the smb.conf in share_info.tdb: the same for both servers."""
import grp
import json
import os
import pwd
import struct
import subprocess

from impacket.dcerpc.v5 import srvs, transport
from samba.dcerpc import security
from samba.ndr import ndr_unpack

from harness import GROUP, PASSWORD, Failed, check, check_equal, run, test
from smb_files import CREATE, DELETE_ON_CLOSE, DIRECTORY, Files
from smb_raw import Login

MAXIMUM, FULL, CHANGE, READ = 0x2000000, 0x1F01FF, 0x1301FF, 0x1200A9
READ_DATA, WRITE_DATA, DELETE, WRITE_DAC, READ_ATTRIBUTES = 0x1, 0x2, 0x10000, 0x40000, 0x80
TREE_CONNECT = 3
EVERYONE = "S-1-1-0"


def user(name):
    return "S-1-22-1-%d" % pwd.getpwnam(name).pw_uid


def group(name):
    return "S-1-22-2-%d" % grp.getgrnam(name).gr_gid


def sharesec(server, share, *arguments):
    status, out = run(["sharesec", "-s", server.conf, share] + list(arguments))
    check_equal(status, 0, "sharesec %s: %s" % (share, out))


def grant(server, share, *entries):
    """entries: (SID, rights) or (SID, rights, "DENIED")."""
    sharesec(server, share, "--replace=" + ",".join("%s:%s/0x0/%s" % (e[0], e[2] if len(e) > 2 else "ALLOWED", e[1]) for e in entries))


class Tree:
    """One user's connection to one share: status, MaximalAccess, and what opens are granted."""

    def __init__(self, server, share, user="tester", password=None):
        self.server, self.share, self.user = server, share, user
        with Login(server, user=user, **({"password": password} if password is not None else {})) as login:
            path = ("\\\\127.0.0.1\\" + share).encode("utf-16le")
            answer = login.smb.recvSMB(login.send_without_wait(TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, len(path)) + path, 0))
            self.status = answer["Status"]
            self.maximal_access = struct.unpack_from("<I", answer["Data"], 12)[0] if self.status == 0 else None

    @property
    def denied(self):
        return self.status == 0xC0000022

    def check(self, maximal_access, what):
        check_equal((self.status, self.maximal_access and "%x" % self.maximal_access), (0, "%x" % maximal_access), "%s, %s at %s" % (what, self.user, self.share))

    def opens(self):
        """Statuses of opens that are one right each, and what MAXIMUM_ALLOWED came to."""
        files = Files(self.server, self.share, self.user)
        out = {name: files.status("file", access=right) == "OK"
               for name, right in (("read", READ_DATA), ("write", WRITE_DATA), ("delete", DELETE), ("permissions", WRITE_DAC), ("look", READ_ATTRIBUTES))}
        out["make"] = files.status("new-by-" + self.user, access=READ_DATA | DELETE, disposition=CREATE, options=DELETE_ON_CLOSE) == "OK"
        out["overwrite"] = files.status("other", access=READ_ATTRIBUTES, disposition=5) == "OK"
        folder = "folder-by-" + self.user
        out["folder"] = files.status(folder, access=READ_DATA, disposition=CREATE, options=DIRECTORY) == "OK"
        if out["folder"]:
            os.rmdir(self.server.data(self.share, folder))
        file = files.open("file", access=MAXIMUM)
        granted = struct.unpack_from("<I", files.smb.queryInfo(files.tree, file, infoType=1, fileInfoClass=8))[0]
        files.done(file)
        check_equal(granted & ~self.maximal_access, 0, "rights of MAXIMUM_ALLOWED beyond MaximalAccess")
        files.close()
        return {name for name, may in out.items() if may}


def prepare(case, shares, kind=None):
    server = case.prepare({"map to guest": "Bad User", "guest account": "nobody"}, shares, kind=kind)
    for share, settings in shares.items():
        if share == "homes":
            continue
        os.chmod(server.data(share), 0o777)
        for name in ("file", "other"):
            case.put_on_disk(server, share, name, b"content", mode=0o666)
    return server


EVERYTHING = {"read", "write", "delete", "permissions", "look", "make", "overwrite", "folder"}


@test("sharesec: what a share's access list grants is what its user gets: nothing, read, change, full control, single rights")
def granted(case):
    rights = {"full": (FULL, EVERYTHING), "change": (CHANGE, EVERYTHING - {"permissions"}), "read": (READ, {"read", "look"}),
              "0x1": (0x1, {"read"}), "0x87": (0x87, {"read", "write", "look", "overwrite", "folder"}), "0x3": (0x3, {"read", "write"}), "0x5": (0x1, {"read"})}
    names = ["none", "nobody", "Mixed Name", "looking"] + ["by " + name for name in rights]
    server = prepare(case, {name: {} for name in names}).start()
    for name in rights:
        grant(server, "by " + name, (EVERYONE, name.upper() if name.isalpha() else name))
    grant(server, "nobody", (user("tester2"), "FULL"))
    grant(server, "Mixed Name", (EVERYONE, "READ"))
    grant(server, "looking", (EVERYONE, "0x120088"))
    for name, (mask, may) in rights.items():
        tree = Tree(server, "by " + name)
        tree.check(mask, "a list that grants " + name)
        check_equal(tree.opens(), may, "what may be done with " + name)
    Tree(server, "none").check(FULL, "no list")
    Tree(server, "mixed NAME").check(READ, "a share's name in another case")
    for share in ("nobody", "looking"):
        check(Tree(server, share).denied, share, "was let in")
    case.smbclient(server, "nobody", "ls").refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "by read", "ls", "get file got").must()
    case.local("f", b"x")
    case.smbclient(server, "by read", "put f new").refused("NT_STATUS_ACCESS_DENIED")


@test("sharesec: entries name users and groups; the first that names a right decides it; the user who logged on counts, whom he becomes does not")
def who_is_asked(case):
    shares = {"groups": {}, "order": {}, "forced": {"force user": "tester2"}, "forcedgroup": {"force group": GROUP}, "admin": {"admin users": "tester"},
              "guests": {"guest ok": "yes"}, "allguests": {"guest only": "yes"}, "readonly": {"read only": "yes"}, "listed": {"read only": "yes", "write list": "tester"}}
    server = prepare(case, shares).start()
    grant(server, "groups", (group(GROUP), "CHANGE"))
    grant(server, "order", (user("tester2"), "0x2", "DENIED"), (EVERYONE, "FULL"))
    grant(server, "forced", (user("tester"), "FULL"))
    grant(server, "forcedgroup", (group(GROUP), "FULL"))
    grant(server, "admin", (user("tester"), "READ"), (user("tester2"), "FULL"))
    grant(server, "guests", (user("nobody"), "READ"), (user("tester"), "FULL"))
    grant(server, "allguests", (user("tester"), "CHANGE"))
    grant(server, "readonly", (EVERYONE, "CHANGE"))
    grant(server, "listed", (EVERYONE, "READ"))
    Tree(server, "groups", "tester2").check(CHANGE, "a group's member")
    Tree(server, "order").check(FULL, "a denial of another")
    Tree(server, "order", "tester2").check(FULL & ~0x156, "WRITE_DATA denied: read only")
    Tree(server, "forced").check(FULL, "force user, whatever that one may")
    Tree(server, "admin").check(READ, "an admin user")
    Tree(server, "guests", "stranger", "any").check(READ, "a guest")
    Tree(server, "guests").check(FULL, "a user where guests may come too")
    Tree(server, "allguests").check(CHANGE, "a user whom guest only makes the guest")
    Tree(server, "readonly").check(CHANGE & ~0x156, "what smb.conf takes")
    Tree(server, "listed").check(READ, "a write list does not widen")
    for share, name in (("groups", "tester"), ("forced", "tester2"), ("forcedgroup", "tester"), ("allguests", "tester2")):
        check(Tree(server, share, name).denied, name, "was let in to", share)
    check(Tree(server, "allguests", "stranger", "any").denied, "a guest was let in whom the list does not name")


@test("sharesec: a list counts from the next connection on; who is connected keeps what he has; a removed list lets everybody in again")
def changed(case):
    server = prepare(case, {"share": {}}).start()
    files = Files(server, "share")
    grant(server, "share", (EVERYONE, "READ"))
    check_equal(files.status("file", access=WRITE_DATA), "OK", "writing in a connection from before")
    files.close()
    Tree(server, "share").check(READ, "a new list")
    grant(server, "share", (user("tester2"), "FULL"))
    check(Tree(server, "share").denied, "the next list was not looked at")
    sharesec(server, "share", "--delete")
    Tree(server, "share").check(FULL, "the list removed")


@test("sharesec: with access based share enum a share is listed only to whom its list lets in")
def enumeration(case):
    server = prepare(case, {"share": {"access based share enum": "yes"}, "plain": {}}).start()
    for share in ("share", "plain"):
        grant(server, share, (user("tester2"), "READ"))
    case.list_shares(server).has("Disk|plain|").lacks("Disk|share|")
    case.list_shares(server, user="tester2").has("Disk|plain|", "Disk|share|")


@test("sharesec: srvsvc shows a share's access list to the administrator")
def shown(case):
    server = prepare(case, {"share": {}}).start()
    status, out = run(["smbpasswd", "-c", server.conf, "-L", "-s", "-a", "root"], stdin="%s\n%s\n" % (PASSWORD, PASSWORD))
    check_equal(status, 0, out)
    grant(server, "share", (user("tester2"), "READ"), (EVERYONE, "CHANGE"))
    rpc = transport.SMBTransport("127.0.0.1", server.port, r"\srvsvc", username="root", password=PASSWORD).get_dce_rpc()
    rpc.connect()
    rpc.bind(srvs.MSRPC_UUID_SRVS)
    info = srvs.hNetrShareGetInfo(rpc, "share\0", 502)["InfoStruct"]["ShareInfo502"]
    shown = ndr_unpack(security.descriptor, b"".join(info["shi502_security_descriptor"]))
    check_equal(sorted((str(ace.trustee), ace.access_mask) for ace in shown.dacl.aces), sorted([(EVERYONE, CHANGE), (user("tester2"), READ)]), "the list")
    rpc.disconnect()


def refusal_lines(case, server):
    status, out = run([case.state.program("bossa-status"), "--refusals", "--json", "--directory", server.root + "/pid"])
    check_equal(status, 0, out)
    return [one["line"] for one in json.loads(out)["refusals"]]


def explained(case, server, share, name, write=False):
    question = {"share": share, "user": name, "path": "file", "write": write}
    done = subprocess.run([case.state.program("bossa-testparm"), "explain", "--batch", "-s", server.conf], input=json.dumps(question) + "\n", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    if done.returncode != 0:
        raise Failed(done.stderr)
    answer = json.loads(done.stdout)
    return answer["allowed"], answer["stage"], answer["rules"][-1]["text"]


@test("sharesec: refusals name the list, and explain foretells them", servers=("bossad",))
def told(case):
    server = prepare(case, {"share": {}, "single": {}}).start()
    grant(server, "share", (user("tester"), "READ"))
    grant(server, "single", (EVERYONE, "0x3"))
    check(Tree(server, "share", "tester2").denied, "was let in")
    check("share_info.tdb: the share's access list grants nothing to tester2" in refusal_lines(case, server)[-1], refusal_lines(case, server))
    files = Files(server, "share")
    check_equal(files.status("file", access=WRITE_DATA), "STATUS_ACCESS_DENIED", "writing")
    files.close()
    check("file: CREATE refused" in refusal_lines(case, server)[-1] and "access list grants read to tester" in refusal_lines(case, server)[-1], refusal_lines(case, server))
    files = Files(server, "single")
    check_equal(files.status("file", access=DELETE), "STATUS_ACCESS_DENIED", "deleting")
    files.close()
    check("access list grants 0x3 to tester; asked for was 0x10000" in refusal_lines(case, server)[-1], refusal_lines(case, server))
    check_equal(explained(case, server, "share", "tester"), (True, "file", explained(case, server, "share", "tester")[2]), "reading foretold")
    check_equal(explained(case, server, "share", "tester", write=True)[:2], (False, "file"), "writing foretold")
    check_equal(explained(case, server, "share", "tester2"), (False, "share", "share_info.tdb: the share's access list grants nothing to tester2"), "foretold")
    allowed, stage, why = explained(case, server, "single", "tester")
    check(not allowed and stage == "file" and "access list" in why, allowed, stage, why)


@test("sharesec: bossa-migrate verify asks a file's shares with their lists", servers=("bossad",))
def verified(case):
    server = prepare(case, {"share": {}})
    os.mkdir(case.dir + "/none")
    with open(server.conf) as f:
        other = case.local("other.conf", f.read().replace(server.root + "/state", case.dir + "/none"))

    def verify():
        return run([case.state.program("bossa-migrate"), "verify", "--a", server.conf, "--b", other, "--user", "tester%" + PASSWORD, "--share", "share", "--from", "127.0.0.1"], timeout=120)

    status, out = verify()
    check(status == 0 and " 0 differences" in out, status, out)
    grant(server, "share", (EVERYONE, "READ"))
    status, out = verify()
    check(status == 1 and "write" in out and " 0 differences" not in out, status, out)


@test("sharesec: a database or a list that cannot be read opens no share, and the refusal says what to do", servers=("bossad",))
def damaged(case):
    server = prepare(case, {"share": {}, "other": {}}).start()
    database = server.root + "/state/share_info.tdb"
    grant(server, "share", (EVERYONE, "READ"))
    Tree(server, "share").check(READ, "a sound database")
    good = open(database, "rb").read()
    record = struct.pack("<IIII", 0x1C0002, 1, 0x140000, READ)  # the list's head and its entry's
    check_equal(good.count(record), 1, "places of the list in the file")
    table = 4 * struct.unpack_from("<I", good, 36)[0]

    def put(content):
        with open(database, "wb") as f:
            f.write(content)

    for what, content in (("another file", b"no database\n" * 100), ("an empty file", b""), ("a part of it", good[:good.index(record)]),
                          ("a file whose table leads to nothing", good[:172] + bytes(table) + good[172 + table:])):
        put(content)
        check(Tree(server, "share").denied and Tree(server, "other").denied, what, "opened the shares")
        line = refusal_lines(case, server)[-1]
        check(database in line and "remove it" in line, what, line)
        check_equal(explained(case, server, "share", "tester")[:2], (False, "share"), "foretold with " + what)
    put(good.replace(record, struct.pack("<IIII", 0x1C0002, 9, 0x140000, READ)))
    check(Tree(server, "share").denied, "a damaged list opened its share")
    line = refusal_lines(case, server)[-1]
    check(database in line and 'sharesec "share" --delete' in line, line)
    Tree(server, "other").check(FULL, "the other share")
    sharesec(server, "share", "--delete")
    Tree(server, "share").check(FULL, "after sharesec --delete")
    os.unlink(database)
    Tree(server, "share").check(FULL, "no database")
