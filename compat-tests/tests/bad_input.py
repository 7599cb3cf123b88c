"""Frames no client should send: an NTSTATUS or a dropped connection, and the server serves on."""
import os
import struct

from harness import check, test
from smb_raw import Login, Raw, frame, header, negotiate, negotiate_body, status_of

INVALID = 0xC000000D
DROPPED = None  # how status_of shows a closed connection
SESSION_DELETED = 0xC0000203


def still_serves(case, server):
    check(server.alive(), "the server has ended")
    case.smbclient(server, "share", "ls").must()


def before_logon(name, data, allowed=(INVALID, DROPPED), silent=False, first=None):
    """One frame on a fresh connection (after `first`, if given); `silent` allows no answer at all."""
    @test("before logon: " + name)
    def probe(case):
        server = case.standard()
        with Raw(server) as raw:
            if first:
                check(status_of(raw.ask(first)) == 0, "the good NEGOTIATE failed")
            answer = raw.ask(data, timeout=1 if silent else 5)
            if answer is None:
                check(silent, "neither an answer nor a closed connection")
            else:
                status = status_of(answer)
                check(status in allowed, "answered with", status and hex(status))
        still_serves(case, server)


NEGOTIATED = negotiate()


def setup_body(structure_size=25, offset=88, length=10, blob=b"\x60\x08\x06\x06+\x06\x01\x05\x05\x02"):
    return struct.pack("<HBBIIHHQ", structure_size, 0, 1, 0, 0, offset, length, 0) + blob


before_logon("a frame of length 0", frame(b""), silent=True)
before_logon("four bytes of garbage as a message", frame(b"ABCD"))
before_logon("random bytes as a message", frame(bytes(range(256))))
before_logon("random bytes without a frame", bytes(range(255, 0, -1)) * 4, silent=True)
before_logon("a frame that announces 16 MiB and never sends them", b"\x00\xff\xff\xff" + b"\xfeSMB" + b"\0" * 60, silent=True)
before_logon("a header cut after 10 bytes", frame(header(0)[:10]))
before_logon("a header cut after 63 bytes", frame(header(0)[:63]))
before_logon("a header of wrong StructureSize", frame(header(0, structure_size=63) + negotiate_body()))
before_logon("NEGOTIATE without a body", frame(header(0)))
before_logon("NEGOTIATE of wrong StructureSize", negotiate(structure_size=35))
before_logon("NEGOTIATE that announces 65,535 dialects", negotiate(count=65535))
before_logon("NEGOTIATE with no dialect", negotiate(dialects=()))
before_logon("NEGOTIATE with unknown dialects only", negotiate(dialects=(0x0777, 0x1234)), allowed=(0xC00000BB, INVALID, DROPPED))
before_logon("NEGOTIATE 3.1.1 with contexts beyond the end",
             negotiate(dialects=(0x0311,), context_offset=0xFFFFFFF0, context_count=3))
before_logon("NEGOTIATE 3.1.1 with 65,535 contexts announced",
             negotiate(dialects=(0x0311,), contexts=b"\0" * 6 + struct.pack("<HHI", 1, 38, 0) + b"\0" * 38, context_offset=112,
                       context_count=65535))
before_logon("NEGOTIATE 3.1.1 with a context length that wraps",
             negotiate(dialects=(0x0311,), contexts=b"\0" * 6 + struct.pack("<HHI", 1, 0xFFFF, 0) + b"\0" * 38, context_offset=112,
                       context_count=1))
before_logon("NEGOTIATE 3.1.1 without contexts", negotiate(dialects=(0x0311,)))
before_logon("a second NEGOTIATE", frame(header(0, message_id=1) + negotiate_body()), first=NEGOTIATED)
before_logon("an unknown command", frame(header(0x55, message_id=1) + b"\x04\0\0\0"), first=NEGOTIATED,
             allowed=(INVALID, DROPPED, SESSION_DELETED))
before_logon("TREE_CONNECT without a session", frame(header(3, message_id=1) + struct.pack("<HHHH", 9, 0, 72, 4) + b"\\\0\\\0"),
             first=NEGOTIATED, allowed=(SESSION_DELETED, INVALID, DROPPED, 0xC0000022))
before_logon("READ of a session that does not exist", frame(header(8, message_id=1, session=0x1234) + b"\0" * 49), first=NEGOTIATED,
             allowed=(SESSION_DELETED, INVALID, DROPPED))
before_logon("SESSION_SETUP of wrong StructureSize", frame(header(1, message_id=1) + setup_body(structure_size=24)), first=NEGOTIATED)
before_logon("SESSION_SETUP whose blob lies beyond the message", frame(header(1, message_id=1) + setup_body(offset=60000)),
             first=NEGOTIATED, allowed=(INVALID, DROPPED, 0xC000006D))
before_logon("SESSION_SETUP whose blob offset points into the header", frame(header(1, message_id=1) + setup_body(offset=4)),
             first=NEGOTIATED, allowed=(INVALID, DROPPED, 0xC000006D))
before_logon("SESSION_SETUP whose blob is longer than the message", frame(header(1, message_id=1) + setup_body(length=65535)),
             first=NEGOTIATED, allowed=(INVALID, DROPPED, 0xC000006D))
before_logon("SESSION_SETUP with rubbish for SPNEGO", frame(header(1, message_id=1) + setup_body(length=200, blob=b"\xa5" * 200)),
             first=NEGOTIATED, allowed=(INVALID, DROPPED, 0xC000006D, 0xC00000BB))
before_logon("SESSION_SETUP with NTLMSSP of type 9", frame(header(1, message_id=1) + setup_body(
    length=32, blob=b"NTLMSSP\0" + struct.pack("<I", 9) + b"\0" * 20)), first=NEGOTIATED, allowed=(INVALID, DROPPED, 0xC000006D))
before_logon("SESSION_SETUP with an NTLM AUTHENTICATE first, its fields beyond the end", frame(header(1, message_id=1) + setup_body(
    length=64, blob=b"NTLMSSP\0" + struct.pack("<I", 3) + struct.pack("<HHI", 0xFFFF, 0xFFFF, 0xFFFFFFF0) * 6 + b"\0\0\0\0")),
             first=NEGOTIATED, allowed=(INVALID, DROPPED, 0xC000006D))
before_logon("NextCommand beyond the message", frame(header(1, message_id=1, next_command=0x7FFFFFF8) + setup_body()), first=NEGOTIATED)
before_logon("NextCommand that is not 8-aligned", frame(header(1, message_id=1, next_command=101) + setup_body() + b"\0" * 200),
             first=NEGOTIATED)
before_logon("an encrypted message without a session",
             frame(b"\xfdSMB" + b"\x01" * 16 + b"\x02" * 16 + struct.pack("<IHHQ", 64, 0, 1, 99) + b"\x03" * 64), first=NEGOTIATED,
             silent=False)
before_logon("an encrypted message of 20 bytes", frame(b"\xfdSMB" + b"\x01" * 16), first=NEGOTIATED)
before_logon("a compressed message", frame(b"\xfcSMB" + struct.pack("<IHHI", 0xFFFFFFFF, 1, 0, 0xFFFFFFFF) + b"\0" * 40), first=NEGOTIATED)
before_logon("an SMB1 negotiate with a byte count beyond the end",
             frame(b"\xffSMB\x72" + b"\0" * 27 + b"\0" + struct.pack("<H", 0xFFFF) + b"\x02SMB 2.002\0"), silent=True)
before_logon("an SMB1 negotiate whose strings do not end",
             frame(b"\xffSMB\x72" + b"\0" * 27 + b"\0" + struct.pack("<H", 8) + b"\x02SMB 2.0"), silent=True)
before_logon("an SMB1 session setup", frame(b"\xffSMB\x73" + b"\0" * 60), silent=True)


def after_logon(name, command, body, allowed, tree=True):
    """One request in a signed-on session on a share."""
    @test("after logon: " + name)
    def probe(case):
        server = case.standard()
        with Login(server) as login:
            tree_id = login.tree("share") if tree else 0
            status = login.send_raw(command, body(login) if callable(body) else body, tree=tree_id)
            check(status in allowed, "answered with", status and hex(status))
        still_serves(case, server)


BAD = (INVALID, DROPPED)
CLOSED = (0xC0000128, INVALID, DROPPED)
NO_FILE = b"\x77" * 16
after_logon("READ of wrong StructureSize", 8, struct.pack("<HBBIQ16sIIIHH", 48, 0, 0, 10, 0, NO_FILE, 0, 0, 0, 0, 0) + b"\0", CLOSED)
after_logon("READ cut short", 8, struct.pack("<HBBI", 49, 0, 0, 10), BAD)
after_logon("READ of a file id that was never given", 8,
            struct.pack("<HBBIQ16sIIIHH", 49, 0, 0, 10, 0, NO_FILE, 0, 0, 0, 0, 0) + b"\0", CLOSED)
after_logon("READ beyond the agreed size", 8,
            struct.pack("<HBBIQ16sIIIHH", 49, 0, 0, 0x7FFFFFFF, 0, NO_FILE, 0, 0, 0, 0, 0) + b"\0", CLOSED)
after_logon("WRITE whose data lie beyond the message", 9,
            struct.pack("<HHIQ16sIIHHI", 49, 60000, 4096, 0, NO_FILE, 0, 0, 0, 0, 0) + b"x", CLOSED)
after_logon("WRITE whose data offset points into the header", 9,
            struct.pack("<HHIQ16sIIHHI", 49, 3, 16, 0, NO_FILE, 0, 0, 0, 0, 0) + b"x" * 16, CLOSED)
after_logon("CLOSE of a file id that was never given", 6, struct.pack("<HHI16s", 24, 0, 0, NO_FILE), CLOSED)
after_logon("FLUSH of a file id that was never given", 7, struct.pack("<HHI16s", 24, 0, 0, NO_FILE), CLOSED)
after_logon("LOCK with 65,535 elements announced", 10, struct.pack("<HHI16s", 48, 65535, 0, NO_FILE) + b"\0" * 24, CLOSED)
after_logon("QUERY_DIRECTORY of an unknown class", 14,
            struct.pack("<HBBI16sHHI", 33, 0xEE, 0, 0, NO_FILE, 96, 2, 65536) + b"*\0", CLOSED + (0xC0000003,))
after_logon("QUERY_INFO of an unknown type", 16, struct.pack("<HBBIHHIII16s", 41, 0x77, 0x77, 1024, 0, 0, 0, 0, 0, NO_FILE) + b"\0",
            CLOSED + (0xC00000BB, 0xC0000003))
after_logon("SET_INFO whose buffer lies beyond the message", 17,
            struct.pack("<HBBIHHI16s", 33, 1, 4, 40, 60000, 0, 0, NO_FILE) + b"\0", CLOSED)
after_logon("IOCTL of an unknown code", 11,
            struct.pack("<HHI16sIIIIIIII", 57, 0, 0x00DEAD00, b"\xff" * 16, 0, 0, 0, 0, 0, 1024, 1, 0) + b"\0",
            CLOSED + (0xC00000BB, 0xC0000010, 0xC0000024))
after_logon("IOCTL whose input lies beyond the message", 11,
            struct.pack("<HHI16sIIIIIIII", 57, 0, 0x0011C017, b"\xff" * 16, 60000, 0x7FFFFFFF, 0, 0, 0, 1024, 1, 0) + b"\0",
            CLOSED + (0xC00000BB, 0xC0000010))
after_logon("CHANGE_NOTIFY of a file id that was never given", 15, struct.pack("<HHI16sII", 32, 0, 1024, NO_FILE, 1, 0),
            CLOSED)
after_logon("an unknown command", 0x44, b"\x04\0\0\0", BAD)
after_logon("TREE_CONNECT whose path lies beyond the message", 3, struct.pack("<HHHH", 9, 0, 60000, 100) + b"\\\0", BAD + (0xC00000CC,),
            tree=False)
after_logon("TREE_CONNECT with an odd path length", 3, struct.pack("<HHHH", 9, 0, 72, 7) + b"\\\0\\\0a\0b\0", BAD + (0xC00000CC, 0xC0000161),
            tree=False)


def create(access=0x12019F, disposition=3, options=0x40, share=7, name=b"f\0", offset=120, length=None, contexts=(0, 0), tail=b"",
           size=57, impersonation=2):
    return struct.pack("<HBBIQQIIIIIHHII", size, 0, 0, impersonation, 0, 0, access, 0x80, share, disposition, options, offset,
                       len(name) if length is None else length, contexts[0], contexts[1]) + name + tail


after_logon("CREATE of wrong StructureSize", 5, create(size=56), BAD)
after_logon("CREATE with an odd name length", 5, create(name=b"f\0g", length=3), BAD + (0xC0000033, 0xC0000161))
after_logon("CREATE whose name lies beyond the message", 5, create(offset=60000, length=20), BAD)
after_logon("CREATE with an unknown disposition", 5, create(disposition=9), BAD)
after_logon("CREATE with both directory and non-directory", 5, create(options=0x41), BAD)
after_logon("CREATE of a name with half a surrogate pair", 5, create(name=b"a\0\x00\xd8b\0"), (0, INVALID, DROPPED, 0xC0000033, 0xC0000034,
                                                                                            0xC0000161, 0xC0000162, 0xC000003A))
after_logon("CREATE of a name with NUL", 5, create(name=b"a\0\0\0b\0"), BAD + (0xC0000033, 0xC0000034))
after_logon("CREATE of a name with a star", 5, create(name="a*b".encode("utf-16le")), (0xC0000033,))
after_logon("CREATE of a name of 32,000 characters", 5, create(name=b"n\0" * 32000), BAD + (0xC0000033, 0xC0000034, 0xC0000106, 0xC000003A))
after_logon("CREATE with contexts beyond the message", 5, create(contexts=(60000, 200)), BAD)
after_logon("CREATE with a context whose Next points to itself", 5,
            create(name=b"f\0" * 4, contexts=(128, 24), tail=struct.pack("<IHHHHI", 1, 16, 4, 0, 24, 0) + b"MxAc" + b"\0" * 4), BAD + (0,))
after_logon("CREATE with a context whose name lies beyond it", 5,
            create(name=b"f\0" * 4, contexts=(128, 24), tail=struct.pack("<IHHHHI", 0, 60000, 4, 0, 24, 0) + b"MxAc" + b"\0" * 4), BAD + (0,))


@test("after logon: a message signed with a wrong signature is refused, and the server serves on")
def wrong_signature(case):
    server = case.start({"server signing": "mandatory"})
    with Login(server) as login:
        tree = login.tree("share")
        key = login.smb._Session["SessionKey"]
        login.smb._Session["SessionKey"] = os.urandom(16)
        status = login.send_raw(5, create(), tree=tree, sign=True)
        login.smb._Session["SessionKey"] = key
        check(status in (0xC0000022, None), "answered with", status and hex(status))
    check(not os.path.exists(server.data("share", "f")), "the file of the forged request was made")
    still_serves(case, server)


@test("a hundred connections that say nothing do not keep others out")
def silent_connections(case):
    server = case.standard()
    idle = [Raw(server) for _ in range(100)]
    still_serves(case, server)
    for raw in idle:
        raw.socket.close()
    still_serves(case, server)


@test("a client that vanishes in the middle of a write leaves the server serving")
def vanishing(case):
    server = case.standard()
    for size in (3, 50, 100, 200):
        with Raw(server) as raw:
            raw.ask(NEGOTIATED)
            raw.send(frame(header(1, message_id=1) + setup_body() + b"\0" * 300)[:size])
    still_serves(case, server)
