/*
 * The life of an operation: what ends it, what leaves it, and how its output
 * finds its way into the caller's buffer (PKCS#11 3.2, 5.2). All families of
 * functions come through here, so that the rules stand once.
 */
#include <stdint.h>

#include "activity.h"
#include "data.h"
#include "mem.h"
#include "message.h"
#include "output.h"

/* Does the caller ask for no more than a length? */
static bool
is_query(const struct step *step)
{
	return step->has_out && step->out == NULL;
}

/*
 * "A call to C_Sign always terminates the active signing operation unless it
 * returns CKR_BUFFER_TOO_SMALL or is a successful call to determine the length
 * of the buffer needed" (5.13.2, and so for all); an update that fails ends it
 * too (5.13.3).
 */
static bool
ends(const struct step *step, CK_RV rv)
{
	if (rv == CKR_BUFFER_TOO_SMALL)
		return false;
	if (rv != CKR_OK)
		return true;
	if (is_query(step))
		return false;
	return step->kind != STEP_UPDATE;
}

/* Checks what the caller gave; nothing is read or written before. */
static CK_RV
step_check(const struct activity *a, const struct step *step)
{
	const struct operation *o = a->operation;

	if (data_is_bad(step->in, step->in_size) ||
	    data_is_bad(step->signature, step->signature_size))
		return CKR_ARGUMENTS_BAD;
	if (step->has_out && step->out_size == NULL)
		return CKR_ARGUMENTS_BAD;
	/* C_Sign cannot end what C_SignUpdate went on with (5.13.2) */
	if (step->kind == STEP_SINGLE && a->progress == UPDATED)
		return CKR_OPERATION_ACTIVE;
	/* of this mechanism there is no operation in parts */
	if (step->kind != STEP_SINGLE && o->single_part)
		return CKR_OPERATION_NOT_INITIALIZED;
	return CKR_OK;
}

/* Has the operation do its work; its output is in OUT. */
static CK_RV
step_work(struct operation *o, const struct step *step, struct builder *out)
{
	struct cursor in = cursor_of(step->in, step->in_size);
	struct cursor signature =
		cursor_of(step->signature, step->signature_size);
	CK_RV rv = CKR_OK;

	if (step->kind == STEP_SINGLE && o->ops->whole != NULL) {
		rv = o->ops->whole(o, in, signature, out);
	} else {
		if (step->kind != STEP_FINAL)
			rv = o->ops->update(o, in, out);
		if (rv == CKR_OK && step->kind != STEP_UPDATE)
			rv = o->ops->finish(o, signature, out);
	}
	if (rv == CKR_OK && !builder_ok(out))
		rv = CKR_HOST_MEMORY;
	return rv;
}

/*
 * The result was too long for the last call's buffer; it comes now, for the
 * same input, without a second run of the card. Anybody who comes with another
 * input has lost the operation: it is over.
 */
static CK_RV
held_give(struct activity *a, const struct step *step)
{
	struct cursor in = cursor_of(step->in, step->in_size);
	CK_RV rv;

	if (step->kind != a->held_step ||
	    !cursor_same(in, builder_read(&a->held_in)))
		return CKR_FUNCTION_FAILED;
	rv = output_give(&a->result, step->out, step->out_size);
	if (rv == CKR_OK && !is_query(step))
		activity_unhold(a);
	return rv;
}

/* Keeps the result, with the input that it is of. Takes RESULT. */
static CK_RV
held_keep(struct activity *a, const struct step *step, struct builder *result)
{
	struct builder in = builder_heap(step->in_size);

	builder_put(&in, step->in, step->in_size);
	if (!builder_ok(&in)) {
		builder_free(&in);
		builder_free(result);
		return CKR_HOST_MEMORY;
	}
	a->held = true;
	a->held_step = step->kind;
	a->held_in = in;
	a->result = *result;
	return CKR_BUFFER_TOO_SMALL;
}

/* By way of memory of ours: what is decrypted may be shorter than foretold,
 * and the caller's output may lie over the input. */
static CK_RV
step_aside(struct activity *a, const struct step *step, size_t size)
{
	struct builder result = builder_heap(size);
	CK_RV rv = step_work(a->operation, step, &result);

	if (rv == CKR_OK)
		rv = output_give(&result, step->out, step->out_size);
	if (rv == CKR_BUFFER_TOO_SMALL)
		return held_keep(a, step, &result);
	builder_free(&result);
	return rv;
}

static bool
overlap(const CK_BYTE *a, size_t a_size, const CK_BYTE *b, size_t b_size)
{
	return (uintptr_t)a < (uintptr_t)b + b_size &&
	       (uintptr_t)b < (uintptr_t)a + a_size;
}

static CK_RV
step_out(struct activity *a, const struct step *step)
{
	struct operation *o = a->operation;
	size_t size = o->ops->size(o, step->in_size, step->kind != STEP_UPDATE);
	bool exact = step->kind == STEP_UPDATE ||
		     (o->kind != OPERATION_DECRYPT &&
		      o->kind != OPERATION_VERIFY_RECOVER);
	struct builder out;
	CK_RV rv;

	if (is_query(step)) {
		*step->out_size = size;
		return CKR_OK;
	}
	if (exact && *step->out_size < size) {
		*step->out_size = size;
		return CKR_BUFFER_TOO_SMALL;
	}
	if (*step->out_size < size ||
	    overlap(step->in, step->in_size, step->out, size))
		return step_aside(a, step, size);
	out = builder_over(step->out, size);
	rv = step_work(o, step, &out);
	if (rv == CKR_OK)
		*step->out_size = out.used;
	else /* what is not proven does not go out */
		mem_wipe(out.data, out.used);
	return rv;
}

static CK_RV
step_silent(struct activity *a, const struct step *step)
{
	struct builder none = builder_over(NULL, 0);

	return step_work(a->operation, step, &none);
}

void
activity_end(struct activity *a, CK_RV rv)
{
	activity_unhold(a);
	message_free(a->message);
	a->message = NULL;
	builder_free(&a->signature);
	a->signature_first = false;
	a->progress = AT_REST;
	if (a->operation == NULL ||
	    (rv == CKR_OK && a->operation->reusable))
		return;
	a->operation->ops->free(a->operation);
	a->operation = NULL;
}

CK_RV
activity_step(struct activity *a, const struct step *step)
{
	CK_RV rv = step_check(a, step);

	if (rv == CKR_OK && a->held)
		rv = held_give(a, step);
	else if (rv == CKR_OK && step->has_out)
		rv = step_out(a, step);
	else if (rv == CKR_OK)
		rv = step_silent(a, step);
	if (ends(step, rv))
		activity_end(a, rv);
	else if (rv == CKR_OK && !is_query(step))
		a->progress = UPDATED;
	return rv;
}

CK_RV
activity_room(struct activity *a, const struct step *step)
{
	CK_ULONG size = 0;
	struct step query = *step;
	CK_RV rv;

	query.out = NULL;
	query.out_size = &size;
	rv = activity_step(a, &query);
	if (rv != CKR_OK)
		return rv;
	if (*step->out_size >= size)
		return CKR_OK;
	*step->out_size = size;
	return CKR_BUFFER_TOO_SMALL;
}

/* What C_VerifySignatureInit began is not for C_Verify to end, nor the other
 * way round: to either the other's operation is none. */
static CK_RV
step_with_signature(struct activity *a, const struct step *step)
{
	struct step with;

	if (a->signature_first != step->signature_first)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (!a->signature_first)
		return activity_step(a, step);
	with = *step;
	with.signature = a->signature.data;
	with.signature_size = a->signature.used;
	return activity_step(a, &with);
}

void
activity_announce(struct session *s, struct activity *a)
{
	a->operation->surrender = session_surrender;
	a->operation->caller = s;
}

CK_RV
operation_step(struct session *s, enum operation_kind kind,
	       const struct step *step)
{
	struct activity *a;
	CK_RV rv = activity_take(s, kind, &a);

	if (rv != CKR_OK)
		return rv;
	activity_announce(s, a);
	rv = step_with_signature(a, step);
	activity_give(s, a);
	return rv;
}

CK_RV
operation_cancel(struct session *s, unsigned kind)
{
	struct activity *a;
	CK_RV rv = activity_take(s, kind, &a);

	if (rv == CKR_OPERATION_NOT_INITIALIZED)
		return CKR_OK;
	if (rv == CKR_OPERATION_ACTIVE)
		return CKR_OPERATION_CANCEL_FAILED;
	if (rv != CKR_OK)
		return rv;
	activity_end(a, CKR_FUNCTION_CANCELED);
	activity_give(s, a);
	return CKR_OK;
}
