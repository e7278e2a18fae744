/* What the tests beside a real pcscd share: its card, its life and death. */
#include "stage.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP_MS = 5, PATIENCE_STEPS = 6000 };

const uint8_t stage_atr[23] = { 0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE,
				0x15, 0x80, 0x73, 0xC0, 0x21, 0xC0, 0x57, 0x59,
				0x75, 0x62, 0x69, 0x4B, 0x65, 0x79, 0x40 };

static struct reader_state states[READERS_MAX];

void
stage_tell(const char *line)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char reply[256] = "";
	size_t used = 0;

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s/card0.control",
		       getenv("SIGNET_TEST_DIR"));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_true(dprintf(fd, "%s\n", line) > 0);
	while (used < sizeof(reply) - 1 && !strchr(reply, '\n'))
		assert_int_equal(read(fd, reply + used++, 1), 1);
	assert_int_equal(strncmp(reply, "ok", 2), 0);
	(void)close(fd);
}

struct reader_state
stage_wait(struct pcsc *p, bool card)
{
	size_t count;

	for (int i = 0; i < PATIENCE_STEPS; i++) {
		assert_int_equal(pcsc_scan(p, states, &count), CKR_OK);
		if (count > 0 && states[0].card == card)
			return states[0];
		(void)poll(NULL, 0, STEP_MS);
	}
	fail_msg("the card does not %s", card ? "come" : "go");
	return states[0];
}

void
stage_wait_change(struct pcsc *p, uint32_t insertion)
{
	size_t count;

	for (int i = 0; i < PATIENCE_STEPS; i++) {
		assert_int_equal(pcsc_scan(p, states, &count), CKR_OK);
		if (count == 0 || states[0].insertion != insertion)
			return;
		(void)poll(NULL, 0, STEP_MS);
	}
	fail_msg("insertion %08X does not end", (unsigned)insertion);
}

static pid_t
pcscd_find(void)
{
	FILE *file = fopen("/run/pcscd/pcscd.pid", "r");
	int pid = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	assert_true(pid > 1);
	(void)fclose(file);
	return pid;
}

/* It is a child of ours, or of the script that set the stage. */
void
stage_pcscd_kill(void)
{
	pid_t pid = pcscd_find();

	assert_int_equal(kill(pid, SIGKILL), 0);
	for (int i = 0; i < PATIENCE_STEPS; i++) {
		(void)waitpid(pid, NULL, WNOHANG);
		if (kill(pid, 0) != 0)
			return;
		(void)poll(NULL, 0, STEP_MS);
	}
	fail_msg("pcscd does not end");
}

static void
pcscd_become(void)
{
	char folder[128], log[128];
	FILE *out;

	(void)snprintf(folder, sizeof(folder), "%s/readers",
		       getenv("SIGNET_TEST_DIR"));
	(void)snprintf(log, sizeof(log), "%s/pcscd.log",
		       getenv("SIGNET_TEST_DIR"));
	out = freopen(log, "a", stdout);
	if (out != NULL && dup2(STDOUT_FILENO, STDERR_FILENO) >= 0) {
		(void)unsetenv("LD_PRELOAD");
		(void)execlp("pcscd", "pcscd", "--foreground", "--config",
			     folder, (char *)NULL);
	}
	_exit(127);
}

void
stage_pcscd_start(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		pcscd_become();
}

CK_RV
stage_exchange(struct transport *t, uint16_t *sw)
{
	static const uint8_t aid[] = { 0xA0, 0x00, 0x00, 0x03, 0x08,
				       0x00, 0x00, 0x10, 0x00 };
	struct apdu select = { .ins = 0xA4,
			       .p1 = 0x04,
			       .data = cursor_of(aid, sizeof(aid)),
			       .le = APDU_SHORT_ANSWER };
	struct builder answer = builder_heap(APDU_SHORT_ANSWER);
	CK_RV rv;

	rv = t->ops->exchange(t, &select, &answer, sw);
	builder_free(&answer);
	return rv;
}

void
stage_select(struct transport *t)
{
	uint16_t sw = 0;

	assert_int_equal(stage_exchange(t, &sw), CKR_OK);
	assert_int_equal(sw, 0x9000);
}

uint64_t
stage_round(struct transport *t)
{
	uint64_t generation = 0;

	assert_int_equal(t->ops->begin(t, &generation), CKR_OK);
	stage_select(t);
	t->ops->end(t);
	return generation;
}
