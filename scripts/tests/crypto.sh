#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In L1: the kernel's own tests of the ciphers that qat_4xxx registers with the first card. The second one, which compresses, stays away: why is
# told where L1's command line is made (cryptomgr.notests). Prints TAP.
set -eu

pci=/sys/bus/pci
notests=/sys/module/cryptomgr/parameters/notests
ciphers="qat_aes_cbc qat_aes_ctr qat_aes_xts qat_aes_cbc_hmac_sha1 qat_aes_cbc_hmac_sha256 qat_aes_cbc_hmac_sha512 qat-rsa qat-dh"

passed() {
	for c in $ciphers; do
		sed -n "/^driver *: $c\$/,/^\$/p" /proc/crypto | grep -q '^selftest *: passed' || return 1
	done
}
# Within five minutes: all checkers look on
tested() {
	for _ in $(seq 300); do
		if passed; then return; fi
		sleep 1
	done
	grep -A4 '^driver *: qat' /proc/crypto
	return 1
}
say() {
	if "$2"; then echo "ok $1 - $3"; else echo "not ok $1 - $3"; fi
}

echo 1..2
other=$(cd $pci/drivers/4xxx && ls -d 0*:* | sed -n 2p)
modprobe -r hdiov_qat
rmmod qat_4xxx
echo none >"$pci/devices/$other/driver_override"
# They are made when a driver registers a cipher.
echo 0 >$notests
modprobe qat_4xxx
say 1 tested "the kernel's tests of: $ciphers"
echo 1 >$notests
both() {
	echo >"$pci/devices/$other/driver_override"
	echo "$other" >$pci/drivers/4xxx/bind && modprobe hdiov_qat && [ -e "$pci/devices/$other/mdev_supported_types" ]
}
say 2 both "both cards are back"
