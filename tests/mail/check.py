"""Invoices through aiosmtpd and Postfix, read by Python's email and by mailparser, signed and verified by dkimpy."""

import base64
import contextlib
import email
import email.policy
import hashlib
import json
import logging
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings

import dkim
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)  # aiosmtpd tells every broken handshake, which are meant to break
BINARY = sys.argv[1]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
TOKEN = "ya29.a0token-of-a-test"
MONTH = "202208"


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def run(workspace, *arguments, code=0, **variables):
    """Runs the program; returns stdout and stderr. Whatever it prints has no secret."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(workspace), **variables}
    done = subprocess.run([BINARY, *arguments], cwd=workspace, env=environment, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == code, f"{arguments}: {done.returncode}, expected {code}\n{said}"
    for secret in (PASSWORD, TOKEN):
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            assert form not in said, said
    return done.stdout, done.stderr


def configure(workspace, mail):
    text = (workspace / "invoicer.toml").read_text()
    (workspace / "invoicer.toml").write_text(text.split("\n[mail]")[0] + "\n[mail]\n" + mail)


def issued(directory):
    """The sample month, issued."""
    workspace = directory / "sample"
    workspace.mkdir()
    for name in ("invoicer.toml", "customers", "assets", "billing", "adjustments", "assignments", "templates"):
        source = ROOT / name
        if source.is_dir() and name != "templates":
            shutil.copytree(source, workspace / name)
        elif source.is_file():
            shutil.copy(source, workspace / name)
    # A name of a file that needs RFC 2231.
    zuiun = workspace / "customers/zuiun.toml"
    text = zuiun.read_text()
    assert "file-name" not in text
    name = 'file-name = "請求書 {number} {customer-name}"\n'
    text = text.replace("[invoice]\n", "[invoice]\n" + name, 1) if "[invoice]\n" in text else f"{text}\n[invoice]\n{name}"
    zuiun.write_text(text)
    run(workspace, "build", MONTH, "--quiet")
    run(workspace, "issue", MONTH, "--quiet")
    return workspace


def copy(workspace, name):
    target = workspace.parent / name
    shutil.copytree(workspace, target)
    return target


class Mailbox:
    """Keeps what it gets, and logs in whoever has the password or the token."""

    def __init__(self):
        self.received = []
        self.mechanisms = []
        self.takes_plain = True

    async def handle_DATA(self, server, session, envelope):
        self.received.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return "250 2.0.0 Ok"

    async def auth_PLAIN(self, server, arguments):
        if self.takes_plain:
            return await server.auth_PLAIN(server, arguments)
        self.mechanisms.append("PLAIN")
        return AuthResult(success=False, handled=False, message="504 5.5.4 Unrecognized authentication type")

    async def auth_XOAUTH2(self, server, arguments):
        self.mechanisms.append("XOAUTH2")
        said = base64.b64decode(arguments[1]).decode()
        if said == f"user=billing\x01auth=Bearer {TOKEN}\x01\x01":
            return AuthResult(success=True)
        # As Google and Microsoft refuse: the reason as a challenge, then a status.
        await server.challenge_auth(json.dumps({"status": "401", "said": said}), encode_to_b64=True)
        return AuthResult(success=False, handled=False)

    def authenticate(self, server, session, envelope, mechanism, data):
        self.mechanisms.append(mechanism)
        good = (data.login, data.password) == (b"billing", PASSWORD.encode()) if mechanism in ("PLAIN", "LOGIN") else False
        return AuthResult(success=good, handled=False)


@contextlib.contextmanager
def aiosmtpd(context, implicit=False, **options):
    box = Mailbox()
    tls = {"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}
    controller = Controller(
        box, hostname="127.0.0.1", port=free_port(), server_hostname="mail.test", authenticator=box.authenticate,
        auth_required=True, auth_require_tls=not implicit, **tls, **options,
    )
    controller.start()
    try:
        yield controller.port, box
    finally:
        controller.stop()


def read(message):
    return email.message_from_bytes(message, policy=email.policy.default)


def documents(workspace):
    """The issued documents by number, and the bytes of a kept file."""
    record = json.loads((workspace / f"issued/{MONTH}.json").read_text())
    kept = lambda document, kind: (workspace / f"issued/{MONTH}/documents/{document['file']}.{kind}").read_bytes()
    return {document["number"]: document for document in record["documents"]}, kept


def compare(workspace, messages):
    """Each message against the record: headers, names, figures of the text, bytes of the files."""
    issued, kept = documents(workspace)
    assert len(messages) == len(issued), f"{len(messages)} messages"
    for content in messages:
        # The body in base64; of the headers, the hash cannot be folded.
        header, body = content.split(b"\r\n\r\n", 1)
        assert content.isascii() and b"\n" not in content.replace(b"\r\n", b"")
        assert max(map(len, body.split(b"\r\n"))) <= 76 and max(map(len, header.split(b"\r\n"))) <= 82
        message = read(content)
        assert not message.defects, message.defects
        document = issued[message["X-Invoice-Number"]]
        name = document["file"].rsplit("/", 1)[1]
        for header in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted"):
            assert len(message.get_all(header)) == 1, header
        assert message["From"].addresses[0].display_name == "請求担当, 山田", message["From"]
        assert message["Bcc"] is None and "archive@" not in content.decode()
        assert document["number"] in message["Subject"]
        text = message.get_body(("plain",)).get_content()
        assert document["number"] in text and f"¥{int(document['total']):,}" in text, text
        files = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
        assert set(files) == {f"{name}.pdf", f"{name}.csv"}, files.keys()
        assert files[f"{name}.pdf"] == kept(document, "pdf")
        data = files[f"{name}.csv"]
        data = data.encode("utf-8") if isinstance(data, str) else data
        assert data == kept(document, "csv")
        assert message["X-Invoice-Sha256"] == hashlib.sha256(kept(document, "pdf")).hexdigest()


def mail(port, ca="ca.pem", scheme="smtp+starttls", host="localhost", auth="password", rate=60000):
    return (
        'from = "\\"請求担当, 山田\\" <billing@example.jp>"\nbcc = ["archive@example.jp"]\nattach = ["pdf", "csv"]\n'
        f'smtp = "{scheme}://{host}:{port}"\nusername = "billing"\nauth = "{auth}"\nrate-per-minute = {rate}\n'
        + (f'ca = "{ca}"\n' if ca else "")
    )


def through_aiosmtpd(workspace, authority):
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with aiosmtpd(context) as (port, box):
        send = ("send", MONTH, "--yes")
        configure(workspace, mail(port, ca=None))
        assert "cannot send through" in run(workspace, *send, code=2, INVOICER_SMTP_PASSWORD=PASSWORD)[1]
        configure(workspace, mail(port, host="127.0.0.1"))
        run(workspace, *send, code=2, INVOICER_SMTP_PASSWORD=PASSWORD)
        assert not box.mechanisms, "the password was sent to a server whose certificate is not good"
        configure(workspace, mail(port))
        assert "INVOICER_SMTP_PASSWORD" in run(workspace, *send, code=2)[1]
        assert "535" in run(workspace, *send, code=2, INVOICER_SMTP_PASSWORD="wrong password")[1]
        assert not (workspace / f"issued/{MONTH}.sent.jsonl").exists(), "nothing is queued for a server that refuses"
        run(workspace, *send, INVOICER_SMTP_PASSWORD=PASSWORD)
        assert box.mechanisms[-1] == "PLAIN", box.mechanisms
        compare(workspace, [content for _, _, content in box.received])
        for _, recipients, content in box.received:
            number = read(content)["X-Invoice-Number"]
            assert "archive@example.jp" in recipients
            assert content == (workspace / f"issued/{MONTH}.mail/{number}.r0.eml").read_bytes()
        run(workspace, *send, INVOICER_SMTP_PASSWORD=PASSWORD)
        assert len(box.received) == 6, "sent twice"
    for path in workspace.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path
    return [content for _, _, content in box.received]


def other_logins(workspace, authority):
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    test = ("send", MONTH, "--yes", "--to", "me@example.jp", "--customer", "zuiun")
    with aiosmtpd(context, auth_exclude_mechanism=["PLAIN"]) as (port, box):
        configure(workspace, mail(port))
        run(workspace, *test, INVOICER_SMTP_PASSWORD=PASSWORD)
        assert box.mechanisms == ["LOGIN"] and len(box.received) == 1, box.mechanisms
    # A server that offers PLAIN and does not take it.
    with aiosmtpd(context) as (port, box):
        box.takes_plain = False
        configure(workspace, mail(port))
        run(workspace, *test, INVOICER_SMTP_PASSWORD=PASSWORD)
        assert box.mechanisms == ["PLAIN", "LOGIN"] and len(box.received) == 1, box.mechanisms
    with aiosmtpd(context) as (port, box):
        configure(workspace, mail(port, auth="oauth2"))
        run(workspace, *test, INVOICER_SMTP_TOKEN=TOKEN)
        assert box.mechanisms == ["XOAUTH2"] and len(box.received) == 1, box.mechanisms
        run(workspace, *test, code=2, INVOICER_SMTP_TOKEN=TOKEN + "-expired")
    with aiosmtpd(context, implicit=True) as (port, box):
        configure(workspace, mail(port, scheme="smtps"))
        run(workspace, *test, INVOICER_SMTP_PASSWORD=PASSWORD)
        assert len(box.received) == 1
    # A server that speaks no TLS at all.
    controller = Controller(Mailbox(), hostname="127.0.0.1", port=free_port())
    controller.start()
    configure(workspace, mail(controller.port))
    assert "STARTTLS" in run(workspace, *test, code=2, INVOICER_SMTP_PASSWORD=PASSWORD)[1]
    controller.stop()


SERVICES = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def through_postfix(workspace, authority, directory):
    """A server that is used as one: TLS, a queue, delivery into a Maildir. Returns the messages as delivered."""
    if shutil.which("postfix") is None or os.getuid() != 0:
        print("Postfix is not here: left out")
        return None
    home = directory / "postfix"
    inbox = home / "inbox"
    for made in ("queue", "data", "inbox", "etc"):
        (home / made).mkdir(parents=True)
    directory.chmod(0o755)
    shutil.chown(home / "data", "postfix")
    shutil.chown(inbox, "nobody")
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(home / "key.pem")
    (home / "key.pem").chmod(0o600)
    port = free_port()
    # Not /etc/postfix: whatever mail the machine has is none of ours.
    (home / "etc/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost.example
mydestination =
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:mail/
virtual_mailbox_base = {inbox}
virtual_minimum_uid = 1
virtual_uid_maps = static:{pwd.getpwnam("nobody").pw_uid}
virtual_gid_maps = static:65534
smtpd_recipient_restrictions = permit
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = {home}/key.pem
""")
    (home / "etc/master.cf").write_text(f"127.0.0.1:{port} inet n - n - - smtpd\n{SERVICES.strip()}\n")
    control = ["postfix", "-c", str(home / "etc")]
    subprocess.run([*control, "start"], check=True, capture_output=True)
    try:
        # Nobody logs in: this machine may send through it.
        configure(workspace, mail(port).replace('username = "billing"\nauth = "password"\n', ""))
        run(workspace, "send", MONTH, "--yes")
        # A message for each recipient: the customers, the copy, the archive.
        expected = sum(len(json.loads(line)["to"]) for line in sent_lines(workspace) if '"queued"' in line)
        until = time.monotonic() + 30
        while len(delivered := list(inbox.glob("mail/new/*"))) < expected and time.monotonic() < until:
            time.sleep(0.1)
        assert len(delivered) == expected, f"{len(delivered)} of {expected} delivered: {(home / 'log').read_text()}"
    finally:
        subprocess.run([*control, "stop"], check=True, capture_output=True)
    # Maildirs have the line breaks of Unix, and what the delivery adds comes first.
    whole = [path.read_bytes().replace(b"\n", b"\r\n") for path in delivered]
    unique = {read(content)["Message-ID"]: content for content in whole}
    return list(unique.values())


def sent_lines(workspace):
    return (workspace / f"issued/{MONTH}.sent.jsonl").read_text().splitlines()


def signatures(sent, delivered):
    """A message as it was sent can be signed, and the signature holds after a server has added its own headers."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    headers = [b"From", b"To", b"Cc", b"Subject", b"Date", b"Message-ID", b"MIME-Version", b"Content-Type", b"Auto-Submitted"]
    lookup = lambda name, timeout=5: record
    by_id = {read(content)["Message-ID"]: content for content in delivered or []}
    for content in sent:
        signature = dkim.sign(content, b"mail", b"example.jp", private, include_headers=headers)
        assert dkim.verify(signature + content, dnsfunc=lookup)
        changed = content.replace(b"Auto-Submitted: auto", b"Auto-Submitted: Auto")
        assert not dkim.verify(signature + changed, dnsfunc=lookup)
        arrived = by_id.get(read(content)["Message-ID"])
        if arrived is not None:
            assert dkim.verify(signature + arrived, dnsfunc=lookup), "the server changed the message"


def by_mailparser(workspace):
    directory = workspace / f"issued/{MONTH}.mail"
    script = ROOT / "tests/mail/read.mjs"
    found = json.loads(subprocess.run(["node", script, directory], capture_output=True, text=True, check=True).stdout)
    issued, _ = documents(workspace)
    assert len(found) == len(issued), found.keys()
    for name, message in found.items():
        document = issued[name.removesuffix(".r0.eml")]
        outputs = {output["path"]: output["sha256"] for output in document["outputs"]}
        stem = document["file"].rsplit("/", 1)[1]
        files = {file["name"]: file["sha256"] for file in message["files"]}
        assert files == {f"{stem}.{kind}": outputs[f"{document['file']}.{kind}"] for kind in ("pdf", "csv")}, (name, files)
        assert message["from"] == '"請求担当, 山田" <billing@example.jp>', message["from"]
        assert document["number"] in message["subject"] and document["number"] in message["text"]
        # The date is that of the journal.
        queued = [json.loads(line) for line in sent_lines(workspace) if f'"number":"{document["number"]}"' in line]
        assert message["id"] == queued[0]["message_id"]
        assert message["date"].replace(".000Z", "Z") == queued[0]["time"], (message["date"], queued[0]["time"])


def a_thousand(directory):
    workspace = directory / "thousand"
    (workspace / "customers").mkdir(parents=True)
    (workspace / f"billing/{MONTH}").mkdir(parents=True)
    rows = ["imsi,date,billItemName,quantity,amount,customer"]
    for number in range(1000):
        (workspace / f"customers/c{number:04}.toml").write_text(
            f'name = "顧客 {number}"\n[[match]]\ntag = {{ customer = "c{number}" }}\n[mail]\nto = ["c{number}@acme.example"]\n'
        )
        rows.append(f"44010{number:010},{MONTH}01,basicCharge,31,{310 + number},c{number}")
    (workspace / f"billing/{MONTH}/soracom.csv").write_text("\n".join(rows) + "\n")
    # Most of the time went into laying out two thousand PDFs, which no message has: a page of one line takes a third of it.
    (workspace / "templates").mkdir()
    (workspace / "templates/invoice.html").write_text(
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{{ number }}</title></head><body><p>{{ number }}</p></body></html>\n'
    )
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    (workspace / "invoicer.toml").write_text(
        '[issuer]\nname = "サンプル通信株式会社"\n[issue]\nkeep = ["csv"]\n[[source]]\nname = "soracom"\nkind = "soracom-csv"\n'
        'path = "billing/{month}/soracom*.csv"\n[mail]\nfrom = "billing@example.jp"\nattach = ["csv"]\nrate-per-minute = 60000\n'
        f'smtp = "smtp://127.0.0.1:{controller.port}"\n'
    )
    run(workspace, "build", MONTH, "--quiet")
    run(workspace, "issue", MONTH, "--quiet")
    run(workspace, "send", MONTH, "--yes", "--quiet")
    controller.stop()
    ids = {read(content)["Message-ID"] for _, _, content in box.received}
    assert len(ids) == len(box.received) == 1000, (len(ids), len(box.received))


def main():
    with tempfile.TemporaryDirectory(prefix="invoicer-mail-") as temporary:
        directory = pathlib.Path(temporary)
        authority = trustme.CA()
        began = time.monotonic()
        step = lambda what: print(f"{time.monotonic() - began:5.1f} s  {what}", flush=True)
        prepared = issued(directory)
        authority.cert_pem.write_to_path(prepared / "ca.pem")
        step("the sample month is issued")
        workspace = copy(prepared, "aiosmtpd")
        sent = through_aiosmtpd(workspace, authority)
        step("aiosmtpd: STARTTLS with an own root, PLAIN, faults, bytes; Python's email")
        by_mailparser(workspace)
        step("mailparser")
        other_logins(copy(prepared, "logins"), authority)
        step("aiosmtpd: LOGIN, XOAUTH2, smtps, no TLS")
        workspace = copy(prepared, "relayed")
        delivered = through_postfix(workspace, authority, directory)
        relayed = [path.read_bytes() for path in sorted((workspace / f"issued/{MONTH}.mail").glob("*.eml"))] if delivered else sent
        step("Postfix")
        signatures(relayed, delivered)
        step("dkimpy")
    # In memory where there is enough: each of the many files is written through to the disk.
    memory = "/dev/shm" if os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free > 2 << 30 else None
    with tempfile.TemporaryDirectory(prefix="invoicer-mail-", dir=memory) as temporary:
        a_thousand(pathlib.Path(temporary))
        step("a thousand messages")


main()
