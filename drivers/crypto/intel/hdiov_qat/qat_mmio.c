// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of a VDEV: what backs its fast path, and what a trapped access does
 *
 * BAR 0 is the window of a bank. The page with heads, tails and interrupt
 * control is the card's own; it holds registers of this bank only. The page with
 * sizes and addresses of the rings traps. DPDK takes a VDEV for four banks: the
 * others read as 0 and do nothing.
 */
#include <linux/bitfield.h>

#include "qat.h"

/* What registers read that do not exist on a device with such a BAR */
#define QAT_NO_REGISTER		(~0U)

static_assert(BANK_PAGE_SIZE == PAGE_SIZE);

/**
 * qat_mmio_set_areas - tell the core the fast-path areas of an ADI
 * @qa: the ADI
 */
void qat_mmio_set_areas(struct qat_adi *qa)
{
	qa->areas[QAT_AREA_RING] = (struct hdiov_area){
		.bar = VDEV_BAR_RINGS, .size = BANK_PAGE_SIZE,
		.written_paused = true,
	};
	qa->areas[QAT_AREA_MSGQ] = (struct hdiov_area){
		.bar = VDEV_BAR_MISC, .offset = VDEV_MSGQ, .size = PAGE_SIZE,
		.written_paused = true,
	};
	qa->adi.areas = qa->areas;
	qa->adi.num_areas = QAT_NUM_AREAS;
}

static int qat_fast_page(struct hdiov_adi *adi, unsigned int area,
			 unsigned int page, phys_addr_t *addr)
{
	struct qat_adi *qa = to_qat_adi(adi);

	if (area == QAT_AREA_MSGQ) {
		*addr = virt_to_phys(qa->msgq);
		return 0;
	}
	/* The core hears of it soon, and unmaps what it maps now */
	if (!qat_usable(qa->pf))
		return -ENXIO;
	*addr = qa->pf->etr_phys + ETR_BANK(qa->bank);
	return 0;
}

static bool qat_is_config(u64 offset)
{
	unsigned int r;

	for (r = 0; r < BANK_NUM_RINGS; r++)
		if (offset == BANK_RING_CONFIG(r) ||
		    offset == BANK_RING_LBASE(r) ||
		    offset == BANK_RING_UBASE(r))
			return true;
	return false;
}

static unsigned int qat_trap_class(struct hdiov_adi *adi, unsigned int bar,
				   u64 offset, bool write)
{
	if (bar == VDEV_BAR_CAPS)
		return QAT_TRAP_CAPS;
	if (bar == VDEV_BAR_RINGS) {
		if (offset < BANK_PAGE_SIZE)
			return QAT_TRAP_RING;
		if (qat_is_config(offset))
			return QAT_TRAP_CONFIG;
		if (offset == VDEV_RPRESETCTL || offset == VDEV_RPRESETSTS)
			return QAT_TRAP_RESET;
		return QAT_TRAP_OTHER;
	}

	switch (offset) {
	case VDEV_VINTSOU:
	case VDEV_VINTMSK:
		return QAT_TRAP_INTERRUPT;
	case VDEV_MSGQ_CFG:
	case VDEV_TX_NOTIFIER:
	case VDEV_RX_NOTIFIER:
	case VDEV_MSGQ ... VDEV_MSGQ + PAGE_SIZE - 1:
		return QAT_TRAP_MESSAGE;
	default:
		return QAT_TRAP_OTHER;
	}
}

/* As a card in reset answers, or one that the core knows to be in reset */
static u32 qat_rings_read_bank(struct qat_adi *qa, u64 offset)
{
	return qat_usable(qa->pf) ? qat_bank_read(qa, offset) : ~0U;
}

static u32 qat_rings_read(struct qat_adi *qa, u64 offset)
{
	if (offset < BANK_PAGE_SIZE && offset != BANK_RING_SRV_ARB_EN)
		return qat_rings_read_bank(qa, offset);

	guard(mutex)(&qa->lock);
	if (offset == BANK_RING_SRV_ARB_EN)
		return qa->running ? qat_rings_read_bank(qa, offset) :
				     qa->arbiter;
	if (qat_is_config(offset))
		return qat_rings_read_bank(qa, offset);
	if (offset == VDEV_RPRESETSTS)
		return qa->rp_done ? RPRESETSTS_DONE : 0;
	return 0;
}

static void qat_config_write(struct qat_adi *qa, u64 offset, u32 value)
{
	bool is_config = offset < BANK_RING_LBASE(0);

	if (is_config && FIELD_GET(RING_CONFIG_SIZE, value) >
	    RING_CONFIG_SIZE_MAX) {
		dev_warn_ratelimited(&qa->pf->pdev->dev,
				     "%s: ring size %lu from the guest, must be 1 to %u\n",
				     hdiov_adi_name(&qa->adi),
				     FIELD_GET(RING_CONFIG_SIZE, value),
				     RING_CONFIG_SIZE_MAX);
		return;
	}
	/* Addresses are the guest's: the IOMMU checks them */
	if (is_config)
		value &= RING_CONFIG_MASK;
	if (qat_usable(qa->pf) &&
	    !qat_bank_configure(qa->pf, qa->bank, qa->pasidctl, offset, value))
		qat_host_lost(qa->pf);
}

/*
 * The card's reset drops the PASID of the bank while the guest has its page
 * mapped. So the core does it as it does a reset of the whole VDEV: unmap,
 * quiesce, put the PASID back, map again.
 */
static void qat_rpreset_write(struct qat_adi *qa, u32 value)
{
	switch (value & RPRESETCTL_OP) {
	case RPRESETCTL_OP_RESET:
	case RPRESETCTL_OP_ABORT:
		qa->rp_done = false;
		qa->rp_asked = true;
		hdiov_adi_request_reset(&qa->adi);
		break;
	default:
		/* By PASID it could hit others; draining alone needs nobody */
		dev_warn_ratelimited(&qa->pf->pdev->dev,
				     "%s: ring pair reset 0x%x from the guest, must be %u or %u\n",
				     hdiov_adi_name(&qa->adi), value,
				     RPRESETCTL_OP_RESET, RPRESETCTL_OP_ABORT);
		break;
	}
}

/* Not the card's before the bank may run */
static void qat_arbiter_write(struct qat_adi *qa, u32 value)
{
	if (!qa->running)
		qa->arbiter = value;
	else if (qat_usable(qa->pf))
		qat_bank_write(qa, BANK_RING_SRV_ARB_EN, value);
}

static void qat_rings_write(struct qat_adi *qa, u64 offset, u32 value)
{
	/* As the guest's own, if it is mapped */
	if (offset < BANK_PAGE_SIZE && offset != BANK_RING_SRV_ARB_EN) {
		if (qat_usable(qa->pf))
			qat_bank_write(qa, offset, value);
		return;
	}

	guard(mutex)(&qa->lock);
	if (offset == BANK_RING_SRV_ARB_EN)
		qat_arbiter_write(qa, value & BANK_ALL_RINGS);
	else if (qat_is_config(offset))
		qat_config_write(qa, offset, value);
	else if (offset == VDEV_RPRESETCTL)
		qat_rpreset_write(qa, value);
	else if (offset == VDEV_RPRESETSTS && (value & RPRESETSTS_DONE))
		qa->rp_done = false;
}

static u64 qat_mmio_read(struct hdiov_adi *adi, unsigned int bar, u64 offset,
			 unsigned int width)
{
	struct qat_adi *qa = to_qat_adi(adi);

	switch (bar) {
	case VDEV_BAR_RINGS:
		return qat_rings_read(qa, offset);
	case VDEV_BAR_MISC:
		return qat_msg_read(qa, offset);
	case VDEV_BAR_CAPS:
		return qat_caps_read(qa->service, offset);
	default:
		return QAT_NO_REGISTER;
	}
}

static void qat_mmio_write(struct hdiov_adi *adi, unsigned int bar, u64 offset,
			   unsigned int width, u64 value)
{
	struct qat_adi *qa = to_qat_adi(adi);

	switch (bar) {
	case VDEV_BAR_RINGS:
		qat_rings_write(qa, offset, value);
		break;
	case VDEV_BAR_MISC:
		qat_msg_write(qa, offset, value);
		break;
	}
}

/* What the card does with other accesses is not published. DPDK makes none */
const struct hdiov_mmio_ops qat_mmio_ops = {
	.min_width = 4,
	.max_width = 4,
	.read = qat_mmio_read,
	.write = qat_mmio_write,
	.trap_class = qat_trap_class,
	.fast_page = qat_fast_page,
};
