/* SPDX-License-Identifier: GPL-2.0-only */
/* What a VDEV has saved: to be had, to be changed and to be given to another one */
#ifndef _HDIOV_TEST_STREAM_H
#define _HDIOV_TEST_STREAM_H

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vdev.h"

/* Documentation/driver-api/hdiov-migration.rst */
#define HEAD_LEN	104
#define BODY_LEN	16
#define HEAD_MIN_READER	10
#define HEAD_VENDOR_MIN	14
#define HEAD_DEVICE	18
#define HEAD_NUM_QPS	28
#define HEAD_RESERVED	36
#define HEAD_TYPE	40
#define STREAM_MAX	4096
/* The first record is configuration space */
#define RECORD_LEN	8
#define CONFIG_AT	(HEAD_LEN + BODY_LEN + RECORD_LEN)

#define STATE(name)	VFIO_DEVICE_STATE_##name

/* Read all there is. Returns the length, or a negative errno */
static inline ssize_t drain(int fd, uint8_t *to, size_t size)
{
	size_t len = 0;
	ssize_t ret;

	for (;;) {
		ret = read(fd, to + len, size - len);
		if (ret <= 0)
			return ret ? -errno : len;
		len += ret;
	}
}

/* Stop it and get what it has saved, STREAM_MAX bytes at most; it stays in STOP */
static inline int save_stream(struct vdev *vdev, uint8_t *stream, size_t *len)
{
	ssize_t ret;
	int fd;

	ret = vdev_mig_set(vdev, STATE(STOP_COPY), &fd);
	if (ret)
		return ret;
	ret = drain(fd, stream, STREAM_MAX);
	close(fd);
	if (ret < 0)
		return ret;
	*len = ret;
	return vdev_mig_set(vdev, STATE(STOP), NULL);
}

/* Have it take that. The write that fails says why, or the end does */
static inline int load(struct vdev *vdev, const uint8_t *stream, size_t len)
{
	int ret, fd;

	ret = vdev_mig_set(vdev, STATE(RESUMING), &fd);
	if (ret)
		return ret;
	ret = write(fd, stream, len) == (ssize_t)len ? 0 : -errno;
	if (!ret)
		ret = vdev_mig_set(vdev, STATE(STOP), NULL);
	close(fd);
	return ret;
}

static inline uint32_t crc32(const uint8_t *data, size_t len)
{
	uint32_t crc = ~0;
	unsigned int bit;

	while (len--) {
		crc ^= *data++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
}

/* Who changes a stream by purpose can do that, too */
static inline void seal(uint8_t *stream, size_t len)
{
	put32(stream + HEAD_LEN + 4,
	      crc32(stream + HEAD_LEN + BODY_LEN, len - HEAD_LEN - BODY_LEN));
}

/*
 * How many mutations a test tries: $HDIOV_MUTATIONS, or @num. The first one's seed is
 * $HDIOV_SEED or 0
 */
static inline unsigned int mutations(unsigned int num, unsigned int *first)
{
	const char *want = getenv("HDIOV_MUTATIONS"), *seed = getenv("HDIOV_SEED");

	*first = seed ? strtoul(seed, NULL, 0) : 0;
	return want ? strtoul(want, NULL, 0) : num;
}

/* Change it somehow: the same for each @seed, and all over it for seeds in a row */
static inline void mutate(uint8_t *stream, size_t *len, unsigned int seed)
{
	unsigned int bit = seed * 2654435761U % (*len * 8), i;
	size_t from;

	srand(seed);
	switch (seed % 8) {
	case 0 ... 3:
		stream[bit / 8] ^= 1 << bit % 8;
		break;
	case 4:
		/* Several bytes of any value */
		for (i = 0; i < 1 + rand() % 8; i++)
			stream[rand() % *len] = rand();
		break;
	case 5:
		/* Shorter, and it says so */
		*len = HEAD_LEN + BODY_LEN + rand() %
		       (*len - HEAD_LEN - BODY_LEN);
		put32(stream + HEAD_LEN, *len - HEAD_LEN - BODY_LEN);
		break;
	case 6:
		/* A part of it elsewhere */
		from = rand() % (*len - 64);
		memmove(stream + rand() % (*len - 64), stream + from, 64);
		break;
	case 7:
		/* A value that is large in many places */
		put32(stream + rand() % (*len - 4) / 4 * 4, ~0U << rand() % 32);
		break;
	}
	if (*len > HEAD_LEN + BODY_LEN && seed % 16 < 15)
		seal(stream, *len);
}

#endif /* _HDIOV_TEST_STREAM_H */
