// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of an ADI: contexts, start and stop
 *
 * Ring addresses in the contexts are the guest's, as it gave them. The card
 * uses them with the VSI's PASID, so the IOMMU decides what they mean.
 */
#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/iopoll.h>

#include "e810.h"

#define E810_QUEUE_POLL_US	20
#define E810_QUEUE_TIMEOUT_US	(100 * USEC_PER_MSEC)

/* A field of a queue context */
struct e810_ctx_field {
	u8 lsb;
	u8 width;
};

/* Bases are in units of 128 bytes in both contexts, so are Rx buffer sizes */
#define E810_CTX_UNIT_SHIFT	7

static const struct e810_ctx_field e810_rx_base = { 32, 57 };
static const struct e810_ctx_field e810_rx_qlen = { 89, 13 };
static const struct e810_ctx_field e810_rx_dbuf = { 102, 7 };
static const struct e810_ctx_field e810_rx_dsize = { 116, 1 };
static const struct e810_ctx_field e810_rx_crcstrip = { 117, 1 };
static const struct e810_ctx_field e810_rx_l2tsel = { 119, 1 };
static const struct e810_ctx_field e810_rx_rxmax = { 174, 14 };
static const struct e810_ctx_field e810_rx_lrxqthresh = { 198, 3 };
static const struct e810_ctx_field e810_rx_prefena = { 201, 1 };

static const struct e810_ctx_field e810_tx_base = { 0, 57 };
static const struct e810_ctx_field e810_tx_port = { 57, 3 };
static const struct e810_ctx_field e810_tx_pf = { 65, 3 };
static const struct e810_ctx_field e810_tx_vmvf_type = { 78, 2 };
static const struct e810_ctx_field e810_tx_src_vsi = { 80, 10 };
static const struct e810_ctx_field e810_tx_qlen = { 135, 13 };
static const struct e810_ctx_field e810_tx_tso_ena = { 152, 1 };
static const struct e810_ctx_field e810_tx_tso_qnum = { 153, 11 };
static const struct e810_ctx_field e810_tx_legacy_int = { 164, 1 };

#define E810_TX_VMVF_TYPE_VMQ	1

/* An Rx packet may take that many buffers */
#define E810_RX_MAX_CHAIN	5

/* Descriptor format of the queue's context wins over the packet's */
#define E810_RXDID_PRIO		3

static void e810_ctx_set(u8 *ctx, struct e810_ctx_field f, u64 val)
{
	unsigned int i;

	for (i = 0; i < f.width; i++)
		if (val & BIT_ULL(i))
			ctx[(f.lsb + i) / 8] |= BIT((f.lsb + i) % 8);
}

static u16 e810_abs_queue(struct e810_adi *ea, unsigned int q)
{
	return ea->adi.qp_base + q;
}

static int e810_txq_start(struct e810_adi *ea, unsigned int q)
{
	u8 ctx[E810_TX_CTX_SIZE] = {};
	int ret;

	e810_ctx_set(ctx, e810_tx_base, ea->tx_base[q] >> E810_CTX_UNIT_SHIFT);
	e810_ctx_set(ctx, e810_tx_port, ea->pf->port);
	e810_ctx_set(ctx, e810_tx_pf, ea->pf->pf_num);
	e810_ctx_set(ctx, e810_tx_vmvf_type, E810_TX_VMVF_TYPE_VMQ);
	e810_ctx_set(ctx, e810_tx_src_vsi, ea->vsi);
	e810_ctx_set(ctx, e810_tx_qlen, ea->tx_len[q]);
	e810_ctx_set(ctx, e810_tx_tso_ena, 1);
	e810_ctx_set(ctx, e810_tx_tso_qnum, e810_abs_queue(ea, q));
	e810_ctx_set(ctx, e810_tx_legacy_int, 1);

	ret = e810_aq_add_txq(ea->pf, e810_sched_queue_parent(ea, q),
			      e810_abs_queue(ea, q), ctx);
	/*
	 * A command without answer may still be carried out. As long as it is
	 * not known that the queue is off, quiescing must fail.
	 */
	ea->txq[q].configured = !ret || ret == -ETIMEDOUT || ret == -EIO;
	return ret;
}

/**
 * e810_txq_configure - set up and start a Tx queue
 * @ea: the ADI
 * @q: queue of the ADI
 * @base: the guest's address of the ring
 * @len: descriptors
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_txq_configure(struct e810_adi *ea, unsigned int q, u64 base, u16 len)
{
	int ret;

	if (ea->txq[q].configured) {
		ret = e810_txqs_disable(ea, BIT(q));
		if (ret)
			return ret;
	}

	ea->tx_base[q] = base;
	ea->tx_len[q] = len;
	return e810_txq_start(ea, q);
}

/**
 * e810_txqs_enable - start Tx queues that were stopped
 * @ea: the ADI
 * @mask: queues of the ADI, set up since its last reset. Those that run since
 *	then go on.
 *
 * The card forgets a queue that it stops. DPDK stops single queues, and starts
 * them again without another word about their rings.
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_txqs_enable(struct e810_adi *ea, unsigned long mask)
{
	unsigned int q;
	int ret;

	for_each_set_bit(q, &mask, ea->adi.num_qps) {
		if (!ea->txq[q].configured) {
			ret = e810_txq_start(ea, q);
			if (ret)
				return ret;
		}
		ea->txq[q].enabled = true;
	}
	return 0;
}

/**
 * e810_rxq_configure - set up an Rx queue, stopped
 * @ea: the ADI
 * @q: queue of the ADI
 * @base: the guest's address of the ring
 * @len: descriptors
 * @buf_size: bytes of a buffer
 * @max_frame: largest frame to receive, bytes
 * @rxdid: descriptor format
 * @keep_crc: let the frame's CRC reach the guest
 *
 * Context: process, with the ADI's lock.
 *
 * Return: 0 or -ETIMEDOUT if it runs and does not stop
 */
int e810_rxq_configure(struct e810_adi *ea, unsigned int q, u64 base, u16 len,
		       u32 buf_size, u32 max_frame, u8 rxdid, bool keep_crc)
{
	__le32 ctx[QRX_CONTEXT_NUM] = {};
	u16 abs_q = e810_abs_queue(ea, q);
	u8 *c = (u8 *)ctx;
	unsigned int i;
	int ret;

	ret = e810_rxqs_disable(ea, BIT(q));
	if (ret)
		return ret;

	e810_ctx_set(c, e810_rx_base, base >> E810_CTX_UNIT_SHIFT);
	e810_ctx_set(c, e810_rx_qlen, len);
	e810_ctx_set(c, e810_rx_dbuf, buf_size >> E810_CTX_UNIT_SHIFT);
	e810_ctx_set(c, e810_rx_dsize, 1);
	e810_ctx_set(c, e810_rx_crcstrip, !keep_crc);
	e810_ctx_set(c, e810_rx_l2tsel, 1);
	e810_ctx_set(c, e810_rx_rxmax,
		     min(max_frame, E810_RX_MAX_CHAIN *
			 round_down(buf_size, BIT(E810_CTX_UNIT_SHIFT))));
	e810_ctx_set(c, e810_rx_lrxqthresh, 1);
	e810_ctx_set(c, e810_rx_prefena, 1);

	for (i = 0; i < ARRAY_SIZE(ctx); i++)
		e810_wr32(ea->pf, QRX_CONTEXT(i, abs_q), le32_to_cpu(ctx[i]));
	e810_wr32(ea->pf, QRXFLXP_CNTXT(abs_q),
		  FIELD_PREP(QRXFLXP_CNTXT_RXDID_IDX, rxdid) |
		  FIELD_PREP(QRXFLXP_CNTXT_RXDID_PRIO, E810_RXDID_PRIO));

	ea->rxq[q].configured = true;
	ea->rxq[q].keeps_crc = keep_crc;
	return 0;
}

static int e810_rxq_wait(struct e810_adi *ea, unsigned int q, bool on)
{
	u32 val;
	int ret;

	ret = read_poll_timeout(e810_rd32, val,
				!!(val & QRX_CTRL_QENA_STAT) == on,
				E810_QUEUE_POLL_US, E810_QUEUE_TIMEOUT_US,
				false, ea->pf,
				QRX_CTRL(e810_abs_queue(ea, q)));
	if (!ret)
		return 0;
	/* A guest whose ring is no good can have this as often as it likes */
	dev_err_ratelimited(&ea->pf->pdev->dev,
			    "%s: Rx queue %u does not %s within %lu ms\n",
			    hdiov_adi_name(&ea->adi), e810_abs_queue(ea, q),
			    on ? "start" : "stop",
			    E810_QUEUE_TIMEOUT_US / USEC_PER_MSEC);
	if (on)
		e810_wr32(ea->pf, QRX_CTRL(e810_abs_queue(ea, q)), 0);
	return ret;
}

static int e810_rxqs_set(struct e810_adi *ea, unsigned long mask, bool on)
{
	unsigned int q;
	int ret, err = 0;

	for_each_set_bit(q, &mask, ea->adi.num_qps)
		e810_wr32(ea->pf, QRX_CTRL(e810_abs_queue(ea, q)),
			  on ? QRX_CTRL_QENA_REQ : 0);
	for_each_set_bit(q, &mask, ea->adi.num_qps) {
		ret = e810_rxq_wait(ea, q, on);
		if (ret) {
			err = ret;
			continue;
		}
		/*
		 * A stopped queue keeps its tail. It is cleared here and not
		 * on configuration: by then a guest may have written it.
		 */
		if (!on && ea->rxq[q].enabled)
			writel(0, ea->pf->hw +
			       e810_page_rx_tail(ea->pf, e810_abs_queue(ea, q)));
		ea->rxq[q].enabled = on;
	}
	return err;
}

/**
 * e810_rxqs_enable - start Rx queues
 * @ea: the ADI
 * @mask: queues of the ADI, configured
 *
 * Context: process, with the ADI's lock.
 *
 * Return: 0 or -ETIMEDOUT
 */
int e810_rxqs_enable(struct e810_adi *ea, unsigned long mask)
{
	return e810_rxqs_set(ea, mask, true);
}

/**
 * e810_rxqs_disable - stop Rx queues
 * @ea: the ADI
 * @mask: queues of the ADI, in any state
 *
 * Context: process, with the ADI's lock.
 *
 * Return: 0 or -ETIMEDOUT
 */
int e810_rxqs_disable(struct e810_adi *ea, unsigned long mask)
{
	return e810_rxqs_set(ea, mask, false);
}

/* A queue that is not there is off. Firmware does not say which one that is */
static int e810_txqs_take_back(struct e810_pf *pf,
			       struct e810_aqc_dis_txq_item *items,
			       unsigned int num)
{
	unsigned int i;
	int ret;

	ret = e810_aq_dis_txqs(pf, items, num);
	if (ret == -ENOENT && num > 1) {
		for (i = 0; i < num; i++) {
			ret = e810_aq_dis_txqs(pf, &items[i], 1);
			if (ret && ret != -ENOENT)
				break;
		}
	}
	/* In a reset of the function, the card stops all of them itself */
	if (ret == -ENOENT || (ret == -EBUSY && READ_ONCE(pf->in_reset)))
		ret = 0;
	return ret;
}

/**
 * e810_txqs_disable - stop Tx queues, their contexts are lost
 * @ea: the ADI
 * @mask: queues of the ADI, in any state
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno
 */
int e810_txqs_disable(struct e810_adi *ea, unsigned long mask)
{
	struct e810_aqc_dis_txq_item items[E810_MAX_QPS_PER_ADI] = {};
	unsigned int q, num = 0;
	unsigned long todo = 0;
	int ret;

	for_each_set_bit(q, &mask, ea->adi.num_qps) {
		if (!ea->txq[q].configured)
			continue;
		items[num].parent_teid = e810_sched_queue_parent(ea, q);
		items[num].num_qs = 1;
		items[num].q_id = cpu_to_le16(e810_abs_queue(ea, q));
		num++;
		todo |= BIT(q);
	}
	if (!num)
		return 0;

	ret = e810_txqs_take_back(ea->pf, items, num);
	if (ret) {
		dev_err_ratelimited(&ea->pf->pdev->dev,
				    "%s: Tx queues 0x%lx from %u do not stop: %d\n",
				    hdiov_adi_name(&ea->adi), todo,
				    ea->adi.qp_base, ret);
		return ret;
	}
	for_each_set_bit(q, &todo, ea->adi.num_qps) {
		ea->txq[q].configured = false;
		ea->txq[q].enabled = false;
	}
	return 0;
}

/**
 * e810_queues_stop - stop all queues of an ADI
 * @ea: the ADI, its doorbells unmapped
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno if any queue may still run
 */
int e810_queues_stop(struct e810_adi *ea)
{
	unsigned long all = GENMASK(ea->adi.num_qps - 1, 0);
	unsigned int q;
	int rx, tx;

	rx = e810_rxqs_disable(ea, all);
	tx = e810_txqs_disable(ea, all);
	if (rx)
		return rx;
	/* Doorbells are unmapped, no guest writes another tail from now on */
	for (q = 0; q < ea->adi.num_qps; q++) {
		writel(0, ea->pf->hw + e810_page_rx_tail(ea->pf, e810_abs_queue(ea, q)));
		ea->rxq[q].configured = false;
		ea->tx_len[q] = 0;
	}
	return tx;
}
