/*
 * Emulated Intel E810 physical function: PCI device, resets, statistics
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Facts: the Linux, DPDK and iPXE drivers' headers. What they do not say is
 * listed in README.rst. The files: e810_mmio.c registers, e810_ctlq.c admin
 * queues and mailboxes, e810_aq.c admin commands, e810_fw.c how long they take,
 * e810_ddp.c packages, e810_flex.c profiles, e810_fdir.c flow director,
 * e810_vsi.c VSIs, e810_switch.c rules and forwarding, e810_vlan.c tags,
 * e810_sched.c scheduler tree, e810_tx.c and e810_rx.c queues, e810_irq.c
 * interrupts, e810_vf.c virtual functions.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/module.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "hw/pci/msix.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "e810.h"

#define E810_CAP_PM         0x40
#define E810_CAP_MSIX       0x70
#define E810_CAP_PCIE       0xa0
#define E810_ECAP_AER       0x100
#define E810_ECAP_DSN       0x150
#define E810_ECAP_PASID     0x1c0
#define   PASID_WIDTH           20

/* What a PF reset, an FLR and a power-on reset have in common */
void e810_reset_pf(E810State *s)
{
    int i;

    e810_ctlq_reset(s, &s->fw);
    e810_ctlq_reset(s, &s->mbx);
    e810_switch_clear(s);
    for (i = 0; i < E810_NUM_TXQ; i++) {
        e810_tx_release(s, &s->txq[i]);
        s->txq[i].comm_head = 0;
    }
    for (i = 0; i < E810_NUM_RXQ; i++) {
        e810_rx_stop(s, i);
        s->rxq[i].tail = 0;
    }
    e810_fdir_reset(s);
    for (i = 0; i < E810_NUM_VSI; i++) {
        E810Vsi *v = &s->vsi[i];

        e810_ctlq_reset(s, &v->mbx);
        if (v->valid) {
            e810_vsi_free(s, i);
        }
        v->in_reset = false;
        v->rstat = 0;
        v->pasid = 0;
    }
    e810_vf_reset_all(s);
    e810_irq_reset(s);
    e810_sched_reset(s);
    e810_vsi_default(s);

    s->lse_enabled = s->mac_loopback = false;
    e810_fw_reset(s);
    s->max_frame = E810_MAX_FRAME;
    s->gllan_rctl = RCTL_0_PXE_MODE;
    s->vmindex = 0;
    s->fd_ena = 0;
    s->pf_mdet_tclan = s->pf_mdet_pqm = s->pf_mdet_rx = 0;
    memset(s->qrx_context, 0, sizeof(s->qrx_context));
    e810_pkg_reset(s, false);
    memset(s->hkey, 0, sizeof(s->hkey));
    memset(s->hlut, 0, sizeof(s->hlut));
    memset(s->pf_lut, 0, sizeof(s->pf_lut));
    s->pf_lut_size = sizeof(s->pf_lut);
    memset(s->global_lut, 0, sizeof(s->global_lut));
    for (i = 0; i < ARRAY_SIZE(s->global_lut); i++) {
        s->global_lut_size[i] = sizeof(s->global_lut[i]);
    }
    memset(s->hash_ctl, 0, sizeof(s->hash_ctl));
    memset(s->qrx_itr, 0, sizeof(s->qrx_itr));
    memset(s->fd_count, 0, sizeof(s->fd_count));
}

/* The port is the card's, a PFR leaves it */
static void e810_port_reset(E810State *s)
{
    s->pause_quanta = PS_QNT_DEFAULT;
    s->pause_refresh = PS_RFSH_DEFAULT;
    memset(s->quanta_prof, 0, sizeof(s->quanta_prof));
    e810_vlan_port_reset(s);
    e810_fw_load(s);
}

/* What belongs to the whole card, and a PF's reset leaves */
static void e810_card_reset(E810State *s)
{
    s->gl_mbx_pasid = 0;
    s->mdet_tclan = s->mdet_pqm = s->mdet_rx = 0;
    e810_pkg_reset(s, true);
    memset(s->qf, 0, sizeof(s->qf));
    memset(s->preext_mask, 0, sizeof(s->preext_mask));
}

/* core, global or EMP reset: all functions, and what a PFR leaves */
static void e810_global_reset(void *opaque)
{
    E810State *s = opaque;
    int i;

    for (i = 0; i < E810_MAX_PFS; i++) {
        if (s->fn[i]) {
            e810_reset_pf(s->fn[i]);
            e810_port_reset(s->fn[i]);
        }
    }
    e810_card_reset(s);
    s->grst_done = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + 10 * SCALE_MS;
}

/*
 * Is the link of a port above being reset? Linux does that to recover from an
 * error that the bus reports, and ice follows it with no more than a PFR
 * (ice_pci_err_resume()): it would not load its package again.
 */
static bool e810_link_reset(E810State *s)
{
    PCIDevice *port = pci_get_bus(PCI_DEVICE(s))->parent_dev;

    return port && pci_get_word(port->config + PCI_BRIDGE_CONTROL) &
                   PCI_BRIDGE_CTL_BUS_RESET;
}

static void e810_reset(DeviceState *dev)
{
    E810State *s = E810(dev);

    e810_reset_pf(s);
    s->grst_done = 0;
    if (!s->flr && !e810_link_reset(s)) {
        /* Those leave what belongs to the whole card, and QRXFLXP_CNTXT */
        timer_del(s->grst_timer);
        e810_card_reset(s);
        e810_port_reset(s);
        s->grst_type = 0;
        s->rstctl = GLGEN_RSTCTL_POWER_ON;
        memset(s->qrxflxp, 0, sizeof(s->qrxflxp));
        memcpy(s->mac, s->conf.macaddr.a, sizeof(s->mac));
    }
}

/* What is read of a slot that is empty, and where nothing is written to */
static uint64_t e810_absent_read(void *opaque, hwaddr addr, unsigned size)
{
    return UINT64_MAX;
}

static void e810_absent_write(void *opaque, hwaddr addr, uint64_t val,
                              unsigned size)
{
}

static const MemoryRegionOps e810_absent_ops = {
    .read = e810_absent_read,
    .write = e810_absent_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
};

static void e810_add_absent(E810State *s, MemoryRegion *absent,
                            MemoryRegion *bar)
{
    memory_region_init_io(absent, OBJECT(s), &e810_absent_ops, s,
                          "e810-absent", memory_region_size(bar));
    memory_region_add_subregion_overlap(bar, 0, absent, 2);
    memory_region_set_enabled(absent, false);
}

static bool e810_get_pulled(Object *obj, Error **errp)
{
    return E810(obj)->pulled;
}

/*
 * The function is pulled out of its slot without a word, and back in it, as the
 * machine sees it. QEMU's own removal asks the machine first. It comes back as
 * after power-on: not before, as it has no place in memory then, where ones are
 * to be read until the machine has noticed.
 */
static void e810_set_pulled(Object *obj, bool pulled, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(obj);
    E810State *s = E810(obj);
    int i;

    if (!qdev_is_realized(DEVICE(s))) {
        error_setg(errp, "pulled: there must be a card first");
        return;
    }
    if (pulled == s->pulled) {
        return;
    }
    s->pulled = pulled;
    for (i = 0; i < ARRAY_SIZE(s->absent); i++) {
        memory_region_set_enabled(&s->absent[i], pulled);
    }
    if (pulled) {
        device_cold_reset(DEVICE(s));
    } else {
        pci_device_reset(pci);
        if (s->siov) {
            pci_set_word(pci->config + E810_ECAP_PASID + PCI_PASID_CTRL, 0);
        }
    }
}

static uint32_t e810_read_config(PCIDevice *pci, uint32_t addr, int len)
{
    return E810(pci)->pulled ? UINT32_MAX :
                               pci_default_read_config(pci, addr, len);
}

static void e810_write_config(PCIDevice *pci, uint32_t addr, uint32_t val,
                              int len)
{
    E810State *s = E810(pci);

    if (s->pulled) {
        return;
    }
    /* One change of the memory map for all VFs that come or go */
    memory_region_transaction_begin();
    pci_default_write_config(pci, addr, val, len);
    s->flr = true;
    pcie_cap_flr_write_config(pci, addr, val, len);
    s->flr = false;
    memory_region_transaction_commit();
    pcie_aer_write_config(pci, addr, val, len);
}

static ssize_t e810_receive(NetClientState *nc, const uint8_t *buf, size_t len)
{
    E810State *s = qemu_get_nic_opaque(nc);

    if (s->mac_loopback) {
        return len;                     /* nothing of the outside comes in */
    }
    if (len >= 14 && len <= E810_MAX_FRAME) {
        e810_switch_rx(s, buf, len);
    } else {
        s->cnt.drop_oversize++;
    }
    return len;
}

static void e810_link_status_changed(NetClientState *nc)
{
    E810State *s = qemu_get_nic_opaque(nc);

    e810_link_event(s);
    e810_oicr_set(s, OICR_LINK_STAT_CHANGE);
}

static NetClientInfo e810_net_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .receive = e810_receive,
    .link_status_changed = e810_link_status_changed,
};

/* The serial number is the first port's address, as an EUI-64 */
static void e810_add_dsn(E810State *s)
{
    uint8_t *mac = s->card->conf.macaddr.a;
    uint8_t eui[8] = {
        mac[0], mac[1], mac[2], 0xff, 0xff, mac[3], mac[4], mac[5]
    };

    pcie_dev_ser_num_init(PCI_DEVICE(s), E810_ECAP_DSN, ldq_be_p(eui));
}

static void e810_add_pasid(PCIDevice *pci)
{
    /*
     * PASID goes in a TLP prefix, which the device must say it can send, and
     * every bridge above it that it can forward.
     */
    uint32_t *devcap2 = (uint32_t *)(pci->config + E810_CAP_PCIE +
                                     PCI_EXP_DEVCAP2);

    stl_le_p(devcap2, ldl_le_p(devcap2) | PCI_EXP_DEVCAP2_EE_PREFIX | BIT(22));
    pcie_add_capability(pci, PCI_EXT_CAP_ID_PASID, 1, E810_ECAP_PASID, 8);
    pci_set_word(pci->config + E810_ECAP_PASID + PCI_PASID_CAP,
                 PASID_WIDTH << 8);
    pci_set_word(pci->wmask + E810_ECAP_PASID + PCI_PASID_CTRL,
                 PCI_PASID_CTRL_ENABLE);
}

static void e810_exit_parts(E810State *s)
{
    PCIDevice *pci = PCI_DEVICE(s);

    e810_tx_finalize(s);
    e810_ctlq_finalize(s);
    e810_irq_finalize(s);
    e810_switch_finalize(s);
    e810_fdir_finalize(s);
    e810_sched_finalize(s);
    timer_free(s->grst_timer);
    e810_fw_finalize(s);
    hdiov_dma_finalize(&s->dma);
    g_free(s->rx_buf);
    msix_uninit(pci, &s->bar3, &s->bar3);
    pcie_aer_exit(pci);
    pcie_cap_exit(pci);
}

static void e810_take_share(E810State *s, E810Share *share, unsigned all)
{
    share->num = all / s->card->pfs;
    share->first = s->pf * share->num;
}

/*
 * Functions 0 to pfs - 1 of a slot are the PFs of one card, a port each. What
 * the card numbers (VSIs, queues, vectors) they have in equal shares; PASID
 * mode of mailboxes, MDD registers of all functions and resets of the whole
 * card are kept by function 0, which is made first.
 */
static bool e810_join_card(E810State *s, Error **errp)
{
    PCIDevice *pci = PCI_DEVICE(s);
    PCIDevice *f0 = pci_get_bus(pci)->devices[PCI_DEVFN(PCI_SLOT(pci->devfn),
                                                        0)];

    s->pf = PCI_FUNC(pci->devfn);
    if (s->pf == 0) {
        if (!s->pfs || s->pfs > E810_MAX_PFS || (s->pfs & (s->pfs - 1))) {
            error_setg(errp, "pfs=%u: 1, 2, 4 or %u", s->pfs, E810_MAX_PFS);
            return false;
        }
        s->card = s;
    } else {
        s->card = (E810State *)object_dynamic_cast(OBJECT(f0), TYPE_E810);
        if (!s->card || s->pf >= s->card->pfs) {
            error_setg(errp, "function %u: function 0 must be an e810 with "
                       "pfs above %u", s->pf, s->pf);
            return false;
        }
    }
    if (s->card->pfs > 1 && s->sriov_vfs) {
        error_setg(errp, "sriov-vfs is not modelled with several PFs");
        return false;
    }
    e810_take_share(s, &s->vsis, E810_NUM_VSI);
    e810_take_share(s, &s->rxqs, E810_NUM_RXQ);
    e810_take_share(s, &s->txqs, E810_NUM_TXQ);
    e810_take_share(s, &s->vecs, E810_NUM_VECTORS);
    return true;
}

static void e810_realize(PCIDevice *pci, Error **errp)
{
    static const uint16_t ids[] = {
        0x1591, 0x1592, 0x1593, 0x1599, 0x159a, 0x159b
    };
    E810State *s = E810(pci);
    int i;

    for (i = 0; i < ARRAY_SIZE(ids) && ids[i] != s->device_id; i++) {
        continue;
    }
    if (i == ARRAY_SIZE(ids)) {
        error_setg(errp, "device-id 0x%04x is not an E810", s->device_id);
        return;
    }
    if (s->sched_layers != 5 && s->sched_layers != E810_SCHED_LEVELS) {
        error_setg(errp, "sched-layers is 9 or 5");
        return;
    }
    if (!e810_join_card(s, errp)) {
        return;
    }
    pci_config_set_device_id(pci->config, s->device_id);
    pci_config_set_revision(pci->config, 0x02);
    pci_set_word(pci->config + PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_ID_INTEL);
    pci_set_word(pci->config + PCI_SUBSYSTEM_ID, 0x0002);
    pci_config_set_interrupt_pin(pci->config, 1);

    memory_region_init(&s->bar0, OBJECT(s), "e810-bar0", s->siov ?
                       E810_BAR0_SIZE : E810_BAR0_SIZE_NO_PAGES);
    memory_region_init_io(&s->mmio, OBJECT(s), &e810_mmio_ops, s, "e810-regs",
                          memory_region_size(&s->bar0));
    memory_region_add_subregion(&s->bar0, 0, &s->mmio);
    pci_register_bar(pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &s->bar0);
    memory_region_init(&s->bar3, OBJECT(s), "e810-bar3", E810_BAR3_SIZE);
    pci_register_bar(pci, 3, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &s->bar3);
    e810_add_absent(s, &s->absent[0], &s->bar0);
    e810_add_absent(s, &s->absent[1], &s->bar3);

    if (pci_pm_init(pci, E810_CAP_PM, errp) < 0 ||
        msix_init(pci, s->vecs.num, &s->bar3, 3, 0, &s->bar3, 3,
                  E810_MSIX_PBA, E810_CAP_MSIX, errp)) {
        return;
    }
    pci_set_word(pci->wmask + E810_CAP_PM + PCI_PM_CTRL,
                 PCI_PM_CTRL_STATE_MASK);
    for (i = 0; i < s->vecs.num; i++) {
        msix_vector_use(pci, i);
    }
    if (pcie_endpoint_cap_init(pci, E810_CAP_PCIE) < 0) {
        msix_uninit(pci, &s->bar3, &s->bar3);
        error_setg(errp, "no place for the PCI Express capability");
        return;
    }
    pcie_cap_flr_init(pci);
    pcie_cap_deverr_init(pci);
    pcie_aer_init(pci, PCI_ERR_VER, E810_ECAP_AER, PCI_ERR_SIZEOF,
                  &error_abort);
    qemu_macaddr_default_if_unset(&s->conf.macaddr);
    e810_add_dsn(s);
    if (s->siov) {
        e810_add_pasid(pci);
        /* The MSI-X table once more, in BAR0's page space */
        memory_region_init_alias(&s->msix_page, OBJECT(s), "e810-msix-page",
                                 &s->bar3, 0, E810_MSIX_PBA);
        memory_region_add_subregion_overlap(&s->bar0, E810_PAGE_MSIX,
                                            &s->msix_page, 1);
    }

    hdiov_dma_init(&s->dma, pci, s->siov ? E810_ECAP_PASID : 0, s->sriov_vfs);
    s->grst_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, e810_global_reset, s);
    s->rx_buf = g_malloc(E810_MAX_FRAME + 64);
    e810_fw_init(s);
    e810_irq_init(s);
    e810_ctlq_init(s);
    e810_switch_init(s);
    e810_fdir_init(s);
    e810_sched_init(s);
    e810_tx_init(s);
    QTAILQ_INIT(&s->rx_held);
    for (i = 0; i < E810_NUM_RXQ; i++) {
        s->rxq[i].vsi = E810_NO_VSI;
    }

    if (!e810_vf_init(s, errp)) {
        e810_exit_parts(s);
        return;
    }

    s->nic = qemu_new_nic(&e810_net_info, &s->conf, TYPE_E810,
                          DEVICE(s)->id, &DEVICE(s)->mem_reentrancy_guard, s);
    qemu_format_nic_info_str(qemu_get_queue(s->nic), s->conf.macaddr.a);

    /* Nothing can fail any more, and a function that is not there has no part */
    s->card->fn[s->pf] = s;
    if (s->card != s) {
        /* Slots are unplugged whole, function 0 first */
        object_ref(OBJECT(s->card));
    }
}

static void e810_exit(PCIDevice *pci)
{
    E810State *s = E810(pci);

    s->dma.gone = true;
    s->card->fn[s->pf] = NULL;
    pcie_sriov_pf_exit(pci);
    qemu_del_nic(s->nic);
    e810_exit_parts(s);
    if (s->card != s) {
        object_unref(OBJECT(s->card));
    }
}

/* Counters for qom-get */
static const struct {
    const char *name;
    size_t offset;
} e810_counters[] = {
#define CNT(_name, _field) { _name, offsetof(E810Counters, _field) }
    CNT("doorbells-tx", doorbells_tx),
    CNT("doorbells-rx", doorbells_rx),
    CNT("doorbells-mbx", doorbells_mbx),
    CNT("interrupts", interrupts),
    CNT("aq-commands", aq_commands),
    CNT("mbx-to-pf", mbx_to_pf),
    CNT("mbx-to-vsi", mbx_to_vsi),
    CNT("tx-packets", tx_packets),
    CNT("rx-packets", rx_packets),
    CNT("uplink-tx", uplink_tx),
    CNT("uplink-rx", uplink_rx),
    CNT("loopback", loopback),
    CNT("mdd", mdd),
    CNT("drop-no-desc", drop_no_desc),
    CNT("drop-no-queue", drop_no_queue),
    CNT("drop-no-match", drop_no_match),
    CNT("drop-oversize", drop_oversize),
    CNT("drop-vlan", drop_vlan),
    CNT("drop-prune", drop_prune),
    CNT("drop-filter", drop_filter),
    CNT("drop-dma-fault", drop_dma_fault),
    CNT("spoof-mac", spoof_mac),
    CNT("spoof-vlan", spoof_vlan),
    CNT("unknown-reg", unknown_reg),
};

static void e810_get_stats(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    E810State *s = E810(obj);
    uint32_t vsis = e810_vsi_count(s), vfs = e810_vf_count(s);
    uint32_t rules = 0, txqs = 0, rxqs = 0;
    int i;

    for (i = 0; i < E810_MAX_RULES; i++) {
        rules += s->rule[i] != NULL;
    }
    for (i = 0; i < E810_NUM_TXQ; i++) {
        txqs += s->txq[i].configured;
    }
    for (i = 0; i < E810_NUM_RXQ; i++) {
        rxqs += s->rxq[i].enabled;
    }

    if (!visit_start_struct(v, name, NULL, 0, errp)) {
        return;
    }
    for (i = 0; i < ARRAY_SIZE(e810_counters); i++) {
        uint64_t val = *(uint64_t *)((char *)&s->cnt + e810_counters[i].offset);

        if (!visit_type_uint64(v, e810_counters[i].name, &val, errp)) {
            goto out;
        }
    }
    if (visit_type_uint32(v, "vsis", &vsis, errp) &&
        visit_type_uint32(v, "vfs", &vfs, errp) &&
        visit_type_uint32(v, "rules", &rules, errp) &&
        visit_type_uint32(v, "tx-queues", &txqs, errp) &&
        visit_type_uint32(v, "rx-queues", &rxqs, errp) &&
        hdiov_dma_visit_count(v, "dma", &s->dma.total, errp) &&
        hdiov_dma_visit_count(v, "dma-no-pasid", &s->dma.no_pasid, errp)) {
        visit_check_struct(v, errp);
    }
out:
    visit_end_struct(v, NULL);
}

static void e810_get_by_pasid(Object *obj, Visitor *v, const char *name,
                              void *opaque, Error **errp)
{
    hdiov_dma_visit_by_pasid(&E810(obj)->dma, v, name, errp);
}

static void e810_get_by_vf(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    hdiov_dma_visit_by_vf(&E810(obj)->dma, v, name, errp);
}

static const Property e810_properties[] = {
    DEFINE_NIC_PROPERTIES(E810State, conf),
    DEFINE_PROP_UINT16("device-id", E810State, device_id, 0x1592),
    DEFINE_PROP_BOOL("siov", E810State, siov, true),
    DEFINE_PROP_UINT8("pfs", E810State, pfs, 1),
    DEFINE_PROP_UINT16("sriov-vfs", E810State, sriov_vfs, 0),
    DEFINE_PROP_BOOL("double-vlan", E810State, double_vlan, false),
    DEFINE_PROP_UINT8("sched-layers", E810State, sched_layers,
                      E810_SCHED_LEVELS),
    DEFINE_PROP_UINT32("aq-latency-us", E810State, aq_latency_us, 0),
    DEFINE_PROP_UINT32("aq-late", E810State, aq_late, 0),
    DEFINE_PROP_UINT32("aq-late-ms", E810State, aq_late_ms, 1500),
    DEFINE_PROP_UINT32("aq-ebusy", E810State, aq_busy, 0),
    DEFINE_PROP_UINT32("aq-ebusy-all", E810State, aq_busy_all, 0),
    DEFINE_PROP_UINT32("pfr-ms", E810State, pfr_ms, 0),
    DEFINE_PROP_UINT32("fw-loading-ms", E810State, fw_loading_ms, 0),
};

static const VMStateDescription e810_vmstate = {
    .name = TYPE_E810,
    .unmigratable = 1,
};

static void e810_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *c = PCI_DEVICE_CLASS(klass);

    c->realize = e810_realize;
    c->exit = e810_exit;
    c->config_read = e810_read_config;
    c->config_write = e810_write_config;
    c->vendor_id = PCI_VENDOR_ID_INTEL;
    c->device_id = 0x1592;
    c->class_id = PCI_CLASS_NETWORK_ETHERNET;
    dc->desc = "Intel E810 physical function";
    dc->vmsd = &e810_vmstate;
    device_class_set_legacy_reset(dc, e810_reset);
    device_class_set_props(dc, e810_properties);
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);

    e810_fw_class_init(klass);
    object_class_property_add(klass, "stats", "E810Stats", e810_get_stats,
                              NULL, NULL, NULL);
    object_class_property_add(klass, "dma-by-pasid", "HdiovDmaByPasid",
                              e810_get_by_pasid, NULL, NULL, NULL);
    object_class_property_add(klass, "dma-by-vf", "HdiovDmaByVf",
                              e810_get_by_vf, NULL, NULL, NULL);
    object_class_property_add_bool(klass, "pulled", e810_get_pulled,
                                   e810_set_pulled);
}

static const TypeInfo e810_info = {
    .name = TYPE_E810,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(E810State),
    .class_init = e810_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_PCIE_DEVICE },
        { }
    },
};

static void e810_register_types(void)
{
    type_register_static(&e810_info);
}

type_init(e810_register_types)
