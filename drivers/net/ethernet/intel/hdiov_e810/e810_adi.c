// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of an ADI, most of which is ice's
 */
#include <linux/bitfield.h>
#include <linux/etherdevice.h>
#include <linux/jiffies.h>
#include <linux/seq_file.h>
#include <linux/siphash.h>

#include "e810.h"

#define E810_ENTRIES_TIMEOUT	(10 * HZ)

/* How often a guest may cause an overflow, and in what time, in jiffies */
#define E810_MAX_OVERFLOWS	4
#define E810_OVERFLOW_TIME	(60 * HZ)

/*
 * The same VDEV on the same port gets the same address each time it is made,
 * and no two VDEVs of one: 46 bits of a hash of its name.
 */
static void e810_adi_default_mac(struct e810_adi *ea, u8 *mac)
{
	const char *name = hdiov_adi_name(&ea->adi);
	siphash_key_t key = {
		.key = { pci_get_dsn(ea->pf->pdev),
			 PCI_FUNC(ea->pf->pdev->devfn) },
	};

	u64_to_ether_addr(siphash(name, strlen(name), &key) &
			  GENMASK_ULL(47, 0), mac);
	mac[0] &= ~0x01;
	mac[0] |= 0x02;
}

/*
 * Each overflow is at the cost of others: of their messages, or of all packets of the
 * port. A guest that goes on with it after a few resets is stopped, see
 * e810_adi_may_run().
 */
static void e810_adi_overflow(struct e810_adi *ea)
{
	if (!ea->overflows ||
	    time_after(jiffies, ea->overflow_since + E810_OVERFLOW_TIME)) {
		WRITE_ONCE(ea->overflow_since, jiffies);
		ea->overflows = 0;
	}
	ea->overflows++;
	ea->total_overflows++;
	if (ea->overflows <= E810_MAX_OVERFLOWS || READ_ONCE(ea->stopped))
		return;

	dev_err(&ea->pf->pdev->dev,
		"%s: stopped: its guest has caused %u overflows in %u seconds, limit is %u\n",
		hdiov_adi_name(&ea->adi), ea->overflows,
		jiffies_to_msecs(jiffies - ea->overflow_since) / 1000,
		E810_MAX_OVERFLOWS);
	WRITE_ONCE(ea->stopped, true);
	hdiov_adi_request_reset(&ea->adi);
}

/* ice holds locks: this only has the core's work queued */
static void e810_adi_event(void *cookie, enum ice_adi_event event)
{
	struct e810_adi *ea = cookie;

	switch (event) {
	case ICE_ADI_EVENT_MALICIOUS:
		atomic_inc(&ea->malicious);
		break;
	case ICE_ADI_EVENT_OVERFLOW:
		e810_adi_overflow(ea);
		break;
	case ICE_ADI_EVENT_RESET:
		e810_mmio_reset_begun(ea);
		hdiov_adi_request_reset(&ea->adi);
		break;
	}
}

static unsigned int e810_adi_available(struct hdiov_pf *hpf,
				       const struct hdiov_type *type)
{
	return ice_hdiov_available(to_e810_pf(hpf)->ice, type->num_qps);
}

static bool e810_adi_has_entries(struct e810_adi *ea)
{
	unsigned int first = ea->layout.first_msix;
	unsigned int end = first + ea->layout.num_vectors;

	return find_next_bit(ea->pf->entries, end, first) == end;
}

/*
 * A VDEV that is removed while the PF is being reset gives its ADI back when ice is
 * done, and its vectors a moment later, when the core is. ice can have given both to
 * this ADI in between.
 */
static int e810_adi_wait_for_entries(struct e810_adi *ea)
{
	long left;

	left = wait_event_killable_timeout(ea->pf->entry_back,
					   e810_adi_has_entries(ea),
					   E810_ENTRIES_TIMEOUT);
	if (left < 0)
		return left;
	if (left)
		return 0;
	dev_err(&ea->pf->pdev->dev,
		"%s: vectors of a VDEV that was removed are still in use\n",
		hdiov_adi_name(&ea->adi));
	return -EBUSY;
}

static int e810_adi_create(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	struct e810_pf *pf = to_e810_pf(adi->pf);
	struct ice_adi_params params = {
		.name = hdiov_adi_name(adi),
		.mac_locked = true,
		.num_qps = adi->num_qps,
		.event = e810_adi_event,
		.cookie = ea,
	};
	int ret;

	ea->pf = pf;
	mutex_init(&ea->policy_lock);
	e810_adi_default_mac(ea, params.mac);
	ret = e810_mmio_create(ea);
	if (ret)
		goto err_mutex;

	ea->ice = ice_adi_create(pf->ice, &params);
	if (IS_ERR(ea->ice)) {
		ret = PTR_ERR(ea->ice);
		goto err_mmio;
	}
	ret = ice_adi_layout(ea->ice, &ea->layout) ?:
	      e810_adi_wait_for_entries(ea);
	if (ret)
		goto err_adi;
	return 0;

err_adi:
	ice_adi_destroy(ea->ice);
err_mmio:
	e810_mmio_destroy(ea);
err_mutex:
	mutex_destroy(&ea->policy_lock);
	return ret;
}

static void e810_adi_destroy(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);

	ice_adi_destroy(ea->ice);
	e810_mmio_destroy(ea);
	mutex_destroy(&ea->policy_lock);
}

/* What a guest has written to its vectors is not for the next one */
static void e810_adi_reset_vectors(struct e810_adi *ea)
{
	unsigned int v, i;
	void __iomem *page;

	for (v = 0; v < ea->layout.num_vectors; v++) {
		page = e810_page(ea->pf,
				 E810_PAGE_INT(ea->layout.first_vector + v));
		writel(FIELD_PREP(GLINT_DYN_CTL_ITR_INDX,
				  GLINT_DYN_CTL_ITR_NONE) |
		       GLINT_DYN_CTL_CLEARPBA, page + PGINT_DYN_CTL);
		for (i = 0; i < E810_NUM_ITR; i++)
			writel(0, page + PGINT_ITR(i));
	}
}

static int e810_adi_reset(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	int ret;

	/* Quiescing was the reset; or the PF's, with new numbers */
	ret = ice_adi_layout(ea->ice, &ea->layout);
	/* Then there was no memory for its VSI: now there may be */
	if (ret == -EIO)
		ret = ice_adi_quiesce(ea->ice) ?:
		      ice_adi_layout(ea->ice, &ea->layout);
	if (ret)
		return ret;
	e810_adi_reset_vectors(ea);
	e810_kept_reset(ea);
	e810_mmio_reset(ea);
	return 0;
}

/*
 * Whoever has been stopped could have the VDEV reset at once, open it again, or give it
 * another address space, and go on with it. So it stays stopped until the time has passed
 * that so many overflows are counted in.
 */
static int e810_adi_may_run(struct e810_adi *ea)
{
	unsigned long end = READ_ONCE(ea->overflow_since) + E810_OVERFLOW_TIME;

	if (!READ_ONCE(ea->stopped))
		return 0;
	if (!time_after(jiffies, end)) {
		dev_err_ratelimited(&ea->pf->pdev->dev,
				    "%s: stopped for %lu more seconds, as its guest has caused too many overflows\n",
				    hdiov_adi_name(&ea->adi),
				    (end - jiffies) / HZ + 1);
		return -EBUSY;
	}
	WRITE_ONCE(ea->stopped, false);
	return 0;
}

static int e810_adi_set_pasid(struct hdiov_adi *adi,
			      const struct hdiov_dma_id *id)
{
	struct e810_adi *ea = to_e810_adi(adi);
	int ret = e810_adi_may_run(ea);

	if (ret)
		return ret;
	/* The PF may have been reset since the last guest, or none was there */
	return e810_adi_reset(adi) ?: ice_adi_set_pasid(ea->ice, id->pasid);
}

static int e810_adi_clear_pasid(struct hdiov_adi *adi)
{
	int ret = ice_adi_clear_pasid(to_e810_adi(adi)->ice);

	/* A reset of the PF that is under way takes it */
	return ret == -EBUSY ? 0 : ret;
}

static int e810_adi_enable(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	int ret = e810_adi_may_run(ea);

	if (ret)
		return ret;
	WRITE_ONCE(ea->resetting, false);
	ea->paused = true;
	return ice_adi_enable(ea->ice);
}

static int e810_adi_quiesce(struct hdiov_adi *adi)
{
	return ice_adi_quiesce(to_e810_adi(adi)->ice);
}

static void e810_adi_abandon(struct hdiov_adi *adi)
{
	ice_adi_abandon(to_e810_adi(adi)->ice);
}

static void e810_adi_show(struct hdiov_adi *adi, struct seq_file *s)
{
	struct e810_adi *ea = to_e810_adi(adi);
	struct ice_adi_policy policy;
	unsigned int q;

	ice_adi_get_policy(ea->ice, &policy);
	seq_printf(s, "vsi: %u\n", ea->layout.vsi);
	seq_printf(s, "mac: %pM\n", policy.mac);
	seq_printf(s, "malicious driver events: %d\n",
		   atomic_read(&ea->malicious));
	seq_printf(s, "overflows: %u%s\n", READ_ONCE(ea->total_overflows),
		   READ_ONCE(ea->stopped) ? ", stopped" : "");
	seq_printf(s, "msix entries: %u to %u\n", ea->layout.first_msix,
		   ea->layout.first_msix + ea->layout.num_vectors - 1);
	for (q = 0; q < ea->layout.num_qps; q++)
		seq_printf(s, "queue pair %u: tx %u rx %u\n", q,
			   ea->layout.txq[q], ea->layout.rxq[q]);
}

const struct hdiov_adi_ops e810_adi_ops = {
	.available = e810_adi_available,
	.create = e810_adi_create,
	.destroy = e810_adi_destroy,
	.set_pasid = e810_adi_set_pasid,
	.clear_pasid = e810_adi_clear_pasid,
	.enable = e810_adi_enable,
	.resume = e810_adi_resume,
	.pause = e810_adi_pause,
	.quiesce = e810_adi_quiesce,
	.abandon = e810_adi_abandon,
	.reset = e810_adi_reset,
	.show = e810_adi_show,
};

/* ice keeps a run of entries for each ADI, to which its causes always point */
static int e810_vector_slot(struct hdiov_adi *adi, unsigned int vector)
{
	struct e810_adi *ea = to_e810_adi(adi);
	unsigned int entry = ea->layout.first_msix + vector;

	set_bit(entry, ea->pf->entries);
	return entry;
}

static void e810_vector_release(struct hdiov_pf *hpf, unsigned int slot)
{
	struct e810_pf *pf = to_e810_pf(hpf);

	clear_bit(slot, pf->entries);
	wake_up_all(&pf->entry_back);
}

static int e810_vector_bind(struct hdiov_adi *adi, unsigned int vector,
			    unsigned int slot)
{
	struct e810_adi *ea = to_e810_adi(adi);
	u32 page = E810_PAGE_INT(ea->layout.first_vector + vector);
	void __iomem *ctl = e810_page(ea->pf, page + PGINT_DYN_CTL);
	u32 val = readl(ctl);

	/*
	 * What happened while the entry was masked raised nothing. Without a number of
	 * an interval, the card would take bits that read as 0 for that of the first.
	 */
	if (val & GLINT_DYN_CTL_INTENA)
		writel((val & E810_KEPT_DYN_CTL) | GLINT_DYN_CTL_SWINT_TRIG |
		       FIELD_PREP(GLINT_DYN_CTL_ITR_INDX, GLINT_DYN_CTL_ITR_NONE),
		       ctl);
	return 0;
}

/* The entry stays the ADI's, and is masked when it is freed */
static void e810_vector_unbind(struct hdiov_adi *adi, unsigned int vector)
{
}

const struct hdiov_vector_ops e810_vector_ops = {
	.slot = e810_vector_slot,
	.release = e810_vector_release,
	.bind = e810_vector_bind,
	.unbind = e810_vector_unbind,
};
