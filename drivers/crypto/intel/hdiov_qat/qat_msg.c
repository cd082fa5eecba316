// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages between a guest's driver and the host, and the vector for them
 *
 * Two queues of one message each, in a page that is mapped into the guest. A
 * notifier register for each tells the length of the message that is there, and
 * the reader writes 0 to it. Polling drivers (DPDK) use none of this.
 */
#include <linux/bitfield.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "qat.h"

/* Queues in the page */
#define QAT_MSGQ_TX		0
#define QAT_MSGQ_RX		MSGQ_SIZE

/* The longest message of either side: type, version, compatibility */
#define QAT_MSG_MAX		5

/**
 * qat_msg_raise - interrupt a guest that there is a message for
 * @qa: the ADI, its lock held; in PAUSED it waits for the state to change
 */
void qat_msg_raise(struct qat_adi *qa)
{
	lockdep_assert_held(&qa->lock);

	if (qa->running && qa->vintsou & ~qa->vintmsk & VINT_MESSAGE)
		hdiov_adi_signal(&qa->adi, 0);
}

/* Nothing is sent while the guest has not taken the last message */
static bool qat_msg_send(struct qat_adi *qa, const u8 *msg, unsigned int len)
{
	lockdep_assert_held(&qa->lock);

	if (qa->rx_len)
		return false;
	memcpy(qa->msgq + QAT_MSGQ_RX, msg, len);
	qa->rx_len = len;
	qa->announced = false;
	qa->vintsou |= VINT_MESSAGE;
	qat_msg_raise(qa);
	return true;
}

static void qat_msg_answer_version(struct qat_adi *qa, u16 version)
{
	u8 msg[QAT_MSG_MAX];

	put_unaligned_le16(QAT_MSG_VERSION_RESP, msg);
	put_unaligned_le16(QAT_COMPAT_VERSION, msg + 2);
	/* A newer driver knows itself whether it can do with this version */
	msg[4] = version == QAT_COMPAT_VERSION ? QAT_COMPAT_OK :
						 QAT_COMPAT_UNKNOWN;
	qat_msg_send(qa, msg, sizeof(msg));
}

/* The guest says that there is a message of @len bytes */
static void qat_msg_receive(struct qat_adi *qa, u32 len)
{
	u8 msg[QAT_MSG_MAX] = {};
	u16 type;

	lockdep_assert_held(&qa->lock);

	if (len < sizeof(type) || len > MSGQ_SIZE) {
		dev_warn_ratelimited(&qa->pf->pdev->dev,
				     "%s: message of %u bytes from the guest, must be 2 to %lu\n",
				     hdiov_adi_name(&qa->adi), len, MSGQ_SIZE);
		return;
	}

	/* Once: the guest may change it meanwhile */
	memcpy(msg, qa->msgq + QAT_MSGQ_TX, min_t(u32, len, sizeof(msg)));
	type = get_unaligned_le16(msg);
	switch (type) {
	case QAT_MSG_INIT:
		qa->guest_up = true;
		break;
	case QAT_MSG_SHUTDOWN:
		qa->guest_up = false;
		break;
	case QAT_MSG_COMPAT_VER_REQ:
		qat_msg_answer_version(qa, get_unaligned_le16(msg + 2));
		break;
	default:
		dev_warn_ratelimited(&qa->pf->pdev->dev,
				     "%s: unknown message %u from the guest\n",
				     hdiov_adi_name(&qa->adi), type);
		break;
	}
}

/**
 * qat_msg_announce - tell the driver of a guest that the PF is being reset
 * @qa: the ADI, its lock held
 */
void qat_msg_announce(struct qat_adi *qa)
{
	u8 msg[2];

	lockdep_assert_held(&qa->lock);

	put_unaligned_le16(QAT_MSG_RESTARTING, msg);
	if (qa->guest_up)
		qa->announced = qat_msg_send(qa, msg, sizeof(msg));
}

/**
 * qat_msg_reset - forget what guest and host told one another
 * @qa: the ADI, its lock held; its pages are not mapped
 *
 * But the guest must be able to find out that the PF was reset: that message
 * stays until it is read.
 */
void qat_msg_reset(struct qat_adi *qa)
{
	bool keep = qa->announced && qa->rx_len;

	lockdep_assert_held(&qa->lock);

	memset(qa->msgq, 0, keep ? QAT_MSGQ_RX : PAGE_SIZE);
	if (keep)
		memset(qa->msgq + 2 * MSGQ_SIZE, 0, PAGE_SIZE - 2 * MSGQ_SIZE);
	else
		qa->rx_len = 0;
	qa->vintsou = keep ? VINT_MESSAGE : 0;
	qa->vintmsk = 0;
	qa->guest_up = false;
	qa->announced = false;
}

/**
 * qat_msg_read - read a register of the VDEV's BAR 2
 * @qa: the ADI
 * @offset: in the BAR, a multiple of 4
 *
 * Return: the value, 0 for registers that do not exist
 */
u32 qat_msg_read(struct qat_adi *qa, u64 offset)
{
	if (offset >= VDEV_MSGQ && offset < VDEV_MSGQ + PAGE_SIZE)
		return le32_to_cpu(READ_ONCE(*(__le32 *)(qa->msgq + offset -
							 VDEV_MSGQ)));

	guard(mutex)(&qa->lock);
	switch (offset) {
	case VDEV_VINTSOU:
		return qa->vintsou;
	case VDEV_VINTMSK:
		return qa->vintmsk;
	case VDEV_MSGQ_CFG:
		return FIELD_PREP(MSGQ_CFG_NUM, 1) |
		       FIELD_PREP(MSGQ_CFG_PAGE, VDEV_MSGQ >> PAGE_SHIFT) |
		       FIELD_PREP(MSGQ_CFG_LOG2_SIZE, MSGQ_LOG2_SIZE);
	case VDEV_RX_NOTIFIER:
		return qa->rx_len;
	default:
		/* VDEV_TX_NOTIFIER too: messages are taken at once */
		return 0;
	}
}

/**
 * qat_msg_write - write a register of the VDEV's BAR 2
 * @qa: the ADI
 * @offset: in the BAR, a multiple of 4
 * @value: from the guest
 */
void qat_msg_write(struct qat_adi *qa, u64 offset, u32 value)
{
	if (offset >= VDEV_MSGQ && offset < VDEV_MSGQ + PAGE_SIZE) {
		WRITE_ONCE(*(__le32 *)(qa->msgq + offset - VDEV_MSGQ),
			   cpu_to_le32(value));
		return;
	}

	guard(mutex)(&qa->lock);
	switch (offset) {
	case VDEV_VINTSOU:
		qa->vintsou &= ~value;
		break;
	case VDEV_VINTMSK:
		qa->vintmsk = value & VINT_MESSAGE;
		qat_msg_raise(qa);
		break;
	case VDEV_TX_NOTIFIER:
		if (value & NOTIFIER_LEN)
			qat_msg_receive(qa, value & NOTIFIER_LEN);
		break;
	case VDEV_RX_NOTIFIER:
		/* Taken */
		if (!(value & NOTIFIER_LEN))
			qa->rx_len = 0;
		break;
	}
}
