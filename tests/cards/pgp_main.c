/* openpgp-card: a simulated OpenPGP card for the virtual reader of pcscd. */
#include "program.h"

int
main(int argc, char **argv)
{
	static const struct share *const shares[] = { &pgp_share };

	return program_run(argc, argv, "openpgp-card", shares, 1);
}
