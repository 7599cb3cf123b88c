"""Change notification: what local programs do is told to clients that watch."""
import os
import struct
import threading
import time

from impacket import smb3structs

from caching import Client
from harness import check, check_equal, test
from smb_raw import Login

ALL = 0xFFF
ENUM_DIR = 0x10C
ACTIONS = {1: "added", 2: "removed", 3: "modified", 4: "from", 5: "to"}


class Watch:
    """A directory handle of its own connection on which one CHANGE_NOTIFY after the other is sent."""

    def __init__(self, server, share, path="", recursive=False, size=65536, filter_=ALL):
        self.login = Login(server)
        self.tree = self.login.tree(share)
        self.recursive, self.size, self.filter = recursive, size, filter_
        self.handle = self.login.connection.openFile(self.tree, path, desiredAccess=0x100081, creationOption=1, fileAttributes=0x10)

    def ask(self):
        body = smb3structs.SMB2ChangeNotify()
        body["Flags"] = 1 if self.recursive else 0
        body["OutputBufferLength"] = self.size
        body["FileID"] = self.handle
        body["CompletionFilter"] = self.filter
        packet = self.login.smb.SMB_PACKET()
        packet["Command"] = smb3structs.SMB2_CHANGE_NOTIFY
        packet["TreeID"] = self.tree
        packet["Data"] = body
        message = self.login.smb.sendSMB(packet)
        self.login.smb.echo()  # requests begin in order: once this is answered, the directory is watched
        return message

    def answer(self, message):
        """[(action, name)], or None where the client must list the directory."""
        packet = self.login.smb.recvSMB(message)
        if packet["Status"] == ENUM_DIR:
            return None
        check_equal(packet["Status"], 0, "status of CHANGE_NOTIFY")
        offset, length = struct.unpack_from("<HI", packet["Data"], 2)
        data = packet["Data"][offset - 64:offset - 64 + length]
        events, at = [], 0
        while True:
            following, action, size = struct.unpack_from("<III", data, at)
            events.append((ACTIONS.get(action, action), data[at + 12:at + 12 + size].decode("utf-16le")))
            if not following:
                return events
            at += following

    def until(self, wanted, seconds=20):
        """Everything told until `wanted` was among it."""
        told, limit = [], time.monotonic() + seconds
        while wanted not in told:
            check(time.monotonic() < limit, "not told of", wanted, "but of", told)
            told += self.answer(self.ask()) or []
        return told

    def close(self):
        self.login.__exit__()


@test("what a local program does in a watched directory is told, in its order", servers=("bossad",))
def local_changes(case):
    server = case.start()
    watch = Watch(server, "share", filter_=3)
    first = watch.ask()
    root = server.data("share")
    open(root + "/one", "w").close()
    check_equal(watch.answer(first), [("added", "one")], "told")
    os.rename(root + "/one", root + "/two")
    os.mkdir(root + "/folder")
    os.remove(root + "/two")
    open(root + "/end", "w").close()
    check_equal(watch.until(("added", "end")),
                [("from", "one"), ("to", "two"), ("added", "folder"), ("removed", "two"), ("added", "end")], "told")
    watch.close()


@test("the server's own changes are told once", servers=("bossad",))
def own_changes_once(case):
    server = case.start()
    case.local("f", b"x")
    for recursive in (False, True):
        watch = Watch(server, "share", recursive=recursive, filter_=3)
        first = watch.ask()
        case.smbclient(server, "share", "put f new", "rename new newer", "mkdir d", "put f d/inner", "del newer", "put f end").must()
        told = watch.answer(first)
        told += [] if ("added", "end") in told else watch.until(("added", "end"))
        time.sleep(0.3)
        open(server.data("share", "last"), "w").close()
        told += watch.until(("added", "last"))
        want = [("added", "new"), ("from", "new"), ("to", "newer"), ("added", "d"), ("added", "d\\inner"), ("removed", "newer"), ("added", "end"), ("added", "last")]
        check_equal(told, [one for one in want if recursive or "\\" not in one[1]], "told")
        watch.close()
        case.smbclient(server, "share", "del d/inner", "rmdir d", "del end", "del last").must()


@test("changes of named streams are told as such, to those who ask for them", servers=("bossad",))
def streams(case):
    server = case.start({}, {"share": {"vfs objects": "streams_xattr"}})
    case.put_on_disk(server, "share", "file")
    watches = {name: Watch(server, "share", filter_=bits) for name, bits in (("names", 0x200), ("sizes", 0x400), ("writes", 0x800), ("files", 0x1F))}
    asked = {name: watch.ask() for name, watch in watches.items()}
    with Client(server) as client:
        def set_info(file_id, info_class, data):
            return client.wait(client.send(17, struct.pack("<HBBIHHI", 33, 1, info_class, len(data), 96, 0, 0) + file_id + data))[0]

        def expect(what, status, **wanted):
            check_equal(hex(status), "0x0", what)
            check_equal(hex(client.close(client.create("mark", disposition=5)[2])), "0x0", "mark")
            for name, events in wanted.items():
                told = watches[name].answer(asked[name])
                asked[name] = watches[name].ask()
                check_equal(told, events, what + ", told to who watches " + name)

        status, _, stream, _ = client.create("file:one", disposition=2, access=0x13019F)
        expect("creation", status, names=[(6, "file:one")])
        body = struct.pack("<HHIQ16sIIHHI", 49, 112, 5, 0, stream, 0, 0, 0, 0, 0) + b"hello"
        expect("write", client.wait(client.send(9, body))[0], sizes=[(8, "file:one")], writes=[(8, "file:one")])
        expect("size", set_info(stream, 20, struct.pack("<Q", 2)), sizes=[(8, "file:one")], writes=[(8, "file:one")])
        name = ":two".encode("utf-16le")
        expect("rename", set_info(stream, 10, struct.pack("<B7xQI", 0, 0, len(name)) + name), names=[(7, "file:one"), (6, "file:two")])
        expect("deletion", set_info(stream, 13, b"\1"))
        expect("close", client.close(stream), names=[(7, "file:two")])
        expect("new file", client.close(client.create("new:one", disposition=2)[2]), names=[(6, "new:one")])
    told = watches["files"].until(("added", "new"))
    check(not [name for _, name in told if ":" in name or name == "file"], "told of streams unasked", told)
    for watch in watches.values():
        watch.close()


@test("a local storm of 50,000 new files in a watched tree is told whole, or the client is told to list it", servers=("bossad",), slow=True)
def storm(case):
    server = case.start()
    root = server.data("share")
    folders = ["a", "a/b", "c"]
    for folder in folders:
        os.makedirs(os.path.join(root, folder))
    watch = Watch(server, "share", recursive=True, filter_=1)
    message = watch.ask()
    wanted = {"%s/f%05d" % (folders[n % 3], n) for n in range(50000)}

    def create():
        for name in sorted(wanted):
            os.close(os.open(os.path.join(root, name), os.O_CREAT | os.O_WRONLY))
        open(os.path.join(root, "end"), "w").close()

    known, lists, told = set(), 0, 0
    thread = threading.Thread(target=create)
    thread.start()
    limit = time.monotonic() + 200
    while not ("end" in known and wanted <= known):
        check(time.monotonic() < limit, "still not told of", len(wanted - known), "files")
        events = watch.answer(message)
        message = watch.ask()  # before the listing: what comes after that is told again
        if events is None:
            lists += 1
            known.update(os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names)
        else:
            told += len(events)
            known.update(name.replace("\\", "/") for _, name in events)
    thread.join()
    print("# %d told one by one, %d listings" % (told, lists))
    watch.close()


@test("a change of a local program is told within 100 ms on a quiet machine", servers=("bossad",), alone=True)
def soon(case):
    server = case.start()
    watch = Watch(server, "share", recursive=True)
    took = []
    for n in range(20):
        message = watch.ask()
        time.sleep(0.02)
        begun = time.monotonic()
        open(server.data("share", "f%d" % n), "w").close()
        watch.answer(message)
        took.append(time.monotonic() - begun)
    check(sorted(took)[10] < 0.1, "median", sorted(took)[10])
    watch.close()


@test("`change notify = no` refuses", servers=("bossad", "smbd"))
def disabled(case):
    server = case.start({"change notify": "no"})
    watch = Watch(server, "share")
    check_equal(watch.login.smb.recvSMB(watch.ask())["Status"], 0xC0000002, "status")
    watch.close()
