// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control queues of the E810: rings of 32-byte descriptors with a buffer each
 *
 * The admin queue (to the firmware) and the mailbox (to and from VSIs) look the
 * same. The hardware handles a send queue in order, but many commands may be in
 * flight: a sender holds the lock only to put its descriptor into the ring.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "e810.h"

/*
 * How long the card may not get on with a queue. The ice driver grants one
 * second to a command; there, what it has given up may still be answered.
 */
#define E810_CTLQ_TIMEOUT	msecs_to_jiffies(2000)

/**
 * struct e810_ctlq_wait - when to give up waiting for a send queue
 * @head: where the card was
 * @end: when it must have got on from there, jiffies
 */
struct e810_ctlq_wait {
	u32 head;
	unsigned long end;
};

/**
 * e810_ctlq_alloc - allocate memory of a pair of control queues
 * @cq: control queues
 * @pf: the function
 * @regs: registers of the queues
 * @sq_size: descriptors of the send queue, at most 1023
 * @rq_size: descriptors of the receive queue, at most 1023
 *
 * Return: 0 or -ENOMEM
 */
int e810_ctlq_alloc(struct e810_ctlq *cq, struct e810_pf *pf,
		    const struct e810_ctlq_regs *regs, unsigned int sq_size,
		    unsigned int rq_size)
{
	struct device *dev = &pf->pdev->dev;

	spin_lock_init(&cq->lock);
	cq->pf = pf;
	cq->regs = regs;
	cq->sq_size = sq_size;
	cq->rq_size = rq_size;
	cq->dead = true;

	cq->sq_state = kcalloc(sq_size, sizeof(*cq->sq_state), GFP_KERNEL);
	if (!cq->sq_state)
		return -ENOMEM;

	cq->sq_ring = dma_alloc_coherent(dev, sq_size * sizeof(*cq->sq_ring),
					 &cq->sq_ring_dma, GFP_KERNEL);
	cq->rq_ring = dma_alloc_coherent(dev, rq_size * sizeof(*cq->rq_ring),
					 &cq->rq_ring_dma, GFP_KERNEL);
	cq->sq_buf = dma_alloc_coherent(dev, sq_size * E810_AQ_BUF_SIZE,
					&cq->sq_buf_dma, GFP_KERNEL);
	cq->rq_buf = dma_alloc_coherent(dev, rq_size * E810_AQ_BUF_SIZE,
					&cq->rq_buf_dma, GFP_KERNEL);
	if (!cq->sq_ring || !cq->rq_ring || !cq->sq_buf || !cq->rq_buf) {
		e810_ctlq_free(cq);
		return -ENOMEM;
	}
	return 0;
}

/**
 * e810_ctlq_free - undo e810_ctlq_alloc()
 * @cq: control queues, stopped
 */
void e810_ctlq_free(struct e810_ctlq *cq)
{
	struct device *dev = &cq->pf->pdev->dev;

	if (cq->rq_buf)
		dma_free_coherent(dev, cq->rq_size * E810_AQ_BUF_SIZE,
				  cq->rq_buf, cq->rq_buf_dma);
	if (cq->sq_buf)
		dma_free_coherent(dev, cq->sq_size * E810_AQ_BUF_SIZE,
				  cq->sq_buf, cq->sq_buf_dma);
	if (cq->rq_ring)
		dma_free_coherent(dev, cq->rq_size * sizeof(*cq->rq_ring),
				  cq->rq_ring, cq->rq_ring_dma);
	if (cq->sq_ring)
		dma_free_coherent(dev, cq->sq_size * sizeof(*cq->sq_ring),
				  cq->sq_ring, cq->sq_ring_dma);
	kfree(cq->sq_state);
}

static void e810_ctlq_post_rx(struct e810_ctlq *cq, unsigned int n)
{
	struct e810_aq_desc *desc = &cq->rq_ring[n];
	dma_addr_t addr = cq->rq_buf_dma + n * E810_AQ_BUF_SIZE;

	memset(desc, 0, sizeof(*desc));
	desc->flags = cpu_to_le16(E810_AQ_FLAG_BUF | E810_AQ_FLAG_LB);
	desc->datalen = cpu_to_le16(E810_AQ_BUF_SIZE);
	desc->ind.addr_high = cpu_to_le32(upper_32_bits(addr));
	desc->ind.addr_low = cpu_to_le32(lower_32_bits(addr));
}

/**
 * e810_ctlq_start - give the rings to the hardware
 * @cq: control queues. The hardware is fresh out of a reset.
 *
 * Return: 0, or -EIO if the hardware does not take the addresses
 */
int e810_ctlq_start(struct e810_ctlq *cq)
{
	const struct e810_ctlq_regs *r = cq->regs;
	struct e810_pf *pf = cq->pf;
	unsigned int i;

	memset(cq->sq_ring, 0, cq->sq_size * sizeof(*cq->sq_ring));
	memset(cq->rq_buf, 0, cq->rq_size * E810_AQ_BUF_SIZE);
	for (i = 0; i < cq->rq_size; i++)
		e810_ctlq_post_rx(cq, i);
	cq->rq_next = 0;

	e810_wr32(pf, r->sq_head, 0);
	e810_wr32(pf, r->sq_tail, 0);
	e810_wr32(pf, r->sq_len, cq->sq_size | CTLQ_LEN_ENABLE);
	e810_wr32(pf, r->sq_bal, lower_32_bits(cq->sq_ring_dma));
	e810_wr32(pf, r->sq_bah, upper_32_bits(cq->sq_ring_dma));

	e810_wr32(pf, r->rq_head, 0);
	e810_wr32(pf, r->rq_tail, 0);
	e810_wr32(pf, r->rq_len, cq->rq_size | CTLQ_LEN_ENABLE);
	e810_wr32(pf, r->rq_bal, lower_32_bits(cq->rq_ring_dma));
	e810_wr32(pf, r->rq_bah, upper_32_bits(cq->rq_ring_dma));
	e810_wr32(pf, r->rq_tail, cq->rq_size - 1);

	if (e810_rd32(pf, r->sq_bal) != lower_32_bits(cq->sq_ring_dma) ||
	    e810_rd32(pf, r->rq_bal) != lower_32_bits(cq->rq_ring_dma)) {
		dev_err(&pf->pdev->dev, "%s: queue registers do not hold\n",
			r->name);
		return -EIO;
	}

	spin_lock(&cq->lock);
	memset(cq->sq_state, E810_SLOT_FREE, cq->sq_size);
	cq->sq_next = 0;
	cq->sq_head = 0;
	cq->dead = false;
	spin_unlock(&cq->lock);
	return 0;
}

/**
 * e810_ctlq_stop - take the rings back
 * @cq: control queues
 *
 * Senders that wait for an answer get -EIO soon. Call again e810_ctlq_start()
 * after a reset only, when no sender is left.
 */
void e810_ctlq_stop(struct e810_ctlq *cq)
{
	const struct e810_ctlq_regs *r = cq->regs;

	spin_lock(&cq->lock);
	cq->dead = true;
	spin_unlock(&cq->lock);

	e810_wr32(cq->pf, r->sq_len, 0);
	e810_wr32(cq->pf, r->rq_len, 0);
	e810_flush(cq->pf);
}

static bool e810_ctlq_written_back(struct e810_aq_desc *desc)
{
	if (!(READ_ONCE(desc->flags) & cpu_to_le16(E810_AQ_FLAG_DD)))
		return false;
	dma_rmb();
	return true;
}

/* Is descriptor @n none of those that the card had to do when last asked? */
static bool e810_ctlq_passed(struct e810_ctlq *cq, unsigned int n)
{
	unsigned int size = cq->sq_size;

	return (n + size - cq->sq_head) % size >=
	       (cq->sq_next + size - cq->sq_head) % size;
}

/*
 * The head tells, as for the ice driver: DD may be seen before the answer is
 * there. Without it there is none, and no need to ask the card.
 */
static bool e810_ctlq_slot_done(struct e810_ctlq *cq, unsigned int n)
{
	u32 head;

	lockdep_assert_held(&cq->lock);

	if (cq->dead || !e810_ctlq_written_back(&cq->sq_ring[n]))
		return false;
	if (e810_ctlq_passed(cq, n))
		return true;
	head = e810_rd32(cq->pf, cq->regs->sq_head);
	/* All ones: the card is gone, or in reset */
	if (head >= cq->sq_size)
		return false;
	cq->sq_head = head;
	/* What is read from now on was written before the head moved */
	dma_rmb();
	return e810_ctlq_passed(cq, n);
}

static void e810_ctlq_wait_init(struct e810_ctlq_wait *wait)
{
	wait->head = U32_MAX;
	wait->end = jiffies + E810_CTLQ_TIMEOUT;
}

/*
 * Has the card done nothing for long? Time does not count as long as it works
 * on what others sent before.
 */
static bool e810_ctlq_wait_over(struct e810_ctlq *cq,
				struct e810_ctlq_wait *wait)
{
	u32 head;

	/* Not touched then, and the caller will see it */
	if (READ_ONCE(cq->dead) || time_before_eq(jiffies, wait->end))
		return false;
	head = e810_rd32(cq->pf, cq->regs->sq_head);
	if (head == wait->head)
		return true;
	wait->head = head;
	wait->end = jiffies + E810_CTLQ_TIMEOUT;
	return false;
}

static bool e810_ctlq_slot_free(struct e810_ctlq *cq, unsigned int n)
{
	lockdep_assert_held(&cq->lock);

	if (cq->sq_state[n] == E810_SLOT_ASYNC && e810_ctlq_slot_done(cq, n)) {
		if (cq->sq_ring[n].retval)
			cq->sq_errors++;
		cq->sq_state[n] = E810_SLOT_FREE;
	}
	return cq->sq_state[n] == E810_SLOT_FREE;
}

static int e810_ctlq_post_locked(struct e810_ctlq *cq,
				 const struct e810_aq_desc *desc,
				 const void *buf, u16 len,
				 enum e810_slot_state state, u64 *seq)
{
	struct e810_aq_desc *slot;
	unsigned int n, next;
	u16 flags;

	if (cq->dead)
		return -EIO;

	/* Head equal to tail means empty: one descriptor stays unused */
	n = cq->sq_next;
	next = (n + 1) % cq->sq_size;
	if (!e810_ctlq_slot_free(cq, n) || !e810_ctlq_slot_free(cq, next))
		return -EAGAIN;

	slot = &cq->sq_ring[n];
	*slot = *desc;
	if (len) {
		dma_addr_t addr = cq->sq_buf_dma + n * E810_AQ_BUF_SIZE;

		memcpy(cq->sq_buf + n * E810_AQ_BUF_SIZE, buf, len);
		flags = E810_AQ_FLAG_BUF;
		if (len > E810_AQ_LARGE_BUF)
			flags |= E810_AQ_FLAG_LB;
		slot->flags |= cpu_to_le16(flags);
		slot->datalen = cpu_to_le16(len);
		slot->ind.addr_high = cpu_to_le32(upper_32_bits(addr));
		slot->ind.addr_low = cpu_to_le32(lower_32_bits(addr));
	}
	cq->sq_state[n] = state;
	cq->sq_next = next;
	cq->sq_seq++;
	if (seq)
		*seq = cq->sq_seq;

	e810_wr32(cq->pf, cq->regs->sq_tail, next);
	return n;
}

/* The slot's number, -EAGAIN if the ring is full, -EIO if it is dead */
static int e810_ctlq_try_post(struct e810_ctlq *cq,
			      const struct e810_aq_desc *desc, const void *buf,
			      u16 len, enum e810_slot_state state, u64 *seq)
{
	int ret;

	spin_lock(&cq->lock);
	ret = e810_ctlq_post_locked(cq, desc, buf, len, state, seq);
	spin_unlock(&cq->lock);
	return ret;
}

/* As e810_ctlq_try_post(), but wait for room */
static int e810_ctlq_wait_post(struct e810_ctlq *cq,
			       const struct e810_aq_desc *desc, const void *buf,
			       u16 len, enum e810_slot_state state, u64 *seq)
{
	struct e810_ctlq_wait wait;
	int n;

	if (WARN_ON_ONCE(len > E810_AQ_BUF_SIZE))
		return -EMSGSIZE;

	e810_ctlq_wait_init(&wait);
	for (;;) {
		n = e810_ctlq_try_post(cq, desc, buf, len, state, seq);
		if (n != -EAGAIN)
			return n;
		if (e810_ctlq_wait_over(cq, &wait))
			return -ETIMEDOUT;
		usleep_range(50, 200);
	}
}

/* Take the answer, if there is one */
static bool e810_ctlq_take(struct e810_ctlq *cq, unsigned int n,
			   struct e810_aq_desc *desc, void *buf, u16 len)
{
	struct e810_aq_desc *slot = &cq->sq_ring[n];
	bool done;

	spin_lock(&cq->lock);
	done = e810_ctlq_slot_done(cq, n);
	if (done) {
		*desc = *slot;
		/* What the card had no time for is sent once more */
		if (len && (le16_to_cpu(slot->retval) & E810_AQ_RC_MASK) !=
		    E810_AQ_RC_EBUSY)
			memcpy(buf, cq->sq_buf + n * E810_AQ_BUF_SIZE, len);
		cq->sq_state[n] = E810_SLOT_FREE;
	}
	spin_unlock(&cq->lock);
	return done;
}

/**
 * e810_ctlq_send - send a command and wait for the answer
 * @cq: control queues
 * @desc: command; overwritten by the answer
 * @buf: buffer of an indirect command; overwritten by the answer's, unless the
 *	hardware says that it is busy. The caller sets E810_AQ_FLAG_RD if the
 *	hardware has to read it.
 * @len: bytes of @buf, 0 for a direct command
 * @seq: place of the command among all, may be NULL
 *
 * Context: process, may sleep for seconds.
 *
 * Return: 0 when the hardware has answered (look at @desc for what), -ETIMEDOUT
 * if it did not and the function is reset, -EIO if that was so earlier or the
 * queue was stopped
 */
int e810_ctlq_send(struct e810_ctlq *cq, struct e810_aq_desc *desc, void *buf,
		   u16 len, u64 *seq)
{
	u16 opcode = le16_to_cpu(desc->opcode);
	struct e810_ctlq_wait wait;
	unsigned int polls = 0;
	bool was_dead;
	int n;

	n = e810_ctlq_wait_post(cq, desc, buf, len, E810_SLOT_WAITED, seq);
	if (n < 0)
		return n;

	e810_ctlq_wait_init(&wait);
	do {
		if (e810_ctlq_written_back(&cq->sq_ring[n]) &&
		    e810_ctlq_take(cq, n, desc, buf, len))
			return 0;
		/* Most commands take a few microseconds */
		if (++polls < 10)
			udelay(1);
		else
			usleep_range(20, 60);
	} while (!READ_ONCE(cq->dead) && !e810_ctlq_wait_over(cq, &wait));

	spin_lock(&cq->lock);
	/* The hardware may still write to it */
	cq->sq_state[n] = E810_SLOT_ASYNC;
	was_dead = cq->dead;
	cq->dead = true;
	spin_unlock(&cq->lock);

	if (was_dead)
		return -EIO;
	dev_err(&cq->pf->pdev->dev,
		"%s: no answer to command 0x%04x within %u ms\n",
		cq->regs->name, opcode, jiffies_to_msecs(E810_CTLQ_TIMEOUT));
	/*
	 * Nobody knows what was carried out, so begin anew. A function that is
	 * being brought up is out of use, unless the card was reset meanwhile:
	 * nobody else turns the queue off.
	 */
	if (!READ_ONCE(cq->pf->in_reset) ||
	    !(e810_rd32(cq->pf, cq->regs->sq_len) & CTLQ_LEN_ENABLE))
		e810_card_reset(cq->pf);
	return -ETIMEDOUT;
}

/**
 * e810_ctlq_post - send a message and do not wait until it is delivered
 * @cq: control queues
 * @desc: message
 * @buf: payload
 * @len: bytes of @buf, may be 0
 *
 * Context: process, may sleep for seconds if the queue is full.
 *
 * Return: 0, -ETIMEDOUT if the queue stays full, -EIO if it is dead
 */
int e810_ctlq_post(struct e810_ctlq *cq, const struct e810_aq_desc *desc,
		   const void *buf, u16 len)
{
	int n = e810_ctlq_wait_post(cq, desc, buf, len, E810_SLOT_ASYNC, NULL);

	return n < 0 ? n : 0;
}

/* Has the hardware taken everything up to number @seq, which is in slot @n? */
static bool e810_ctlq_taken(struct e810_ctlq *cq, unsigned int n, u64 seq)
{
	bool taken;

	spin_lock(&cq->lock);
	taken = cq->dead || cq->sq_seq - seq >= cq->sq_size ||
		e810_ctlq_slot_free(cq, n);
	spin_unlock(&cq->lock);
	return taken;
}

/**
 * e810_ctlq_flush - wait until what was posted so far is delivered
 * @cq: control queues
 *
 * Context: process, may sleep for seconds.
 *
 * Return: 0, also if the queue is dead: nothing is delivered before its reset,
 * and then it is empty; -ETIMEDOUT
 */
int e810_ctlq_flush(struct e810_ctlq *cq)
{
	struct e810_ctlq_wait wait;
	unsigned int n;
	u64 seq;

	scoped_guard(spinlock, &cq->lock) {
		n = (cq->sq_next ?: cq->sq_size) - 1;
		seq = cq->sq_seq;
	}
	e810_ctlq_wait_init(&wait);
	while (!e810_ctlq_taken(cq, n, seq)) {
		if (e810_ctlq_wait_over(cq, &wait))
			return -ETIMEDOUT;
		usleep_range(20, 60);
	}
	return 0;
}

/**
 * e810_ctlq_receive - look at the next message received
 * @cq: control queues
 * @desc: filled in
 * @buf: filled in with the address of its buffer of E810_AQ_BUF_SIZE bytes,
 *	valid until e810_ctlq_return()
 *
 * Context: the service work only.
 *
 * Return: whether there is one
 */
bool e810_ctlq_receive(struct e810_ctlq *cq, struct e810_aq_desc *desc,
		       void **buf)
{
	if (!e810_ctlq_written_back(&cq->rq_ring[cq->rq_next]))
		return false;

	*desc = cq->rq_ring[cq->rq_next];
	*buf = cq->rq_buf + cq->rq_next * E810_AQ_BUF_SIZE;
	return true;
}

/**
 * e810_ctlq_return - give the descriptor of the last message back
 * @cq: control queues; e810_ctlq_receive() returned true
 */
void e810_ctlq_return(struct e810_ctlq *cq)
{
	unsigned int n = cq->rq_next;
	u16 len = le16_to_cpu(READ_ONCE(cq->rq_ring[n].datalen));

	/*
	 * A message may claim a length and have no payload: it must not be
	 * read together with an older one's of somebody else.
	 */
	memset(cq->rq_buf + n * E810_AQ_BUF_SIZE, 0,
	       min_t(u16, len, E810_AQ_BUF_SIZE));
	e810_ctlq_post_rx(cq, n);
	cq->rq_next = (n + 1) % cq->rq_size;
	e810_wr32(cq->pf, cq->regs->rq_tail, n);
}
