"""bossa-migrate and bossa-cfg from outside: files, exit statuses, reports, and a running server changed without a restart."""
import json
import os
import re
import shutil
import stat

from harness import check, check_equal, read_text, run, test
from fusion import fusion, watched

SAMBA = """# my server
[global]
\tserver signing = mandatory
\tserver min protocol = SMB3_11
\tserver max protocol = SMB3_11
[archive]
\tpath = /mnt/archive   # kept as it is
\tread only = no
\tvalid users = tester
"""


def scratch(case):
    """Where the program under test puts what it needs for a while."""
    folder = case.dir + ".tmp"
    os.makedirs(folder, exist_ok=True)
    return folder


def migrate(case, *words):
    return run([case.state.program("bossa-migrate")] + list(words), cwd=case.dir, timeout=300, env={"TMPDIR": scratch(case)})


def cfg(case, server, *words, name="bossa-cfg"):
    return run([case.state.program(name), "--directory", server.root + ("/private" if server.conf.endswith("tsmb.conf") else "/pid")] + list(words), cwd=case.dir)


@test("bossa-migrate: there and back, the status tells the grade, the source stays, nothing is written over", servers=("bossad",))
def there_and_back(case):
    source = case.local("smb.conf", SAMBA)
    status, out = migrate(case, "to-fusion", source, "-o", "tsmb.conf", "--report", "r.json", "--report", "r.html", "--report", "r.txt")
    check_equal(status, 3, "status " + out)
    made = read_text(case.dir + "/tsmb.conf")
    check("    dialects = SMB3.1.1\n" in made and "    permissions = tester:full\n" in made, made)
    check_equal(read_text(source), SAMBA, "the source")
    report = json.loads(read_text(case.dir + "/r.json"))
    check(not report["refused"] and any(i["parameter"] == "server signing" and i["line"] == 3 and i["grade"] == "near" for i in report["items"]), report)
    status, out = migrate(case, "to-fusion", source, "-o", "tsmb.conf")
    check(status == 1 and "--force" in out, status, out)
    status, out = migrate(case, "to-fusion", source, "-o", source, "--force")
    check(status == 1 and "--in-place" in out, status, out)
    status, out = migrate(case, "to-samba", "tsmb.conf", "-o", "back.conf", "--quiet")
    check(status in (3, 4), status, out)
    status, out = run(["testparm", "-s", case.dir + "/back.conf"])
    check(status == 0 and "server signing = required" in out and "server min protocol = SMB3" in out, out)
    status, out = migrate(case, "diff", source, "tsmb.conf")
    check("dropped" in out and "permissions" not in out and "dialects" not in out, status, out)
    status, out = migrate(case, "diff", source, source)
    check_equal((status, out), (0, ""), "diff of a file with itself")


@test("bossa-migrate: what would widen access is refused until it is accepted by name; nothing is half written", servers=("bossad",))
def refusal(case):
    source = case.local("smb.conf", "[global]\n[a]\npath = /a\nhosts allow = 10.\n")
    status, out = migrate(case, "to-fusion", source, "-o", "t.conf")
    check(status == 5 and "--accept hosts-allow@a" in out and not os.path.exists(case.dir + "/t.conf"), status, out)
    status, out = migrate(case, "to-fusion", source, "-o", "t.conf", "--accept", "hosts-allow@a")
    check(status == 4 and os.path.exists(case.dir + "/t.conf"), status, out)
    bad = case.local("bad.conf", "[global]\n[/global]\n[share]\nnetname = a\npath = /a\n")
    status, out = migrate(case, "to-samba", bad, "-o", "s.conf")
    check(status == 1 and "bad.conf:3:1:" in out and "add [/share]" in out and not os.path.exists(case.dir + "/s.conf"), status, out)
    os.mkdir(case.dir + "/sub")
    status, out = migrate(case, "to-fusion", case.local("ok.conf", SAMBA), "-o", case.dir + "/nowhere/t.conf")
    check(status == 1, status, out)


@test("bossa-migrate: an access list that Samba keeps outside of the smb.conf (sharesec) is a loss that widens access", servers=("bossad",))
def share_descriptors(case):
    places = "".join("%s = %s\n" % (name, case.dir) for name in ("state directory", "lock directory", "cache directory", "private dir"))
    source = case.local("smb.conf", "[global]\n%s[Docs]\npath = /docs\n[other]\npath = /other\n" % places)
    check_equal(migrate(case, "check", source)[0], 4, "status before")
    for share, access in (("Docs", "READ"), ("other", "FULL")):
        status, out = run(["sharesec", "-s", source, share, "-R", "S-1-1-0:ALLOWED/0x0/" + access])
        check_equal(status, 0, out)
    status, out = migrate(case, "to-fusion", source, "-o", "t.conf")
    check(status == 5 and "--accept sharesec@Docs" in out and "sharesec@other" not in out and not os.path.exists(case.dir + "/t.conf"), status, out)
    check_equal(migrate(case, "to-fusion", source, "-o", "t.conf", "--accept", "sharesec@Docs")[0], 4, "status when it is accepted")


@test("bossa-migrate --in-place: the old file stays as a backup with its mode, the new one takes its place", servers=("bossad",))
def in_place(case):
    source = case.local("conf", SAMBA)
    os.chmod(source, 0o640)
    status, out = migrate(case, "to-fusion", "--in-place", source)
    check_equal(status, 3, out)
    check("[/global]" in read_text(source), read_text(source))
    check_equal(read_text(source + ".bak"), SAMBA, "backup")
    check_equal([stat.S_IMODE(os.stat(p).st_mode) for p in (source, source + ".bak")], [0o640, 0o640], "modes")
    status, out = migrate(case, "to-samba", "--in-place", source)
    check(status in (3, 4) and os.path.exists(source + ".bak.2"), status, out)
    check_equal(sorted(os.listdir(case.dir)), ["conf", "conf.bak", "conf.bak.2"], "files")


@test("bossa-migrate users: accounts go through a 0600 file and log on as before; for Fusion the commands are printed", servers=("bossad",))
def users(case):
    old = "tdbsam:%s/passdb.tdb" % case.state.private
    status, out = migrate(case, "users", "export", "accounts", "--backend", old)
    check_equal(status, 0, out)
    check_equal(stat.S_IMODE(os.stat(case.dir + "/accounts").st_mode), 0o600, "mode")
    status, out = migrate(case, "users", "export", "accounts", "--backend", old)
    check(status == 1 and "exists" in out, status, out)
    status, out = migrate(case, "users", "commands", "--backend", old)
    check("tsmb-passwd -c /etc/tsmb.conf -a 'tester'" in out and "not published" in out, out)
    server = case.prepare(accounts=False)
    for name in os.listdir(case.state.private):
        if not name.startswith("passdb"):
            shutil.copy2(os.path.join(case.state.private, name), server.root + "/private/" + name)
    status, out = migrate(case, "users", "import", "accounts", "--backend", "tdbsam:%s/private/passdb.tdb" % server.root)
    check_equal(status, 0, out)
    server.start()
    case.smbclient(server, "share", "ls").must()


@test("a translated configuration serves as the first one did", servers=("bossad",))
def serves(case):
    shares = {"open": {"read only": "no"}, "read": {"read only": "yes"}, "mine": {"valid users": "tester", "read only": "no"}, "dots": {"hide dot files": "yes"}}
    first = case.start({"server min protocol": "SMB3_00", "map to guest": "bad user"}, shares)
    status, out = migrate(case, "to-fusion", first.conf, "-o", "tsmb.conf", "--quiet")
    check(status in (3, 4), status, out)
    second = case.prepare(shares=dict(shares))
    second.conf = case.dir + "/tsmb.conf"
    text = read_text(second.conf)
    with open(second.conf, "w") as f:
        f.write(text.replace(",%d," % first.port, ",%d," % second.port))
    second.start(extra=["--option=runstate_dir=" + second.root + "/private"])
    local = case.local("f", b"x")
    for share, user, write in (("open", "tester", True), ("read", "tester", False), ("mine", "tester", True), ("mine", "tester2", False), ("open", "nosuch", False)):
        answers = [case.smbclient(s, share, "put %s f" % local, "rm f", user=user, password="x" if user == "nosuch" else "torture-Pw1").nt_status for s in (first, second)]
        check_equal(answers[1], answers[0], "%s in %s" % (user, share))
        check((answers[0] is None) == write, share, user, answers)
    for server in (first, second):
        case.smbclient(server, "open", "ls", dialect="SMB2_10").refused()


@test("bossa-cfg: a share appears encrypted without a restart, follows updates, and is gone after del", servers=("bossad",))
def cfg_share(case):
    server = fusion(case)
    folder = server.root + "/data/added"
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    before = read_text(server.conf)
    pid = server.process.pid
    for name in ("bossa-cfg", "tsmb-cfg"):
        status, out = cfg(case, server, "share", "add", "-n", "MyShare", "-p", folder, "-e", "true", name=name)
        check_equal(status, 0, out)
        out, answers, sealed = watched(case, server, "MyShare", protection="sign")
        out.must()
        check(sealed and not answers, "clear answers in the new share")
        check("|MyShare|" in case.list_shares(server).must().text, "not in the list")
        check_equal(cfg(case, server, "share", "update", "-n", "MyShare", "-e", "false")[0], 0, "status")
        out, answers, sealed = watched(case, server, "MyShare", dialect="SMB3_02", protection="sign")
        out.must()
        check(answers and not sealed, "sealed answers after -e false")
        check_equal(cfg(case, server, "share", "update", "-n", "MyShare", "--encrypt-data", "true")[0], 0, "status")
        check(watched(case, server, "MyShare", protection="sign")[2], "clear after -e true")
        status, out = cfg(case, server, "share", "list")
        check("MyShare\t%s\tencrypt_data=True" % folder in out or "MyShare\t%s\tencrypt_data=true" % folder in out, out)
        check_equal(cfg(case, server, "share", "del", "-n", "MyShare")[0], 0, "status")
        case.smbclient(server, "MyShare", "ls").refused("NT_STATUS_BAD_NETWORK_NAME")
        status, out = cfg(case, server, "share", "del", "-n", "MyShare")
        check(status == 1 and "no share of that name" in out, status, out)
    for value in ("true", "false"):
        check_equal(cfg(case, server, "global", "update", "--require-signing", value)[0], 0, "status")
        out, answers, sealed = watched(case, server, dialect="SMB3_02", protection="off")
        out.must()
        check(answers and all(m.signed == (value == "true") for m in answers), "global update --require-signing", value, [m.signed for m in answers])
    check_equal(read_text(server.conf), before, "the file")
    check_equal(server.process.pid, pid, "process")
    status, out = cfg(case, server, "share", "add", "-n", "x", "-p", folder, "-e", "maybe")
    check(status == 2 and "true nor false" in out, status, out)


@test("bossa-cfg --persist, and bossad --persist: the file holds the change by a minimal edit, Fusion and smb.conf alike", servers=("bossad",))
def cfg_persist(case):
    server = fusion(case, "# a comment that stays\nfuture_key = 1")
    before = read_text(server.conf)
    status, out = cfg(case, server, "--persist", "share", "add", "-n", "MyShare", "-p", server.data("share"), "-e", "true", "-r", "a remark", "-P", "everyone:read, tester:full")
    check_equal(status, 0, out)
    after = read_text(server.conf)
    check(after.startswith(before) and "netname = MyShare" in after and "encrypt_data = true" in after, after)
    check_equal(cfg(case, server, "--persist", "share", "update", "-n", "MyShare", "-e", "false")[0], 0, "status")
    check_equal(read_text(server.conf), after.replace("encrypt_data = true", "encrypt_data = false"), "one value")
    check_equal(cfg(case, server, "--persist", "global", "update", "--require-signing", "true")[0], 0, "status")
    check("require_message_signing = true\n" in read_text(server.conf), read_text(server.conf))
    check_equal(cfg(case, server, "--persist", "share", "del", "-n", "MyShare")[0], 0, "status")
    check_equal(read_text(server.conf).replace("require_message_signing = true\n", ""), before, "the file at the end")
    samba = case.prepare({"server string": "x"})
    with open(samba.conf, "a") as f:
        f.write("\n# the end\n")
    before = read_text(samba.conf)
    samba.start(extra=["--persist"])
    status, out = cfg(case, samba, "share", "add", "-n", "MyShare", "-p", samba.data("share"), "-e", "true", "-P", "everyone:read, tester:full")
    check_equal(status, 0, out)
    after = read_text(samba.conf)
    check(after.startswith(before) and "[MyShare]" in after and "\tserver smb encrypt = desired\n" in after and "\twrite list = tester\n" in after, after)
    out, answers, sealed = watched(case, samba, "MyShare", protection="sign")
    out.must()
    check(sealed and not answers, "clear answers")
    check_equal(cfg(case, samba, "share", "update", "-n", "MyShare", "-e", "false")[0], 0, "status")
    check(not watched(case, samba, "MyShare", dialect="SMB3_02", protection="sign")[2], "sealed after -e false")
    check_equal(cfg(case, samba, "share", "del", "-n", "MyShare")[0], 0, "status")
    check_equal(read_text(samba.conf), before, "the file at the end")
    status, out = cfg(case, samba, "share", "update", "-n", "share", "-P", "everyone:change")
    check(status == 2 and "right to change permissions" in out, status, out)


def dom(case, page, fragment=""):
    """The page as a browser shows it, its scripts run."""
    status, out = run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + case.dir + "/browser", "--virtual-time-budget=3000",
                       "--dump-dom", "file://" + page + fragment], timeout=120)
    check(status == 0 and "</html>" in out, "chromium:", status, out)
    return out


@test("the HTML report in a browser: its rows, grades and links are there, the filter hides and counts, both files stand beside it", servers=("bossad",))
def html_report(case):
    text = SAMBA + "\thosts allow = 10.\n\tforce user = nobody\n[other]\n\tpath = /o\n\tcomment = <script>document.title='broken'</script>\n"
    status, out = migrate(case, "to-fusion", case.local("smb.conf", text), "-o", "t.conf", "--report", "r.html", "--report", "r.json")
    check_equal(status, 5, out)
    items = json.loads(read_text(case.dir + "/r.json"))["items"]
    page = dom(case, case.dir + "/r.html")
    rows = re.findall(r'<tr class="row (\w+)( hide)?" data-grade="(\w+)" data-source="(\d+)" data-target="(\d+)"', page)
    check_equal(len(rows), len(items), "rows")
    check_equal(sorted(r[0] for r in rows), sorted(i["grade"] for i in items), "grades")
    check(not any(r[1] for r in rows) and "%d of %d rows" % (len(rows), len(rows)) in page, "hidden without a filter")
    check("broken</title>" not in page and "--accept hosts-allow@archive" in page, "escaping, or the refusal")
    for row in rows:
        check(row[3] == "0" or 'id="s%s"' % row[3] in page, "no source line", row)
        check(row[4] == "0" or 'id="t%s"' % row[4] in page, "no target line", row)
    lost = [i for i in items if i["grade"] in ("lossy", "none")]
    page = dom(case, case.dir + "/r.html", "#grade=lossy,none")
    check("%d of %d rows" % (len(lost), len(items)) in page, "the filter by grade does not count", re.findall(r"\d+ of \d+ rows", page))
    check_equal(len(re.findall(r'<tr class="row \w+ hide"', page)), len(items) - len(lost), "hidden rows")
    page = dom(case, case.dir + "/r.html", "#find=hosts")
    check("1 of %d rows" % len(items) in page, "the filter by words does not count", re.findall(r"\d+ of \d+ rows", page))
    shot = case.dir + "/r.png"
    status, out = run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + case.dir + "/browser", "--window-size=1400,1000",
                       "--screenshot=" + shot, "file://" + case.dir + "/r.html"], timeout=120)
    check(status == 0 and os.path.getsize(shot) > 20000, "no screenshot:", out)


SHARES = ("pub", "mine", "team", "look")


def verify(case, a, b, *words, users=("tester", "tester2")):
    argv = ["verify", "--from", "127.0.0.2"]
    for option, side in (("--a", a), ("--b", b)):
        argv += [option, side if isinstance(side, str) else "127.0.0.1:%d" % side.port]
    for user in users:
        argv += ["--user", user + "%torture-Pw1"]
    return run([case.state.program("bossa-migrate")] + argv + list(words), cwd=case.dir, timeout=300, env={"TMPDIR": scratch(case)})


def asked_shares(names=SHARES):
    return [word for name in names for word in ("--share", name)]


GLOBAL = {"map to guest": "bad user", "hosts allow": "", "hosts deny": ""}
BASE = {
    "pub": {"read only": "no", "guest ok": "yes"},
    "mine": {"read only": "no", "valid users": "tester"},
    "team": {"read only": "yes", "valid users": "@bossatest", "write list": "tester2"},
    "look": {"read only": "yes", "guest ok": "yes", "hide dot files": "yes"},
}


def in_global(name, *values):
    return [(None, name, value) for value in values]


def in_shares(name, **values):
    return [(share, name, value) for share in SHARES for value in values.get(share, values.get("every", ()))]


# One changed parameter each: the section (None: [global]), its name, its value. None of them means what BASE means to the clients that ask.
CHANGES = (
    in_global("server min protocol", "SMB2_10", "SMB3_00", "SMB3_02", "SMB3_11") + in_global("server max protocol", "SMB2_02", "SMB2_10", "SMB3_00", "SMB3_02") +
    in_global("server signing", "mandatory") + in_global("server smb encrypt", "required", "desired", "off") + in_global("map to guest", "never") +
    in_global("hosts allow", "192.0.2.1", "127.0.0.1", "10. 127.0.0.3") + in_global("hosts deny", "127.0.0.1", "127.0.0.2", "ALL EXCEPT 127.0.0.1") +
    in_shares("server smb encrypt", every=("required", "desired")) + in_shares("available", every=("no",)) + in_shares("browseable", every=("no",)) +
    in_shares("path", every=("@other@",)) + in_shares("veto files", every=("/Name.txt/", "/*.log/")) + in_shares("case sensitive", every=("yes",)) +
    in_shares("hide dot files", every=("no",)) + in_shares("hosts allow", every=("127.0.0.1", "192.0.2.1")) + in_shares("hosts deny", every=("127.0.0.1", "127.0.0.2")) +
    in_shares("read only", pub=("yes",), mine=("yes",), look=("no",)) +
    in_shares("valid users", pub=("tester", "tester2", "@bossatest"), mine=("tester2", "tester tester2", ""), team=("tester", "tester tester2", "")) +
    in_shares("invalid users", pub=("tester", "tester2", "@bossatest", "nobody"), mine=("tester",), team=("tester2",), look=("tester", "tester2", "nobody")) +
    in_shares("read list", pub=("tester",), mine=("tester",)) + in_shares("write list", team=("tester", ""), look=("tester", "tester2", "nobody")) +
    in_shares("guest ok", pub=("no",), look=("no",)) + in_shares("guest only", pub=("yes",), look=("yes",)) + in_shares("admin users", pub=("tester2",), look=("tester",)) +
    in_shares("access based share enum", mine=("yes",), team=("yes",)))


class Pair:
    """smbd on BASE, and a bossad on the same files with one thing changed."""

    def __init__(self, case):
        self.case = case
        self.smbd = case.start(GLOBAL, {name: dict(values) for name, values in BASE.items()}, kind="smbd")
        for name in SHARES:
            for file in ("Name.txt", "some.log", ".dot"):
                case.put_on_disk(self.smbd, name, file, "x")
            os.chmod(self.smbd.data(name), 0o777)
        # as whom somebody acts shows by the modes: in `pub` tester alone may write, in `look` tester2 alone may read the first file
        os.chmod(self.smbd.data("pub"), 0o755)
        case.put_on_disk(self.smbd, "look", ".dot", "x", owner="tester2", mode=0o600)
        os.mkdir(self.smbd.data("pub", "other"))

    def other(self, section=None, name=None, value=None):
        global_, shares = dict(GLOBAL), {share: dict(values, path=self.smbd.data(share)) for share, values in BASE.items()}
        target = shares[section] if section else global_
        if name:
            target[name] = value.replace("@other@", self.smbd.data("pub", "other"))
        return self.case.start(global_, shares, kind="bossad")


def injected(pair, change, shares=SHARES):
    other = pair.other(*change)
    status, out = verify(pair.case, pair.smbd, other, *asked_shares(shares))
    other.stop()
    return status, out


@test("bossa-migrate verify: nothing between equal servers, smbd on one side; one changed parameter is found, of every row that the mapping calls observable", servers=("bossad",))
def verify_finds(case):
    """In a full run each of CHANGES, else one of each parameter, asking for the share alone that it changes; of every third with sanitizers."""
    full = bool(os.environ.get("BOSSA_FULL"))
    status, table = migrate(case, "table")
    observable = {line.split("\t")[0] for line in table.splitlines() if "observable" in line.split("\t")[4]} - {"-"}
    by_parameter = {}
    for change in CHANGES:
        by_parameter.setdefault(change[1], []).append(change)
    check_equal(sorted(observable - set(by_parameter)), [], "observable parameters that no change is about")
    check(len(CHANGES) >= 100, len(CHANGES), "changes")
    changes = CHANGES if full else [some[number % len(some)] for number, (_, some) in enumerate(sorted(by_parameter.items()))]
    changes = changes[::3] if re.search("/[at]san/", case.state.bin_dir + "/") and not full else changes
    pair = Pair(case)
    missed = []
    for number, change in enumerate(changes):
        if number % 20 == 0:
            status, out = injected(pair, ())
            check(status == 0 and " 0 differences" in out, "between equal servers:", status, out)
        status, out = injected(pair, change, SHARES if full else (change[0] or "pub",))
        if status != 1 or " | " not in out:
            missed.append((change, status, out[-300:]))
    check(not missed, len(missed), "of", len(changes), "not found:", missed)


@test("bossa-migrate verify starts a server on each file: nothing between a file and its translation, in either direction; a change is found and reported", servers=("bossad",))
def verify_files(case):
    shares = {"one": {"read only": "no", "guest ok": "yes", "path": "@ROOT@/data/one"}, "two": {"valid users": "tester", "veto files": "/*.log/", "path": "@ROOT@/data/two"}}
    server = case.prepare({"server min protocol": "SMB3_00", "map to guest": "bad user", "server signing": "mandatory"}, shares)
    for share in shares:
        os.makedirs(server.data(share), exist_ok=True)
        for name in ("Name.txt", "some.log"):
            case.put_on_disk(server, share, name, "x")
    users = ["--user", "tester%torture-Pw1", "--user", "tester2%torture-Pw1"]
    status, out = migrate(case, "to-fusion", server.conf, "-o", "tsmb.conf", "--verify", "--report", "r.html", "--report", "r.json", *users)
    check(status in (3, 4) and " 0 differences" in out and "meant: " in out and os.path.exists(case.dir + "/tsmb.conf"), status, out)
    check_equal(json.loads(read_text(case.dir + "/r.json"))["verification"]["questions"] > 200, True, "questions")
    check("What clients get" in read_text(case.dir + "/r.html"), "no such part in the report")
    status, out = migrate(case, "to-samba", "tsmb.conf", "-o", "back.conf", "--quiet")
    check(status in (3, 4), status, out)
    with open(case.dir + "/back.conf") as f:
        back = f.read().replace("[global]\n", "[global]\n\tprivate dir = %s/private\n\tpassdb backend = tdbsam:%s/private/passdb.tdb\n" % (server.root, server.root))
    status, out = verify(case, "tsmb.conf", case.local("back.conf", back))
    check(status == 0 and " 0 differences" in out, status, out)
    start, two = back.split("[two]")
    changed = start + "[two]\n\thosts deny = 127.0.0.2" + two.replace("browseable = yes", "browseable = no")
    status, out = verify(case, "tsmb.conf", case.local("changed.conf", changed), "--report", "v.html", "--report", "v.json")
    found = json.loads(read_text(case.dir + "/v.json"))["differences"]
    check(status == 1 and any(d["question"] == "tester: list of shares" for d in found) and any(d["question"] == "from 127.0.0.2 tester two: connect" for d in found), status, out)
    page = dom(case, case.dir + "/v.html", "#grade=differs")
    differing = [d for d in found if not d["meant"]]
    check("%d of %d rows" % (len(differing), len(found)) in page and len(re.findall(r'<tr class="row \w+"', page)) == len(differing), "rows", re.findall(r"\d+ of \d+ rows", page))
    check_equal(os.listdir(scratch(case)), [], "left behind")
    status, out = verify(case, case.local("bad.conf", "[global]\n[/global]\n[share]\n"), "back.conf")
    check(status == 1 and "bad.conf:3:1:" in out, status, out)
    status, out = verify(case, "127.0.0.1:1", "back.conf")
    check(status == 1 and "no connection to the first server" in out, status, out)


@test("bossa-migrate users: from an smbpasswd file into a passdb.tdb and back; a file that is cut or wrong is refused whole, with its line", servers=("bossad",))
def users_forms(case):
    exported = case.dir + "/accounts"
    check_equal(migrate(case, "users", "export", "accounts", "--backend", "tdbsam:%s/passdb.tdb" % case.state.private)[0], 0, "export")
    text = read_text(exported)
    case.local("smbpasswd", "")
    status, out = migrate(case, "users", "import", "accounts", "--backend", "smbpasswd:%s/smbpasswd" % case.dir)
    check_equal(status, 0, out)
    hashes = re.findall(r"^(\w+)\t\d+\t\w+\t([0-9A-F]{32})", text, re.M)
    check(len(hashes) == 2 and all(re.search("^%s:\\d+:X{32}:%s:" % pair, read_text(case.dir + "/smbpasswd"), re.M) for pair in hashes), read_text(case.dir + "/smbpasswd"))
    status, out = migrate(case, "users", "export", "again", "--backend", "smbpasswd:%s/smbpasswd" % case.dir)
    check_equal((status, re.findall(r"^(\w+)\t\d+\t\w+\t([0-9A-F]{32})", read_text(case.dir + "/again"), re.M)), (0, hashes), "accounts")
    before = read_text(case.dir + "/smbpasswd")
    for broken, says in ((text[:-20], "truncated"), (text.replace("\t", " "), ":2: seven fields"), (text.replace(hashes[1][1], "XYZ"), ":2: the NT hash"), ("", "empty")):
        status, out = migrate(case, "users", "import", case.local("broken", broken), "--backend", "smbpasswd:%s/smbpasswd" % case.dir)
        check(status == 1 and says in out, says, status, out)
        check_equal(read_text(case.dir + "/smbpasswd"), before, "the database after a refusal")


@test("bossa-migrate writes aside, syncs, renames and syncs the folder: a new file, a backup, and what replaces the source", servers=("bossad",))
def synced(case):
    source = case.local("conf", SAMBA)
    for words, want in ((["-o", case.dir + "/made"], ["sync made.new.", "rename to made", "sync FOLDER"]),
                        (["--in-place"], ["sync conf.bak.new.", "rename to conf.bak", "sync FOLDER", "sync conf.new.", "rename to conf", "sync FOLDER"])):
        status, out = run(["strace", "-f", "-e", "trace=openat,fsync,rename,renameat,renameat2", case.state.program("bossa-migrate"), "to-fusion", "--quiet", source] + words, cwd=case.dir)
        calls = re.findall(r'openat\(AT_FDCWD, "([^"]*)"[^)]*\) += (\d+)|fsync\((\d+)\) += 0|rename(?:at2)?\((?:AT_FDCWD, )?"([^"]*)", (?:AT_FDCWD, )?"([^"]*)"(?:, RENAME_NOREPLACE)?\) += 0', out)
        steps, names = [], {}
        for path, number, which, old, new in calls:
            if path:
                names[number] = os.path.basename(path) if path != case.dir else "FOLDER"
            elif which:
                steps.append("sync " + re.sub(r"\d+$", "", names[which]))
            else:
                steps.append("rename to " + os.path.basename(new))
        check_equal(steps, want, "steps")
    check_equal([n for n in os.listdir(case.dir) if ".new." in n], [], "left behind")
