"""Fusion configurations: read as they are, and what they say about signing and encryption is what the wire shows."""
import os

from harness import check, check_equal, run, test
from smb_raw import Login
from tap import Tap

SMB2_CREATE = 5
ACCESS_DENIED = 0xC0000022
DIALECTS = (("SMB2_02", 0x0202), ("SMB2_10", 0x0210), ("SMB3_00", 0x0300), ("SMB3_02", 0x0302), ("SMB3_11", 0x0311))
SEEDS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "confparse", "fusion", "testdata")
ANSWERS = ("CREATE", "QUERY_DIRECTORY", "CLOSE", "QUERY_INFO")


def fusion(case, global_="", shares=None, options=(), start=True):
    """A bossad on a Fusion file: `global_` and the values of `shares` are lines of the format."""
    server = case.prepare(shares={name: {} for name in (shares or {"share": ""})}, kind="bossad")
    text = ("[global]\nserver_name = BOSSATEST\nrunstate_dir = %s/private\nlog_level = 4\nlog_destination = file\nlog_params = path=%s/log/log\n"
            "listen = lo,127.0.0.1,IPv4,%d,DIRECT_TCP\n%s\n[/global]\n" % (server.root, server.root, server.port, global_))
    for name, lines in (shares or {"share": ""}).items():
        text += "[share]\nnetname = %s\npath = %s\npermissions = everyone:full\n%s\n[/share]\n" % (name, server.data(name), lines)
        if "permissions" in lines:
            text = text.replace("permissions = everyone:full\n" + lines, lines)
    server.conf = server.root + "/tsmb.conf"
    with open(server.conf, "w") as f:
        f.write(text)
    return server.start(extra=["--option=" + o for o in options]) if start else server


def from_seed(case, name):
    """The snippet itself, with the end point and the share's folder put into it."""
    server = case.prepare(shares={"share": {}, "MyShare": {}}, kind="bossad")
    with open(os.path.join(SEEDS, name)) as f:
        text = f.read()
    text = text.replace("[/global]", "server_name = BOSSATEST\nrunstate_dir = %s/private\nlisten = lo,127.0.0.1,IPv4,%d,DIRECT_TCP\n[/global]\n[share]\n"
                        "netname = share\npath = %s\npermissions = everyone:full\n[/share]" % (server.root, server.port, server.data("share")))
    text = text.replace("path = /export/share", "path = %s\npermissions = everyone:full" % server.data("MyShare"))
    server.conf = server.root + "/tsmb.conf"
    with open(server.conf, "w") as f:
        f.write(text)
    return server.start(extra=["--config-format=fusion"])


def create(login, tree, **keywords):
    return login.send_raw(SMB2_CREATE, login.create_body("f"), tree=tree, **keywords)


def watched(case, server, share="share", **keywords):
    """Runs `ls` through a tap; returns (client's output, clear answers, whether anything was sealed)."""
    with Tap(server.port) as tap:
        out = case.smbclient(server, share, "ls", port=tap.port, **keywords)
        return out, [m for m in tap.of(*ANSWERS) if m.status != 0x103], any(m.encrypted for m in tap.messages)


@test("Fusion, nothing said: the server mirrors the client, signed to signed and clear to clear, sealed to sealed", servers=("bossad",))
def mirrors(case):
    server = fusion(case)
    for protection, signed in (("off", False), ("sign", True)):
        out, answers, sealed = watched(case, server, dialect="SMB3_02", protection=protection)
        out.must()
        check(answers and not sealed and all(m.signed == signed for m in answers), protection, [m.signed for m in answers])
    out, answers, sealed = watched(case, server, protection="encrypt")
    out.must()
    check(sealed and not answers, "clear answers to a client that encrypts")


@test("Fusion, require_message_signing: an unsigned request of a standing session is dropped without an answer, at every dialect", servers=("bossad",))
def signing_drops(case):
    server = from_seed(case, "seed-signing.conf")
    for dialect, number in DIALECTS:
        out, answers, _ = watched(case, server, dialect=dialect, protection="off")
        out.must()
        check(answers and all(m.signed for m in answers), dialect, "unsigned answers")
    for number in (0x0202, 0x0210, 0x0300):
        with Login(server, dialect=number) as login:
            tree = login.tree("share")
            if number >= 0x0300:
                login.leave_encryption()
            login.smb._timeout = 2
            login.connection.setTimeout(2)
            check_equal(create(login, tree, sign=False), None, "answer to an unsigned CREATE at %x" % number)
            check_equal(create(login, tree, sign=True), 0, "a signed CREATE after it, at %x," % number)
    out, answers, sealed = watched(case, server, protection="encrypt")
    out.must()
    check(sealed and not answers, "an encrypting client")
    status, out = run(["nmap", "-n", "-Pn", "-p", str(server.port), "--script", "smb2-security-mode", "--script-args",
                       "smbport=%d" % server.port, "127.0.0.1"], timeout=120)
    check("Message signing enabled and required" in out, out)


@test("Fusion, require_message_signing: guests and null sessions are exempt, and by a switch they are not", servers=("bossad",))
def signing_guests(case):
    lines = "require_message_signing = true\nallow_guest = true"
    shares = {"share": "permissions = everyone:full, guest:read"}
    server = fusion(case, lines, shares)
    os.chmod(server.data("share"), 0o755)
    guest = dict(user="nosuchuser", password="x", protection="off", options=["client min protocol=SMB2_10", "client max protocol=SMB3_02"])
    case.smbclient(server, "share", "ls", **guest).must()
    server = fusion(case, lines, shares, options=["bossa:keyless need not sign=false"])
    case.smbclient(server, "share", "ls", arguments=["-t", "3"], **guest).refused()
    case.smbclient(server, "share", "ls").must()


@test("Fusion, encrypt_data in [global]: clients that can are encrypted whatever they wish, the others are served in clear", servers=("bossad",))
def encrypt_global(case):
    server = from_seed(case, "seed-encrypt.conf")
    for dialect in ("SMB3_00", "SMB3_02", "SMB3_11"):
        out, answers, sealed = watched(case, server, dialect=dialect, protection="sign")
        out.must()
        check(sealed and not answers, dialect, "clear answers", [m.command for m in answers])
    for dialect in ("SMB2_02", "SMB2_10"):
        for protection in ("off", "sign"):
            watched(case, server, dialect=dialect, protection=protection)[0].must()


@test("Fusion, reject_unencrypted_access (3024.10): no session for who cannot encrypt; clear requests refused, encrypted ones served", servers=("bossad",))
def reject(case):
    server = from_seed(case, "seed-reject.conf")
    for dialect in ("SMB2_02", "SMB2_10"):
        case.smbclient(server, "share", "ls", dialect=dialect).refused("NT_STATUS_ACCESS_DENIED")
    for dialect in ("SMB3_00", "SMB3_02", "SMB3_11"):
        for protection in ("off", "sign"):
            case.smbclient(server, "share", "ls", dialect=dialect, protection=protection).refused("NT_STATUS_ACCESS_DENIED")
        out, answers, sealed = watched(case, server, dialect=dialect, protection="encrypt")
        out.must()
        check(sealed and not answers, dialect, "clear answers")
    case.smbclient(server, "share", "ls", anonymous=True).refused("NT_STATUS_ACCESS_DENIED")


@test("Fusion, reject_unencrypted_access in the older reading: counts only where encrypt_data is true", servers=("bossad",))
def reject_older(case):
    option = ["bossa:reject only where encrypted=true"]
    server = fusion(case, "reject_unencrypted_access = true", options=option)
    case.smbclient(server, "share", "ls", dialect="SMB2_10").must()
    case.smbclient(server, "share", "ls", protection="off").must()
    server = fusion(case, "reject_unencrypted_access = true", {"open": "", "sealed": "encrypt_data = true"}, options=option)
    case.smbclient(server, "open", "ls", dialect="SMB2_10").must()
    case.smbclient(server, "sealed", "ls", dialect="SMB2_10").refused("NT_STATUS_ACCESS_DENIED")
    with Login(server, dialect=0x0300) as login:
        for share, want in (("open", 0), ("sealed", ACCESS_DENIED)):
            tree = login.tree(share)
            login.leave_encryption()
            check_equal(create(login, tree, sign=True), want, "a clear CREATE in " + share)


@test("Fusion, a share's encrypt_data = true: that share alone is encrypted with clients that can, clear ones are served", servers=("bossad",))
def encrypt_share(case):
    server = from_seed(case, "seed-share-on.conf")
    out, answers, sealed = watched(case, server, "MyShare", protection="sign")
    out.must()
    check(sealed and not answers, "clear answers in the encrypted share")
    out, answers, sealed = watched(case, server, "share", protection="sign")
    out.must()
    check(answers and not sealed, "the other share is encrypted")
    for protection in ("off", "sign"):
        case.smbclient(server, "MyShare", "ls", dialect="SMB2_10", protection=protection).must()


@test("Fusion, a share's encrypt_data = false switches off the global true", servers=("bossad",))
def encrypt_share_off(case):
    server = from_seed(case, "seed-share-off.conf")
    for protection in ("off", "sign"):
        out, answers, sealed = watched(case, server, "MyShare", dialect="SMB3_02", protection=protection)
        out.must()
        check(answers and not sealed, "sealed answers in a share that is free")
    out, answers, sealed = watched(case, server, "share", protection="sign")
    out.must()
    check(sealed and not answers, "clear answers in a share that follows [global]")
    out, answers, sealed = watched(case, server, "MyShare", protection="encrypt")
    out.must()
    check(sealed and not answers, "an encrypting client is answered in clear")


SEALED = dict.fromkeys(("off", "sign", "encrypt"), "sealed")
MIRRORED = {"off": "clear", "sign": "signed", "encrypt": "sealed"}
SNIPPETS = (
    ("seed-signing.conf", "share", {"off": "signed", "sign": "signed", "encrypt": "sealed"}),
    ("seed-encrypt.conf", "share", SEALED),
    ("seed-reject.conf", "share", {"off": "refused", "sign": "refused", "encrypt": "sealed"}),
    ("seed-share-on.conf", "MyShare", SEALED), ("seed-share-on.conf", "share", MIRRORED),
    ("seed-share-off.conf", "MyShare", MIRRORED), ("seed-share-off.conf", "share", SEALED),
)


@test("Fusion, the five documented snippets: what a clear, a signing and an encrypting client gets from each, at 3.0.2 and 3.1.1", servers=("bossad",))
def snippets(case):
    servers = {name: from_seed(case, name) for name in sorted({snippet[0] for snippet in SNIPPETS})}
    for name, share, wanted in SNIPPETS:
        for dialect in ("SMB3_02", "SMB3_11"):
            for protection, want in wanted.items():
                out, answers, sealed = watched(case, servers[name], share, dialect=dialect, protection=protection)
                if want == "refused":
                    out.refused("NT_STATUS_ACCESS_DENIED")
                    continue
                out.must()
                got = "sealed" if sealed and not answers else "mixed" if sealed or not answers else "signed" if all(m.signed for m in answers) else "mixed" if any(m.signed for m in answers) else "clear"
                check_equal(got, want, "%s, %s, %s, client's protection %s: answers" % (name, share, dialect, protection))


@test("Fusion, dialects: exactly the set is spoken, gaps included", servers=("bossad",))
def dialects(case):
    server = fusion(case, "dialects = SMB2.002 SMB3.0 SMB3.1.1")
    for dialect, number in DIALECTS:
        out = case.smbclient(server, "share", "ls", dialect=dialect)
        if number in (0x0202, 0x0300, 0x0311):
            out.must()
        else:
            out.refused()


@test("Fusion, permissions: everyone, users, groups, no, guests; hidden, files_deny and case", servers=("bossad",))
def permissions(case):
    server = fusion(case, "allow_guest = true", {
        "read": "permissions = everyone:read", "mine": "permissions = tester:full", "not2": "permissions = everyone:full, tester2:no",
        "group": "permissions = @bossatest:change", "open": "permissions = everyone:read, guest:read\nhidden = true", "ghost": "permissions = everyone:full, nosuchname:no",
        "veto": "files_deny = *.secret|Thumbs.db", "folded": "case_insensitive = true"})
    local = case.local("f", b"x")
    put = "put %s f" % local
    case.smbclient(server, "read", "ls").must()
    case.smbclient(server, "read", put).refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "mine", put, "get f g", "rm f").must()
    case.smbclient(server, "mine", "ls", user="tester2").refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "not2", "ls").must()
    case.smbclient(server, "not2", "ls", user="tester2").refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "group", "ls").refused("NT_STATUS_ACCESS_DENIED")
    os.chmod(server.data("group"), 0o777)
    case.smbclient(server, "group", put, "rm f", user="tester2").must()
    os.chmod(server.data("open"), 0o755)
    case.smbclient(server, "open", "ls", user="nosuchuser", password="x").must()
    case.smbclient(server, "read", "ls", user="nosuchuser", password="x").refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "ghost", "ls").refused("NT_STATUS_BAD_NETWORK_NAME")
    check("nosuchname" in server.messages(), "the log does not say why ghost is not served")
    listed = case.list_shares(server).must().text
    check("Disk|read|" in listed and "Disk|open|" not in listed, listed)
    case.put_on_disk(server, "veto", "a.secret")
    case.put_on_disk(server, "veto", "a.txt")
    case.smbclient(server, "veto", "ls").must("a.txt").lacks("a.secret")
    case.put_on_disk(server, "folded", "Name.TXT")
    case.put_on_disk(server, "mine", "Name.TXT")
    case.smbclient(server, "folded", "get name.txt x").must()
    case.smbclient(server, "mine", "get name.txt x").refused("NT_STATUS_OBJECT_NAME_NOT_FOUND")


@test("Fusion: a file that is cut or wrong stops the start with its place and the remedy; at reload the old one stays", servers=("bossad",))
def bad_files(case):
    server = fusion(case, start=False)
    with open(server.conf) as f:
        good = f.read()
    for text, says in ((good[:-4], "'[' without ']'"), (good.replace("[/global]", ""), "add [/global] before it"),
                       (good.replace("everyone:full", "everyone:all"), "write no, read, change or full")):
        with open(server.conf, "w") as f:
            f.write(text)
        status, out = run([server.binary, "-F", "--no-process-group", "--config-format", "fusion", "-s", server.conf], timeout=20, env=server.environment())
        check(status == 1 and says in out and "tsmb.conf:" in out, status, out)
    with open(server.conf, "w") as f:
        f.write(good)
    server.start()
    with open(server.conf, "w") as f:
        f.write(good.replace("everyone:full", "everyone:all"))
    server.hup()
    case.wait_for(lambda: "the old configuration stays in force" in server.messages(), "the refusal in the log")
    case.smbclient(server, "share", "ls").must()
    with open(server.conf, "w") as f:
        f.write(good.replace("everyone:full", "tester2:full"))
    server.hup()
    case.wait_for(lambda: "is in force" in server.messages().split("stays in force")[-1], "the reload")
    case.smbclient(server, "share", "ls").refused("NT_STATUS_ACCESS_DENIED")
