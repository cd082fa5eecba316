// SPDX-License-Identifier: GPL-2.0-only
/* What a VDEV says of itself: that it runs, waits or has died, and why */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>

#include "kselftest_harness.h"

#include "mock_guest.h"
#include "vdev.h"

/* Time for a uevent or an interrupt to arrive, and to see that none does */
#define SOON_MS		5000
#define NEVER_MS	100
/* So many that an access comes between the two steps of some of them */
#define COMEBACKS	100

FIXTURE(state)
{
	struct vdev vdev;
	int uevents;
	int error;
};

FIXTURE_VARIANT(state)
{
	const char *type;
	enum vdev_mode mode;
};

VDEV_VARIANTS_MOCK(state);

static int uevent_socket(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

FIXTURE_SETUP(state)
{
	int32_t efd;

	VDEV_SETUP(&self->vdev);
	ASSERT_EQ(0, vdev_open(&self->vdev));
	vdev_enable(&self->vdev, true);
	self->error = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	efd = self->error;
	ASSERT_EQ(0, vdev_set_irqs(&self->vdev, VFIO_PCI_ERR_IRQ_INDEX,
				   VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, &efd,
				   sizeof(efd)));
	self->uevents = uevent_socket();
	ASSERT_LE(0, self->uevents);
}

FIXTURE_TEARDOWN(state)
{
	close(self->uevents);
	close(self->error);
	mock_tell(self->vdev.pf, "reset", 1);
	vdev_cleanup(&self->vdev);
}

/* What the VDEV's next uevent says, or NULL if none comes for @ms */
static const char *uevent(int fd, const struct vdev *vdev, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	static char msg[4096];
	ssize_t len;
	char *line;

	while (poll(&pfd, 1, ms) > 0) {
		len = recv(fd, msg, sizeof(msg) - 1, MSG_DONTWAIT);
		if (len <= 0)
			return NULL;
		msg[len] = 0;
		/* The first line: action@path */
		if (!strstr(msg, vdev->uuid) || strncmp(msg, "change@", 7))
			continue;
		for (line = msg; line < msg + len; line += strlen(line) + 1)
			if (!strncmp(line, "HDIOV_STATE=", 12))
				return line + 12;
	}
	return NULL;
}

TEST_F(state, life)
{
	struct vdev *vdev = &self->vdev;

	EXPECT_TRUE(vdev_says(vdev, "running"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	EXPECT_TRUE(vdev_says(vdev, "paused: PF is being reset"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	vdev_close(vdev);
	EXPECT_TRUE(vdev_says(vdev, "idle"));

	/* It was well all the time */
	EXPECT_EQ(NULL, uevent(self->uevents, vdev, NEVER_MS));
	EXPECT_EQ(0, event_wait(self->error, 0));
}

TEST_F(state, pf_down)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_pf_reset", 1));
	ASSERT_EQ(-EIO, mock_tell(vdev->pf, "reset", 1));
	EXPECT_TRUE(vdev_says(vdev, "dead: PF is down"));
	EXPECT_STREQ("dead: PF is down",
		     uevent(self->uevents, vdev, SOON_MS));
	EXPECT_EQ(1, event_wait(self->error, SOON_MS));

	/* Neither again while it stays so, nor when it comes back */
	EXPECT_EQ(-EIO, vdev_reset(vdev));
	EXPECT_EQ(NULL, uevent(self->uevents, vdev, NEVER_MS));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_STREQ("alive", uevent(self->uevents, vdev, SOON_MS));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_EQ(0, event_wait(self->error, NEVER_MS));
}

TEST_F(state, not_quiet)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 1));
	EXPECT_EQ(-EIO, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "dead: did not get quiet"));
	EXPECT_STREQ("dead: did not get quiet",
		     uevent(self->uevents, vdev, SOON_MS));
	EXPECT_EQ(1, event_wait(self->error, SOON_MS));

	/* Only a reset of the PF helps, and its user may not care for it */
	vdev_close(vdev);
	EXPECT_TRUE(vdev_says(vdev, "dead: did not get quiet"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_STREQ("alive", uevent(self->uevents, vdev, SOON_MS));
	EXPECT_TRUE(vdev_says(vdev, "idle"));
}

/* A reset of the PF follows anyway, and saves it */
TEST_F(state, not_quiet_amid_pf_reset)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_EQ(NULL, uevent(self->uevents, vdev, NEVER_MS));
	EXPECT_EQ(0, event_wait(self->error, 0));
}

/* Its user is told by the ioctl, and may try again */
TEST_F(state, reset_failed)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_reset", 1));
	EXPECT_EQ(-EIO, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "dead: reset failed"));
	EXPECT_STREQ("dead: reset failed",
		     uevent(self->uevents, vdev, SOON_MS));
	EXPECT_EQ(0, event_wait(self->error, NEVER_MS));

	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "running"));
	EXPECT_STREQ("alive", uevent(self->uevents, vdev, SOON_MS));
}

/* What nobody has asked for is an answer to nobody */
TEST_F(state, comeback_failed)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_reset", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_TRUE(vdev_says(vdev, "dead: reset failed"));
	EXPECT_STREQ("dead: reset failed",
		     uevent(self->uevents, vdev, SOON_MS));
	EXPECT_EQ(1, event_wait(self->error, SOON_MS));

	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

/* Nor does a register tell the guest that its reset has failed */
TEST_F(state, guest_reset_failed)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_reset", 1));
	vdev_set32(vdev, MOCK_BAR, MOCK_RESET, 1);
	EXPECT_EQ(1, event_wait(self->error, SOON_MS));
	EXPECT_TRUE(vdev_says(vdev, "dead: reset failed"));
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "running"));

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_reset", 1));
	vdev_flr(vdev);
	EXPECT_EQ(1, event_wait(self->error, SOON_MS));
	EXPECT_TRUE(vdev_says(vdev, "dead: reset failed"));
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

TEST_F(state, resume_failed)
{
	struct vdev *vdev = &self->vdev;

	vdev_set_master(vdev, false);
	EXPECT_TRUE(vdev_says(vdev, "paused: bus mastering is off"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_resume", 1));
	vdev_set_master(vdev, true);
	EXPECT_EQ(1, event_wait(self->error, SOON_MS));
	EXPECT_TRUE(vdev_says(vdev, "dead: reset failed"));
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

/* The PF is back, and this VDEV, which did not get quiet, not yet: no news */
TEST_F(state, amid_comeback)
{
	struct vdev_toggler t = { .vdev = &self->vdev };
	struct vdev *vdev = &self->vdev;
	pthread_t thread;
	unsigned int i;

	ASSERT_EQ(0, pthread_create(&thread, NULL, vdev_toggle, &t));
	for (i = 0; i < COMEBACKS; i++) {
		EXPECT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 1));
		EXPECT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
		EXPECT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);

	EXPECT_EQ(NULL, uevent(self->uevents, vdev, NEVER_MS));
	EXPECT_EQ(0, event_wait(self->error, 0));
	vdev_set_master(vdev, true);
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

/* The vendor knows what the core will be told only later: nobody stops a guest for that */
TEST_F(state, pf_reset_coming)
{
	struct vdev *vdev = &self->vdev;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, mock_tell(vdev->pf, "reset_coming", 1));
		switch (i) {
		case 0:
			EXPECT_EQ(0, vdev_reset(vdev));
			break;
		case 1:
			vdev_flr(vdev);
			break;
		case 2:
			/* Quiet it is, but does not come back */
			ASSERT_EQ(0, mock_tell(vdev->pf, "reset_coming", 0));
			vdev_set_master(vdev, false);
			ASSERT_EQ(0, mock_tell(vdev->pf, "reset_coming", 1));
			vdev_set_master(vdev, true);
			break;
		case 3:
			vdev_set32(vdev, MOCK_BAR, MOCK_RESET, 1);
			msleep(NEVER_MS);
		}
		EXPECT_TRUE(vdev_says(vdev, "paused: PF is being reset"));
		EXPECT_EQ(~0U, vdev_get32(vdev, MOCK_BAR, MOCK_ID));
		EXPECT_EQ(0, vdev_reset(vdev));
		ASSERT_EQ(0, mock_tell(vdev->pf, "reset_late", 1));
		ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
		EXPECT_TRUE(vdev_says(vdev, "running"));
	}
	EXPECT_EQ(NULL, uevent(self->uevents, vdev, NEVER_MS));
	EXPECT_EQ(0, event_wait(self->error, 0));

	/* One comes amid the return from another */
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_begin", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_coming", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_TRUE(vdev_says(vdev, "paused: PF is being reset"));
	vdev_close(vdev);
	EXPECT_EQ(-EAGAIN, vdev_open(vdev));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_late", 1));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_EQ(0, vdev_open(vdev));
	EXPECT_EQ(NULL, uevent(self->uevents, vdev, NEVER_MS));
}

/* What the first time was an answer is none the next time */
TEST_F(state, told_later)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_reset", 2));
	EXPECT_EQ(-EIO, vdev_reset(vdev));
	EXPECT_EQ(0, event_wait(self->error, NEVER_MS));
	vdev_flr(vdev);
	EXPECT_EQ(1, event_wait(self->error, SOON_MS));
	EXPECT_EQ(0, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

/* The end of a reset that never began brings nothing back */
TEST_F(state, end_of_nothing)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_quiesce", 1));
	EXPECT_EQ(-EIO, vdev_reset(vdev));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset_end", 1));
	EXPECT_TRUE(vdev_says(vdev, "dead: did not get quiet"));
	ASSERT_EQ(0, mock_tell(vdev->pf, "reset", 1));
	EXPECT_TRUE(vdev_says(vdev, "running"));
}

/* It is well again for the next user */
TEST_F(state, closed)
{
	struct vdev *vdev = &self->vdev;

	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_reset", 1));
	EXPECT_EQ(-EIO, vdev_reset(vdev));
	EXPECT_TRUE(vdev_says(vdev, "dead: reset failed"));
	vdev_close(vdev);
	EXPECT_TRUE(vdev_says(vdev, "idle"));
	EXPECT_STREQ("dead: reset failed",
		     uevent(self->uevents, vdev, SOON_MS));
	EXPECT_STREQ("alive", uevent(self->uevents, vdev, SOON_MS));
}

/* The user lets go of the eventfd, or has never given one */
TEST_F(state, nobody_listens)
{
	struct vdev *vdev = &self->vdev;
	int32_t none = -1;

	ASSERT_EQ(0, vdev_set_irqs(vdev, VFIO_PCI_ERR_IRQ_INDEX,
				   VFIO_IRQ_SET_DATA_EVENTFD |
				   VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, &none,
				   sizeof(none)));
	ASSERT_EQ(0, mock_tell(vdev->pf, "fail_pf_reset", 1));
	ASSERT_EQ(-EIO, mock_tell(vdev->pf, "reset", 1));
	EXPECT_TRUE(vdev_says(vdev, "dead: PF is down"));
	EXPECT_EQ(0, event_wait(self->error, NEVER_MS));
	vdev_close(vdev);
	EXPECT_TRUE(vdev_says(vdev, "dead: PF is down"));
}

TEST_HARNESS_MAIN
