// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of an ADI
 */
#include <linux/etherdevice.h>
#include <linux/jhash.h>
#include <linux/seq_file.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "e810.h"

/*
 * The same VDEV on the same port gets the same address each time it is made,
 * and no two VDEVs of one: 46 bits of a hash of its name.
 */
static void e810_adi_default_mac(struct e810_adi *ea, u8 *mac)
{
	const char *name = hdiov_adi_name(&ea->adi);
	siphash_key_t key = {
		.key = { ether_addr_to_u64(ea->pf->mac), 0 },
	};

	u64_to_ether_addr(siphash(name, strlen(name), &key) &
			  GENMASK_ULL(47, 0), mac);
	mac[0] &= ~0x01;
	mac[0] |= 0x02;
}

static u32 e810_mac_hash(const u8 *mac)
{
	return jhash(mac, ETH_ALEN, 0);
}

/**
 * e810_adi_mac_is_others - did the host give an address to another ADI
 * @ea: the ADI
 * @mac: the address
 *
 * Return: true also while the other one does not use it
 */
bool e810_adi_mac_is_others(struct e810_adi *ea, const u8 *mac)
{
	struct e810_pf *pf = ea->pf;
	struct e810_adi *other;
	bool found = false;

	spin_lock(&pf->vsi_lock);
	hash_for_each_possible(pf->assigned, other, assigned,
			       e810_mac_hash(mac))
		if (other != ea && ether_addr_equal(other->mac_assigned, mac))
			found = true;
	spin_unlock(&pf->vsi_lock);
	return found;
}

/**
 * e810_adi_assign_mac - note the address that the host gives to an ADI
 * @ea: the ADI
 * @mac: the address
 *
 * Context: with the ADI's lock, or before anybody else knows the ADI.
 */
void e810_adi_assign_mac(struct e810_adi *ea, const u8 *mac)
{
	struct e810_pf *pf = ea->pf;

	spin_lock(&pf->vsi_lock);
	hash_del(&ea->assigned);
	ether_addr_copy(ea->mac_assigned, mac);
	hash_add(pf->assigned, &ea->assigned, e810_mac_hash(mac));
	spin_unlock(&pf->vsi_lock);
}

static void e810_adi_unassign_mac(struct e810_adi *ea)
{
	spin_lock(&ea->pf->vsi_lock);
	hash_del(&ea->assigned);
	spin_unlock(&ea->pf->vsi_lock);
}

static unsigned int e810_adi_available(struct hdiov_pf *hpf,
				       const struct hdiov_type *type)
{
	return READ_ONCE(to_e810_pf(hpf)->vsi_free);
}

static int e810_adi_create(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	struct e810_pf *pf = to_e810_pf(adi->pf);
	int ret;

	ea->pf = pf;
	mutex_init(&ea->lock);
	INIT_LIST_HEAD(&ea->macs);
	INIT_LIST_HEAD(&ea->msgs);
	INIT_WORK(&ea->work, e810_vc_work);
	e810_irq_init(ea);
	e810_mmio_set_areas(ea);
	e810_adi_default_mac(ea, ea->mac);
	/* From now on no guest can take it */
	e810_adi_assign_mac(ea, ea->mac);
	ea->spoofchk = true;

	guard(rwsem_read)(&pf->reset_sem);
	ret = e810_sched_create(ea);
	if (ret) {
		dev_err(&pf->pdev->dev,
			"%s: no Tx scheduler node for %u queues: %d\n",
			hdiov_adi_name(adi), adi->num_qps, ret);
		goto err_mac;
	}
	ret = e810_vsi_create(ea);
	if (ret)
		goto err_sched;
	e810_mbx_off(ea);
	e810_mbx_publish(ea);
	scoped_guard(mutex, &pf->adis_lock)
		list_add_tail(&ea->node, &pf->adis);
	return 0;

err_sched:
	e810_sched_destroy(ea);
err_mac:
	e810_adi_unassign_mac(ea);
	mutex_destroy(&ea->lock);
	return ret;
}

static void e810_adi_release(struct e810_adi *ea)
{
	struct e810_pf *pf = ea->pf;
	int ret;

	if (ea->stuck) {
		/* A queue may still run: nobody else gets anything of it */
		e810_vsi_del_guest_filters(ea, false);
		dev_err(&pf->pdev->dev,
			"%s: VSI %u and address %pM stay claimed until the function is reset\n",
			hdiov_adi_name(&ea->adi), ea->vsi, ea->mac);
		return;
	}

	if (ea->dead)
		return;
	e810_rate_set(ea, 0);
	e810_sched_destroy(ea);
	ret = e810_vsi_destroy(ea);
	if (ret && !pf->in_reset)
		dev_err(&pf->pdev->dev,
			"%s: VSI %u is lost until the function is reset: %d\n",
			hdiov_adi_name(&ea->adi), ea->vsi, ret);
}

static void e810_adi_destroy(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	struct e810_pf *pf = ea->pf;

	e810_adi_unassign_mac(ea);
	/* In one go, or a reset of the function could publish it again */
	scoped_guard(rwsem_read, &pf->reset_sem) {
		scoped_guard(mutex, &pf->adis_lock)
			list_del(&ea->node);
		e810_mbx_unpublish(ea);
		guard(mutex)(&ea->lock);
		e810_adi_release(ea);
	}
	/* The work may wait for the semaphore or the lock */
	cancel_work_sync(&ea->work);
	e810_mbx_purge(ea);
	mutex_destroy(&ea->lock);
}

/*
 * What an operation of the core returns. All that fails because the card is being
 * reset, or needs to be, is made good by that reset, which e810_global_reset() tells
 * the core of. Bus mastering is off until then.
 */
static int e810_adi_verdict(const struct e810_adi *ea, int ret)
{
	return ret && READ_ONCE(ea->pf->in_reset) ? -EAGAIN : ret;
}

static int e810_adi_set_pasid(struct hdiov_adi *adi,
			      const struct hdiov_dma_id *id)
{
	struct e810_adi *ea = to_e810_adi(adi);
	int ret;

	guard(rwsem_read)(&ea->pf->reset_sem);
	guard(mutex)(&ea->lock);
	if (ea->dead)
		return -EIO;
	/* A new guest. The last one may have gone while it was being reset */
	e810_vc_reset(ea, true);
	ea->keep_mac = false;
	ret = e810_vsi_set_mac_assigned(ea);
	return e810_adi_verdict(ea, ret ?: e810_vsi_set_pasid(ea, id->pasid));
}

static void e810_adi_clear_pasid(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	int ret;

	guard(rwsem_read)(&ea->pf->reset_sem);
	guard(mutex)(&ea->lock);
	ret = ea->dead ? 0 : e810_vsi_clear_pasid(ea);
	if (ret && !ea->pf->in_reset)
		dev_err(&ea->pf->pdev->dev,
			"%s: VSI %u keeps its PASID: %d\n",
			hdiov_adi_name(adi), ea->vsi, ret);
	/* Whatever the hardware says: somebody else may have it from now on */
	ea->ctx.pasid_id = 0;
}

static int e810_adi_enable(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);

	guard(mutex)(&ea->lock);
	if (ea->dead || READ_ONCE(ea->pf->in_reset))
		return e810_adi_verdict(ea, -EIO);
	/* Without one, the guest's requests would go out as the function's */
	if (!(ea->ctx.pasid_id & cpu_to_le32(E810_VSI_PASID_ID_VALID))) {
		dev_err_ratelimited(&ea->pf->pdev->dev,
				    "%s: VSI %u has no PASID\n",
				    hdiov_adi_name(adi), ea->vsi);
		return -EIO;
	}
	WRITE_ONCE(ea->resetting, false);
	WRITE_ONCE(ea->running, true);
	return 0;
}

static int e810_adi_stop(struct e810_adi *ea)
{
	int ret, err, late;

	guard(rwsem_read)(&ea->pf->reset_sem);
	guard(mutex)(&ea->lock);

	WRITE_ONCE(ea->running, false);
	e810_mbx_purge(ea);
	/* The reset of the function has stopped everything, or its removal */
	if (ea->dead || ea->pf->in_reset)
		return 0;

	e810_mbx_off(ea);
	err = e810_queues_stop(ea);
	ret = e810_vsi_drain(ea);

	/*
	 * Messages that the card has handed over already must be dropped now.
	 * After the reset they would be taken for the next driver's.
	 */
	queue_work(ea->pf->wq, &ea->pf->service);
	flush_work(&ea->pf->service);
	/* And answers that it has not delivered, or the next driver would get them */
	late = e810_ctlq_flush(&ea->pf->mbx);
	if (late)
		dev_err_ratelimited(&ea->pf->pdev->dev,
				    "%s: the card does not deliver its messages: %d\n",
				    hdiov_adi_name(&ea->adi), late);
	if (READ_ONCE(ea->pf->in_reset))
		return -EAGAIN;
	ea->stuck = err || ret || late;
	return err ?: ret ?: late;
}

static int e810_adi_quiesce(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	int ret = e810_adi_stop(ea);

	/* One more message may be in the hands of the work, waiting for a lock */
	flush_work(&ea->work);
	return ret;
}

static void e810_adi_abandon(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);

	scoped_guard(mutex, &ea->lock) {
		WRITE_ONCE(ea->running, false);
		e810_mbx_purge(ea);
	}
	/* As in e810_adi_quiesce() */
	flush_work(&ea->work);
}

static int e810_adi_reset(struct hdiov_adi *adi)
{
	struct e810_adi *ea = to_e810_adi(adi);
	int ret;

	guard(rwsem_read)(&ea->pf->reset_sem);
	guard(mutex)(&ea->lock);

	if (ea->dead || READ_ONCE(ea->pf->in_reset))
		return e810_adi_verdict(ea, -EIO);

	e810_vc_reset(ea, false);
	ret = e810_vsi_reset_hw(ea);
	if (ret)
		return e810_adi_verdict(ea, ret);
	ret = e810_vsi_restore(ea);
	if (ret)
		return e810_adi_verdict(ea, ret);
	e810_mbx_off(ea);
	e810_irq_reset(ea);
	WRITE_ONCE(ea->icr0_ena, 0);
	xchg(&ea->icr0_heads, 0);
	WRITE_ONCE(ea->resetting, false);
	return 0;
}

static void e810_adi_show(struct hdiov_adi *adi, struct seq_file *s)
{
	static const char * const states[] = {
		[E810_VC_INIT] = "init",
		[E810_VC_VERSION] = "version",
		[E810_VC_ACTIVE] = "active",
	};
	struct e810_adi *ea = to_e810_adi(adi);
	unsigned int q;

	guard(mutex)(&ea->lock);
	if (ea->vsi == E810_NO_VSI)
		seq_puts(s, "vsi: none\n");
	else
		seq_printf(s, "vsi: %u\n", ea->vsi);
	seq_printf(s, "mac: %pM\n", ea->mac);
	seq_printf(s, "other addresses: %u\n", ea->num_macs);
	seq_printf(s, "vlans: %u\n", ea->num_vlans);
	seq_printf(s, "promiscuous: unicast %u multicast %u\n", ea->promisc_uc,
		   ea->promisc_mc);
	seq_printf(s, "virtchnl: %s %u.%u capabilities 0x%08x\n",
		   states[ea->vc_state], ea->vc_version.major,
		   ea->vc_version.minor, ea->caps);
	seq_printf(s, "malicious driver events: %u\n", READ_ONCE(ea->mdd_events));
	seq_printf(s, "messages: handled %llu dropped %llu waiting %u\n",
		   ea->msgs_handled, READ_ONCE(ea->msgs_dropped),
		   READ_ONCE(ea->num_msgs));
	for (q = 0; q < adi->num_qps; q++)
		seq_printf(s,
			   "queue pair %u: tx %s vector %u, rx %s vector %u\n",
			   adi->qp_base + q,
			   ea->txq[q].configured ? "on" : "off",
			   ea->txq[q].vector,
			   ea->rxq[q].enabled ? "on" :
			   ea->rxq[q].configured ? "configured" : "off",
			   ea->rxq[q].vector);
}

const struct hdiov_adi_ops e810_adi_ops = {
	.available = e810_adi_available,
	.create = e810_adi_create,
	.destroy = e810_adi_destroy,
	.set_pasid = e810_adi_set_pasid,
	.clear_pasid = e810_adi_clear_pasid,
	.enable = e810_adi_enable,
	.quiesce = e810_adi_quiesce,
	.abandon = e810_adi_abandon,
	.reset = e810_adi_reset,
	.show = e810_adi_show,
};

static int e810_adi_recreate(struct e810_adi *ea)
{
	int ret;

	ret = e810_sched_create(ea);
	if (ret) {
		dev_err(&ea->pf->pdev->dev,
			"%s: no Tx scheduler node after a reset: %d\n",
			hdiov_adi_name(&ea->adi), ret);
		return ret;
	}
	ret = e810_vsi_recreate(ea);
	if (ret)
		e810_sched_destroy(ea);
	return ret;
}

/**
 * e810_adi_restore_all - make the VSIs of all ADIs again
 * @pf: the function, fresh out of a reset, its reset lock held for writing
 *
 * An ADI whose VSI cannot be made is dead until the next reset of the function.
 */
void e810_adi_restore_all(struct e810_pf *pf)
{
	struct e810_adi *ea;
	unsigned int q;

	lockdep_assert_held_write(&pf->reset_sem);

	spin_lock(&pf->vsi_lock);
	memset(pf->adi_of_vsi, 0, sizeof(pf->adi_of_vsi));
	spin_unlock(&pf->vsi_lock);

	guard(mutex)(&pf->adis_lock);
	/* None has a number that another one gets while they are made again */
	list_for_each_entry(ea, &pf->adis, node) {
		guard(mutex)(&ea->lock);
		e810_vsi_set_num(ea, E810_NO_VSI);
	}
	list_for_each_entry(ea, &pf->adis, node) {
		guard(mutex)(&ea->lock);

		for (q = 0; q < ea->adi.num_qps; q++) {
			ea->txq[q] = (struct e810_queue){};
			ea->rxq[q] = (struct e810_queue){};
			ea->tx_len[q] = 0;
		}
		e810_vc_reset(ea, false);
		ea->stuck = false;
		/* Its scheduler nodes are gone with all others */
		ea->max_tx_rate = 0;
		ea->sched_parent = NULL;
		ea->dead = e810_adi_recreate(ea);
		if (ea->dead)
			continue;
		e810_mbx_off(ea);
		e810_irq_reset(ea);
		e810_mbx_publish(ea);
		if (e810_rate_set(ea, ea->want_rate))
			dev_err(&pf->pdev->dev,
				"%s: has no limit of %u Mbit/s until the next reset\n",
				hdiov_adi_name(&ea->adi), ea->want_rate);
	}
}
