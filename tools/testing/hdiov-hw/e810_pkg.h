/*
 * Emulated Intel E810: what a DDP package makes of the card
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The package belongs to the card, not to a PF: it is all in one structure, of
 * function 0. PFs own what they took of it.
 */

#ifndef HW_HDIOV_E810_PKG_H
#define HW_HDIOV_E810_PKG_H

#include "e810_regs.h"

#define E810_PKG_BUF            4096
#define E810_PKG_VER_SIZE       4
#define E810_PKG_NAME_SIZE      28
#define E810_PKG_META_SIZE      (E810_PKG_VER_SIZE + E810_PKG_NAME_SIZE + 4)

#define E810_NUM_LOCKS          4

/* types of sections that more than one file looks at */
#define E810_SECT_RX_BOOST      56
#define E810_SECT_TX_BOOST      66

#define E810_NUM_PTYPES         1024
#define E810_NUM_PROFILES       128
#define E810_NUM_TCAM           512
#define E810_FV_WORDS           24
#define E810_MAX_PROFILES       256     /* the switch's; others have 128 */
#define E810_SW_FV_WORDS        48      /* and 24 words each */
#define E810_TCAM_KEY           5
#define E810_NUM_META_INIT      16
#define E810_META_INIT_SIZE     24

/* The blocks that use their tables here: receive hash, flow director, switch */
enum {
    E810_FLEX_RSS, E810_FLEX_FD, E810_FLEX_SW, E810_FLEX_BLOCKS
};

typedef struct E810Tcam {
    uint8_t key[E810_TCAM_KEY];
    uint8_t inv[E810_TCAM_KEY]; /* both bits 0: never a match */
    uint8_t prof;
} E810Tcam;

typedef struct E810FvWord {
    uint8_t prot;
    uint16_t off;
} E810FvWord;

typedef struct E810FlexTables {
    uint8_t xlt1[E810_NUM_PTYPES];          /* packet type -> group */
    uint16_t xlt2[E810_NUM_VSI];            /* VSI -> group */
    E810Tcam tcam[E810_NUM_TCAM];           /* groups -> profile */
    E810FvWord fv[E810_MAX_PROFILES][E810_SW_FV_WORDS];
} E810FlexTables;

/* Which packet types the parser makes are all below this */
#define E810_FLEX_PTYPES        128
#define E810_FLEX_NONE          0xffff      /* no profile has this number, */
#define E810_FLEX_UNKNOWN       0xfefe      /* nor this: not looked up yet */

/* A resource that one PF at a time may have, by 0x0008 */
typedef struct E810Lock {
    int64_t until;
    uint8_t pf;
    bool write;
} E810Lock;

typedef struct E810Pkg {
    bool loaded;                            /* to the last buffer */
    bool modified;                          /* by 0x0C42 */
    bool has_meta;
    uint8_t meta[E810_PKG_META_SIZE];       /* version, name, track id */
    E810Lock lock[E810_NUM_LOCKS];          /* number n is lock[n - 1] */
    /* what the parser begins with, one bit says if it has double VLAN mode */
    uint8_t meta_init[E810_NUM_META_INIT][E810_META_INIT_SIZE];
    E810FlexTables base[E810_FLEX_BLOCKS];  /* as the package has them */
    E810FlexTables flex[E810_FLEX_BLOCKS];  /* as they are */
    uint16_t lookup[E810_FLEX_BLOCKS][E810_NUM_VSI][E810_FLEX_PTYPES];
    /* what PFs took by 0x0208: 0 is free, n is PF n - 1's, or: */
#define E810_FLEX_PACKAGE   0xff
    uint8_t prof_owner[E810_FLEX_BLOCKS][E810_MAX_PROFILES];
    uint8_t tcam_owner[E810_FLEX_BLOCKS][E810_NUM_TCAM];
    unsigned fd_taken[E810_MAX_PFS][2];     /* guaranteed, best effort */
} E810Pkg;

/* What a rule of a driver's own recipe looks for: words of the field vector */
typedef struct E810RecipeKey {
    uint8_t prio;
    uint8_t n;
    uint8_t word[20];                       /* of at most 5 recipes */
    uint16_t mask[20], want[20];
} E810RecipeKey;

/* What finds a flow director filter */
typedef struct E810FdirKey {
    uint16_t vsi;
    uint16_t prof;
    uint16_t word[E810_FV_WORDS];
} E810FdirKey;

/* And what it does with a frame */
#define E810_NO_COUNTER     0xffff
#define E810_NO_FLOW        0xffffffff      /* as descriptors say it */
typedef struct E810Fdir {
    bool drop;
    bool to_queue;
    uint8_t region;                         /* 2^n queues from there on */
    uint16_t queue;                         /* of the VSI */
    uint16_t counter;                       /* or E810_NO_COUNTER */
    uint32_t id;                            /* or E810_NO_FLOW */
} E810Fdir;

/* Where the headers of a frame are, 0: there is none */
typedef struct E810Headers {
    uint8_t ptype;
    uint16_t vlan;                          /* outermost tag */
    uint16_t ethertype;                     /* innermost */
    uint16_t ipv4, ipv6;
    uint16_t tcp, udp, sctp, icmp, icmpv6;
} E810Headers;

#endif
