"""include and config file with macros that differ from client to client: each client gets the configuration meant for it."""
import os

from harness import check, check_equal, test


def with_includes(case, macros, files):
    """files: name of an included file -> the share that it brings."""
    server = case.prepare(shares={"share": {}})
    text = open(server.conf).read()
    lines = "".join("\tinclude = %s/inc-%%%s.conf\n" % (server.root, m) for m in macros)
    with open(server.conf, "w") as f:
        f.write(text.replace("[share]", lines + "[share]", 1))
    for name, share in files.items():
        with open("%s/inc-%s.conf" % (server.root, name), "w") as f:
            f.write("[%s]\n\tpath = %s\n" % (share, server.data("share")))
    return server.start()


@test("include with %I, %i, %m: the client's and the server's address decide")
def by_address(case):
    server = with_includes(case, "I", {"127.0.0.1": "mine", "127.0.0.2": "others"})
    case.smbclient(server, "mine", "ls").must()
    case.smbclient(server, "share", "ls").must()
    case.smbclient(server, "others", "ls").refused("NT_STATUS_BAD_NETWORK_NAME")


@test("include with %U and %G: the user who logged on decides, and another user has another configuration")
def by_user(case):
    server = with_includes(case, "UG", {"tester": "of-tester", "tester2": "of-tester2", "users": "of-users"})
    case.smbclient(server, "of-tester", "ls").must()
    case.smbclient(server, "of-tester2", "ls").refused("NT_STATUS_BAD_NETWORK_NAME")
    case.smbclient(server, "of-users", "ls").must()
    case.smbclient(server, "of-tester2", "ls", user="tester2").must()
    case.smbclient(server, "of-tester", "ls", user="tester2").refused("NT_STATUS_BAD_NETWORK_NAME")


@test("a client's own configuration is read again after a reload, and one that breaks later leaves the old one in force", servers=("bossad",))
def reloaded(case):
    server = with_includes(case, "U", {"tester": "of-tester"})
    case.smbclient(server, "of-tester", "ls").must()
    with open(server.root + "/inc-tester.conf", "w") as f:
        f.write("[renamed]\n\tpath = %s\n" % server.data("share"))
    server.hup()
    case.wait_for(lambda: case.smbclient(server, "renamed", "ls").status == 0, "the new share of that user")
    case.smbclient(server, "of-tester", "ls").refused("NT_STATUS_BAD_NETWORK_NAME")
    with open(server.root + "/inc-tester.conf", "w") as f:
        f.write("[renamed]\n\tread only = perhaps\n")
    server.hup()
    case.wait_for(lambda: case.smbclient(server, "renamed", "ls").status != 0, "the refusal of a client whose configuration is broken")
    check("cannot be taken" in server.messages(), "no line in the log")
    case.smbclient(server, "share", "ls", user="tester2").must()
