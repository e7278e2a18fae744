/* Speaks to a simulated card's control socket. */
#ifndef TESTS_FAULTS_CONTROL_H
#define TESTS_FAULTS_CONTROL_H

#include <stddef.h>

/* Connects to the card's socket; ends the test program when that fails. */
int control_connect(const char *path);

/* Sends one line, gives the card's answer; ends the program on an error. */
void control_tell(int fd, const char *line, char *answer, size_t size);

#endif
