/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events of the HD-IOV core: the life of VDEVs, their traps and vectors */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hdiov

#if !defined(_HDIOV_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _HDIOV_TRACE_H

#include <linux/ktime.h>
#include <linux/tracepoint.h>

#include "hdiov_private.h"

/* Steps of a VDEV's life, each with the time that it took */
DECLARE_EVENT_CLASS(hdiov_timed,
	TP_PROTO(struct hdiov_vdev *vdev, ktime_t took),
	TP_ARGS(vdev, took),
	TP_STRUCT__entry(
		__string(name, dev_name(vdev->vfio.dev))
		__field(s64, ns)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->ns = ktime_to_ns(took);
	),
	TP_printk("%s ns=%lld", __get_str(name), __entry->ns)
);

DEFINE_EVENT(hdiov_timed, hdiov_create,
	TP_PROTO(struct hdiov_vdev *vdev, ktime_t took),
	TP_ARGS(vdev, took)
);

DEFINE_EVENT(hdiov_timed, hdiov_open,
	TP_PROTO(struct hdiov_vdev *vdev, ktime_t took),
	TP_ARGS(vdev, took)
);

DEFINE_EVENT(hdiov_timed, hdiov_close,
	TP_PROTO(struct hdiov_vdev *vdev, ktime_t took),
	TP_ARGS(vdev, took)
);

TRACE_EVENT(hdiov_destroy,
	TP_PROTO(struct hdiov_vdev *vdev),
	TP_ARGS(vdev),
	TP_STRUCT__entry(
		__string(name, dev_name(vdev->vfio.dev))
	),
	TP_fast_assign(
		__assign_str(name);
	),
	TP_printk("%s", __get_str(name))
);

DECLARE_EVENT_CLASS(hdiov_pasid,
	TP_PROTO(struct hdiov_vdev *vdev, u32 pasid),
	TP_ARGS(vdev, pasid),
	TP_STRUCT__entry(
		__string(name, dev_name(vdev->vfio.dev))
		__field(u32, pasid)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->pasid = pasid;
	),
	TP_printk("%s pasid=%u", __get_str(name), __entry->pasid)
);

DEFINE_EVENT(hdiov_pasid, hdiov_bind,
	TP_PROTO(struct hdiov_vdev *vdev, u32 pasid),
	TP_ARGS(vdev, pasid)
);

DEFINE_EVENT(hdiov_pasid, hdiov_unbind,
	TP_PROTO(struct hdiov_vdev *vdev, u32 pasid),
	TP_ARGS(vdev, pasid)
);

TRACE_EVENT(hdiov_reset,
	TP_PROTO(struct hdiov_vdev *vdev, int ret, ktime_t took),
	TP_ARGS(vdev, ret, took),
	TP_STRUCT__entry(
		__string(name, dev_name(vdev->vfio.dev))
		__field(int, ret)
		__field(s64, ns)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->ret = ret;
		__entry->ns = ktime_to_ns(took);
	),
	TP_printk("%s ret=%d ns=%lld", __get_str(name), __entry->ret,
		  __entry->ns)
);

TRACE_EVENT(hdiov_migrate,
	TP_PROTO(struct hdiov_vdev *vdev, unsigned int from, unsigned int to,
		 u32 len, int ret, ktime_t took),
	TP_ARGS(vdev, from, to, len, ret, took),
	TP_STRUCT__entry(
		__string(name, dev_name(vdev->vfio.dev))
		__field(unsigned int, from)
		__field(unsigned int, to)
		__field(u32, len)
		__field(int, ret)
		__field(s64, ns)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->from = from;
		__entry->to = to;
		__entry->len = len;
		__entry->ret = ret;
		__entry->ns = ktime_to_ns(took);
	),
	TP_printk("%s state=%u->%u saved=%u ret=%d ns=%lld", __get_str(name),
		  __entry->from, __entry->to, __entry->len, __entry->ret,
		  __entry->ns)
);

TRACE_EVENT(hdiov_vector,
	TP_PROTO(struct hdiov_vdev *vdev, unsigned int vector, int irq,
		 unsigned int slot, bool on),
	TP_ARGS(vdev, vector, irq, slot, on),
	TP_STRUCT__entry(
		__string(name, dev_name(vdev->vfio.dev))
		__field(unsigned int, vector)
		__field(int, irq)
		__field(unsigned int, slot)
		__field(bool, on)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->vector = vector;
		__entry->irq = irq;
		__entry->slot = slot;
		__entry->on = on;
	),
	TP_printk("%s vector=%u irq=%d slot=%u %s", __get_str(name),
		  __entry->vector, __entry->irq, __entry->slot,
		  __entry->on ? "on" : "off")
);

TRACE_EVENT(hdiov_trap,
	TP_PROTO(struct hdiov_vdev *vdev, unsigned int bar, u64 offset,
		 unsigned int width, u64 value, bool write, ktime_t took),
	TP_ARGS(vdev, bar, offset, width, value, write, took),
	TP_STRUCT__entry(
		__string(name, dev_name(vdev->vfio.dev))
		__field(unsigned int, bar)
		__field(u64, offset)
		__field(unsigned int, width)
		__field(u64, value)
		__field(bool, write)
		__field(s64, ns)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->bar = bar;
		__entry->offset = offset;
		__entry->width = width;
		__entry->value = value;
		__entry->write = write;
		__entry->ns = ktime_to_ns(took);
	),
	TP_printk("%s bar=%u %s 0x%llx width=%u value=0x%llx ns=%lld",
		  __get_str(name), __entry->bar,
		  __entry->write ? "write" : "read", __entry->offset,
		  __entry->width, __entry->value, __entry->ns)
);

#endif /* _HDIOV_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
