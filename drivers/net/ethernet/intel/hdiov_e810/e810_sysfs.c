// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of a VDEV that the host's administrator sets
 *
 * In the VDEV's directory in sysfs. All may be read at any time and set while
 * nobody has the VDEV open.
 */
#include <linux/etherdevice.h>
#include <linux/hex.h>
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

/* Run a change of the ADI's policy, unless somebody has the VDEV open */
static int e810_configure(struct e810_adi *ea,
			  int (*set)(struct e810_adi *ea, const void *arg),
			  const void *arg)
{
	int ret;

	ret = hdiov_adi_config_lock(&ea->adi);
	if (ret)
		return ret;
	scoped_guard(rwsem_read, &ea->pf->reset_sem) {
		guard(mutex)(&ea->lock);
		ret = ea->dead || ea->stuck || ea->pf->in_reset ? -EIO :
							set(ea, arg);
	}
	hdiov_adi_config_unlock(&ea->adi);
	return ret;
}

static ssize_t mac_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct e810_adi *ea = e810_adi_from_dev(dev);

	guard(mutex)(&ea->lock);
	return sysfs_emit(buf, "%pM\n", ea->mac_assigned);
}

static int e810_set_mac(struct e810_adi *ea, const void *arg)
{
	const u8 *mac = arg;
	int ret;

	if (e810_adi_mac_is_others(ea, mac))
		return -EADDRINUSE;
	ret = e810_vsi_set_mac(ea, mac);
	if (ret)
		return ret;
	e810_adi_assign_mac(ea, mac);
	ea->mac_fixed = true;
	return 0;
}

static ssize_t mac_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct e810_adi *ea = e810_adi_from_dev(dev);
	size_t len = strlen(buf);
	u8 mac[ETH_ALEN];
	int ret;

	if (len && buf[len - 1] == '\n')
		len--;
	if (len != 3 * ETH_ALEN - 1 || !mac_pton(buf, mac)) {
		dev_err(dev, "mac: \"%.*s\" is not an Ethernet address\n",
			(int)min_t(size_t, len, 32), buf);
		return -EINVAL;
	}
	if (!is_valid_ether_addr(mac)) {
		dev_err(dev, "mac: %pM is zero or multicast\n", mac);
		return -EADDRNOTAVAIL;
	}
	ret = e810_configure(ea, e810_set_mac, mac);
	if (ret == -EADDRINUSE)
		dev_err(dev, "mac: %pM is another VDEV's\n", mac);
	return ret ?: count;
}
static DEVICE_ATTR_RW(mac);

static ssize_t vlan_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct e810_adi *ea = e810_adi_from_dev(dev);

	guard(mutex)(&ea->lock);
	return sysfs_emit(buf, "%u %u\n", ea->port_vlan & VLAN_VID_MASK,
			  (ea->port_vlan & VLAN_PRIO_MASK) >> VLAN_PRIO_SHIFT);
}

static int e810_set_vlan(struct e810_adi *ea, const void *arg)
{
	const u16 *tag = arg;

	return e810_vsi_set_port_vlan(ea, *tag);
}

static ssize_t vlan_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct e810_adi *ea = e810_adi_from_dev(dev);
	unsigned int vid, prio = 0;
	int num, end = 0;
	u16 tag;

	num = sscanf(buf, "%u %n%u %n", &vid, &end, &prio, &end);
	if (num < 1 || buf[end]) {
		dev_err(dev, "vlan: \"%.*s\" is not \"<id>\" or \"<id> <priority>\"\n",
			(int)min_t(size_t, strcspn(buf, "\n"), 32), buf);
		return -EINVAL;
	}
	if (vid > VLAN_VID_MASK - 1) {
		dev_err(dev, "vlan: id %u, limit is %u\n", vid,
			VLAN_VID_MASK - 1);
		return -ERANGE;
	}
	if (prio > E810_MAX_PRIO) {
		dev_err(dev, "vlan: priority %u, limit is %u\n", prio,
			E810_MAX_PRIO);
		return -ERANGE;
	}
	if (prio && !vid) {
		dev_err(dev, "vlan: priority %u needs a VLAN id of at least 1\n",
			prio);
		return -EINVAL;
	}
	tag = vid | prio << VLAN_PRIO_SHIFT;
	return e810_configure(ea, e810_set_vlan, &tag) ?: count;
}
static DEVICE_ATTR_RW(vlan);

static int e810_parse_bool(struct device *dev, const char *name,
			   const char *buf, bool *val)
{
	int ret = kstrtobool(buf, val);

	if (ret)
		dev_err(dev, "%s: \"%.*s\" is not 0 or 1\n", name,
			(int)min_t(size_t, strcspn(buf, "\n"), 32), buf);
	return ret;
}

static ssize_t spoofchk_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	struct e810_adi *ea = e810_adi_from_dev(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(ea->spoofchk));
}

static int e810_set_spoofchk(struct e810_adi *ea, const void *arg)
{
	bool old = ea->spoofchk;
	int ret;

	WRITE_ONCE(ea->spoofchk, *(const bool *)arg);
	ret = e810_vsi_apply_policy(ea);
	if (ret)
		WRITE_ONCE(ea->spoofchk, old);
	return ret;
}

static ssize_t spoofchk_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	bool val;
	int ret;

	ret = e810_parse_bool(dev, "spoofchk", buf, &val);
	if (ret)
		return ret;
	return e810_configure(e810_adi_from_dev(dev), e810_set_spoofchk,
			      &val) ?: count;
}
static DEVICE_ATTR_RW(spoofchk);

static ssize_t trust_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct e810_adi *ea = e810_adi_from_dev(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(ea->trust));
}

static int e810_set_trust(struct e810_adi *ea, const void *arg)
{
	WRITE_ONCE(ea->trust, *(const bool *)arg);
	return 0;
}

static ssize_t trust_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	bool val;
	int ret;

	ret = e810_parse_bool(dev, "trust", buf, &val);
	if (ret)
		return ret;
	return e810_configure(e810_adi_from_dev(dev), e810_set_trust, &val) ?:
	       count;
}
static DEVICE_ATTR_RW(trust);

static ssize_t max_tx_rate_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct e810_adi *ea = e810_adi_from_dev(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(ea->max_tx_rate));
}

static int e810_set_max_tx_rate(struct e810_adi *ea, const void *arg)
{
	const unsigned int *mbps = arg;
	int ret;

	ret = e810_rate_set(ea, *mbps);
	ea->want_rate = ea->max_tx_rate;
	return ret;
}

static ssize_t max_tx_rate_store(struct device *dev,
				 struct device_attribute *attr, const char *buf,
				 size_t count)
{
	unsigned int mbps;
	int ret;

	ret = kstrtouint(buf, 0, &mbps);
	if (ret) {
		dev_err(dev, "max_tx_rate: \"%.*s\" is not a number of Mbit/s\n",
			(int)min_t(size_t, strcspn(buf, "\n"), 32), buf);
		return ret;
	}
	if (mbps > E810_MAX_MBPS) {
		dev_err(dev, "max_tx_rate: %u Mbit/s, limit is %u\n", mbps,
			E810_MAX_MBPS);
		return -ERANGE;
	}
	ret = e810_configure(e810_adi_from_dev(dev), e810_set_max_tx_rate,
			     &mbps);
	if (ret == -ENOSPC)
		dev_err(dev, "max_tx_rate: the card has no rate limit left for %u Mbit/s\n",
			mbps);
	return ret ?: count;
}
static DEVICE_ATTR_RW(max_tx_rate);

static struct attribute *e810_vdev_attrs[] = {
	&dev_attr_mac.attr,
	&dev_attr_vlan.attr,
	&dev_attr_spoofchk.attr,
	&dev_attr_trust.attr,
	&dev_attr_max_tx_rate.attr,
	NULL
};

static const struct attribute_group e810_vdev_group = {
	.attrs = e810_vdev_attrs,
};

const struct attribute_group *e810_vdev_groups[] = {
	&e810_vdev_group,
	NULL
};
