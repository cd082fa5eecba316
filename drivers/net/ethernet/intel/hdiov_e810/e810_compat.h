/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between Linux 6.12 and 7.3, which this driver builds against out
 * of tree: the header of virtchnl moved and was renamed in part. The Makefile
 * looks where it is. An in-tree build needs the newer one only.
 */
#ifndef _E810_COMPAT_H
#define _E810_COMPAT_H

#include <linux/slab.h>

#ifdef E810_OLD_VIRTCHNL
#include <linux/avf/virtchnl.h>

#define VIRTCHNL_OP_GET_RSS_HASHCFG_CAPS	VIRTCHNL_OP_GET_RSS_HENA_CAPS
#define VIRTCHNL_OP_SET_RSS_HASHCFG		VIRTCHNL_OP_SET_RSS_HENA
#else
#include <linux/net/intel/virtchnl.h>
#endif

#ifndef kzalloc_obj
#define kzalloc_obj(obj, ...)	kzalloc(sizeof(obj), GFP_KERNEL)
#endif

#endif /* _E810_COMPAT_H */
