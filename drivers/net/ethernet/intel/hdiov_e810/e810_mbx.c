// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mailbox: messages between the guests' drivers and this one
 *
 * A VSI has a mailbox of its own, which the guest programs. The card fetches
 * the guest's messages under the VSI's PASID and hands them to the function's
 * mailbox together with the number of the VSI, which the guest cannot forge.
 */
#include <linux/etherdevice.h>
#include <linux/slab.h>

#include "e810.h"

const struct e810_ctlq_regs e810_mbx_regs = {
	.name = "mailbox",
	.sq_bal = PF_MBX_ATQBAL,
	.sq_bah = PF_MBX_ATQBAH,
	.sq_len = PF_MBX_ATQLEN,
	.sq_head = PF_MBX_ATQH,
	.sq_tail = PF_MBX_ATQT,
	.rq_bal = PF_MBX_ARQBAL,
	.rq_bah = PF_MBX_ARQBAH,
	.rq_len = PF_MBX_ARQLEN,
	.rq_head = PF_MBX_ARQH,
	.rq_tail = PF_MBX_ARQT,
};

/**
 * e810_mbx_dispatch - queue a message from a VSI to its ADI
 * @pf: the function
 * @desc: descriptor from the mailbox's receive queue
 * @buf: payload
 *
 * Context: the service work.
 */
void e810_mbx_dispatch(struct e810_pf *pf, const struct e810_aq_desc *desc,
		       const void *buf)
{
	u16 vsi = le16_to_cpu(desc->retval);
	u16 len = min_t(u16, le16_to_cpu(desc->datalen), E810_AQ_BUF_SIZE);
	struct e810_adi *ea, *flooded = NULL;
	struct e810_msg *msg;

	if (le16_to_cpu(desc->opcode) != E810_AQC_SEND_MSG_TO_PF ||
	    vsi >= E810_MAX_VSI)
		return;

	msg = kmalloc(struct_size(msg, data, len), GFP_KERNEL);
	if (msg) {
		msg->opcode = le32_to_cpu(desc->cookie_high);
		msg->len = len;
		memcpy(msg->data, buf, len);
	}

	spin_lock(&pf->vsi_lock);
	ea = pf->adi_of_vsi[vsi];
	if (!ea || !READ_ONCE(ea->running) || READ_ONCE(ea->resetting)) {
		/* On its way while the VDEV was reset or removed */
	} else if (!msg || ea->num_msgs >= E810_MAX_MSGS) {
		ea->msgs_dropped++;
		/* Stop it, or it would fill the mailbox that all share */
		if (msg) {
			WRITE_ONCE(ea->resetting, true);
			flooded = ea;
		}
	} else {
		list_add_tail(&msg->node, &ea->msgs);
		ea->num_msgs++;
		queue_work(pf->wq, &ea->work);
		msg = NULL;
	}
	if (flooded) {
		dev_warn_ratelimited(&pf->pdev->dev,
				     "%s: more than %u messages wait, resetting the VDEV\n",
				     hdiov_adi_name(&ea->adi), E810_MAX_MSGS);
		hdiov_adi_request_reset(&ea->adi);
	}
	spin_unlock(&pf->vsi_lock);

	kfree(msg);
}

/**
 * e810_mbx_publish - let messages of an ADI's VSI reach it
 * @ea: the ADI
 */
void e810_mbx_publish(struct e810_adi *ea)
{
	spin_lock(&ea->pf->vsi_lock);
	ea->pf->adi_of_vsi[ea->vsi] = ea;
	spin_unlock(&ea->pf->vsi_lock);
}

/**
 * e810_mbx_unpublish - undo e810_mbx_publish()
 * @ea: the ADI
 *
 * Its work is not queued again after return; it may still run.
 */
void e810_mbx_unpublish(struct e810_adi *ea)
{
	spin_lock(&ea->pf->vsi_lock);
	if (ea->vsi != E810_NO_VSI && ea->pf->adi_of_vsi[ea->vsi] == ea)
		ea->pf->adi_of_vsi[ea->vsi] = NULL;
	spin_unlock(&ea->pf->vsi_lock);
}

/**
 * e810_mbx_adi_of_queue - the ADI that owns a queue of the function
 * @pf: the function
 * @q: queue, counted from the function's first one
 *
 * Context: under &e810_pf.vsi_lock, which keeps the ADI.
 *
 * Return: the ADI, or NULL if none has it
 */
struct e810_adi *e810_mbx_adi_of_queue(struct e810_pf *pf, unsigned int q)
{
	struct e810_adi *ea;
	unsigned int i;

	lockdep_assert_held(&pf->vsi_lock);

	for (i = 0; i < ARRAY_SIZE(pf->adi_of_vsi); i++) {
		ea = pf->adi_of_vsi[i];
		if (ea && q - ea->adi.qp_base < ea->adi.num_qps)
			return ea;
	}
	return NULL;
}

/**
 * e810_mbx_purge - drop the messages of an ADI that wait
 * @ea: the ADI
 */
void e810_mbx_purge(struct e810_adi *ea)
{
	struct e810_msg *msg, *tmp;
	LIST_HEAD(drop);

	spin_lock(&ea->pf->vsi_lock);
	list_splice_init(&ea->msgs, &drop);
	ea->num_msgs = 0;
	ea->link_event = false;
	spin_unlock(&ea->pf->vsi_lock);
	list_for_each_entry_safe(msg, tmp, &drop, node)
		kfree(msg);
}

/**
 * e810_mbx_off - stop the mailbox of an ADI's VSI
 * @ea: the ADI
 *
 * A guest takes zeroed lengths as the sign of a reset.
 */
void e810_mbx_off(struct e810_adi *ea)
{
	void __iomem *page = ea->pf->hw + E810_PAGE_VSI_MBX(ea->vsi);
	unsigned int i;

	writel(0, page + VSI_MBX_ATQLEN);
	writel(0, page + VSI_MBX_ARQLEN);
	for (i = 0; i < VSI_MBX_NUM_REGS; i++)
		writel(0, page + i * sizeof(u32));
	readl(page + VSI_MBX_ATQLEN);
}

/**
 * e810_mbx_link_changed - tell all guests the state of the link
 * @pf: the function
 */
void e810_mbx_link_changed(struct e810_pf *pf)
{
	unsigned int vsi;

	spin_lock(&pf->vsi_lock);
	for (vsi = 0; vsi < E810_MAX_VSI; vsi++) {
		struct e810_adi *ea = pf->adi_of_vsi[vsi];

		if (!ea)
			continue;
		ea->link_event = true;
		queue_work(pf->wq, &ea->work);
	}
	spin_unlock(&pf->vsi_lock);
}

/**
 * e810_mbx_reply - send a message to the guest's driver
 * @ea: the ADI
 * @opcode: virtchnl operation
 * @status: virtchnl status
 * @data: payload
 * @len: bytes of @data, may be 0
 *
 * Context: process, with the ADI's lock.
 *
 * Return: 0 or a negative errno; whether the guest has room for it is not known
 */
int e810_mbx_reply(struct e810_adi *ea, u32 opcode, s32 status,
		   const void *data, u16 len)
{
	u16 flags = E810_AQ_FLAG_SI | (len ? E810_AQ_FLAG_RD : 0);
	struct e810_aq_desc desc = {
		.flags = cpu_to_le16(flags),
		.opcode = cpu_to_le16(E810_AQC_SEND_MSG_TO_VF),
		.cookie_high = cpu_to_le32(opcode),
		.cookie_low = cpu_to_le32(status),
		.ind.param0 = cpu_to_le32(ea->vsi),
	};

	return e810_ctlq_post(&ea->pf->mbx, &desc, data, len);
}
