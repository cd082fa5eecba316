// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts of a VDEV arrive at the eventfds that its user gave, and there only */
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "qat_guest.h"
#include "vdev.h"

#define MSIX		VFIO_PCI_MSIX_IRQ_INDEX
#define TRIGGER_EVENTFD	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD)
#define TRIGGER_NONE	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_NONE)
#define TRIGGER_BOOL	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_BOOL)

#define MAX_VECTORS	64
/* An interrupt that should come; and the time to see that none does */
#define SOON_MS		5000
#define NEVER_MS	30

/* E810: vector v's control register, in a page of its own or in the AVF window */
#define VDCM_VECTOR(v)		(0x2100000 + (v) * 0x1000ULL)
#define AVF_DYN_CTL01		0x5c00
#define AVF_DYN_CTLN1(n)	(0x3800 + (n) * 4)
#define DYN_CTL_INTENA		0x1
#define DYN_CTL_SWINT_TRIG	0x4
#define DYN_CTL_NO_ITR		0x18

FIXTURE(irq)
{
	struct vdev vdev;
	int32_t efd[MAX_VECTORS];
	int num;
};

FIXTURE_VARIANT(irq)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS(irq);

/* An eventfd for each vector. Returns their number, or a negative errno */
static int open_efds(struct vdev *vdev, int32_t *efd)
{
	int num = vdev_vectors(vdev);
	int i;

	if (num > MAX_VECTORS)
		return -E2BIG;
	for (i = 0; i < num; i++) {
		efd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (efd[i] < 0)
			return -errno;
	}
	return num;
}

FIXTURE_SETUP(irq)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
	self->num = open_efds(&self->vdev, self->efd);
	ASSERT_LT(1, self->num);
}

FIXTURE_TEARDOWN(irq)
{
	int i;

	vdev_cleanup(&self->vdev);
	for (i = 0; i < self->num; i++)
		close(self->efd[i]);
}

static bool is_qat(const struct vdev *vdev)
{
	return !strncmp(vdev->type, "vqat_", 5);
}

/* Vectors that software raises have no message of the hardware */
static bool has_message(const struct vdev *vdev, unsigned int vector)
{
	return vector || (!is_mock(vdev) && !is_qat(vdev));
}

/* Vector 0 by a message that is answered, 1 by a response ring that has some */
static void raise_qat(struct vdev *vdev, unsigned int vector)
{
	if (vector) {
		vdev_set32(vdev, 0, QG_CONFIG(1), QG_RING_ORDER);
		vdev_set32(vdev, 0, QG_TAIL(1), QG_RESP);
		vdev_set32(vdev, 0, QG_INT_SRC_SEL, 0x44);
		vdev_set32(vdev, 0, QG_INT_FLAG_EN, 2);
	} else {
		vdev_set32(vdev, 2, QG_RX_NOTIFIER, 0);
		vdev_set32(vdev, 2, QG_MSG_RAM, QG_MSG_VERSION_REQ | 1 << 16);
		vdev_set32(vdev, 2, QG_TX_NOTIFIER, 4);
	}
}

/* Have the device raise a vector */
static void raise_vector(struct vdev *vdev, unsigned int vector)
{
	uint32_t swint = DYN_CTL_INTENA | DYN_CTL_SWINT_TRIG | DYN_CTL_NO_ITR;

	if (is_mock(vdev)) {
		vdev_set32(vdev, MOCK_BAR, MOCK_SWINT, vector);
	} else if (is_qat(vdev)) {
		raise_qat(vdev, vector);
	} else if (!strncmp(vdev->type, "vdcm-", 5)) {
		volatile uint32_t *page;

		page = vdev_mmap(vdev, 0, VDCM_VECTOR(vector), 4096);
		if (page == MAP_FAILED)
			abort();
		page[0] = swint;
		munmap((void *)page, 4096);
	} else {
		vdev_set32(vdev, 0, vector ? AVF_DYN_CTLN1(vector - 1) :
			   AVF_DYN_CTL01, swint);
	}
}

static int set_all(struct vdev *vdev, const int32_t *efd, unsigned int num)
{
	return vdev_set_irqs(vdev, MSIX, TRIGGER_EVENTFD, 0, num, efd, num * 4);
}

static int disable_all(struct vdev *vdev)
{
	return vdev_set_irqs(vdev, MSIX, TRIGGER_NONE, 0, 0, NULL, 0);
}

TEST_F(irq, info)
{
	struct vfio_irq_info info = { .argsz = sizeof(info) };
	unsigned int i;

	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		info.index = i;
		ASSERT_EQ(0, ioctl(self->vdev.fd, VFIO_DEVICE_GET_IRQ_INFO,
				   &info));
		switch (i) {
		case MSIX:
			EXPECT_EQ(self->num, info.count);
			EXPECT_TRUE(info.flags & VFIO_IRQ_INFO_EVENTFD);
			/* Vectors are enabled one by one, as guests do */
			EXPECT_FALSE(info.flags & VFIO_IRQ_INFO_NORESIZE);
			break;
		case VFIO_PCI_ERR_IRQ_INDEX:
		case VFIO_PCI_REQ_IRQ_INDEX:
			EXPECT_EQ(1, info.count);
			EXPECT_TRUE(info.flags & VFIO_IRQ_INFO_EVENTFD);
			break;
		default:
			EXPECT_EQ(0, info.count);
		}
	}
	info.index = VFIO_PCI_NUM_IRQS;
	EXPECT_EQ(-1, ioctl(self->vdev.fd, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	info.argsz = 4;
	EXPECT_EQ(-1, ioctl(self->vdev.fd, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
}

/* From the device, each to its own */
TEST_F(irq, device)
{
	int i, j;

	ASSERT_EQ(0, set_all(&self->vdev, self->efd, self->num));
	for (i = 0; i < self->num; i++)
		event_wait(self->efd[i], 0);
	for (i = 0; i < self->num; i++) {
		raise_vector(&self->vdev, i);
		EXPECT_LT(0, event_wait(self->efd[i], SOON_MS)) {
			TH_LOG("vector %d", i);
		}
		for (j = 0; j < self->num; j++) {
			EXPECT_EQ(0, event_wait(self->efd[j], 0)) {
				TH_LOG("vector %d by %d", j, i);
			}
		}
	}
	EXPECT_EQ(0, disable_all(&self->vdev));
	for (i = 0; i < self->num; i++) {
		raise_vector(&self->vdev, i);
		EXPECT_EQ(0, event_wait(self->efd[i], NEVER_MS));
	}
}

/* A guest enables its vectors one by one while others are at work */
TEST_F(irq, one_by_one)
{
	long long messages = pf_resource(self->vdev.pf, "interrupt_messages");
	int i;

	for (i = self->num - 1; i >= 0; i--) {
		ASSERT_EQ(0, vdev_set_vector(&self->vdev, i, self->efd[i]));
		messages += has_message(&self->vdev, i);
		EXPECT_EQ(messages,
			  pf_resource(self->vdev.pf, "interrupt_messages"));
		raise_vector(&self->vdev, self->num - 1);
		EXPECT_LT(0, event_wait(self->efd[self->num - 1], SOON_MS));
		raise_vector(&self->vdev, i);
		EXPECT_LT(0, event_wait(self->efd[i], SOON_MS));
	}
	for (i = 0; i < self->num; i++) {
		ASSERT_EQ(0, vdev_set_vector(&self->vdev, i, -1));
		messages -= has_message(&self->vdev, i);
		EXPECT_EQ(messages,
			  pf_resource(self->vdev.pf, "interrupt_messages"));
		raise_vector(&self->vdev, i);
		EXPECT_EQ(0, event_wait(self->efd[i], NEVER_MS));
	}
	/* Disabling what is not enabled is no error */
	EXPECT_EQ(0, vdev_set_vector(&self->vdev, 0, -1));
	EXPECT_EQ(0, disable_all(&self->vdev));
}

/* Doorbells are unmapped once for all vectors, not for each */
TEST_F(irq, zaps)
{
	long long zaps = vdev_state(&self->vdev, "zaps");

	ASSERT_LE(0, zaps);
	ASSERT_EQ(0, set_all(&self->vdev, self->efd, self->num));
	EXPECT_EQ(zaps + 1, vdev_state(&self->vdev, "zaps"));
	/* From one eventfd to another: nothing that is mapped changes */
	ASSERT_EQ(0, set_all(&self->vdev, self->efd, self->num));
	EXPECT_EQ(zaps + 1, vdev_state(&self->vdev, "zaps"));
	ASSERT_EQ(0, disable_all(&self->vdev));
	EXPECT_EQ(zaps + 2, vdev_state(&self->vdev, "zaps"));
}

/* Some of a range get an eventfd, others lose theirs */
TEST_F(irq, mixed)
{
	int32_t efd[MAX_VECTORS];
	int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < self->num; i++)
			efd[i] = i % 2 == round % 2 ? self->efd[i] : -1;
		ASSERT_EQ(0, set_all(&self->vdev, efd, self->num));
		for (i = 0; i < self->num; i++) {
			event_wait(self->efd[i], 0);
			raise_vector(&self->vdev, i);
			if (efd[i] < 0) {
				EXPECT_EQ(0, event_wait(self->efd[i], NEVER_MS));
			} else {
				EXPECT_LT(0, event_wait(self->efd[i], SOON_MS));
			}
		}
	}
}

/* A live vector moves to another eventfd, as KVM's users do all the time */
TEST_F(irq, move)
{
	int i;

	ASSERT_EQ(0, vdev_set_vector(&self->vdev, 1, self->efd[0]));
	raise_vector(&self->vdev, 1);
	EXPECT_LT(0, event_wait(self->efd[0], SOON_MS));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, vdev_set_vector(&self->vdev, 1,
					     self->efd[(i + 1) % 2]));
		raise_vector(&self->vdev, 1);
		EXPECT_LT(0, event_wait(self->efd[(i + 1) % 2], SOON_MS));
		EXPECT_EQ(0, event_wait(self->efd[i % 2], 0));
	}
}

TEST_F(irq, loopback)
{
	uint8_t which[MAX_VECTORS] = {};
	int i;

	ASSERT_EQ(0, set_all(&self->vdev, self->efd, self->num));
	for (i = 0; i < self->num; i++)
		event_wait(self->efd[i], 0);

	EXPECT_EQ(0, vdev_set_irqs(&self->vdev, MSIX, TRIGGER_NONE, 1, 1, NULL,
				   0));
	EXPECT_EQ(1, event_wait(self->efd[1], 0));
	EXPECT_EQ(0, event_wait(self->efd[0], 0));

	which[self->num - 1] = 1;
	EXPECT_EQ(0, vdev_set_irqs(&self->vdev, MSIX, TRIGGER_BOOL, 0,
				   self->num, which, self->num));
	for (i = 0; i < self->num; i++)
		EXPECT_EQ(which[i], event_wait(self->efd[i], 0));

	/* Of a vector that is not enabled nothing is heard */
	ASSERT_EQ(0, disable_all(&self->vdev));
	EXPECT_EQ(0, vdev_set_irqs(&self->vdev, MSIX, TRIGGER_NONE, 1, 1, NULL,
				   0));
	EXPECT_EQ(0, event_wait(self->efd[1], 0));
}

TEST_F(irq, bad_requests)
{
	int32_t bad_fd[2] = { self->efd[0], 9999 };
	long long messages = pf_resource(self->vdev.pf, "interrupt_messages");
	struct vdev *vdev = &self->vdev;
	int32_t *efd = self->efd;
	int num = self->num;

	/* Ranges */
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, MSIX, TRIGGER_EVENTFD, num, 1,
					 efd, 4));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, MSIX, TRIGGER_EVENTFD, 1, num,
					 efd, 4 * num));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, MSIX, TRIGGER_EVENTFD, ~0U, 2,
					 efd, 8));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, MSIX, TRIGGER_NONE, num, 1, NULL,
					 0));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, MSIX, TRIGGER_NONE, 0, ~0U, NULL,
					 0));
	/* Too little data */
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, MSIX, TRIGGER_EVENTFD, 0, 2, efd,
					 4));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, MSIX, TRIGGER_BOOL, 0, 2, efd,
					 1));
	/* Kinds of interrupts and actions that there are not */
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, VFIO_PCI_INTX_IRQ_INDEX,
					 TRIGGER_EVENTFD, 0, 1, efd, 4));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, VFIO_PCI_MSI_IRQ_INDEX,
					 TRIGGER_EVENTFD, 0, 1, efd, 4));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, VFIO_PCI_NUM_IRQS,
					 TRIGGER_EVENTFD, 0, 1, efd, 4));
	EXPECT_EQ(-ENOTTY, vdev_set_irqs(vdev, MSIX, VFIO_IRQ_SET_ACTION_MASK |
					 VFIO_IRQ_SET_DATA_NONE, 0, 1, NULL, 0));
	EXPECT_EQ(-ENOTTY, vdev_set_irqs(vdev, MSIX,
					 VFIO_IRQ_SET_ACTION_UNMASK |
					 VFIO_IRQ_SET_DATA_NONE, 0, 1, NULL, 0));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, MSIX,
					 VFIO_IRQ_SET_ACTION_TRIGGER |
					 VFIO_IRQ_SET_DATA_EVENTFD |
					 VFIO_IRQ_SET_DATA_BOOL, 0, 1, efd, 4));
	EXPECT_EQ(-EINVAL, vdev_set_irqs(vdev, MSIX, 0, 0, 1, efd, 4));

	/* Something that is no eventfd: nothing of the request is done */
	EXPECT_EQ(-EBADF, vdev_set_irqs(vdev, MSIX, TRIGGER_EVENTFD, 0, 2,
					bad_fd, 8));
	EXPECT_EQ(-EINVAL, vdev_set_vector(vdev, 0, self->vdev.fd));
	raise_vector(vdev, 0);
	EXPECT_EQ(0, event_wait(efd[0], NEVER_MS));
	EXPECT_EQ(messages, pf_resource(vdev->pf, "interrupt_messages"));
}

/* Whose slot it is stands in /proc/interrupts, while the vector is enabled */
TEST_F(irq, proc_interrupts)
{
	char *buf = malloc(1 << 20);
	char name[64];

	ASSERT_NE(NULL, buf);
	snprintf(name, sizeof(name), "(%s)", self->vdev.uuid);
	ASSERT_EQ(0, vdev_set_vector(&self->vdev, 1, self->efd[1]));
	ASSERT_LT(0, file_read("/proc/interrupts", buf, 1 << 20));
	EXPECT_NE(NULL, strstr(buf, name));
	ASSERT_EQ(0, vdev_set_vector(&self->vdev, 1, -1));
	ASSERT_LT(0, file_read("/proc/interrupts", buf, 1 << 20));
	EXPECT_EQ(NULL, strstr(buf, name));
	free(buf);
}

/* Vectors live through a reset: the user set them, not the guest */
TEST_F(irq, reset)
{
	int i;

	ASSERT_EQ(0, set_all(&self->vdev, self->efd, self->num));
	ASSERT_EQ(0, vdev_reset(&self->vdev));
	for (i = 0; i < self->num; i++) {
		event_wait(self->efd[i], 0);
		raise_vector(&self->vdev, i);
		EXPECT_LT(0, event_wait(self->efd[i], SOON_MS)) {
			TH_LOG("vector %d", i);
		}
	}
}

TEST_F(irq, close)
{
	long long messages = pf_resource(self->vdev.pf, "interrupt_messages");
	int i;

	ASSERT_EQ(0, set_all(&self->vdev, self->efd, self->num));
	vdev_close(&self->vdev);
	EXPECT_EQ(messages, pf_resource(self->vdev.pf, "interrupt_messages"));
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
	for (i = 0; i < self->num; i++) {
		event_wait(self->efd[i], 0);
		raise_vector(&self->vdev, i);
		EXPECT_EQ(0, event_wait(self->efd[i], NEVER_MS));
	}
}

/* The software device; completions of hardware are in the tests e810 and qat */
FIXTURE(mock)
{
	struct vdev vdev;
	int32_t efd[MAX_VECTORS];
	int num;
};

FIXTURE_VARIANT(mock)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(mock);

FIXTURE_SETUP(mock)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
	self->num = open_efds(&self->vdev, self->efd);
	ASSERT_LT(1, self->num);
}

FIXTURE_TEARDOWN(mock)
{
	int i;

	vdev_cleanup(&self->vdev);
	for (i = 0; i < self->num; i++)
		close(self->efd[i]);
}

/* Its queue says that it is done */
TEST_F(mock, completion)
{
	struct mock_queue q = {};
	uint8_t *mem;

	mem = dma_alloc(0x3000);
	ASSERT_EQ(0, vdev_map(&self->vdev, 0, mem, 0x3000, true));
	ASSERT_TRUE(mock_start(&q, &self->vdev, 0, mem, 0, 16));
	mock_qp_set(&q, MOCK_QP_VECTOR, MOCK_QP_VECTOR_ENABLE | 1);
	ASSERT_EQ(0, set_all(&self->vdev, self->efd, self->num));

	mock_post(&q, 0x2000, 0x1000, 64, MOCK_DESC_INTERRUPT);
	EXPECT_EQ(1, event_wait(self->efd[1], SOON_MS));
	EXPECT_EQ(MOCK_DESC_DONE, q.ring[0].status);
	EXPECT_EQ(MOCK_DESC_DONE, mock_copy(&q, 0x2000, 0x1000, 64));
	EXPECT_EQ(0, event_wait(self->efd[1], NEVER_MS));

	/* A vector that there is not */
	mock_qp_set(&q, MOCK_QP_VECTOR, MOCK_QP_VECTOR_ENABLE | 0x7ff);
	mock_post(&q, 0x2000, 0x1000, 64, MOCK_DESC_INTERRUPT);
	EXPECT_EQ(0, event_wait(self->efd[1], NEVER_MS));
	vdev_set32(&self->vdev, MOCK_BAR, MOCK_SWINT, ~0U);

	/* Faults have their own */
	EXPECT_EQ(0, mock_copy(&q, 0x100000, 0x1000, 64));
	EXPECT_EQ(1, event_wait(self->efd[MOCK_VECTOR_FAULT], SOON_MS));
	mock_unmap_db(&q);
}

TEST_HARNESS_MAIN
