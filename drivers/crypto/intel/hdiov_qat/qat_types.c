// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of VDEV that a QAT 2.0 offers: one ring pair of one service
 */
#include "qat.h"

const char * const qat_service_names[QAT_NUM_SERVICES] = {
	[QAT_SYM] = "sym",
	[QAT_ASYM] = "asym",
	[QAT_DC] = "dc",
};

static const char * const qat_trap_classes[QAT_NUM_TRAP_CLASSES] = {
	[QAT_TRAP_RING] = "ring",
	[QAT_TRAP_CONFIG] = "config",
	[QAT_TRAP_RESET] = "reset",
	[QAT_TRAP_INTERRUPT] = "interrupt",
	[QAT_TRAP_MESSAGE] = "message",
	[QAT_TRAP_CAPS] = "caps",
	[QAT_TRAP_OTHER] = "other",
};

#define QAT_BAR_FLAGS	(PCI_BASE_ADDRESS_MEM_TYPE_64 | \
			 PCI_BASE_ADDRESS_MEM_PREFETCH)

/* The subsystem id tells the service */
#define QAT_MODEL(service)						\
	{								\
		.vendor = PCI_VENDOR_ID_INTEL,				\
		.device = QAT_VDEV_DEVICE_ID,				\
		.subsystem_vendor = PCI_VENDOR_ID_INTEL,		\
		.subsystem_device = (service),				\
		.class_code = PCI_CLASS_PROCESSOR_CO << 8,		\
		.revision = 2,						\
		.bar = {						\
			[VDEV_BAR_RINGS] = { VDEV_RINGS_SIZE, QAT_BAR_FLAGS }, \
			[VDEV_BAR_MISC] = { VDEV_MISC_SIZE, QAT_BAR_FLAGS }, \
			[VDEV_BAR_CAPS] = { VDEV_CAPS_SIZE, QAT_BAR_FLAGS }, \
		},							\
		.msix_bar = VDEV_BAR_MISC,				\
		.msix_table = VDEV_MSIX_TABLE,				\
		.msix_pba = VDEV_MSIX_PBA,				\
		.trap_class = qat_trap_classes,				\
		.num_trap_classes = QAT_NUM_TRAP_CLASSES,		\
	}

static const struct hdiov_model qat_models[QAT_NUM_SERVICES] = {
	[QAT_SYM] = QAT_MODEL(QAT_SYM),
	[QAT_ASYM] = QAT_MODEL(QAT_ASYM),
	[QAT_DC] = QAT_MODEL(QAT_DC),
};

const struct hdiov_type qat_types[QAT_NUM_SERVICES] = {
	[QAT_SYM] = {
		.name = "vqat_sym",
		.pretty_name = "QAT 2.0 ring pair, symmetric cryptography",
		.model = &qat_models[QAT_SYM],
		.num_qps = 1,
		.num_vectors = 2,
	},
	[QAT_ASYM] = {
		.name = "vqat_asym",
		.pretty_name = "QAT 2.0 ring pair, asymmetric cryptography",
		.model = &qat_models[QAT_ASYM],
		.num_qps = 1,
		.num_vectors = 2,
	},
	[QAT_DC] = {
		.name = "vqat_dc",
		.pretty_name = "QAT 2.0 ring pair, compression",
		.model = &qat_models[QAT_DC],
		.num_qps = 1,
		.num_vectors = 2,
	},
};

/**
 * qat_service_of - what a bank does
 * @share: of the PF
 * @bank: the bank
 *
 * Return: a service, or QAT_NUM_SERVICES if it is none that there are VDEVs for
 */
enum qat_service qat_service_of(const struct qat_share *share,
				unsigned int bank)
{
	unsigned int shift = SVC_MAP_BITS * (bank % QAT_SERVICE_PERIOD);

	switch (share->svc_map >> shift & (BIT(SVC_MAP_BITS) - 1)) {
	case SVC_MAP_SYM:
		return QAT_SYM;
	case SVC_MAP_ASYM:
		return QAT_ASYM;
	case SVC_MAP_COMP:
		return QAT_DC;
	default:
		return QAT_NUM_SERVICES;
	}
}

/**
 * struct qat_cap - an entry of BAR 4
 * @id: what it is about
 * @value: 32 of 64 bits, the others are 0 in all of them
 */
struct qat_cap {
	enum qat_cap_id id;
	u32 value;
};

#define QAT_NUM_CAPS		3

/* What every firmware of the service can do */
static const struct qat_cap qat_caps[QAT_NUM_SERVICES][QAT_NUM_CAPS] = {
	[QAT_SYM] = {
		{ QAT_CAP_DEV_FREQ, QAT_AE_CLOCK_HZ },
		{ QAT_CAP_SVC_MAP, SVC_MAP_SYM },
		{ QAT_CAP_SVC_MASK,
		  SVC_CRYPTO_SYMMETRIC | SVC_CIPHER | SVC_AUTHENTICATION |
		  SVC_SHA3 | SVC_SHA3_EXT | SVC_AESGCM_SPC | SVC_CHACHA_POLY |
		  SVC_SM3 | SVC_SM4 | SVC_AES_V2 },
	},
	[QAT_ASYM] = {
		{ QAT_CAP_DEV_FREQ, QAT_AE_CLOCK_HZ },
		{ QAT_CAP_SVC_MAP, SVC_MAP_ASYM },
		{ QAT_CAP_SVC_MASK, SVC_CRYPTO_ASYMMETRIC },
	},
	[QAT_DC] = {
		{ QAT_CAP_DEV_FREQ, QAT_AE_CLOCK_HZ },
		{ QAT_CAP_SVC_MAP, SVC_MAP_COMP },
		{ QAT_CAP_SVC_MASK, SVC_COMPRESSION | SVC_CNV_INTEGRITY64 },
	},
};

/* Header and entries are {u16, u16 bytes or number, u32 0, ...} */
#define QAT_CAPS_HDR_SIZE	8
#define QAT_CAP_SIZE		16
#define QAT_CAPS_SIZE		(QAT_CAPS_HDR_SIZE + QAT_NUM_CAPS * QAT_CAP_SIZE)

/**
 * qat_caps_read - read a register of the VDEV's BAR 4
 * @service: of the VDEV
 * @offset: in the BAR, a multiple of 4
 *
 * Return: the value, all ones behind the list
 */
u32 qat_caps_read(enum qat_service service, u64 offset)
{
	const struct qat_cap *cap;

	if (offset >= QAT_CAPS_SIZE)
		return ~0U;
	if (!offset)
		return QAT_CAPS_SIZE | QAT_NUM_CAPS << 16;
	if (offset < QAT_CAPS_HDR_SIZE)
		return 0;

	offset -= QAT_CAPS_HDR_SIZE;
	cap = &qat_caps[service][offset / QAT_CAP_SIZE];
	switch (offset % QAT_CAP_SIZE) {
	case 0:
		return cap->id | QAT_CAP_SIZE << 16;
	case 8:
		return cap->value;
	default:
		return 0;
	}
}

/**
 * qat_caps_mask - what a VDEV can do
 * @service: of the VDEV
 *
 * Return: SVC_* bits
 */
u32 qat_caps_mask(enum qat_service service)
{
	const struct qat_cap *cap = qat_caps[service];

	while (cap->id != QAT_CAP_SVC_MASK)
		cap++;
	return cap->value;
}
