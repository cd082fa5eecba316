/*
 * Emulated Intel E810: recipes of the switch
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A recipe names up to four words of the switch's field vector, and masks for
 * them. Drivers make their own: a root, and others that it waits for when more
 * words are to be looked at. Which ones a frame goes through is said for each
 * profile of the switch. What firmware's own recipes look at is fixed, but for
 * VLANs: see e810_vlan.c.
 */

#include "qemu/osdep.h"
#include "e810.h"

#define ELEM                64          /* of a list */
#define ELEM_BITMAP         4
#define ELEM_CONTENT        16
#define ROOT                BIT(7)
#define LKUP_IGNORE         BIT(7)
#define LKUP_WORD           0x3f
#define RESULT              16          /* where a recipe's result goes */
#define RESULT_EN           BIT(7)
#define PRIORITY            21

static bool recipe_own(unsigned recipe)
{
    return recipe >= E810_FW_RECIPES && recipe < E810_NUM_RECIPES;
}

static bool recipe_known(E810State *s, unsigned recipe)
{
    return recipe < E810_NUM_RECIPES &&
           (s->card->recipes_set & BIT_ULL(recipe));
}

static bool recipe_is_root(E810State *s, unsigned recipe)
{
    return s->card->recipe[recipe][0] & ROOT;
}

/* Those that belong to a root, which is one of them */
static uint64_t recipe_group(E810State *s, unsigned root)
{
    return (s->card->recipe_group[root] | BIT_ULL(root)) &
           s->card->recipes_set;
}

static uint64_t recipes_mine(E810State *s)
{
    uint64_t mine = 0;
    unsigned r;

    for (r = E810_FW_RECIPES; r < E810_NUM_RECIPES; r++) {
        mine |= (uint64_t)(s->card->recipe_owner[r] == s->pf + 1) << r;
    }
    return mine;
}

/*
 * Firmware's there are already, and change with the VLAN mode alone; drivers'
 * own have to be allocated, and what a root waits for too.
 */
static uint16_t recipe_check(E810State *s, const uint8_t *e)
{
    const uint8_t *content = e + ELEM_CONTENT;
    uint64_t mine = recipes_mine(s);
    unsigned recipe = e[0], i;

    if (recipe_own(recipe)) {
        if (!(mine & BIT_ULL(recipe))) {
            return AQ_RC_ENOENT;
        }
        if ((content[0] && content[0] != (recipe | ROOT)) ||
            (ldq_le_p(e + ELEM_BITMAP) & ~mine)) {
            return AQ_RC_EINVAL;
        }
    } else if (!recipe_known(s, recipe)) {
        return AQ_RC_ENOENT;
    } else if (!s->card->double_vlan) {
        return AQ_RC_EPERM;
    } else if (content[0] != (recipe | ROOT)) {
        return AQ_RC_EINVAL;
    }
    for (i = 1; i < E810_RECIPE_WORDS; i++) {
        uint8_t lkup = content[E810_RECIPE_LKUP + i];

        if (!(lkup & LKUP_IGNORE) && (lkup & LKUP_WORD) >= E810_SW_FV_WORDS) {
            return AQ_RC_EINVAL;
        }
    }
    return AQ_RC_OK;
}

/* 0x0290 */
static uint16_t recipe_add(E810State *s, E810Desc *d, uint8_t *buf,
                           unsigned len)
{
    unsigned n = le16_to_cpu(d->w[0]), i;
    uint16_t rc;

    if (!buf || !n || n * ELEM > len) {
        return AQ_RC_EINVAL;
    }
    if (!e810_pkg_locked(s)) {
        return AQ_RC_EPERM;
    }
    for (i = 0; i < n; i++) {
        rc = recipe_check(s, buf + i * ELEM);
        if (rc) {
            return rc;
        }
    }
    for (i = 0; i < n; i++) {
        const uint8_t *e = buf + i * ELEM;

        memcpy(s->card->recipe[e[0]], e + ELEM_CONTENT, E810_RECIPE_SIZE);
        s->card->recipes_set |= BIT_ULL(e[0]);
        if (recipe_own(e[0])) {
            s->card->recipe_group[e[0]] = ldq_le_p(e + ELEM_BITMAP);
        }
    }
    return AQ_RC_OK;
}

/* 0x0292: a recipe, and if it is a root those that belong to it */
static uint16_t recipe_get(E810State *s, E810Desc *d, uint8_t *buf,
                           unsigned len)
{
    unsigned recipe = le16_to_cpu(d->w[1]), n = 0, next = recipe;
    uint64_t left;

    if (!buf || len < ELEM) {
        return AQ_RC_EINVAL;
    }
    if (!recipe_known(s, recipe)) {
        return AQ_RC_ENOENT;
    }
    left = recipe_is_root(s, recipe) ? recipe_group(s, recipe) :
                                       BIT_ULL(recipe);
    if (ctpop64(left) * ELEM > len) {
        return AQ_RC_ENOMEM;
    }
    memset(buf, 0, len);
    while (left) {
        uint8_t *e = buf + ELEM * n++;

        e[0] = next;
        stq_le_p(e + ELEM_BITMAP, s->card->recipe_group[next] | BIT_ULL(next));
        memcpy(e + ELEM_CONTENT, s->card->recipe[next], E810_RECIPE_SIZE);
        left &= ~BIT_ULL(next);
        next = ctz64(left);
    }
    d->w[0] = cpu_to_le16(n);
    return AQ_RC_OK;
}

/*
 * 0x0291 and 0x0293: which recipes the frames of a profile go through. What
 * firmware and other PFs have of them stays as it is.
 */
static uint16_t recipe_of_profile(E810State *s, E810Desc *d, bool set)
{
    unsigned prof = le16_to_cpu(d->w[0]);
    uint64_t *recipes, mine;

    if (prof >= E810_MAX_PROFILES) {
        return AQ_RC_EINVAL;
    }
    recipes = &s->card->prof_recipes[prof];
    if (!set) {
        stq_le_p(d->raw + 8, *recipes);
        return AQ_RC_OK;
    }
    if (!e810_pkg_locked(s)) {
        return AQ_RC_EPERM;
    }
    mine = recipes_mine(s);
    *recipes = (*recipes & ~mine) | (ldq_le_p(d->raw + 8) & mine);
    return AQ_RC_OK;
}

uint16_t e810_recipe_command(E810State *s, E810Desc *d, uint8_t *buf,
                             unsigned len)
{
    switch (d->opcode) {
    case 0x0290:
        return recipe_add(s, d, buf, len);
    case 0x0292:
        return recipe_get(s, d, buf, len);
    default:
        return recipe_of_profile(s, d, d->opcode == 0x0291);
    }
}

/*
 * Rules that any PF has of it stay until they are removed, and do no more:
 * their generation has gone.
 */
static void recipe_drop(E810State *card, unsigned recipe)
{
    unsigned prof, root;

    card->recipe_owner[recipe] = 0;
    card->recipe_gen[recipe]++;
    card->recipes_set &= ~BIT_ULL(recipe);
    for (root = 0; root < E810_NUM_RECIPES; root++) {
        card->recipe_group[root] &= ~BIT_ULL(recipe);
    }
    for (prof = 0; prof < E810_MAX_PROFILES; prof++) {
        card->prof_recipes[prof] &= ~BIT_ULL(recipe);
    }
}

/* 0x0208 and 0x0209 for recipes */
uint16_t e810_recipe_res(E810State *s, bool alloc, unsigned n, uint8_t *buf)
{
    uint8_t *owner = s->card->recipe_owner;
    unsigned i, r, free = 0;

    for (r = E810_FW_RECIPES; r < E810_NUM_RECIPES; r++) {
        free += !owner[r];
    }
    if (alloc && n > free) {
        return AQ_RC_ENOSPC;
    }
    for (i = 0; !alloc && i < n; i++) {
        r = lduw_le_p(buf + 4 + 2 * i);
        if (!recipe_own(r) || owner[r] != s->pf + 1) {
            return AQ_RC_ENOENT;
        }
    }
    for (i = 0; i < n; i++) {
        if (alloc) {
            for (r = E810_FW_RECIPES; owner[r]; r++) {
                continue;
            }
            owner[r] = s->pf + 1;
            stw_le_p(buf + 4 + 2 * i, r);
        } else {
            r = lduw_le_p(buf + 4 + 2 * i);
            recipe_drop(s->card, r);
        }
    }
    return AQ_RC_OK;
}

/* What one PF has made goes with its reset */
void e810_recipe_release(E810State *s)
{
    unsigned r;

    for (r = E810_FW_RECIPES; r < E810_NUM_RECIPES; r++) {
        if (s->card->recipe_owner[r] == s->pf + 1) {
            recipe_drop(s->card, r);
        }
    }
}

/* To firmware's own, which e810_vlan.c has written, and all profiles use */
void e810_recipe_reset(E810State *card)
{
    unsigned r, prof;

    card->recipes_set = 0;
    for (r = 0; r < E810_FW_RECIPES; r++) {
        if (card->recipe[r][0]) {
            card->recipes_set |= BIT_ULL(r);
        }
    }
    memset(card->recipe_group, 0, sizeof(card->recipe_group));
    memset(card->recipe_owner, 0, sizeof(card->recipe_owner));
    for (prof = 0; prof < E810_MAX_PROFILES; prof++) {
        card->prof_recipes[prof] = card->recipes_set;
    }
}

/* Is it a root that a driver has made? */
bool e810_recipe_is_own(E810State *s, unsigned recipe)
{
    return recipe_own(recipe) && recipe_known(s, recipe) &&
           recipe_is_root(s, recipe);
}

/*
 * What a rule looks for: of the header that it was added with, the words of its
 * recipe and of those that belong to it. Their results stand in words that no
 * header is in, and are left out. False: there is no profile for that header,
 * or more words than a rule can look at.
 */
bool e810_recipe_rule(E810State *s, unsigned recipe, const uint8_t *hdr,
                      unsigned len, E810RecipeKey *key)
{
    uint64_t group = recipe_group(s, recipe), left, results = 0;
    uint16_t words[E810_SW_FV_WORDS];
    E810Headers h;
    unsigned r, i;

    e810_rx_headers(hdr, len, &h);
    if (e810_flex_switch(s, &h, hdr, len, words) < 0) {
        return false;
    }
    for (left = group; left; left &= left - 1) {
        uint8_t result = s->card->recipe[ctz64(left)][RESULT];

        if (result & RESULT_EN) {
            results |= BIT_ULL(result & LKUP_WORD);
        }
    }
    *key = (E810RecipeKey) { .prio = s->card->recipe[recipe][PRIORITY] };
    for (left = group; left; left &= left - 1) {
        r = ctz64(left);
        for (i = 1; i < E810_RECIPE_WORDS; i++) {
            uint8_t lkup = s->card->recipe[r][E810_RECIPE_LKUP + i];

            if ((lkup & LKUP_IGNORE) || (results & BIT_ULL(lkup & LKUP_WORD))) {
                continue;
            }
            if (key->n == ARRAY_SIZE(key->word)) {
                return false;
            }
            lkup &= LKUP_WORD;
            key->word[key->n] = lkup;
            key->mask[key->n] = lduw_le_p(s->card->recipe[r] +
                                          E810_RECIPE_MASK + 2 * i);
            key->want[key->n] = words[lkup] & key->mask[key->n];
            key->n++;
        }
    }
    return true;
}

/* Does a frame, of whose profile these are the words, hit such a rule? */
bool e810_recipe_match(E810State *s, unsigned recipe, const E810RecipeKey *key,
                       int prof, const uint16_t *words)
{
    unsigned i;

    if (prof < 0 || !(s->card->prof_recipes[prof] & BIT_ULL(recipe))) {
        return false;
    }
    for (i = 0; i < key->n; i++) {
        if ((words[key->word[i]] & key->mask[i]) != key->want[i]) {
            return false;
        }
    }
    return true;
}
