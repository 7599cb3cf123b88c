"""Named streams on shares with streams_xattr: the same on disk for both servers, and larger than an attribute on this one."""
import os
import shutil
import struct

from harness import check, check_equal, test
from locks import Locker
from smb_files import CREATE, DELETE_ON_CLOSE, DIRECTORY, Files

SHARES = {
    "share": {"vfs objects": "streams_xattr"},
    "typeless": {"vfs objects": "streams_xattr", "streams_xattr:store_stream_type": "no", "streams_xattr:prefix": "user.Own."},
    "none": {},
}


@test("a stream is kept in user.DosStream.NAME:$DATA with a zero byte after it")
def on_disk(case):
    server = case.start(None, dict(SHARES))
    files = Files(server, "share")
    files.write("f:Zone.Identifier", b"[ZoneTransfer]")
    files.write("f", b"own data")
    check_equal(os.getxattr(server.data("share", "f"), "user.DosStream.Zone.Identifier:$DATA"), b"[ZoneTransfer]\0", "attribute")
    check_equal(files.read("f:zone.IDENTIFIER:$data"), b"[ZoneTransfer]", "stream by another spelling")
    check_equal(files.read("f"), b"own data", "the file's own data")
    check_equal(files.read("f::$DATA"), b"own data", "the file's own data by name")
    check_equal(files.streams("f"), {"::$DATA": 8, ":Zone.Identifier:$DATA": 14}, "streams")
    files.make("d", directory=True)
    files.write("d:s", b"of a directory")
    check_equal(files.streams("d"), {":s:$DATA": 14}, "streams of a directory")
    files = Files(server, "typeless")
    files.write("f:s", b"x")
    check_equal(os.getxattr(server.data("typeless", "f"), "user.Own.s"), b"x\0", "attribute by the options")


@test("streams: create and open, wrong names, deletion, a share without them")
def opens(case):
    server = case.start(None, dict(SHARES))
    files = Files(server, "share")
    files.make("g")
    check_equal(files.status("g:s"), "STATUS_OBJECT_NAME_NOT_FOUND", "nothing there")
    check_equal(files.status("f:s", disposition=CREATE), "OK", "a stream of a new file")
    check_equal(files.status("f:S", disposition=CREATE), "STATUS_OBJECT_NAME_COLLISION", "the same stream")
    check_equal(files.status("f:t"), "STATUS_OBJECT_NAME_NOT_FOUND", "another stream")
    for wrong in ("f:", "f::", "f:a:b:c"):
        check_equal(files.status(wrong), "STATUS_OBJECT_NAME_INVALID", wrong)
    check_equal(files.status("f:s", options=DIRECTORY), "STATUS_NOT_A_DIRECTORY", "a stream as a directory")
    files.done(files.open("f:s", options=DELETE_ON_CLOSE))
    check_equal(files.status("f:s"), "STATUS_OBJECT_NAME_NOT_FOUND", "deleted")
    check_equal(files.status("f"), "OK", "its file")
    check_equal(Files(server, "none").status("f:s", disposition=CREATE), "STATUS_OBJECT_NAME_INVALID", "on a share without streams")


def swap(case, first, second):
    one = case.start(None, dict(SHARES), kind=first)
    files = Files(one, "share")
    files.make("d", directory=True)
    wanted = {"f:one": b"1" * 10, "f:Two.x": b"2" * 2000, "d:in dir": b"3", "f:empty": b""}
    for name, data in wanted.items():
        files.write(name, data)
    one.stop()
    two = case.prepare(None, dict(SHARES), kind=second)
    shutil.rmtree(two.data("share"))
    os.rename(one.data("share"), two.data("share"))
    two.start()
    files = Files(two, "share")
    for name, data in wanted.items():
        check_equal(files.read(name), data, name)
    check_equal(files.streams("f"), {"::$DATA": 0, ":one:$DATA": 10, ":Two.x:$DATA": 2000, ":empty:$DATA": 0}, "streams")


@test("streams written by this server are smbd's after a swap, and the other way round", servers=("bossad",))
def swapped(case):
    swap(case, "bossad", "smbd")
    swap(case, "smbd", "bossad")


@test("a stream that is renamed while it is open keeps its share modes and locks, and whoever else has it open follows", servers=("bossad",))
def renamed(case):
    server = case.start({}, {"share": {"vfs objects": "streams_xattr"}})
    case.put_on_disk(server, "share", "f")
    with Locker(server) as one, Locker(server) as two:
        first = one.create("f:old", share=4, access=0x13019F)[2]
        third = two.create("f:old", share=7, access=0x100080, disposition=1)[2]  # for attributes alone
        check_equal(one.write(first, b"content"), "0x0", "write")
        name = ":new".encode("utf-16le")
        rename = struct.pack("<B7xQI", 0, 0, len(name)) + name
        status = one.wait(one.send(17, struct.pack("<HBBIHHI", 33, 1, 10, len(rename), 96, 0, 0) + first + rename))[0]
        check_equal(hex(status), "0x0", "rename")
        check_equal(hex(two.create("f:new", disposition=1, access=0x120089)[0]), hex(0xC0000043), "its share mode under the new name")
        status, _, other, _ = two.create("f:old", disposition=2, share=0, access=0x13019F)
        check_equal(hex(status), "0x0", "another stream of the old name")
        check_equal(two.write(other, b"else"), "0x0", "write to the other stream")
        check_equal(one.write(first, b"CON"), "0x0", "write under the new name")
        facts = two.wait(two.send(16, struct.pack("<HBBIHHIII16s", 41, 1, 5, 1024, 0, 0, 0, 0, 0, third)))  # FileStandardInformation
        check_equal((hex(facts[0]), struct.unpack_from("<Q", facts[1], 64 + 8 + 8)[0]), ("0x0", 7), "size through the open that was there before")
        check_equal(one.close(first), 0, "close")
        check_equal(two.close(third), 0, "close")
        check_equal(two.close(other), 0, "close")
        reader = two.create("f:new", disposition=1, access=0x120089)[2]
        body = struct.pack("<HBBIQ16sIIIHHB", 49, 0x50, 0, 100, 0, reader, 0, 0, 0, 0, 0, 0)
        check_equal(two.wait(two.send(8, body))[1][80:87], b"CONtent", "content")


@test("a stream larger than an attribute is kept, out of everybody's sight", servers=("bossad",))
def large(case):
    server = case.start(None, dict(SHARES))
    files = Files(server, "share")
    data = os.urandom(300000)
    for at in range(0, len(data), 50000):
        files.write("f:big", data[at:at + 50000], offset=at)
    check(files.read("f:big") == data, "the stream differs")
    check_equal(files.streams("f")[":big:$DATA"], len(data), "size")
    folder = server.data("share", ".bossa-streams")
    check_equal(os.stat(folder).st_mode & 0o777, 0o700, "mode of the folder")
    check_equal(files.status(".bossa-streams"), "STATUS_OBJECT_NAME_NOT_FOUND", "the folder")
    check(".bossa-streams" not in case.smbclient(server, "share", "ls").must().text, "the folder is listed")
    files.done(files.open("f", options=DELETE_ON_CLOSE))
    check_equal(os.listdir(folder), [], "left behind")
