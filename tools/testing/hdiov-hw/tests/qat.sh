#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Drive the emulated QAT through QEMU's qtest socket, without any guest: set
# up rings, submit requests, compare the results with Python's and OpenSSL's.
set -eu

usage() {
	cat <<EOF
usage: ${0##*/} QEMU-BINARY [-v]

Prints TAP. Needs python3 and the openssl command. -v shows QEMU's messages.
EOF
}

case ${1:-} in
-h | --help)
	usage
	exit 0
	;;
'' | -*)
	usage >&2
	exit 2
	;;
esac

qemu=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/qat.py" "$qemu" "$@"
