/*
 * Emulated Intel E810: firmware's pace, and hardware errors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An emulated firmware answers before its driver looks for the answer, and
 * always has time. What properties ask for here makes it as slow and as busy as
 * a real one can be, so that drivers show whether they can wait. With none of
 * them set, nothing takes longer.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "e810.h"

/* A PF reset, when no other function holds the card's locks */
#define PFR_NS          (100 * SCALE_US)

#define AQ_OP_LAN_OVERFLOW      0x1001

static int64_t e810_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* How long the next command takes */
static int64_t e810_fw_latency(E810State *s, E810CtlQ *q)
{
    if (q == &s->fw && s->aq_late && ++s->aq_late_count >= s->aq_late) {
        s->aq_late_count = 0;
        return s->aq_late_ms * (int64_t)SCALE_MS;
    }
    return s->aq_latency_us * (int64_t)SCALE_US;
}

/*
 * Is the command at the head of @q done by now? The first call for each one
 * sets DD, because firmware has taken it; the answer follows when the head
 * moves. So a driver that looks at DD alone takes an answer that is none.
 */
bool e810_fw_ready(E810State *s, E810CtlQ *q)
{
    int64_t latency;

    if (q != &s->fw && q != &s->mbx) {
        return true;
    }
    if (!q->when) {
        latency = e810_fw_latency(s, q);
        if (!latency) {
            return true;
        }
        q->when = e810_now() + latency;
        e810_ctlq_taken(s, q);
    }
    if (e810_now() < q->when) {
        timer_mod_anticipate_ns(s->fw_timer, q->when);
        return false;
    }
    q->when = 0;
    return true;
}

static void e810_fw_timer(void *opaque)
{
    E810State *s = opaque;

    e810_ctlq_kick(s, &s->fw);
    e810_ctlq_kick(s, &s->mbx);
}

/* Commands that Linux's ice sends again when it is told EBUSY */
static bool e810_fw_may_be_busy(uint16_t opcode)
{
    switch (opcode) {
    case 0x0008:                        /* resource locks are waited for */
    case 0x06e0:                        /* link topology */
    case 0x06ee:                        /* module's EEPROM */
    case 0x0a05:                        /* LLDP stop, start, filter */
    case 0x0a06:
    case 0x0a0a:
        return true;
    }
    return false;
}

/* Is this one refused with EBUSY? The next attempt then is not. */
bool e810_fw_busy(E810State *s, uint16_t opcode)
{
    if (s->aq_busy_all && opcode != 0x0003 &&
        ++s->aq_busy_all_count >= s->aq_busy_all) {
        s->aq_busy_all_count = 0;
        return true;
    }
    if (s->aq_busy && e810_fw_may_be_busy(opcode) &&
        ++s->aq_busy_count >= s->aq_busy) {
        s->aq_busy_count = 0;
        return true;
    }
    return false;
}

/*
 * A PF reset, as of PFGEN_CTRL. The function's registers are reset at its end
 * once more: what a driver writes that does not wait is lost.
 */
void e810_fw_pfr(E810State *s)
{
    e810_reset_pf(s);
    s->pfr_done = e810_now() + (s->pfr_ms ? s->pfr_ms * (int64_t)SCALE_MS :
                                PFR_NS);
    if (s->pfr_ms) {
        timer_mod(s->pfr_timer, s->pfr_done);
    }
    e810_fw_load(s);
}

static void e810_pfr_timer(void *opaque)
{
    e810_reset_pf(opaque);
}

/* Firmware begins to load what the PHY needs */
void e810_fw_load(E810State *s)
{
    s->fw_loaded = s->fw_loading_ms ?
                   e810_now() + s->fw_loading_ms * (int64_t)SCALE_MS : 0;
}

bool e810_fw_loading(E810State *s)
{
    return e810_now() < s->fw_loaded;
}

/*
 * Bits of PFINT_OICR that the card's own failures set. After one that cannot be
 * mended, no queue runs until the function is reset.
 */
static void e810_set_raise(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    E810State *s = E810(obj);
    uint32_t bits;
    int i;

    if (!visit_type_uint32(v, name, &bits, errp)) {
        return;
    }
    if (bits & (OICR_ECC_ERR | OICR_PCI_EXCEPTION)) {
        s->broken = true;
        for (i = 0; i < E810_NUM_VSI; i++) {
            if (s->vsi[i].valid) {
                e810_vsi_stop(s, i);
            }
        }
    }
    e810_oicr_set(s, bits);
}

/*
 * The port's buffer is full of packets that a queue of this function, whose
 * number is written, leaves there. Firmware tells the function. No traffic
 * does that here, as what a queue has no room for is dropped at once.
 */
static void e810_set_lan_overflow(Object *obj, Visitor *v, const char *name,
                                  void *opaque, Error **errp)
{
    E810State *s = E810(obj);
    E810Desc d = { .opcode = AQ_OP_LAN_OVERFLOW };
    uint32_t queue;

    if (!visit_type_uint32(v, name, &queue, errp)) {
        return;
    }
    if (queue >= s->rxqs.num) {
        error_setg(errp, "%s: the function has %u Rx queues", name,
                   s->rxqs.num);
        return;
    }
    d.param0 = s->rxqs.first + queue;
    if (!e810_ctlq_event(s, &s->fw, &d, NULL, 0)) {
        error_setg(errp, "%s: the function takes no events", name);
    }
}

void e810_fw_reset(E810State *s)
{
    timer_del(s->fw_timer);
    timer_del(s->pfr_timer);
    s->pfr_done = 0;
    s->broken = false;
}

void e810_fw_init(E810State *s)
{
    s->fw_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, e810_fw_timer, s);
    s->pfr_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, e810_pfr_timer, s);
}

void e810_fw_finalize(E810State *s)
{
    timer_free(s->fw_timer);
    timer_free(s->pfr_timer);
}

void e810_fw_class_init(ObjectClass *klass)
{
    object_class_property_add(klass, "raise-oicr", "uint32", NULL,
                              e810_set_raise, NULL, NULL);
    object_class_property_add(klass, "lan-overflow", "uint32", NULL,
                              e810_set_lan_overflow, NULL, NULL);
}
