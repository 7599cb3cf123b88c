"""server signing, smb encrypt, server min/max protocol: what smb.conf says is what the wire shows."""
import re

from harness import check, check_equal, run, test
from smb_raw import negotiated
from tap import Tap

DIALECTS = (("SMB2_02", 0x0202), ("SMB2_10", 0x0210), ("SMB3_00", 0x0300), ("SMB3_02", 0x0302), ("SMB3_11", 0x0311))
SYNONYMS = {"SMB2": "SMB2_10", "SMB3": "SMB3_11"}
RANK = {name: number for name, number in DIALECTS}
RANK.update({name: RANK[real] for name, real in SYNONYMS.items()})
REFUSED = ("NT_STATUS_NOT_SUPPORTED", "NT_STATUS_CONNECTION_RESET", "NT_STATUS_INVALID_NETWORK_RESPONSE",
           "NT_STATUS_CONNECTION_DISCONNECTED", "NT_STATUS_ACCESS_DENIED")


@test("server signing = mandatory: every message after the logon is signed at every dialect, whatever the client wishes")
def mandatory(case):
    server = case.start({"server signing": "mandatory"})
    for dialect, number in DIALECTS:
        with Tap(server.port) as tap:
            case.smbclient(server, "share", "mkdir d%x" % number, "ls", "rmdir d%x" % number, dialect=dialect, protection="off",
                           port=tap.port).must()
            check_equal(tap.dialect, number, "dialect")
            bad = [m.command for m in tap.of("CREATE", "QUERY_DIRECTORY", "CLOSE", "QUERY_INFO", "SET_INFO")
                   if not m.signed and m.status != 0x103]
            check(not bad, dialect, "unsigned:", bad)
            check(tap.of("CREATE"), "no CREATE seen")


@test("server signing = mandatory: an unsigned request in a signed session is refused, and the server serves on")
def mandatory_unsigned(case):
    from impacket import smb3structs
    from smb_raw import Login
    server = case.start({"server signing": "mandatory"})
    with Login(server) as login:
        tree = login.tree("share")
        status = login.send_raw(smb3structs.SMB2_CREATE, login.create_body("f"), tree=tree, sign=False)
        check(status in (0xC0000022, None), "an unsigned CREATE was answered with", status and hex(status))
    case.smbclient(server, "share", "ls").must()


@test("server signing = disabled still signs for a client that demands it on SMB2 and later")
def disabled(case):
    server = case.start({"server signing": "disabled"})
    with Tap(server.port) as tap:
        out = case.smbclient(server, "share", "ls", protection="off", port=tap.port).must()
        check(not [m for m in tap.of("QUERY_DIRECTORY") if m.signed], "signed without need", out.text)


@test("server signing = auto and default: signed only if the client wants it")
def auto(case):
    for value in ("auto", "default"):
        server = case.start({"server signing": value})
        for protection, signed in (("off", False), ("sign", True)):
            with Tap(server.port) as tap:
                case.smbclient(server, "share", "ls", dialect="SMB3_02", protection=protection, port=tap.port).must()
                requests = [m for m in tap.of("QUERY_DIRECTORY") if m.status != 0x103]
                check(requests and all(m.signed == signed for m in requests), value, protection, "signed:",
                      [m.signed for m in requests])


@test("smb encrypt = required in [global] refuses clients that cannot or do not encrypt, and encrypts all")
def encrypt_global(case):
    for name in ("smb encrypt", "server smb encrypt"):
        server = case.start({name: "required"})
        for dialect in ("SMB2_02", "SMB2_10"):
            case.smbclient(server, "share", "ls", dialect=dialect).refused("NT_STATUS_ACCESS_DENIED")
        for dialect in ("SMB3_00", "SMB3_02", "SMB3_11"):
            with Tap(server.port) as tap:
                case.smbclient(server, "share", "ls", dialect=dialect, port=tap.port).must()
                check(not tap.of("QUERY_DIRECTORY", "CREATE", "TREE_CONNECT"), "clear messages:", [m.command for m in tap.messages])
        out = case.smbclient(server, "share", "ls", options=["client smb encrypt=off"], protection="off")
        check(out.status == 0 or out.nt_status == "NT_STATUS_ACCESS_DENIED", out.text)


@test("smb encrypt = required in one share: that share is encrypted, a client that cannot is refused there, others stay open")
def encrypt_share(case):
    server = case.standard()
    with Tap(server.port) as tap:
        case.smbclient(server, "sealed", "ls", dialect="SMB3_11", port=tap.port).must()
        check(not tap.of("QUERY_DIRECTORY", "CREATE"), "clear messages in an encrypted share:", [m.command for m in tap.messages])
    for dialect in ("SMB2_02", "SMB2_10"):
        case.smbclient(server, "sealed", "ls", dialect=dialect).refused("NT_STATUS_ACCESS_DENIED")
        case.smbclient(server, "share", "ls", dialect=dialect).must()


@test("smb encrypt = required in one share: a clear request there is refused although the session may be clear elsewhere")
def encrypt_share_clear(case):
    from impacket import smb3structs
    from smb_raw import Login
    server = case.standard()
    with Login(server, dialect=0x0300) as login:
        for share, want in (("share", (0,)), ("sealed", (0xC0000022, None))):
            tree = login.tree(share)
            login.leave_encryption()
            status = login.send_raw(smb3structs.SMB2_CREATE, login.create_body("f"), tree=tree, sign=True)
            check(status in want, "a clear request in", share, "was answered with", status and hex(status))


@test("smb encrypt = off refuses a client that insists on encryption")
def encrypt_off(case):
    server = case.start({"server smb encrypt": "off"})
    case.smbclient(server, "share", "ls", protection="encrypt").refused()
    with Tap(server.port) as tap:
        case.smbclient(server, "share", "ls", port=tap.port).must()
        check(not any(m.encrypted for m in tap.messages), "encrypted messages")


@test("smb encrypt = desired encrypts with clients that can, and serves those that cannot")
def encrypt_desired(case):
    server = case.start({"server smb encrypt": "desired"})
    with Tap(server.port) as tap:
        case.smbclient(server, "share", "ls", port=tap.port).must()
        check(not tap.of("QUERY_DIRECTORY"), "clear messages with a client that can encrypt")
    case.smbclient(server, "share", "ls", dialect="SMB2_10").must()


def protocols(case, low, high):
    """Starts with min = low, max = high and tries a client of each single dialect."""
    server = case.start({"server min protocol": low, "server max protocol": high})
    for dialect, number in DIALECTS:
        inside = RANK[low] <= number <= RANK[high]
        with Tap(server.port) as tap:
            out = case.smbclient(server, "share", "ls", dialect=dialect, port=tap.port)
            if inside:
                out.must()
                check_equal(tap.dialect, number, "dialect of a client limited to " + dialect)
            else:
                out.refused(*REFUSED)
    server.stop()


for _low, _high in (("SMB2_02", "SMB3"), ("SMB2_02", "SMB2_02"), ("SMB2", "SMB2"), ("SMB2_10", "SMB3_00"), ("SMB3_00", "SMB3_00"),
                    ("SMB3_02", "SMB3_11"), ("SMB3_02", "SMB3_02"), ("SMB3", "SMB3"), ("SMB3_11", "SMB3_11")):
    @test("min %s, max %s: exactly the dialects between are served" % (_low, _high))
    def between(case, low=_low, high=_high):
        protocols(case, low, high)


@test("a client that offers all is given the newest the server allows")
def newest(case):
    for high, number in (("SMB3", 0x0311), ("SMB3_02", 0x0302), ("SMB2", 0x0210), ("SMB2_02", 0x0202)):
        server = case.start({"server max protocol": high})
        with Tap(server.port) as tap:
            case.smbclient(server, "share", "ls", port=tap.port).must()
            check_equal(tap.dialect, number, "dialect with max " + high)
        server.stop()


@test("the algorithm lists decide which dialects can be spoken: without its algorithm one is refused, and no lower one taken")
def algorithm_lists(case):
    bad = 0xC000000D
    for value, want in (("AES-128-GMAC", {0x0202: bad, 0x0210: bad, 0x0300: bad, 0x0302: bad, 0x0311: bad}),
                        ("AES-128-CMAC", {0x0202: bad, 0x0210: bad, 0x0300: 0, 0x0302: 0, 0x0311: 0}),
                        ("HMAC-SHA256", {0x0202: 0, 0x0210: 0, 0x0300: bad, 0x0302: bad, 0x0311: bad})):
        server = case.start({"server smb3 signing algorithms": value})
        for dialect, status in want.items():
            check_equal(negotiated(server, (dialect,))[0], status, "%x with %s" % (dialect, value))
        check_equal(negotiated(server, (0x0202, 0x0210, 0x0300, 0x0302))[0], want[0x0302], "all below 3.1.1 with " + value)
        server.stop(judge=case.kind == "bossad")
    server = case.start({"server smb3 encryption algorithms": "AES-256-GCM"})
    check_equal(negotiated(server, (0x0302,))[0], 0, "3.0.2 of a client that cannot encrypt")
    case.smbclient(server, "share", "ls", dialect="SMB3_02").refused()
    case.smbclient(server, "share", "ls", dialect="SMB3_11", protection="encrypt", options=["client smb3 encryption algorithms=AES-256-GCM"]).must()


@test("min above max is an error at start that names both", servers=("bossad",))
def min_above_max(case):
    server = case.prepare({"server min protocol": "SMB3_11", "server max protocol": "SMB2_10"})
    status, out = run([server.binary, "-F", "--no-process-group", "-s", server.conf], timeout=20, env=server.environment())
    out += server.messages()
    check(status == 1, "exit status", status, out)
    check("server min protocol" in out and "server max protocol" in out, "message:", out)


@test("a client that starts with the SMB1 multi-protocol negotiate is taken up to SMB2 and 3", slow=False)
def multi_protocol(case):
    server = case.standard()
    with Tap(server.port) as tap:
        case.smbclient(server, "share", "ls", options=["client min protocol=NT1", "client max protocol=SMB3_11"], port=tap.port).must()
        check(any(m.smb1 for m in tap.messages), "the client did not start with SMB1")
        check_equal(tap.dialect, 0x0311, "dialect")


@test("a client that knows only SMB1 is refused, and the log says so in plain words", servers=("bossad",))
def smb1_only(case):
    server = case.start()
    case.smbclient(server, "share", "ls", options=["client min protocol=NT1", "client max protocol=NT1"]).refused()
    text = case.wait_for(lambda: [x for x in server.messages().splitlines() if "SMB1" in x], "a log line with SMB1")
    check(any(re.search(r"127\.0\.0\.1", x) for x in text), "the line does not name the client:", text)
    case.smbclient(server, "share", "ls").must()


def nmap(server, script):
    status, out = run(["nmap", "-n", "-Pn", "-p", str(server.port), "--script", script, "--script-args", "smbport=%d" % server.port,
                       "127.0.0.1"], timeout=120)
    check(status == 0, "nmap:", out)
    return out


@test("nmap's smb-protocols shows the dialects that smb.conf allows")
def nmap_protocols(case):
    shown = {"SMB2_02": "202", "SMB2_10": "210", "SMB3_00": "300", "SMB3_02": "302", "SMB3_11": "311"}
    for low, high in (("SMB2_02", "SMB3"), ("SMB3_11", "SMB3_11"), ("SMB2_10", "SMB3_00")):
        server = case.start({"server min protocol": low, "server max protocol": high})
        out = nmap(server, "smb-protocols")
        lines = [x for x in out.splitlines() if x.startswith("|")]
        check(any("dialects" in x for x in lines), "the script found nothing:", out)
        for dialect, number in DIALECTS:
            # newer versions of nmap write 3:1:1 or 2.0.2
            seen = any(re.sub(r"[|_\s:.]", "", x).ljust(3, "0") == shown[dialect] for x in lines)
            check_equal(seen, RANK[low] <= number <= RANK[high], "%s in the list for %s..%s: %s" % (dialect, low, high, lines))
        server.stop()


@test("nmap's smb2-security-mode shows what server signing says")
def nmap_security(case):
    for value, want in (("mandatory", "Message signing enabled and required"), ("auto", "Message signing enabled but not required")):
        server = case.start({"server signing": value})
        out = nmap(server, "smb2-security-mode")
        check(want in out, "expected", want, "in:", out)
        server.stop()


@test("an unsigned TREE_CONNECT in a session at 3.1.1 gets no tree")
def unsigned_tree_connect(case):
    """[MS-SMB2] 3.3.5.2.4: such a request disconnects; smbd answers ACCESS_DENIED."""
    from impacket import smb3structs
    from smb_raw import Login
    server = case.standard()
    with Login(server, dialect=0x0311) as login:
        path = "\\\\127.0.0.1\\share"
        body = smb3structs.SMB2TreeConnect()
        body["Buffer"] = path.encode("utf-16le")
        body["PathLength"] = len(path) * 2
        status = login.send_raw(smb3structs.SMB2_TREE_CONNECT, body, sign=False)
        check(status in (0xC0000022, None), "answered with", status and hex(status))
    case.smbclient(server, "share", "ls").must()
