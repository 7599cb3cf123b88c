"""Symbolic links: twelve shapes under four settings, the server under test beside Debian's smbd."""
import os
import pwd
import re
import struct

from caching import Client
from harness import check, check_equal, test

SETTINGS = (
    ("follow symlinks = yes, wide links = no", {"follow symlinks": "yes", "wide links": "no"}),
    ("follow symlinks = yes, wide links = yes", {"follow symlinks": "yes", "wide links": "yes"}),
    ("follow symlinks = no, wide links = no", {"follow symlinks": "no", "wide links": "no"}),
    ("follow symlinks = no, wide links = yes", {"follow symlinks": "no", "wide links": "yes"}),
)

# name: (target, with @SHARE@ the share's path and @OUT@ a folder beside it; what is asked of it: a file or a folder's file)
SHAPES = (
    ("rel-file", "real/inside.txt", "file"),
    ("rel-dir", "real", "dir"),
    ("abs-file-inside", "@SHARE@/real/inside.txt", "file"),
    ("abs-dir-inside", "@SHARE@/real", "dir"),
    ("abs-file-outside", "@OUT@/inside.txt", "file"),
    ("abs-dir-outside", "@OUT@", "dir"),
    ("rel-file-outside", "../outside/inside.txt", "file"),
    ("rel-out-and-in", "../links/real/inside.txt", "file"),
    ("up-inside", "real/../real/inside.txt", "file"),
    ("chain", "rel-file", "file"),
    ("dangling", "no-such-target", "file"),
    ("loop", "loop", "file"),
)


def build(case, server):
    tester = pwd.getpwnam("tester")
    share, out = server.data("links"), server.data("outside")
    for folder in (os.path.join(share, "real"), out):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "inside.txt"), "w") as f:
            f.write("content of " + os.path.basename(folder))
        for path in (folder, os.path.join(folder, "inside.txt")):
            os.chown(path, tester.pw_uid, tester.pw_gid)
    for name, target, _ in SHAPES:
        os.symlink(target.replace("@SHARE@", share).replace("@OUT@", out), os.path.join(share, name))


def transcript(case, server):
    """What each shape does: list in its folder, read, write, make a new file through it, remove, rename."""
    lines = []

    def note(what, out, got=None):
        content = None
        if got and os.path.exists(os.path.join(case.dir, got)):
            with open(os.path.join(case.dir, got)) as f:
                content = f.read()
            os.unlink(os.path.join(case.dir, got))
        verdict = out.nt_status or ("ok" if out.status == 0 else "failed")
        lines.append("%s: %s%s" % (what, verdict, " '%s'" % content if content is not None else ""))

    listed = case.smbclient(server, "links", "ls")
    for name, _, kind in SHAPES:
        line = re.search(r"^  %s +([A-Z]*) +(\d+) " % re.escape(name), listed.text, re.M)
        lines.append("%s listed: %s" % (name, line.group(1) if line else "no"))
    case.local("new", "written through the link")
    for name, _, kind in SHAPES:
        target = name if kind == "file" else name + "\\inside.txt"
        note(name + " read", case.smbclient(server, "links", "get %s got" % target), "got")
        note(name + " allinfo", case.smbclient(server, "links", "allinfo " + target))
        if kind == "dir":
            note(name + " list", case.smbclient(server, "links", "cd %s" % name, "ls"))
            note(name + " make", case.smbclient(server, "links", "put new %s\\made.txt" % name))
            note(name + " mkdir", case.smbclient(server, "links", "mkdir %s\\made-dir" % name))
        else:
            note(name + " below", case.smbclient(server, "links", "get %s\\x got" % name), "got")
    for name, _, kind in SHAPES:
        if kind == "file":
            note(name + " write", case.smbclient(server, "links", "put new %s" % name))
    share, out = server.data("links"), server.data("outside")
    for folder in (share, os.path.join(share, "real"), out):
        names = sorted(os.listdir(folder))
        lines.append("on disk: " + " ".join(names))
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path) as f:
                    lines.append("on disk %s/%s: %s" % (os.path.basename(folder), name, f.read()))
    return lines


for _title, _settings in SETTINGS:
    @test("symlinks, %s: twelve shapes behave as with smbd" % _title)
    def differential(case, settings=_settings):
        seen = {}
        for kind in {case.kind, "smbd"}:
            server = case.start({"unix extensions": "no", "smb3 unix extensions": None, "allow insecure wide links": "no"},
                                {"links": dict(settings)}, kind=kind)
            build(case, server)
            seen[kind] = transcript(case, server)
            server.stop()
        ours, theirs = seen[case.kind], seen["smbd"]
        different = ["%s | smbd %s" % (a, b.partition(": ")[2]) for a, b in zip(ours, theirs) if a != b]
        check(not different and len(ours) == len(theirs), "%d differences:\n" % len(different) + "\n".join(different))


@test("symlinks, wide links = no: a target inside the share works, absolute or relative; any other is refused")
def inside_only(case):
    server = case.start({"unix extensions": "no"}, {"links": {"follow symlinks": "yes", "wide links": "no"}})
    build(case, server)
    for name, _, kind in SHAPES:
        target = name if kind == "file" else name + "\\inside.txt"
        out = case.smbclient(server, "links", "get %s got" % target)
        if name in ("rel-file", "rel-dir", "abs-file-inside", "abs-dir-inside", "up-inside", "chain", "rel-out-and-in"):
            out.must()
            with open(os.path.join(case.dir, "got")) as f:
                check_equal(f.read(), "content of real", name)
            os.unlink(os.path.join(case.dir, "got"))
        else:
            out.refused()
            check(not os.path.exists(os.path.join(case.dir, "got")), name, "was fetched")


IOCTL, SET_REPARSE_POINT = 11, 0x000900A4
SHARING_VIOLATION, NOT_SUPPORTED = 0xC0000043, 0xC00000BB


def set_symlink(client, file_id, target):
    name = target.encode("utf-16le")
    data = struct.pack("<HHHHI", 0, len(name), 0, len(name), 0 if target.startswith("\\") else 1) + name
    buffer = struct.pack("<IHH", 0xA000000C, len(data), 0) + data
    body = struct.pack("<HHI16sIIIIIIII", 57, 0, SET_REPARSE_POINT, file_id, 120, len(buffer), 0, 0, 0, 0, 1, 0) + buffer
    return hex(client.wait(client.send(IOCTL, body))[0])


@test("a file becomes a symbolic link only while nobody else has it open, so that nothing written is lost; the link leads nowhere out of the share",
      servers=("bossad",))
def made_by_clients(case):
    server = case.start()
    case.put_on_disk(server, "share", "secret/inside", b"inside")
    with open(os.path.join(server.root, "outside"), "w") as f:
        f.write("outside")
    os.chmod(os.path.join(server.root, "outside"), 0o644)
    with Client(server) as one, Client(server) as two:
        first, second = one.create("link")[2], two.create("link", disposition=1)[2]
        check_equal(set_symlink(one, first, "secret\\inside"), hex(SHARING_VIOLATION), "while another has it open")
        body = struct.pack("<HHIQ16sIIHHI", 49, 112, 4, 0, second, 0, 0, 0, 0, 0) + b"kept"
        check_equal(hex(two.wait(two.send(9, body))[0]), "0x0", "write by the other")
        check_equal(two.close(second), 0, "close")
        check_equal(set_symlink(one, first, "secret\\inside"), hex(NOT_SUPPORTED), "where there is content")
        with open(server.data("share", "link")) as f:
            check_equal(f.read(), "kept", "content")
        check_equal(one.close(first), 0, "close")
        for name, target in (("in", "secret\\inside"), ("up", "..\\..\\outside"), ("away", os.path.join(server.root, "outside").replace("/", "\\"))):
            made = one.create(name)[2]
            check_equal(set_symlink(one, made, target), "0x0", "link to " + target)
            check_equal(one.close(made), 0, "close")
        check_equal(sorted(name for name in os.listdir(server.data("share")) if name.startswith(".")), [], "what was left behind")
    check_equal(case.smbclient(server, "share", "get in got").must().status, 0)
    with open(os.path.join(case.dir, "got"), "rb") as f:
        check_equal(f.read(), b"inside", "through the link inside")
    for name in ("up", "away"):
        case.smbclient(server, "share", "get %s %s" % (name, name)).refused()
        check(not os.path.exists(os.path.join(case.dir, name)), "read through " + name)


@test("what a client does to a link that it opened as such never reaches what the link leads to", servers=("bossad",))
def handle_of_the_link(case):
    server = case.start({}, {"share": {"vfs objects": "acl_xattr streams_xattr"}})
    path = case.put_on_disk(server, "share", "target", b"content", mode=0o644)
    outside = os.path.join(server.root, "outside")
    with open(outside, "wb") as f:
        f.write(b"content")
    os.chmod(outside, 0o666)
    os.symlink("target", server.data("share", "in"))
    os.symlink(outside, server.data("share", "out"))
    before = [(os.stat(p).st_mtime_ns, os.stat(p).st_mode, sorted(os.listxattr(p))) for p in (path, outside)]
    with Client(server) as one:
        for name in ("in", "out"):
            status, _, link, _ = one.create(name, disposition=1, options=0x200000, access=0x13019F)
            check_equal(hex(status), "0x0", "open of the link")

            def set_info(info_class, data, kind=1):
                return one.wait(one.send(17, struct.pack("<HBBIHHI", 33, kind, info_class, len(data), 96, 0, 0) + link + data))[0]

            def ioctl(code, data=b""):
                body = struct.pack("<HHI16sIIIIIIII", 57, 0, code, link, 120, len(data), 0, 0, 0, 0, 1, 0) + data
                return one.wait(one.send(IOCTL, body))[0]

            one.wait(one.send(9, struct.pack("<HHIQ16sIIHHI", 49, 112, 4, 0, link, 0, 0, 0, 0, 0) + b"lost"))
            set_info(20, struct.pack("<Q", 1))
            set_info(19, struct.pack("<Q", 0))
            set_info(4, struct.pack("<QQQQII", 0x01D0000000000000, 0x01D0000000000000, 0x01D0000000000000, 0, 0x3, 0))
            set_info(15, struct.pack("<IBBH", 0, 0, 1, 1) + b"A\0x")
            set_info(0, struct.pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20) + struct.pack("<BBHHH", 2, 0, 8, 0, 0), kind=3)
            ioctl(0x000900C4, b"\1")
            ioctl(0x000980C8, struct.pack("<QQ", 0, 7))
            ioctl(0x00098208, struct.pack("<II QQ", 0, 1, 0, 7))
            check_equal(hex(set_info(13, b"\1")), "0x0", "deletion of the link")
            check_equal(one.close(link), 0, "close")
            check(not os.path.lexists(server.data("share", name)), "the link stayed")
    after = [(os.stat(p).st_mtime_ns, os.stat(p).st_mode, sorted(os.listxattr(p))) for p in (path, outside)]
    check_equal(after, before, "times, mode and attributes of the targets")
    for p in (path, outside):
        with open(p, "rb") as f:
            check_equal(f.read(), b"content", "content of " + os.path.basename(p))
