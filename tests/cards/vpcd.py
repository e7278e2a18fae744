"""A virtual reader in Python: starts a simulated card and talks to it without
any pcscd, so that a test decides each byte on the wire."""
import os
import socket
import struct
import subprocess

OFF, ON, RESET, ATR = 0, 1, 2, 4


class Card:
    """A card program in our reader, powered up."""

    def __init__(self, program, *options):
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        self.process = subprocess.Popen(
            [program, "--port", str(port), *options],
            stdin=subprocess.DEVNULL)
        self.listener.settimeout(60)
        self.wire = None
        try:
            self.accept()
        except Exception:
            self.process.kill()
            raise

    def accept(self):
        """Waits for the card to be put into the reader."""
        self.wire, _ = self.listener.accept()
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire.settimeout(120)
        self.control(ON)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        status = self.process.wait(60)
        self.wire.close()
        self.listener.close()
        assert status == 0, f"the card program ended with {status}"

    def send(self, message):
        self.wire.sendall(struct.pack(">H", len(message)) + message)

    def receive(self):
        """One message, or None when the card is gone."""
        head = self._read(2)
        return None if head is None else self._read(struct.unpack(">H", head)[0])

    def _read(self, n):
        data = b""
        while len(data) < n:
            try:
                more = self.wire.recv(n - len(data))
            except ConnectionResetError:
                return None
            if not more:
                return None
            data += more
        return data

    def control(self, byte):
        self.send(bytes([byte]))

    def reset(self):
        self.control(RESET)

    def atr(self):
        self.control(ATR)
        return self.receive().hex().upper()

    def raw(self, apdu):
        """One exchange on the wire; upper-case hexadecimal, spaces allowed."""
        self.send(bytes.fromhex(apdu))
        answer = self.receive()
        return None if answer is None else answer.hex().upper()

    def sw(self, apdu):
        return self.raw(apdu)[-4:]

    def whole(self, apdu):
        """The data behind 61xx too, and the last status word."""
        answer = self.raw(apdu)
        data = answer[:-4]
        while answer[-4:-2] == "61":
            answer = self.raw("00C00000" + answer[-2:])
            data += answer[:-4]
        return data, answer[-4:]


def apdu(cla, ins, p1, p2, data="", le=None):
    """A command in the short form, or extended where it has to be."""
    body = bytes.fromhex(data)
    head = bytes([cla, ins, p1, p2])
    if len(body) > 255 or (le or 0) > 256:
        head += b"\0"
        head += struct.pack(">H", len(body)) + body if body else b""
        head += b"" if le is None else struct.pack(">H", le & 0xFFFF)
    else:
        head += bytes([len(body)]) + body if body else b""
        head += b"" if le is None else bytes([le & 0xFF])
    return head.hex().upper()


def tlv(tag, value):
    n = len(value) // 2
    length = f"{n:02X}" if n < 128 else f"81{n:02X}" if n < 256 else f"82{n:04X}"
    return tag + length + value


def block(key, data, decrypt=False, cipher="des-ede3"):
    """One block of ECB by the openssl program, in hexadecimal."""
    done = subprocess.run(
        ["openssl", "enc", "-" + cipher, "-d" if decrypt else "-e", "-nopad",
         "-K", key], input=bytes.fromhex(data), capture_output=True,
        check=True, env={**os.environ, "OPENSSL_CONF": "/dev/null"})
    return done.stdout.hex().upper()
