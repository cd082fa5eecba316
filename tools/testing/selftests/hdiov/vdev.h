/* SPDX-License-Identifier: GPL-2.0-only */
/* VDEVs for tests: made through sysfs, driven through VFIO as a hypervisor does */
#ifndef _HDIOV_TEST_VDEV_H
#define _HDIOV_TEST_VDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/vfio.h>

#define VDEV_UUID_LEN	36

enum vdev_mode {
	VDEV_CONTAINER,		/* /dev/vfio/vfio and a group */
	VDEV_IOMMUFD,		/* /dev/iommu and /dev/vfio/devices/vfioN */
};

/**
 * struct vdev - a VDEV and, while it is open, what it was opened through
 * @uuid: its name
 * @pf: device name of the PF
 * @type: name of its type, without the PF's driver
 * @mode: how it is opened
 * @fd: the VFIO device, -1 while not open
 * @group: the VFIO group, or -1
 * @iommu: container or iommufd, or -1
 * @ioas: I/O address space in the iommufd
 */
struct vdev {
	char uuid[VDEV_UUID_LEN + 1];
	char pf[64];
	char type[32];
	enum vdev_mode mode;
	int fd;
	int group;
	int iommu;
	uint32_t ioas;
};

/*
 * All functions that return an int return 0 or more, or a negative errno,
 * unless said otherwise.
 */

/* Files */
int file_read(const char *path, char *buf, size_t size);
int file_write(const char *path, const char *text);
bool file_exists(const char *path);

/*
 * Looks for a PF that offers @type: $HDIOV_PF if set, else any. Returns false,
 * with a reason in @why, if there is none, or if this kernel cannot do @mode.
 */
bool pf_find(const char *type, enum vdev_mode mode, char *pf, size_t size,
	     const char **why);
/* The module that offers the PF's VDEVs */
int pf_module(const char *pf, char *name, size_t size);
int pf_available(const char *pf, const char *type);
/* Waits for the PF to offer @type, or not to. False if it takes too long */
bool pf_offers(const char *pf, const char *type, bool offers);
/* A line "name: number" of the PF's debugfs file "resources", or -errno */
long long pf_resource(const char *pf, const char *name);
/* A file of the PCI device, or of its driver below "driver/" */
const char *pf_path(const char *pf, const char *file, char *buf, size_t size);
/*
 * A page of its BAR 0, as the kernel lets root map it where drivers use it, too
 * (iomem=relaxed), or MAP_FAILED
 */
void *pf_mmap(const char *pf, uint64_t offset);
/*
 * The bus reports an uncorrectable error of the PF, bits as in its AER capability.
 * -ENODEV, with a reason in @why, if the kernel cannot be made believe it
 */
int pf_inject_error(const char *pf, uint32_t uncor_status, const char **why);
/*
 * No more errors. Until then the kernel reads and writes the configuration of all
 * devices on the bus through aer_inject, which lockdep objects to when users do
 */
void pf_inject_end(void);
/* The files that make the software device misbehave */
int mock_tell(const char *pf, const char *file, unsigned int value);
long long mock_asks(const char *pf, const char *file);

/* A VDEV with a name of its own, not created yet */
void vdev_init(struct vdev *vdev, const char *pf, const char *type,
	       enum vdev_mode mode);
/* A virtual function, to be opened in the same way. Another makes it */
void vdev_init_vf(struct vdev *vdev, const char *bdf, enum vdev_mode mode);
/* The PF's VF of that number, as it is known when it is there; and have vfio-pci take it */
int vdev_find_vf(struct vdev *vdev, const char *pf, unsigned int index,
		 enum vdev_mode mode);
int vdev_take_vf(struct vdev *vdev);
int pf_set_num_vfs(const char *pf, unsigned int num);
int vdev_create_named(const char *pf, const char *type, const char *name);
int vdev_create(struct vdev *vdev);
int vdev_remove(struct vdev *vdev);
bool vdev_exists(const struct vdev *vdev);
/* Path of a file in the VDEV's sysfs directory */
const char *vdev_path(const struct vdev *vdev, const char *file, char *buf,
		      size_t size);
int vdev_open(struct vdev *vdev);
/* In the address space of @first, which is open in the same mode: as one guest has them */
int vdev_open_beside(struct vdev *vdev, const struct vdev *first);
/*
 * The two halves of vdev_open(). With an iommufd the device is open in between,
 * without an address space; with a container it is opened by the second half.
 */
int vdev_open_detached(struct vdev *vdev);
int vdev_attach(struct vdev *vdev);
int vdev_detach(struct vdev *vdev);
void vdev_close(struct vdev *vdev);
/* Closed and opened, as if by the next user; a container and what it maps stay */
int vdev_renew(struct vdev *vdev);
/* Closes and removes, whatever state it is in */
void vdev_cleanup(struct vdev *vdev);

int vdev_map(struct vdev *vdev, uint64_t iova, void *addr, size_t len, bool write);
int vdev_unmap(struct vdev *vdev, uint64_t iova, size_t len);

/* Without capabilities */
int vdev_region(struct vdev *vdev, unsigned int index,
		struct vfio_region_info *info);
/* The sparse-mmap capability of a region, to be freed, or NULL */
struct vfio_region_info_cap_sparse_mmap *vdev_sparse(struct vdev *vdev,
						     unsigned int index);
/* One access of @size bytes. Returns what pread() and pwrite() do, or -errno */
int vdev_read(struct vdev *vdev, unsigned int region, uint64_t offset, void *buf,
	      size_t size);
int vdev_write(struct vdev *vdev, unsigned int region, uint64_t offset,
	       const void *buf, size_t size);
/* Registers that exist: end the program if the access fails */
uint32_t vdev_get32(struct vdev *vdev, unsigned int region, uint64_t offset);
void vdev_set32(struct vdev *vdev, unsigned int region, uint64_t offset,
		uint32_t value);
uint32_t cfg_get(struct vdev *vdev, unsigned int offset, unsigned int size);
void cfg_set(struct vdev *vdev, unsigned int offset, unsigned int size,
	     uint32_t value);
/* Offset of a capability, 0 if there is none */
unsigned int cfg_cap(struct vdev *vdev, uint8_t id);
/* Memory space and bus mastering on or off */
void vdev_enable(struct vdev *vdev, bool on);
/* Bus mastering alone */
void vdev_set_master(struct vdev *vdev, bool on);
/* A thread that turns it off and on until it is told to stop */
struct vdev_toggler {
	struct vdev *vdev;
	bool stop;
};

void *vdev_toggle(void *toggler);
void vdev_flr(struct vdev *vdev);
int vdev_reset(struct vdev *vdev);

/* Part of a BAR, or MAP_FAILED */
void *vdev_mmap(struct vdev *vdev, unsigned int bar, uint64_t offset, size_t len);

/* @data as VFIO_DEVICE_SET_IRQS takes it */
int vdev_set_irqs(struct vdev *vdev, unsigned int index, uint32_t flags,
		  unsigned int start, unsigned int count, const void *data,
		  size_t size);
/* Give vector @vector the eventfd @fd, -1 to disable it */
int vdev_set_vector(struct vdev *vdev, unsigned int vector, int fd);
int vdev_irq_count(struct vdev *vdev, unsigned int index);
int vdev_vectors(struct vdev *vdev);
/* An eventfd that got what it should within @ms; how many signals, 0 if none */
uint64_t event_wait(int fd, int ms);

/*
 * VFIO's migration protocol: VFIO_DEVICE_STATE_*. @fd gets what the state is read from
 * or written to, or -1, and may be NULL where there is none
 */
int vdev_mig_set(struct vdev *vdev, unsigned int state, int *fd);
/* The state it is in */
int vdev_mig_get(struct vdev *vdev);
/* VFIO_DEVICE_FEATURE with @feature and flags, and @data of @size bytes */
int vdev_feature(struct vdev *vdev, uint32_t feature, void *data, size_t size);

/* A line "name: number" of the VDEV's debugfs file "state", or -errno */
long long vdev_state(const struct vdev *vdev, const char *name);
/* Does debugfs say that it is in that state */
bool vdev_in_state(const struct vdev *vdev, const char *state);
/* The same, at some time soon */
bool vdev_gets(const struct vdev *vdev, const char *state);
/* Is this what its file "state" in sysfs says, for people */
bool vdev_says(const struct vdev *vdev, const char *want);
/* Its attributes in sysfs: sets one, and is it that */
int vdev_attr_set(const struct vdev *vdev, const char *name, const char *value);
bool vdev_attr_is(const struct vdev *vdev, const char *name, const char *value);
/* One of its statistics in sysfs, or -errno */
long long vdev_statistic(const struct vdev *vdev, const char *name);
/* Trapped accesses: of one class, or of all if @class is NULL */
long long vdev_traps(const struct vdev *vdev, const char *class);

/* The kernel's log from now on, to be closed; or a negative errno */
int kmsg_open(void);
/*
 * How many of its lines have both of these, of those since kmsg_open() or since it was
 * looked at last; or a negative errno
 */
int kmsg_count(int kmsg, const char *a, const char *b);

/* Memory for DMA, zeroed, locked by being mapped later */
void *dma_alloc(size_t len);
void msleep(unsigned int ms);
/* Since some moment, to measure time by */
long long now_ns(void);
long long now_ms(void);

/*
 * Variants of a fixture with the members .type and .mode in its variant: each
 * kind of VDEV, opened each way. What needs /dev/iommu has a name that begins
 * with "iommufd_": by it whoever runs the tests can leave it out.
 */
#define VDEV_VARIANT(fixture, kind, type_name)				\
	FIXTURE_VARIANT_ADD(fixture, container_##kind) {		\
		.type = type_name, .mode = VDEV_CONTAINER		\
	};								\
	FIXTURE_VARIANT_ADD(fixture, iommufd_##kind) {			\
		.type = type_name, .mode = VDEV_IOMMUFD			\
	}

/* The software device only, hardware only, or all */
#define VDEV_VARIANTS_MOCK(fixture)					\
	VDEV_VARIANT(fixture, dma_1, "dma-1");				\
	VDEV_VARIANT(fixture, dma_4, "dma-4")

#define VDEV_VARIANTS_HW(fixture)					\
	VDEV_VARIANT(fixture, avf_1, "avf-1");				\
	VDEV_VARIANT(fixture, vdcm_4, "vdcm-4");			\
	VDEV_VARIANT(fixture, vqat_sym, "vqat_sym")

#define VDEV_VARIANTS(fixture)						\
	VDEV_VARIANTS_MOCK(fixture);					\
	VDEV_VARIANTS_HW(fixture)

/* In FIXTURE_SETUP(): a VDEV of the variant, created, or skip */
#define VDEV_SETUP(vdev)						\
	do {								\
		const char *why;					\
		char pf[64];						\
									\
		if (!pf_find(variant->type, variant->mode, pf,		\
			     sizeof(pf), &why))				\
			SKIP(return, "%s: %s", variant->type, why);	\
		vdev_init(vdev, pf, variant->type, variant->mode);	\
		ASSERT_EQ(0, vdev_create(vdev));			\
	} while (0)

#endif /* _HDIOV_TEST_VDEV_H */
