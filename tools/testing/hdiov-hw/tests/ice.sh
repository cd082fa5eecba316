#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Linux's own ice driver against the emulated E810, in safe mode (without a
# DDP package): DHCP, ping and a download. Prints TAP.
set -eu

usage() {
	cat <<EOF
Usage: ${0##*/} QEMU KERNEL MODULES BUSYBOX [BLOB-DIR...]

Boots a stock kernel whose in-tree ice drives the emulated E810.

BUSYBOX   a static busybox
TIMEOUT   in the environment: seconds for the whole run (default: 300)
PROPS     in the environment: properties of the card, such as sched-layers=5
QEMU_LOG  in the environment: what QEMU logs (default: guest_errors)
EOF
	common_usage
}

# shellcheck source-path=SCRIPTDIR source=linux.sh
. "${0%/*}/linux.sh"
cp "$from" "$root/bin/busybox"
put_modules ice

cat >"$root/dhcp" <<'EOF'
#!/bin/busybox sh
[ "$1" = bound ] || exit 0
/bin/busybox ip addr add "$ip/24" dev "$interface"
echo "TEST-BOUND $ip"
EOF
cat >"$root/init" <<'EOF'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r m; do
	insmod "/modules/$m.ko" || echo "TEST-INSMOD-FAILED $m"
done </modules/order
n=0
until [ -e /sys/class/net/eth0 ] || [ $n -ge 100 ]; do
	n=$((n + 1))
	sleep 0.1
done
ip link set eth0 up
n=0
until [ "$(cat /sys/class/net/eth0/carrier 2>/dev/null)" = 1 ] || [ $n -ge 100 ]; do
	n=$((n + 1))
	sleep 0.1
done
echo "TEST-CARRIER $(cat /sys/class/net/eth0/carrier)"
udhcpc -q -n -i eth0 -s /dhcp
ping -c 10 -i 0.2 10.0.2.2 && echo TEST-PING
tftp -g -r file.bin -l /tmp/file.bin 10.0.2.2
echo "TEST-SUM $(md5sum </tmp/file.bin)"
cat /proc/net/dev
rmmod ice && echo TEST-RMMOD
insmod /modules/ice.ko && sleep 1 && ip link set eth0 up && sleep 2
udhcpc -q -n -i eth0 -s /dhcp
ping -c 3 -i 0.2 10.0.2.2 && echo TEST-PING-AGAIN
dmesg | grep -E 'WARNING|BUG|Oops' && echo TEST-KERNEL-COMPLAINS
echo TEST-DONE
poweroff -f
EOF
chmod 0755 "$root/init" "$root/dhcp"

mkdir "$tmp/tftp"
head -c 500000 /dev/urandom >"$tmp/tftp/file.bin"

run_linux "${TIMEOUT:-300}" "" -netdev "user,id=n0,tftp=$tmp/tftp,restrict=on" \
	-device e810,id=pf0,netdev=n0,mac=52:54:00:e8:10:01${PROPS:+,$PROPS} -d "${QEMU_LOG:-guest_errors}"

log() { grep -aqE "$1" "$tmp/log"; }

check "modules load" not log TEST-INSMOD-FAILED
check "ice enters safe mode" log 'ice .*Safe Mode'
check "carrier" log 'TEST-CARRIER 1'
check "address by DHCP" log 'TEST-BOUND 10\.0\.2\.'
check "ping" log TEST-PING
check "download is intact" log "TEST-SUM $(md5sum <"$tmp/tftp/file.bin")"
check "rmmod" log TEST-RMMOD
check "works after insmod" log TEST-PING-AGAIN
check "no complaint of the kernel" not log 'TEST-KERNEL-COMPLAINS|DMAR: .*fault'
check "to the end" log TEST-DONE
finish
