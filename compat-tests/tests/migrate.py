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


def migrate(case, *words):
    return run([case.state.program("bossa-migrate")] + list(words), cwd=case.dir)


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


def verify(case, a, b, *words):
    argv = ["verify", "--a", "127.0.0.1:%d" % a.port, "--b", "127.0.0.1:%d" % b.port, "--user", "tester%torture-Pw1", "--user", "tester2%torture-Pw1"]
    for share in ("one", "two"):
        argv += ["--share", share]
    return run([case.state.program("bossa-migrate")] + argv + list(words), timeout=300)


ONE, TWO = {"read only": "no", "guest ok": "yes"}, {"valid users": "tester", "read only": "no"}
# One changed parameter each: in [global], or in a share.
CHANGES = (
    [({"server min protocol": low}, {}) for low in ("SMB2_10", "SMB3_00", "SMB3_02", "SMB3_11")] + [({"server max protocol": high}, {}) for high in ("SMB2_02", "SMB2_10", "SMB3_00", "SMB3_02")] +
    [({"server signing": "mandatory"}, {}), ({"server smb encrypt": "required"}, {}), ({"server smb encrypt": "desired"}, {}), ({"server smb encrypt": "off"}, {}), ({"map to guest": "never"}, {})] +
    [({}, {share: {name: value}}) for share in ("one", "two") for name, value in (
        ("server smb encrypt", "required"), ("server smb encrypt", "desired"), ("available", "no"), ("valid users", "tester2"), ("invalid users", "tester"), ("read only", "yes"), ("read list", "tester"),
        ("hosts deny", "127.0.0.1"), ("veto files", "/Name.txt/"), ("case sensitive", "yes"))] +
    [({}, {"one": {"guest ok": "no"}}), ({}, {"two": {"valid users": "tester tester2"}}), ({}, {"two": {"valid users": ""}})])


def pair_of(case, first_kind="bossad"):
    def start(kind, global_, shares, folder=None):
        values = {"one": dict(ONE), "two": dict(TWO)}
        for name, change in shares.items():
            values[name].update(change)
        if folder:
            for name in values:
                values[name]["path"] = folder.data(name)
        server = case.start(dict({"map to guest": "bad user"}, **global_), values, kind=kind)
        if not folder:
            for name in values:
                case.put_on_disk(server, name, "Name.txt", "x")
                os.chmod(server.data(name), 0o777)
        return server
    return start, start(first_kind, {}, {})


@test("bossa-migrate verify: nothing between equal servers, smbd on one side; a changed parameter of each kind is found", servers=("bossad",))
def verify_some(case):
    start, smbd = pair_of(case, "smbd")
    equal = start("bossad", {}, {}, smbd)
    status, out = verify(case, smbd, equal)
    check(status == 0, status, out)
    equal.stop()
    for global_, shares in (CHANGES[2], CHANGES[8], CHANGES[12], CHANGES[13], CHANGES[18], CHANGES[20], CHANGES[21], CHANGES[22], CHANGES[-3]):
        other = start("bossad", global_, shares, smbd)
        status, out = verify(case, smbd, other)
        check(status == 1 and " | " in out, "not found:", global_, shares, out)
        other.stop()


@test("bossa-migrate verify: finds every one of the injected differences", servers=("bossad",), slow=True)
def verify_all(case):
    start, smbd = pair_of(case, "smbd")
    missed = []
    for global_, shares in CHANGES:
        other = start("bossad", global_, shares, smbd)
        if verify(case, smbd, other)[0] != 1:
            missed.append((global_, shares))
        other.stop()
    check(not missed, "not found:", missed)
