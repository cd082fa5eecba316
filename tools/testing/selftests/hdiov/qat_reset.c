// SPDX-License-Identifier: GPL-2.0-only
/*
 * VDEVs of a QAT at work while the card is reset by whoever runs this, after it said
 * "ready": because the card reports an error, for example, which nobody in here can
 * have an emulated one do. Says "back" when all work again.
 */
#include <stdio.h>
#include <string.h>

#include "qat_guest.h"
#include "vdev.h"

#define GUESTS		3
#define WAIT_MS		120000

static struct vdev vdev[GUESTS];
static struct qg g[GUESTS];
static long long resets[GUESTS];

static int works(struct qg *q)
{
	uint8_t req[QG_REQ];
	struct qg_resp r;

	qg_null(q, req, 1);
	return qg_run(q, req, &r);
}

static int start(const char *pf, const char *type)
{
	int ret, i;

	for (i = 0; i < GUESTS; i++) {
		vdev_init(&vdev[i], pf, type, VDEV_CONTAINER);
		ret = vdev_create(&vdev[i]);
		if (!ret)
			ret = qg_up(&g[i], &vdev[i]);
		if (!ret)
			ret = works(&g[i]);
		if (ret) {
			fprintf(stderr, "VDEV %d: %s\n", i, strerror(-ret));
			return 1;
		}
		resets[i] = vdev_state(&vdev[i], "resets");
	}
	return 0;
}

/* At work, until the answers do not come any more */
static int await_reset(void)
{
	long long end = now_ms() + WAIT_MS;
	int i;

	while (now_ms() < end)
		for (i = 0; i < GUESTS; i++)
			if (vdev_state(&vdev[i], "resets") > resets[i] ||
			    !vdev_in_state(&vdev[i], "running") || works(&g[i]))
				return 0;
	fprintf(stderr, "no reset came\n");
	return 1;
}

static int come_back(void)
{
	int i;

	for (i = 0; i < GUESTS; i++) {
		if (!qg_comes_back(&vdev[i], resets[i])) {
			fprintf(stderr, "VDEV %d does not come back\n", i);
			return 1;
		}
		qg_start(&g[i]);
		if (works(&g[i])) {
			fprintf(stderr, "VDEV %d does not work\n", i);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *why;
	char pf[64];
	int ret, i;

	if (argc != 2) {
		fprintf(stderr, "usage: %s TYPE: one of vqat_sym, vqat_asym, vqat_dc\n",
			argv[0]);
		return 2;
	}
	if (!pf_find(argv[1], VDEV_CONTAINER, pf, sizeof(pf), &why)) {
		fprintf(stderr, "%s: %s\n", argv[1], why);
		return 4;
	}
	qg_settle();
	for (i = 0; i < GUESTS; i++)
		vdev[i].fd = -1;
	ret = start(pf, argv[1]);
	if (!ret) {
		puts("ready");
		fflush(stdout);
		ret = await_reset();
	}
	if (!ret)
		ret = come_back();
	if (!ret)
		puts("back");
	for (i = 0; i < GUESTS && vdev[i].uuid[0]; i++) {
		qg_exit(&g[i]);
		vdev_cleanup(&vdev[i]);
	}
	return ret;
}
