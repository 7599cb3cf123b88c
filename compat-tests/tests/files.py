"""What a user does with files: smbclient commands, judged by their output and by the disk behind the share."""
import os
import re
import stat
import struct

from harness import check, check_equal, sha, test
from smb_files import Files


@test("a small file goes and comes back unchanged, also an empty one")
def small_files(case):
    server = case.standard()
    for name, content in (("small-a", b"hello\n"), ("small-empty", b""), ("small-odd", os.urandom(65537))):
        path = case.local(name, content)
        case.smbclient(server, "share", "put %s %s" % (path, name), "get %s got" % name).must()
        check_equal(open(os.path.join(case.dir, "got"), "rb").read(), content, "content of " + name)
        check_equal(open(server.data("share", name), "rb").read(), content, "content on disk of " + name)


@test("a stored file belongs to the user that stored it")
def owner_on_disk(case):
    server = case.standard()
    case.local("f", b"x")
    os.chmod(server.data("guest"), 0o777)
    case.smbclient(server, "guest", "put f owned-by-tester2", user="tester2").must()
    import pwd
    status = os.stat(server.data("guest", "owned-by-tester2"))
    check_equal(status.st_uid, pwd.getpwnam("tester2").pw_uid, "owner")


@test("an existing file that is overwritten keeps its owner and mode")
def owner_kept(case):
    server = case.standard()
    path = case.put_on_disk(server, "guest", "foreign-open", b"old", owner="tester2", mode=0o666)
    before = os.stat(path)
    case.local("f", b"new")
    case.smbclient(server, "guest", "put f foreign-open", user="tester").must()
    after = os.stat(path)
    check_equal((after.st_uid, stat.S_IMODE(after.st_mode)), (before.st_uid, 0o666), "owner and mode")
    check_equal(open(path, "rb").read(), b"new", "content")


@test("another user's file of mode 0600 is neither read, written nor changed by an open")
def foreign_private_file(case):
    server = case.standard()
    path = case.put_on_disk(server, "guest", "foreign-0600", b"private", owner="tester2", mode=0o600)
    before = os.stat(path)
    case.local("f", b"mine now")
    case.smbclient(server, "guest", "get foreign-0600 stolen").refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "guest", "put f foreign-0600").refused("NT_STATUS_ACCESS_DENIED")
    after = os.stat(path)
    check_equal((after.st_uid, after.st_gid, after.st_mode, after.st_size), (before.st_uid, before.st_gid, before.st_mode, 7),
                "owner, group, mode and size")


@test("ls shows names, sizes and attributes; a pattern narrows it")
def listing(case):
    server = case.standard()
    for name, size in (("list/one.txt", 1), ("list/two.txt", 22), ("list/three.dat", 333)):
        case.put_on_disk(server, "share", name, b"z" * size)
    os.makedirs(server.data("share", "list", "folder"), exist_ok=True)
    out = case.smbclient(server, "share", "cd list", "ls").must("one.txt", "two.txt", "three.dat", "folder")
    check(re.search(r"folder\s+D\s+0 ", out.text), "folder is not shown as a directory:", out.text)
    check(re.search(r"three\.dat\s+\w+\s+333 ", out.text), "size 333 is not shown:", out.text)
    case.smbclient(server, "share", "cd list", "ls *.txt").must("one.txt", "two.txt").lacks("three.dat", "folder")
    case.smbclient(server, "share", "cd list", "ls t??.txt").must("two.txt").lacks("one.txt")
    case.smbclient(server, "share", "cd list", "ls ONE.TXT").must("one.txt")


@test("ls of a name that is not there says NO_SUCH_FILE")
def listing_nothing(case):
    case.smbclient(case.standard(), "share", "ls no-such-name-*").refused("NT_STATUS_NO_SUCH_FILE")


@test("a directory of 1,000 entries is listed whole, each entry once")
def thousand(case):
    server = case.standard()
    names = ["entry-with-a-rather-long-name-%04d.dat" % n for n in range(1000)]
    for name in names:
        case.put_on_disk(server, "share", "thousand/" + name)
    out = case.smbclient(server, "share", "cd thousand", "ls").must()
    found = re.findall(r"entry-with-a-rather-long-name-\d{4}\.dat", out.text)
    check_equal(len(found), 1000, "number of lines")
    check_equal(sorted(found), names, "names")


@test("mkdir, cd, rmdir work; rmdir of a full directory is refused")
def directories(case):
    server = case.standard()
    case.local("f", b"1")
    case.smbclient(server, "share", "mkdir dirs", "cd dirs", "mkdir sub", "cd sub", "put f inner").must()
    check(os.path.isfile(server.data("share", "dirs", "sub", "inner")), "the nested file is not on disk")
    case.smbclient(server, "share", "mkdir dirs").refused("NT_STATUS_OBJECT_NAME_COLLISION")
    case.smbclient(server, "share", "rmdir dirs").refused("NT_STATUS_DIRECTORY_NOT_EMPTY")
    case.smbclient(server, "share", "del dirs\\sub\\inner", "rmdir dirs\\sub", "rmdir dirs").must()
    check(not os.path.exists(server.data("share", "dirs")), "the directory is still there")


@test("rename moves a file and a directory, also into another folder; an existing target is refused")
def renames(case):
    server = case.standard()
    case.put_on_disk(server, "share", "ren/a", b"aa")
    case.put_on_disk(server, "share", "ren/b", b"bb")
    case.put_on_disk(server, "share", "ren/sub/inner", b"inner")
    case.smbclient(server, "share", "rename ren\\a ren\\c").must()
    check_equal(open(server.data("share", "ren", "c")).read(), "aa", "content after rename")
    case.smbclient(server, "share", "rename ren\\c ren\\b").refused("NT_STATUS_OBJECT_NAME_COLLISION")
    case.smbclient(server, "share", "rename ren\\c ren\\sub\\moved").must()
    case.smbclient(server, "share", "rename ren\\sub ren\\other").must()
    check_equal(open(server.data("share", "ren", "other", "moved")).read(), "aa", "content after moves")
    case.smbclient(server, "share", "rename ren\\gone ren\\x").refused("NT_STATUS_OBJECT_NAME_NOT_FOUND")


@test("rename to the same name in other case changes the case on disk")
def rename_case(case):
    server = case.standard()
    case.put_on_disk(server, "share", "rencase/lower", b"x")
    case.smbclient(server, "share", "rename rencase\\lower rencase\\LOWER").must()
    check_equal(os.listdir(server.data("share", "rencase")), ["LOWER"], "names on disk")


@test("del removes one file, and a pattern many")
def deletes(case):
    server = case.standard()
    for name in ("a.tmp", "b.tmp", "keep.txt"):
        case.put_on_disk(server, "share", "del/" + name, b"x")
    case.smbclient(server, "share", "cd del", "del *.tmp").must()
    check_equal(os.listdir(server.data("share", "del")), ["keep.txt"], "what is left")
    case.smbclient(server, "share", "cd del", "del KEEP.TXT").must()
    check_equal(os.listdir(server.data("share", "del")), [], "what is left")
    case.smbclient(server, "share", "del del\\gone").refused("NT_STATUS_NO_SUCH_FILE", "NT_STATUS_OBJECT_NAME_NOT_FOUND")


@test("a tree is removed by deltree")
def deltree(case):
    server = case.standard()
    for name in ("t/a", "t/b/c", "t/b/d/e"):
        case.put_on_disk(server, "share", name, b"x")
    case.smbclient(server, "share", "deltree t").must()
    check(not os.path.exists(server.data("share", "t")), "the tree is still there")


@test("allinfo shows times, attributes, size and the unnamed stream")
def allinfo(case):
    server = case.standard()
    path = case.put_on_disk(server, "share", "info.bin", b"q" * 12345)
    os.utime(path, (1600000000, 1600000000))
    out = case.smbclient(server, "share", "allinfo info.bin").must("altname:", "create_time:", "write_time:", "attributes:")
    check("[::$DATA], 12345 bytes" in out.text, "no stream line of 12345 bytes:", out.text)
    check("Sep 13" in out.text and "2020" in out.text, "write time of 2020-09-13 not shown:", out.text)


@test("mget with a wild card fetches all that match, mput stores many")
def mget(case):
    server = case.standard()
    want = {}
    for n in range(20):
        want["m%02d.dat" % n] = os.urandom(1000 + n)
        case.put_on_disk(server, "share", "mget/m%02d.dat" % n, want["m%02d.dat" % n])
    case.put_on_disk(server, "share", "mget/other.txt", b"no")
    os.mkdir(os.path.join(case.dir, "got"))
    case.smbclient(server, "share", "prompt off", "cd mget", "lcd got", "mget m*.dat").must()
    got = {name: open(os.path.join(case.dir, "got", name), "rb").read() for name in os.listdir(os.path.join(case.dir, "got"))}
    check_equal(got, want, "fetched files")
    case.smbclient(server, "share", "prompt off", "mkdir mput", "cd mput", "lcd got", "mput *").must()
    check_equal({n: open(server.data("share", "mput", n), "rb").read() for n in os.listdir(server.data("share", "mput"))}, want,
                "stored files")


@test("recursive mget and mput carry a tree")
def tree(case):
    server = case.standard()
    for name in ("tree/a.txt", "tree/b/c.txt", "tree/b/d/e.txt"):
        case.put_on_disk(server, "share", name, name)
    os.mkdir(os.path.join(case.dir, "got"))
    case.smbclient(server, "share", "recurse on", "prompt off", "lcd got", "mget tree").must()
    for name in ("tree/a.txt", "tree/b/c.txt", "tree/b/d/e.txt"):
        check_equal(open(os.path.join(case.dir, "got", name)).read(), name, name)
    case.smbclient(server, "share", "recurse on", "prompt off", "mkdir treeback", "cd treeback", "lcd got", "mput tree").must()
    check_equal(open(server.data("share", "treeback", "tree", "b", "d", "e.txt")).read(), "tree/b/d/e.txt", "tree/b/d/e.txt")


NAMES = ("Käse und Brötchen.txt", "naïve-café-Ærø.txt", "日本語のファイル名.txt", "中文文件.txt", "한국어.txt", "русский файл.txt",
         "smile-😀-🎉.txt", "with  two blanks.txt", "quote'n'dollar$.txt", "e\u0301-decomposed.txt", "name.with.many.dots..txt",
         "x" * 240 + ".txt")


@test("names with accents, CJK, Cyrillic and emoji are stored, listed, fetched and removed")
def names(case):
    server = case.standard()
    os.makedirs(server.data("share", "names"), exist_ok=True)
    os.chmod(server.data("share", "names"), 0o777)
    for number, name in enumerate(NAMES):
        content = ("content %d" % number).encode()
        case.local("f", content)
        case.smbclient(server, "share", "cd names", 'put f "%s"' % name).must()
        check(name in os.listdir(server.data("share", "names")), "on disk there is not", name, "but",
              os.listdir(server.data("share", "names")))
        case.smbclient(server, "share", "cd names", 'get "%s" back' % name).must()
        check_equal(open(os.path.join(case.dir, "back"), "rb").read(), content, "content of " + name)
    out = case.smbclient(server, "share", "cd names", "ls").must()
    for name in NAMES:
        check(name in out.text, "not listed:", name)
        case.smbclient(server, "share", "cd names", 'del "%s"' % name).must()
    check_equal(os.listdir(server.data("share", "names")), [], "left on disk")


@test("a name is found whatever its case, beyond ASCII too, and keeps the case it was made with")
def ignoring_case(case):
    server = case.standard()
    for name, asked in (("MixedCase.TXT", "mixedcase.txt"), ("ÄÖÜ-Große.txt", "äöü-große.TXT"), ("Привет.txt", "ПРИВЕТ.TXT"),
                        ("Ελλάδα.txt", "ΕΛΛΆΔΑ.TXT")):
        case.put_on_disk(server, "share", "Folder Case/" + name, name.encode())
        case.smbclient(server, "share", 'get "folder case\\%s" back' % asked).must()
        check_equal(open(os.path.join(case.dir, "back"), "rb").read(), name.encode(), "content by " + asked)
        case.local("f", b"again")
        case.smbclient(server, "share", 'put f "FOLDER CASE\\%s"' % asked).must()
        check_equal(sorted(n for n in os.listdir(server.data("share", "Folder Case")) if n.lower() == name.lower()), [name],
                    "names on disk")


@test("case sensitive = yes tells names apart by case")
def exact_case(case):
    server = case.standard()
    case.put_on_disk(server, "exact", "Name", b"big")
    case.local("f", b"small")
    case.smbclient(server, "exact", "get name got").refused("NT_STATUS_OBJECT_NAME_NOT_FOUND")
    case.smbclient(server, "exact", "put f name", "get Name got").must()
    check_equal(open(os.path.join(case.dir, "got"), "rb").read(), b"big", "content of Name")
    check_equal(sorted(os.listdir(server.data("exact"))), ["Name", "name"], "names on disk")


@test("reget continues where a fetch was broken off")
def append(case):
    server = case.standard()
    content = os.urandom(300000)
    case.put_on_disk(server, "share", "resume.bin", content)
    case.local("part", content[:100000])
    case.smbclient(server, "share", "reget resume.bin part").must()
    check_equal(open(os.path.join(case.dir, "part"), "rb").read(), content, "resumed content")


@test("setmode changes DOS attributes and ls shows them; a read-only file cannot be overwritten")
def setmode(case):
    server = case.standard()
    case.put_on_disk(server, "share", "attrs.txt", b"x")
    case.local("f", b"y")
    case.smbclient(server, "share", "setmode attrs.txt +hsr").must()
    out = case.smbclient(server, "share", "ls attrs.txt").must()
    check(re.search(r"attrs\.txt\s+\w*(?=\w*H)(?=\w*S)(?=\w*R)\w*\s", out.text), "H, S and R are not shown:", out.text)
    case.smbclient(server, "share", "put f attrs.txt").refused("NT_STATUS_ACCESS_DENIED", "NT_STATUS_CANNOT_DELETE")
    case.smbclient(server, "share", "setmode attrs.txt -hsr", "put f attrs.txt").must()
    check_equal(open(server.data("share", "attrs.txt")).read(), "y", "content")


@test("utimes sets the times that allinfo and the disk then show")
def utimes(case):
    server = case.standard()
    path = case.put_on_disk(server, "share", "times.txt", b"x")
    case.smbclient(server, "share", "utimes times.txt -1 2021:02:03-04:05:06 2019:08:07-06:05:04 -1").must()
    import calendar
    import time
    status = os.stat(path)
    written = time.localtime(status.st_mtime)
    check_equal((written.tm_year, written.tm_mon, written.tm_mday), (2019, 8, 7), "write time on disk")
    del calendar


@test("du and the free space of the volume are those of the disk")
def volume(case):
    server = case.standard()
    out = case.smbclient(server, "share", "ls no*").text + case.smbclient(server, "share", "du").text
    found = re.search(r"(\d+) blocks of size (\d+)\. (\d+) blocks available", out)
    check(found, "no line with the volume's size:", out)
    size = os.statvfs(server.data("share"))
    total = int(found.group(1)) * int(found.group(2))
    check(abs(total - size.f_blocks * size.f_frsize) < 0.02 * total, "size of the volume", total, size.f_blocks * size.f_frsize)


@test("two clients at once store and fetch different files without mixing them")
def two_clients(case):
    import threading
    server = case.standard()
    results = []

    def work(number):
        source = case.local("src%d" % number, os.urandom(3 << 20))
        for turn in range(4):
            out = case.smbclient(server, "share", "put %s two-%d" % (source, number), "get two-%d got%d" % (number, number))
            results.append(out.status == 0 and sha(source) == sha(os.path.join(case.dir, "got%d" % number)))
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_equal(results, [True] * 16, "round trips")


@test("dot files are hidden with hide dot files = yes and plain with no")
def dot_files(case):
    server = case.standard()
    for share, shown in (("dots", True), ("nodots", False)):
        case.put_on_disk(server, share, ".hidden", b"x")
        out = case.smbclient(server, share, "ls .hidden").must(".hidden")
        check_equal(bool(re.search(r"\.hidden\s+\w*H\w*\s", out.text)), shown, "hidden attribute in " + share)


@test("vetoed names are neither listed, opened nor made")
def veto(case):
    server = case.standard()
    for name in ("a.secret", "thumbs.DB", "shown.txt"):
        case.put_on_disk(server, "veto", name, b"x")
    case.local("f", b"x")
    case.smbclient(server, "veto", "ls").must("shown.txt").lacks("a.secret", "thumbs.DB")
    case.smbclient(server, "veto", "get a.secret got").refused("NT_STATUS_OBJECT_NAME_NOT_FOUND", "NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "veto", "put f b.secret").refused("NT_STATUS_OBJECT_NAME_NOT_FOUND", "NT_STATUS_ACCESS_DENIED",
                                                             "NT_STATUS_OBJECT_NAME_INVALID")
    check(not os.path.exists(server.data("veto", "b.secret")), "a vetoed name was made")
    case.smbclient(server, "veto", "mkdir sub.secret").refused()
    check(not os.path.exists(server.data("veto", "sub.secret")), "a vetoed folder was made")


@test("names that leave the share by .. are refused")
def dot_dot(case):
    server = case.standard()
    case.smbclient(server, "share", "get ..\\smb.conf got").refused()
    case.smbclient(server, "share", "get ..\\..\\smb.conf got").refused()
    check(not os.path.exists(os.path.join(case.dir, "got")), "a file outside the share was fetched")


@test("create mask and directory mask, with their force modes, decide the mode on disk")
def masks(case):
    server = case.standard()
    case.local("f", b"x")
    case.smbclient(server, "masked", "put f plain", "mkdir folder").must()
    check_equal(oct(stat.S_IMODE(os.stat(server.data("masked", "plain")).st_mode)), oct(0o644), "mode of the file")
    check_equal(oct(stat.S_IMODE(os.stat(server.data("masked", "folder")).st_mode)), oct(0o751), "mode of the directory")
    case.smbclient(server, "share", "put f mode-default", "mkdir mode-default-dir").must()
    check_equal(oct(stat.S_IMODE(os.stat(server.data("share", "mode-default")).st_mode)), oct(0o644), "default mode of a file")
    check_equal(oct(stat.S_IMODE(os.stat(server.data("share", "mode-default-dir")).st_mode)), oct(0o755),
                "default mode of a directory")


@test("writing to a file clears its setuid bit, as a write by its owner does on the machine itself")
def setuid(case):
    server = case.standard()
    path = case.put_on_disk(server, "share", "suid", b"old", mode=0o4755)
    case.local("f", b"new content")
    case.smbclient(server, "share", "put f suid").must()
    check_equal(oct(stat.S_IMODE(os.stat(path).st_mode)), oct(0o755), "mode")


@test("many requests in flight: a folder of 300 small files goes and comes back")
def many_small(case):
    server = case.standard()
    os.mkdir(os.path.join(case.dir, "many"))
    for n in range(300):
        case.local("many/s%03d" % n, b"%d" % n * n)
    case.smbclient(server, "share", "prompt off", "mkdir many", "cd many", "lcd many", "mput s*").must()
    check_equal(sorted(os.listdir(server.data("share", "many"))), ["s%03d" % n for n in range(300)], "names on disk")
    for n in (0, 1, 150, 299):
        check_equal(open(server.data("share", "many", "s%03d" % n), "rb").read(), b"%d" % n * n, "content of s%03d" % n)


@test("neither a rename nor a hard link replaces a read-only file, unless delete readonly = yes", servers=("bossad",))
def replaced_read_only(case):
    server = case.start(None, {"share": {}, "loose": {"delete readonly": "yes"}})
    for share, answer, content in (("share", "STATUS_ACCESS_DENIED", b"kept"), ("loose", "OK", b"new")):
        files = Files(server, share)
        for link in (False, True):
            name = "kept-%s" % link
            files.write(name, b"kept")
            file = files.open(name, access=0x100)
            files.smb.setInfo(files.tree, file, struct.pack("<QQQQII", 0, 0, 0, 0, 1, 0), infoType=1, fileInfoClass=4)
            files.done(file)
            files.write("new", b"new")
            check_equal(files.moved("new", name, replace=True, link=link), answer, "%s, link: %s" % (share, link))
            check_equal(files.read(name), content, "%s, link: %s" % (share, link))
        check_equal([name for name in os.listdir(server.data(share)) if name.startswith(".")], [], "what was left behind")
        files.close()


@test("a symbolic link does not lead to a vetoed name", servers=("bossad",))
def vetoed_targets(case):
    server = case.start(None, {"veto": {"veto files": "/*.secret/hidden/"}})
    for name in ("a.secret", "hidden/f", "dir/f"):
        case.put_on_disk(server, "veto", name, b"x")
    for name, target in (("rel", "a.secret"), ("abs", server.data("veto", "a.secret")), ("reldir", "hidden"), ("absdir", server.data("veto", "hidden")),
                         ("dir/up", "../hidden/f"), ("good", "dir/f"), ("gooddir", "dir")):
        os.symlink(target, server.data("veto", name))
    for name in ("rel", "abs", "reldir\\f", "absdir\\f", "dir\\up", "gooddir\\up"):
        case.smbclient(server, "veto", "get %s got" % name).refused("NT_STATUS_OBJECT_NAME_NOT_FOUND", "NT_STATUS_OBJECT_PATH_NOT_FOUND")
        check(not os.path.exists(os.path.join(case.dir, "got")), "read through " + name)
    case.smbclient(server, "veto", "get good got", "get gooddir\\f got2").must()
