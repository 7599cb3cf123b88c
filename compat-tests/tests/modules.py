"""`vfs objects` beside acl_xattr and streams_xattr, and share parameters that shape names."""
import os
import pwd
import time

from caching import Client
from harness import check, check_equal, test
from smb_files import Files
from symlinks import set_symlink

RECYCLE = {"vfs objects": "recycle", "recycle:repository": ".bin/%U", "recycle:keeptree": "yes", "recycle:versions": "yes",
           "recycle:exclude": "*.tmp", "recycle:maxsize": "1000"}


@test("recycle puts deleted files aside: tree, versions, exceptions, and deletes what is in the bin")
def recycle(case):
    server = case.start(None, {"share": RECYCLE})
    case.local("f", b"x")
    case.local("large", b"x" * 2000)
    case.smbclient(server, "share", "mkdir d", "put f d\\f", "del d\\f", "put f d\\f", "del d\\f", "put f a.tmp", "del a.tmp", "put large", "del large").must()
    bin_ = server.data("share", ".bin", "tester")
    check_equal(sorted(os.listdir(os.path.join(bin_, "d"))), ["Copy #1 of f", "f"], "versions")
    check_equal(sorted(os.listdir(bin_)), ["d"], "what was excluded or too large")
    check_equal(os.stat(bin_).st_mode & 0o777, 0o700, "mode")
    case.smbclient(server, "share", "del .bin\\tester\\d\\f").must()
    check_equal(os.listdir(os.path.join(bin_, "d")), ["Copy #1 of f"], "deleted from the bin")


@test("catia shows characters of names as others and takes them back")
def catia(case):
    server = case.start(None, {"share": {"vfs objects": "catia", "catia:mappings": "0x22:0xa8,0x2a:0xa4,0x3a:0xf7"}})
    case.put_on_disk(server, "share", 'a"b*c:d', b"content")
    out = case.smbclient(server, "share", "ls").must().text
    check("a\u00a8b\u00a4c\u00f7d" in out, out)
    case.local("n", b"new")
    case.smbclient(server, "share", "get a\u00a8b\u00a4c\u00f7d got", "put n x\u00a4y", "rename x\u00a4y z\u00a8", "mkdir q\u00f7").must()
    with open(os.path.join(case.dir, "got"), "rb") as f:
        check_equal(f.read(), b"content", "content")
    check_equal(sorted(os.listdir(server.data("share"))), ['a"b*c:d', "q:", 'z"'], "names on disk")


@test("shadow_copy2: snapshots are listed, and their files are read by their time")
def snapshots(case):
    server = case.prepare(None, {"share": {"vfs objects": "shadow_copy2", "shadow:snapdir": "PLACE", "shadow:basedir": "BASE", "shadow:format": "snap-%Y%m%d%H%M%S"}})
    text = open(server.conf).read()
    snaps = server.data("snaps")
    with open(server.conf, "w") as f:
        f.write(text.replace("PLACE", snaps).replace("BASE", os.path.dirname(server.data("share"))))
    for name, content in (("snap-20260304050607", b"older"), ("snap-20260404050607", b"newer")):
        os.makedirs(os.path.join(snaps, name, "share"))
        with open(os.path.join(snaps, name, "share", "f"), "wb") as f:
            f.write(content)
    case.put_on_disk(server, "share", "f", b"now")
    server.start()
    out = case.smbclient(server, "share", "allinfo f").must().text
    check("@GMT-2026.03.04-05.06.07" in out and "@GMT-2026.04.04-05.06.07" in out, out)
    check(out.index("2026.04.04") < out.index("2026.03.04"), "the newest first", out)
    case.smbclient(server, "share", "get @GMT-2026.03.04-05.06.07\\f old", "get f new").must()
    for name, content in (("old", b"older"), ("new", b"now")):
        with open(os.path.join(case.dir, name), "rb") as f:
            check_equal(f.read(), content, name)


@test("new names get the default case where it is not to be kept")
def default_case(case):
    server = case.start(None, {"share": {"preserve case": "no", "short preserve case": "no", "default case": "upper"}, "short": {"short preserve case": "no"}})
    case.local("f", b"x")
    case.smbclient(server, "share", "put f NewName.txt", "mkdir a.Long.Directory").must()
    check_equal(sorted(os.listdir(server.data("share"))), ["A.LONG.DIRECTORY", "NEWNAME.TXT"], "names")
    case.smbclient(server, "short", "put f NewName.txt", "mkdir a.Long.Directory").must()
    check_equal(sorted(os.listdir(server.data("short"))), ["a.Long.Directory", "newname.txt"], "names")


@test("a share whose module guards its data is not served without it; the log names the module", servers=("bossad",))
def guards(case):
    server = case.start(None, {"share": {}, "guarded": {"vfs objects": "worm"}, "odd": {"vfs objects": "crossrename nosuchmodule"}})
    check_equal(case.smbclient(server, "guarded", "ls").nt_status, "NT_STATUS_BAD_NETWORK_NAME", "guarded")
    case.smbclient(server, "share", "ls").must()
    case.smbclient(server, "odd", "ls").must()
    check("worm" in server.messages() and "nosuchmodule" in server.messages(), server.messages()[-800:])


@test("strict allocate reserves the room; inherit owner gives a new file to the directory's owner")
def allocation_and_owner(case):
    server = case.start(None, {"share": {"strict allocate": "yes"}, "owner": {"inherit owner": "yes"}})
    os.chmod(server.data("owner"), 0o777)
    os.chown(server.data("owner"), 0, 0)
    case.local("f", b"x")
    case.smbclient(server, "owner", "put f").must()
    check_equal(os.stat(server.data("owner", "f")).st_uid, 0, "owner")


@test("shadow_copy2: what users make in the folder of the snapshots leads nowhere, and no new name is taken for a snapshot", servers=("bossad",))
def made_snapshots(case):
    server = case.prepare(None, {"share": {"vfs objects": "shadow_copy2", "shadow:mountpoint": "PLACE"}})
    text = open(server.conf).read()
    with open(server.conf, "w") as f:
        f.write(text.replace("PLACE", server.data("share")))
    token, away = "@GMT-2024.01.01-00.00.00", os.path.join(server.root, "away")
    for folder in ("outside", os.path.join("outside", token)):
        os.makedirs(os.path.join(server.root, folder))
        with open(os.path.join(server.root, folder, "f"), "w") as f:
            f.write("secret")
    server.start()
    with Client(server) as one:
        made = one.create(".snapshots", access=0x1F01FF)[2]
        check_equal(set_symlink(one, made, os.path.join(server.root, "outside").replace("/", "\\")), "0xc0000022", "a link in the place of the folder")
        check_equal(one.close(made), 0, "close")
    os.unlink(server.data("share", ".snapshots"))

    def reached():
        out = case.smbclient(server, "share", "get %s\\f got" % token)
        check(out.status != 0 and not os.path.exists(os.path.join(case.dir, "got")), "read through the link:", out.text)

    tester = pwd.getpwnam("tester")

    def users_link(target, name):
        os.symlink(target, name)
        os.lchown(name, tester.pw_uid, tester.pw_gid)

    users_link(os.path.join(server.root, "outside"), server.data("share", ".snapshots"))
    reached()
    os.rename(server.data("share", ".snapshots"), away)
    files = Files(server, "share")
    files.make("f")
    files.make("d", directory=True)
    for name in ("f", "d"):
        check_equal(files.moved(name, ".snapshots"), "STATUS_ACCESS_DENIED", "rename in the place of the folder")
        for to in (token, "d\\" + token, token + "\\f"):
            check_equal(files.moved(name, to), "STATUS_OBJECT_NAME_INVALID", "rename of %s to %s" % (name, to))
    check_equal(files.moved("f", token, link=True), "STATUS_OBJECT_NAME_INVALID", "link")
    files.make(".snapshots", directory=True)
    users_link(os.path.join(server.root, "outside", token), server.data("share", ".snapshots", token))
    files.close()
    reached()
    log = server.messages()
    check("Landlock does not hold" not in log, log[-800:])
