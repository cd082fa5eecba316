// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds and sizes of VDEV that an E810 offers
 *
 * avf: an adaptive virtual function, for the drivers that all distributions
 * have. Its registers of one kind share a page, so only a VDEV with a single
 * queue pair has its doorbells mapped.
 *
 * vdcm: one doorbell or vector a page, the mailbox and the state of a reset have
 * pages, too, so nothing traps for a driver that knows it. The layout of the E810's
 * own VDEVs. As they do, it answers to an avf's registers as well, which trap.
 */
#include "e810.h"

static const char * const e810_trap_classes[E810_NUM_TRAP_CLASSES] = {
	[E810_TRAP_TX_TAIL] = "tx_tail",
	[E810_TRAP_RX_TAIL] = "rx_tail",
	[E810_TRAP_DYN_CTL] = "dyn_ctl",
	[E810_TRAP_ITR] = "itr",
	[E810_TRAP_MAILBOX] = "mailbox",
	[E810_TRAP_RSTAT] = "rstat",
	[E810_TRAP_OTHER] = "other",
};

#define E810_BAR_FLAGS	(PCI_BASE_ADDRESS_MEM_TYPE_64 | \
			 PCI_BASE_ADDRESS_MEM_PREFETCH)

#define E810_MODEL(device_id, bar0_size)				\
	{								\
		.vendor = PCI_VENDOR_ID_INTEL,				\
		.device = (device_id),					\
		.subsystem_vendor = PCI_VENDOR_ID_INTEL,		\
		.class_code = PCI_CLASS_NETWORK_ETHERNET << 8,		\
		.bar = {						\
			[0] = { (bar0_size), E810_BAR_FLAGS },		\
			[3] = { 0x4000, E810_BAR_FLAGS },		\
		},							\
		.msix_bar = 3,						\
		.msix_table = 0,					\
		.msix_pba = 0x2000,					\
		.trap_class = e810_trap_classes,			\
		.num_trap_classes = E810_NUM_TRAP_CLASSES,		\
	}

static const struct hdiov_model e810_model_avf =
	E810_MODEL(0x1889, AVF_WINDOW_SIZE);

static const struct hdiov_model e810_model_vdcm =
	E810_MODEL(0x0dd5, VDCM_BAR0_SIZE);

const struct hdiov_type e810_types[] = {
	{
		.name = "avf-1",
		.pretty_name = "E810 adaptive virtual function, 1 queue pair",
		.model = &e810_model_avf,
		.num_qps = 1,
		.num_vectors = 2,
	},
	{
		.name = "avf-4",
		.pretty_name = "E810 adaptive virtual function, 4 queue pairs",
		.model = &e810_model_avf,
		.num_qps = 4,
		.num_vectors = 5,
	},
	{
		.name = "avf-16",
		.pretty_name = "E810 adaptive virtual function, 16 queue pairs",
		.model = &e810_model_avf,
		.num_qps = 16,
		.num_vectors = 17,
	},
	{
		.name = "vdcm-1",
		.pretty_name = "E810 Ethernet virtual device, 1 queue pair",
		.model = &e810_model_vdcm,
		.num_qps = 1,
		.num_vectors = 2,
	},
	{
		.name = "vdcm-4",
		.pretty_name = "E810 Ethernet virtual device, 4 queue pairs",
		.model = &e810_model_vdcm,
		.num_qps = 4,
		.num_vectors = 5,
	},
	{
		.name = "vdcm-16",
		.pretty_name = "E810 Ethernet virtual device, 16 queue pairs",
		.model = &e810_model_vdcm,
		.num_qps = 16,
		.num_vectors = 17,
	},
};

const unsigned int e810_num_types = ARRAY_SIZE(e810_types);

/**
 * e810_type_is_vdcm - does a type have one register a page
 * @type: one of e810_types
 *
 * Return: false for the layout of an AVF
 */
bool e810_type_is_vdcm(const struct hdiov_type *type)
{
	return type->model == &e810_model_vdcm;
}
