// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of an ADI goes to another one: rings, interrupts, messages
 *
 * A bank is drained when it is saved, and its arbiter is off: each request of the guest
 * is done or has not been begun. What goes over is how far the card has come in both
 * rings. intel_qat does the same for the banks of virtual functions, see
 * adf_bank_state_save() and _restore(); they are exported, but the second one lets the
 * bank run, and neither asks whether it still has its PASID.
 *
 * A PASID is never part of it, nor the number of the bank.
 */
#include <linux/bitfield.h>
#include <linux/string.h>

#include "qat.h"

#define QAT_MIGRATE_VERSION	1

enum qat_record { QAT_RECORD_BANK = HDIOV_RECORD_VENDOR, QAT_RECORD_MESSAGES };

/* As the registers of the same name */
struct qat_saved_ring {
	__le64 base;
	__le32 config;
	__le32 head;
	__le32 tail;
	__le32 reserved;
};

struct qat_saved_bank {
	struct qat_saved_ring ring[BANK_NUM_RINGS];
	__le32 caps;
	__le32 e_stat;
	__le32 f_stat;
	__le32 int_flag_en;
	__le32 int_src_sel;
	__le32 int_col_en;
	__le32 int_col_ctl;
	__le32 exp_stat;
	__le32 exp_int_en;
	__le32 arbiter;
};

struct qat_saved_messages {
	__le32 vintsou;
	__le32 vintmsk;
	__le32 rx_len;
	__le32 flags;
	/* That from the guest, and that to the guest */
	u8 queue[2][MSGQ_SIZE];
};

/* Flags of the messages */
#define QAT_SAVED_GUEST_UP	BIT(0)
#define QAT_SAVED_ANNOUNCED	BIT(1)
#define QAT_SAVED_RESET_DONE	BIT(2)
#define QAT_SAVED_FLAGS		GENMASK(2, 0)

static const struct hdiov_record_kind qat_record_kinds[] = {
	{
		.type = QAT_RECORD_BANK,
		.name = "bank",
		.min_len = sizeof(struct qat_saved_bank),
		.max_len = sizeof(struct qat_saved_bank),
	},
	{
		.type = QAT_RECORD_MESSAGES,
		.name = "messages",
		.min_len = sizeof(struct qat_saved_messages),
		.max_len = sizeof(struct qat_saved_messages),
	},
};

/* Bits of a register of the bank that are known */
static __le32 qat_save_reg(struct qat_adi *qa, u32 reg, u32 mask)
{
	return cpu_to_le32(qat_bank_read(qa, reg) & mask);
}

/* What a position in a ring can be */
static u32 qat_ring_mask(const struct qat_saved_ring *ring)
{
	u32 size = FIELD_GET(RING_CONFIG_SIZE, le32_to_cpu(ring->config));

	return size && size <= RING_CONFIG_SIZE_MAX ?
	       RING_CONFIG_BYTES(size) - 1 : 0;
}

static void qat_save_ring(struct qat_adi *qa, unsigned int r,
			  struct qat_saved_ring *ring)
{
	u64 base = qat_bank_read(qa, BANK_RING_UBASE(r));

	ring->base = cpu_to_le64(base << 32 |
				 qat_bank_read(qa, BANK_RING_LBASE(r)));
	ring->config = qat_save_reg(qa, BANK_RING_CONFIG(r), RING_CONFIG_MASK);
	/* A guest can write any; of these bits there are so many as the ring has bytes */
	ring->head = qat_save_reg(qa, BANK_RING_HEAD(r), qat_ring_mask(ring));
	ring->tail = qat_save_reg(qa, BANK_RING_TAIL(r), qat_ring_mask(ring));
}

static int qat_save_bank(struct qat_adi *qa, struct hdiov_records *to)
{
	struct qat_saved_bank bank = {};
	unsigned int r;

	for (r = 0; r < BANK_NUM_RINGS; r++)
		qat_save_ring(qa, r, &bank.ring[r]);
	bank.caps = cpu_to_le32(qat_caps_mask(qa->service));
	bank.e_stat = qat_save_reg(qa, BANK_RING_E_STAT, BANK_ALL_RINGS);
	bank.f_stat = qat_save_reg(qa, BANK_RING_F_STAT, BANK_ALL_RINGS);
	bank.int_flag_en = qat_save_reg(qa, BANK_INT_FLAG_EN, BANK_ALL_RINGS);
	bank.int_src_sel = qat_save_reg(qa, BANK_INT_SRC_SEL, INT_SRC);
	bank.int_col_en = qat_save_reg(qa, BANK_INT_COL_EN, BANK_ALL_RINGS);
	bank.int_col_ctl = qat_save_reg(qa, BANK_INT_COL_CTL, INT_COL_CTL);
	bank.exp_stat = qat_save_reg(qa, BANK_EXP_STAT, BANK_ALL_RINGS);
	bank.exp_int_en = qat_save_reg(qa, BANK_EXP_INT_EN, BANK_ALL_RINGS);
	bank.arbiter = cpu_to_le32(qa->arbiter);

	/* Was it this bank that has answered, or one that was reset meanwhile? */
	if (!qat_bank_has_pasid(qa->pf, qa->bank, qa->pasidctl) ||
	    !qat_usable(qa->pf)) {
		qat_host_lost(qa->pf);
		return -EAGAIN;
	}
	return hdiov_records_put(to, QAT_RECORD_BANK, &bank, sizeof(bank));
}

static int qat_save_messages(struct qat_adi *qa, struct hdiov_records *to)
{
	struct qat_saved_messages msgs = {};
	u32 flags = 0;

	if (qa->guest_up)
		flags |= QAT_SAVED_GUEST_UP;
	if (qa->announced)
		flags |= QAT_SAVED_ANNOUNCED;
	if (qa->rp_done)
		flags |= QAT_SAVED_RESET_DONE;
	msgs.vintsou = cpu_to_le32(qa->vintsou);
	msgs.vintmsk = cpu_to_le32(qa->vintmsk);
	msgs.rx_len = cpu_to_le32(qa->rx_len);
	msgs.flags = cpu_to_le32(flags);
	memcpy(msgs.queue, qa->msgq, sizeof(msgs.queue));
	return hdiov_records_put(to, QAT_RECORD_MESSAGES, &msgs, sizeof(msgs));
}

static int qat_migrate_save(struct hdiov_adi *adi, struct hdiov_records *to)
{
	struct qat_adi *qa = to_qat_adi(adi);
	int ret;

	guard(mutex)(&qa->lock);
	if (!qat_usable(qa->pf))
		return -EAGAIN;
	ret = qat_save_bank(qa, to);
	return ret ?: qat_save_messages(qa, to);
}

/* Returns the name of what no card could have said, or NULL */
static const char *qat_ring_mistake(const struct qat_saved_ring *ring)
{
	u32 config = le32_to_cpu(ring->config);

	if (ring->reserved)
		return "reserved bits";
	if (config & ~RING_CONFIG_MASK ||
	    FIELD_GET(RING_CONFIG_SIZE, config) > RING_CONFIG_SIZE_MAX)
		return "config";
	if (le32_to_cpu(ring->head) & ~qat_ring_mask(ring))
		return "head";
	return le32_to_cpu(ring->tail) & ~qat_ring_mask(ring) ? "tail" : NULL;
}

static const char *qat_bank_mistake(const struct qat_saved_bank *bank)
{
	u32 empty = le32_to_cpu(bank->e_stat);
	unsigned int r;

	if (empty & ~BANK_ALL_RINGS ||
	    le32_to_cpu(bank->f_stat) & ~BANK_ALL_RINGS)
		return "ring state";
	for (r = 0; r < BANK_NUM_RINGS; r++)
		if (empty & BIT(r) && bank->ring[r].head != bank->ring[r].tail)
			return "ring state";
	if (le32_to_cpu(bank->int_flag_en) & ~BANK_ALL_RINGS ||
	    le32_to_cpu(bank->int_src_sel) & ~INT_SRC ||
	    le32_to_cpu(bank->int_col_en) & ~BANK_ALL_RINGS ||
	    le32_to_cpu(bank->int_col_ctl) & ~INT_COL_CTL)
		return "interrupt control";
	if (le32_to_cpu(bank->exp_stat) & ~BANK_ALL_RINGS ||
	    le32_to_cpu(bank->exp_int_en) & ~BANK_ALL_RINGS)
		return "exceptions";
	return le32_to_cpu(bank->arbiter) & ~BANK_ALL_RINGS ? "arbiter" : NULL;
}

static const char *qat_messages_mistake(const struct qat_saved_messages *msgs)
{
	if ((le32_to_cpu(msgs->vintsou) | le32_to_cpu(msgs->vintmsk)) &
	    ~VINT_MESSAGE)
		return "message interrupt";
	if (le32_to_cpu(msgs->rx_len) > MSGQ_SIZE)
		return "length of the message";
	return le32_to_cpu(msgs->flags) & ~QAT_SAVED_FLAGS ? "flags" : NULL;
}

static int qat_migrate_check(struct hdiov_adi *adi,
			     const struct hdiov_records *from)
{
	struct qat_adi *qa = to_qat_adi(adi);
	u32 caps = qat_caps_mask(qa->service);
	const struct qat_saved_messages *msgs;
	const struct qat_saved_bank *bank;
	const char *mistake;
	unsigned int r;
	u32 len;

	bank = hdiov_records_get(from, QAT_RECORD_BANK, &len);
	msgs = hdiov_records_get(from, QAT_RECORD_MESSAGES, &len);
	mistake = qat_bank_mistake(bank);
	for (r = 0; r < BANK_NUM_RINGS && !mistake; r++)
		mistake = qat_ring_mistake(&bank->ring[r]);
	if (!mistake)
		mistake = qat_messages_mistake(msgs);
	if (mistake) {
		dev_err_ratelimited(adi->pf->dev,
				    "%s: saved state: bad %s\n",
				    hdiov_adi_name(adi), mistake);
		return -EINVAL;
	}
	/* The guest's driver has looked what there is, and may use all of it */
	if (le32_to_cpu(bank->caps) & ~caps) {
		dev_err_ratelimited(adi->pf->dev,
				    "%s: saved state: of a ring pair that can do 0x%x, not 0x%x\n",
				    hdiov_adi_name(adi),
				    le32_to_cpu(bank->caps), caps);
		return -EPERM;
	}
	return 0;
}

static void qat_load_reg(struct qat_adi *qa, u32 reg, __le32 value)
{
	qat_bank_write(qa, reg, le32_to_cpu(value));
}

static bool qat_load_ring(struct qat_adi *qa, unsigned int r,
			  const struct qat_saved_ring *ring)
{
	u64 base = le64_to_cpu(ring->base);

	return qat_bank_configure(qa->pf, qa->bank, qa->pasidctl,
				  BANK_RING_LBASE(r), lower_32_bits(base)) &&
	       qat_bank_configure(qa->pf, qa->bank, qa->pasidctl,
				  BANK_RING_UBASE(r), upper_32_bits(base)) &&
	       qat_bank_configure(qa->pf, qa->bank, qa->pasidctl,
				  BANK_RING_CONFIG(r), le32_to_cpu(ring->config));
}

/*
 * Where head and tail of a ring are the same, the one that is written last says whether
 * it is empty or full: for the card, a tail fills a ring, and a head empties it. The
 * sources of interrupts between are those of adf_bank_state_restore(), which has the
 * flags of the rings follow.
 */
static void qat_load_positions(struct qat_adi *qa,
			       const struct qat_saved_bank *bank)
{
	const struct qat_saved_ring *tx = &bank->ring[BANK_RING_TX];
	const struct qat_saved_ring *rx = &bank->ring[BANK_RING_RX];
	u32 sel = 0;

	qat_load_reg(qa, BANK_RING_HEAD(BANK_RING_TX), tx->head);
	qat_load_reg(qa, BANK_RING_TAIL(BANK_RING_TX), tx->tail);
	if (le32_to_cpu(bank->e_stat) & BIT(BANK_RING_TX)) {
		sel |= INT_SRC_F_RISE(BANK_RING_TX);
		qat_bank_write(qa, BANK_INT_SRC_SEL, sel);
		qat_load_reg(qa, BANK_RING_HEAD(BANK_RING_TX), tx->head);
	}

	qat_load_reg(qa, BANK_RING_TAIL(BANK_RING_RX), rx->tail);
	sel |= INT_SRC_F_RISE(BANK_RING_RX);
	qat_bank_write(qa, BANK_INT_SRC_SEL, sel);
	qat_load_reg(qa, BANK_RING_HEAD(BANK_RING_RX), rx->head);
	sel |= INT_SRC_F_FALL(BANK_RING_RX);
	qat_bank_write(qa, BANK_INT_SRC_SEL, sel);
	if (le32_to_cpu(bank->f_stat) & BIT(BANK_RING_RX))
		qat_load_reg(qa, BANK_RING_TAIL(BANK_RING_RX), rx->tail);
}

static void qat_load_interrupts(struct qat_adi *qa,
				const struct qat_saved_bank *bank)
{
	qat_load_reg(qa, BANK_INT_FLAG_AND_COL, bank->int_col_en);
	qat_load_reg(qa, BANK_INT_FLAG_EN, bank->int_flag_en);
	qat_load_reg(qa, BANK_INT_COL_EN, bank->int_col_en);
	qat_load_reg(qa, BANK_INT_SRC_SEL, bank->int_src_sel);
	qat_load_reg(qa, BANK_EXP_INT_EN, bank->exp_int_en);
	qat_load_reg(qa, BANK_INT_COL_CTL, bank->int_col_ctl);
}

/* Has the card made of it what another one had? */
static int qat_load_verify(struct qat_adi *qa, const struct qat_saved_bank *bank)
{
	u32 empty = qat_bank_read(qa, BANK_RING_E_STAT) & BANK_ALL_RINGS;
	u32 full = qat_bank_read(qa, BANK_RING_F_STAT) & BANK_ALL_RINGS;
	u32 exp = qat_bank_read(qa, BANK_EXP_STAT) & BANK_ALL_RINGS;

	if (!qat_bank_has_pasid(qa->pf, qa->bank, qa->pasidctl))
		return -EAGAIN;
	/* It has stopped for an error amid something, which cannot be had again */
	if (bank->exp_stat)
		return 0;
	if (empty == le32_to_cpu(bank->e_stat) &&
	    full == le32_to_cpu(bank->f_stat) && !exp)
		return 0;

	dev_err_ratelimited(&qa->pf->pdev->dev,
			    "%s: saved state: bank %u has rings empty 0x%x full 0x%x exceptions 0x%x with it, not 0x%x 0x%x 0\n",
			    hdiov_adi_name(&qa->adi), qa->bank, empty, full, exp,
			    le32_to_cpu(bank->e_stat),
			    le32_to_cpu(bank->f_stat));
	return -EIO;
}

static int qat_load_bank(struct qat_adi *qa, const struct qat_saved_bank *bank)
{
	int ret = -EAGAIN;

	if (!qat_load_ring(qa, BANK_RING_TX, &bank->ring[BANK_RING_TX]) ||
	    !qat_load_ring(qa, BANK_RING_RX, &bank->ring[BANK_RING_RX]))
		goto lost;
	/* As in qat_bank_configure() */
	scoped_guard(irqsave) {
		if (!qat_bank_has_pasid(qa->pf, qa->bank, qa->pasidctl))
			goto lost;
		qat_load_positions(qa, bank);
		qat_load_interrupts(qa, bank);
	}
	ret = qat_load_verify(qa, bank);
	if (ret)
		goto lost;
	/* One that has stopped for an error waits for a reset of its ring pair */
	qa->arbiter = bank->exp_stat ? 0 : le32_to_cpu(bank->arbiter);
	return 0;

lost:
	if (ret == -EAGAIN)
		qat_host_lost(qa->pf);
	return ret;
}

static void qat_load_messages(struct qat_adi *qa,
			      const struct qat_saved_messages *msgs)
{
	u32 flags = le32_to_cpu(msgs->flags);

	memcpy(qa->msgq, msgs->queue, sizeof(msgs->queue));
	qa->vintsou = le32_to_cpu(msgs->vintsou);
	qa->vintmsk = le32_to_cpu(msgs->vintmsk);
	qa->rx_len = le32_to_cpu(msgs->rx_len);
	qa->guest_up = flags & QAT_SAVED_GUEST_UP;
	qa->announced = flags & QAT_SAVED_ANNOUNCED;
	qa->rp_done = flags & QAT_SAVED_RESET_DONE;
}

static int qat_migrate_load(struct hdiov_adi *adi,
			    const struct hdiov_records *from)
{
	struct qat_adi *qa = to_qat_adi(adi);
	u32 len;
	int ret;

	guard(mutex)(&qa->lock);
	if (!qat_usable(qa->pf))
		return -EAGAIN;
	ret = qat_load_bank(qa, hdiov_records_get(from, QAT_RECORD_BANK, &len));
	if (ret)
		return ret;
	qat_load_messages(qa, hdiov_records_get(from, QAT_RECORD_MESSAGES,
						&len));
	return 0;
}

const struct hdiov_migrate_ops qat_migrate_ops = {
	.version = QAT_MIGRATE_VERSION,
	.min_reader = QAT_MIGRATE_VERSION,
	.kinds = qat_record_kinds,
	.num_kinds = ARRAY_SIZE(qat_record_kinds),
	.save = qat_migrate_save,
	.check = qat_migrate_check,
	.load = qat_migrate_load,
};
