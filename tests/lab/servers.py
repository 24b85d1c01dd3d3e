# SPDX-License-Identifier: GPL-2.0-only
"""The servers of the lab, those who ask them, and what the servers' own logs say.

nginx answers HTTPS with a certificate of this lab, curl asks and checks it. aiosmtpd takes mail and
keeps it in a mailbox, each with the address that brought it.
"""
import glob
import os
import re
import socket
import ssl
import subprocess

from machine import Inside, output, patient, wait_for
from network import NODES

NAME, SITE = "sts.example.com", "team.sites.example.com"
PAGE = "/adfs/ls/idpinitiatedsignon.aspx"
NOBODY = 65534
NGINX = """\
daemon off;
worker_processes 1;
user nobody nogroup;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 512; }}
http {{
	log_format plain '$remote_addr $remote_port $server_addr';
	access_log {dir}/access.log plain;
	client_body_temp_path {dir}/1;
	proxy_temp_path {dir}/2;
	fastcgi_temp_path {dir}/3;
	uwsgi_temp_path {dir}/4;
	scgi_temp_path {dir}/5;
	keepalive_timeout 60;
	server {{
		listen 443 ssl;
		ssl_certificate {cert};
		ssl_certificate_key {key};
		location / {{ return 200 "{node} $remote_addr $remote_port\\n"; }}
	}}
}}
"""


def certificate(lab):
    """Of this lab only: the servers show it, the clients trust nothing else."""
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},DNS:{SITE}"]
    files = ["-keyout", lab.path("lab", "key"), "-out", lab.path("lab", "pem")]
    kind = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split()
    output("openssl", "req", "-x509", *kind, *names, *files)


def start(lab):
    certificate(lab)
    places = [n for n in lab.nodes if NODES[n].role in ("server", "cloud")]
    for node in places:
        web(lab, node)
    mail = [n for n in places if NODES[n].role == "server"]
    for node in mail:
        smtp(lab, node)
    for node in places:
        listening(lab, node, 443)
    for node in mail:
        listening(lab, node, 25)


def web(lab, node):
    place = lab.path(node, "nginx")
    os.makedirs(place)
    cert, key = lab.path("lab", "pem"), lab.path("lab", "key")
    conf = lab.write(node, "nginx.conf", NGINX.format(dir=place, cert=cert, key=key, node=node))
    lab.start(node, "nginx", "nginx", "-p", place, "-e", f"{place}/error.log", "-c", conf)


def smtp(lab, node):
    """It becomes nobody before it listens, and asks for its host's name, which no resolver has."""
    box = lab.path(node, "mail")
    for part in ("", "/new", "/cur", "/tmp"):
        os.makedirs(box + part)
        os.chown(box + part, NOBODY, -1)
    host = ["unshare", "--uts", "sh", "-c", 'hostname localhost; exec "$@"', "sh"]
    server = "/usr/bin/python3 -m aiosmtpd -l 0.0.0.0:25 -c aiosmtpd.handlers.Mailbox"
    lab.start(node, "smtp", *host, *server.split(), box)


def listening(lab, node, port):
    def now():
        return f":{port} " in lab.ask(node, "ss", "-Hltn")

    wait_for(f"{node} listens on port {port}", 15, now)


class Answer:
    """Of one question: text is what the server said, or "" and `error` what curl said."""

    def __init__(self, process):
        self.text, error = process.communicate()
        self.text = self.text.strip()
        self.error = (
            "" if not process.returncode else error.strip() or f"curl: status {process.returncode}"
        )

    @property
    def silent(self):
        """There was no connection, and nobody said why."""
        return "(28)" in self.error

    def __str__(self):
        return self.error or self.text


class Held:
    """A conversation over HTTPS that stays: every question in it goes over one connection."""

    def __init__(self, lab, node, source, address, name=NAME):
        with Inside(lab.space(node)):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(15)  # TCP repeats after a cut
        self.name, self.own, self.trouble = name, None, None
        context = ssl.create_default_context(cafile=lab.path("lab", "pem"))
        try:
            self.socket.bind((source, 0))
            self.socket.connect((address, 443))
            self.own = self.socket.getsockname()
            self.socket = context.wrap_socket(self.socket, server_hostname=name)
        except OSError as error:
            self.trouble = f"no connection: {error}"

    def ask(self):
        """What the server says of who asked, or what went wrong."""
        self.say()
        return self.hear()

    def say(self):
        question = f"GET {PAGE} HTTP/1.1\r\nHost: {self.name}\r\n\r\n"
        try:
            self.trouble or self.socket.sendall(question.encode())
        except OSError as error:
            self.trouble = f"no question: {error}"

    def hear(self):
        if self.trouble:
            return self.trouble
        try:
            answer = self.socket.recv(4096).decode()
        except OSError as error:
            return f"no answer: {error}"
        return answer.rpartition("\r\n\r\n")[2].strip() or "closed"


def curl(lab, node, source, *words):
    patience = "--connect-timeout 3 --max-time 10".split()
    command = ["curl", "-sS", "--interface", source, *patience, *words]
    return subprocess.Popen(
        lab.inside(node, command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def https(lab, node, source, address, name=NAME):
    trust = ["--cacert", lab.path("lab", "pem"), "--resolve", f"{name}:443:{address}"]
    return curl(lab, node, source, *trust, f"https://{name}{PAGE}")


def mail(lab, node, source, address):
    letter = lab.write("lab", "letter", "Subject: a letter\n\nfrom the cloud\n")
    envelope = "--mail-from cloud@example.org --mail-rcpt staff@example.com".split()
    return curl(lab, node, source, *envelope, "-T", letter, "-w", "taken\n", f"smtp://{address}")


def web_log(lab, node, count=0):
    """Addresses that asked this server, as it logged them. It may log after it answered, so
    that is waited for until there are so many."""

    def read():
        try:
            with open(f"{lab.path(node, 'nginx')}/access.log", encoding="ascii") as log:
                return [line.split()[0] for line in log]
        except FileNotFoundError:
            return []

    patient(lambda: len(read()) >= count)
    return read()


def mail_log(lab, node, count=0):
    """Addresses that brought the letters in this server's mailbox."""

    def read():
        found = []
        for path in glob.glob(lab.path(node, "mail") + "/new/*"):
            with open(path, encoding="utf-8") as letter:
                found += re.findall(r"^X-Peer: \('([0-9.]+)'", letter.read(), re.M)
        return found

    patient(lambda: len(read()) >= count)
    return read()
