#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of the page on tracing, by Debian's perf and bpftrace too, while a guest with a VDEV is at work.
set -euo pipefail
# shellcheck source=scripts/tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/tests/lib-clients.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-clients.sh"
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

cleanup() {
	host 'l2 stop g1; rm -f /tmp/perf.data /tmp/perf.txt' >/dev/null 2>&1 || true
	clients_end
}
trap cleanup EXIT

clients_begin
vdev_create $u1 avf-1
start_guest g1 --vdev $u1
link_up g1 10.0.0.2
# Each change of the guest's address list is a message, by registers that trap
guest g1 '(while ip maddr add 01:00:5e:00:00:55 dev eth0; do sleep 0.3; ip maddr del 01:00:5e:00:00:55 dev eth0; sleep 0.3; done) >/dev/null 2>&1 &'
/usr/bin/python3 "$scripts/lib/doctest.py" --all --set "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001=$u1" "${scripts%/*}/Documentation/admin-guide/hdiov-tracing.rst" -- \
	"$tb" run --timeout 120
