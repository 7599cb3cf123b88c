"""A TCP relay that notes the header of every SMB2 message, so that a test can prove what went over the wire.

It can also change a message on its way (`tamper`), which proves that signatures are checked.
"""
import socket
import struct
import threading

COMMANDS = ("NEGOTIATE", "SESSION_SETUP", "LOGOFF", "TREE_CONNECT", "TREE_DISCONNECT", "CREATE", "CLOSE", "FLUSH", "READ",
            "WRITE", "LOCK", "IOCTL", "CANCEL", "ECHO", "QUERY_DIRECTORY", "CHANGE_NOTIFY", "QUERY_INFO", "SET_INFO",
            "OPLOCK_BREAK")


class Message:
    """The first header of one frame."""

    def __init__(self, to_server, head, length):
        self.to_server = to_server
        self.length = length
        self.encrypted = head[:4] == b"\xfdSMB"
        self.smb1 = head[:4] == b"\xffSMB"
        self.plain = head[:4] == b"\xfeSMB" and len(head) >= 64
        self.command = self.status = self.flags = None
        self.signed = False
        self.dialect = None
        if self.plain:
            self.status, command, _, self.flags = struct.unpack_from("<IHHI", head, 8)
            self.command = COMMANDS[command] if command < len(COMMANDS) else str(command)
            self.signed = bool(self.flags & 8)
            if self.command == "NEGOTIATE" and not to_server and self.status == 0 and len(head) >= 70:
                self.dialect = struct.unpack_from("<H", head, 68)[0]


class Tap:
    """`with Tap(port) as tap:` listens on tap.port and relays to 127.0.0.1:port."""

    KEEP = 160

    def __init__(self, port, tamper=None):
        self.target = port
        self.tamper = tamper  # function(Message, bytearray) -> bytearray, for messages to the server
        self.messages = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]
        self.open = True
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.open:
            try:
                client = self.listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.target), 10)
                server.settimeout(None)
            except OSError:
                return
            self.sockets += [client, server]
            threading.Thread(target=self.relay, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.relay, args=(server, client, False), daemon=True).start()

    def relay(self, source, sink, to_server):
        head, need, length = b"", 0, 0  # head: collected bytes of the current frame's start; need: bytes still to come
        try:
            while True:
                block = source.recv(1 << 18)
                if not block:
                    break
                if self.tamper and to_server:
                    head += block
                    while len(head) >= 4 and len(head) >= 4 + int.from_bytes(head[1:4], "big"):
                        length = int.from_bytes(head[1:4], "big")
                        frame, head = bytearray(head[:4 + length]), head[4 + length:]
                        message = Message(True, bytes(frame[4:]), length)
                        self.messages.append(message)
                        sink.sendall(self.tamper(message, frame))
                    continue
                sink.sendall(block)
                at = 0
                while at < len(block):
                    if need == 0 and len(head) < 4:
                        take = min(4 - len(head), len(block) - at)
                        head += block[at:at + take]
                        at += take
                        if len(head) == 4:
                            need = length = int.from_bytes(head[1:4], "big")
                        continue
                    if len(head) < 4 + self.KEEP:
                        take = min(need, 4 + self.KEEP - len(head), len(block) - at)
                        head += block[at:at + take]
                    else:
                        take = min(need, len(block) - at)
                    at += take
                    need -= take
                    if need == 0:
                        self.messages.append(Message(to_server, head[4:], length))
                        head = b""
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def of(self, *commands):
        return [m for m in self.messages if m.command in commands]

    @property
    def dialect(self):
        """The dialect of the last successful NEGOTIATE answer that names one (not the 0x02FF wild card)."""
        found = [m.dialect for m in self.messages if m.dialect and m.dialect != 0x02FF]
        return found[-1] if found else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False
        for end in self.sockets:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
