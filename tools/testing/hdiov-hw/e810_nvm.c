/*
 * Emulated Intel E810: the flash, as far as drivers look at it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * There is no image: words are made up when they are read. The shadow RAM
 * says where the modules lie, the NVM module has a header and a copy of the
 * shadow RAM. Option ROM and netlist are erased flash.
 */

#include "qemu/osdep.h"
#include "e810.h"

#define FLASH_SIZE          (8 * MiB)
#define SECTOR              4096
#define NVM_SECTOR          16      /* first of two banks, and a bank's size */
#define NVM_SECTORS         256
#define OROM_SECTOR         (NVM_SECTOR + 2 * NVM_SECTORS)
#define OROM_SECTORS        64
#define NETLIST_SECTOR      (OROM_SECTOR + 2 * OROM_SECTORS)
#define NETLIST_SECTORS     16
#define CSS_HDR_DWORDS      330
#define AUTH_HDR_WORDS      8
#define SR_WORDS            (32 * KiB)

#define READ_FLASH_ONLY     BIT(7)
#define FLASH_ERASED        0xffff

static uint16_t nvm_sr_word(unsigned w)
{
    switch (w) {
    case 0x00:                      /* control word: valid, first banks */
        return 1 << 6;
    case 0x18:                      /* NVM version */
        return 0x4000;
    case 0x2d:                      /* EETRACK id */
        return 0x0810;
    case 0x2e:
        return 0x8000;
    case 0x42:                      /* in units of sectors */
        return BIT(15) | NVM_SECTOR;
    case 0x43:
        return NVM_SECTORS;
    case 0x44:
        return BIT(15) | OROM_SECTOR;
    case 0x45:
        return OROM_SECTORS;
    case 0x46:
        return BIT(15) | NETLIST_SECTOR;
    case 0x47:
        return NETLIST_SECTORS;
    default:
        return FLASH_ERASED;
    }
}

static uint16_t nvm_flash_word(unsigned w)
{
    /* The copy of the shadow RAM is aligned to 64 bytes */
    unsigned hdr = ROUND_UP(CSS_HDR_DWORDS * 2 + AUTH_HDR_WORDS, 32);
    unsigned sector = w * 2 / SECTOR;

    if (w < SR_WORDS) {
        return nvm_sr_word(w);
    }
    if (sector >= OROM_SECTOR) {
        return FLASH_ERASED;
    }
    w = (w - NVM_SECTOR * SECTOR / 2) % (NVM_SECTORS * SECTOR / 2);
    switch (w) {
    case 0x02:                      /* header length */
        return CSS_HDR_DWORDS;
    case 0x03:
    case 0x14:                      /* security revision */
    case 0x15:
        return 0;
    }
    return w >= hdr && w - hdr < SR_WORDS ? nvm_sr_word(w - hdr) : FLASH_ERASED;
}

/* 0x0701 */
uint16_t e810_nvm_read(E810Desc *d, uint8_t *buf, unsigned len)
{
    unsigned offset = lduw_le_p(d->raw) | d->raw[2] << 16, i;
    bool flash = d->raw[3] & READ_FLASH_ONLY;
    unsigned size = lduw_le_p(d->raw + 6);

    if (!buf || size > len || lduw_le_p(d->raw + 4) ||
        offset + size > (flash ? FLASH_SIZE : SR_WORDS * 2)) {
        return AQ_RC_EINVAL;
    }
    for (i = 0; i < size; i++) {
        unsigned at = offset + i;
        uint16_t w = flash ? nvm_flash_word(at / 2) : nvm_sr_word(at / 2);

        buf[i] = at % 2 ? w >> 8 : w;
    }
    return AQ_RC_OK;
}
