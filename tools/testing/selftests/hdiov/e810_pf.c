// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to an E810 below its VDEVs: resets of the whole card, errors on
 * the bus, and what else root can do to the function's registers.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "e810_guest.h"
#include "vdev.h"

#define SOON_MS		20000
/* Time to see that nothing comes */
#define NEVER_MS	100

/* Registers of the card, and of the function */
#define GLGEN_PAGE		0xb8000
#define GLGEN_RSTCTL		0x180	/* bits 0-5: delay of resets, 100 ms */
#define GLGEN_RSTAT		0x188	/* bits 0-1: not 0 until it is over */
#define GLGEN_RTRIG		0x190
#define GLGEN_RTRIG_CORER	1
#define GLGEN_RTRIG_GLOBR	2
#define PF_MBX_PAGE		0x22e000
#define PF_MBX_ATQLEN		0x200
#define PF_MBX_ATQT		0x300

#define UDP_PORT		4791
#define UDP_LEN			60

#define GUESTS		3

/* The last one is not up */
FIXTURE(e810_pf)
{
	struct vdev vdev[GUESTS];
	struct eg g[GUESTS];
	long long pasid[GUESTS];
	char pf[64];
	char driver[PATH_MAX];
	volatile uint32_t *glgen;
	uint32_t delay;
};

FIXTURE_VARIANT(e810_pf)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANT(e810_pf, vdcm_1, "vdcm-1");
VDEV_VARIANT(e810_pf, avf_1, "avf-1");
VDEV_VARIANT(e810_pf, avf_4, "avf-4");

static uint32_t glgen_get(volatile uint32_t *glgen, unsigned int reg)
{
	return le32toh(glgen[reg / 4]);
}

static void glgen_set(volatile uint32_t *glgen, unsigned int reg, uint32_t val)
{
	glgen[reg / 4] = htole32(val);
}

static int bind_driver(const char *driver, const char *pf)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/bind", driver);
	return file_write(path, pf);
}

FIXTURE_SETUP(e810_pf)
{
	const char *why;
	char path[PATH_MAX];
	void *page;
	int i;

	if (!pf_find(variant->type, variant->mode, self->pf, sizeof(self->pf),
		     &why))
		SKIP(return, "%s: %s", variant->type, why);
	ASSERT_NE(NULL, realpath(pf_path(self->pf, "driver", path,
					 sizeof(path)), self->driver));
	page = pf_mmap(self->pf, GLGEN_PAGE);
	if (page == MAP_FAILED)
		SKIP(return, "%s: no access to the card's registers: boot with iomem=relaxed",
		     variant->type);
	self->glgen = page;
	self->delay = glgen_get(self->glgen, GLGEN_RSTCTL);
	for (i = 0; i < GUESTS; i++) {
		vdev_init(&self->vdev[i], self->pf, variant->type,
			  variant->mode);
		ASSERT_EQ(0, vdev_create(&self->vdev[i]));
		if (i == GUESTS - 1)
			break;
		ASSERT_EQ(0, vdev_open(&self->vdev[i]));
		ASSERT_EQ(0, eg_init(&self->g[i], &self->vdev[i]));
		ASSERT_EQ(0, eg_up(&self->g[i]));
		self->pasid[i] = vdev_state(&self->vdev[i], "pasid");
		ASSERT_LT(0, self->pasid[i]);
	}
}

FIXTURE_TEARDOWN(e810_pf)
{
	int i;

	for (i = 0; i < GUESTS; i++) {
		eg_exit(&self->g[i]);
		vdev_cleanup(&self->vdev[i]);
	}
	pf_inject_end();
	if (!self->glgen)
		return;
	glgen_set(self->glgen, GLGEN_RSTCTL, self->delay);
	munmap((void *)self->glgen, 4096);
	/* A test that has failed may have left it without driver */
	bind_driver(self->driver, self->pf);
}

static void make_frame(uint8_t *frame, size_t len, struct eg *from,
		       struct eg *to)
{
	memset(frame, 0x5a, len);
	memcpy(frame, to->mac, 6);
	memcpy(frame + 6, from->mac, 6);
	frame[12] = 0x88;	/* IEEE 802: local experimental */
	frame[13] = 0xb5;
}

static bool passes(struct eg *from, struct eg *to)
{
	uint8_t frame[200], in[EG_MAX_FRAME];

	make_frame(frame, sizeof(frame), from, to);
	return !eg_send(from, 0, frame, sizeof(frame), 0, 7, 0) &&
	       eg_recv(to, in, sizeof(in), NULL, SOON_MS) == sizeof(frame) &&
	       !memcmp(in, frame, sizeof(frame));
}

static bool udp_passes(struct eg *from, struct eg *to, int ms)
{
	uint8_t frame[UDP_LEN], in[EG_MAX_FRAME];
	uint8_t *ip = frame + 14;

	memset(frame, 0, sizeof(frame));
	make_frame(frame, 12, from, to);
	frame[12] = 0x08;
	frame[13] = 0;
	ip[0] = 0x45;
	ip[3] = 28;
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, "\x0a\x00\x01\x01\x0a\x00\x01\x02", 8);
	ip[20] = 1;
	ip[22] = UDP_PORT >> 8;
	ip[23] = UDP_PORT & 0xff;
	ip[25] = 8;
	return !eg_send(from, 0, frame, sizeof(frame), 0, 7, 0) &&
	       eg_recv(to, in, sizeof(in), NULL, ms) == sizeof(frame);
}

/* More frames than have been sent when it returns */
static void keep_busy(struct eg *from, struct eg *to)
{
	uint8_t frame[1514];
	int i;

	make_frame(frame, sizeof(frame), from, to);
	for (i = 0; i < EG_RING / 2; i++)
		eg_post_frame(from, 0, frame, sizeof(frame), 0, 7, 0);
}

static bool becomes(struct vdev *vdev, const char *state)
{
	int ms;

	for (ms = 0; ms < SOON_MS; ms++) {
		if (vdev_in_state(vdev, state))
			return true;
		msleep(1);
	}
	return false;
}

/*
 * After a reset of the card. Each VDEV comes back by itself: when the first one runs,
 * the next may still answer that the PF is being reset. One that is idle does not show
 * when it is back.
 */
static int open_when_back(struct vdev *vdev)
{
	int ms, ret = -EAGAIN;

	for (ms = 0; ret == -EAGAIN && ms < SOON_MS; ms++) {
		ret = vdev_open(vdev);
		msleep(1);
	}
	return ret;
}

/* Has the guest's device been reset, as far as it can tell? */
static bool is_reset(struct eg *g)
{
	int ms;

	for (ms = 0; ms < SOON_MS; ms++) {
		if (!(eg_mbx_get(g, ARQLEN) & MBX_ENABLE) &&
		    eg_rstat(g) == 2)
			return true;
		msleep(1);
	}
	return false;
}

/* Not a byte of its memory changes */
static bool is_silent(struct eg *g)
{
	uint8_t *copy = malloc(g->mem_size);
	bool same;

	if (!copy)
		return false;
	memcpy(copy, g->mem, g->mem_size);
	msleep(NEVER_MS);
	same = !memcmp(copy, g->mem, g->mem_size);
	free(copy);
	return same;
}

/* Both guests were reset, and can start again, with the PASIDs that they had */
#define ALL_BEGIN_ANEW()						\
	do {								\
		int n;							\
									\
		for (n = 0; n < 2; n++)					\
			ASSERT_TRUE(is_reset(&self->g[n]));		\
		for (n = 0; n < 2; n++) {				\
			EXPECT_TRUE(is_silent(&self->g[n]));		\
			EXPECT_TRUE(vdev_in_state(&self->vdev[n],	\
						  "running"));		\
			EXPECT_EQ(self->pasid[n],			\
				  vdev_state(&self->vdev[n], "pasid"));	\
			ASSERT_EQ(0, eg_up(&self->g[n]));		\
		}							\
		EXPECT_TRUE(passes(&self->g[0], &self->g[1]));		\
		EXPECT_TRUE(passes(&self->g[1], &self->g[0]));		\
	} while (0)

/*
 * Somebody resets the whole card while it is at work. A debug kernel that shares its
 * CPUs takes up to 14 s for each reset.
 */
TEST_F_TIMEOUT(e810_pf, card_reset, 120)
{
	static const uint32_t kinds[] = {
		GLGEN_RTRIG_CORER, GLGEN_RTRIG_GLOBR,
	};
	struct eg *g = self->g;
	unsigned int i;

	ASSERT_TRUE(passes(&g[0], &g[1]));
	/* Time for the driver to see it come: is_reset() cannot tell otherwise */
	glgen_set(self->glgen, GLGEN_RSTCTL, 3);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		keep_busy(&g[0], &g[1]);
		keep_busy(&g[1], &g[0]);
		glgen_set(self->glgen, GLGEN_RTRIG, kinds[i]);
		ASSERT_TRUE(becomes(&self->vdev[0], "bound"));
		ALL_BEGIN_ANEW();
	}
	/* Those that nobody used are back, too */
	ASSERT_EQ(0, open_when_back(&self->vdev[2]));
	ASSERT_EQ(0, eg_init(&g[2], &self->vdev[2]));
	ASSERT_EQ(0, eg_up(&g[2]));
	EXPECT_TRUE(passes(&g[2], &g[0]));
}

/* The card forgets the guests' rules, and the driver what it knew them by */
TEST_F_TIMEOUT(e810_pf, flow_director, 120)
{
	struct eg *g = self->g;
	int i, n;

	for (n = 0; n < 2; n++) {
		ASSERT_EQ(0, vdev_reset(&self->vdev[n]));
		vdev_enable(&self->vdev[n], true);
		g[n].more_caps = VC_CAP_FDIR_PF;
		ASSERT_EQ(0, eg_up(&g[n]));
	}
	glgen_set(self->glgen, GLGEN_RSTCTL, 3);
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(udp_passes(&g[0], &g[1], SOON_MS));
		for (n = 0; n < 2; n++)
			ASSERT_EQ(0, eg_drop_udp(&g[n], UDP_PORT));
		ASSERT_FALSE(udp_passes(&g[0], &g[1], NEVER_MS));
		ASSERT_TRUE(passes(&g[0], &g[1]));
		glgen_set(self->glgen, GLGEN_RTRIG, GLGEN_RTRIG_CORER);
		ALL_BEGIN_ANEW();
	}
	/* A reset of one of them is not one of the other's rule */
	for (n = 0; n < 2; n++)
		ASSERT_EQ(0, eg_drop_udp(&g[n], UDP_PORT));
	ASSERT_EQ(0, vdev_reset(&self->vdev[0]));
	vdev_enable(&self->vdev[0], true);
	ASSERT_EQ(0, eg_up(&g[0]));
	EXPECT_TRUE(udp_passes(&g[1], &g[0], SOON_MS));
	EXPECT_FALSE(udp_passes(&g[0], &g[1], NEVER_MS));
}

/*
 * The guest's device is reset while ice waits for the card to report on a rule, or
 * is about to answer: the rule is gone by then
 */
TEST_F_TIMEOUT(e810_pf, flow_director_cut_short, 120)
{
	struct eg *g = &self->g[0];
	int i;

	g->more_caps = VC_CAP_FDIR_PF;
	for (i = 0; i < 12; i++) {
		ASSERT_EQ(0, vdev_reset(&self->vdev[0]));
		vdev_enable(&self->vdev[0], true);
		ASSERT_EQ(0, eg_up(g));
		ASSERT_EQ(0, eg_post_drop_udp(g, UDP_PORT));
		msleep(i);
	}
	ASSERT_EQ(0, vdev_reset(&self->vdev[0]));
	vdev_enable(&self->vdev[0], true);
	ASSERT_EQ(0, eg_up(g));
	EXPECT_TRUE(udp_passes(&self->g[1], g, SOON_MS));
	ASSERT_EQ(0, eg_drop_udp(g, UDP_PORT));
	EXPECT_FALSE(udp_passes(&self->g[1], g, NEVER_MS));
}

static bool is_master(const char *pf)
{
	char path[PATH_MAX], config[64] = "";

	return file_read(pf_path(pf, "config", path, sizeof(path)), config,
			 sizeof(config)) > PCI_COMMAND &&
	       config[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

/* Between the card's warning and its reset, all of it still works */
TEST_F(e810_pf, card_reset_announced)
{
	struct eg *g = self->g;

	glgen_set(self->glgen, GLGEN_RSTCTL, 5);
	keep_busy(&g[0], &g[1]);
	glgen_set(self->glgen, GLGEN_RTRIG, GLGEN_RTRIG_CORER);
	ASSERT_TRUE(becomes(&self->vdev[0], "bound"));
	/* It is not yet, and nobody gets near it, nor it to any memory */
	EXPECT_EQ(1, glgen_get(self->glgen, GLGEN_RSTAT) & 3);
	/* But for ice, which has queues of its own */
	EXPECT_TRUE(is_master(self->pf));
	EXPECT_EQ(~0U, vdev_get32(&self->vdev[0], 0, AVF_VFGEN_RSTAT));
	EXPECT_EQ(-EAGAIN, vdev_open(&self->vdev[2]));
	EXPECT_EQ(0, vdev_reset(&self->vdev[0]));
	/* One goes meanwhile */
	eg_exit(&g[1]);
	vdev_close(&self->vdev[1]);
	EXPECT_TRUE(vdev_in_state(&self->vdev[1], "idle"));
	glgen_set(self->glgen, GLGEN_RSTCTL, 0);

	ASSERT_TRUE(becomes(&self->vdev[0], "running"));
	ASSERT_EQ(0, open_when_back(&self->vdev[1]));
	ASSERT_EQ(0, eg_init(&g[1], &self->vdev[1]));
	ASSERT_EQ(0, eg_up(&g[1]));
	self->pasid[1] = vdev_state(&self->vdev[1], "pasid");
	ASSERT_EQ(0, vdev_reset(&self->vdev[1]));
	ALL_BEGIN_ANEW();
}

struct hammer {
	struct eg *g;
	bool stop;
};

static void *hammer(void *data)
{
	struct hammer *h = data;

	while (!__atomic_load_n(&h->stop, __ATOMIC_RELAXED)) {
		eg_mbx_set(h->g, ATQBAL, (uint32_t)(EG_IOVA + EG_OFF_ATQ));
		eg_mbx_set(h->g, ATQBAH, EG_IOVA >> 32);
		eg_mbx_set(h->g, ATQLEN, MBX_ENABLE | EG_MBX_LEN);
		eg_mbx_set(h->g, ATQT, 1);
	}
	return NULL;
}

/*
 * The reset turns off that mailboxes use their VSI's PASID. The first guest does
 * all it can to have its mailbox fetched just then.
 */
TEST_F_TIMEOUT(e810_pf, card_reset_hostile, 240)
{
	struct hammer h = { .g = &self->g[0] };
	pthread_t thread;
	int kmsg, i;

	kmsg = kmsg_open();
	ASSERT_LE(0, kmsg);
	ASSERT_EQ(0, pthread_create(&thread, NULL, hammer, &h));
	/* Those that come at once, without warning, no driver can be quick for */
	glgen_set(self->glgen, GLGEN_RSTCTL, 3);
	for (i = 0; i < 5; i++) {
		glgen_set(self->glgen, GLGEN_RTRIG, GLGEN_RTRIG_CORER);
		/* One while it deals with the last one leaves ice without a card */
		EXPECT_TRUE(becomes(&self->vdev[0], "bound"));
		EXPECT_TRUE(becomes(&self->vdev[0], "running"));
	}
	__atomic_store_n(&h.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	/* Faults of requests without PASID */
	EXPECT_EQ(0, kmsg_count(kmsg, "DMAR", "NO_PASID"));
	close(kmsg);
	ASSERT_EQ(0, vdev_reset(&self->vdev[0]));
	ALL_BEGIN_ANEW();
}

static void *unbind(void *data)
{
	char path[PATH_MAX];
	const char *pf = data;

	return (void *)(long)file_write(pf_path(pf, "driver/unbind", path,
						sizeof(path)), pf);
}

/* The same while the driver waits for the users to go */
TEST_F(e810_pf, card_reset_while_removed)
{
	struct eg *g = self->g;
	pthread_t thread;
	int32_t efd;
	void *ret;

	efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, efd);
	ASSERT_EQ(0, vdev_set_irqs(&self->vdev[0], VFIO_PCI_REQ_IRQ_INDEX,
				   VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, &efd,
				   sizeof(efd)));
	ASSERT_EQ(0, pthread_create(&thread, NULL, unbind, self->pf));
	EXPECT_LT(0, event_wait(efd, SOON_MS));
	EXPECT_TRUE(passes(&g[0], &g[1]));

	glgen_set(self->glgen, GLGEN_RSTCTL, 3);
	keep_busy(&g[0], &g[1]);
	glgen_set(self->glgen, GLGEN_RTRIG, GLGEN_RTRIG_CORER);
	/* Ignored until it was too late, once */
	ASSERT_TRUE(becomes(&self->vdev[0], "bound"));
	ALL_BEGIN_ANEW();

	eg_exit(&g[0]);
	vdev_close(&self->vdev[0]);
	eg_exit(&g[1]);
	vdev_close(&self->vdev[1]);
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(0, (long)ret);
	close(efd);
	EXPECT_FALSE(vdev_exists(&self->vdev[0]));
	ASSERT_EQ(0, bind_driver(self->driver, self->pf));
	EXPECT_LT(0, pf_available(self->pf, variant->type));
}

/* An answer that the card does not deliver would be the next guest's */
TEST_F(e810_pf, mailbox_stuck)
{
	volatile uint32_t *mbx;
	struct eg *g = self->g;
	char path[PATH_MAX];
	uint32_t tail;
	int ms;

	mbx = pf_mmap(self->pf, PF_MBX_PAGE);
	ASSERT_NE(MAP_FAILED, (void *)mbx);
	tail = mbx[PF_MBX_ATQT / 4];
	mbx[PF_MBX_ATQLEN / 4] &= htole32(~MBX_ENABLE);
	ASSERT_EQ(0, eg_post(&g[0], VC_GET_STATS, "\1\0\0\0\0\0\0\0\0\0\0\0",
			     12));
	for (ms = 0; ms < SOON_MS && mbx[PF_MBX_ATQT / 4] == tail; ms++)
		msleep(1);
	ASSERT_NE(tail, mbx[PF_MBX_ATQT / 4]);
	munmap((void *)mbx, 4096);

	/* ice waits for each answer to go, and does not send it any more */
	EXPECT_EQ(0, vdev_reset(&self->vdev[0]));
	eg_exit(&g[0]);
	vdev_close(&self->vdev[0]);

	/* Until the function is reset */
	ASSERT_EQ(0, file_write(pf_path(self->pf, "reset", path, sizeof(path)),
				"1"));
	ASSERT_EQ(0, vdev_open(&self->vdev[0]));
	ASSERT_EQ(0, eg_init(&g[0], &self->vdev[0]));
	ASSERT_EQ(0, eg_up(&g[0]));
	ASSERT_EQ(0, eg_up(&g[1]));
	EXPECT_TRUE(passes(&g[0], &g[1]));
	EXPECT_TRUE(passes(&g[1], &g[0]));
}

/* An error that the bus reports, which the kernel meets with a reset of the link */
TEST_F(e810_pf, bus_error)
{
	struct eg *g = self->g;
	const char *why;
	int ret;

	keep_busy(&g[0], &g[1]);
	keep_busy(&g[1], &g[0]);
	ret = pf_inject_error(self->pf, PCI_ERR_UNC_MALF_TLP, &why);
	if (ret == -ENODEV)
		SKIP(return, "%s: %s", variant->type, why);
	ASSERT_EQ(0, ret);
	ALL_BEGIN_ANEW();
}

TEST_HARNESS_MAIN
