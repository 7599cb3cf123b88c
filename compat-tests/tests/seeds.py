"""The S-Series document (SMB on the archive server), line by line: what it promises must hold here."""
import re

from harness import check, check_equal, run, test
from smb_raw import Login, negotiated
from tap import Tap

CLIENTS = (("SMB2_02", 0x0202), ("SMB2_10", 0x0210), ("SMB3_00", 0x0300), ("SMB3_02", 0x0302), ("SMB3_11", 0x0311))
STEP4 = {"server signing": "mandatory", "server min protocol": "SMB3_11", "server max protocol": "SMB3_11"}


@test("version check: the server's --version prints a version")
def version(case):
    server = case.prepare()
    status, out = run([server.binary, "--version"])
    check(status == 0 and re.match(r"Version \d+\.\d+", out), out)


@test("negotiation: the server answers with the highest dialect that both have")
def highest(case):
    server = case.standard()
    for dialect, number in CLIENTS:
        with Tap(server.port) as tap:
            case.smbclient(server, "share", "ls", options=["client min protocol=SMB2_02", "client max protocol=" + dialect],
                           port=tap.port).must()
            check_equal(tap.dialect, number, "dialect")


@test("dialects: the newest is 3.1.1, and it is what a client that has all is given")
def newest(case):
    server = case.standard()
    with Tap(server.port) as tap:
        case.smbclient(server, "share", "ls", port=tap.port).must()
        check_equal(tap.dialect, 0x0311, "dialect")


@test("signing: every message is signed, and a change on the way is noticed")
def signing(case):
    server = case.start({"server signing": "mandatory"})
    changed = []

    def tamper(message, frame):
        if message.command == "CREATE" and not changed:
            changed.append(1)
            frame[-1] ^= 1
        return frame
    with Tap(server.port, tamper) as tap:
        case.smbclient(server, "share", "mkdir changed", dialect="SMB3_11", port=tap.port).refused()
        check(changed, "nothing was changed")
    with Tap(server.port) as tap:
        case.smbclient(server, "share", "mkdir unchanged", dialect="SMB3_11", port=tap.port).must()
        check(all(m.signed for m in tap.of("CREATE", "CLOSE", "TREE_CONNECT") if m.status != 0x103), "unsigned messages")


@test("protection by dialect: HMAC-SHA256 signs 2.0.2 and 2.1, AES-CMAC 3.0 and 3.0.2, GMAC or CMAC 3.1.1")
def protection_signing(case):
    # a wrong algorithm on either side would end every one of these with a bad signature
    server = case.start({"server signing": "mandatory"})
    for dialect, number in CLIENTS:
        case.smbclient(server, "share", "ls", dialect=dialect, protection="sign").must()
    for algorithm in ("AES-128-GMAC", "AES-128-CMAC", "HMAC-SHA256"):
        case.smbclient(server, "share", "ls", dialect="SMB3_11", protection="sign",
                       options=["client smb3 signing algorithms=" + algorithm]).must()


@test("protection by dialect: 3.0 encrypts with AES-CCM, 3.1.1 with AES-128-GCM and CCM; 2.0.2 and 2.1 cannot")
def protection_encryption(case):
    server = case.standard()
    for dialect in ("SMB3_00", "SMB3_02"):
        case.smbclient(server, "share", "ls", dialect=dialect, protection="encrypt").must()
    for cipher in ("AES-128-GCM", "AES-128-CCM"):
        case.smbclient(server, "share", "ls", dialect="SMB3_11", protection="encrypt",
                       options=["client smb3 encryption algorithms=" + cipher]).must()
    for dialect in ("SMB2_02", "SMB2_10"):
        case.smbclient(server, "share", "ls", dialect=dialect, protection="encrypt").refused()


@test("step 4: with mandatory signing and min = max = SMB3_11 a client at 3.1.1 works, signed")
def step4_works(case):
    server = case.start(STEP4)
    with Tap(server.port) as tap:
        case.smbclient(server, "share", "mkdir made", "ls", dialect="SMB3_11", protection="off", port=tap.port).must("made")
        check_equal(tap.dialect, 0x0311, "dialect")
        requests = [m for m in tap.of("CREATE", "QUERY_DIRECTORY", "CLOSE") if m.status != 0x103]
        check(requests and all(m.signed for m in requests), "unsigned messages")


@test("step 4: a client limited to SMB3_02, or to any older dialect, is refused")
def step4_refuses(case):
    server = case.start(STEP4)
    for dialect, _ in CLIENTS[:-1]:
        case.smbclient(server, "share", "ls", dialect=dialect).refused("NT_STATUS_NOT_SUPPORTED", "NT_STATUS_CONNECTION_RESET",
                                                                       "NT_STATUS_INVALID_NETWORK_RESPONSE")
        case.smbclient(server, "share", "ls", options=["client min protocol=SMB2_02", "client max protocol=" + dialect]).refused()
    case.smbclient(server, "share", "ls").must()


@test("step 4, edited into a running server's smb.conf and reloaded, is in force for new connections")
def step4_reload(case):
    server = case.start()
    case.smbclient(server, "share", "ls", dialect="SMB3_02").must()
    server.write_conf(STEP4)
    server.hup()
    case.wait_for(lambda: case.smbclient(server, "share", "ls", dialect="SMB3_02").status != 0, "the refusal of SMB3_02")
    case.smbclient(server, "share", "ls", dialect="SMB3_11").must()


SIGNING = {"default": False, "auto": False, "mandatory": True, "disabled": False,
           # the document's values in other case, and Samba's other spellings of them
           "Mandatory": True, "AUTO": False, "required": True, "forced": True, "if_required": False, "yes": False, "no": False, "off": False}

for _value, _required in SIGNING.items():
    @test("server signing = %s: what NEGOTIATE announces, who signs, and what becomes of an unsigned request" % _value)
    def signing_value(case, value=_value, required=_required):
        from impacket import smb3structs
        server = case.start({"server signing": value})
        for name, number in CLIENTS:
            check_equal(negotiated(server, (number,)), (0, number, 3 if required else 1), "status, dialect, security mode at " + name)
        for dialect in ("SMB2_10", "SMB3_11"):
            for protection in ("off", "sign"):
                with Tap(server.port) as tap:
                    case.smbclient(server, "share", "ls", dialect=dialect, protection=protection, port=tap.port).must()
                    answers = [m for m in tap.of("QUERY_DIRECTORY") if m.status != 0x103]
                    signed = required or protection == "sign"
                    check(answers and all(m.signed == signed for m in answers), dialect, protection, [m.signed for m in answers])
        for number in (0x0202, 0x0210):
            with Login(server, dialect=number) as login:
                tree = login.tree("share")
                status = login.send_raw(smb3structs.SMB2_CREATE, login.create_body("f%x" % number), tree=tree, sign=False)
                check_equal(status, 0xC0000022 if required else 0, "an unsigned CREATE at %x" % number)

PROTOCOLS = {"SMB2": 0x0210, "SMB2_02": 0x0202, "SMB2_10": 0x0210, "SMB3": 0x0311, "SMB3_00": 0x0300, "SMB3_02": 0x0302, "SMB3_11": 0x0311, "smb3_00": 0x0300}


def dialects_answered(case, settings, low, high):
    """Each dialect alone, and all of them: answered when it lies between, and refused as unsupported otherwise."""
    server = case.start(settings)
    for name, number in CLIENTS:
        status, dialect, _ = negotiated(server, (number,))
        want = (0, number) if low <= number <= high else (0xC00000BB, None)
        check_equal((status, dialect), want, "%s with %s" % (name, settings))
    everything = tuple(number for _, number in CLIENTS)
    check_equal(negotiated(server, everything)[1], high, "the answer to a client that has all, with %s" % settings)
    with Tap(server.port) as tap:
        case.smbclient(server, "share", "ls", port=tap.port).must()
        check_equal(tap.dialect, high, "dialect that smbclient is given")
    server.stop(judge=case.kind == "bossad")


for _value, _number in PROTOCOLS.items():
    @test("server min protocol = %s, server max protocol = %s, and both: exactly the dialects that they allow are answered" % (_value, _value))
    def protocol_value(case, value=_value, number=_number):
        dialects_answered(case, {"server min protocol": value}, number, 0x0311)
        dialects_answered(case, {"server max protocol": value}, 0x0202, number)
        dialects_answered(case, {"server min protocol": value, "server max protocol": value}, number, number)


@test("different values allow every dialect between them")
def different(case):
    server = case.start({"server min protocol": "SMB2_10", "server max protocol": "SMB3_02"})
    for dialect, number in CLIENTS:
        out = case.smbclient(server, "share", "ls", dialect=dialect)
        out.must() if 0x0210 <= number <= 0x0302 else out.refused()


@test("without these lines: signing as the client wishes, SMB2_02 to SMB3_11")
def defaults(case):
    server = case.start()
    for dialect, number in CLIENTS:
        for protection, signed in (("off", False), ("sign", True)):
            with Tap(server.port) as tap:
                case.smbclient(server, "share", "ls", dialect=dialect, protection=protection, port=tap.port).must()
                check_equal(tap.dialect, number, "dialect")
                requests = [m for m in tap.of("QUERY_DIRECTORY") if m.status != 0x103]
                check(requests and all(m.signed == signed for m in requests), dialect, protection)
    case.smbclient(server, "share", "ls", options=["client min protocol=NT1", "client max protocol=NT1"]).refused()
