#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Send one QMP command and print what it returned. A name with a space in it goes to the human monitor."""
import json
import socket
import sys


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: qmp.py SOCKET COMMAND [JSON-ARGUMENTS]")
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(60)
    sock.connect(sys.argv[1])
    stream = sock.makefile("rw")

    def call(name, args=None):
        stream.write(json.dumps({"execute": name, "arguments": args or {}}) + "\n")
        stream.flush()
        for line in stream:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                sys.exit("qmp: " + answer["error"]["desc"])
        sys.exit("qmp: connection closed")

    json.loads(stream.readline())
    call("qmp_capabilities")
    if " " in sys.argv[2]:
        result = call("human-monitor-command", {"command-line": sys.argv[2]})
    else:
        result = call(sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) == 4 else None)
    print(result if isinstance(result, str) else json.dumps(result, indent=1))


main()
