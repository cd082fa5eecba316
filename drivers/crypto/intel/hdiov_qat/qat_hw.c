// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bring-up of the card
 *
 * Firmware is not loaded here: it must run already, and tells which service it
 * gives to which banks. Documentation/admin-guide/hdiov-emulation.rst says what
 * that means on silicon.
 */
#include <linux/iopoll.h>

#include "qat.h"

#define QAT_PM_TIMEOUT_US	(1 * USEC_PER_SEC)
#define QAT_ADMIN_TIMEOUT_US	(1 * USEC_PER_SEC)
#define QAT_POLL_US		20

/**
 * struct qat_admin_req - message to an engine's firmware
 * @cfg_size: not used by the commands here
 * @reserved0: 0
 * @cmd: ADMIN_*
 * @reserved1: 0
 * @opaque: comes back in the answer
 * @reserved2: 0
 */
struct qat_admin_req {
	__le16 cfg_size;
	u8 reserved0;
	u8 cmd;
	__le32 reserved1;
	__le64 opaque;
	u8 reserved2[16];
};

static_assert(sizeof(struct qat_admin_req) == ADMIN_MSG_SIZE);

/**
 * struct qat_admin_resp - the answer
 * @flags: not used by the commands here
 * @reserved0: 0
 * @status: 0 if the firmware did it
 * @cmd: of the request
 * @reserved1: 0
 * @opaque: of the request
 * @ciphers: CAPABILITIES_GET: a bit for each algorithm
 * @hashes: CAPABILITIES_GET: a bit for each algorithm
 * @reserved2: 0
 * @public_key: CAPABILITIES_GET: not 0 if the engine does that
 * @reserved3: 0
 */
struct qat_admin_resp {
	u8 flags;
	u8 reserved0;
	u8 status;
	u8 cmd;
	__le32 reserved1;
	__le64 opaque;
	__le32 ciphers;
	__le32 hashes;
	__le32 reserved2;
	__le16 public_key;
	__le16 reserved3;
};

static_assert(sizeof(struct qat_admin_resp) == ADMIN_MSG_SIZE);

static int qat_power_up(struct qat_pf *pf)
{
	u32 val;
	int ret;

	val = qat_pmisc_read(pf, PMISC_PM_INTERRUPT);
	qat_pmisc_write(pf, PMISC_PM_INTERRUPT, val | PM_INTERRUPT_DRV_ACTIVE);
	ret = read_poll_timeout(qat_pmisc_read, val, val & PM_STATUS_INIT,
				QAT_POLL_US, QAT_PM_TIMEOUT_US, false, pf,
				PMISC_PM_STATUS);
	if (ret || val == ~0U) {
		dev_err(&pf->pdev->dev,
			"card has no power after %lu ms: status 0x%08x\n",
			QAT_PM_TIMEOUT_US / USEC_PER_MSEC, val);
		return -EIO;
	}
	return 0;
}

/* Returns 0, or -EOPNOTSUPP if the firmware refuses, with the answer in @resp */
static int qat_admin_send(struct qat_pf *pf, unsigned int ae, u8 cmd,
			  struct qat_admin_resp *resp)
{
	u8 *buf = pf->admin + ae * 2 * ADMIN_MSG_SIZE;
	struct qat_admin_req req = {
		.cmd = cmd,
		.opaque = cpu_to_le64(++pf->admin_seq),
	};
	u32 val;
	int ret;

	memcpy(buf, &req, sizeof(req));
	memset(buf + ADMIN_MSG_SIZE, 0, sizeof(*resp));
	/* writel() orders the message before the doorbell */
	qat_pmisc_write(pf, PMISC_MAILBOX(ae), 1);
	ret = read_poll_timeout(qat_pmisc_read, val, !(val & 1), QAT_POLL_US,
				QAT_ADMIN_TIMEOUT_US, false, pf,
				PMISC_MAILBOX(ae));
	if (ret) {
		dev_err(&pf->pdev->dev,
			"engine %u does not answer: firmware is not running (loader status 0x%08x), and this driver does not load it\n",
			ae, qat_pmisc_read(pf, PMISC_FCU_STATUS));
		return -ENODEV;
	}

	dma_rmb();
	memcpy(resp, buf + ADMIN_MSG_SIZE, sizeof(*resp));
	if (resp->cmd != cmd || resp->opaque != req.opaque) {
		dev_err(&pf->pdev->dev,
			"engine %u answers to message 0x%02x with 0x%02x\n",
			ae, cmd, resp->cmd);
		return -EIO;
	}
	return resp->status ? -EOPNOTSUPP : 0;
}

/* The engine that is asked what bank @rp, modulo QAT_SERVICE_PERIOD, does */
static unsigned int qat_engine_of(unsigned int rp)
{
	return (rp & 1) * QAT_AES_PER_GROUP + (rp & 2);
}

static int qat_ask_service(struct qat_pf *pf, unsigned int rp,
			   enum qat_service *service)
{
	unsigned int ae = qat_engine_of(rp);
	struct qat_admin_resp resp;
	int ret;

	ret = qat_admin_send(pf, ae, ADMIN_CAPABILITIES_GET, &resp);
	if (!ret && (resp.ciphers || resp.hashes)) {
		*service = QAT_SYM;
		return 0;
	}
	if (!ret && resp.public_key) {
		*service = QAT_ASYM;
		return 0;
	}
	if (ret && ret != -EOPNOTSUPP)
		return ret;

	ret = qat_admin_send(pf, ae, ADMIN_COMP_CAPABILITY_GET, &resp);
	if (ret == -EOPNOTSUPP) {
		dev_err(&pf->pdev->dev,
			"firmware of engine %u does none of sym, asym and dc\n",
			ae);
		return -ENODEV;
	}
	*service = QAT_DC;
	return ret;
}

static int qat_read_services(struct qat_pf *pf, bool first)
{
	enum qat_service service;
	unsigned int rp;
	int ret;

	qat_pmisc_write(pf, PMISC_ADMINMSGUR, upper_32_bits(pf->admin_dma));
	qat_pmisc_write(pf, PMISC_ADMINMSGLR, lower_32_bits(pf->admin_dma));

	for (rp = 0; rp < QAT_SERVICE_PERIOD; rp++) {
		ret = qat_ask_service(pf, rp, &service);
		if (ret)
			return ret;
		if (first)
			pf->service[rp] = service;
		if (pf->service[rp] != service) {
			dev_err(&pf->pdev->dev,
				"firmware is another one: banks %u modulo %u do %s, and did %s\n",
				rp, QAT_SERVICE_PERIOD,
				qat_service_names[service],
				qat_service_names[pf->service[rp]]);
			return -EIO;
		}
	}
	return 0;
}

/* Which banks an engine of @rp's service takes requests from, as a mask */
static u32 qat_arb_mask(struct qat_pf *pf, unsigned int rp)
{
	bool single = true;
	unsigned int i;
	u32 mask = 0;

	for (i = 0; i < QAT_SERVICE_PERIOD; i++) {
		if (pf->service[i] != pf->service[rp])
			single = false;
		else if ((i & 1) == (rp & 1))
			mask |= BIT(i);
	}
	/* With one service for all, the two groups of engines share the work */
	return single ? GENMASK(QAT_SERVICE_PERIOD - 1, 0) : mask;
}

static void qat_setup_arbiter(struct qat_pf *pf)
{
	/* Threads of an engine that take requests of a service */
	static const u8 threads[QAT_NUM_SERVICES] = {
		[QAT_SYM] = 0x7f,
		[QAT_ASYM] = 0x03,
		[QAT_DC] = 0x03,
	};
	unsigned int i, ae, thread, rp;
	u32 map;

	for (i = 0; i < ETR_NUM_SARCONFIG; i++)
		qat_etr_write(pf, ETR_SARCONFIG(i), SARCONFIG_VALUE);

	for (ae = 0; ae < QAT_NUM_WORKER_AES; ae++) {
		rp = (ae & 2) | ae / QAT_AES_PER_GROUP;
		map = 0;
		for (thread = 0; thread < 8; thread++)
			if (threads[pf->service[rp]] & BIT(thread))
				map |= qat_arb_mask(pf, rp) << (4 * thread);
		qat_etr_write(pf, ETR_WT2SAM(ae), map);
	}
}

/* Whoever had the card before may have left anything behind */
static int qat_reset_all_banks(struct qat_pf *pf)
{
	unsigned int bank;
	int ret;

	for (bank = 0; bank < QAT_NUM_BANKS; bank++) {
		ret = qat_bank_reset(pf, bank, 0);
		if (ret) {
			dev_err(&pf->pdev->dev,
				"bank %u cannot be reset (%d): reset the function\n",
				bank, ret);
			return ret;
		}
	}
	return 0;
}

/* The function has no interrupts of its own, and no bank uses its vectors */
static void qat_mask_interrupts(struct qat_pf *pf)
{
	unsigned int i;

	for (i = 0; i < PMISC_NUM_SMIAPF_RP_MASKS; i++)
		qat_pmisc_write(pf, PMISC_SMIAPF_RP_MASK(i), ~0U);
	qat_pmisc_write(pf, PMISC_SMIAPF_MASK, ~0U);
	qat_pmisc_write(pf, PMISC_VM2PF_MSK, ~0U);
	for (i = 0; i < PMISC_NUM_ERRMSKS; i++)
		qat_pmisc_write(pf, PMISC_ERRMSK(i), ~0U);
	for (i = 0; i < QAT_NUM_BANKS; i++)
		qat_pmisc_write(pf, PMISC_RPINTMSK(i), RPINT_BANK);
}

/**
 * qat_hw_up - from reset, or from what others left, to ready for ADIs
 * @pf: the PF
 * @first: at probe: learn the services. Else they must be what they were.
 *
 * Context: process
 *
 * Return: 0; -ENODEV if no firmware runs; -EIO or -ETIMEDOUT if the card does
 * not do what it should, after a message that says what
 */
int qat_hw_up(struct qat_pf *pf, bool first)
{
	int ret;

	ret = qat_power_up(pf);
	if (ret)
		return ret;
	ret = qat_read_services(pf, first);
	if (ret)
		return ret;
	/* Not every way out of the card's sleep is a reset */
	ret = qat_reset_all_banks(pf);
	if (ret)
		return ret;
	qat_setup_arbiter(pf);
	qat_mask_interrupts(pf);
	return 0;
}

/**
 * qat_hw_down - leave nothing behind that points to our memory
 * @pf: the PF, without ADIs
 */
void qat_hw_down(struct qat_pf *pf)
{
	qat_pmisc_write(pf, PMISC_ADMINMSGUR, 0);
	qat_pmisc_write(pf, PMISC_ADMINMSGLR, 0);
	/* Flush */
	qat_pmisc_read(pf, PMISC_ADMINMSGLR);
}
