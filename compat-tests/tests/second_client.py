"""impacket as a second, independent client."""
import io
import os

from impacket.dcerpc.v5 import srvs, transport
from impacket.smbconnection import SMBConnection, SessionError

from harness import PASSWORD, check, check_equal, test

DIALECTS = {"SMB2_02": 0x0202, "SMB2_10": 0x0210, "SMB3_00": 0x0300, "SMB3_11": 0x0311}


def connect(server, dialect, user="tester", password=PASSWORD):
    connection = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=server.port, preferredDialect=dialect, timeout=30)
    if dialect == 0x0311:
        # impacket 0.10 forgets this step of the 3.1.1 preauthentication hash before an NTLM logon
        low = connection._SMBConnection
        low._Session["PreauthIntegrityHashValue"] = low._Connection["PreauthIntegrityHashValue"]
    connection.login(user, password)
    return connection


for _name, _dialect in DIALECTS.items():
    @test("impacket at %s: logon, put, get, list, rename, mkdir, delete" % _name)
    def whole_round(case, name=_name, dialect=_dialect):
        server = case.standard()
        folder = "impacket-" + name
        connection = connect(server, dialect)
        check_equal(connection.getDialect(), dialect, "dialect")
        content = os.urandom((1 << 18 if dialect == 0x0311 else 3 << 20) + 1)  # impacket signs slowly
        connection.createDirectory("share", folder)
        connection.putFile("share", folder + "/a.bin", io.BytesIO(content).read)
        with open(server.data("share", folder, "a.bin"), "rb") as f:
            check(f.read() == content, "content on disk differs")
        got = io.BytesIO()
        connection.getFile("share", folder + "/a.bin", got.write)
        check(got.getvalue() == content, "content that came back differs")
        connection.rename("share", folder + "/a.bin", folder + "/Ünïcode 文.bin")
        listed = {f.get_longname(): f.get_filesize() for f in connection.listPath("share", folder + "/*")}
        check_equal(listed.get("Ünïcode 文.bin"), len(content), "size in the listing %s" % list(listed))
        check("." in listed and ".." in listed, "no . and .. in", list(listed))
        connection.deleteFile("share", folder + "/Ünïcode 文.bin")
        connection.deleteDirectory("share", folder)
        check(not os.path.exists(server.data("share", folder)), "the folder is still there")
        connection.logoff()


@test("impacket: a wrong password is STATUS_LOGON_FAILURE")
def wrong_password(case):
    server = case.standard()
    try:
        connect(server, 0x0300, password="nope")
    except SessionError as error:
        check_equal(error.getErrorCode(), 0xC000006D, "status")
        return
    check(False, "the logon worked")


@test("impacket: srvsvc lists the shares, tells about one share and the server")
def srvsvc(case):
    server = case.standard()
    connection = connect(server, 0x0300)
    shares = {s["shi1_netname"][:-1]: (s["shi1_type"], s["shi1_remark"][:-1]) for s in connection.listShares()}
    check_equal(shares.get("share"), (0, "plain read and write"), "share in the list")
    check_equal(shares.get("IPC$", (0,))[0], 0x80000003, "type of IPC$")
    pipe = transport.SMBTransport("127.0.0.1", server.port, r"\srvsvc", smb_connection=connection)
    pipe.set_dport(server.port)
    rpc = pipe.get_dce_rpc()
    rpc.connect()
    rpc.bind(srvs.MSRPC_UUID_SRVS)
    info = srvs.hNetrShareGetInfo(rpc, "share\0", 1)["InfoStruct"]["ShareInfo1"]
    check_equal(info["shi1_remark"], "plain read and write\0", "remark")
    level2 = srvs.hNetrShareGetInfo(rpc, "share\0", 2)["InfoStruct"]["ShareInfo2"]
    check_equal(level2["shi2_netname"], "share\0", "name at level 2")
    about = srvs.hNetrServerGetInfo(rpc, 101)["InfoStruct"]["ServerInfo101"]
    check_equal(about["sv101_name"].lower(), "bossatest\0", "server name")
    check_equal(about["sv101_comment"], "bossa test server\0", "server comment")
    try:
        srvs.hNetrShareGetInfo(rpc, "nosuchshare\0", 1)
    except srvs.DCERPCSessionError as error:
        check(error.get_error_code() in (2310, 123), "status", error)
    else:
        check(False, "info about a share that does not exist")
    connection.logoff()


@test("impacket: a share that does not exist is STATUS_BAD_NETWORK_NAME")
def bad_share(case):
    connection = connect(case.standard(), 0x0300)
    try:
        connection.connectTree("nothere")
    except SessionError as error:
        check_equal(error.getErrorCode(), 0xC00000CC, "status")
        return
    check(False, "the share exists")
