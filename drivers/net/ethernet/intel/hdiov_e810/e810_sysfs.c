// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of a VDEV that the host's administrator sets, and what the card counts
 *
 * In the VDEV's directory in sysfs. All may be read and set at any time. What a
 * running guest cannot have under it comes with a reset that it is told of, as with
 * virtual functions.
 */
#include <linux/etherdevice.h>
#include <linux/hex.h>
#include <linux/if_vlan.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "e810.h"

#define E810_MAX_PRIO	7
/* The fastest port of an E810 */
#define E810_MAX_MBPS	100000

static struct e810_adi *e810_adi_from_dev(struct device *dev)
{
	return to_e810_adi(hdiov_adi_from_dev(dev));
}

static struct ice_adi_policy e810_policy(struct device *dev)
{
	struct ice_adi_policy policy;

	ice_adi_get_policy(e810_adi_from_dev(dev)->ice, &policy);
	return policy;
}

/* Say what was written: without its end of line, and not too much of it */
static void e810_complain(struct device *dev, const char *name, const char *buf,
			  const char *wanted)
{
	dev_err(dev, "%s: \"%.*s\" is not %s\n", name,
		(int)min_t(size_t, strcspn(buf, "\n"), 32), buf, wanted);
}

/* Change one thing of the policy, by @set */
static int e810_decide(struct device *dev, const char *name,
		       void (*set)(struct ice_adi_policy *policy,
				   const void *arg), const void *arg)
{
	struct e810_adi *ea = e810_adi_from_dev(dev);
	struct ice_adi_policy policy;
	int ret;

	guard(mutex)(&ea->policy_lock);

	ice_adi_get_policy(ea->ice, &policy);
	set(&policy, arg);
	ret = ice_adi_set_policy(ea->ice, &policy);
	/* What the guest cannot have under it is so when this is written, not later */
	hdiov_adi_finish_reset(&ea->adi);
	/* ice has said whose address it is */
	if (ret && ret != -EADDRINUSE)
		dev_err(dev, "%s: %s\n", name, ret == -EBUSY ?
			"the port is being reset" :
			"the card does not take it");
	return ret;
}

static ssize_t mac_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%pM\n", e810_policy(dev).mac);
}

static void e810_set_mac(struct ice_adi_policy *policy, const void *arg)
{
	ether_addr_copy(policy->mac, arg);
}

static ssize_t mac_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	size_t len = strlen(buf);
	u8 mac[ETH_ALEN];

	if (len && buf[len - 1] == '\n')
		len--;
	if (len != 3 * ETH_ALEN - 1 || !mac_pton(buf, mac)) {
		e810_complain(dev, "mac", buf, "an Ethernet address");
		return -EINVAL;
	}
	if (!is_valid_ether_addr(mac)) {
		dev_err(dev, "mac: %pM is zero or multicast\n", mac);
		return -EADDRNOTAVAIL;
	}
	return e810_decide(dev, "mac", e810_set_mac, mac) ?: count;
}
static DEVICE_ATTR_RW(mac);

static ssize_t vlan_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct ice_adi_policy policy = e810_policy(dev);

	return sysfs_emit(buf, "%u %u\n", policy.vlan_id, policy.vlan_prio);
}

static void e810_set_vlan(struct ice_adi_policy *policy, const void *arg)
{
	const unsigned int *tag = arg;

	policy->vlan_id = tag[0];
	policy->vlan_prio = tag[1];
}

static ssize_t vlan_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	unsigned int tag[2] = {};
	int num, end = 0;

	num = sscanf(buf, "%u %n%u %n", &tag[0], &end, &tag[1], &end);
	if (num < 1 || buf[end]) {
		e810_complain(dev, "vlan", buf,
			      "\"<id>\" or \"<id> <priority>\"");
		return -EINVAL;
	}
	if (tag[0] > VLAN_VID_MASK - 1) {
		dev_err(dev, "vlan: id %u, limit is %u\n", tag[0],
			VLAN_VID_MASK - 1);
		return -ERANGE;
	}
	if (tag[1] > E810_MAX_PRIO) {
		dev_err(dev, "vlan: priority %u, limit is %u\n", tag[1],
			E810_MAX_PRIO);
		return -ERANGE;
	}
	if (tag[1] && !tag[0]) {
		dev_err(dev, "vlan: priority %u needs a VLAN id of at least 1\n",
			tag[1]);
		return -EINVAL;
	}
	return e810_decide(dev, "vlan", e810_set_vlan, tag) ?: count;
}
static DEVICE_ATTR_RW(vlan);

static ssize_t e810_store_bool(struct device *dev, const char *name,
			       const char *buf, size_t count,
			       void (*set)(struct ice_adi_policy *policy,
					   const void *arg))
{
	bool val;
	int ret;

	ret = kstrtobool(buf, &val);
	if (ret) {
		e810_complain(dev, name, buf, "0 or 1");
		return ret;
	}
	return e810_decide(dev, name, set, &val) ?: count;
}

/* Attribute @attr, which is @field of the policy */
#define E810_BOOL(attr, field)						\
static void e810_set_##attr(struct ice_adi_policy *policy,		\
			    const void *arg)				\
{									\
	policy->field = *(const bool *)arg;				\
}									\
static ssize_t attr##_show(struct device *dev,				\
			   struct device_attribute *unused, char *buf)	\
{									\
	return sysfs_emit(buf, "%u\n", e810_policy(dev).field);		\
}									\
static ssize_t attr##_store(struct device *dev,				\
			    struct device_attribute *unused,		\
			    const char *buf, size_t count)		\
{									\
	return e810_store_bool(dev, #attr, buf, count, e810_set_##attr);	\
}									\
static DEVICE_ATTR_RW(attr)

E810_BOOL(mac_locked, mac_locked);
E810_BOOL(mac_shared, mac_shared);
E810_BOOL(spoofchk, spoofchk);
E810_BOOL(trust, trusted);

static ssize_t max_tx_rate_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", e810_policy(dev).max_tx_rate);
}

static void e810_set_max_tx_rate(struct ice_adi_policy *policy, const void *arg)
{
	policy->max_tx_rate = *(const unsigned int *)arg;
}

static ssize_t max_tx_rate_store(struct device *dev,
				 struct device_attribute *attr, const char *buf,
				 size_t count)
{
	unsigned int mbps;
	int ret;

	ret = kstrtouint(buf, 0, &mbps);
	if (ret) {
		e810_complain(dev, "max_tx_rate", buf, "a number of Mbit/s");
		return ret;
	}
	if (mbps > E810_MAX_MBPS) {
		dev_err(dev, "max_tx_rate: %u Mbit/s, limit is %u\n", mbps,
			E810_MAX_MBPS);
		return -ERANGE;
	}
	return e810_decide(dev, "max_tx_rate", e810_set_max_tx_rate, &mbps) ?:
	       count;
}
static DEVICE_ATTR_RW(max_tx_rate);

static struct attribute *e810_vdev_attrs[] = {
	&dev_attr_mac.attr,
	&dev_attr_mac_locked.attr,
	&dev_attr_mac_shared.attr,
	&dev_attr_vlan.attr,
	&dev_attr_spoofchk.attr,
	&dev_attr_trust.attr,
	&dev_attr_max_tx_rate.attr,
	NULL
};

static const struct attribute_group e810_vdev_group = {
	.attrs = e810_vdev_attrs,
};

/* In a folder of their own: what the card counts */
#define E810_STAT(name)							\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *unused, char *buf)	\
{									\
	struct ice_adi_stats stats;					\
	int ret;							\
									\
	ret = ice_adi_get_stats(e810_adi_from_dev(dev)->ice, &stats);	\
	return ret ?: sysfs_emit(buf, "%llu\n", stats.name);		\
}									\
static DEVICE_ATTR_RO(name)

E810_STAT(rx_packets);
E810_STAT(rx_bytes);
E810_STAT(rx_multicast);
E810_STAT(rx_broadcast);
E810_STAT(rx_dropped);
E810_STAT(tx_packets);
E810_STAT(tx_bytes);
E810_STAT(tx_multicast);
E810_STAT(tx_broadcast);
E810_STAT(tx_errors);

static struct attribute *e810_stat_attrs[] = {
	&dev_attr_rx_packets.attr,
	&dev_attr_rx_bytes.attr,
	&dev_attr_rx_multicast.attr,
	&dev_attr_rx_broadcast.attr,
	&dev_attr_rx_dropped.attr,
	&dev_attr_tx_packets.attr,
	&dev_attr_tx_bytes.attr,
	&dev_attr_tx_multicast.attr,
	&dev_attr_tx_broadcast.attr,
	&dev_attr_tx_errors.attr,
	NULL
};

static const struct attribute_group e810_stat_group = {
	.name = "statistics",
	.attrs = e810_stat_attrs,
};

const struct attribute_group *e810_vdev_groups[] = {
	&e810_vdev_group,
	&e810_stat_group,
	NULL
};
