"""A merchant's system that takes webhooks over HTTPS and verifies them with the library of Standard Webhooks.

    receive_webhooks.py PORT CERTIFICATE KEY SECRETS JOURNAL

SECRETS is a file with one secret, `whsec_...`, in each line: the path `/hook/N` takes what the N-th signs, and
`/gone/N` answers 410 to it. Each webhook becomes a line of JSON in the file JOURNAL, on the disk before it is
answered; one that does not verify is noted as such and answered with 400.
"""

import json
import os
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PORT, CERTIFICATE, KEY, SECRETS, JOURNAL = sys.argv[1:]


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        _, kind, number = self.path.split("/")
        with open(SECRETS, encoding="ascii") as secrets:
            secret = secrets.read().split()[int(number)]
        try:
            webhook = Webhook(secret).verify(body, dict(self.headers))
            note(endpoint=int(number), webhook_id=self.headers["webhook-id"], body=webhook)
            self.answer(204 if kind == "hook" else 410)
        except WebhookVerificationError as error:
            note(endpoint=int(number), error=str(error))
            self.answer(400)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def note(**line):
    with open(JOURNAL, "a", encoding="utf-8") as journal:
        journal.write(json.dumps(line) + "\n")
        journal.flush()
        os.fsync(journal.fileno())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


server = Server(("127.0.0.1", int(PORT)), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
# The handshake is left to each connection's own thread.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print("open", flush=True)
server.serve_forever()
