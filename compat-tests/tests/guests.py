"""Guest and anonymous sessions: the server under test beside Debian's smbd, answer by answer and flag by flag."""
import os

from harness import Failed, check, test
from tap import Tap

CLIENTS = (
    ("anonymous", dict(anonymous=True)),
    ("unknown user", dict(user="stranger", password="x")),
    ("known user, wrong password", dict(user="tester", password="wrong")),
    ("known user", dict(user="tester")),
    ("unknown user that wants signing", dict(user="stranger", password="x", protection="sign")),
    ("unknown user that wants encryption", dict(user="stranger", password="x", protection="encrypt")),
    ("unknown user at 2.1", dict(user="stranger", password="x", dialect="SMB2_10")),
    ("anonymous at 3.0", dict(anonymous=True, dialect="SMB3_00")),
    ("anonymous that wants signing", dict(anonymous=True, protection="sign")),
)
SHARES = {"open": {"guest ok": "yes"}, "only": {"guest ok": "yes", "guest only": "yes"}, "closed": {},
          "named": {"guest ok": "yes", "valid users": "tester"}, "secret": {"guest ok": "yes", "smb encrypt": "required"}}


def transcript(case, server):
    lines = []
    for title, client in CLIENTS:
        for share in SHARES:
            with Tap(server.port) as tap:
                out = case.smbclient(server, share, "ls no-such-name", port=tap.port, **client)
                # smbclient asks for DFS referrals (IOCTL, on a tree of its own) only where the server announces DFS
                signed = sorted({m.command for m in tap.messages if m.signed and not m.to_server and m.status != 0x103} -
                                {"IOCTL", "TREE_DISCONNECT"})
                sealed = any(m.encrypted for m in tap.messages)
            verdict = "in" if out.nt_status == "NT_STATUS_NO_SUCH_FILE" else out.nt_status or "failed"
            lines.append("%s on [%s]: %s, answers signed: %s, encrypted: %s" % (title, share, verdict, " ".join(signed) or "none", sealed))
    for title, arguments in (("anonymous", dict(anonymous=True)), ("unknown user", dict(user="stranger", password="x"))):
        out = case.list_shares(server, **arguments)
        names = sorted(x.split("|")[1] for x in out.text.splitlines() if x.count("|") == 2)
        lines.append("list as %s: %s" % (title, names or out.nt_status))
    return lines


for _title, _settings in (
        ("map to guest = never", {"map to guest": "Never"}),
        ("map to guest = bad user", {"map to guest": "Bad User"}),
        ("map to guest = bad password", {"map to guest": "Bad Password"}),
        ("map to guest = bad user, server signing = mandatory", {"map to guest": "Bad User", "server signing": "mandatory"}),
        ("map to guest = bad user, smb encrypt = required", {"map to guest": "Bad User", "server smb encrypt": "required"}),
        ("map to guest = bad user, guest account unknown to the system", {"map to guest": "Bad User", "guest account": "nosuchaccount"}),
        ("map to guest = bad user, restrict anonymous = 2", {"map to guest": "Bad User", "restrict anonymous": "2"})):
    @test("guests, %s: every client fares as with smbd" % _title)
    def differential(case, settings=_settings):
        seen = {}
        for kind in {case.kind, "smbd"}:
            server = case.prepare(settings, dict(SHARES), kind=kind)
            for share in SHARES:
                os.chmod(server.data(share), 0o777)
            server.launch()
            try:
                server.wait_ready()
            except Failed:
                if server.alive():
                    raise
                seen[kind] = ["start: refused"]
                server.stop(judge=False)
                continue
            seen[kind] = transcript(case, server)
            server.stop()
        ours, theirs = seen[case.kind], seen["smbd"]
        different = ["%s | smbd: %s" % (a, b.partition(": ")[2]) for a, b in zip(ours, theirs) if a != b]
        check(len(ours) == len(theirs), "one of them refuses to start: %s | smbd: %s" % (ours[0], theirs[0]))
        check(not different, "%d differences:\n" % len(different) + "\n".join(different))
