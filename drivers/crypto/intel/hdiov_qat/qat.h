/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HD-IOV on Intel QAT 2.0 (4xxx): what the files of the driver share
 */
#ifndef _QAT_H
#define _QAT_H

#include <linux/hdiov.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "qat_regs.h"

struct adf_accel_dev;

/* In the order of qat_types and of the VDEV's subsystem ids */
enum qat_service {
	QAT_SYM,
	QAT_ASYM,
	QAT_DC,
	QAT_NUM_SERVICES,
};

/**
 * enum qat_host_state - what the core has been told of a PF
 * @QAT_OFF: nothing: it is not registered
 * @QAT_ON: it works
 * @QAT_DOWN: it is being reset
 * @QAT_DEAD: it does not come back from a reset, or as something else
 */
enum qat_host_state {
	QAT_OFF,
	QAT_ON,
	QAT_DOWN,
	QAT_DEAD,
};

/* Kinds of trapped registers */
enum qat_trap_class {
	QAT_TRAP_RING,
	QAT_TRAP_CONFIG,
	QAT_TRAP_RESET,
	QAT_TRAP_INTERRUPT,
	QAT_TRAP_MESSAGE,
	QAT_TRAP_CAPS,
	QAT_TRAP_OTHER,
	QAT_NUM_TRAP_CLASSES,
};

/* Fast-path areas */
enum {
	QAT_AREA_RING,
	QAT_AREA_MSGQ,
	QAT_NUM_AREAS,
};

/**
 * struct qat_ims_slot - what a slot of the card's message table should hold
 * @address: of the message
 * @data: of the message
 * @masked: no message is sent
 */
struct qat_ims_slot {
	u64 address;
	u32 data;
	bool masked;
};

/**
 * struct qat_share - what of the card is there to be shared out
 * @svc_map: SVC_MAP_* of the banks modulo QAT_SERVICE_PERIOD
 * @banks: those that the kernel does not use itself
 */
struct qat_share {
	u16 svc_map;
	DECLARE_BITMAP(banks, QAT_NUM_BANKS);
};

/**
 * struct qat_pf - a physical function
 * @hdiov: the core's part
 * @pdev: the PCI device, whose driver is qat_4xxx
 * @accel: what qat_4xxx knows it by
 * @pmisc: BAR 2
 * @etr: BAR 4
 * @etr_phys: its address
 * @share: constant while registered
 * @ims_lock: protects @ims and the card's table
 * @ims: what the card's table should hold, of the banks of @share
 * @reset_sem: held for writing while banks get back what a reset has taken from
 *	them, for reading while an ADI is created, destroyed or loses its PASID
 * @in_reset: the registers are of no use: the function is being reset, or what
 *	the reset has taken is not there again. Only the watch changes it.
 * @adis_lock: protects @adis and @closed; nests inside @reset_sem
 * @adis: all ADIs
 * @closed: there is to be no new ADI
 * @watch: looks what qat_4xxx does with the card
 * @state: what the core knows; only the watch changes it
 * @lost: somebody has found a bank without its PASID
 * @since: when @state became QAT_DOWN, in jiffies
 * @said: what the administrator has been told last, or NULL
 * @offer_lock: held while registered or unregistered
 * @leaving: the watch must not register it any more; under @offer_lock
 */
struct qat_pf {
	struct hdiov_pf hdiov;
	struct pci_dev *pdev;
	struct adf_accel_dev *accel;
	void __iomem *pmisc;
	void __iomem *etr;
	phys_addr_t etr_phys;
	struct qat_share share;

	raw_spinlock_t ims_lock;	/* ims and the card's table */
	struct qat_ims_slot ims[QAT_NUM_BANKS];

	struct rw_semaphore reset_sem;
	bool in_reset;
	struct mutex adis_lock;		/* adis, closed */
	struct list_head adis;
	bool closed;

	struct delayed_work watch;
	enum qat_host_state state;
	bool lost;
	unsigned long since;
	const char *said;
	struct mutex offer_lock;	/* register, unregister, leaving */
	bool leaving;
};

/**
 * struct qat_adi - an ADI: one bank
 * @adi: the core's part
 * @areas: fast-path areas, QAT_AREA_*
 * @pf: the PF
 * @node: in &qat_pf.adis
 * @bank: number of the ring pair on the card
 * @service: what it does
 * @msgq: page of the message queues, mapped into the guest: it may change at any
 *	time
 * @lock: protects all that follows, and the registers that trap, but not those
 *	of the ring page. Nests inside &qat_pf.adis_lock.
 * @pasidctl: what PASIDCTL must be: the PASID and ADI mode, or 0 in state IDLE,
 *	in which the bank is not touched
 * @barred: after a reset of the function the bank could not get its PASID again
 * @running: in state RUNNING
 * @arbiter: RING_SRV_ARB_EN, in state PAUSED, in which the card's is 0
 * @bound: the ring's vector has its message
 * @rp_asked: the guest asked for a reset of its ring pair alone
 * @rp_overtaken: before that was done, the whole function was reset
 * @rp_done: it has been done, and the guest has not acknowledged it
 * @guest_up: the guest's driver said that it is there
 * @announced: the last message to the guest announced a reset of the PF
 * @vintsou: VINTSOU
 * @vintmsk: VINTMSK
 * @rx_len: bytes of the message to the guest, 0 if there is none
 */
struct qat_adi {
	struct hdiov_adi adi;
	struct hdiov_area areas[QAT_NUM_AREAS];
	struct qat_pf *pf;
	struct list_head node;
	unsigned int bank;
	enum qat_service service;
	u8 *msgq;

	struct mutex lock;		/* see above */
	u32 pasidctl;
	bool barred;
	bool running;
	u32 arbiter;
	bool bound;
	bool rp_asked;
	bool rp_overtaken;
	bool rp_done;
	bool guest_up;
	bool announced;
	u32 vintsou;
	u32 vintmsk;
	u32 rx_len;
};

static inline struct qat_pf *to_qat_pf(struct hdiov_pf *hpf)
{
	return container_of(hpf, struct qat_pf, hdiov);
}

static inline struct qat_adi *to_qat_adi(struct hdiov_adi *adi)
{
	return container_of(adi, struct qat_adi, adi);
}

static inline u32 qat_pmisc_read(struct qat_pf *pf, u32 reg)
{
	return readl(pf->pmisc + reg);
}

static inline void qat_pmisc_write(struct qat_pf *pf, u32 reg, u32 val)
{
	writel(val, pf->pmisc + reg);
}

static inline u32 qat_etr_read(struct qat_pf *pf, u32 reg)
{
	return readl(pf->etr + reg);
}

static inline void qat_etr_write(struct qat_pf *pf, u32 reg, u32 val)
{
	writel(val, pf->etr + reg);
}

static inline u32 qat_bank_read(struct qat_adi *qa, u32 reg)
{
	return qat_etr_read(qa->pf, ETR_BANK(qa->bank) + reg);
}

static inline void qat_bank_write(struct qat_adi *qa, u32 reg, u32 val)
{
	qat_etr_write(qa->pf, ETR_BANK(qa->bank) + reg, val);
}

/* qat_host.c: the card, as qat_4xxx has it */
bool qat_host_up(struct qat_pf *pf);
bool qat_usable(struct qat_pf *pf);
void qat_host_lost(struct qat_pf *pf);
int qat_host_get(struct qat_pf *pf);
void qat_host_put(struct qat_pf *pf);
int qat_host_claim(struct qat_pf *pf, unsigned int bank);
void qat_host_init(struct qat_pf *pf);
void qat_host_start(struct qat_pf *pf);
void qat_host_stop(struct qat_pf *pf);
void qat_host_shutdown(struct qat_pf *pf);

/* qat_bank.c: operations on a bank */
bool qat_bank_is_idle(struct qat_pf *pf, unsigned int bank);
bool qat_bank_has_pasid(struct qat_pf *pf, unsigned int bank, u32 pasidctl);
int qat_bank_set_pasid(struct qat_pf *pf, unsigned int bank, u32 pasidctl);
bool qat_bank_configure(struct qat_pf *pf, unsigned int bank, u32 pasidctl,
			u32 reg, u32 value);
int qat_bank_drain(struct qat_pf *pf, unsigned int bank, u32 pasidctl,
		   u32 *arbiter);
bool qat_bank_run(struct qat_pf *pf, unsigned int bank, u32 pasidctl,
		  u32 arbiter);
int qat_bank_reset(struct qat_pf *pf, unsigned int bank, u32 pasidctl);

/* qat_adi.c: life of an ADI */
extern const struct hdiov_adi_ops qat_adi_ops;
bool qat_adi_any(struct qat_pf *pf);
bool qat_adi_close(struct qat_pf *pf);
bool qat_adi_check(struct qat_pf *pf);
void qat_adi_announce_all(struct qat_pf *pf);
void qat_adi_restore_all(struct qat_pf *pf);

/* qat_irq.c: interrupt messages */
extern const struct hdiov_ims_ops qat_ims_ops;
extern const struct hdiov_vector_ops qat_vector_ops;
void qat_ims_init(struct qat_pf *pf);
void qat_ims_restore(struct qat_pf *pf);
void qat_vector_apply(struct qat_adi *qa);

/* qat_mmio.c: registers of VDEVs */
extern const struct hdiov_mmio_ops qat_mmio_ops;
void qat_mmio_set_areas(struct qat_adi *qa);

/* qat_msg.c: messages between guest and host, and the vector for them */
void qat_msg_raise(struct qat_adi *qa);
void qat_msg_reset(struct qat_adi *qa);
u32 qat_msg_read(struct qat_adi *qa, u64 offset);
void qat_msg_write(struct qat_adi *qa, u64 offset, u32 value);
void qat_msg_announce(struct qat_adi *qa);

/* qat_migrate.c: what of an ADI goes to another one */
extern const struct hdiov_migrate_ops qat_migrate_ops;

/* qat_types.c */
extern const struct hdiov_type qat_types[QAT_NUM_SERVICES];
extern const char * const qat_service_names[QAT_NUM_SERVICES];
u32 qat_caps_read(enum qat_service service, u64 offset);
u32 qat_caps_mask(enum qat_service service);
enum qat_service qat_service_of(const struct qat_share *share,
				unsigned int bank);

#endif /* _QAT_H */
