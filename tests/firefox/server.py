"""Servers that want a client's certificate and show whose it is. Each
connection has a thread, as Firefox opens more of them than it uses."""

import socket
import ssl
import threading


def answer(context, connection):
    try:
        with context.wrap_socket(connection, server_side=True) as secure:
            while not secure.recv(65536).endswith(b"\r\n\r\n"):
                pass
            subject = dict(part[0] for part in secure.getpeercert()["subject"])
            secure.sendall(
                "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
                f"{secure.version()} {subject['commonName']}".encode())
    except OSError as error:
        print("server:", error, flush=True)


def serve(context, listener):
    while True:
        threading.Thread(target=answer, args=(context, listener.accept()[0]),
                         daemon=True).start()


def start(version, certificate, key, clients):
    """The server's address. CLIENTS has the certificates that it accepts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(clients)
    listener = socket.create_server(("localhost", 0))
    threading.Thread(target=serve, args=(context, listener),
                     daemon=True).start()
    return f"https://localhost:{listener.getsockname()[1]}/"
