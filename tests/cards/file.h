/* Files that are put on a card. */
#ifndef TESTS_CARDS_FILE_H
#define TESTS_CARDS_FILE_H

#include "octets.h"

#define FILE_MAX 32768

/* Appends the file; false when it is empty or does not fit. */
bool file_read(const char *path, struct pile *to);

/* Appends a certificate: DER as it is, PEM decoded. */
bool file_certificate(const char *path, struct pile *der);

#endif
