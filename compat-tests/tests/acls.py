"""Windows descriptors on shares with acl_xattr: kept exactly, inherited and enforced, the same on disk for both servers."""
import os
import re
import shutil
import subprocess

from harness import check, check_equal, test
from smb_files import CREATE, DIRECTORY, Files

ACL = {"vfs objects": "acl_xattr"}
SHARES = {
    "share": ACL,
    "ignoring": dict(ACL, **{"acl_xattr:ignore system acls": "yes"}),
    "everyone": dict(ACL, **{"acl_xattr:ignore system acls": "yes", "acl_xattr:default acl style": "everyone"}),
    "windows": dict(ACL, **{"acl_xattr:ignore system acls": "yes", "acl_xattr:default acl style": "windows"}),
    "narrow": dict(ACL, **{"create mask": "0600", "directory mask": "0770"}),
    "wide": dict(ACL, **{"create mask": "0644", "directory mask": "0711"}),
}
INHERITED = "D:P(A;OICI;FA;;;CO)(A;OICI;FR;;;WD)(A;OICINP;FW;;;AU)(A;OI;FR;;;BA)(A;CI;FR;;;BU)(A;;FA;;;S-1-22-1-1)(A;;FA;;;OW)"
AUTO = "D:PARAI(A;OICIIO;FA;;;CO)(D;OICI;0x2;;;BA)(A;OICI;GA;;;AU)(A;OI;GR;;;BG)(A;CIIO;GR;;;CG)"


def normal(text):
    return re.sub(r"S-1-5-21-\d+-\d+-\d+", "DOMAIN", text)


def fill(files):
    """Every way in which a descriptor comes about."""
    files.make("f")
    files.make("d", directory=True)
    files.make("d\\f")
    files.make("given", directory=True)
    files.set_descriptor("given", INHERITED)
    files.make("auto", directory=True)
    files.set_descriptor("auto", AUTO)
    for parent in ("given", "auto"):
        files.make(parent + "\\f")
        files.make(parent + "\\d", directory=True)
        files.make(parent + "\\d\\f")
        files.make(parent + "\\d\\d", directory=True)


NAMES = ["", "f", "d", "d\\f"] + [parent + name for parent in ("given", "auto") for name in ("", "\\f", "\\d", "\\d\\f", "\\d\\d")]


def look(server):
    shown = {}
    for share in SHARES:
        files = Files(server, share)
        for name in NAMES:
            shown[share, name] = files.descriptor(name)
        files.close()
    return shown


def start(case, kind):
    server = case.prepare(None, dict(SHARES), kind=kind)
    return server


def filled(case, kind):
    server = start(case, kind).start()
    for share in SHARES:
        files = Files(server, share)
        fill(files)
        files.close()
    return server


@test("descriptors: made up, set, inherited: the same from both servers", servers=("bossad",))
def same_descriptors(case):
    ours, theirs = look(filled(case, "bossad")), look(filled(case, "smbd"))
    for key, value in theirs.items():
        check_equal(normal(ours[key]), normal(value), "descriptor of %s" % (key,))


def swap(case, first, second):
    one = filled(case, first)
    shown = look(one)
    one.stop()
    two = start(case, second)
    for share in SHARES:
        shutil.rmtree(two.data(share))
        os.rename(one.data(share), two.data(share))
    shutil.rmtree(os.path.join(two.root, "private"))
    shutil.copytree(os.path.join(one.root, "private"), os.path.join(two.root, "private"))
    two.start()
    for key, value in look(two).items():
        check_equal(value, shown[key], "descriptor of %s through the other server" % (key,))


@test("descriptors stored by this server are smbd's after a swap", servers=("bossad",))
def ours_to_smbd(case):
    swap(case, "bossad", "smbd")


@test("descriptors stored by smbd are this server's after a swap", servers=("bossad",))
def smbd_to_ours(case):
    swap(case, "smbd", "bossad")


@test("a stored descriptor no longer holds once a local program has changed the file's own ACL")
def local_change(case):
    server = start(case, case.kind).start()
    files = Files(server, "share")
    files.make("f")
    files.set_descriptor("f", "D:P(A;;0x1f01ff;;;WD)(A;;0x120089;;;BA)")
    check("BA" in files.descriptor("f"), files.descriptor("f"))
    subprocess.run(["setfacl", "-b", server.data("share", "f")], check=True)
    os.chmod(server.data("share", "f"), 0o640)
    check("BA" not in files.descriptor("f"), files.descriptor("f"))


@test("a stored descriptor is enforced: for whom it names, against the owner's mode bits, at create in a directory")
def enforced(case):
    server = start(case, case.kind).start()
    os.chmod(server.data("ignoring"), 0o777)
    files, other = Files(server, "ignoring"), Files(server, "ignoring", user="tester2")
    files.make("f")
    files.make("d", directory=True)
    files.set_descriptor("f", "D:P(A;;0x120089;;;WD)")
    check_equal(other.status("f", access=0x1), "OK", "reading")
    check_equal(other.status("f", access=0x2), "STATUS_ACCESS_DENIED", "writing")
    check_equal(files.status("f", access=0x2), "STATUS_ACCESS_DENIED", "the owner's writing")
    check_equal(files.status("f", access=0x60000), "OK", "READ_CONTROL and WRITE_DAC of the owner")
    check_equal(other.status("f", access=0x40000), "STATUS_ACCESS_DENIED", "another's WRITE_DAC")
    files.set_descriptor("f", "D:P(A;;0x120089;;;WD)(A;;0x1;;;S-1-3-4)", access=0x40000)
    check_equal(files.status("f", access=0x40000), "STATUS_ACCESS_DENIED", "WRITE_DAC of an owner whose rights are named")
    files.set_descriptor("d", "D:P(A;;0x1200a9;;;WD)", access=0x40000)
    check_equal(other.status("d\\new", disposition=CREATE), "STATUS_ACCESS_DENIED", "a new file")
    check_equal(files.status("d\\new", disposition=CREATE, options=DIRECTORY), "STATUS_ACCESS_DENIED", "a new directory")
    files.set_descriptor("d", "D:P(A;;0x1200ab;;;WD)", access=0x40000)
    check_equal(other.status("d\\new", disposition=CREATE), "OK", "a new file with ADD_FILE")
    check_equal(other.status("d\\newdir", disposition=CREATE, options=DIRECTORY), "STATUS_ACCESS_DENIED", "a new directory with ADD_FILE")


@test("DELETE comes from the file's descriptor or from DELETE_CHILD of its directory")
def deletion(case):
    server = start(case, case.kind).start()
    os.chmod(server.data("ignoring"), 0o777)
    files, other = Files(server, "ignoring"), Files(server, "ignoring", user="tester2")
    files.make("d", directory=True)
    files.make("d\\f")
    files.set_descriptor("d\\f", "D:P(A;;0x120089;;;WD)")
    files.set_descriptor("d", "D:P(A;;0x1200a9;;;WD)", access=0x40000)
    check_equal(other.status("d\\f", access=0x10000), "STATUS_ACCESS_DENIED", "neither")
    files.set_descriptor("d", "D:P(A;;0x1200e9;;;WD)", access=0x40000)
    check_equal(other.status("d\\f", access=0x10000), "OK", "DELETE_CHILD")
    files.set_descriptor("d", "D:P(A;;0x1200a9;;;WD)", access=0x40000)
    files.set_descriptor("d\\f", "D:P(A;;0x130089;;;WD)", access=0x40000)
    check_equal(other.status("d\\f", access=0x10000), "OK", "DELETE")


@test("a rename needs ADD_FILE or ADD_SUBDIRECTORY of the target's directory; so does a hard link, and what either replaces needs DELETE")
def renames(case):
    server = start(case, case.kind).start()
    os.chmod(server.data("ignoring"), 0o777)
    files, other = Files(server, "ignoring"), Files(server, "ignoring", user="tester2")
    denied = "STATUS_ACCESS_DENIED"
    files.make("d", directory=True)
    os.chmod(server.data("ignoring", "d"), 0o777)
    for name in ("mine", "d\\stays"):
        other.make(name)
    other.make("dir", directory=True)
    files.set_descriptor("d", "D:P(A;;0x1200e9;;;WD)", access=0x40000)
    check_equal(other.moved("mine", "d\\mine"), denied, "rename without ADD_FILE")
    check_equal(other.moved("d\\stays", "d\\still"), denied, "rename in place without ADD_FILE")
    if case.kind == "bossad":  # smbd asks no descriptor here
        check_equal(other.moved("mine", "d\\linked", link=True), denied, "link without ADD_FILE")
        check_equal(sorted(os.listdir(server.data("ignoring", "d"))), ["stays"], "in the directory")
    files.set_descriptor("d", "D:P(A;;0x1200eb;;;WD)", access=0x40000)
    check_equal(other.moved("dir", "d\\dir"), denied, "rename of a directory without ADD_SUBDIRECTORY")
    check_equal(other.moved("mine", "d\\mine"), "OK", "rename with ADD_FILE")
    files.set_descriptor("d", "D:P(A;;0x1200ed;;;WD)", access=0x40000)
    check_equal(other.moved("dir", "d\\dir"), "OK", "rename of a directory with ADD_SUBDIRECTORY")
    check_equal(sorted(os.listdir(server.data("ignoring", "d"))), ["dir", "mine", "stays"], "in the directory")
    if case.kind != "bossad":
        return
    files.write("victim", b"kept")
    files.set_descriptor("victim", "D:P(A;;0x1200a9;;;WD)", access=0x40000)
    files.set_descriptor("", "D:P(A;;0x12019f;;;WD)(A;;0x40000;;;OW)", access=0x40000)
    other.make("new")
    for link in (False, True):
        check_equal(other.moved("new", "victim", replace=True, link=link), denied, "replacing without DELETE, link: %s" % link)
        check_equal(files.read("victim"), b"kept", "content")
    files.set_descriptor("victim", "D:P(A;;0x1300a9;;;WD)", access=0x40000)
    check_equal(other.moved("new", "victim", replace=True), "OK", "replacing with DELETE")
    check_equal(os.path.getsize(server.data("ignoring", "victim")), 0, "size")
