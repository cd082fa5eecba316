# SPDX-License-Identifier: GPL-2.0-only
# Builds hdiov's modules against a kernel's headers, and runs the testbed. "make help" lists the targets.

KERNEL ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KERNEL)/build
TESTS ?= *
PF_DRIVER = scripts/pf-driver --kernel $(KERNEL) --kdir $(KDIR) $(if $(SOURCE),--source $(SOURCE))
QAT = build-qat/$(KERNEL)/src/drivers/crypto/intel/qat

# With the versions of the intel_qat that "make qat" has made, if it has. Kbuild does not see that they have changed
modules:
	@$(RM) Module.symvers
	$(MAKE) -C $(KDIR) M=$(CURDIR) KBUILD_EXTRA_SYMBOLS="$(wildcard $(CURDIR)/$(QAT)/Module.symvers)" modules

modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

# Linux's ice with the patches that hdiov_e810 needs, and hdiov_e810
ice: modules
	$(PF_DRIVER) ice build

# Linux's qat_4xxx, for kernels without it
qat:
	$(PF_DRIVER) qat build

# In a guest: Linux's iavf for an E810's VDEVs of the types vdcm
iavf:
	$(PF_DRIVER) iavf build

ice_install qat_install iavf_install:
	$(PF_DRIVER) $(@:_install=) install

ice_remove qat_remove iavf_remove:
	$(PF_DRIVER) $(@:_remove=) remove

# Into build-deb. dpkg-buildpackage wants debhelper and dh-dkms, and leaves its results beside the tree that it builds: a copy.
deb:
	rm -rf build-deb
	mkdir -p build-deb/hdiov
	cp -r $(filter-out build-%,$(wildcard *)) build-deb/hdiov/
	cd build-deb/hdiov && dpkg-buildpackage -b -us -uc
	rm -rf build-deb/hdiov
	ls build-deb/*.deb

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
	rm -rf build-ice build-qat build-iavf build-deb

demo:
	scripts/demo

test:
	scripts/run-tests '$(TESTS)'

test-long:
	scripts/run-tests 'long*' 'ice*' 'cards*'

mutants:
	scripts/mutants

check:
	scripts/run-tests 'static*'

bench:
	scripts/bench

experiments:
	scripts/experiments

help:
	@echo 'On a server with the hardware:'
	@echo '  make                  build the modules'
	@echo '  make modules_install  install them into /lib/modules'
	@echo '  make ice              for an E810: ice with patches/, of the kernel'"'"'s own source package, and hdiov_e810'
	@echo '  make qat              for a QAT, before make, if the kernel has no qat_4xxx (Debian): build it of the same source package'
	@echo '  make ice_install qat_install   install these; "make ice_remove", "make qat_remove" go back to the kernel'"'"'s own'
	@echo '  make iavf             in a guest: iavf_vdcm, Linux'"'"'s iavf for an E810'"'"'s VDEVs of the types vdcm; iavf_install, iavf_remove'
	@echo '  make deb              packages of it for Debian: hdiov-dkms, which does all of the above on each machine, and hdiov-tools'
	@echo '  make clean            remove what make built'
	@echo 'Anywhere, on emulated hardware (Debian 12 or 13; everything is built and cached by itself):'
	@echo '  make demo             boot a server with an E810 and a QAT; a guest passes traffic and encrypts on VDEVs'
	@echo '  make test             the standard tests; TESTS=PATTERN selects (scripts/run-tests --list shows them)'
	@echo '  make test-long        what takes too long for every run: packages, libvirt, podman, a whole Debian as guest, all 255 VFs, other QATs'
	@echo '  make mutants          plant bugs, and see whether tests notice; scripts/mutants --list shows which'
	@echo '  make check            only the static checks: checkpatch, sparse, W=1, shellcheck, kernel-doc'
	@echo '  make bench            the benchmark: a table, bench/*.csv and a picture'
	@echo '  make experiments      the paper'"'"'s experiments, and experiments/index.html; scripts/experiments --list says how long'
	@echo '  scripts/testbed --help   the parts of it, one by one'
	@echo 'Variables: KERNEL=$(KERNEL), KDIR=$(KDIR), SOURCE, of ice, qat and iavf: a kernel tree or archive (default: in /usr/src)'

.PHONY: modules modules_install ice ice_install ice_remove qat qat_install qat_remove iavf iavf_install iavf_remove deb clean demo test test-long mutants check bench experiments help
