/* piv-card: a simulated PIV card for the virtual reader of pcscd. */
#include "program.h"

int
main(int argc, char **argv)
{
	static const struct share *const shares[] = { &piv_share };

	return program_run(argc, argv, "piv-card", shares, 1);
}
