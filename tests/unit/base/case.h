/* What every unit test of this room starts with. */
#ifndef SIGNET_CASE_H
#define SIGNET_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"

/* A named case, so that the log tells what failed. */
#define CASE(name, function)                     \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

/* A cursor over the bytes given, or over a text without its NUL. */
#define BYTES(...)                                  \
	cursor_of((const uint8_t[]){ __VA_ARGS__ }, \
		  sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define TEXT(text) cursor_of(text, sizeof(text) - 1)

/* Is what was written just that? */
#define assert_written(builder, cursor) \
	assert_true(cursor_same(builder_read(builder), cursor))

#endif
