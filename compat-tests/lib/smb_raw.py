"""Hand-made SMB2 messages: frames for the bad-input tests, and an impacket logon that can then send anything."""
import socket
import struct
import threading

from impacket import crypto, smb3, smb3structs
from impacket.smbconnection import SMBConnection

from harness import PASSWORD


def frame(payload):
    return struct.pack(">I", len(payload)) + payload


def header(command, message_id=0, credits=1, charge=0, session=0, tree=0, flags=0, next_command=0, structure_size=64):
    return struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", structure_size, charge, 0, command, credits, flags, next_command,
                       message_id, 0, tree, session, b"\0" * 16)


def negotiate_body(dialects=(0x0202, 0x0210), structure_size=36, count=None, contexts=b"", context_offset=0, context_count=0):
    listed = b"".join(struct.pack("<H", d) for d in dialects)
    return struct.pack("<HHHHI16sIHH", structure_size, len(dialects) if count is None else count, 1, 0, 0, b"\x11" * 16,
                       context_offset, context_count, 0) + listed + contexts


def negotiate(**keywords):
    return frame(header(0) + negotiate_body(**keywords))


def negotiate_as_clients_do(dialects):
    """With the preauthentication context that 3.1.1 demands, where that is offered."""
    if 0x0311 not in dialects:
        return negotiate(dialects=dialects)
    offset = 64 + 36 + 2 * len(dialects)
    padding = -offset % 8
    context = struct.pack("<HHI", 1, 38, 0) + struct.pack("<HHH", 1, 32, 1) + b"\x22" * 32
    return negotiate(dialects=dialects, contexts=b"\0" * padding + context, context_offset=offset + padding, context_count=1)


def negotiated(server, dialects):
    """(NTSTATUS, dialect, security mode) of the answer; (None, None, None) when the server closes the connection instead."""
    with Raw(server) as raw:
        answer = raw.ask(negotiate_as_clients_do(dialects))
    status = status_of(answer)
    if status != 0:
        return status, None, None
    mode, dialect = struct.unpack_from("<HH", answer, 64 + 2)
    return status, dialect, mode


class Raw:
    """One TCP connection; `ask` sends bytes and returns the answer's payload, b"" if the server closed, None if silent."""

    def __init__(self, server, timeout=5):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout)
        self.timeout = timeout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def receive_exactly(self, size):
        data = b""
        while len(data) < size:
            block = self.socket.recv(size - len(data))
            if not block:
                return None
            data += block
        return data

    def receive(self, timeout=None):
        self.socket.settimeout(timeout or self.timeout)
        try:
            head = self.receive_exactly(4)
            if head is None:
                return b""
            body = self.receive_exactly(int.from_bytes(head[1:4], "big"))
            return b"" if body is None else body
        except socket.timeout:
            return None
        except OSError:
            return b""

    def ask(self, data, timeout=None):
        self.send(data)
        return self.receive(timeout)


def status_of(answer):
    """NTSTATUS of an SMB2 answer; None if there is none."""
    if not answer or len(answer) < 64 or answer[:4] != b"\xfeSMB":
        return None
    return struct.unpack_from("<I", answer, 8)[0]


_wanted = threading.local()


class _Smb3(smb3.SMB3):
    """With a ClientGuid of the test's choice: impacket negotiates before one could set it."""

    def negotiateSession(self, *arguments, **keywords):
        self.ClientGuid = getattr(_wanted, "client_guid", None) or self.ClientGuid
        return super().negotiateSession(*arguments, **keywords)


smb3.SMB3 = _Smb3


class Login:
    """An impacket session whose transport then carries hand-made requests."""

    def __init__(self, server, dialect=0x0210, user="tester", password=PASSWORD, client_guid=None):
        _wanted.client_guid = client_guid
        self.connection = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=server.port, preferredDialect=dialect, timeout=10)
        self.smb = self.connection._SMBConnection
        if dialect == 0x0311:
            # impacket 0.10 forgets this step of the 3.1.1 preauthentication hash before an NTLM logon
            self.smb._Session["PreauthIntegrityHashValue"] = self.smb._Connection["PreauthIntegrityHashValue"]
        self.connection.login(user, password)

    def leave_encryption(self):
        """impacket encrypts every 3.x session that can; from here on this one sends clear, signed messages (3.0 and 3.0.2)."""
        session = self.smb._Session
        session["SigningKey"] = crypto.KDF_CounterMode(session["SessionKey"], b"SMB2AESCMAC\0", b"SmbSign\0", 128)
        session["SessionFlags"] &= ~smb3structs.SMB2_SESSION_FLAG_ENCRYPT_DATA
        for tree in session["TreeConnectTable"].values():
            tree["EncryptData"] = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.smb.close_session()
        except Exception:
            pass

    def tree(self, share):
        return self.connection.connectTree(share)

    def tree_connect(self, share):
        """(NTSTATUS, tree id)"""
        try:
            return 0, self.connection.connectTree(share)
        except Exception as error:
            code = getattr(error, "getErrorCode", lambda: None)()
            return code, None

    def create_body(self, name, access=0x12019F, disposition=3, options=0x40):
        body = smb3structs.SMB2Create()
        body["SecurityFlags"] = 0
        body["RequestedOplockLevel"] = 0
        body["ImpersonationLevel"] = 2
        body["DesiredAccess"] = access
        body["FileAttributes"] = 0x80
        body["ShareAccess"] = 7
        body["CreateDisposition"] = disposition
        body["CreateOptions"] = options
        body["NameLength"] = len(name) * 2
        body["Buffer"] = name.encode("utf-16le")
        return body

    def send_without_wait(self, command, body, tree):
        """The MessageId, for recvSMB()."""
        packet = self.smb.SMB_PACKET()
        packet["Command"] = command
        packet["TreeID"] = tree
        packet["Data"] = body
        return self.smb.sendSMB(packet)

    def send_raw(self, command, body, tree=0, sign=None, flags=0, wait=True):
        """Sends one request; returns its NTSTATUS, or None if the server dropped the connection."""
        packet = self.smb.SMB_PACKET()
        packet["Command"] = command
        packet["TreeID"] = tree
        packet["Flags"] = flags
        packet["Data"] = body
        before = self.smb._Session["SigningRequired"]
        activated = self.smb._Session["SigningActivated"]
        if sign is not None:
            self.smb._Session["SigningRequired"] = sign
            self.smb._Session["SigningActivated"] = sign
        try:
            message_id = self.smb.sendSMB(packet)
            if not wait:
                return None
            return self.smb.recvSMB(message_id)["Status"]
        except smb3.SessionError as error:
            return error.get_error_code()
        except Exception:
            return None
        finally:
            self.smb._Session["SigningRequired"] = before
            self.smb._Session["SigningActivated"] = activated
