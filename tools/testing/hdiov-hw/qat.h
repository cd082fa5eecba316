/*
 * Emulated QAT 2.0 (4xxx) physical function
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_HDIOV_QAT_H
#define HW_HDIOV_QAT_H

#include "qemu/queue.h"
#include "qemu/thread.h"
#include "qemu/timer.h"
#include "hw/pci/pci_device.h"
#include "qat_regs.h"
#include "hdiov_dma.h"

#define TYPE_QAT "qat-4xxx"
OBJECT_DECLARE_SIMPLE_TYPE(QATState, QAT)

/* Each card's VFs have the next number */
#define QAT_DEVICE_ID       0x4940
#define QAT_401XX_DEVICE_ID 0x4942
#define QAT_402XX_DEVICE_ID 0x4944
#define QAT_REVISION        0x40
#define QAT_CLASS           0x0b40      /* co-processor */
#define QAT_BAR_TYPE        (PCI_BASE_ADDRESS_SPACE_MEMORY | \
                             PCI_BASE_ADDRESS_MEM_TYPE_64 | \
                             PCI_BASE_ADDRESS_MEM_PREFETCH)

/* Registers are dwords; a quadword is taken as two of them */
#define QAT_MMIO_OPS(_name)                                     \
static const MemoryRegionOps qat_##_name##_ops = {              \
    .read = qat_##_name##_read,                                 \
    .write = qat_##_name##_write,                               \
    .endianness = DEVICE_LITTLE_ENDIAN,                         \
    .valid = { .min_access_size = 4, .max_access_size = 8 },    \
    .impl = { .min_access_size = 4, .max_access_size = 4 },     \
}

/* Of one request; more is refused */
#define QAT_MAX_DATA        (32 * MiB)
#define QAT_MAX_SGL         4096
#define QAT_MAX_WORKERS     16
#define QAT_NUM_RAS         160         /* registers about errors, at most */

typedef enum QATService {
    QAT_SYM,
    QAT_ASYM,
    QAT_DC,
    QAT_NUM_SERVICES,
} QATService;

typedef struct QATRing {
    uint32_t config;
    uint64_t base;
    uint32_t head;
    uint32_t tail;
    bool full;              /* if they are the same: else it is empty */
} QATRing;

/* A ring pair: ring 0 takes requests, ring 1 gives responses */
typedef struct QATBank {
    QATState *s;
    QATService service;
    QATService preload;     /* what it does without firmware being loaded */
    uint32_t served;        /* engines that take its requests */
    QATRing ring[2];

    uint32_t pasidctl;
    uint32_t ringmode;
    uint32_t rpresetsts;
    uint32_t arb_en;
    uint32_t exp_stat;
    uint32_t exp_int_en;

    uint32_t int_flag;
    uint32_t int_flag_en;
    uint32_t int_src_sel;
    uint32_t int_col_en;
    uint32_t int_col_ctl;
    uint32_t rpintsou;
    uint32_t rpintmsk;
    bool irq_pending;       /* raised, and no message sent yet */
    QEMUTimer coal_timer;

    bool stopped;           /* by RPRESETCTL, until RPRESETSTS is cleared */
    bool stopping;          /* and that is not confirmed yet */
    bool reset;             /* once it is idle */
    bool busy;              /* a worker has it */
    bool queued;            /* for a worker */
    uint32_t gen;           /* a request of an older one leaves no trace */
    QTAILQ_ENTRY(QATBank) next;

    uint64_t requests;
    uint64_t responses;
    uint64_t errors;
    uint64_t interrupts;
    uint64_t msix;          /* those of them that were no IMS */
    uint64_t no_pasid;      /* the PF's transfers without a PASID */
} QATBank;

typedef struct QATIms {
    uint32_t ltbl;
    uint32_t utbl;
    uint32_t data;
    uint32_t vecctl;
} QATIms;

/* A virtual function's registers */
typedef struct QATVf {
    uint32_t intmsk;
    uint32_t pf2vm;
    uint32_t pf2vm_msk;
    uint32_t vm2pf;
    bool pf2vm_sent;        /* as an interrupt */
} QATVf;

typedef struct QATCounters {
    uint64_t doorbells_tx;
    uint64_t doorbells_rx;
    uint64_t interrupts_ims;
    uint64_t interrupts_msix;
    uint64_t req_null;
    uint64_t req[QAT_NUM_SERVICES];
    uint64_t err[QAT_NUM_SERVICES];
    uint64_t responses;
    uint64_t abandoned;
    uint64_t bank_resets;
    uint64_t ring_faults;
    uint64_t data_faults;
    uint64_t admin;
    uint64_t fw_verified;
    uint64_t fw_loaded;
    uint64_t fw_refused;
    uint64_t interrupts_misc;
    uint64_t interrupts_vf;
    uint64_t unknown_reg;
} QATCounters;

/* An engine */
typedef struct QATAe {
    bool running;
    bool inited;            /* by INIT_AE */
    QATService service;     /* of the image that was loaded */

    uint32_t xfer[AE_XFER_REGS];
    uint32_t csr[0x200 / 4];
    uint32_t ctx_sts[QAT_NUM_CONTEXTS];
    uint32_t ctx_sig[QAT_NUM_CONTEXTS];
    uint32_t ctx_wakeup[QAT_NUM_CONTEXTS];

    uint64_t hb_addr;
    uint16_t hb_count;
    uint64_t requests;
    uint64_t responses;
} QATAe;

/* The firmware control unit */
typedef struct QATFcu {
    uint32_t control;
    uint32_t status;
    uint32_t broadcast;
    uint32_t loaded;
    uint64_t dram;
    bool busy;
    bool mmp;               /* the public key library was verified */
    bool verified;          /* the last image was, and it is for engines: */
    QATService service;     /* QAT_NUM_SERVICES: that for messages */
    uint32_t ae_mask;
} QATFcu;

/* Counters that are written to memory, and those of the last time */
typedef struct QATTelemetry {
    uint64_t addr;          /* 0: off */
    uint8_t bank[4];
    uint32_t count;
    uint64_t last[7];
    uint64_t bank_last[4];
} QATTelemetry;

/* Everything in here is protected by the big QEMU lock */
struct QATState {
    PCIDevice parent_obj;

    char *services;
    uint32_t num_workers;
    unsigned active[QAT_NUM_SERVICES + 1];  /* workers, by the bank's service */
    bool firmware;
    bool ats;
    uint16_t device_id;
    uint16_t sriov_vfs;

    MemoryRegion sram;
    MemoryRegion pmisc;
    MemoryRegion etr;
    HdiovDma dma;
    QATCounters cnt;

    QATBank bank[QAT_NUM_BANKS];
    QATIms ims[QAT_NUM_BANKS];
    QATVf vf[QAT_NUM_VFS];
    uint32_t sarconfig[QAT_NUM_ARBITERS];
    uint32_t wt2sam[QAT_NUM_AES];
    uint32_t route[QAT_NUM_VECTORS];
    uint32_t smiapf_rp_mask[2];
    uint32_t smiapf_mask;
    uint32_t vm2pf_msk;
    uint32_t vm2pf_sent;
    uint32_t errmsk[4];
    uint32_t pm_host_msg;
    uint32_t pm_interrupt;
    uint32_t host_msgs;
    uint32_t idle_filter;
    bool powered;
    uint64_t admin_page;
    uint32_t admin_pending;     /* AEs whose mailbox is 1 */
    QEMUBH *admin_bh;

    QATAe ae[QAT_NUM_AES];
    QATFcu fcu;
    QEMUTimer fcu_timer;
    uint32_t cap_reset;
    uint32_t cap_clk;
    uint32_t cap_misc;
    bool preloaded;             /* the firmware is that of the start */
    bool constants;             /* the table was given: */
    uint8_t const_table[ADMIN_CONSTANTS_SIZE];
    bool rl_inited;
    uint32_t rl[64 + 64 + 16 + 2];
    QATTelemetry tl;
    uint32_t hung_aes;          /* whose heartbeat stands still, for tests */

    uint32_t ras[QAT_NUM_RAS];
    uint32_t atu_fault[QAT_NUM_BANKS];
    uint32_t errsou_sent[4];

    QTAILQ_HEAD(, QATBank) ready;
    QemuThread worker[QAT_MAX_WORKERS];
    QemuCond work;
    QemuCond idle;
    uint32_t workers;           /* alive */
    bool stopping;
};

/* A request being processed */
typedef struct QATJob {
    QATBank *bank;
    uint32_t gen;
    HdiovDmaTag tag;            /* of all but the rings */
    bool fault;                 /* a transfer was blocked */
    uint8_t req[QAT_REQ_SIZE];
    uint8_t resp[QAT_RESP_SIZE];
} QATJob;

/* A buffer in memory: flat, or a list */
typedef struct QATBufElem {
    uint64_t addr;
    uint32_t len;
} QATBufElem;

typedef struct QATBuf {
    uint32_t n;
    uint64_t len;
    QATBufElem *elem;
    QATBufElem flat;
} QATBuf;

/* qat_ring.c; the data functions are called without the big QEMU lock */
void qat_ring_init(QATState *s);
void qat_ring_finalize(QATState *s);
void qat_bank_clear(QATBank *b);
void qat_bank_reset(QATBank *b);
void qat_bank_kick(QATBank *b);
void qat_bank_irq_eval(QATBank *b);
void qat_bank_irq_clear(QATBank *b);
uint32_t qat_bank_read(QATBank *b, uint32_t off);
void qat_bank_write(QATBank *b, uint32_t off, uint32_t val);
void qat_bank_resetctl(QATBank *b, uint32_t val);
void qat_bank_resetsts(QATBank *b, uint32_t val);
bool qat_job_aborted(QATJob *job);
bool qat_dma_read(QATJob *job, uint64_t addr, void *buf, uint64_t len);
bool qat_dma_write(QATJob *job, uint64_t addr, const void *buf, uint64_t len);
bool qat_buf_load(QATJob *job, bool is_list, uint64_t addr, uint32_t len,
                  QATBuf *b);
void qat_buf_free(QATBuf *b);
bool qat_buf_read(QATJob *job, QATBuf *b, uint64_t off, void *p, uint64_t len);
bool qat_buf_write(QATJob *job, QATBuf *b, uint64_t off, const void *p,
                   uint64_t len);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QATBuf, qat_buf_free)

/* qat_pci.c */
extern const char *const qat_service_names[QAT_NUM_SERVICES];
void qat_unknown_reg(QATState *s, const char *what, int bar, hwaddr addr);
void qat_ats_reset(PCIDevice *pci);

/* qat_ae.c */
void qat_ae_init(QATState *s);
void qat_ae_finalize(QATState *s);
void qat_ae_reset(QATState *s);
void qat_serve(QATState *s);
QATAe *qat_bank_ae(QATBank *b);
void qat_constants(QATState *s, uint8_t *table);
bool qat_cap_read(QATState *s, hwaddr addr, uint32_t *val);
bool qat_cap_write(QATState *s, hwaddr addr, uint32_t val);

/* qat_ras.c */
void qat_ras_reset(QATState *s);
bool qat_ras_read(QATState *s, hwaddr addr, bool aram, uint32_t *val);
bool qat_ras_write(QATState *s, hwaddr addr, bool aram, uint32_t val);
uint32_t qat_errsou(QATState *s, unsigned n);
void qat_misc_irq_eval(QATState *s);
void qat_inject(Object *obj, const char *what, Error **errp);

/* qat_vf.c */
bool qat_vf_init(QATState *s, Error **errp);
unsigned qat_vf_count(QATState *s);
bool qat_vf_owns(QATState *s, unsigned bank);
void qat_vf_tag(QATState *s, unsigned bank, HdiovDmaTag *tag);
bool qat_vf_bank_irq(QATState *s, unsigned bank, bool *sent);
uint32_t qat_vm2pf_sou(QATState *s);
uint32_t qat_vf_reg_read(QATState *s, unsigned n, unsigned off);
void qat_vf_reg_write(QATState *s, unsigned n, unsigned off, uint32_t val);
void qat_vf_reset(QATState *s, unsigned n);

/* qat_key.c */
uint8_t qat_key_derive(QATJob *job);

/* The services: fill the response's status and what is specific to them */
void qat_sym_process(QATJob *job);
void qat_asym_process(QATJob *job);
void qat_dc_process(QATJob *job);

#endif
