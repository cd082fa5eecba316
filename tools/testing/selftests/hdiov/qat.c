// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests of a QAT 2.0's VDEVs: what they see, what they can do to themselves and
 * what not to others. That results are right is checked by qat_kat, qat_random.
 */
#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <linux/pci_regs.h>

#include "kselftest_harness.h"

#include "qat_guest.h"
#include "qat_traffic.h"
#include "vdev.h"

/* An interrupt that should come */
#define SOON_MS		10000
/* Time to see that nothing comes */
#define NEVER_MS	50

#define VEC_MSG		0
#define VEC_RING	1

#define BAR0		0
#define BAR2		2
#define BAR4		4

/* Fuzzing: how much, the same for each seed */
#define FUZZ_REGISTERS	2000
#define FUZZ_REQUESTS	400

/* Banks of the card, each good for a VDEV */
#define NUM_BANKS	64

/* What one guest sees of its device */
FIXTURE(vdev)
{
	struct vdev vdev;
	struct qg g;
};

FIXTURE_VARIANT(vdev)
{
	const char *type;
	enum vdev_mode mode;
	enum qg_service service;
	unsigned int svc_map;
	uint32_t svc_mask;
};

#define QAT_VARIANT(kind, srv, map, mask)				\
	FIXTURE_VARIANT_ADD(vdev, container_##kind) {			\
		.type = "vqat_" #kind, .mode = VDEV_CONTAINER,		\
		.service = srv, .svc_map = map, .svc_mask = mask,	\
	};								\
	FIXTURE_VARIANT_ADD(vdev, iommufd_##kind) {			\
		.type = "vqat_" #kind, .mode = VDEV_IOMMUFD,		\
		.service = srv, .svc_map = map, .svc_mask = mask,	\
	}

/* Ring pair to service, 3 bits of each; capabilities: what only one service has */
QAT_VARIANT(sym, QG_SYM, 3, 0x1);
QAT_VARIANT(asym, QG_ASYM, 4, 0x2);
QAT_VARIANT(dc, QG_DC, 2, 0x20);

FIXTURE_SETUP(vdev)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
}

FIXTURE_TEARDOWN(vdev)
{
	qg_exit(&self->g);
	vdev_cleanup(&self->vdev);
}

TEST_F(vdev, identity)
{
	static const uint64_t sizes[6] = {
		QG_BAR0_SIZE, 0, QG_BAR2_SIZE, 0, QG_BAR4_SIZE, 0,
	};
	struct vdev *vdev = &self->vdev;
	struct vfio_region_info info;
	unsigned int cap, i;

	EXPECT_EQ(0x8086, cfg_get(vdev, PCI_VENDOR_ID, 2));
	EXPECT_EQ(0x0da5, cfg_get(vdev, PCI_DEVICE_ID, 2));
	EXPECT_EQ(0x0b400002, cfg_get(vdev, PCI_CLASS_REVISION, 4));
	EXPECT_EQ(0x8086, cfg_get(vdev, PCI_SUBSYSTEM_VENDOR_ID, 2));
	EXPECT_EQ(variant->service, cfg_get(vdev, PCI_SUBSYSTEM_ID, 2));

	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, vdev_region(vdev, i, &info));
		EXPECT_EQ(sizes[i], info.size);
		if (!sizes[i])
			continue;
		EXPECT_EQ(PCI_BASE_ADDRESS_MEM_TYPE_64 |
			  PCI_BASE_ADDRESS_MEM_PREFETCH,
			  cfg_get(vdev, PCI_BASE_ADDRESS_0 + 4 * i, 1) & 0xf);
	}

	cap = cfg_cap(vdev, PCI_CAP_ID_EXP);
	ASSERT_NE(0, cap);
	EXPECT_EQ(PCI_EXP_TYPE_RC_END,
		  cfg_get(vdev, cap + PCI_EXP_FLAGS, 2) >> 4 & 0xf);
	EXPECT_TRUE(cfg_get(vdev, cap + PCI_EXP_DEVCAP, 4) &
		    PCI_EXP_DEVCAP_FLR);
	cap = cfg_cap(vdev, PCI_CAP_ID_MSIX);
	ASSERT_NE(0, cap);
	EXPECT_EQ(2, vdev_vectors(vdev));
	EXPECT_EQ(1, cfg_get(vdev, cap + PCI_MSIX_FLAGS, 2) &
		     PCI_MSIX_FLAGS_QSIZE);
	EXPECT_EQ(QG_MSIX_TABLE | BAR2, cfg_get(vdev, cap + PCI_MSIX_TABLE, 4));
	EXPECT_EQ(QG_MSIX_PBA | BAR2, cfg_get(vdev, cap + PCI_MSIX_PBA, 4));
}

/* BAR 4: a list of what the device can do, that nobody can change */
TEST_F(vdev, capabilities)
{
	uint32_t words[64], freq = 0, map = 0, mask = 0, pos, i;
	struct vdev *vdev = &self->vdev;
	unsigned int len, count;
	uint64_t value;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = vdev_get32(vdev, BAR4, 4 * i);
	len = words[0] & 0xffff;
	count = words[0] >> 16;
	ASSERT_GE(sizeof(words), len);
	ASSERT_LT(0, count);
	EXPECT_EQ(0, words[1]);
	for (i = 0, pos = 8; i < count; i++, pos += words[pos / 4] >> 16) {
		ASSERT_LE(pos + 16, len);
		ASSERT_EQ(0, (words[pos / 4] >> 16) % 4);
		ASSERT_LE(16, words[pos / 4] >> 16);
		value = words[pos / 4 + 2] |
			(uint64_t)words[pos / 4 + 3] << 32;
		switch (words[pos / 4] & 0xffff) {
		case QG_CAP_FREQ:
			freq = value;
			break;
		case QG_CAP_SVC_MAP:
			map = value;
			break;
		case QG_CAP_SVC_MASK:
			mask = value;
			break;
		}
	}
	EXPECT_EQ(len, pos);
	EXPECT_LT(0, freq);
	EXPECT_EQ(variant->svc_map, map & 7);
	/* Its own service, and no other's */
	EXPECT_EQ(variant->svc_mask, mask & 0x23);
	/* This generation's checksums from end to end have 64 bits */
	EXPECT_EQ(variant->svc_mask == 0x20 ? 1 << 23 : 0, mask & 3 << 22);

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		vdev_set32(vdev, BAR4, 4 * i, ~words[i]);
		EXPECT_EQ(words[i], vdev_get32(vdev, BAR4, 4 * i));
	}
}

/* Round the rings, more than once, and as many at once as a driver has */
TEST_F(vdev, rings)
{
	uint8_t req[QG_REQ];
	struct qg *g = &self->g;
	struct qg_resp r;
	unsigned int i, round;

	EXPECT_TRUE(works(g, 10));
	for (round = 0; round < 12; round++) {
		for (i = 0; i < QG_DEPTH; i++) {
			qg_null(g, req, round << 8 | i);
			qg_post(g, req);
		}
		for (i = 0; i < QG_DEPTH; i++) {
			ASSERT_EQ(0, qg_wait(g, &r, SOON_MS));
			/* One for each, in order */
			EXPECT_EQ(round << 8 | i, qg_u64(&r, 8));
			EXPECT_EQ(QG_HDR_VALID, r.raw[3] & QG_HDR_VALID);
			EXPECT_FALSE(failed(g, &r));
		}
	}
	EXPECT_EQ(g->tail, qg_get(g, QG_HEAD(0)));
	EXPECT_EQ(g->head, qg_get(g, QG_TAIL(1)));
	EXPECT_EQ(3, qg_get(g, QG_E_STAT));
	EXPECT_TRUE(works(g, 10));
	/* No register of all this stopped in the host, but to set it up */
	EXPECT_EQ(0, vdev_traps(&self->vdev, "ring"));
}

/* As an old hypervisor has it: page 0 not mapped */
TEST_F(vdev, trapped_ring)
{
	uint8_t req[QG_REQ];
	struct qg *g = &self->g;
	struct qg_resp r;

	qg_null(g, req, 0x1234);
	memcpy(g->mem + QG_OFF_TX, req,
	       g->service == QG_ASYM ? QG_REQ / 2 : QG_REQ);
	g->in_flight++;
	g->tail = g->service == QG_ASYM ? QG_REQ / 2 : QG_REQ;
	vdev_set32(&self->vdev, BAR0, QG_TAIL(0), g->tail);
	ASSERT_EQ(0, qg_wait(g, &r, SOON_MS));
	EXPECT_EQ(0x1234, qg_u64(&r, 8));
	EXPECT_EQ(g->tail, vdev_get32(&self->vdev, BAR0, QG_HEAD(0)));
	EXPECT_LT(0, vdev_traps(&self->vdev, "ring"));
}

/* DPDK takes a VDEV for four bundles: the others are nothing */
TEST_F(vdev, other_bundles)
{
	struct vdev *vdev = &self->vdev;
	uint64_t off;

	for (off = QG_BUNDLE; off < QG_BAR0_SIZE; off += 4) {
		/* All registers there are, and some of what is between */
		if (off % QG_BUNDLE > 0x200 && off % 0x40 &&
		    off % QG_BUNDLE / 0x200 != 8)
			continue;
		vdev_set32(vdev, BAR0, off, ~0U);
		EXPECT_EQ(0, vdev_get32(vdev, BAR0, off));
		vdev_set32(vdev, BAR0, off, 1);
	}
	EXPECT_TRUE(works(&self->g, 3));
}

TEST_F(vdev, messages)
{
	static const uint16_t version[2] = { QG_MSG_VERSION_REQ, 1 };
	static const uint16_t newer[2] = { QG_MSG_VERSION_REQ, 0x7777 };
	static const uint16_t init = QG_MSG_INIT, shutdown = QG_MSG_SHUTDOWN;
	struct vdev *vdev = &self->vdev;
	struct qg *g = &self->g;
	uint8_t answer[QG_MSG_SIZE];
	int efd;

	EXPECT_EQ(1 | 0x10 << 6 | 8 << 16, vdev_get32(vdev, BAR2, QG_MSGQ_CFG));
	efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_EQ(0, vdev_set_vector(vdev, VEC_MSG, efd));

	ASSERT_EQ(0, qg_tell(g, version, sizeof(version)));
	EXPECT_LT(0, event_wait(efd, SOON_MS));
	EXPECT_EQ(1, vdev_get32(vdev, BAR2, QG_VINTSOU));
	ASSERT_EQ(5, qg_answer(g, answer, sizeof(answer), SOON_MS));
	EXPECT_EQ(QG_MSG_VERSION_RESP, answer[0] | answer[1] << 8);
	EXPECT_EQ(1, answer[2] | answer[3] << 8);
	EXPECT_EQ(1, answer[4]);
	EXPECT_EQ(0, vdev_get32(vdev, BAR2, QG_VINTSOU));

	/* Masked, it waits */
	vdev_set32(vdev, BAR2, QG_VINTMSK, 1);
	EXPECT_EQ(1, vdev_get32(vdev, BAR2, QG_VINTMSK));
	ASSERT_EQ(0, qg_tell(g, newer, sizeof(newer)));
	EXPECT_EQ(0, event_wait(efd, NEVER_MS));
	EXPECT_EQ(1, vdev_get32(vdev, BAR2, QG_VINTSOU));
	vdev_set32(vdev, BAR2, QG_VINTMSK, 0);
	EXPECT_LT(0, event_wait(efd, SOON_MS));
	ASSERT_EQ(5, qg_answer(g, answer, sizeof(answer), SOON_MS));
	EXPECT_EQ(1, answer[2] | answer[3] << 8);
	EXPECT_NE(1, answer[4]);

	/* These have no answer, and the device goes on */
	ASSERT_EQ(0, qg_tell(g, &init, sizeof(init)));
	ASSERT_EQ(0, qg_tell(g, &shutdown, sizeof(shutdown)));
	EXPECT_EQ(0, event_wait(efd, NEVER_MS));
	EXPECT_EQ(0, vdev_get32(vdev, BAR2, QG_VINTSOU));
	EXPECT_TRUE(works(g, 3));
	close(efd);
}

/* Messages that no driver would send */
TEST_F(vdev, bad_messages)
{
	static const uint32_t lens[] = {
		0, 1, 3, 255, 256, 257, 4095, 4096, 0xffff, 0x10000, 0x10002,
		0x7fffffff, 0xffffffff,
	};
	static const uint16_t version[2] = { QG_MSG_VERSION_REQ, 1 };
	struct vdev *vdev = &self->vdev;
	uint8_t answer[QG_MSG_SIZE];
	struct qg *g = &self->g;
	unsigned int i, seed = 5, n;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		memset((void *)g->msg, 0xff, QG_MSG_SIZE);
		vdev_set32(vdev, BAR2, QG_TX_NOTIFIER, lens[i]);
		vdev_set32(vdev, BAR2, QG_RX_NOTIFIER, lens[i]);
	}
	for (i = 0; i < 100; i++) {
		for (n = 0; n < 16; n++)
			g->msg[n] = rand_r(&seed) % 2 ? rand_r(&seed) % 8 :
				    rand_r(&seed);
		vdev_set32(vdev, BAR2, QG_TX_NOTIFIER, rand_r(&seed) % 300);
	}
	/* Whatever of it was answered is taken, and the next is as ever */
	vdev_set32(vdev, BAR2, QG_VINTSOU, 1);
	vdev_set32(vdev, BAR2, QG_RX_NOTIFIER, 0);
	ASSERT_EQ(0, qg_tell(g, version, sizeof(version)));
	ASSERT_EQ(5, qg_answer(g, answer, sizeof(answer), SOON_MS));
	EXPECT_EQ(QG_MSG_VERSION_RESP, answer[0]);
	EXPECT_TRUE(works(g, 3));
}

/* The card refuses, tells so, and takes the next request */
TEST_F(vdev, wrong_requests)
{
	static const uint8_t services[QG_NUM_SERVICES] = {
		QG_SVC_LA, QG_SVC_PKE, QG_SVC_COMP,
	};
	static const uint8_t status[QG_NUM_SERVICES] = {
		QG_ST_CRYPTO, QG_ST_PKE, QG_ST_CMP,
	};
	struct qg *g = &self->g;
	uint8_t req[QG_REQ], *out;
	struct qg_resp r;
	unsigned int i;
	size_t at;

	/* Of another service; without the flag that it is valid */
	for (i = 0; i < QG_NUM_SERVICES + 1; i++) {
		if (i == g->service)
			continue;
		small_request(g, req, &out);
		if (i < QG_NUM_SERVICES)
			req[2] = services[i];
		else
			req[3] &= ~QG_HDR_VALID;
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_EQ(0, memcmp(r.raw + 8, req + 24, 8));
		if (g->service == QG_ASYM) {
			EXPECT_TRUE(qg_pke_failed(&r));
			EXPECT_EQ(QG_ST_UNSUPPORTED, r.raw[4]);
		} else {
			EXPECT_EQ(status[g->service] |
				  (i < QG_NUM_SERVICES ? QG_ST_UNSUPPORTED :
				   QG_ST_INVALID), qg_status(&r));
		}
		EXPECT_TRUE(all_bytes(out, 0, 64));
	}

	/* A command, a function that there is not */
	small_request(g, req, &out);
	at = g->service == QG_ASYM ? 20 : 1;
	req[at] = 0x3f;
	ASSERT_EQ(0, qg_run(g, req, &r));
	if (g->service == QG_ASYM) {
		EXPECT_TRUE(qg_pke_failed(&r));
		EXPECT_EQ(1, r.raw[4]);
	} else {
		EXPECT_EQ(status[g->service] | QG_ST_UNSUPPORTED,
			  qg_status(&r));
	}
	EXPECT_TRUE(works(g, 3));
}

/* What each service checks by itself */
TEST_F(vdev, wrong_parameters)
{
	const uint8_t key[16] = {};
	struct qg_sym op = {
		.cmd = QG_CIPHER, .cipher = QG_CBC, .key = key, .key_len = 16,
		.iv = key, .iv_len = 16, .c_len = 15,
	};
	struct qg_dc dc = { .cmd = QG_INFLATE, .in_len = 64, .out_len = 64 };
	uint8_t req[QG_REQ], *buf, *out;
	struct qg *g = &self->g;
	struct qg_buf flat;
	struct qg_resp r;

	buf = qg_alloc(g, 4096);
	flat = qg_flat(g, buf, 4096);
	switch (g->service) {
	case QG_SYM:
		/* Half a block; more than the buffer has; a digest too long */
		qg_sym_request(g, &op, flat, flat, req);
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_EQ(QG_ST_CRYPTO | QG_ST_INVALID, qg_status(&r));
		op.c_len = 4096 + 16;
		qg_sym_request(g, &op, flat, flat, req);
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_EQ(QG_ST_CRYPTO | QG_ST_INVALID, qg_status(&r));
		op.c_len = ~15U;
		op.c_off = 32;
		qg_sym_request(g, &op, flat, flat, req);
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_EQ(QG_ST_CRYPTO | QG_ST_INVALID, qg_status(&r));
		op = (struct qg_sym) {
			.cmd = QG_AUTH, .hash = QG_SHA1, .tag_len = 64,
			.tag = qg_alloc(g, 64), .a_len = 10,
		};
		qg_sym_request(g, &op, flat, flat, req);
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_EQ(QG_ST_CRYPTO | QG_ST_INVALID, qg_status(&r));
		EXPECT_TRUE(all_bytes(op.tag, 0, 64));
		EXPECT_TRUE(all_bytes(buf, 0, 4096));
		break;
	case QG_ASYM:
		/* The wrong number of inputs, of outputs */
		small_request(g, req, &out);
		req[49]--;
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_TRUE(qg_pke_failed(&r));
		EXPECT_EQ(1, r.raw[4]);
		small_request(g, req, &out);
		req[48]++;
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_TRUE(qg_pke_failed(&r));
		EXPECT_EQ(1, r.raw[4]);
		EXPECT_TRUE(all_bytes(out, 0, 64));
		break;
	default:
		/* Stateful; more input than there is; input that ends early */
		qg_dc_request(g, &dc, flat, flat, req);
		req[4] |= 1 << 2;
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_EQ(QG_ST_CMP | QG_ST_UNSUPPORTED, qg_status(&r));
		dc.in_len = 4097;
		qg_dc_request(g, &dc, flat, flat, req);
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_EQ(QG_ST_CMP | QG_ST_INVALID, qg_status(&r));
		memcpy(buf, stored_nine, 9);
		dc.in_len = 9;
		qg_dc_request(g, &dc, flat, qg_flat(g, buf + 2048, 64), req);
		ASSERT_EQ(0, qg_run(g, req, &r));
		EXPECT_EQ(QG_ST_CMP, qg_status(&r));
		EXPECT_EQ(-15, qg_dc_error(&r));
		break;
	}
	EXPECT_TRUE(works(g, 3));
}

/* Every byte of a request that would work, changed */
TEST_F_TIMEOUT(vdev, random_requests, 120)
{
	unsigned int seed = 7, i, n, size, pos;
	struct qg *g = &self->g;
	uint8_t req[QG_REQ], *out;
	struct qg_resp r;

	TH_LOG("seed %u", seed);
	size = g->service == QG_ASYM ? QG_REQ / 2 : QG_REQ;
	for (i = 0; i < FUZZ_REQUESTS; i++) {
		qg_free_all(g);
		small_request(g, req, &out);
		for (n = rand_r(&seed) % 4 + 1; n; n--) {
			pos = 1 + rand_r(&seed) % (size - 1);
			/* The driver's own number stays */
			if (pos / 8 == 3)
				continue;
			req[pos] = rand_r(&seed) % 2 ? rand_r(&seed) :
				   req[pos] ^ 1 << rand_r(&seed) % 8;
		}
		/* Whatever it is: one response, and it is this one's */
		ASSERT_EQ(0, qg_run(g, req, &r)) {
			TH_LOG("request %u", i);
		}
		ASSERT_EQ(0, memcmp(r.raw + 8, req + 24, 8));
	}
	qg_free_all(g);
	EXPECT_TRUE(works(g, 3));
}

/* Three guests: one that does as it likes, two that want to be left alone */
FIXTURE(guests)
{
	struct vdev vdev[3];
	struct qg g[3];
	int efd[3][2];
};

FIXTURE_VARIANT(guests)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANT(guests, sym, "vqat_sym");
VDEV_VARIANT(guests, asym, "vqat_asym");
VDEV_VARIANT(guests, dc, "vqat_dc");

FIXTURE_SETUP(guests)
{
	int i;

	memset(self->efd, 0xff, sizeof(self->efd));
	for (i = 0; i < 3; i++) {
		VDEV_SETUP(&self->vdev[i]);
		ASSERT_EQ(0, qg_up(&self->g[i], &self->vdev[i]));
	}
}

FIXTURE_TEARDOWN(guests)
{
	int i;

	pf_inject_end();
	for (i = 0; i < 3; i++) {
		qg_exit(&self->g[i]);
		vdev_cleanup(&self->vdev[i]);
		if (self->efd[i][VEC_RING] >= 0)
			close(self->efd[i][VEC_RING]);
		if (self->efd[i][VEC_MSG] >= 0)
			close(self->efd[i][VEC_MSG]);
	}
}

/* True if vector @v of guest @i has an eventfd now */
static bool enable_vector(struct vdev *vdev, int *efd, unsigned int v)
{
	if (efd[v] < 0)
		efd[v] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return efd[v] >= 0 && !vdev_set_vector(vdev, v, efd[v]);
}

#define VECTOR(i, v)	enable_vector(&self->vdev[i], self->efd[i], v)

/* How often the interrupt with this in its name came, -ENOENT if there is none */
static long long interrupts(const char *name, const char *chip)
{
	char *buf = malloc(1 << 20), *line, *end;
	long long sum = -ENOENT, n;

	if (!buf || file_read("/proc/interrupts", buf, 1 << 20) < 0)
		abort();
	line = strstr(buf, name);
	if (line) {
		end = strchr(line, '\n');
		if (end)
			*end = 0;
		while (line > buf && line[-1] != '\n')
			line--;
		sum = strstr(line, chip) ? 0 : -ENODEV;
		/* Number of the interrupt, then a column for each processor */
		line = strchr(line, ':');
		for (line++; line && sum >= 0; line = end) {
			n = strtoll(line, &end, 10);
			if (end == line)
				break;
			sum += n;
		}
	}
	free(buf);
	return sum;
}

/* True if a response interrupts, which nobody takes before */
static bool do_interrupts(struct __test_metadata *_metadata, struct qg *g,
			  int efd)
{
	uint8_t req[QG_REQ];
	struct qg_resp r;
	uint64_t count;

	qg_irq_rearm(g);
	event_wait(efd, 0);
	qg_null(g, req, 1);
	qg_post(g, req);
	count = event_wait(efd, SOON_MS);
	if (!count)
		TH_LOG("%s: no interrupt", g->vdev->type);
	return !qg_wait(g, &r, SOON_MS) && count;
}

#define interrupted(i)							\
	do_interrupts(_metadata, &self->g[i], self->efd[i][VEC_RING])

/* Each response interrupts, from the card's table to the guest */
TEST_F(guests, interrupts)
{
	long long messages = pf_resource(self->vdev[0].pf, "interrupt_messages");
	unsigned int i, round;
	char name[64];

	snprintf(name, sizeof(name), "(%s)", self->vdev[0].uuid);
	EXPECT_EQ(-ENOENT, interrupts(name, "hdiov-IMS"));
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(VECTOR(i, VEC_RING));
		ASSERT_TRUE(VECTOR(i, VEC_MSG));
		qg_irq_enable(&self->g[i]);
	}
	/* Only that of the ring is the hardware's */
	EXPECT_EQ(messages + 2,
		  pf_resource(self->vdev[0].pf, "interrupt_messages"));
	EXPECT_EQ(0, interrupts(name, "hdiov-IMS"));

	for (round = 1; round <= 5; round++) {
		ASSERT_TRUE(interrupted(0));
		EXPECT_LE(round, interrupts(name, "hdiov-IMS"));
		EXPECT_EQ(0, event_wait(self->efd[1][VEC_RING], 0));
		EXPECT_EQ(0, event_wait(self->efd[0][VEC_MSG], 0));
		EXPECT_EQ(0, event_wait(self->efd[1][VEC_MSG], 0));
	}
	ASSERT_TRUE(interrupted(1));

	/* Turned off, the slot is given back and nothing comes */
	ASSERT_EQ(0, vdev_set_vector(&self->vdev[0], VEC_RING, -1));
	EXPECT_EQ(messages + 1,
		  pf_resource(self->vdev[0].pf, "interrupt_messages"));
	EXPECT_EQ(-ENOENT, interrupts(name, "hdiov-IMS"));
	event_wait(self->efd[0][VEC_RING], 0);
	qg_irq_rearm(&self->g[0]);
	ASSERT_TRUE(works(&self->g[0], 3));
	EXPECT_EQ(0, event_wait(self->efd[0][VEC_RING], NEVER_MS));

	/* On again, it takes up where it was */
	ASSERT_TRUE(VECTOR(0, VEC_RING));
	EXPECT_LE(0, interrupts(name, "hdiov-IMS"));
	ASSERT_TRUE(interrupted(0));
	snprintf(name, sizeof(name), "(%s)", self->vdev[2].uuid);
	EXPECT_EQ(-ENOENT, interrupts(name, ""));
}

/* Without the guest's asking there is none; asking late, it comes at once */
TEST_F(guests, interrupt_masks)
{
	struct qg *g = &self->g[0];
	uint8_t req[QG_REQ];
	struct qg_resp r;
	int *efd = self->efd[0];

	ASSERT_TRUE(VECTOR(0, VEC_RING));
	ASSERT_TRUE(works(g, 3));
	EXPECT_EQ(0, event_wait(efd[VEC_RING], NEVER_MS));

	/* A response that nobody has taken yet */
	qg_null(g, req, 1);
	qg_post(g, req);
	msleep(NEVER_MS);
	EXPECT_EQ(0, event_wait(efd[VEC_RING], 0));
	qg_irq_enable(g);
	EXPECT_LT(0, event_wait(efd[VEC_RING], SOON_MS));
	EXPECT_EQ(0, qg_wait(g, &r, SOON_MS));

	/* The source: only "not empty" is one */
	qg_set(g, QG_INT_COL_CTL, 0);
	qg_set(g, QG_INT_SRC_SEL, 0);
	qg_irq_rearm(g);
	ASSERT_TRUE(works(g, 3));
	event_wait(efd[VEC_RING], 0);
	EXPECT_EQ(0, event_wait(efd[VEC_RING], NEVER_MS));

	/* Without coalescing */
	qg_set(g, QG_INT_SRC_SEL, 0x44);
	qg_set(g, QG_INT_FLAG_EN, 2);
	ASSERT_TRUE(works(g, 1));
	EXPECT_LT(0, event_wait(efd[VEC_RING], SOON_MS));
	qg_set(g, QG_INT_FLAG_EN, 0);
	ASSERT_TRUE(works(g, 1));
	EXPECT_EQ(0, event_wait(efd[VEC_RING], NEVER_MS));
}

/* A guest writes what it likes to all that it has: others hear nothing of it */
TEST_F(guests, forged_interrupts)
{
	static const uint32_t values[] = {
		~0U, 0, 1, 2, 3, 0xfee00000, 0x80000001, 0x7fffffff, 0x44,
	};
	struct qg *g = self->g;
	long long messages;
	unsigned int i, n, seed = 13;
	int others[2] = {};

	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(VECTOR(i, VEC_RING));
		ASSERT_TRUE(VECTOR(i, VEC_MSG));
		qg_irq_enable(&g[i]);
	}
	messages = pf_resource(self->vdev[0].pf, "interrupt_messages");
	ASSERT_TRUE(interrupted(1));
	for (i = 0; i < 3; i++)
		for (n = 0; n < 2; n++)
			event_wait(self->efd[i][n], 0);

	for (n = 0; n < 2; n++) {
		for (i = 0; i < 4096 / 4; i++) {
			g[0].page[i] = values[(i + n) % ARRAY_SIZE(values)];
			g[0].page[i] = rand_r(&seed);
		}
		for (i = 0; i < QG_MSG_SIZE; i++)
			g[0].msg[i] = rand_r(&seed);
		for (i = 0x1000; i < 0x1200; i += 4)
			vdev_set32(g[0].vdev, BAR0, i, rand_r(&seed));
	}
	for (i = 1; i < 3; i++)
		for (n = 0; n < 2; n++)
			others[n] += event_wait(self->efd[i][n], NEVER_MS);
	EXPECT_EQ(0, others[VEC_MSG]);
	EXPECT_EQ(0, others[VEC_RING]);
	EXPECT_EQ(messages,
		  pf_resource(self->vdev[0].pf, "interrupt_messages"));

	for (i = 1; i < 3; i++) {
		EXPECT_TRUE(works(&g[i], 1));
		EXPECT_TRUE(interrupted(i));
	}
	ASSERT_EQ(0, vdev_reset(g[0].vdev));
	qg_start(&g[0]);
	qg_irq_enable(&g[0]);
	EXPECT_TRUE(works(&g[0], 1));
	EXPECT_TRUE(interrupted(0));
}

/* Values of all kinds in all registers that trap, and accesses of all sizes */
TEST_F_TIMEOUT(guests, random_registers, 120)
{
	static const struct {
		unsigned int bar;
		uint64_t size;
	} bars[] = {
		{ BAR0, QG_BAR0_SIZE }, { BAR2, QG_BAR2_SIZE },
		{ BAR4, QG_BAR4_SIZE },
	};
	static const uint32_t known[] = {
		QG_CONFIG(0), QG_CONFIG(1), QG_LBASE(0), QG_LBASE(1),
		QG_UBASE(0), QG_UBASE(1), QG_RPRESETCTL, QG_RPRESETSTS,
		QG_TAIL(0), QG_ARB_EN, QG_HEAD(1), QG_CONFIG(0) + 2,
	};
	struct vdev *vdev = &self->vdev[0];
	unsigned int seed = 11, i, b, size;
	uint64_t off, value;

	TH_LOG("seed %u", seed);
	for (i = 1; i < 3; i++) {
		ASSERT_TRUE(VECTOR(i, VEC_RING));
		ASSERT_TRUE(VECTOR(i, VEC_MSG));
		qg_irq_enable(&self->g[i]);
	}
	for (i = 0; i < FUZZ_REGISTERS; i++) {
		b = rand_r(&seed) % 4 ? rand_r(&seed) % 2 : 2;
		size = rand_r(&seed) % 4 ? 4 : 1 << rand_r(&seed) % 4;
		off = rand_r(&seed) % bars[b].size;
		if (b == 0 && rand_r(&seed) % 4)
			off = known[rand_r(&seed) % ARRAY_SIZE(known)];
		else if (b == 1 && rand_r(&seed) % 4)
			off = rand_r(&seed) % 0x140;
		if (rand_r(&seed) % 8)
			off &= ~3ULL;
		value = (uint64_t)rand_r(&seed) << 33 ^ rand_r(&seed);
		if (rand_r(&seed) % 4)
			value >>= rand_r(&seed) % 64;
		if (!(i % 500)) {
			EXPECT_TRUE(works(&self->g[1], 1));
		}
		if (rand_r(&seed) % 4)
			vdev_write(vdev, bars[b].bar, off, &value, size);
		else
			vdev_read(vdev, bars[b].bar, off, &value, size);
	}

	for (i = 1; i < 3; i++) {
		EXPECT_EQ(0, event_wait(self->efd[i][VEC_MSG], 0));
		EXPECT_TRUE(works(&self->g[i], 2));
		EXPECT_TRUE(interrupted(i));
	}
	EXPECT_EQ(QG_RING_ORDER, qg_get(&self->g[2], QG_CONFIG(0)));

	/* It is itself again after a reset */
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_in_state(vdev, "running"));
	qg_start(&self->g[0]);
	EXPECT_TRUE(works(&self->g[0], 3));
}

/* A DMA write to where interrupts go to is none: it has the guest's PASID */
TEST_F(guests, forged_messages)
{
	uint8_t req[QG_REQ], *out, *at;
	struct qg *g = self->g;
	uint64_t addr, list;
	unsigned int i, n;
	struct qg_resp r;

	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(VECTOR(i, VEC_RING));
		ASSERT_TRUE(VECTOR(i, VEC_MSG));
	}
	for (i = 0; i < 32; i++) {
		qg_free_all(&g[0]);
		small_request(&g[0], req, &out);
		/* Where the result goes to */
		at = req + (g[0].service == QG_SYM ? 96 : 40);
		if (g[0].service == QG_ASYM) {
			memcpy(&list, at, 8);
			at = g[0].mem + le64toh(list) - QG_IOVA;
		}
		/* Formats of both kinds: remapped, with an index; and plain */
		addr = htole64(0xfee00000 + (i % 2 ? i << 12 :
					     0x18 | i << 5));
		memcpy(at, &addr, 8);
		ASSERT_EQ(0, qg_run(&g[0], req, &r));
		EXPECT_TRUE(failed(&g[0], &r));
	}
	for (i = 0; i < 3; i++)
		for (n = 0; n < 2; n++)
			EXPECT_EQ(0, event_wait(self->efd[i][n], 1));
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(works(&g[i], 2));
}

/* All have their memory at the same address, and each its own */
TEST_F(guests, same_address)
{
	struct qg *g = self->g;
	uint8_t req[QG_REQ], *out[3];
	struct qg_resp r;
	int i, n;

	ASSERT_NE(vdev_state(&self->vdev[0], "pasid"),
		  vdev_state(&self->vdev[1], "pasid"));
	ASSERT_NE(vdev_state(&self->vdev[1], "pasid"),
		  vdev_state(&self->vdev[2], "pasid"));
	for (n = 0; n < 3; n++) {
		for (i = 0; i < 3; i++) {
			qg_free_all(&g[i]);
			small_request(&g[i], req, &out[i]);
			if (i == n)
				qg_post(&g[i], req);
		}
		ASSERT_EQ(qg_iova(&g[0], out[0]), qg_iova(&g[2], out[2]));
		ASSERT_EQ(0, qg_wait(&g[n], &r, SOON_MS));
		for (i = 0; i < 3; i++)
			EXPECT_EQ(i == n, small_result(&g[i], out[i])) {
				TH_LOG("guest %d by guest %d", i, n);
			}
	}
}

/* Rings where the guest has no memory: its own queues stop, and say so */
TEST_F(guests, bad_rings)
{
	static const uint64_t bad[] = {
		0, QG_IOVA - QG_RING_BYTES, QG_IOVA + QG_MEM_SIZE, 0xfee00000,
		1ULL << 47, 1ULL << 52, ~0ULL << 14,
	};
	struct qg *g = self->g;
	uint8_t req[QG_REQ];
	unsigned int i, ring;

	for (ring = 0; ring < 2; ring++) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			qg_start(&g[0]);
			qg_set(&g[0], QG_LBASE(ring), bad[i]);
			qg_set(&g[0], QG_UBASE(ring), bad[i] >> 32);
			qg_null(&g[0], req, 1);
			qg_post(&g[0], req);
			EXPECT_EQ(1 << ring, qg_exception(&g[0])) {
				TH_LOG("ring %u at 0x%llx", ring,
				       (unsigned long long)bad[i]);
			}
			EXPECT_TRUE(works(&g[1], 1));
			/* Its own doing, and it can mend it by itself */
			if (i % 2) {
				qg_set(&g[0], QG_EXP_STAT, 3);
			} else {
				ASSERT_EQ(0, vdev_reset(g[0].vdev));
			}
		}
	}
	qg_start(&g[0]);
	EXPECT_TRUE(works(&g[0], 3));
	EXPECT_TRUE(works(&g[2], 3));
}

/* The same of what requests point to: an error response to each */
TEST_F(guests, bad_addresses)
{
	static const uint64_t bad[] = {
		0, QG_IOVA - 0x1000, QG_IOVA + QG_MEM_SIZE, 1ULL << 47,
		1ULL << 63, ~0ULL - 7,
	};
	/* Request bytes that hold an address, by service; 0 ends */
	static const uint8_t at[QG_NUM_SERVICES][4] = {
		{ 8, 32, 96 }, { 32, 40 }, { 32, 40 },
	};
	struct qg *g = self->g;
	uint8_t req[QG_REQ], *out;
	unsigned int i, n;
	struct qg_resp r;
	uint64_t addr;

	for (n = 0; at[g[0].service][n]; n++) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			qg_free_all(&g[0]);
			small_request(&g[0], req, &out);
			addr = htole64(bad[i]);
			memcpy(req + at[g[0].service][n], &addr, 8);
			ASSERT_EQ(0, qg_run(&g[0], req, &r));
			EXPECT_TRUE(failed(&g[0], &r)) {
				TH_LOG("0x%llx at %u",
				       (unsigned long long)bad[i],
				       at[g[0].service][n]);
			}
			if (g[0].service == QG_DC) {
				EXPECT_EQ(-17, qg_dc_error(&r));
			}
		}
	}
	qg_free_all(&g[0]);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(works(&g[i], 3));
}

/* What unmap has returned stays untouched, whatever is in flight */
TEST_F(guests, unmap_in_flight)
{
	struct qg *g = self->g;
	struct load l;
	unsigned int round;

	for (round = 0; round < 6; round++) {
		load_init(&g[0], &l);
		load_post(&g[0], &l, 16);
		msleep(round * 3);
		ASSERT_EQ(0, vdev_unmap(g[0].vdev, QG_IOVA, QG_MEM_SIZE));
		memset(g[0].mem, 0xee, QG_MEM_SIZE);
		EXPECT_TRUE(works(&g[1], 1));
		msleep(20);
		EXPECT_TRUE(all_bytes(g[0].mem, 0xee, QG_MEM_SIZE));
		ASSERT_EQ(0, vdev_map(g[0].vdev, QG_IOVA, g[0].mem, QG_MEM_SIZE,
				      true));
		/* With the rings there again, but the wrong requests in them */
		ASSERT_EQ(0, vdev_reset(g[0].vdev));
		qg_free_all(&g[0]);
		qg_start(&g[0]);
		ASSERT_TRUE(works(&g[0], 2));
	}
}

/* Closed with requests in flight: not a byte is written afterwards */
TEST_F(guests, closed)
{
	struct qg *g = self->g;
	uint8_t *mem = g[0].mem;
	struct load l;

	load_init(&g[0], &l);
	load_post(&g[0], &l, 32);
	munmap((void *)g[0].page, 4096);
	munmap((void *)g[0].msg, 4096);
	g[0].page = NULL;
	g[0].msg = NULL;
	vdev_close(&self->vdev[0]);
	memset(mem, 0x77, QG_MEM_SIZE);
	EXPECT_TRUE(vdev_in_state(&self->vdev[0], "idle"));
	EXPECT_TRUE(works(&g[1], 3));
	msleep(NEVER_MS);
	EXPECT_TRUE(all_bytes(mem, 0x77, QG_MEM_SIZE));
	qg_exit(&g[0]);

	/* Its next user starts from nothing */
	ASSERT_EQ(0, vdev_open(&self->vdev[0]));
	ASSERT_EQ(0, qg_init(&g[0], &self->vdev[0]));
	EXPECT_EQ(0, qg_get(&g[0], QG_TAIL(0)));
	EXPECT_EQ(0, qg_get(&g[0], QG_ARB_EN));
	EXPECT_EQ(0, qg_get(&g[0], QG_INT_SRC_SEL));
	EXPECT_EQ(0, qg_get(&g[0], QG_LBASE(0)));
	EXPECT_EQ(0, qg_get(&g[0], QG_CONFIG(1)));
	EXPECT_TRUE(all_bytes(g[0].msg, 0, 4096));
	qg_start(&g[0]);
	EXPECT_TRUE(works(&g[0], 3));
}

enum how { BY_IOCTL, BY_FLR, BY_RING, BY_RING_ABORT, NUM_WAYS };

static int do_reset(struct qg *g, enum how how)
{
	switch (how) {
	case BY_IOCTL:
		return vdev_reset(g->vdev);
	case BY_FLR:
		vdev_flr(g->vdev);
		return 0;
	case BY_RING:
		return qg_reset(g, QG_RESET);
	case BY_RING_ABORT:
		return qg_reset(g, QG_RESET_ABORT);
	default:
		return -EINVAL;
	}
}

TEST_F_TIMEOUT(guests, resets, 120)
{
	long long pasid = vdev_state(&self->vdev[0], "pasid");
	long long pasidctl = vdev_state(&self->vdev[0], "pasidctl");
	struct qg *g = self->g;
	unsigned int how, round;
	struct load l;

	EXPECT_EQ(pasid, pasidctl & 0xfffff);
	ASSERT_TRUE(VECTOR(0, VEC_RING));
	for (how = 0; how < NUM_WAYS; how++) {
		for (round = 0; round < 3; round++) {
			load_init(&g[0], &l);
			load_post(&g[0], &l, 24);
			msleep(round * 4);
			ASSERT_EQ(0, do_reset(&g[0], how)) {
				TH_LOG("reset %u, round %u", how, round);
			}
			/* Gone with all that was in the rings */
			memset(g[0].mem, 0xdd, QG_MEM_SIZE);
			EXPECT_EQ(0, qg_get(&g[0], QG_TAIL(0)));
			EXPECT_EQ(0, qg_get(&g[0], QG_HEAD(1)));
			EXPECT_EQ(0, qg_get(&g[0], QG_ARB_EN));
			EXPECT_EQ(0, qg_get(&g[0], QG_CONFIG(0)));
			EXPECT_EQ(0, qg_get(&g[0], QG_LBASE(1)));
			/* A doorbell of rings that are no more */
			qg_set(&g[0], QG_TAIL(0), 0x400);
			qg_set(&g[0], QG_ARB_EN, 1);
			msleep(10);
			EXPECT_TRUE(all_bytes(g[0].mem, 0xdd, QG_MEM_SIZE));

			/* It still has its PASID, and its interrupt */
			EXPECT_TRUE(vdev_in_state(&self->vdev[0], "running"));
			EXPECT_EQ(pasid, vdev_state(&self->vdev[0], "pasid"));
			EXPECT_EQ(pasidctl,
				  vdev_state(&self->vdev[0], "pasidctl"));
			qg_free_all(&g[0]);
			qg_start(&g[0]);
			qg_irq_enable(&g[0]);
			ASSERT_TRUE(works(&g[0], 2));
			ASSERT_TRUE(interrupted(0));
			EXPECT_TRUE(works(&g[1], 1));
		}
	}
}

/* The reset by PASID is not the guest's: the register is for all banks' */
TEST_F(guests, refused_resets)
{
	static const uint32_t bad[] = {
		0, QG_RESET_PASID, QG_RESET_PASID | 0xfffff000, 8, 0x80000000,
		~0U << 3,
	};
	struct qg *g = self->g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		qg_set(&g[0], QG_RPRESETCTL, bad[i]);
		/* One that is granted happens a moment later */
		msleep(NEVER_MS);
		EXPECT_EQ(0, qg_get(&g[0], QG_RPRESETSTS));
		qg_set(&g[0], QG_RPRESETSTS, ~0U);
		EXPECT_EQ(QG_RING_ORDER, qg_get(&g[0], QG_CONFIG(0)));
	}
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(works(&g[i], 2));
}

/* Dead with everything running */
TEST_F(guests, killed)
{
	struct qg *g = self->g;
	int status, end[2];
	struct load l;
	uint8_t *mem;
	char byte;
	pid_t pid;

	qg_exit(&g[0]);
	vdev_close(&self->vdev[0]);
	/* Its memory is seen from here, too */
	mem = mmap(NULL, QG_MEM_SIZE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, pipe(end));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct qg_resp r;

		if (vdev_open(&self->vdev[0]) ||
		    qg_init(&g[0], &self->vdev[0]) ||
		    vdev_unmap(&self->vdev[0], QG_IOVA, QG_MEM_SIZE) ||
		    vdev_map(&self->vdev[0], QG_IOVA, mem, QG_MEM_SIZE, true))
			_exit(1);
		munmap(g[0].mem, QG_MEM_SIZE);
		g[0].mem = mem;
		qg_start(&g[0]);
		load_init(&g[0], &l);
		load_post(&g[0], &l, 4);
		if (qg_wait(&g[0], &r, SOON_MS) || write(end[1], "x", 1) != 1)
			_exit(1);
		for (;;) {
			if (g[0].in_flight < 16) {
				load_init(&g[0], &l);
				load_post(&g[0], &l, 16);
			}
			qg_wait(&g[0], &r, SOON_MS);
		}
	}
	close(end[1]);
	ASSERT_EQ(1, read(end[0], &byte, 1));
	close(end[0]);
	msleep(10);
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_TRUE(vdev_in_state(&self->vdev[0], "idle"));
	memset(mem, 0x33, QG_MEM_SIZE);
	EXPECT_TRUE(works(&g[1], 3));
	msleep(NEVER_MS);
	EXPECT_TRUE(all_bytes(mem, 0x33, QG_MEM_SIZE));
	munmap(mem, QG_MEM_SIZE);

	ASSERT_EQ(0, qg_up(&g[0], &self->vdev[0]));
	EXPECT_TRUE(works(&g[0], 3));
}

/* The function itself is reset under its guests */
TEST_F_TIMEOUT(guests, pf_reset, 240)
{
	struct qg *g = self->g;
	long long resets[3];
	const char *why;
	struct load l;
	int i, round, ret;

	ASSERT_TRUE(VECTOR(0, VEC_RING));
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 3; i++)
			resets[i] = vdev_state(&self->vdev[i], "resets");
		load_init(&g[0], &l);
		load_post(&g[0], &l, 16);
		ret = qg_reset_pf(self->vdev[0].pf, &why);
		if (ret == -ENODEV)
			SKIP(return, "%s: %s", variant->type, why);
		ASSERT_EQ(0, ret);
		ASSERT_TRUE(qg_comes_back(&self->vdev[0], resets[0]));
		memset(g[0].mem, 0xdd, QG_MEM_SIZE);
		msleep(10);
		EXPECT_TRUE(all_bytes(g[0].mem, 0xdd, QG_MEM_SIZE));
		for (i = 0; i < 3; i++) {
			ASSERT_TRUE(qg_comes_back(&self->vdev[i], resets[i]));
			EXPECT_EQ(vdev_state(&self->vdev[i], "pasid"),
				  vdev_state(&self->vdev[i], "pasidctl") &
				  0xfffff);
			/* What they had programmed is gone */
			EXPECT_EQ(0, qg_get(&g[i], QG_CONFIG(0)));
			qg_free_all(&g[i]);
			qg_start(&g[i]);
			EXPECT_TRUE(works(&g[i], 2));
		}
		qg_irq_enable(&g[0]);
		ASSERT_TRUE(interrupted(0));
	}
}

static const char * const types[] = { "vqat_sym", "vqat_asym", "vqat_dc" };

#define NUM_TYPES	ARRAY_SIZE(types)

/* All that the card has */
FIXTURE(all)
{
	char pf[64];
	struct vdev vdev[NUM_BANKS + 1];
	struct qg g[NUM_BANKS];
	unsigned int num;
	int before[NUM_TYPES];
	long long qps, pasids, messages;
};

FIXTURE_VARIANT(all)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANT(all, sym_asym, "vqat_sym");
VDEV_VARIANT(all, dc, "vqat_dc");

static void count_all(const char *pf, int *available)
{
	unsigned int t;

	for (t = 0; t < NUM_TYPES; t++)
		available[t] = pf_available(pf, types[t]);
}

FIXTURE_SETUP(all)
{
	const char *why;

	if (!pf_find(variant->type, variant->mode, self->pf, sizeof(self->pf),
		     &why))
		SKIP(return, "%s: %s", variant->type, why);
	count_all(self->pf, self->before);
	self->qps = pf_resource(self->pf, "queue_pairs");
	self->pasids = pf_resource(self->pf, "pasids");
	self->messages = pf_resource(self->pf, "interrupt_messages");
}

FIXTURE_TEARDOWN(all)
{
	int after[NUM_TYPES];
	unsigned int t;

	if (!self->pf[0])
		return;
	for (; self->num; self->num--) {
		qg_exit(&self->g[self->num - 1]);
		vdev_cleanup(&self->vdev[self->num - 1]);
	}
	count_all(self->pf, after);
	for (t = 0; t < NUM_TYPES; t++)
		EXPECT_EQ(self->before[t], after[t]);
	EXPECT_EQ(self->qps, pf_resource(self->pf, "queue_pairs"));
	EXPECT_EQ(self->pasids, pf_resource(self->pf, "pasids"));
	EXPECT_EQ(self->messages, pf_resource(self->pf, "interrupt_messages"));
}

/* Every bank a VDEV, all open and at work; one more is refused with a reason */
TEST_F_TIMEOUT(all, banks, 240)
{
	uint8_t req[QG_REQ], *out[NUM_BANKS];
	int now[NUM_TYPES], sum = 0, kmsg;
	unsigned int t, n, other, i;
	struct vdev *vdev;
	struct qg_resp r;

	for (t = 0; t < NUM_TYPES; t++)
		sum += self->before[t] > 0 ? self->before[t] : 0;
	/* Linux has some for itself, one or two for each CPU */
	ASSERT_LE(NUM_BANKS - 2 * sysconf(_SC_NPROCESSORS_ONLN), sum);
	ASSERT_GE(NUM_BANKS, sum);
	TH_LOG("%d VDEVs: %d sym, %d asym, %d dc", sum, self->before[0],
	       self->before[1], self->before[2]);

	for (t = 0; t < NUM_TYPES; t++) {
		if (self->before[t] < 0)
			continue;
		for (n = self->before[t]; n; n--) {
			vdev = &self->vdev[self->num];
			vdev_init(vdev, self->pf, types[t], variant->mode);
			ASSERT_EQ(0, vdev_create(vdev));
			ASSERT_EQ(0, qg_up(&self->g[self->num++], vdev)) {
				TH_LOG("%s, %d are left", types[t], n - 1);
			}
			/* One less of this type, and of no other */
			count_all(self->pf, now);
			for (other = 0; other < NUM_TYPES; other++)
				ASSERT_EQ(other == t ? n - 1 : other > t ||
					  self->before[other] < 0 ?
					  self->before[other] : 0, now[other]);
		}
		/* Though the card may have other banks free */
		kmsg = kmsg_open();
		ASSERT_LE(0, kmsg);
		vdev = &self->vdev[self->num];
		vdev_init(vdev, self->pf, types[t], variant->mode);
		EXPECT_EQ(-ENOSPC, vdev_create(vdev));
		EXPECT_FALSE(vdev_exists(vdev));
		EXPECT_LT(0, kmsg_count(kmsg, "queue pairs", types[t]));
		close(kmsg);
	}
	EXPECT_EQ(sum, self->num);
	EXPECT_EQ(self->pasids + sum, pf_resource(self->pf, "pasids"));
	EXPECT_EQ(self->qps + sum, pf_resource(self->pf, "queue_pairs"));

	/* All at once, each with its own result */
	for (i = 0; i < self->num; i++) {
		small_request(&self->g[i], req, &out[i]);
		qg_post(&self->g[i], req);
	}
	for (i = 0; i < self->num; i++) {
		ASSERT_EQ(0, qg_wait(&self->g[i], &r, SOON_MS));
		EXPECT_FALSE(failed(&self->g[i], &r));
		EXPECT_TRUE(small_result(&self->g[i], out[i])) {
			TH_LOG("VDEV %u of %u", i, self->num);
		}
	}

	/* One in the middle makes room for one of its kind */
	i = self->num / 2;
	vdev = &self->vdev[i];
	qg_exit(&self->g[i]);
	vdev_cleanup(vdev);
	count_all(self->pf, now);
	for (t = 0; t < NUM_TYPES; t++)
		if (self->before[t] >= 0)
			EXPECT_EQ(!strcmp(types[t], vdev->type), now[t]);
	ASSERT_EQ(0, vdev_create(vdev));
	ASSERT_EQ(0, qg_up(&self->g[i], vdev));
	EXPECT_TRUE(works(&self->g[i], 2));
}

/* With the PF's driver going away below, so the last of all */
FIXTURE(zz_unbind)
{
	struct vdev vdev;
	struct qg g;
};

FIXTURE_VARIANT(zz_unbind)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANT(zz_unbind, qat, "vqat_sym");

FIXTURE_SETUP(zz_unbind)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
}

FIXTURE_TEARDOWN(zz_unbind)
{
	qg_exit(&self->g);
	vdev_cleanup(&self->vdev);
}

struct unbind {
	const char *pf;
	int ret;
};

static void *unbinder(void *arg)
{
	struct unbind *u = arg;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind",
		 u->pf);
	u->ret = file_write(path, u->pf);
	return NULL;
}

TEST_F_TIMEOUT(zz_unbind, while_open, 120)
{
	int available = pf_available(self->vdev.pf, variant->type);
	struct unbind u = { .pf = self->vdev.pf };
	pthread_t thread;
	struct load l;
	int32_t efd;

	efd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, efd);
	ASSERT_EQ(0, vdev_set_irqs(&self->vdev, VFIO_PCI_REQ_IRQ_INDEX,
				   VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, &efd, 4));
	/* The kernel may be testing its own algorithms on the card, for which unbinding waits */
	qg_settle();
	load_init(&self->g, &l);
	load_post(&self->g, &l, 8);
	ASSERT_EQ(0, pthread_create(&thread, NULL, unbinder, &u));

	/* The guest is asked to go, and works until it does */
	EXPECT_LT(0, event_wait(efd, SOON_MS));
	EXPECT_EQ(EBUSY, pthread_tryjoin_np(thread, NULL));
	qg_exit(&self->g);
	vdev_close(&self->vdev);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, u.ret);
	EXPECT_FALSE(vdev_exists(&self->vdev));

	ASSERT_EQ(0, file_write("/sys/bus/pci/drivers_probe", self->vdev.pf));
	ASSERT_TRUE(pf_offers(self->vdev.pf, variant->type, true));
	EXPECT_EQ(available + 1, pf_available(self->vdev.pf, variant->type));
	ASSERT_EQ(0, vdev_create(&self->vdev));
	ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
	EXPECT_TRUE(works(&self->g, 3));
	close(efd);
}

TEST_HARNESS_MAIN
