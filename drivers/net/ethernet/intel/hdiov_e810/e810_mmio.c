// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of a VDEV: which page of the card backs a fast-path page, and what
 * a trapped access does
 */
#include <linux/bitfield.h>
#include <linux/gfp.h>
#include <linux/string.h>

#include "e810.h"

/* Returned for registers that do not exist, as the card's own VDEVs do */
#define E810_NO_REGISTER	0xdeadbeef

/* What a guest may ask of VFGEN_RSTAT */
enum {
	AVF_VFR_INPROGRESS	= 0,
	AVF_VFR_COMPLETED	= 1,
	AVF_VFR_VFACTIVE	= 2,
};

/* Fast-path areas of an avf type with one queue pair */
enum {
	AVF_AREA_TX,
	AVF_AREA_RX,
	AVF_NUM_AREAS,
};

/* Fast-path areas of the vdcm types */
enum {
	VDCM_AREA_MBX,
	VDCM_AREA_RSTAT,
	VDCM_AREA_RX,
	VDCM_AREA_TX,
	VDCM_AREA_VECTOR,
	VDCM_NUM_AREAS,
};

static_assert(VDCM_NUM_AREAS <= E810_MAX_AREAS);

/**
 * e810_mmio_create - the fast-path areas of a new ADI
 * @ea: the ADI
 *
 * Return: 0 or -ENOMEM
 */
int e810_mmio_create(struct e810_adi *ea)
{
	struct hdiov_area *areas = ea->areas;
	struct hdiov_adi *adi = &ea->adi;
	u64 qps = adi->num_qps;

	adi->areas = areas;
	if (e810_type_is_vdcm(adi->type)) {
		ea->rstat = (u32 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!ea->rstat)
			return -ENOMEM;
		areas[VDCM_AREA_MBX] = (struct hdiov_area){
			0, VDCM_MBX_PAGE, E810_PAGE_SIZE, true
		};
		areas[VDCM_AREA_RSTAT] = (struct hdiov_area){
			0, VDCM_RSTAT_PAGE, PAGE_SIZE, false, ea->rstat
		};
		areas[VDCM_AREA_RX] = (struct hdiov_area){
			0, VDCM_QRX_TAIL_PAGES, qps * E810_PAGE_SIZE, true
		};
		areas[VDCM_AREA_TX] = (struct hdiov_area){
			0, VDCM_QTX_TAIL_PAGES, qps * E810_PAGE_SIZE, true
		};
		areas[VDCM_AREA_VECTOR] = (struct hdiov_area){
			0, VDCM_VECTOR_PAGES, (qps + 1) * E810_PAGE_SIZE, true
		};
		adi->num_areas = VDCM_NUM_AREAS;
	} else if (qps == 1) {
		areas[AVF_AREA_TX] = (struct hdiov_area){
			0, AVF_QTX_TAIL(0), E810_PAGE_SIZE, true
		};
		areas[AVF_AREA_RX] = (struct hdiov_area){
			0, AVF_QRX_TAIL(0), E810_PAGE_SIZE, true
		};
		adi->num_areas = AVF_NUM_AREAS;
	}
	/* With more queue pairs, the tails of all of an avf share a page */
	return 0;
}

/**
 * e810_mmio_destroy - undo e810_mmio_create()
 * @ea: the ADI, with nothing mapped
 */
void e810_mmio_destroy(struct e810_adi *ea)
{
	free_page((unsigned long)ea->rstat);
}

/**
 * e810_mmio_reset - forget what the last guest has written
 * @ea: the ADI, which is not enabled
 */
void e810_mmio_reset(struct e810_adi *ea)
{
	/* To zero as well: a reset is in progress */
	if (ea->rstat)
		memset(ea->rstat, 0, PAGE_SIZE);
	WRITE_ONCE(ea->icr0_ena, 0);
	xchg(&ea->icr0_heads, 0);
}

/*
 * To a guest that reads it here, VFGEN_RSTAT says whether it can use its mailbox's page.
 * Where it traps, the access waits for that page to come back. Without this, the page would
 * be gone before the guest is told that it is being reset, or not there yet when it is over:
 * and the guest would write to the inert one, and wait for an answer.
 *
 * An event that begins the next reset can come meanwhile: it ends in this as well.
 */
static void e810_mapped(struct hdiov_adi *adi, bool reachable)
{
	struct e810_adi *ea = to_e810_adi(adi);

	if (ea->rstat)
		WRITE_ONCE(*ea->rstat, reachable && !READ_ONCE(ea->resetting) ?
			   AVF_VFR_VFACTIVE : AVF_VFR_INPROGRESS);
}

/**
 * e810_mmio_reset_begun - tell the guest that it is being reset
 * @ea: the ADI
 */
void e810_mmio_reset_begun(struct e810_adi *ea)
{
	WRITE_ONCE(ea->resetting, true);
	if (ea->rstat)
		WRITE_ONCE(*ea->rstat, AVF_VFR_INPROGRESS);
}

static int e810_fast_page(struct hdiov_adi *adi, unsigned int area,
			  unsigned int page, phys_addr_t *addr)
{
	struct e810_adi *ea = to_e810_adi(adi);
	u32 reg;

	if (!e810_type_is_vdcm(adi->type)) {
		if (area == AVF_AREA_TX)
			reg = E810_PAGE_QTX_DBELL(ea->layout.txq[0]);
		else
			reg = E810_PAGE_QRX_TAIL(ea->layout.rxq[0]);
	} else {
		switch (area) {
		case VDCM_AREA_MBX:
			reg = E810_PAGE_VSI_MBX(ea->layout.vsi);
			break;
		case VDCM_AREA_RX:
			reg = E810_PAGE_QRX_TAIL(ea->layout.rxq[page]);
			break;
		case VDCM_AREA_TX:
			reg = E810_PAGE_QTX_DBELL(ea->layout.txq[page]);
			break;
		default:
			reg = E810_PAGE_INT(ea->layout.first_vector + page);
			break;
		}
	}
	*addr = ea->pf->bar0 + reg;
	return 0;
}

static const struct {
	u16 avf;
	u16 page;
} e810_mbx_map[] = {
	{ AVF_VF_ATQBAL, VSI_MBX_ATQBAL },
	{ AVF_VF_ATQBAH, VSI_MBX_ATQBAH },
	{ AVF_VF_ATQLEN, VSI_MBX_ATQLEN },
	{ AVF_VF_ATQH, VSI_MBX_ATQH },
	{ AVF_VF_ATQT, VSI_MBX_ATQT },
	{ AVF_VF_ARQBAL, VSI_MBX_ARQBAL },
	{ AVF_VF_ARQBAH, VSI_MBX_ARQBAH },
	{ AVF_VF_ARQLEN, VSI_MBX_ARQLEN },
	{ AVF_VF_ARQH, VSI_MBX_ARQH },
	{ AVF_VF_ARQT, VSI_MBX_ARQT },
};

/* The number of a register in an array of them, or -1 */
static int e810_index(u64 offset, u32 base, u32 stride, unsigned int num)
{
	if (offset < base || offset >= base + (u64)stride * num ||
	    (offset - base) % stride)
		return -1;
	return (offset - base) / stride;
}

static struct e810_reg e810_decode_avf(struct e810_adi *ea, u64 offset)
{
	unsigned int qps = ea->adi.num_qps, i;
	int n;

	n = e810_index(offset, AVF_QTX_TAIL(0), 4, qps);
	if (n >= 0)
		return (struct e810_reg){ E810_TRAP_TX_TAIL, n };
	n = e810_index(offset, AVF_QRX_TAIL(0), 4, qps);
	if (n >= 0)
		return (struct e810_reg){ E810_TRAP_RX_TAIL, n };
	if (offset == AVF_VFINT_DYN_CTL0)
		return (struct e810_reg){ E810_TRAP_DYN_CTL, 0 };
	n = e810_index(offset, AVF_VFINT_DYN_CTLN(0), 4, qps);
	if (n >= 0)
		return (struct e810_reg){ E810_TRAP_DYN_CTL, n + 1 };
	for (i = 0; i < E810_NUM_ITR; i++) {
		if (offset == AVF_VFINT_ITR0(i))
			return (struct e810_reg){ E810_TRAP_ITR, 0, i };
		n = e810_index(offset, AVF_VFINT_ITRN(i, 0), 4, qps);
		if (n >= 0)
			return (struct e810_reg){ E810_TRAP_ITR, n + 1, i };
	}
	for (i = 0; i < ARRAY_SIZE(e810_mbx_map); i++)
		if (offset == e810_mbx_map[i].avf)
			return (struct e810_reg){ E810_TRAP_MAILBOX,
						  e810_mbx_map[i].page };
	if (offset == AVF_VFGEN_RSTAT)
		return (struct e810_reg){ E810_TRAP_RSTAT };
	return (struct e810_reg){ E810_TRAP_OTHER };
}

static struct e810_reg e810_decode(struct e810_adi *ea, u64 offset)
{
	unsigned int qps = ea->adi.num_qps;
	u32 in_page;
	int n;

	if (offset < AVF_WINDOW_SIZE)
		return e810_decode_avf(ea, offset);

	if (offset == VDCM_RSTAT_PAGE)
		return (struct e810_reg){ E810_TRAP_RSTAT };
	n = e810_index(offset, VDCM_MBX_PAGE, 4, VSI_MBX_NUM_REGS);
	if (n >= 0)
		return (struct e810_reg){ E810_TRAP_MAILBOX, n * 4 };
	n = e810_index(offset, VDCM_QRX_TAIL_PAGES, E810_PAGE_SIZE, qps);
	if (n >= 0)
		return (struct e810_reg){ E810_TRAP_RX_TAIL, n };
	n = e810_index(offset, VDCM_QTX_TAIL_PAGES, E810_PAGE_SIZE, qps);
	if (n >= 0)
		return (struct e810_reg){ E810_TRAP_TX_TAIL, n };

	in_page = offset % E810_PAGE_SIZE;
	n = e810_index(offset - in_page, VDCM_VECTOR_PAGES, E810_PAGE_SIZE,
		       qps + 1);
	if (n >= 0 && in_page == PGINT_DYN_CTL)
		return (struct e810_reg){ E810_TRAP_DYN_CTL, n };
	if (n >= 0 && in_page < PGINT_ITR(E810_NUM_ITR))
		return (struct e810_reg){ E810_TRAP_ITR, n,
					  (in_page - PGINT_ITR(0)) / 4 };
	return (struct e810_reg){ E810_TRAP_OTHER };
}

static u32 e810_read_rstat(struct e810_adi *ea)
{
	return READ_ONCE(ea->resetting) ? AVF_VFR_INPROGRESS : AVF_VFR_VFACTIVE;
}

/*
 * The card keeps no causes for a VDEV, and vector 0 interrupts the guest
 * without passing here. It has one cause: the mailbox has moved on.
 */
static u32 e810_read_icr0(struct e810_adi *ea)
{
	void __iomem *page = e810_page(ea->pf, E810_PAGE_VSI_MBX(ea->layout.vsi));
	u32 heads = (readl(page + VSI_MBX_ATQH) & CTLQ_HEAD_M) |
		    (readl(page + VSI_MBX_ARQH) & CTLQ_HEAD_M) << 16;

	return xchg(&ea->icr0_heads, heads) == heads ?
		0 : AVF_VFINT_ICR0_ADMINQ;
}

/* The register of the card that @reg stands for, or NULL if there is none */
static void __iomem *e810_hw_reg(struct e810_adi *ea,
				 const struct e810_reg *reg)
{
	const struct ice_adi_layout *l = &ea->layout;
	u32 offset;

	switch (reg->class) {
	case E810_TRAP_TX_TAIL:
		offset = E810_PAGE_QTX_DBELL(l->txq[reg->index]);
		break;
	case E810_TRAP_RX_TAIL:
		offset = E810_PAGE_QRX_TAIL(l->rxq[reg->index]);
		break;
	case E810_TRAP_DYN_CTL:
		offset = E810_PAGE_INT(l->first_vector + reg->index) +
			 PGINT_DYN_CTL;
		break;
	case E810_TRAP_ITR:
		offset = E810_PAGE_INT(l->first_vector + reg->index) +
			 PGINT_ITR(reg->itr);
		break;
	case E810_TRAP_MAILBOX:
		offset = E810_PAGE_VSI_MBX(l->vsi) + reg->index;
		break;
	default:
		return NULL;
	}
	return e810_page(ea->pf, offset);
}

static u64 e810_mmio_read(struct hdiov_adi *adi, unsigned int bar, u64 offset,
			  unsigned int width)
{
	struct e810_adi *ea = to_e810_adi(adi);
	struct e810_reg reg;
	void __iomem *hw;
	u32 kept;

	if (bar)
		return E810_NO_REGISTER;

	reg = e810_decode(ea, offset);
	if (ea->paused && e810_kept_read(ea, &reg, &kept))
		return kept;
	hw = e810_hw_reg(ea, &reg);
	if (hw)
		return readl(hw);
	if (reg.class == E810_TRAP_RSTAT)
		return e810_read_rstat(ea);

	switch (offset) {
	case AVF_VFINT_ICR0_ENA:
		return READ_ONCE(ea->icr0_ena);
	case AVF_VFINT_ICR0:
		return e810_read_icr0(ea);
	default:
		return E810_NO_REGISTER;
	}
}

static void e810_mmio_write(struct hdiov_adi *adi, unsigned int bar, u64 offset,
			    unsigned int width, u64 value)
{
	struct e810_adi *ea = to_e810_adi(adi);
	struct e810_reg reg;
	void __iomem *hw;

	if (bar)
		return;

	reg = e810_decode(ea, offset);
	if (ea->paused && e810_kept_write(ea, &reg, value))
		return;
	hw = e810_hw_reg(ea, &reg);
	if (hw)
		writel(value, hw);
	else if (offset == AVF_VFINT_ICR0_ENA)
		WRITE_ONCE(ea->icr0_ena, value);
}

static unsigned int e810_trap_class(struct hdiov_adi *adi, unsigned int bar,
				    u64 offset, bool write)
{
	if (bar)
		return E810_TRAP_OTHER;
	return e810_decode(to_e810_adi(adi), offset).class;
}

/*
 * Intel says of its Ethernet controllers of 1 and 10 Gb/s that registers do not take
 * accesses of other than 32 bits; of the E810 nothing is published. A VDEV's drivers,
 * iavf and DPDK's, make no others.
 */
const struct hdiov_mmio_ops e810_mmio_ops = {
	.min_width = 4,
	.max_width = 4,
	.read = e810_mmio_read,
	.write = e810_mmio_write,
	.trap_class = e810_trap_class,
	.fast_page = e810_fast_page,
	.mapped = e810_mapped,
};
