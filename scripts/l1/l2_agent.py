# SPDX-License-Identifier: GPL-2.0-only
"""What tests do with guests all the time, on an emulated processor: "l2 run", pause and resume. So this imports only what it needs."""
import binascii
import os
import socket
import sys
import time

RUN = "/run/l2"


def die(text):
    sys.exit("l2: " + text)


def path(name, leaf=""):
    if not name.replace("-", "").replace("_", "").isalnum():
        die(f"bad guest name {name!r}")
    return os.path.join(RUN, name, leaf)


def is_guest(pid, name):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f"l2-{name}".encode() in f.read()
    except OSError:
        return False


def pid_of(name):
    try:
        with open(path(name, "pid"), encoding="ascii") as f:
            pid = int(f.read())
    except (OSError, ValueError):
        return None
    return pid if is_guest(pid, name) else None


def need(name):
    pid = pid_of(name)
    if not pid:
        die(f"guest {name} is not running")
    return pid


def agent(name, command, seconds, others=False):
    """Run a shell command by the guest's agent on the virtio serial port: (status, stdout, stderr), or None. The answer to another one, that
    nobody has waited for any more, will do if OTHERS, and so does what the agent says when it begins."""
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(seconds)
        try:
            sock.connect(path(name, "agent"))
            ident = f"{os.getpid()}-{time.monotonic_ns()}"
            request = binascii.b2a_base64(command.encode(), newline=False).decode()
            sock.sendall(f"{ident} {int(seconds)} {request}\n".encode())
            data = b""
            while True:
                while b"\n" in data:
                    line, data = data.split(b"\n", 1)
                    words = line.decode(errors="replace").split(" ")
                    if len(words) == 4 and (others or words[0] == ident):
                        return (int(words[1]), binascii.a2b_base64(words[2]), binascii.a2b_base64(words[3]))
                sock.settimeout(max(0.05, end - time.monotonic()))
                got = sock.recv(65536)
                if not got:
                    return None
                data += got
        except OSError:
            return None


def tail(file, count=15):
    try:
        with open(file, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-count:])
    except OSError:
        return ""


def take_number(option, args, default):
    if args[:1] == [option]:
        return float(args[1]), args[2:]
    return default, args


def take_timeout(args, default):
    return take_number("--timeout", args, default)


def run(args):
    """A shell command in a guest, its output here. Returns its exit status."""
    if args[:1] == ["--timeout"] and len(args) < 4 or len(args) < 2:
        die("run: an argument is missing; see l2 --help")
    seconds, args = take_timeout(args, 120)
    need(args[0])
    result = agent(args[0], " ".join(args[1:]), seconds)
    if not result:
        sys.stderr.write(tail(path(args[0], "console")))
        die(f"run: no answer from guest {args[0]} within {seconds:.0f} s")
    sys.stdout.buffer.write(result[1])
    sys.stdout.flush()
    sys.stderr.buffer.write(result[2])
    return result[0]


def tell(name, command):
    """A QMP command without arguments to a guest's QEMU"""
    need(name)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(60)
        try:
            sock.connect(path(name, "qmp"))
            stream = sock.makefile("rw")
            stream.readline()
            for what in ("qmp_capabilities", command):
                stream.write(f'{{"execute": "{what}"}}\n')
                stream.flush()
                line = stream.readline()
                while '"event": ' in line:
                    line = stream.readline()
                if not line.startswith('{"return": '):
                    die(f"{what}: {line.strip() or 'no answer'}")
        except OSError as err:
            die(f"{name}: {command}: {err}")
