"""Every dialect, plain, signed and encrypted, with a 64 MiB file compared by hash and the wire observed."""
import os

from harness import check, check_equal, sha, test
from tap import Tap

DIALECTS = (("SMB2_02", 0x0202), ("SMB2_10", 0x0210), ("SMB3_00", 0x0300), ("SMB3_02", 0x0302), ("SMB3_11", 0x0311))
BULK = ("READ", "WRITE", "CREATE", "CLOSE", "QUERY_INFO", "QUERY_DIRECTORY")


def judge_wire(tap, number, protection):
    check_equal(tap.dialect, number, "negotiated dialect")
    bulk = tap.of(*BULK)
    if protection == "encrypt":
        check(not bulk, "clear messages on an encrypted session:", sorted({m.command for m in bulk}))
        check(sum(m.encrypted for m in tap.messages) > 20, "hardly any encrypted message was seen")
        return
    check(not any(m.encrypted for m in tap.messages), "encrypted messages without being asked to")
    check(len(bulk) > 20, "hardly any message was seen")
    # an interim answer (STATUS_PENDING) is allowed to be unsigned
    unsigned = [m for m in bulk if not m.signed and m.status != 0x103]
    if protection == "sign":
        check(not unsigned, "unsigned messages on a signed session:", sorted({m.command for m in unsigned}))
    else:
        check_equal([m.command for m in bulk if m.signed and m.command in ("READ", "WRITE")], [], "signed messages")


def round_trip(case, number, dialect, protection, mebibytes=64, options=()):
    server = case.standard()
    if mebibytes == 64:
        source, digest = case.state.random_file()
    else:
        source = case.local("random", os.urandom(mebibytes << 20))
        digest = sha(source)
    name = "big-%s-%s-%d" % (dialect, protection, os.getpid() ^ id(case))
    with Tap(server.port) as tap:
        case.smbclient(server, "share", "put %s %s" % (source, name), "ls " + name, "get %s back" % name, dialect=dialect,
                       protection=protection, options=options, port=tap.port, timeout=180).must()
        judge_wire(tap, number, protection)
    check_equal(sha(server.data("share", name)), digest, "hash of the stored file")
    check_equal(sha(os.path.join(case.dir, "back")), digest, "hash of the file that came back")
    case.smbclient(server, "share", "del " + name).must()
    check(not os.path.exists(server.data("share", name)), "the file is still there after del")


def register(dialect, number):
    for protection, word in (("off", "plain"), ("sign", "signed"), ("encrypt", "encrypted")):
        if protection == "encrypt" and number < 0x0300:
            @test("%s cannot encrypt: a client that insists is refused" % dialect)
            def refused(case, dialect=dialect):
                case.smbclient(case.standard(), "share", "ls", dialect=dialect, protection="encrypt").refused()
            continue

        @test("%s %s: 64 MiB go and come back unchanged" % (dialect, word))
        def trip(case, dialect=dialect, number=number, protection=protection):
            round_trip(case, number, dialect, protection)


for _dialect, _number in DIALECTS:
    register(_dialect, _number)

for _cipher in ("AES-128-GCM", "AES-128-CCM", "AES-256-GCM", "AES-256-CCM"):
    @test("SMB3_11 encrypted with %s: 8 MiB go and come back unchanged" % _cipher)
    def cipher_trip(case, cipher=_cipher):
        round_trip(case, 0x0311, "SMB3_11", "encrypt", 8, ["client smb3 encryption algorithms=" + cipher])

for _algorithm in ("AES-128-GMAC", "AES-128-CMAC", "HMAC-SHA256"):
    @test("SMB3_11 signed with %s: 8 MiB go and come back unchanged" % _algorithm)
    def signing_trip(case, algorithm=_algorithm):
        round_trip(case, 0x0311, "SMB3_11", "sign", 8, ["client smb3 signing algorithms=" + algorithm])


def flip_last_byte_of_first(command):
    done = []

    def tamper(message, frame):
        if message.command == command and message.signed and not done:
            done.append(1)
            frame[-1] ^= 1
        return frame
    return tamper


for _dialect, _number in DIALECTS:
    @test("%s signed: a byte changed on the way is noticed" % _dialect)
    def changed_byte(case, dialect=_dialect):
        server = case.standard()
        source = case.local("f", b"x" * 5000)
        name = "tampered-" + dialect
        with Tap(server.port, flip_last_byte_of_first("WRITE")) as tap:
            out = case.smbclient(server, "share", "put %s %s" % (source, name), dialect=dialect, protection="sign",
                                 port=tap.port)
            check(tap.of("WRITE"), "no WRITE was seen")
        out.refused("NT_STATUS_ACCESS_DENIED", "NT_STATUS_CONNECTION_DISCONNECTED", "NT_STATUS_CONNECTION_RESET")
        check(not os.path.exists(server.data("share", name)) or b"x" * 5000 not in open(server.data("share", name), "rb").read(),
              "the changed bytes were stored")
