// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of an ADI that is paused
 *
 * ice stops its queues and its mailbox, and they keep what they have. What the guest
 * writes meanwhile that would have them begin something comes to them when the ADI
 * goes on: the mailbox, tails, and the enabling of vectors.
 */
#include <linux/bitfield.h>

#include "e810.h"

static void __iomem *e810_vector_page(struct e810_adi *ea, unsigned int vector)
{
	return e810_page(ea->pf, E810_PAGE_INT(ea->layout.first_vector + vector));
}

/**
 * e810_kept_read - a guest reads a register of a paused ADI
 * @ea: the ADI
 * @reg: the register
 * @value: what it reads
 *
 * Return: false if that is for the card to say
 */
bool e810_kept_read(struct e810_adi *ea, const struct e810_reg *reg, u32 *value)
{
	struct e810_kept *kept = &ea->kept;
	unsigned int i = reg->index;

	switch (reg->class) {
	case E810_TRAP_TX_TAIL:
		*value = READ_ONCE(kept->tx_tail[i]);
		return test_bit(i, kept->tx_set);
	case E810_TRAP_RX_TAIL:
		*value = READ_ONCE(kept->rx_tail[i]);
		return test_bit(i, kept->rx_set);
	case E810_TRAP_MAILBOX:
		*value = READ_ONCE(kept->mbx[i / 4]);
		return test_bit(i / 4, kept->mbx_set);
	case E810_TRAP_DYN_CTL:
		*value = READ_ONCE(kept->dyn_ctl[i]) & E810_KEPT_DYN_CTL;
		return true;
	default:
		return false;
	}
}

static void e810_keep_dyn_ctl(struct e810_adi *ea, unsigned int v, u32 value)
{
	u32 *kept = &ea->kept.dyn_ctl[v];
	u32 itr = FIELD_GET(GLINT_DYN_CTL_ITR_INDX, value);
	u32 stays = GLINT_DYN_CTL_SWINT_TRIG;

	if (value & GLINT_DYN_CTL_INTENA_MSK)
		stays |= GLINT_DYN_CTL_INTENA;
	value &= ~(stays & GLINT_DYN_CTL_INTENA);
	if (itr != GLINT_DYN_CTL_ITR_NONE)
		writel(FIELD_GET(GLINT_DYN_CTL_INTERVAL, value),
		       e810_vector_page(ea, v) + PGINT_ITR(itr));
	WRITE_ONCE(*kept, (READ_ONCE(*kept) & stays) |
			  (value & (E810_KEPT_DYN_CTL |
				    GLINT_DYN_CTL_SWINT_TRIG)));
}

/**
 * e810_kept_write - a guest writes a register of a paused ADI
 * @ea: the ADI
 * @reg: the register
 * @value: what it writes
 *
 * Return: false if the card can be told at once
 */
bool e810_kept_write(struct e810_adi *ea, const struct e810_reg *reg, u32 value)
{
	struct e810_kept *kept = &ea->kept;
	unsigned int i = reg->index;

	switch (reg->class) {
	case E810_TRAP_TX_TAIL:
		WRITE_ONCE(kept->tx_tail[i], value);
		set_bit(i, kept->tx_set);
		return true;
	case E810_TRAP_RX_TAIL:
		WRITE_ONCE(kept->rx_tail[i], value);
		set_bit(i, kept->rx_set);
		return true;
	case E810_TRAP_MAILBOX:
		WRITE_ONCE(kept->mbx[i / 4], value);
		set_bit(i / 4, kept->mbx_set);
		return true;
	case E810_TRAP_DYN_CTL:
		e810_keep_dyn_ctl(ea, i, value);
		return true;
	default:
		return false;
	}
}

/**
 * e810_kept_reset - nothing is to be written when an ADI goes on
 * @ea: the ADI, nobody accesses its registers
 */
void e810_kept_reset(struct e810_adi *ea)
{
	memset(&ea->kept, 0, sizeof(ea->kept));
}

/* No interrupt until it goes on */
static void e810_stop_vectors(struct e810_adi *ea)
{
	unsigned int v;
	void __iomem *ctl;

	for (v = 0; v < ea->layout.num_vectors; v++) {
		ctl = e810_vector_page(ea, v) + PGINT_DYN_CTL;
		ea->kept.dyn_ctl[v] = readl(ctl) & E810_KEPT_DYN_CTL;
		writel(FIELD_PREP(GLINT_DYN_CTL_ITR_INDX,
				  GLINT_DYN_CTL_ITR_NONE), ctl);
		/* Comes after the last one */
		readl(ctl);
	}
}

/* Whatever has happened in between: an interrupt for nothing does no harm */
static void e810_start_vectors(struct e810_adi *ea)
{
	unsigned int v;
	u32 val;

	for (v = 0; v < ea->layout.num_vectors; v++) {
		val = ea->kept.dyn_ctl[v];
		if (val & GLINT_DYN_CTL_INTENA)
			val |= GLINT_DYN_CTL_SWINT_TRIG;
		writel(val | FIELD_PREP(GLINT_DYN_CTL_ITR_INDX,
					GLINT_DYN_CTL_ITR_NONE),
		       e810_vector_page(ea, v) + PGINT_DYN_CTL);
	}
}

/*
 * The card takes what lies between head and tail as soon as a ring is enabled: so they are
 * the same until then.
 */
static void e810_start_ring(struct e810_adi *ea, void __iomem *page, u32 base)
{
	u32 tail = base + VSI_MBX_ATQT, len = base + VSI_MBX_ATQLEN, reg;
	const struct e810_kept *kept = &ea->kept;
	bool len_set = test_bit(len / 4, kept->mbx_set);
	bool tail_set = test_bit(tail / 4, kept->mbx_set);
	u32 val = tail_set ? kept->mbx[tail / 4] : readl(page + tail);

	for (reg = base; reg < tail; reg += 4)
		if (reg != len && test_bit(reg / 4, kept->mbx_set))
			writel(kept->mbx[reg / 4], page + reg);
	if (len_set) {
		writel(readl(page + base + VSI_MBX_ATQH), page + tail);
		writel(kept->mbx[len / 4], page + len);
	}
	if (len_set || tail_set)
		writel(val, page + tail);
}

static void e810_start_mailbox(struct e810_adi *ea)
{
	void __iomem *page = e810_page(ea->pf, E810_PAGE_VSI_MBX(ea->layout.vsi));

	/* Two rings with registers in the same order */
	static_assert(VSI_MBX_ARQT - VSI_MBX_ARQBAL == VSI_MBX_ATQT);

	/* There must be room for answers */
	e810_start_ring(ea, page, VSI_MBX_ARQBAL);
	e810_start_ring(ea, page, VSI_MBX_ATQBAL);
}

static void e810_ring_tails(struct e810_adi *ea)
{
	const struct ice_adi_layout *l = &ea->layout;
	unsigned int q;

	for_each_set_bit(q, ea->kept.rx_set, l->num_qps)
		writel(ea->kept.rx_tail[q],
		       e810_page(ea->pf, E810_PAGE_QRX_TAIL(l->rxq[q])));
	for_each_set_bit(q, ea->kept.tx_set, l->num_qps)
		writel(ea->kept.tx_tail[q],
		       e810_page(ea->pf, E810_PAGE_QTX_DBELL(l->txq[q])));
}

/**
 * e810_adi_pause - &hdiov_adi_ops.pause
 * @adi: the ADI
 *
 * Return: what ice_adi_pause() returns
 */
int e810_adi_pause(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	int ret;

	ret = ice_adi_pause(ea->ice);
	if (ret)
		return ret;
	e810_kept_reset(ea);
	e810_stop_vectors(ea);
	ea->paused = true;
	return 0;
}

/**
 * e810_adi_resume - &hdiov_adi_ops.resume
 * @adi: the ADI
 *
 * Return: what ice_adi_resume() returns
 */
int e810_adi_resume(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	int ret;

	e810_start_vectors(ea);
	ret = ice_adi_resume(ea->ice);
	if (ret)
		return ret;
	/*
	 * Not before: the card takes the guest's messages at once, on another CPU the
	 * service task begins to serve one, and what ice answers to an ADI that is
	 * still paused is lost.
	 */
	e810_start_mailbox(ea);
	e810_ring_tails(ea);
	ea->paused = false;
	ice_adi_tell_link(ea->ice);
	return 0;
}
