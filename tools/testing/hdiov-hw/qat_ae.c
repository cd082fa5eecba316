/*
 * Emulated QAT 2.0 (4xxx): engines, their firmware, and messages to it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An engine runs no instruction here: what an authenticated image is named
 * for is what it does. All that comes before is as on the card: engines out
 * of reset, an image verified, loaded and started, constants and INIT_AE.
 */

#include "qemu/osdep.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include "qemu/main-loop.h"
#include "hw/pci/pci.h"
#include "qat.h"

#define FCU_DELAY_NS            (1 * SCALE_MS)

/* The descriptor of an image to verify: pairs of high and low words */
#define DESC_SIZE               64
#define   DESC_IMG_LEN              0
#define   DESC_CSS_HDR              8
#define   DESC_IMG                  16
#define   DESC_SIGNATURE            24
#define   DESC_KEY                  32
#define   DESC_AE_MODE              40

/* An image: header, public key, signature, then what is signed */
#define CSS_SIZE                128
#define   CSS_HEADER_LEN            4       /* in dwords, as the next one */
#define   CSS_IMG_SIZE              24
#define   CSS_FW_TYPE               40
#define     FW_TYPE_AE                  0
#define     FW_TYPE_MMP                 1
#define CSS_SIGNED_AT           (CSS_SIZE + 384 + 4 + 384)
/* In memory, the driver puts zeros between modulus and exponent */
#define KEY_SIZE                768
#define   KEY_EXPONENT              384
#define SIGNATURE_SIZE          384
#define CSS_MAX_AE              0x40000
#define CSS_MAX_MMP             0x30000
#define AE_MODE_SIZE            552
#define   AE_MODE_DEV_TYPE          8
#define     DEV_TYPE_4XXX               0x08000000
#define   AE_MODE_DEVMAX            12
#define   AE_MODE_DEVMIN            14
#define     DEV_MAJOR                   0xf0
#define   AE_MODE_AE_MASK           16
#define   AE_MODE_NAME              40
#define   AE_MODE_NAME_SIZE         256
#define AE_INIT_SIZE            400

#define AE_GROUP_MASK           0xf
#define AE_ADMIN                8
#define AE_ALL_CONTEXTS         0xff00      /* of CTX_ENABLES */

/* Engines */

/* By inference from the published mask: a bit for each group, one for slices */
static uint32_t qat_ae_reset_bit(unsigned ae)
{
    return BIT(2 * (ae / 4));
}

static bool qat_ae_alive(QATState *s, unsigned ae)
{
    uint32_t bits = qat_ae_reset_bit(ae) | CAP_RESET_SLICES;

    return s->powered && !(s->cap_reset & bits) &&
           (s->cap_clk & bits) == bits;
}

static void qat_ae_stop(QATAe *a)
{
    memset(a, 0, sizeof(*a));
}

void qat_ae_reset(QATState *s)
{
    unsigned i;

    timer_del(&s->fcu_timer);
    memset(&s->fcu, 0, sizeof(s->fcu));
    for (i = 0; i < QAT_NUM_AES; i++) {
        qat_ae_stop(&s->ae[i]);
    }
    s->cap_reset = s->firmware ? 0 : CAP_RESET_ALL;
    s->cap_clk = s->firmware ? CAP_RESET_ALL : 0;
    s->cap_misc = 0;
    s->constants = s->rl_inited = false;
    s->preloaded = s->firmware;
    if (s->preloaded) {
        for (i = 0; i < QAT_NUM_AES; i++) {
            s->ae[i].running = s->ae[i].inited = true;
        }
        s->fcu.loaded = MAKE_64BIT_MASK(0, QAT_NUM_AES);
        s->fcu.status = FCU_STS_LOAD_DONE | FCU_STATUS_AUTH_FW |
                        FCU_STATUS_STARTED;
    }
    memset(&s->tl, 0, sizeof(s->tl));
    qat_serve(s);
}

/*
 * Which banks have engines, and what these do. A thread takes from the arbiters
 * that WT2SAM gives it, a bank's arbiter being its number modulo 4. Firmware
 * that was there from the start does not look at that.
 */
void qat_serve(QATState *s)
{
    unsigned n, ae, i;

    for (n = 0; n < QAT_NUM_BANKS; n++) {
        QATBank *b = &s->bank[n];
        QATService service = s->preloaded ? b->preload : b->service;
        uint32_t mask = 0;

        for (ae = 0; ae < AE_ADMIN; ae++) {
            QATAe *a = &s->ae[ae];

            if (!a->running || !a->inited) {
                continue;
            }
            if (s->preloaded) {
                if (ae >> 2 == n % 2) {
                    mask |= BIT(ae);
                }
                continue;
            }
            if (s->sarconfig[n % QAT_NUM_ARBITERS] != SARCONFIG_VALUE) {
                continue;
            }
            for (i = 0; i < QAT_NUM_THREADS; i++) {
                if (extract32(s->wt2sam[ae], 4 * i, 4) &
                    BIT(n % QAT_NUM_ARBITERS) &&
                    (!mask || a->service == service)) {
                    service = a->service;
                    mask |= BIT(ae);
                }
            }
        }
        if (service != b->service || (b->served && !mask)) {
            /* Who had the request in flight is gone */
            b->gen++;
        }
        b->service = service;
        b->served = mask;
        qat_bank_kick(b);
    }
}

/* A request goes to the engines in turn */
QATAe *qat_bank_ae(QATBank *b)
{
    unsigned turn = b->requests % MAX(ctpop32(b->served), 1);
    uint32_t mask = b->served;

    while (turn--) {
        mask &= mask - 1;
    }
    return &b->s->ae[mask ? ctz32(mask) : 0];
}

/* The 9 pages of the engines: transfer registers, and their own at 0x800 */
static uint32_t *qat_ae_reg(QATAe *a, uint32_t off)
{
    uint32_t ctx = a->csr[AE_CSR_CTX_POINTER / 4] % QAT_NUM_CONTEXTS;

    if (off < sizeof(a->xfer)) {
        return &a->xfer[off / 4];
    }
    switch (off - AE_LOCAL) {
    case AE_CSR_CTX_STS_INDIRECT:
        return &a->ctx_sts[ctx];
    case AE_CSR_CTX_SIG_EVENTS_INDIRECT:
        return &a->ctx_sig[ctx];
    case AE_CSR_CTX_WAKEUP_EVENTS_INDIRECT:
        return &a->ctx_wakeup[ctx];
    case AE_CSR_CTX_ARB_CNTL:
    case AE_CSR_CTX_ENABLES:
    case AE_CSR_CC_ENABLE:
    case AE_CSR_CTX_POINTER:
    case AE_CSR_ACTIVE_CTX_STATUS:
    case AE_CSR_TIMESTAMP_LOW:
    case AE_CSR_TIMESTAMP_HIGH:
    case AE_CSR_SIGNATURE_ENABLE:
        return &a->csr[(off - AE_LOCAL) / 4];
    }
    return NULL;
}

static bool qat_ae_read(QATState *s, hwaddr addr, uint32_t *val)
{
    unsigned ae = (addr - PMISC_AE) / PMISC_AE_SIZE;
    uint32_t off = addr % PMISC_AE_SIZE;
    uint32_t *reg = qat_ae_reg(&s->ae[ae], off);

    if (reg) {
        *val = *reg;
        return true;
    }
    switch (off - AE_LOCAL) {
    case AE_CSR_PROFILE_COUNT:
        /* Counts each 16 clocks of 1 GHz */
        *val = qat_ae_alive(s, ae) ?
               qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) >> 4 & 0xffff : 0;
        return true;
    case AE_CSR_LOCAL_CSR_STATUS:
        *val = 0;       /* an access is over at once */
        return true;
    case AE_CSR_MAILBOX:
        *val = extract32(s->admin_pending, ae, 1);
        return true;
    }
    return false;
}

static bool qat_ae_write(QATState *s, hwaddr addr, uint32_t val)
{
    unsigned ae = (addr - PMISC_AE) / PMISC_AE_SIZE;
    uint32_t off = addr % PMISC_AE_SIZE;
    uint32_t *reg = qat_ae_reg(&s->ae[ae], off);

    if (reg) {
        *reg = val;
        return true;
    }
    if (off == AE_LOCAL + AE_CSR_MAILBOX) {
        if (val & 1) {
            s->admin_pending |= BIT(ae);
            qemu_bh_schedule(s->admin_bh);
        }
        return true;
    }
    return off == AE_LOCAL + AE_CSR_PROFILE_COUNT ||
           off == AE_LOCAL + AE_CSR_LOCAL_CSR_STATUS;
}

/* Engines that go into reset forget all */
static void qat_cap_reset(QATState *s, uint32_t val)
{
    uint32_t set = val & ~s->cap_reset;
    unsigned ae;

    s->cap_reset = val & CAP_RESET_ALL;
    if (!(set & CAP_RESET_ALL)) {
        return;
    }
    for (ae = 0; ae < QAT_NUM_AES; ae++) {
        if (set & (qat_ae_reset_bit(ae) | CAP_RESET_SLICES)) {
            qat_ae_stop(&s->ae[ae]);
            s->fcu.loaded &= ~BIT(ae);
            s->admin_pending &= ~BIT(ae);
        }
    }
    timer_del(&s->fcu_timer);
    s->fcu.busy = s->fcu.verified = false;
    s->fcu.status &= FCU_STATUS_AUTH_FW;
    if (set & CAP_RESET_SLICES) {
        s->fcu.mmp = false;
    }
    s->constants = s->rl_inited = s->preloaded = false;
    qat_serve(s);
}

/* Firmware */

/* Reads a whole image, of whose parts all must be readable */
static uint8_t *qat_fcu_get(QATState *s, const uint8_t *desc, uint8_t *css,
                            uint8_t *key, uint8_t *signature, uint32_t *len)
{
    HdiovDmaTag tag = hdiov_dma_pf(&s->dma, HDIOV_NO_PASID);
    g_autofree uint8_t *img = NULL;
    uint64_t addr[4];
    int i;

    for (i = 0; i < 4; i++) {
        static const uint8_t at[] = {
            DESC_CSS_HDR, DESC_IMG, DESC_SIGNATURE, DESC_KEY
        };

        addr[i] = (uint64_t)ldl_le_p(desc + at[i]) << 32 |
                  (uint32_t)ldl_le_p(desc + at[i] + 4);
    }
    *len = ldl_le_p(desc + DESC_IMG_LEN);
    if (!*len || *len > CSS_MAX_AE) {
        return NULL;
    }
    img = g_malloc(*len);
    if (!hdiov_dma_read(&s->dma, tag, addr[0], css, CSS_SIZE) ||
        !hdiov_dma_read(&s->dma, tag, addr[1], img, *len) ||
        !hdiov_dma_read(&s->dma, tag, addr[2], signature, SIGNATURE_SIZE) ||
        !hdiov_dma_read(&s->dma, tag, addr[3], key, KEY_SIZE)) {
        return NULL;
    }
    return g_steal_pointer(&img);
}

/* A modulus and an exponent of the same size, both big endian */
static EVP_PKEY *qat_fcu_key(const uint8_t *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(key, KEY_EXPONENT, NULL);
    BIGNUM *e = BN_bin2bn(key + KEY_EXPONENT, KEY_SIZE - KEY_EXPONENT, NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;

    /* With one of 3072 bits each of the ways below would take long, under the big lock */
    if (ctx && bld && n && e && BN_num_bits(e) <= 64 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e)) {
        params = OSSL_PARAM_BLD_to_param(bld);
    }
    if (!params || EVP_PKEY_fromdata_init(ctx) <= 0 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0) {
        pkey = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/*
 * By the key that comes with the image: which keys the card trusts is not
 * known here, nor how it pads what it signs, so all usual ways are good.
 */
static bool qat_fcu_signed(const uint8_t *css, const uint8_t *img,
                           uint32_t len, const uint8_t *key,
                           const uint8_t *signature)
{
    static const struct {
        const char *md;
        int padding;
    } ways[] = {
        { "SHA384", RSA_PKCS1_PADDING }, { "SHA384", RSA_PKCS1_PSS_PADDING },
        { "SHA256", RSA_PKCS1_PADDING }, { "SHA256", RSA_PKCS1_PSS_PADDING },
        { "SHA512", RSA_PKCS1_PADDING }, { "SHA512", RSA_PKCS1_PSS_PADDING },
    };
    EVP_PKEY *pkey = qat_fcu_key(key);
    bool ok = false;
    int i;

    for (i = 0; pkey && !ok && i < ARRAY_SIZE(ways); i++) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        EVP_PKEY_CTX *pctx;

        ok = ctx && EVP_DigestVerifyInit_ex(ctx, &pctx, ways[i].md, NULL, NULL,
                                            pkey, NULL) > 0 &&
             EVP_PKEY_CTX_set_rsa_padding(pctx, ways[i].padding) > 0 &&
             EVP_DigestVerifyUpdate(ctx, css, CSS_SIZE) > 0 &&
             EVP_DigestVerifyUpdate(ctx, img, len) > 0 &&
             EVP_DigestVerifyFinal(ctx, signature, SIGNATURE_SIZE) > 0;
        EVP_MD_CTX_free(ctx);
    }
    EVP_PKEY_free(pkey);
    return ok;
}

static bool qat_fcu_verify(QATState *s)
{
    HdiovDmaTag tag = hdiov_dma_pf(&s->dma, HDIOV_NO_PASID);
    QATFcu *f = &s->fcu;
    g_autofree uint8_t *img = NULL;
    uint8_t desc[DESC_SIZE], css[CSS_SIZE];
    uint8_t key[KEY_SIZE], signature[SIGNATURE_SIZE];
    uint32_t len, type, ae_mask;
    const char *name;
    int i;

    f->verified = false;
    if (!hdiov_dma_read(&s->dma, tag, f->dram, desc, sizeof(desc))) {
        return false;
    }
    img = qat_fcu_get(s, desc, css, key, signature, &len);
    if (!img || ldl_le_p(css + CSS_HEADER_LEN) * 4 != CSS_SIGNED_AT ||
        ldl_le_p(css + CSS_IMG_SIZE) * 4 != CSS_SIGNED_AT + len ||
        !qat_fcu_signed(css, img, len, key, signature)) {
        return false;
    }

    type = ldl_le_p(css + CSS_FW_TYPE);
    if (type == FW_TYPE_MMP) {
        f->mmp = len <= CSS_MAX_MMP;
        return f->mmp;
    }
    if (type != FW_TYPE_AE || len < AE_MODE_SIZE + AE_INIT_SIZE ||
        ldq_le_p(desc + DESC_AE_MODE) != ldq_le_p(desc + DESC_IMG) ||
        ldl_le_p(img + AE_MODE_DEV_TYPE) != DEV_TYPE_4XXX ||
        lduw_le_p(img + AE_MODE_DEVMIN) > DEV_MAJOR ||
        lduw_le_p(img + AE_MODE_DEVMAX) < DEV_MAJOR) {
        return false;
    }
    ae_mask = ldl_le_p(img + AE_MODE_AE_MASK);
    name = (const char *)img + AE_MODE_NAME;
    if (!memchr(name, 0, AE_MODE_NAME_SIZE)) {
        return false;
    }
    if (!strcmp(name, "admin")) {
        f->verified = ae_mask == BIT(AE_ADMIN);
        f->service = QAT_NUM_SERVICES;
    } else {
        for (i = 0; i < QAT_NUM_SERVICES; i++) {
            if (!strcmp(name, qat_service_names[i])) {
                f->service = i;
                f->verified = ae_mask && !(ae_mask & ~0xff);
            }
        }
    }
    f->ae_mask = ae_mask;
    return f->verified;
}

/*
 * To one engine, or to those of FCU_ME_BROADCAST_MASK_TYPE. The admin engine,
 * which shares its store with none, gets its image alone. Public key code needs
 * the library that comes as an image of its own.
 */
static bool qat_fcu_load(QATState *s, uint32_t cmd)
{
    QATFcu *f = &s->fcu;
    bool one = cmd & FCU_CONTROL_ONE_AE;
    uint32_t mask = one ? BIT(extract32(cmd, 8, 5)) : f->broadcast;
    unsigned ae;

    if (!f->verified || !mask || mask & ~f->ae_mask ||
        (!one && mask & BIT(AE_ADMIN)) || (f->service == QAT_ASYM && !f->mmp)) {
        return false;
    }
    for (ae = 0; ae < QAT_NUM_AES; ae++) {
        if ((mask & BIT(ae)) &&
            (!qat_ae_alive(s, ae) || s->ae[ae].running ||
             s->ae[ae].csr[AE_CSR_CTX_ENABLES / 4] & AE_ALL_CONTEXTS)) {
            return false;
        }
    }
    for (ae = 0; ae < QAT_NUM_AES; ae++) {
        if (mask & BIT(ae)) {
            s->ae[ae].service = f->service;
            f->loaded |= BIT(ae);
        }
    }
    return true;
}

static bool qat_fcu_start(QATState *s)
{
    unsigned ae;

    if (!(s->fcu.loaded & BIT(AE_ADMIN))) {
        return false;
    }
    for (ae = 0; ae < QAT_NUM_AES; ae++) {
        QATAe *a = &s->ae[ae];

        if ((s->fcu.loaded & BIT(ae)) && !a->running) {
            a->running = true;
            a->csr[AE_CSR_CTX_ENABLES / 4] |= AE_ALL_CONTEXTS;
        }
    }
    qemu_bh_schedule(s->admin_bh);
    qat_serve(s);
    return true;
}

static void qat_fcu_timer(void *opaque)
{
    QATState *s = opaque;
    QATFcu *f = &s->fcu;
    uint32_t sts = f->status & FCU_STATUS_STS;

    f->busy = false;
    switch (f->control & FCU_CONTROL_CMD) {
    case FCU_CMD_AUTH:
        sts = qat_fcu_verify(s) ? FCU_STS_VERI_DONE : FCU_STS_VERI_FAIL;
        f->status |= FCU_STATUS_AUTH_FW;
        s->cnt.fw_verified += sts == FCU_STS_VERI_DONE;
        s->cnt.fw_refused += sts == FCU_STS_VERI_FAIL;
        break;
    case FCU_CMD_LOAD:
        sts = qat_fcu_load(s, f->control) ? FCU_STS_LOAD_DONE :
                                            FCU_STS_LOAD_FAIL;
        s->cnt.fw_loaded += sts == FCU_STS_LOAD_DONE;
        s->cnt.fw_refused += sts == FCU_STS_LOAD_FAIL;
        break;
    case FCU_CMD_START:
        if (qat_fcu_start(s)) {
            f->status |= FCU_STATUS_STARTED;
        } else {
            s->cnt.fw_refused++;
        }
        break;
    }
    f->status = (f->status & ~FCU_STATUS_STS) | sts;
}

static void qat_fcu_control(QATState *s, uint32_t val)
{
    uint32_t cmd = val & FCU_CONTROL_CMD;

    if (s->fcu.busy || cmd == FCU_CMD_NOOP || cmd > FCU_CMD_START) {
        return;
    }
    s->fcu.control = val;
    s->fcu.busy = true;
    /* An image is verified and loaded by engines that run */
    if (s->powered && !s->cap_reset) {
        timer_mod_ns(&s->fcu_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                     FCU_DELAY_NS);
    }
}

/* Engines, global registers of theirs, and of the firmware control unit */

bool qat_cap_read(QATState *s, hwaddr addr, uint32_t *val)
{
    QATFcu *f = &s->fcu;

    switch (addr) {
    case PMISC_AE ... PMISC_AE + QAT_NUM_AES * PMISC_AE_SIZE - 1:
        return qat_ae_read(s, addr, val);
    case PMISC_CAP_RESET:
        *val = s->cap_reset;
        return true;
    case PMISC_CAP_CLK_ENABLE:
        *val = s->cap_clk;
        return true;
    case PMISC_CAP_MISC_CONTROL:
        *val = s->cap_misc;
        return true;
    case PMISC_FCU_CONTROL:
        *val = f->control;
        return true;
    case PMISC_FCU_STATUS:
        *val = f->busy ? (f->status & ~FCU_STATUS_STS) | FCU_STS_BUSY :
                         f->status;
        return true;
    case PMISC_FCU_BROADCAST:
        *val = f->broadcast;
        return true;
    case PMISC_FCU_AE_LOADED:
        *val = f->loaded;
        return true;
    case PMISC_FCU_DRAM_LO:
        *val = f->dram;
        return true;
    case PMISC_FCU_DRAM_HI:
        *val = f->dram >> 32;
        return true;
    }
    return false;
}

bool qat_cap_write(QATState *s, hwaddr addr, uint32_t val)
{
    QATFcu *f = &s->fcu;

    switch (addr) {
    case PMISC_AE ... PMISC_AE + QAT_NUM_AES * PMISC_AE_SIZE - 1:
        return qat_ae_write(s, addr, val);
    case PMISC_CAP_RESET:
        qat_cap_reset(s, val);
        return true;
    case PMISC_CAP_CLK_ENABLE:
        s->cap_clk = val & CAP_RESET_ALL;
        return true;
    case PMISC_CAP_MISC_CONTROL:
        s->cap_misc = val;
        return true;
    case PMISC_FCU_CONTROL:
        qat_fcu_control(s, val);
        return true;
    case PMISC_FCU_BROADCAST:
        f->broadcast = val & 0xff;
        return true;
    case PMISC_FCU_DRAM_LO:
        f->dram = deposit64(f->dram, 0, 32, val);
        return true;
    case PMISC_FCU_DRAM_HI:
        f->dram = deposit64(f->dram, 32, 32, val);
        return true;
    case PMISC_FCU_STATUS:
    case PMISC_FCU_AE_LOADED:
        return true;
    }
    return false;
}

/* Messages to the firmware */

/* Slices of each kind, in the order of answers to RL_INIT and TL_START */
static const uint8_t qat_slices[9] = {
    1, 1, 3, 5, 0, 0, 2, 4, 4,      /* cpr xlt dcpr pke wat wcp ucs cph ath */
};

/* Engines 0 to 3 serve even banks, 4 to 7 odd ones, and 8 only messages */
static bool qat_ae_has(QATState *s, unsigned ae, QATService service)
{
    if (!s->preloaded) {
        return ae < AE_ADMIN && s->ae[ae].service == service;
    }
    return ae < AE_ADMIN && s->bank[(ae & 2) | ae >> 2].preload == service;
}

static bool qat_admin_write(QATState *s, uint64_t addr, const void *buf,
                            uint32_t len)
{
    return hdiov_dma_write(&s->dma, hdiov_dma_pf(&s->dma, HDIOV_NO_PASID),
                           addr, buf, len);
}

/*
 * What SYNC is for: each thread's counters of requests and responses go on, in
 * the page that HEARTBEAT_TIMER_SET named
 */
static void qat_heartbeat(QATState *s, unsigned ae)
{
    QATAe *a = &s->ae[ae];
    uint8_t page[QAT_NUM_THREADS * 4];
    int i;

    if (!a->hb_addr || (s->hung_aes & BIT(ae))) {
        return;
    }
    a->hb_count++;
    for (i = 0; i < QAT_NUM_THREADS; i++) {
        stw_le_p(page + 4 * i, a->hb_count);            /* responses */
        stw_le_p(page + 4 * i + 2, a->hb_count);        /* requests */
    }
    qat_admin_write(s, a->hb_addr + ae * sizeof(page), page, sizeof(page));
}

/* Counters of the time since the last one, for the device and 4 banks */
static void qat_telemetry(QATState *s)
{
    QATTelemetry *t = &s->tl;
    g_autofree uint8_t *page = NULL;
    uint8_t *dev, *p;
    uint64_t now[ARRAY_SIZE(t->last)] = {
        s->dma.total.reads + s->dma.total.writes,
        s->dma.total.write_bytes / TL_BW_UNIT,
        s->dma.total.read_bytes / TL_BW_UNIT,
        s->cnt.responses,
        s->cnt.req[QAT_SYM], s->cnt.req[QAT_ASYM], s->cnt.req[QAT_DC],
    };
    uint32_t d[ARRAY_SIZE(now)];
    int i;

    if (!t->addr) {
        return;
    }
    for (i = 0; i < ARRAY_SIZE(now); i++) {
        d[i] = now[i] - t->last[i];
        t->last[i] = now[i];
    }
    dev = page = g_malloc0(TL_SIZE);
    stl_le_p(dev + TL_DEV_PCI_TRANS, d[0]);
    stl_le_p(dev + TL_DEV_BW_IN, d[1]);
    stl_le_p(dev + TL_DEV_BW_OUT, d[2]);
    stl_le_p(dev + TL_DEV_PUT, d[3]);
    stl_le_p(dev + TL_DEV_SLICES + TL_CPH * TL_SLICES_SIZE, d[4]);
    stl_le_p(dev + TL_DEV_SLICES + TL_PKE * TL_SLICES_SIZE, d[5]);
    stl_le_p(dev + TL_DEV_SLICES + TL_CPR * TL_SLICES_SIZE, d[6]);
    for (i = 0; i < ARRAY_SIZE(t->bank); i++) {
        if (t->bank[i] < QAT_NUM_BANKS) {
            uint64_t responses = s->bank[t->bank[i]].responses;

            p = dev + TL_DEV_SIZE + i * TL_RP_SIZE;
            stl_le_p(p + TL_RP_PUT, responses - t->bank_last[i]);
            t->bank_last[i] = responses;
        }
    }
    stl_le_p(dev + TL_MSG_CNT, ++t->count);
    qat_admin_write(s, t->addr, page, TL_SIZE);
}

static uint8_t qat_admin_telemetry(QATState *s, const uint8_t *req)
{
    QATTelemetry *t = &s->tl;
    int i;

    if (lduw_le_p(req + ADMIN_CFG_SIZE) < TL_SIZE) {
        return ADMIN_STATUS_FAIL;
    }
    memset(t, 0, sizeof(*t));
    t->addr = ldq_le_p(req + ADMIN_CFG_ADDR);
    memcpy(t->bank, req + ADMIN_ARG, sizeof(t->bank));
    for (i = 0; i < ARRAY_SIZE(t->bank); i++) {
        if (t->bank[i] < QAT_NUM_BANKS) {
            t->bank_last[i] = s->bank[t->bank[i]].responses;
        }
    }
    t->last[0] = s->dma.total.reads + s->dma.total.writes;
    t->last[1] = s->dma.total.write_bytes / TL_BW_UNIT;
    t->last[2] = s->dma.total.read_bytes / TL_BW_UNIT;
    t->last[3] = s->cnt.responses;
    for (i = 0; i < QAT_NUM_SERVICES; i++) {
        t->last[4 + i] = s->cnt.req[i];
    }
    return 0;
}

static uint8_t qat_admin_pm_info(QATState *s, const uint8_t *req)
{
    uint8_t info[PM_INFO_SIZE] = {};

    if (lduw_le_p(req + ADMIN_CFG_SIZE) < sizeof(info)) {
        return ADMIN_STATUS_FAIL;
    }
    stl_le_p(info + PM_INFO_FW_INIT, s->idle_filter << 3 | BIT(2));
    stl_le_p(info + PM_INFO_HOST_MSGS, s->host_msgs);
    stl_le_p(info + PM_INFO_STATUS, s->powered ? PM_STATUS_INIT : 0);
    return qat_admin_write(s, ldq_le_p(req + ADMIN_CFG_ADDR), info,
                           sizeof(info)) ? 0 : ADMIN_STATUS_FAIL;
}

/* For a request, without the big QEMU lock: zeroes if there is none */
void qat_constants(QATState *s, uint8_t *table)
{
    bql_lock();
    memset(table, 0, sizeof(s->const_table));
    if (s->constants) {
        memcpy(table, s->const_table, sizeof(s->const_table));
    }
    bql_unlock();
}

/* What only the engine for messages knows */
static uint8_t qat_admin_device(QATState *s, const uint8_t *req, uint8_t *resp)
{
    HdiovDmaTag tag = hdiov_dma_pf(&s->dma, HDIOV_NO_PASID);
    uint64_t addr = ldq_le_p(req + ADMIN_CFG_ADDR);

    switch (req[ADMIN_CMD]) {
    case ADMIN_CONSTANTS_CFG:
        s->constants = lduw_le_p(req + ADMIN_CFG_SIZE) ==
                       sizeof(s->const_table) &&
                       hdiov_dma_read(&s->dma, tag, addr, s->const_table,
                                      sizeof(s->const_table));
        return s->constants ? 0 : ADMIN_STATUS_FAIL;
    case ADMIN_CAPABILITIES:
        stw_le_p(resp + ADMIN_CAP_FW, ADMIN_CAP_FW_ALL);
        return 0;
    case ADMIN_RL_INIT:
        s->rl_inited = true;
        memcpy(resp + ADMIN_SLICES, qat_slices, sizeof(qat_slices));
        return 0;
    case ADMIN_RL_ADD ... ADMIN_RL_REMOVE:
        /* Stored by the card, and followed; here there is nothing to limit */
        return s->rl_inited ? 0 : ADMIN_STATUS_FAIL;
    case ADMIN_PM_STATE_CONFIG:
        s->idle_filter = ldl_le_p(req + ADMIN_ARG);
        return s->idle_filter < 8 ? 0 : ADMIN_STATUS_FAIL;
    case ADMIN_PM_INFO:
        return qat_admin_pm_info(s, req);
    case ADMIN_TL_START:
        memcpy(resp + ADMIN_SLICES, qat_slices, sizeof(qat_slices));
        return qat_admin_telemetry(s, req);
    case ADMIN_TL_STOP:
        s->tl.addr = 0;
        return 0;
    }
    return ADMIN_STATUS_UNSUPP;
}

static uint8_t qat_admin_do(QATState *s, unsigned ae, const uint8_t *req,
                            uint8_t *resp)
{
    QATAe *a = &s->ae[ae];

    switch (req[ADMIN_CMD]) {
    case ADMIN_INIT_AE:
        if (!s->constants) {
            return ADMIN_STATUS_FAIL;
        }
        a->inited = true;
        qat_serve(s);
        return 0;
    case ADMIN_COUNTERS_GET:
        stq_le_p(resp + ADMIN_REQUESTS, a->requests);
        stq_le_p(resp + ADMIN_RESPONSES, a->responses);
        return 0;
    case ADMIN_SYNC:
        qat_heartbeat(s, ae);
        if (ae == AE_ADMIN) {
            qat_telemetry(s);
        }
        return 0;
    case ADMIN_COMP_CAPABILITY:
        /* All engines for services answer, with nothing if they have none */
        if (qat_ae_has(s, ae, QAT_DC)) {
            stl_le_p(resp + ADMIN_EXTENDED, ADMIN_EXTENDED_CNV);
        }
        return ae < AE_ADMIN ? 0 : ADMIN_STATUS_UNSUPP;
    case ADMIN_CAPABILITIES:
        if (qat_ae_has(s, ae, QAT_SYM)) {
            stl_le_p(resp + ADMIN_CAP_CIPHERS, QAT_CIPHER_ALGOS);
            stl_le_p(resp + ADMIN_CAP_HASHES, QAT_HASH_ALGOS);
        } else if (qat_ae_has(s, ae, QAT_ASYM)) {
            stw_le_p(resp + ADMIN_CAP_PUBLIC_KEY, 1);
        }
        break;
    case ADMIN_DC_CHAIN_INIT:
        return 0;
    case ADMIN_HEARTBEAT_TIMER_SET:
        a->hb_addr = ldq_le_p(req + ADMIN_CFG_ADDR);
        return 0;
    case ADMIN_TIMER_GET:
        stq_le_p(resp + ADMIN_TIMESTAMP,
                 qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) >> 4);
        return 0;
    case ADMIN_CNV_STATS_GET:
        /* There never is an error */
        return qat_ae_has(s, ae, QAT_DC) ? 0 : ADMIN_STATUS_UNSUPP;
    }
    if (ae == AE_ADMIN) {
        return qat_admin_device(s, req, resp);
    }
    return req[ADMIN_CMD] == ADMIN_CAPABILITIES ? 0 : ADMIN_STATUS_UNSUPP;
}

/* Firmware that was there from the start: what hdiov_qat asks it for */
static uint8_t qat_admin_preloaded(QATState *s, unsigned ae,
                                   const uint8_t *req, uint8_t *resp)
{
    switch (req[ADMIN_CMD]) {
    case ADMIN_INIT_AE:
        return 0;
    case ADMIN_CONSTANTS_CFG:
        return ae == AE_ADMIN ? qat_admin_device(s, req, resp) : 0;
    case ADMIN_CAPABILITIES:
        if (ae == AE_ADMIN) {
            return 0;
        }
        return qat_admin_do(s, ae, req, resp);
    case ADMIN_COMP_CAPABILITY:
        return qat_ae_has(s, ae, QAT_DC) ? qat_admin_do(s, ae, req, resp) :
                                           ADMIN_STATUS_UNSUPP;
    }
    return ADMIN_STATUS_UNSUPP;
}

static void qat_admin_one(QATState *s, unsigned ae)
{
    uint64_t addr = s->admin_page + ae * 2 * ADMIN_MSG_SIZE;
    uint8_t req[ADMIN_MSG_SIZE], resp[ADMIN_MSG_SIZE] = {};

    s->cnt.admin++;
    if (!hdiov_dma_read(&s->dma, hdiov_dma_pf(&s->dma, HDIOV_NO_PASID), addr,
                        req, sizeof(req))) {
        return;
    }

    resp[ADMIN_CMD] = req[ADMIN_CMD];
    memcpy(resp + ADMIN_OPAQUE, req + ADMIN_OPAQUE, 8);
    if (s->preloaded) {
        resp[ADMIN_STATUS] = qat_admin_preloaded(s, ae, req, resp);
    } else {
        resp[ADMIN_STATUS] = qat_admin_do(s, ae, req, resp);
    }
    qat_admin_write(s, addr + ADMIN_MSG_SIZE, resp, sizeof(resp));
}

/* The mailbox of an engine that does not run stays full */
static void qat_admin_bh(void *opaque)
{
    QATState *s = opaque;
    unsigned ae;

    for (ae = 0; ae < QAT_NUM_AES; ae++) {
        if ((s->admin_pending & BIT(ae)) && s->ae[ae].running) {
            qat_admin_one(s, ae);
            s->admin_pending &= ~BIT(ae);
        }
    }
}

void qat_ae_init(QATState *s)
{
    timer_init_ns(&s->fcu_timer, QEMU_CLOCK_VIRTUAL, qat_fcu_timer, s);
    s->admin_bh = qemu_bh_new_guarded(qat_admin_bh, s,
                                      &DEVICE(s)->mem_reentrancy_guard);
}

void qat_ae_finalize(QATState *s)
{
    timer_del(&s->fcu_timer);
    qemu_bh_delete(s->admin_bh);
}
