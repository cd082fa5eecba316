// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rate limits: profiles of the E810's Tx scheduler
 *
 * A profile belongs to a layer of the scheduler's tree. They are few: nodes of
 * ADIs with the same limit in the same layer share one.
 */
#include <linux/bitfield.h>
#include <linux/math64.h>
#include <linux/slab.h>

#include "e810.h"

/*
 * A profile gives rl_multiply bytes for each time slice of 32 * 2^rl_encode
 * clocks of the scheduler; the multiplier is at least that, for accuracy.
 */
#define E810_RL_SLICE_CLOCKS	32
#define E810_RL_MIN_MULTIPLY	128
#define E810_RL_MAX_ENCODE	31
/* In units of 64 bytes; what the ice driver gives its limits */
#define E810_RL_BURST		(15 * 1024 / 64)

/**
 * struct e810_rl - a rate limit profile in the hardware
 * @node: in &e810_pf.rls
 * @mbps: the rate
 * @level: layer of the nodes that can have it, from 1
 * @id: its number
 * @users: ADIs that have it
 */
struct e810_rl {
	struct list_head node;
	unsigned int mbps;
	u8 level;
	u16 id;
	unsigned int users;
};

/* Frequency of the Tx scheduler in Hz, by GLGEN_CLKSTAT_SRC */
static u64 e810_rate_clock(struct e810_pf *pf)
{
	static const u32 hz[] = {
		367647059, 416666667, 446428571, 390625000
	};

	return hz[FIELD_GET(GLGEN_CLKSTAT_SRC_PSM_CLK,
			    e810_rd32(pf, GLGEN_CLKSTAT_SRC))];
}

/* Clocks per byte: 6.9 bits fixed point, or above 63 an integer and bit 15 */
static u16 e810_rate_wakeup(u64 clock, u64 bytes_per_sec)
{
	u64 fixed = div64_u64(clock << 9, bytes_per_sec);

	if (fixed >> 9 > 63)
		return BIT(15) | min_t(u64, fixed >> 9, BIT(15) - 1);
	return fixed;
}

static void e810_rate_fill(struct e810_pf *pf, unsigned int mbps, u8 level,
			   struct e810_aqc_rl_profile_elem *elem)
{
	u64 bytes_per_sec = mbps * (1000000ULL / BITS_PER_BYTE);
	u64 clock = e810_rate_clock(pf), slice, multiply;
	unsigned int encode = 0;

	/* Longer time slices, until enough bytes fit into one */
	for (;;) {
		slice = E810_RL_SLICE_CLOCKS << encode;
		multiply = div64_u64(bytes_per_sec * slice + clock / 2, clock);
		if (multiply >= E810_RL_MIN_MULTIPLY ||
		    encode == E810_RL_MAX_ENCODE)
			break;
		encode++;
	}
	elem->level = level;
	elem->flags = E810_RL_TYPE_EIR;
	elem->max_burst_size = cpu_to_le16(E810_RL_BURST);
	elem->rl_multiply = cpu_to_le16(multiply);
	elem->wake_up_calc = cpu_to_le16(e810_rate_wakeup(clock,
							  bytes_per_sec));
	elem->rl_encode = cpu_to_le16(encode);
}

static struct e810_rl *e810_rl_find(struct e810_pf *pf, unsigned int mbps,
				    u8 level)
{
	struct e810_rl *rl;

	list_for_each_entry(rl, &pf->rls, node)
		if (rl->mbps == mbps && rl->level == level)
			return rl;
	return NULL;
}

static int e810_rl_get(struct e810_pf *pf, unsigned int mbps, u8 level, u16 *id)
{
	struct e810_aqc_rl_profile_elem elem = {};
	struct e810_rl *rl;
	int ret;

	guard(mutex)(&pf->rl_lock);

	rl = e810_rl_find(pf, mbps, level);
	if (!rl) {
		rl = kzalloc_obj(*rl);
		if (!rl)
			return -ENOMEM;
		e810_rate_fill(pf, mbps, level, &elem);
		ret = e810_aq_rl_profile(pf, E810_AQC_ADD_RL_PROFILES, &elem);
		if (ret) {
			kfree(rl);
			return ret;
		}
		rl->mbps = mbps;
		rl->level = level;
		rl->id = le16_to_cpu(elem.profile_id);
		list_add(&rl->node, &pf->rls);
	}
	rl->users++;
	*id = rl->id;
	return 0;
}

static void e810_rl_put(struct e810_pf *pf, unsigned int mbps, u8 level)
{
	struct e810_aqc_rl_profile_elem elem = {
		.level = level,
		.flags = E810_RL_TYPE_EIR,
	};
	struct e810_rl *rl;
	int ret;

	guard(mutex)(&pf->rl_lock);

	rl = e810_rl_find(pf, mbps, level);
	if (!rl || --rl->users)
		return;
	elem.profile_id = cpu_to_le16(rl->id);
	ret = e810_aq_rl_profile(pf, E810_AQC_REMOVE_RL_PROFILES, &elem);
	if (ret && !pf->in_reset)
		dev_err(&pf->pdev->dev,
			"rate limit profile %u is lost until reset: %d\n",
			rl->id, ret);
	list_del(&rl->node);
	kfree(rl);
}

/**
 * e810_rate_set - limit what the queues of an ADI may send together
 * @ea: the ADI
 * @mbps: Mbit/s, 0 for no limit
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * Return: 0 or a negative errno, then the limit is what it was
 */
int e810_rate_set(struct e810_adi *ea, unsigned int mbps)
{
	u8 level = e810_sched_level(ea);
	u16 profile = E810_SCHED_DFLT_PROFILE;
	struct e810_pf *pf = ea->pf;
	int ret;

	if (mbps == ea->max_tx_rate)
		return 0;
	if (mbps) {
		ret = e810_rl_get(pf, mbps, level, &profile);
		if (ret)
			return ret;
	}
	ret = e810_aq_cfg_sched_node(pf, ea->sched_teid, profile);
	if (ret) {
		if (mbps)
			e810_rl_put(pf, mbps, level);
		return ret;
	}
	if (ea->max_tx_rate)
		e810_rl_put(pf, ea->max_tx_rate, level);
	WRITE_ONCE(ea->max_tx_rate, mbps);
	return 0;
}

/**
 * e810_rate_forget - forget all profiles, the hardware lost them in a reset
 * @pf: the function; no other call of this file runs
 */
void e810_rate_forget(struct e810_pf *pf)
{
	struct e810_rl *rl, *tmp;

	guard(mutex)(&pf->rl_lock);
	list_for_each_entry_safe(rl, tmp, &pf->rls, node) {
		list_del(&rl->node);
		kfree(rl);
	}
}
