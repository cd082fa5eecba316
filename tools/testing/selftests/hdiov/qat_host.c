// SPDX-License-Identifier: GPL-2.0-only
/*
 * A QAT that its own driver, qat_4xxx, and VDEVs have together: who may do what
 * while the other is there, and resets of the card, which that driver does without
 * asking.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/if_alg.h>

#include "kselftest_harness.h"

#include "qat_guest.h"
#include "vdev.h"

/* As long as the kernel tests its algorithms on the card, that is in use */
#define BUSY_MS		60000
#define SOON_MS		10000

#define NUM_BANKS	64

static const char * const types[] = { "vqat_sym", "vqat_asym", "vqat_dc" };

/* All that the card has left, or less than 0 if it offers nothing */
static int all_available(const char *pf)
{
	int n, sum = -1;
	unsigned int t;

	for (t = 0; t < ARRAY_SIZE(types); t++) {
		n = pf_available(pf, types[t]);
		if (n >= 0)
			sum = (sum < 0 ? 0 : sum) + n;
	}
	return sum;
}

static int qat_write(const char *pf, const char *file, const char *text)
{
	char path[PATH_MAX];

	return file_write(pf_path(pf, file, path, sizeof(path)), text);
}

/* What nobody can do while the card is in use, at last; or the error */
static int qat_write_free(const char *pf, const char *file, const char *text)
{
	int ret, ms;

	qg_settle();
	for (ms = 0; ms < BUSY_MS; ms += 100) {
		ret = qat_write(pf, file, text);
		if (ret != -EBUSY)
			break;
		msleep(100);
	}
	return ret;
}

static int unload(const char *module)
{
	return syscall(__NR_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

static int unload_free(const char *module)
{
	int ret, ms;

	qg_settle();
	for (ms = 0; ms < BUSY_MS; ms += 100) {
		ret = unload(module);
		if (ret != -EWOULDBLOCK)
			break;
		msleep(100);
	}
	return ret;
}

/* Requests without a task, each with its own answer */
static bool works(struct qg *g, unsigned int num)
{
	uint8_t req[QG_REQ];
	struct qg_resp r;
	unsigned int i;

	for (i = 0; i < num; i++) {
		qg_null(g, req, i);
		qg_post(g, req);
		if (qg_wait(g, &r, SOON_MS) || qg_u64(&r, 8) != i)
			return false;
	}
	return true;
}

FIXTURE(host)
{
	struct vdev vdev;
	struct qg g;
	char services[64];
	bool changed;
};

FIXTURE_VARIANT(host)
{
	const char *type;
	enum vdev_mode mode;
};

/* How a VDEV is opened makes no difference here, and resets of the card take long */
FIXTURE_VARIANT_ADD(host, sym) { .type = "vqat_sym", .mode = VDEV_CONTAINER };
FIXTURE_VARIANT_ADD(host, dc) { .type = "vqat_dc", .mode = VDEV_CONTAINER };

FIXTURE_SETUP(host)
{
	char path[PATH_MAX];

	VDEV_SETUP(&self->vdev);
	ASSERT_LT(0, file_read(pf_path(self->vdev.pf, "qat/cfg_services", path,
				       sizeof(path)), self->services,
			       sizeof(self->services)));
	ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
}

FIXTURE_TEARDOWN(host)
{
	pf_inject_end();
	qg_exit(&self->g);
	vdev_cleanup(&self->vdev);
	if (self->changed) {
		qat_write_free(self->vdev.pf, "qat/state", "down");
		EXPECT_TRUE(pf_offers(self->vdev.pf, variant->type, false));
		qat_write(self->vdev.pf, "qat/cfg_services", self->services);
		EXPECT_EQ(0, qat_write(self->vdev.pf, "qat/state", "up"));
		EXPECT_TRUE(pf_offers(self->vdev.pf, variant->type, true));
	}
}

/* Nobody takes the card away under a VDEV, whether it has a user or not */
TEST_F_TIMEOUT(host, busy, 240)
{
	const char *pf = self->vdev.pf;
	int available, i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-EBUSY, qat_write(pf, "qat/state", "down"));
		EXPECT_EQ(-EWOULDBLOCK, unload("qat_4xxx"));
		EXPECT_EQ(-EWOULDBLOCK, unload("intel_qat"));
		if (!i) {
			EXPECT_TRUE(works(&self->g, 3));
			qg_exit(&self->g);
			vdev_close(&self->vdev);
		}
	}
	ASSERT_EQ(0, vdev_remove(&self->vdev));

	/* Without it, VDEVs are not in the way of anything */
	available = all_available(pf);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, qat_write_free(pf, "qat/state", "down"));
		EXPECT_TRUE(pf_offers(pf, variant->type, false));
		ASSERT_EQ(0, qat_write(pf, "qat/state", "up"));
		ASSERT_TRUE(pf_offers(pf, variant->type, true));
		EXPECT_EQ(available, all_available(pf));
	}
	ASSERT_EQ(0, vdev_create(&self->vdev));
	ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
	EXPECT_TRUE(works(&self->g, 3));
}

/* Each setting of the card gives VDEVs what the kernel does not use itself */
TEST_F_TIMEOUT(host, services, 300)
{
	static const struct {
		const char *services;
		unsigned int banks_per_cpu;
		const char *type;
	} settings[] = {
		{ "sym;dc", 0, "vqat_dc" },
		{ "asym", 0, "vqat_asym" },
		{ "dc", 1, "vqat_dc" },
		{ "sym;asym", 2, "vqat_asym" },
	};
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), left;
	const char *pf = self->vdev.pf;
	struct vdev other;
	unsigned int i;
	struct qg g;

	qg_exit(&self->g);
	vdev_close(&self->vdev);
	ASSERT_EQ(0, vdev_remove(&self->vdev));
	self->changed = true;
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		ASSERT_EQ(0, qat_write_free(pf, "qat/state", "down"));
		ASSERT_TRUE(pf_offers(pf, variant->type, false));
		ASSERT_EQ(0, qat_write(pf, "qat/cfg_services",
				       settings[i].services));
		ASSERT_EQ(0, qat_write(pf, "qat/state", "up"));
		ASSERT_TRUE(pf_offers(pf, settings[i].type, true));
		left = NUM_BANKS - settings[i].banks_per_cpu * cpus;
		EXPECT_EQ(left > 0 ? left : 0, all_available(pf));
		EXPECT_LT(0, pf_available(pf, settings[i].type));

		vdev_init(&other, pf, settings[i].type, variant->mode);
		ASSERT_EQ(0, vdev_create(&other));
		EXPECT_EQ(0, qg_up(&g, &other));
		EXPECT_TRUE(works(&g, 3));
		qg_exit(&g);
		vdev_cleanup(&other);
	}
}

/* The window of bank 0 in BAR 4, and what all windows take */
#define ETR_BANKS		0x100000
#define ETR_BANKS_SIZE		(NUM_BANKS * QG_BUNDLE)

/* Registers of the card itself, which a driver has: of all banks */
static volatile uint32_t *map_banks(const char *pf)
{
	char path[PATH_MAX];
	void *map;
	int fd;

	fd = open(pf_path(pf, "resource4", path, sizeof(path)),
		  O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return MAP_FAILED;
	map = mmap(NULL, ETR_BANKS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   ETR_BANKS);
	close(fd);
	return map;
}

/*
 * As on a server with more CPUs than there are banks for: something is in all of them.
 * Nobody touches them, and the administrator is told what to do
 */
TEST_F_TIMEOUT(host, nothing_left, 240)
{
	const char *pf = self->vdev.pf;
	volatile uint32_t *banks;
	int available, kmsg, i;

	qg_exit(&self->g);
	vdev_close(&self->vdev);
	ASSERT_EQ(0, vdev_remove(&self->vdev));
	available = all_available(pf);
	banks = map_banks(pf);
	if (banks == MAP_FAILED)
		SKIP(return, "the kernel keeps the card's registers: boot with iomem=relaxed");
	kmsg = kmsg_open();
	ASSERT_LE(0, kmsg);

	ASSERT_EQ(0, unload("hdiov_qat"));
	for (i = 0; i < NUM_BANKS; i++)
		if (!banks[(i * QG_BUNDLE + QG_LBASE(0)) / 4])
			banks[(i * QG_BUNDLE + QG_LBASE(0)) / 4] = 0x10000;
	EXPECT_EQ(0, system("modprobe hdiov_qat"));
	EXPECT_GT(0, all_available(pf));
	EXPECT_LT(0, kmsg_count(kmsg, "with qat/state down, put sym;dc in", pf));

	/* qat_4xxx zeroes them when it brings the card up */
	EXPECT_EQ(0, qat_write_free(pf, "qat/state", "down"));
	EXPECT_EQ(0, qat_write(pf, "qat/state", "up"));
	EXPECT_TRUE(pf_offers(pf, variant->type, true));
	EXPECT_EQ(available, all_available(pf));
	munmap((void *)banks, ETR_BANKS_SIZE);
	close(kmsg);
}

/*
 * The card is reset by sysfs while its VDEVs have no users. Older versions of qat_4xxx do
 * not hear of it, and the card has no firmware then: whoever opens a VDEV gets one that
 * works, or an error
 */
TEST_F_TIMEOUT(host, reset_unused, 240)
{
	const char *pf = self->vdev.pf;
	int kmsg, ms, ret;

	kmsg = kmsg_open();
	ASSERT_LE(0, kmsg);
	qg_exit(&self->g);
	vdev_close(&self->vdev);
	qg_settle();
	ASSERT_EQ(0, qat_write(pf, "reset", "1"));
	for (ms = 0; ms < BUSY_MS; ms += 100) {
		ret = qg_up(&self->g, &self->vdev);
		if (ret != -EAGAIN)
			break;
		msleep(100);
	}
	TH_LOG("%s", ret ? strerror(-ret) : "it works");
	if (!ret) {
		EXPECT_TRUE(works(&self->g, 3));
	} else {
		EXPECT_EQ(-EIO, ret);
		EXPECT_LT(0, kmsg_count(kmsg, "the card runs no firmware", pf));
		/* As the administrator is told to */
		ASSERT_EQ(0, vdev_remove(&self->vdev));
		ASSERT_EQ(0, qat_write(pf, "driver/unbind", pf));
		ASSERT_EQ(0, file_write("/sys/bus/pci/drivers_probe", pf));
		ASSERT_TRUE(pf_offers(pf, variant->type, true));
		ASSERT_EQ(0, vdev_create(&self->vdev));
		ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
		EXPECT_TRUE(works(&self->g, 3));
	}
	close(kmsg);
}

struct rewriter {
	struct qg *g;
	bool stop;
};

/* A guest that makes its rings anew all the time, whatever happens to the card */
static void *rewrite(void *data)
{
	struct rewriter *r = data;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		qg_start(r->g);
		qg_set(r->g, QG_TAIL(0), QG_REQ);
		qg_set(r->g, QG_ARB_EN, 1);
	}
	return NULL;
}

/*
 * That not one of its requests goes out without its PASID meanwhile is for the card
 * to tell, from outside
 */
TEST_F_TIMEOUT(host, resets_under_fire, 300)
{
	struct rewriter r = { .g = &self->g };
	struct vdev *vdev = &self->vdev;
	long long resets, pasid;
	pthread_t thread;
	const char *why;
	int i, ret;

	pasid = vdev_state(vdev, "pasid");
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, rewrite, &r));
		resets = vdev_state(vdev, "resets");
		ret = qg_reset_pf(vdev->pf, &why);
		if (!ret)
			EXPECT_TRUE(qg_comes_back(vdev, resets));
		__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		if (ret == -ENODEV)
			SKIP(return, "%s: %s", variant->type, why);
		ASSERT_EQ(0, ret);

		EXPECT_EQ(pasid, vdev_state(vdev, "pasid"));
		EXPECT_EQ(pasid, vdev_state(vdev, "pasidctl") & 0xfffff);
		ASSERT_EQ(0, vdev_reset(vdev));
		self->g.in_flight = 0;
		qg_start(&self->g);
		EXPECT_TRUE(works(&self->g, 3));
		r.stop = false;
	}
}

/* The two modules in any order */
TEST_F_TIMEOUT(host, modules, 300)
{
	const char *pf = self->vdev.pf;
	int available, i;

	qg_exit(&self->g);
	vdev_close(&self->vdev);
	ASSERT_EQ(0, vdev_remove(&self->vdev));
	available = all_available(pf);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, unload_free("qat_4xxx"));
		EXPECT_GT(0, all_available(pf));
		if (i) {
			EXPECT_EQ(0, unload("hdiov_qat"));
			EXPECT_EQ(0, system("modprobe hdiov_qat"));
		}
		ASSERT_EQ(0, system("modprobe qat_4xxx"));
		ASSERT_TRUE(pf_offers(pf, variant->type, true));
		EXPECT_EQ(available, all_available(pf));
	}
	ASSERT_EQ(0, unload("hdiov_qat"));
	EXPECT_GT(0, all_available(pf));
	ASSERT_EQ(0, system("modprobe hdiov_qat"));
	/* At once: it looks at the card while it is loaded */
	EXPECT_EQ(available, all_available(pf));

	ASSERT_EQ(0, vdev_create(&self->vdev));
	ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
	EXPECT_TRUE(works(&self->g, 3));
}

/* A request of the kernel's own rings, as user space makes it: SP 800-38A, F.2.1 */
static int kernel_encrypt(int tfm)
{
	static const uint8_t plain[16] = {
		0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
		0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
	};
	static const uint8_t cipher[16] = {
		0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46,
		0xce, 0xe9, 0x8e, 0x9b, 0x12, 0xe9, 0x19, 0x7d,
	};
	char cbuf[CMSG_SPACE(4) + CMSG_SPACE(20)] = {};
	struct iovec iov = { (void *)plain, sizeof(plain) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = cbuf, .msg_controllen = sizeof(cbuf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	struct af_alg_iv *iv;
	uint8_t out[16];
	int i, ret = 0;
	int op;

	op = accept(tfm, NULL, 0);
	if (op < 0)
		return -errno;
	cmsg->cmsg_level = SOL_ALG;
	cmsg->cmsg_type = ALG_SET_OP;
	cmsg->cmsg_len = CMSG_LEN(4);
	*(uint32_t *)CMSG_DATA(cmsg) = ALG_OP_ENCRYPT;
	cmsg = CMSG_NXTHDR(&msg, cmsg);
	cmsg->cmsg_level = SOL_ALG;
	cmsg->cmsg_type = ALG_SET_IV;
	cmsg->cmsg_len = CMSG_LEN(20);
	iv = (void *)CMSG_DATA(cmsg);
	iv->ivlen = 16;
	for (i = 0; i < 16; i++)
		iv->iv[i] = i;
	if (sendmsg(op, &msg, 0) != sizeof(plain) ||
	    read(op, out, sizeof(out)) != sizeof(out))
		ret = -errno;
	else if (memcmp(out, cipher, sizeof(out)))
		ret = -EILSEQ;
	close(op);
	return ret;
}

struct kernel_user {
	int tfm;
	bool stop;
	unsigned int done;
	int ret;
};

static void *use_kernel(void *data)
{
	struct kernel_user *u = data;

	while (!__atomic_load_n(&u->stop, __ATOMIC_RELAXED) && !u->ret) {
		u->ret = kernel_encrypt(u->tfm);
		__atomic_fetch_add(&u->done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* The host's own cryptography and a VDEV's, at once */
FIXTURE(kernel)
{
	struct vdev vdev;
	struct qg g;
};

FIXTURE_VARIANT(kernel)
{
	const char *type;
	enum vdev_mode mode;
};

FIXTURE_VARIANT_ADD(kernel, sym) {
	.type = "vqat_sym", .mode = VDEV_CONTAINER
};

FIXTURE_SETUP(kernel)
{
	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, qg_up(&self->g, &self->vdev));
}

FIXTURE_TEARDOWN(kernel)
{
	qg_exit(&self->g);
	vdev_cleanup(&self->vdev);
}

TEST_F_TIMEOUT(kernel, crypto, 120)
{
	static const uint8_t key[16] = {
		0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
		0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
	};
	struct sockaddr_alg addr = {
		.salg_family = AF_ALG, .salg_type = "skcipher",
		.salg_name = "qat_aes_cbc",
	};
	struct kernel_user u = {};
	pthread_t thread;
	long long end;
	int ret;

	u.tfm = socket(AF_ALG, SOCK_SEQPACKET, 0);
	ret = u.tfm < 0 ? -1 : bind(u.tfm, (void *)&addr, sizeof(addr));
	if (ret)
		SKIP(return, "this kernel gives user space no such cipher: %s",
		     strerror(errno));
	ASSERT_EQ(0, setsockopt(u.tfm, SOL_ALG, ALG_SET_KEY, key, sizeof(key)));
	ASSERT_EQ(0, kernel_encrypt(u.tfm));

	ASSERT_EQ(0, pthread_create(&thread, NULL, use_kernel, &u));
	EXPECT_TRUE(works(&self->g, 300));
	EXPECT_EQ(0, vdev_reset(&self->vdev));
	qg_start(&self->g);
	EXPECT_TRUE(works(&self->g, 300));
	/* The thread may have had less of a processor than we on a busy machine */
	end = now_ms() + QG_TIMEOUT_MS;
	while (__atomic_load_n(&u.done, __ATOMIC_RELAXED) <= 10 && now_ms() < end)
		ASSERT_TRUE(works(&self->g, 1));
	__atomic_store_n(&u.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	TH_LOG("%u requests of the kernel", u.done);
	EXPECT_EQ(0, u.ret);
	EXPECT_LT(10, u.done);
	close(u.tfm);
}

TEST_HARNESS_MAIN
