"""What smbclient cannot ask for: security descriptors and named streams, through impacket."""
import struct

from impacket import smb3structs
from impacket.smbconnection import SMBConnection
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack

from harness import PASSWORD

OPEN, CREATE, OPEN_IF = 1, 2, 3
DIRECTORY, DELETE_ON_CLOSE = 1, 0x1000
DOMAIN = security.dom_sid("S-1-5-21-1-2-3")  # for SDDL's relative names, which these tests do not use


class Files:
    """One logon and one share."""

    def __init__(self, server, share, user="tester"):
        self.connection = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=server.port, preferredDialect=smb3structs.SMB2_DIALECT_30)
        self.connection.login(user, PASSWORD)
        self.smb = self.connection.getSMBServer() if hasattr(self.connection, "getSMBServer") else self.connection._SMBConnection
        self.tree = self.connection.connectTree(share)

    def close(self):
        self.connection.close()

    def open(self, name, access=0x13019F, disposition=OPEN, options=0, share=7):
        return self.smb.create(self.tree, name, access, share, options, disposition, 0x80)

    def done(self, file):
        self.smb.close(self.tree, file)

    def make(self, name, directory=False):
        self.done(self.open(name, disposition=OPEN_IF, options=DIRECTORY if directory else 0))

    def status(self, name, **keywords):
        """'OK', or the name of the status that an open gives."""
        try:
            self.done(self.open(name, **keywords))
            return "OK"
        except smb3structs_error() as refusal:
            return str(refusal).split(":")[1].split("(")[0].strip()

    def moved(self, name, to, replace=False, link=False, access=0x10080, options=0):
        """What a rename, or a hard link, is answered: 'OK' or the name of the status."""
        encoded = to.encode("utf-16le")
        buffer = struct.pack("<B7xQI", replace, 0, len(encoded)) + encoded
        try:
            file = self.open(name, access=access, options=options)
            try:
                self.smb.setInfo(self.tree, file, buffer, infoType=1, fileInfoClass=11 if link else 10)
            finally:
                self.done(file)
            return "OK"
        except smb3structs_error() as refusal:
            return str(refusal).split(":")[1].split("(")[0].strip()

    def descriptor(self, name, parts=7):
        """Control bits and SDDL."""
        file = self.open(name, access=0x20000)
        raw = self.smb.queryInfo(self.tree, file, infoType=3, fileInfoClass=0, additionalInformation=parts)
        self.done(file)
        found = ndr_unpack(security.descriptor, raw)
        return "%04x %s" % (found.type, found.as_sddl())

    def set_descriptor(self, name, sddl, parts=4, access=0xE0000):
        file = self.open(name, access=access)
        raw = ndr_pack(security.descriptor.from_sddl(sddl, DOMAIN))
        try:
            self.smb.setInfo(self.tree, file, raw, infoType=3, fileInfoClass=0, additionalInformation=parts)
        finally:
            self.done(file)

    def write(self, name, data, offset=0, disposition=OPEN_IF):
        file = self.open(name, access=0x12019F, disposition=disposition)
        try:
            self.connection.writeFile(self.tree, file, data, offset)
        finally:
            self.done(file)

    def read(self, name):
        file = self.open(name, access=0x120089)
        data = b""
        while True:
            try:
                piece = self.connection.readFile(self.tree, file, len(data), 65536)
            except smb3structs_error():
                break
            if not piece:
                break
            data += piece
        self.done(file)
        return data

    def streams(self, name):
        """{name: size} by FileStreamInformation."""
        file = self.open(name, access=0x80)
        raw = self.smb.queryInfo(self.tree, file, infoType=1, fileInfoClass=22)
        self.done(file)
        found, at = {}, 0
        while raw:
            following, length, size = struct.unpack_from("<IIQ", raw, at)
            found[raw[at + 24:at + 24 + length].decode("utf-16le")] = size
            if not following:
                break
            at += following
        return found


def smb3structs_error():
    from impacket.smbconnection import SessionError
    from impacket.smb3 import SessionError as Other
    return (SessionError, Other)
