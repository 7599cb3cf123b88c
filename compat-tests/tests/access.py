"""Who may log on, and who may do what in which share."""
import grp
import os
import pwd
import re

from harness import GROUP, PASSWORD, check, check_equal, test


@test("a wrong password, an unknown user and an empty password are refused")
def wrong_password(case):
    server = case.start(shares={"share": {}})  # map to guest = never
    case.smbclient(server, "share", "ls", password="wrong").refused("NT_STATUS_LOGON_FAILURE")
    case.smbclient(server, "share", "ls", user="nobodyknows").refused("NT_STATUS_LOGON_FAILURE")
    case.smbclient(server, "share", "ls", password="").refused("NT_STATUS_LOGON_FAILURE")
    case.smbclient(server, "share", "ls").must()


@test("a user's name is found whatever its case and with any domain in front")
def user_case(case):
    server = case.standard()
    case.smbclient(server, "share", "ls", user="TESTER").must()
    case.smbclient(server, "share", "ls", user="WORKGROUP/Tester").must()
    case.smbclient(server, "share", "ls", user="OTHER/tester").must()


@test("a share that does not exist answers BAD_NETWORK_NAME")
def missing_share(case):
    case.smbclient(case.standard(), "nosuchshare", "ls").refused("NT_STATUS_BAD_NETWORK_NAME")


@test("a share's name is found whatever its case")
def share_case(case):
    case.smbclient(case.standard(), "SHARE", "ls").must()


@test("a share with available = no is not there")
def not_available(case):
    case.smbclient(case.standard(), "off", "ls").refused("NT_STATUS_BAD_NETWORK_NAME")


@test("a share whose path is missing refuses; the others serve")
def missing_path(case):
    server = case.standard()
    case.smbclient(server, "nopath", "ls").refused("NT_STATUS_BAD_NETWORK_NAME", "NT_STATUS_OBJECT_NAME_NOT_FOUND")
    case.smbclient(server, "share", "ls").must()


@test("a read-only share lets read and refuses write, mkdir, delete, rename")
def read_only(case):
    server = case.standard()
    case.put_on_disk(server, "readonly", "there.txt", b"content")
    case.local("f", b"x")
    case.smbclient(server, "readonly", "get there.txt got").must()
    for command in ("put f new", "put f there.txt", "mkdir new", "del there.txt", "rename there.txt other"):
        case.smbclient(server, "readonly", command).refused("NT_STATUS_ACCESS_DENIED", "NT_STATUS_MEDIA_WRITE_PROTECTED")
    check_equal(os.listdir(server.data("readonly")), ["there.txt"], "files on disk")
    check_equal(open(server.data("readonly", "there.txt")).read(), "content", "content")


@test("valid users lets in whom it names, as a user or by group, and nobody else")
def valid_users(case):
    server = case.standard()
    case.smbclient(server, "valid", "ls").must()
    case.smbclient(server, "valid", "ls", user="tester2").refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "validgroup", "ls", user="tester2").must()
    case.smbclient(server, "validgroup", "ls").refused("NT_STATUS_ACCESS_DENIED")


@test("invalid users keeps out whom it names")
def invalid_users(case):
    server = case.standard()
    case.smbclient(server, "invalid", "ls").must()
    case.smbclient(server, "invalid", "ls", user="tester2").refused("NT_STATUS_ACCESS_DENIED")


@test("write list opens a read-only share to those it names, read list closes a writable one")
def write_and_read_list(case):
    server = case.standard()
    case.local("f", b"x")
    case.smbclient(server, "writelist", "put f by-tester").must()
    case.smbclient(server, "writelist", "put f by-tester2", user="tester2").refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "readlist", "put f by-tester").must()
    case.smbclient(server, "readlist", "put f by-tester2", user="tester2").refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "readlist", "get by-tester got", user="tester2").must()


@test("hosts deny and hosts allow decide by the client's address")
def hosts(case):
    server = case.standard()
    case.smbclient(server, "denied", "ls").refused("NT_STATUS_ACCESS_DENIED", "NT_STATUS_NETWORK_ACCESS_DENIED")
    case.smbclient(server, "allowed", "ls").must()


@test("global hosts deny refuses the client before any share")
def hosts_global(case):
    server = case.start({"hosts deny": "127.0.0.1"}, {"share": {}})
    case.smbclient(server, "share", "ls").refused()


@test("force user and force group decide who owns what is made")
def force(case):
    server = case.standard()
    case.local("f", b"x")
    case.smbclient(server, "forced", "put f forced-file", "mkdir forced-dir").must()
    for name in ("forced-file", "forced-dir"):
        check_equal(os.stat(server.data("forced", name)).st_uid, pwd.getpwnam("tester2").pw_uid, "owner of " + name)
    case.smbclient(server, "forcedgroup", "put f forced-group-file").must()
    status = os.stat(server.data("forcedgroup", "forced-group-file"))
    check_equal((status.st_uid, status.st_gid), (pwd.getpwnam("tester").pw_uid, grp.getgrnam(GROUP).gr_gid), "owner and group")


@test("whom force user makes out of a guest keeps the guest's groups, and no one else does")
def forced_guest(case):
    server = case.start({"map to guest": "Bad User"}, {"open": {"guest ok": "yes", "force user": "tester2"}, "only": {"guest ok": "yes", "guest only": "yes", "force user": "tester2"}})
    for share in ("open", "only"):
        os.chown(server.data(share), 0, grp.getgrnam("nogroup").gr_gid)
        os.chmod(server.data(share), 0o770)
    case.local("f", b"x")
    case.smbclient(server, "open", "put f by-guest", user="stranger").must()
    check_equal(os.stat(server.data("open", "by-guest")).st_uid, pwd.getpwnam("tester2").pw_uid, "owner")
    case.smbclient(server, "only", "put f by-guest").must()
    case.smbclient(server, "open", "put f by-user").refused("NT_STATUS_ACCESS_DENIED")


@test("admin users act as root in that share and nowhere else")
def admin(case):
    server = case.standard()
    for share in ("adminshare", "share"):
        path = case.put_on_disk(server, share, "roots-own", b"secret", owner="root", mode=0o600)
        check_equal(os.stat(path).st_uid, 0, "owner")
    case.smbclient(server, "adminshare", "get roots-own got").must()
    case.smbclient(server, "share", "get roots-own got2").refused("NT_STATUS_ACCESS_DENIED")
    case.local("f", b"x")
    case.smbclient(server, "adminshare", "put f made").must()
    check_equal(os.stat(server.data("adminshare", "made")).st_uid, 0, "owner of what an admin user makes")


@test("[homes] serves each user the own home and no other")
def homes(case):
    server = case.standard()
    case.local("f", b"at home")
    case.smbclient(server, "tester", "put f at-home").must()
    check_equal(open(server.data("homes", "tester", "at-home")).read(), "at home", "content on disk")
    case.smbclient(server, "tester", "ls", user="tester2").refused()
    case.smbclient(server, "homes", "get at-home got").must()
    case.list_shares(server).must("Disk|tester|")
    case.list_shares(server, user="tester2").lacks("Disk|tester|")


@test("default service answers to every unknown name but homes, guests with a [homes] of their own included")
def default_service(case):
    for homes in ({}, {"homes": {"path": "@ROOT@/data/homes/%S"}}):
        server = case.start({"default service": "rest", "map to guest": "Bad User"}, dict({"rest": {"guest ok": "yes"}}, **homes))
        case.put_on_disk(server, "rest", "here", b"in the rest")
        for user in ("tester", "stranger"):
            case.smbclient(server, "nowhere", "get here got", user=user).must()
        case.smbclient(server, "homes", "get here got", user="stranger").refused("NT_STATUS_BAD_NETWORK_NAME")
        if not homes:
            case.smbclient(server, "homes", "get here got").refused("NT_STATUS_BAD_NETWORK_NAME")


@test("smbclient -L lists browseable shares with comments and IPC$, without hidden and closed ones")
def list_shares(case):
    out = case.list_shares(case.standard()).must("Disk|share|plain read and write", "Disk|readonly|", "IPC|IPC$|")
    out.lacks("Disk|concealed|", "Disk|off|")
    case.smbclient(case.standard(), "concealed", "ls").must()


@test("guest ok lets a guest in; a share without it refuses the guest")
def guest(case):
    server = case.standard()  # map to guest = bad user
    case.local("f", b"from a guest")
    case.smbclient(server, "guest", "put f by-guest", "get by-guest got", user="stranger", password="any").must()
    check_equal(os.stat(server.data("guest", "by-guest")).st_uid, pwd.getpwnam("nobody").pw_uid, "owner")
    case.smbclient(server, "share", "ls", user="stranger", password="any").refused("NT_STATUS_ACCESS_DENIED")
    case.smbclient(server, "guest", "ls", user="tester", password="wrong").refused("NT_STATUS_LOGON_FAILURE")


@test("guest only makes everybody the guest")
def guest_only(case):
    server = case.start({"map to guest": "Bad User"}, {"g": {"guest ok": "yes", "guest only": "yes"}})
    os.chmod(server.data("g"), 0o777)
    case.local("f", b"x")
    case.smbclient(server, "g", "put f made").must()
    check_equal(os.stat(server.data("g", "made")).st_uid, pwd.getpwnam("nobody").pw_uid, "owner")


@test("an account that smbpasswd disabled or removed cannot log on, and works again when enabled")
def disabled_account(case):
    from harness import run
    server = case.start()
    smbpasswd = ["smbpasswd", "-c", server.conf, "-L", "-s"]
    case.smbclient(server, "share", "ls", user="tester2").must()
    check_equal(run(smbpasswd + ["-d", "tester2"])[0], 0, "smbpasswd -d")
    case.smbclient(server, "share", "ls", user="tester2").refused("NT_STATUS_ACCOUNT_DISABLED")
    check_equal(run(smbpasswd + ["-e", "tester2"])[0], 0, "smbpasswd -e")
    case.smbclient(server, "share", "ls", user="tester2").must()
    check_equal(run(smbpasswd + ["tester2"], stdin="New-pw-9\nNew-pw-9\n")[0], 0, "smbpasswd change")
    case.smbclient(server, "share", "ls", user="tester2").refused("NT_STATUS_LOGON_FAILURE")
    case.smbclient(server, "share", "ls", user="tester2", password="New-pw-9").must()
    check_equal(run(smbpasswd + ["-x", "tester2"])[0], 0, "smbpasswd -x")
    case.smbclient(server, "share", "ls", user="tester2", password="New-pw-9").refused("NT_STATUS_LOGON_FAILURE")


@test("accounts of an smbpasswd file work as those of a tdb")
def smbpasswd_file(case):
    from harness import run
    server = case.prepare({"passdb backend": "smbpasswd:@ROOT@/private/smbpasswd"}, accounts=False)
    status, out = run(["smbpasswd", "-c", server.conf, "-L", "-s", "-a", "tester"], stdin=(PASSWORD + "\n") * 2)
    check_equal(status, 0, out)
    server.start()
    case.smbclient(server, "share", "ls").must()
    case.smbclient(server, "share", "ls", password="wrong").refused("NT_STATUS_LOGON_FAILURE")


@test("bossa-passwd adds, changes, disables, enables, lists and deletes accounts that smbd and pdbedit read", servers=("bossad",))
def bossa_passwd(case):
    from harness import run
    tool = case.state.program("bossa-passwd")
    for backend in ("tdbsam:@ROOT@/private/passdb.tdb", "smbpasswd:@ROOT@/private/smbpasswd"):
        server = case.prepare({"passdb backend": backend}, accounts=False)
        theirs = case.prepare({"passdb backend": backend.replace("@ROOT@", server.root), "private dir": server.root + "/private"},
                              kind="smbd", accounts=False)

        def act(*arguments, stdin=None):
            status, out = run([tool, "-s", server.conf] + (["--stdin"] if stdin else []) + list(arguments), stdin=stdin)
            check_equal(status, 0, " ".join(arguments) + ": " + out + " exit status")
            return out
        act("add", "tester", stdin="First-pw-1\nFirst-pw-1\n")
        server.start()
        theirs.start()
        for one in (server, theirs):
            case.smbclient(one, "share", "ls", password="First-pw-1").must()
        check("tester" in act("list"), "list does not name tester")
        status, out = run(["pdbedit", "-s", server.conf, "-L"])
        check(status == 0 and "tester:" in out, "pdbedit does not list tester:", out)
        act("change", "tester", stdin="Second-pw-2\nSecond-pw-2\n")
        for one in (server, theirs):
            case.smbclient(one, "share", "ls", password="First-pw-1").refused("NT_STATUS_LOGON_FAILURE")
            case.smbclient(one, "share", "ls", password="Second-pw-2").must()
        act("disable", "tester")
        for one in (server, theirs):
            case.smbclient(one, "share", "ls", password="Second-pw-2").refused("NT_STATUS_ACCOUNT_DISABLED")
        act("enable", "tester")
        for one in (server, theirs):
            case.smbclient(one, "share", "ls", password="Second-pw-2").must()
        act("delete", "tester")
        for one in (server, theirs):
            case.smbclient(one, "share", "ls", password="Second-pw-2").refused("NT_STATUS_LOGON_FAILURE")
        server.stop()
        theirs.stop()


@test("an access line that cannot be honoured closes the share, names file and line, and leaves the others served",
      servers=("bossad",))
def dishonoured(case):
    server = case.start(shares={"share": {}, "broken": {"invalid users": "@no-such-group-anywhere"},
                                "badnet": {"hosts deny": "10.0.0.0/99"}})
    case.smbclient(server, "share", "ls").must()
    for share, key in (("broken", "invalid users"), ("badnet", "hosts deny")):
        case.smbclient(server, share, "ls").refused()
        line = [n for n, text in enumerate(open(server.conf), 1) if key in text][0]
        check(re.search(r"smb\.conf:%d\b" % line, server.messages()), "no message with smb.conf:%d:" % line, server.messages()[-600:])


@test("admin users, valid users, read and write list ask about the user who logged on, also where guest only makes him the guest")
def lists_under_guest_only(case):
    """As smbd has it: `guest only` changes whose files they are, not who is asked about. A guest is asked about as the guest account."""
    rules = {"adminuser": ("admin users", "tester", "root"), "adminguest": ("admin users", "nobody", "nobody"), "validuser": ("valid users", "tester", "nobody"),
             "validguest": ("valid users", "nobody", None), "readuser": ("read list", "tester", None), "readguest": ("read list", "nobody", "nobody")}
    shares = {name: {"guest only": "yes", "guest ok": "yes", parameter: value} for name, (parameter, value, _) in rules.items()}
    server = case.start({"map to guest": "Bad User"}, shares)
    case.local("f", b"x")
    for name, (_, _, owner) in rules.items():
        os.chmod(server.data(name), 0o777)
        out = case.smbclient(server, name, "put f made")
        if owner is None:
            out.refused("NT_STATUS_ACCESS_DENIED")
        else:
            out.must()
            check_equal(pwd.getpwuid(os.stat(server.data(name, "made")).st_uid).pw_name, owner, "owner in " + name)
    os.unlink(server.data("adminguest", "made"))
    case.smbclient(server, "adminguest", "put f made", user="stranger").must()
    check_equal(os.stat(server.data("adminguest", "made")).st_uid, 0, "owner of what a guest makes where the guest account is an admin user")
