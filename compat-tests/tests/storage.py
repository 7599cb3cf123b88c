"""What is kept on disk is Samba's: attributes and times written by one server are read by the other."""
import os
import re
import shutil

from harness import check, check_equal, test


def look(case, server, names):
    shown = {}
    for name in names:
        out = case.smbclient(server, "share", "allinfo " + name).must()
        shown[name] = {key: re.search(r"^%s:\s*(.*)$" % key, out.text, re.M).group(1)
                       for key in ("create_time", "write_time", "attributes")}
    return shown


def serve_both(case, first, second):
    """Files made and marked through `first` look the same through `second` on the same data."""
    names = ["plain.txt", "hidden.txt", "system.txt", "readonly.txt", "archive.txt", "all.txt", "folder", "folder\\inner.txt"]
    case.local("f", b"x" * 100)
    one = case.start(kind=first)
    case.smbclient(one, "share", "mkdir folder", *["put f " + n for n in names if n != "folder"]).must()
    case.smbclient(one, "share", "setmode hidden.txt +h", "setmode system.txt +s", "setmode readonly.txt +r", "setmode archive.txt -a",
                   "setmode all.txt +hsr", "setmode folder +h").must()
    case.smbclient(one, "share", "utimes plain.txt 2001:02:03-04:05:06 2011:02:03-04:05:06 2012:03:04-05:06:07 -1").must()
    shown = look(case, one, names)
    check("2001" in shown["plain.txt"]["create_time"], "create time:", shown["plain.txt"])
    check(re.search("H", shown["hidden.txt"]["attributes"]), "hidden:", shown["hidden.txt"])
    one.stop()
    two = case.prepare(kind=second)
    shutil.rmtree(two.data("share"))
    os.rename(one.data("share"), two.data("share"))
    two.start()
    check_equal(look(case, two, names), shown, "attributes and times through the other server")
    # and the second can change what the first wrote
    case.smbclient(two, "share", "setmode all.txt -hsr", "put f all.txt", "del hidden.txt").must()
    two.stop()


@test("DOS attributes and create times written by this server are shown by smbd")
def ours_to_smbd(case):
    serve_both(case, case.kind, "smbd")


@test("DOS attributes and create times written by smbd are shown by this server")
def smbd_to_ours(case):
    serve_both(case, "smbd", case.kind)


@test("DOS attributes are kept in user.DOSATTRIB")
def xattr(case):
    server = case.standard()
    case.put_on_disk(server, "share", "xattr.txt", b"x")
    case.smbclient(server, "share", "setmode xattr.txt +h").must()
    value = os.getxattr(server.data("share", "xattr.txt"), "user.DOSATTRIB")
    check(len(value) > 8, "user.DOSATTRIB:", value)


@test("a file marked read-only by mode bits alone, or with a value of an old format, is still served")
def odd_attributes(case):
    server = case.standard()
    path = case.put_on_disk(server, "share", "oldattr.txt", b"x")
    os.setxattr(path, "user.DOSATTRIB", b"0x22\0")
    check(re.search(r"oldattr\.txt\s+\w*H\w*\s", case.smbclient(server, "share", "ls oldattr.txt").must().text), "the old text form 0x22")
    os.setxattr(path, "user.DOSATTRIB", b"\xff" * 300)
    case.smbclient(server, "share", "ls oldattr.txt", "get oldattr.txt got").must()
