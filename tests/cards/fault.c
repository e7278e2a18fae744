/* Faults that strike at a chosen exchange. */
#include "fault.h"

#include <limits.h>
#include <string.h>

#define LONG_DEFAULT 65535

/* clang-format off */
static const struct {
	const char *name;
	enum fault_kind kind;
} names[] = {
	{ "remove", FAULT_REMOVE },
	{ "remove-after", FAULT_REMOVE_AFTER },
	{ "reset", FAULT_RESET },
	{ "switch-applet", FAULT_SWITCH },
	{ "empty", FAULT_EMPTY },
	{ "short", FAULT_SHORT },
	{ "long", FAULT_LONG },
	{ "garbage", FAULT_GARBAGE },
	{ "flip", FAULT_FLIP },
	{ "truncate", FAULT_TRUNCATE },
	{ "silent", FAULT_SILENT },
	{ "leave", FAULT_LEAVE },
};
/* clang-format on */

/* Decimal digits up to the end or the given byte; NULL when none. */
static const char *
digits_read(const char *text, unsigned *number)
{
	unsigned n = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (n > (UINT_MAX - 9) / 10)
			return NULL;
		n = n * 10 + (unsigned)(*at - '0');
	}
	*number = n;
	return at == text ? NULL : at;
}

bool
number_read(const char *text, unsigned *number)
{
	const char *end = digits_read(text, number);

	return end && !*end;
}

static bool
kind_read(const char *text, struct fault *fault)
{
	size_t n = strcspn(text, ":");
	uint32_t word;

	fault->value = 0;
	if (strlen(text) == 4 && hex_number(text, &word)) {
		fault->kind = FAULT_WORD;
		fault->value = word;
		return true;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) != n ||
		    strncmp(names[i].name, text, n) != 0)
			continue;
		fault->kind = names[i].kind;
		if (fault->kind == FAULT_LONG)
			fault->value = LONG_DEFAULT;
		return !text[n] || number_read(text + n + 1, &fault->value);
	}
	return false;
}

bool
fault_add(struct fault_list *list, const char *text, unsigned done)
{
	struct fault fault = { .at = done + 1 };
	const char *end;
	unsigned number;
	bool relative = *text == '+';

	end = digits_read(text + relative, &number);
	if (end && *end == ':') {
		fault.at = relative ? done + number : number;
		text = end + 1;
	} else if (relative) {
		return false;
	}
	if (!kind_read(text, &fault) || list->count == FAULTS)
		return false;
	list->faults[list->count++] = fault;
	return true;
}

void
fault_clear(struct fault_list *list)
{
	list->count = 0;
}

struct fault
fault_take(struct fault_list *list, unsigned exchange)
{
	struct fault taken = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		if (list->faults[i].at != exchange)
			continue;
		taken = list->faults[i];
		list->count--;
		memmove(&list->faults[i], &list->faults[i + 1],
			(list->count - i) * sizeof(list->faults[0]));
		break;
	}
	return taken;
}

/* The same noise each time, so that a failure can be repeated. */
static void
noise_write(struct pile *to, size_t n)
{
	uint32_t state = 12345;

	while (n-- > 0) {
		state = state * 1103515245u + 12345u;
		pile_byte(to, (uint8_t)(state >> 16));
	}
}

static void
answer_noise(struct pile *answer, size_t n)
{
	answer->used = 0;
	noise_write(answer, n);
	pile_byte(answer, SW_OK >> 8);
	pile_byte(answer, 0);
}

void
fault_spoil(const struct fault *fault, struct pile *answer)
{
	size_t n = answer->used;

	switch (fault->kind) {
	case FAULT_EMPTY:
		answer->used = 0;
		break;
	case FAULT_SHORT:
		answer->used = n > 0 ? 1 : 0;
		break;
	case FAULT_LONG:
		if (fault->value >= 2 && fault->value <= answer->room)
			answer_noise(answer, fault->value - 2);
		break;
	case FAULT_GARBAGE:
		answer_noise(answer, n > 18 ? n - 2 : 16);
		break;
	case FAULT_FLIP:
		if (n > 2)
			answer->at[n - 3] ^= 1;
		break;
	case FAULT_TRUNCATE:
		if (n > 2) {
			memmove(answer->at + (n - 2) / 2, answer->at + n - 2,
				2);
			answer->used = (n - 2) / 2 + 2;
		}
		break;
	default:
		break;
	}
}
