// SPDX-License-Identifier: GPL-2.0-only
/* VDEVs for tests: made through sysfs, driven through VFIO as a hypervisor does */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>

#include "vdev.h"

/* For what happens without anybody being told when it is done */
#define SOON_MS		60000

#define CLASS_DIR	"/sys/class/mdev_bus"
#define MDEV_DIR	"/sys/bus/mdev/devices"
#define PCI_DIR		"/sys/bus/pci/devices"
#define DEBUG_DIR	"/sys/kernel/debug/hdiov"
#define MOCK_DEBUG_DIR	"/sys/kernel/debug/hdiov_mock"

#define format(buf, size, ...)						\
	do {								\
		if (snprintf(buf, size, __VA_ARGS__) >= (int)(size))	\
			die("name too long");				\
	} while (0)

static void die(const char *what)
{
	fprintf(stderr, "# %s: %s\n", what, strerror(errno));
	abort();
}

int file_read(const char *path, char *buf, size_t size)
{
	size_t done = 0;
	ssize_t ret;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (done < size - 1) {
		ret = read(fd, buf + done, size - 1 - done);
		if (ret < 0) {
			ret = -errno;
			close(fd);
			return ret;
		}
		if (!ret)
			break;
		done += ret;
	}
	close(fd);
	buf[done] = 0;
	return done;
}

int file_write(const char *path, const char *text)
{
	int ret = 0;
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

bool file_exists(const char *path)
{
	return !access(path, F_OK);
}

/* The number in the line "name: number" of a file */
static long long file_value(const char *path, const char *name)
{
	size_t len = strlen(name);
	char buf[16384];
	char *line;
	int ret;

	ret = file_read(path, buf, sizeof(buf));
	if (ret < 0)
		return ret;
	for (line = buf; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ':')
			return strtoll(line + len + 1, NULL, 0);
	}
	return -ENOENT;
}

/* The directory of a PF's type, whose name begins with the PF's driver */
static bool type_dir(const char *pf, const char *type, char *buf, size_t size)
{
	char link[PATH_MAX], path[PATH_MAX];
	const char *driver;
	ssize_t len;

	format(path, sizeof(path), CLASS_DIR "/%s/driver", pf);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return false;
	link[len] = 0;
	driver = strrchr(link, '/');
	if (!driver)
		return false;
	format(buf, size, CLASS_DIR "/%s/mdev_supported_types/%s-%s", pf,
	       driver + 1, type);
	return file_exists(buf);
}

bool pf_find(const char *type, enum vdev_mode mode, char *pf, size_t size,
	     const char **why)
{
	const char *wanted = getenv("HDIOV_PF");
	char path[PATH_MAX];
	struct dirent *ent;
	bool found = false;
	int available;
	DIR *dir;

	*why = "no PF offers this type";
	if (mode == VDEV_IOMMUFD && !file_exists("/dev/iommu")) {
		*why = "this kernel has no /dev/iommu";
		return false;
	}
	if (mode == VDEV_CONTAINER && !file_exists("/dev/vfio/vfio")) {
		*why = "this kernel has no /dev/vfio/vfio";
		return false;
	}

	dir = opendir(CLASS_DIR);
	if (!dir)
		return false;
	while ((ent = readdir(dir))) {
		if (ent->d_name[0] == '.')
			continue;
		if (wanted && strcmp(wanted, ent->d_name))
			continue;
		if (!type_dir(ent->d_name, type, path, sizeof(path)))
			continue;
		/* One that has nothing left only if no other has */
		available = pf_available(ent->d_name, type);
		if (found && available <= 0)
			continue;
		found = true;
		format(pf, size, "%s", ent->d_name);
		if (available > 0)
			break;
	}
	closedir(dir);
	return found;
}

int pf_module(const char *pf, char *name, size_t size)
{
	char link[PATH_MAX], path[PATH_MAX];
	ssize_t len;

	format(path, sizeof(path), CLASS_DIR "/%s/driver/module", pf);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = 0;
	format(name, size, "%s", strrchr(link, '/') + 1);
	/* A driver beside the PF's own */
	if (!strcmp(name, "qat_4xxx"))
		format(name, size, "hdiov_qat");
	return 0;
}

int pf_available(const char *pf, const char *type)
{
	char dir[PATH_MAX / 2], path[PATH_MAX], buf[32];
	int ret;

	if (!type_dir(pf, type, dir, sizeof(dir)))
		return -ENOENT;
	format(path, sizeof(path), "%s/available_instances", dir);
	ret = file_read(path, buf, sizeof(buf));
	return ret < 0 ? ret : atoi(buf);
}

bool pf_offers(const char *pf, const char *type, bool offers)
{
	unsigned int ms;

	for (ms = 0; ms < SOON_MS; ms += 10) {
		if ((pf_available(pf, type) >= 0) == offers)
			return true;
		msleep(10);
	}
	return false;
}

long long pf_resource(const char *pf, const char *name)
{
	char path[PATH_MAX];

	format(path, sizeof(path), DEBUG_DIR "/%s/resources", pf);
	return file_value(path, name);
}

const char *pf_path(const char *pf, const char *file, char *buf, size_t size)
{
	format(buf, size, "/sys/bus/pci/devices/%s/%s", pf, file);
	return buf;
}

void *pf_mmap(const char *pf, uint64_t offset)
{
	char path[PATH_MAX];
	void *page;
	int fd;

	fd = open(pf_path(pf, "resource0", path, sizeof(path)),
		  O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return MAP_FAILED;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	close(fd);
	return page;
}

int pf_inject_error(const char *pf, uint32_t uncor_status, const char **why)
{
	/* What aer_inject takes: drivers/pci/pcie/aer_inject.c */
	struct {
		uint8_t bus, dev, fn;
		uint32_t uncor_status;
		uint32_t cor_status;
		uint32_t header_log[4];
		uint32_t domain;
	} inj = { .uncor_status = uncor_status };
	unsigned int domain, bus, dev, fn;
	int fd, ret = 0;

	*why = "the PF is no PCI device";
	if (sscanf(pf, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return -ENODEV;
	inj.domain = domain;
	inj.bus = bus;
	inj.dev = dev;
	inj.fn = fn;
	*why = "this kernel has no aer_inject";
	if (system("modprobe -q aer_inject"))
		return -ENODEV;
	fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENODEV;
	*why = "no port hears of the PF's errors";
	if (write(fd, &inj, sizeof(inj)) != sizeof(inj))
		ret = -errno;
	close(fd);
	return ret;
}

void pf_inject_end(void)
{
	if (file_exists("/sys/module/aer_inject") &&
	    system("modprobe -r aer_inject"))
		fprintf(stderr, "# aer_inject cannot be unloaded\n");
}

int mock_tell(const char *pf, const char *file, unsigned int value)
{
	char path[PATH_MAX], buf[16];

	format(path, sizeof(path), MOCK_DEBUG_DIR "/%s/%s", pf, file);
	format(buf, sizeof(buf), "%u", value);
	return file_write(path, buf);
}

long long mock_asks(const char *pf, const char *file)
{
	char path[PATH_MAX], buf[32];
	int ret;

	format(path, sizeof(path), MOCK_DEBUG_DIR "/%s/%s", pf, file);
	ret = file_read(path, buf, sizeof(buf));
	return ret < 0 ? ret : atoll(buf);
}

void vdev_init(struct vdev *vdev, const char *pf, const char *type,
	       enum vdev_mode mode)
{
	static unsigned int count;
	unsigned int n = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);

	memset(vdev, 0, sizeof(*vdev));
	format(vdev->uuid, sizeof(vdev->uuid),
	       "6864696f-7600-4000-8000-%06x%06x", getpid() & 0xffffff,
	       n & 0xffffff);
	format(vdev->pf, sizeof(vdev->pf), "%s", pf);
	format(vdev->type, sizeof(vdev->type), "%s", type);
	vdev->mode = mode;
	vdev->fd = -1;
	vdev->group = -1;
	vdev->iommu = -1;
}

void vdev_init_vf(struct vdev *vdev, const char *bdf, enum vdev_mode mode)
{
	vdev_init(vdev, "", "", mode);
	format(vdev->uuid, sizeof(vdev->uuid), "%s", bdf);
}

int vdev_find_vf(struct vdev *vdev, const char *pf, unsigned int index,
		 enum vdev_mode mode)
{
	char path[PATH_MAX], link[PATH_MAX];
	ssize_t len;

	format(link, sizeof(link), "virtfn%u", index);
	len = readlink(pf_path(pf, link, path, sizeof(path)), link,
		       sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = 0;
	vdev_init_vf(vdev, strrchr(link, '/') + 1, mode);
	return 0;
}

int vdev_take_vf(struct vdev *vdev)
{
	char path[PATH_MAX];
	int ret;

	ret = file_write(vdev_path(vdev, "driver_override", path, sizeof(path)),
			 "vfio-pci");
	return ret ?: file_write("/sys/bus/pci/drivers/vfio-pci/bind",
				 vdev->uuid);
}

int pf_set_num_vfs(const char *pf, unsigned int num)
{
	char path[PATH_MAX], text[16];

	format(text, sizeof(text), "%u", num);
	return file_write(pf_path(pf, "sriov_numvfs", path, sizeof(path)), text);
}

int vdev_create_named(const char *pf, const char *type, const char *name)
{
	char dir[PATH_MAX / 2], path[PATH_MAX];

	if (!type_dir(pf, type, dir, sizeof(dir)))
		return -ENOENT;
	format(path, sizeof(path), "%s/create", dir);
	return file_write(path, name);
}

int vdev_create(struct vdev *vdev)
{
	return vdev_create_named(vdev->pf, vdev->type, vdev->uuid);
}

const char *vdev_path(const struct vdev *vdev, const char *file, char *buf,
		      size_t size)
{
	/* A VF is named by its PCI address */
	format(buf, size, "%s/%s/%s",
	       strchr(vdev->uuid, ':') ? PCI_DIR : MDEV_DIR, vdev->uuid, file);
	return buf;
}

bool vdev_exists(const struct vdev *vdev)
{
	char path[PATH_MAX];

	return file_exists(vdev_path(vdev, "", path, sizeof(path)));
}

int vdev_remove(struct vdev *vdev)
{
	char path[PATH_MAX];

	return file_write(vdev_path(vdev, "remove", path, sizeof(path)), "1");
}

/* In an address space of its own, or in that of @first */
static int open_group(struct vdev *vdev, const struct vdev *first)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char link[PATH_MAX], path[PATH_MAX];
	ssize_t len;

	len = readlink(vdev_path(vdev, "iommu_group", path, sizeof(path)), link,
		       sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = 0;
	format(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);

	vdev->iommu = first ? dup(first->iommu) :
			      open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	vdev->group = open(path, O_RDWR | O_CLOEXEC);
	if (vdev->iommu < 0 || vdev->group < 0)
		return -errno;
	if (ioctl(vdev->group, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPERM;
	if (ioctl(vdev->group, VFIO_GROUP_SET_CONTAINER, &vdev->iommu) ||
	    (!first && ioctl(vdev->iommu, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU)))
		return -errno;
	return 0;
}

static int open_cdev(struct vdev *vdev, const struct vdev *first)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	char path[PATH_MAX], node[PATH_MAX] = "";
	struct dirent *ent;
	DIR *dir;

	dir = opendir(vdev_path(vdev, "vfio-dev", path, sizeof(path)));
	if (!dir)
		return -errno;
	while ((ent = readdir(dir)))
		if (!strncmp(ent->d_name, "vfio", 4))
			format(node, sizeof(node), "/dev/vfio/devices/%s",
			       ent->d_name);
	closedir(dir);

	vdev->fd = open(node, O_RDWR | O_CLOEXEC);
	vdev->iommu = first ? dup(first->iommu) :
			      open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (vdev->fd < 0 || vdev->iommu < 0)
		return -errno;
	bind.iommufd = vdev->iommu;
	if (ioctl(vdev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind) ||
	    (!first && ioctl(vdev->iommu, IOMMU_IOAS_ALLOC, &alloc)))
		return -errno;
	vdev->ioas = first ? first->ioas : alloc.out_ioas_id;
	return 0;
}

static int open_detached(struct vdev *vdev, const struct vdev *first)
{
	int ret;

	ret = vdev->mode == VDEV_IOMMUFD ? open_cdev(vdev, first) :
					   open_group(vdev, first);
	if (ret)
		vdev_close(vdev);
	return ret;
}

int vdev_open_detached(struct vdev *vdev)
{
	return open_detached(vdev, NULL);
}

int vdev_attach(struct vdev *vdev)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = vdev->ioas,
	};

	/* A container's domain is there when the device is opened */
	if (vdev->mode == VDEV_CONTAINER) {
		vdev->fd = ioctl(vdev->group, VFIO_GROUP_GET_DEVICE_FD,
				 vdev->uuid);
		return vdev->fd < 0 ? -errno : 0;
	}
	return ioctl(vdev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach) ?
	       -errno : 0;
}

int vdev_detach(struct vdev *vdev)
{
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
	};

	return ioctl(vdev->fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach) ?
	       -errno : 0;
}

int vdev_open(struct vdev *vdev)
{
	return vdev_open_beside(vdev, NULL);
}

int vdev_open_beside(struct vdev *vdev, const struct vdev *first)
{
	int ret;

	ret = open_detached(vdev, first);
	if (ret)
		return ret;
	ret = vdev_attach(vdev);
	if (ret)
		vdev_close(vdev);
	return ret;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vdev_close(struct vdev *vdev)
{
	close_fd(&vdev->fd);
	close_fd(&vdev->group);
	close_fd(&vdev->iommu);
}

int vdev_renew(struct vdev *vdev)
{
	if (vdev->mode == VDEV_CONTAINER) {
		close_fd(&vdev->fd);
		return vdev_attach(vdev);
	}
	vdev_close(vdev);
	return vdev_open(vdev);
}

void vdev_cleanup(struct vdev *vdev)
{
	if (!vdev->uuid[0])
		return;
	vdev_close(vdev);
	if (vdev_exists(vdev))
		vdev_remove(vdev);
}

int vdev_map(struct vdev *vdev, uint64_t iova, void *addr, size_t len, bool write)
{
	struct vfio_iommu_type1_dma_map type1 = {
		.argsz = sizeof(type1),
		.flags = VFIO_DMA_MAP_FLAG_READ |
			 (write ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = (uintptr_t)addr,
		.iova = iova,
		.size = len,
	};
	struct iommu_ioas_map ioas = {
		.size = sizeof(ioas),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 (write ? IOMMU_IOAS_MAP_WRITEABLE : 0),
		.ioas_id = vdev->ioas,
		.user_va = (uintptr_t)addr,
		.length = len,
		.iova = iova,
	};
	int ret;

	if (vdev->mode == VDEV_IOMMUFD)
		ret = ioctl(vdev->iommu, IOMMU_IOAS_MAP, &ioas);
	else
		ret = ioctl(vdev->iommu, VFIO_IOMMU_MAP_DMA, &type1);
	return ret ? -errno : 0;
}

int vdev_unmap(struct vdev *vdev, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap type1 = {
		.argsz = sizeof(type1),
		.iova = iova,
		.size = len,
	};
	struct iommu_ioas_unmap ioas = {
		.size = sizeof(ioas),
		.ioas_id = vdev->ioas,
		.iova = iova,
		.length = len,
	};
	int ret;

	if (vdev->mode == VDEV_IOMMUFD)
		ret = ioctl(vdev->iommu, IOMMU_IOAS_UNMAP, &ioas);
	else
		ret = ioctl(vdev->iommu, VFIO_IOMMU_UNMAP_DMA, &type1);
	return ret ? -errno : 0;
}

int vdev_region(struct vdev *vdev, unsigned int index,
		struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

struct vfio_region_info_cap_sparse_mmap *vdev_sparse(struct vdev *vdev,
						     unsigned int index)
{
	struct vfio_region_info_cap_sparse_mmap *sparse = NULL;
	struct vfio_region_info info, *full;
	struct vfio_info_cap_header *cap;
	size_t size;

	if (vdev_region(vdev, index, &info) ||
	    !(info.flags & VFIO_REGION_INFO_FLAG_CAPS))
		return NULL;
	full = calloc(1, info.argsz);
	if (!full)
		die("calloc");
	full->argsz = info.argsz;
	full->index = index;
	if (ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, full))
		die("VFIO_DEVICE_GET_REGION_INFO");

	for (cap = (void *)full + full->cap_offset; cap != (void *)full;
	     cap = (void *)full + cap->next) {
		if (cap->id != VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			continue;
		sparse = (void *)cap;
		size = sizeof(*sparse) +
		       sparse->nr_areas * sizeof(sparse->areas[0]);
		sparse = memcpy(malloc(size), sparse, size);
		break;
	}
	free(full);
	return sparse;
}

/* The core's choice of offsets is asked for once, it is the same for all */
static uint64_t region_offset(struct vdev *vdev, unsigned int index)
{
	static uint64_t offset[VFIO_PCI_NUM_REGIONS];
	struct vfio_region_info info;

	if (index >= VFIO_PCI_NUM_REGIONS)
		return (uint64_t)index << 40;
	if (index && !offset[index]) {
		if (vdev_region(vdev, index, &info))
			die("VFIO_DEVICE_GET_REGION_INFO");
		offset[index] = info.offset;
	}
	return offset[index];
}

int vdev_read(struct vdev *vdev, unsigned int region, uint64_t offset, void *buf,
	      size_t size)
{
	ssize_t ret;

	ret = pread(vdev->fd, buf, size, region_offset(vdev, region) + offset);
	return ret < 0 ? -errno : ret;
}

int vdev_write(struct vdev *vdev, unsigned int region, uint64_t offset,
	       const void *buf, size_t size)
{
	ssize_t ret;

	ret = pwrite(vdev->fd, buf, size, region_offset(vdev, region) + offset);
	return ret < 0 ? -errno : ret;
}

uint32_t vdev_get32(struct vdev *vdev, unsigned int region, uint64_t offset)
{
	uint32_t value;

	if (vdev_read(vdev, region, offset, &value, 4) != 4)
		die("register read");
	return le32toh(value);
}

void vdev_set32(struct vdev *vdev, unsigned int region, uint64_t offset,
		uint32_t value)
{
	value = htole32(value);
	if (vdev_write(vdev, region, offset, &value, 4) != 4)
		die("register write");
}

uint32_t cfg_get(struct vdev *vdev, unsigned int offset, unsigned int size)
{
	uint32_t value = 0;

	if (vdev_read(vdev, VFIO_PCI_CONFIG_REGION_INDEX, offset, &value,
		      size) != (int)size)
		die("config read");
	return le32toh(value);
}

void cfg_set(struct vdev *vdev, unsigned int offset, unsigned int size,
	     uint32_t value)
{
	value = htole32(value);
	if (vdev_write(vdev, VFIO_PCI_CONFIG_REGION_INDEX, offset, &value,
		       size) != (int)size)
		die("config write");
}

unsigned int cfg_cap(struct vdev *vdev, uint8_t id)
{
	unsigned int pos = cfg_get(vdev, PCI_CAPABILITY_LIST, 1);
	unsigned int left = 48;

	while (pos && left--) {
		if (cfg_get(vdev, pos, 1) == id)
			return pos;
		pos = cfg_get(vdev, pos + PCI_CAP_LIST_NEXT, 1);
	}
	return 0;
}

void vdev_enable(struct vdev *vdev, bool on)
{
	uint32_t bits = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	uint32_t cmd = cfg_get(vdev, PCI_COMMAND, 2);

	cfg_set(vdev, PCI_COMMAND, 2, on ? cmd | bits : cmd & ~bits);
}

void vdev_set_master(struct vdev *vdev, bool on)
{
	uint32_t cmd = cfg_get(vdev, PCI_COMMAND, 2) & ~PCI_COMMAND_MASTER;

	cfg_set(vdev, PCI_COMMAND, 2, on ? cmd | PCI_COMMAND_MASTER : cmd);
}

void *vdev_toggle(void *toggler)
{
	struct vdev_toggler *t = toggler;
	bool on;

	for (on = false; !__atomic_load_n(&t->stop, __ATOMIC_RELAXED); on = !on)
		vdev_set_master(t->vdev, on);
	return NULL;
}

void vdev_flr(struct vdev *vdev)
{
	unsigned int ctl = cfg_cap(vdev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;

	cfg_set(vdev, ctl, 2,
		cfg_get(vdev, ctl, 2) | PCI_EXP_DEVCTL_BCR_FLR);
}

int vdev_reset(struct vdev *vdev)
{
	return ioctl(vdev->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

void *vdev_mmap(struct vdev *vdev, unsigned int bar, uint64_t offset, size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, vdev->fd,
		    region_offset(vdev, bar) + offset);
}

int vdev_set_irqs(struct vdev *vdev, unsigned int index, uint32_t flags,
		  unsigned int start, unsigned int count, const void *data,
		  size_t size)
{
	struct vfio_irq_set *set;
	int ret = 0;

	set = calloc(1, sizeof(*set) + size);
	if (!set)
		die("calloc");
	set->argsz = sizeof(*set) + size;
	set->flags = flags;
	set->index = index;
	set->start = start;
	set->count = count;
	if (size)
		memcpy(set->data, data, size);
	if (ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, set))
		ret = -errno;
	free(set);
	return ret;
}

int vdev_set_vector(struct vdev *vdev, unsigned int vector, int fd)
{
	int32_t data = fd;

	return vdev_set_irqs(vdev, VFIO_PCI_MSIX_IRQ_INDEX,
			     VFIO_IRQ_SET_DATA_EVENTFD |
			     VFIO_IRQ_SET_ACTION_TRIGGER, vector, 1, &data,
			     sizeof(data));
}

int vdev_irq_count(struct vdev *vdev, unsigned int index)
{
	struct vfio_irq_info info = {
		.argsz = sizeof(info),
		.index = index,
	};

	if (ioctl(vdev->fd, VFIO_DEVICE_GET_IRQ_INFO, &info))
		return -errno;
	return info.count;
}

int vdev_vectors(struct vdev *vdev)
{
	return vdev_irq_count(vdev, VFIO_PCI_MSIX_IRQ_INDEX);
}

uint64_t event_wait(int fd, int ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	uint64_t count = 0;

	if (poll(&poll_fd, 1, ms) == 1 &&
	    read(fd, &count, sizeof(count)) != sizeof(count))
		die("eventfd");
	return count;
}

int vdev_feature(struct vdev *vdev, uint32_t feature, void *data, size_t size)
{
	struct vfio_device_feature *arg;
	int ret = 0;

	arg = calloc(1, sizeof(*arg) + size);
	if (!arg)
		die("calloc");
	arg->argsz = sizeof(*arg) + size;
	arg->flags = feature;
	if (size)
		memcpy(arg->data, data, size);
	if (ioctl(vdev->fd, VFIO_DEVICE_FEATURE, arg) < 0)
		ret = -errno;
	if (size)
		memcpy(data, arg->data, size);
	free(arg);
	return ret;
}

int vdev_mig_set(struct vdev *vdev, unsigned int state, int *fd)
{
	struct vfio_device_feature_mig_state mig = { .device_state = state };
	int ret;

	ret = vdev_feature(vdev, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE |
			   VFIO_DEVICE_FEATURE_SET, &mig, sizeof(mig));
	if (fd)
		*fd = ret ? -1 : mig.data_fd;
	return ret;
}

int vdev_mig_get(struct vdev *vdev)
{
	struct vfio_device_feature_mig_state mig = {};
	int ret;

	ret = vdev_feature(vdev, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE |
			   VFIO_DEVICE_FEATURE_GET, &mig, sizeof(mig));
	return ret ? ret : mig.device_state;
}

static void debug_path(const struct vdev *vdev, const char *file, char *buf,
		       size_t size)
{
	format(buf, size, DEBUG_DIR "/%s/%s/%s", vdev->pf, vdev->uuid, file);
}

long long vdev_state(const struct vdev *vdev, const char *name)
{
	char path[PATH_MAX];

	debug_path(vdev, "state", path, sizeof(path));
	return file_value(path, name);
}

bool vdev_in_state(const struct vdev *vdev, const char *state)
{
	char path[PATH_MAX], buf[16384], line[64];

	debug_path(vdev, "state", path, sizeof(path));
	if (file_read(path, buf, sizeof(buf)) < 0)
		return false;
	format(line, sizeof(line), "\nstate: %s\n", state);
	return strstr(buf, line);
}

bool vdev_gets(const struct vdev *vdev, const char *state)
{
	unsigned int ms;

	for (ms = 0; ms < SOON_MS; ms += 10) {
		if (vdev_in_state(vdev, state))
			return true;
		msleep(10);
	}
	return false;
}

bool vdev_says(const struct vdev *vdev, const char *want)
{
	char path[PATH_MAX], text[64];
	int ret = file_read(vdev_path(vdev, "state", path, sizeof(path)), text,
			    sizeof(text));

	if (ret < 0)
		return false;
	text[strcspn(text, "\n")] = 0;
	if (strcmp(text, want))
		printf("# state: \"%s\", not \"%s\"\n", text, want);
	return !strcmp(text, want);
}

int vdev_attr_set(const struct vdev *vdev, const char *name, const char *value)
{
	char path[PATH_MAX];

	return file_write(vdev_path(vdev, name, path, sizeof(path)), value);
}

bool vdev_attr_is(const struct vdev *vdev, const char *name, const char *value)
{
	char path[PATH_MAX], buf[128];
	size_t len = strlen(value);

	return file_read(vdev_path(vdev, name, path, sizeof(path)), buf,
			 sizeof(buf)) == len + 1 && !strncmp(buf, value, len);
}

long long vdev_statistic(const struct vdev *vdev, const char *name)
{
	char path[PATH_MAX], file[64], text[32];
	int ret;

	format(file, sizeof(file), "statistics/%s", name);
	ret = file_read(vdev_path(vdev, file, path, sizeof(path)), text,
			sizeof(text));
	return ret < 0 ? ret : strtoll(text, NULL, 10);
}

long long vdev_traps(const struct vdev *vdev, const char *class)
{
	char path[PATH_MAX], buf[4096], name[64];
	long long reads, writes, sum = 0;
	char *line;
	int ret;

	debug_path(vdev, "traps", path, sizeof(path));
	ret = file_read(path, buf, sizeof(buf));
	if (ret < 0)
		return ret;
	/* After the heading, each line: class reads writes */
	for (line = strchr(buf, '\n'); line; line = strchr(line + 1, '\n')) {
		if (sscanf(line + 1, "%63s %lld %lld", name, &reads,
			   &writes) != 3)
			continue;
		if (!class || !strcmp(class, name))
			sum += reads + writes;
	}
	return sum;
}

void *dma_alloc(size_t len)
{
	void *addr;

	addr = mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (addr == MAP_FAILED)
		die("mmap");
	return addr;
}

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	lseek(fd, 0, SEEK_END);
	return fd;
}

int kmsg_count(int kmsg, const char *a, const char *b)
{
	char line[4096];
	int num = 0;
	ssize_t len;

	for (;;) {
		len = read(kmsg, line, sizeof(line) - 1);
		/* Lines were lost */
		if (len < 0 && errno == EPIPE)
			continue;
		if (len < 0)
			return errno == EAGAIN ? num : -errno;
		line[len] = 0;
		num += strstr(line, a) && strstr(line, b);
	}
}

void msleep(unsigned int ms)
{
	struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	nanosleep(&ts, NULL);
}

long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

long long now_ms(void)
{
	return now_ns() / 1000000;
}
