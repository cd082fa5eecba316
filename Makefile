# SPDX-License-Identifier: GPL-2.0-only
# Builds hdiov's modules against a kernel's headers, and runs the testbed. "make help" lists the targets.

KDIR ?= /lib/modules/$(shell uname -r)/build
TESTS ?= *

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean

demo:
	scripts/demo

test:
	scripts/run-tests '$(TESTS)'

test-long:
	scripts/run-tests 'long*' 'ice*'

check:
	scripts/run-tests 'static*'

bench:
	scripts/bench

help:
	@echo 'On a server with the hardware:'
	@echo '  make                  build the modules against KDIR (default: the running kernel)'
	@echo '  make modules_install  install them into /lib/modules'
	@echo '  make clean            remove what make built'
	@echo 'Anywhere, on emulated hardware (Debian 12 or 13; everything is built and cached by itself):'
	@echo '  make demo             boot a server with an E810, give a VDEV to a guest, pass traffic'
	@echo '  make test             all tests; TESTS=PATTERN selects (scripts/run-tests --list shows them)'
	@echo '  make test-long        what takes too long for every run: virtual functions in guests, all 255 of an E810, and VDEVs beside ice'
	@echo '  make check            only the static checks: checkpatch, sparse, W=1, shellcheck, kernel-doc'
	@echo '  make bench            the benchmark: a table, bench/*.csv and a picture'
	@echo '  scripts/testbed --help   the parts of it, one by one'
	@echo 'Variables: KDIR=$(KDIR)'

.PHONY: modules modules_install clean demo test test-long check bench help
