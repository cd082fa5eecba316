/*
 * Emulated Intel E810: flow director
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A filter is exact: all words that its profile names are as in the frame that
 * it was programmed with. It gives the frames of a VSI to one of its queues,
 * or to a group of them, or drops them. It may count them, and have a number that
 * flexible descriptors tell. e810_flex.c knows the profiles.
 */

#include "qemu/osdep.h"
#include "e810.h"

static bool fdir_remove(E810State *s, const E810FdirKey *key)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(key, sizeof(*key));

    return g_hash_table_remove(s->fdir, bytes);
}

/*
 * VSI @by sends a frame with a filter for VSIs of this PF, and gets a report if
 * it wants one: ice does for guests' filters, and of failures for its own.
 */
void e810_fdir_program(E810State *s, unsigned by, uint64_t qw0, uint64_t qw1,
                       const uint8_t *f, unsigned len)
{
    E810Fdir fd = {
        .drop = TXF_DROP(qw0),
        .to_queue = TXF_TO_QUEUE(qw0),
        .region = TXF_REGION(qw0),
        .queue = TXF_QUEUE(qw0),
        .counter = TXF_COUNT_PACKETS(qw0) ? TXF_COUNTER(qw0) : E810_NO_COUNTER,
        .id = TXF_HAS_ID(qw1) ? TXF_ID(qw1) : E810_NO_FLOW,
    };
    uint16_t status = RXFD_DD | (TXF_REMOVE(qw1) ? RXFD_REMOVED : 0);
    unsigned vsi = TXF_VSI(qw1);
    E810FdirKey key;
    E810Headers h;

    e810_rx_headers(f, len, &h);
    if (!(lduw_le_p(s->vsi[by].ctx + VSI_CTX_FD) & VSI_FD_PROG_ENABLE) ||
        !e810_vsi_get(s, vsi) ||
        !e810_flex_fdir_key(s, by, vsi, &h, f, len, true, &key)) {
        status |= RXFD_FAIL_PROF;
    } else if (TXF_REMOVE(qw1)) {
        status |= fdir_remove(s, &key) ? 0 : RXFD_FAIL;
    } else if (g_hash_table_size(s->fdir) < 2 * E810_NUM_FD_FILTERS) {
        g_hash_table_replace(s->fdir, g_bytes_new(&key, sizeof(key)),
                             g_memdup2(&fd, sizeof(fd)));
    } else {
        status |= RXFD_FAIL;
    }
    if (TXF_REPORT(qw0) == TXF_REPORT_ALL ||
        (TXF_REPORT(qw0) == TXF_REPORT_FAILURE &&
         (status & (RXFD_FAIL | RXFD_FAIL_PROF)))) {
        e810_rx_report(s, by, status);
    }
}

/* The filter that a received frame hits, and it is counted */
const E810Fdir *e810_fdir_match(E810State *s, unsigned vsi,
                                const E810Headers *h, const uint8_t *f,
                                unsigned len)
{
    g_autoptr(GBytes) bytes = NULL;
    const E810Fdir *fd;
    E810FdirKey key;

    if (!g_hash_table_size(s->fdir) || !s->fd_ena ||
        !(lduw_le_p(s->vsi[vsi].ctx + VSI_CTX_FD) & VSI_FD_ENABLE) ||
        !e810_flex_fdir_key(s, vsi, vsi, h, f, len, false, &key)) {
        return NULL;
    }
    bytes = g_bytes_new_static(&key, sizeof(key));
    fd = g_hash_table_lookup(s->fdir, bytes);
    if (fd && fd->counter < E810_NUM_FD_COUNTERS) {
        s->fd_count[fd->counter]++;
    }
    return fd;
}

static gboolean fdir_is_of(gpointer key, gpointer val, gpointer vsi)
{
    const E810FdirKey *k = g_bytes_get_data(key, NULL);

    return k->vsi == GPOINTER_TO_UINT(vsi);
}

/* The filters of a VSI go with it */
void e810_fdir_clear(E810State *s, unsigned vsi)
{
    g_hash_table_foreach_remove(s->fdir, fdir_is_of, GUINT_TO_POINTER(vsi));
}

/* Of all VSIs: one by one, each would look at all filters */
void e810_fdir_reset(E810State *s)
{
    g_hash_table_remove_all(s->fdir);
}

void e810_fdir_init(E810State *s)
{
    s->fdir = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
                                    (GDestroyNotify)g_bytes_unref, g_free);
}

void e810_fdir_finalize(E810State *s)
{
    g_clear_pointer(&s->fdir, g_hash_table_destroy);
}
