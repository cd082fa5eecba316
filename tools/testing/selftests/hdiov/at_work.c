// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has VDEVs of an E810 at work, and says "ready" then. After that "at_work halt"
 * halts this machine in a few seconds, and "at_work stay" stays until it is ended.
 * Nobody in here can see what the card does then: who watches it from outside, of
 * an emulated one, has to tell.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/reboot.h>

#include "e810_guest.h"
#include "vdev.h"

#define GUESTS		2
#define WAIT_MS		5000

int main(int argc, char **argv)
{
	static const char * const types[GUESTS] = { "vdcm-1", "avf-1" };
	static struct vdev vdev[GUESTS];
	static struct eg g[GUESTS];
	const char *why;
	bool halt = false;
	char pf[64];
	int ret, i;

	if (argc == 2)
		halt = !strcmp(argv[1], "halt");
	if (argc != 2 || (!halt && strcmp(argv[1], "stay"))) {
		fprintf(stderr,
			"usage: %s halt|stay: with VDEVs at work, halt this machine, or stay\n",
			argv[0]);
		return 2;
	}
	for (i = 0; i < GUESTS; i++) {
		if (!pf_find(types[i], VDEV_CONTAINER, pf, sizeof(pf), &why)) {
			fprintf(stderr, "%s: %s\n", types[i], why);
			return 4;
		}
		vdev_init(&vdev[i], pf, types[i], VDEV_CONTAINER);
		ret = vdev_create(&vdev[i]);
		if (!ret)
			ret = vdev_open(&vdev[i]);
		if (!ret)
			ret = eg_init(&g[i], &vdev[i]);
		if (!ret)
			ret = eg_up(&g[i]);
		if (ret) {
			fprintf(stderr, "%s: %s\n", types[i], strerror(-ret));
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	while (!halt)
		pause();
	msleep(WAIT_MS);
	sync();
	reboot(RB_HALT_SYSTEM);
	perror("reboot");
	return 1;
}
