// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes of the E810's Tx scheduler
 *
 * Firmware's default tree leads from the port down to software's entry point
 * and on to one queue. The card lets a node have few children (8, in the
 * factory's tree of 9 layers, and 512 in the flat one of 5), so hundreds of ADIs
 * need a tree of their own below the entry point, and beside it. Each ADI gets a
 * node, so that ADIs and not queues share the bandwidth, and so that a rate
 * limit has a place to be. Its queues hang on that node, or if they are too many
 * on more nodes below it.
 */
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "e810.h"

/**
 * struct e810_sched_node - a node above those of the ADIs
 * @node: in &e810_pf.sched_room or &e810_pf.sched_full
 * @parent: its parent; NULL for the one above the entry point
 * @teid: the hardware's name for it
 * @layer: distance from the port
 * @fixed: firmware made it, it stays
 * @children: nodes below it
 */
struct e810_sched_node {
	struct list_head node;
	struct e810_sched_node *parent;
	__le32 teid;
	unsigned int layer;
	bool fixed;
	unsigned int children;
};

/* The layer of queues is the last one, nodes with queues are above it */
static unsigned int e810_sched_group_layer(struct e810_pf *pf)
{
	return pf->sched_layers - 2;
}

/* As deep as possible: there is most room */
static unsigned int e810_sched_adi_layer(struct e810_pf *pf,
					 unsigned int num_qps)
{
	unsigned int layer = e810_sched_group_layer(pf);

	return num_qps <= pf->sched_max_children[layer] ? layer : layer - 1;
}

static unsigned int e810_sched_groups(struct e810_pf *pf, unsigned int num_qps)
{
	unsigned int layer = e810_sched_group_layer(pf);

	if (e810_sched_adi_layer(pf, num_qps) == layer)
		return 0;
	return DIV_ROUND_UP(num_qps, pf->sched_max_children[layer]);
}

static void e810_sched_list(struct e810_pf *pf, struct e810_sched_node *node)
{
	list_move(&node->node,
		  node->children < pf->sched_max_children[node->layer] ?
		  &pf->sched_room[node->layer] : &pf->sched_full);
}

/* Firmware's own branch: its nodes have one child each, room for more */
static int e810_sched_adopt(struct e810_pf *pf,
			    const struct e810_aqc_sched_branch *branch,
			    unsigned int num)
{
	struct e810_sched_node *node, *parent = NULL;
	unsigned int layer;

	for (layer = pf->sched_entry - 1; layer < e810_sched_group_layer(pf) &&
	     layer < num; layer++) {
		node = kzalloc_obj(*node);
		if (!node)
			return -ENOMEM;
		INIT_LIST_HEAD(&node->node);
		node->parent = parent;
		node->teid = branch->node[layer].node_teid;
		node->layer = layer;
		node->fixed = true;
		node->children = layer + 1 < num;
		e810_sched_list(pf, node);
		parent = node;
	}
	return 0;
}

/**
 * e810_sched_init - learn the shape of the Tx scheduler's tree
 * @pf: the function, fresh out of a reset, with nothing remembered of its tree
 *
 * Context: process, sleeps for answers of the firmware.
 *
 * Return: 0, -ENODEV if ADIs cannot be given nodes, or another errno
 */
int e810_sched_init(struct e810_pf *pf)
{
	struct e810_aqc_sched_branch branch;
	unsigned int num, entry, group;
	int ret;

	ret = e810_aq_get_sched_layers(pf);
	if (ret)
		return ret;
	ret = e810_aq_get_topology(pf, &branch);
	if (ret)
		return ret;

	num = min_t(unsigned int, le16_to_cpu(branch.num_elems),
		    E810_SCHED_MAX_LAYERS);
	for (entry = 0; entry < num; entry++)
		if (branch.node[entry].elem.elem_type == E810_SCHED_ENTRY_POINT)
			break;
	pf->sched_entry = entry;
	group = e810_sched_group_layer(pf);
	/* An ADI of the largest type has a layer, or two, below some other node */
	if (!entry || entry >= num ||
	    e810_sched_adi_layer(pf, E810_MAX_QPS_PER_ADI) <= entry ||
	    e810_sched_groups(pf, E810_MAX_QPS_PER_ADI) >
	    pf->sched_max_children[group - 1]) {
		dev_err(&pf->pdev->dev,
			"no room for VDEVs in the Tx scheduler: %u layers, entry point %u, %u queues a node\n",
			pf->sched_layers, entry,
			pf->sched_max_children[group]);
		return -ENODEV;
	}

	guard(mutex)(&pf->sched_lock);
	ret = e810_sched_adopt(pf, &branch, num);
	if (ret)
		e810_sched_forget(pf);
	return ret;
}

/**
 * e810_sched_forget - forget the tree, the hardware lost it in a reset
 * @pf: the function; no other call of this file runs
 */
void e810_sched_forget(struct e810_pf *pf)
{
	struct e810_sched_node *node, *tmp;
	unsigned int layer;

	for (layer = 0; layer < E810_SCHED_MAX_LAYERS; layer++)
		list_splice_init(&pf->sched_room[layer], &pf->sched_full);
	list_for_each_entry_safe(node, tmp, &pf->sched_full, node) {
		list_del(&node->node);
		kfree(node);
	}
}

static void e810_sched_put_node(struct e810_pf *pf,
				struct e810_sched_node *node)
{
	struct e810_sched_node *parent;

	lockdep_assert_held(&pf->sched_lock);

	for (; node; node = parent) {
		parent = node->parent;
		node->children--;
		e810_sched_list(pf, node);
		/* If it cannot be deleted, it is there for the next ADI */
		if (node->children || node->fixed ||
		    e810_aq_del_sched_nodes(pf, parent->teid, 1, &node->teid))
			return;
		list_del(&node->node);
		kfree(node);
	}
}

/* A node of @layer that counts the caller as its child */
static struct e810_sched_node *e810_sched_get_node(struct e810_pf *pf,
						   unsigned int layer)
{
	struct e810_sched_node *node, *parent;
	int ret;

	lockdep_assert_held(&pf->sched_lock);

	node = list_first_entry_or_null(&pf->sched_room[layer],
					struct e810_sched_node, node);
	if (node)
		goto found;
	/* Beside the entry point, but not above it */
	if (layer < pf->sched_entry)
		return ERR_PTR(-ENOSPC);

	parent = e810_sched_get_node(pf, layer - 1);
	if (IS_ERR(parent))
		return parent;
	ret = -ENOMEM;
	node = kzalloc_obj(*node);
	if (!node)
		goto err_parent;
	ret = e810_aq_add_sched_nodes(pf, parent->teid, 1, &node->teid);
	if (ret)
		goto err_free;
	INIT_LIST_HEAD(&node->node);
	node->parent = parent;
	node->layer = layer;
found:
	node->children++;
	e810_sched_list(pf, node);
	return node;

err_free:
	kfree(node);
err_parent:
	e810_sched_put_node(pf, parent);
	return ERR_PTR(ret);
}

/**
 * e810_sched_create - give an ADI its nodes of the Tx scheduler
 * @ea: the ADI, which has none
 *
 * Context: process, with the ADI's lock or before anybody else knows it, sleeps
 * for answers of the firmware.
 *
 * Return: 0; -ENOSPC if the card has no more nodes; or another errno
 */
int e810_sched_create(struct e810_adi *ea)
{
	unsigned int num_qps = ea->adi.num_qps, groups;
	struct e810_pf *pf = ea->pf;
	struct e810_sched_node *parent;
	int ret;

	scoped_guard(mutex, &pf->sched_lock)
		parent = e810_sched_get_node(pf, e810_sched_adi_layer(pf, num_qps) - 1);
	if (IS_ERR(parent))
		return PTR_ERR(parent);

	/* Without the lock, no other ADI has to wait for these */
	ret = e810_aq_add_sched_nodes(pf, parent->teid, 1, &ea->sched_teid);
	if (ret)
		goto err_parent;
	groups = e810_sched_groups(pf, num_qps);
	if (groups) {
		ret = e810_aq_add_sched_nodes(pf, ea->sched_teid, groups,
					      ea->group_teid);
		if (ret)
			goto err_node;
	} else {
		ea->group_teid[0] = ea->sched_teid;
	}
	ea->sched_parent = parent;
	return 0;

err_node:
	e810_aq_del_sched_nodes(pf, parent->teid, 1, &ea->sched_teid);
err_parent:
	scoped_guard(mutex, &pf->sched_lock)
		e810_sched_put_node(pf, parent);
	return ret;
}

/**
 * e810_sched_destroy - undo e810_sched_create()
 * @ea: the ADI, without Tx queues. Nothing is done if it has no nodes.
 *
 * Context: process, with the ADI's lock, sleeps for answers of the firmware.
 *
 * What the card does not take back is logged and lost until the function is
 * reset.
 */
void e810_sched_destroy(struct e810_adi *ea)
{
	unsigned int groups = e810_sched_groups(ea->pf, ea->adi.num_qps);
	struct e810_sched_node *parent = ea->sched_parent;
	struct e810_pf *pf = ea->pf;
	int ret = 0;

	if (!parent)
		return;
	ea->sched_parent = NULL;
	if (groups)
		ret = e810_aq_del_sched_nodes(pf, ea->sched_teid, groups,
					      ea->group_teid);
	if (!ret)
		ret = e810_aq_del_sched_nodes(pf, parent->teid, 1,
					      &ea->sched_teid);
	if (!ret) {
		guard(mutex)(&pf->sched_lock);
		e810_sched_put_node(pf, parent);
	} else if (!pf->in_reset) {
		dev_err(&pf->pdev->dev,
			"%s: scheduler node 0x%x is lost until the function is reset: %d\n",
			hdiov_adi_name(&ea->adi), le32_to_cpu(ea->sched_teid),
			ret);
	}
}

/**
 * e810_sched_queue_parent - the scheduler node that a Tx queue hangs on
 * @ea: the ADI
 * @q: queue of the ADI
 *
 * Return: the node
 */
__le32 e810_sched_queue_parent(const struct e810_adi *ea, unsigned int q)
{
	unsigned int layer = e810_sched_group_layer(ea->pf);

	return ea->group_teid[q / ea->pf->sched_max_children[layer]];
}

/**
 * e810_sched_level - the layer of an ADI's node, as rate limit profiles count
 * @ea: the ADI
 *
 * Return: the layer, counted from 1
 */
u8 e810_sched_level(const struct e810_adi *ea)
{
	return e810_sched_adi_layer(ea->pf, ea->adi.num_qps) + 1;
}
