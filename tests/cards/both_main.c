/* both-card: PIV and OpenPGP on one simulated card, as on a YubiKey. */
#include "program.h"

int
main(int argc, char **argv)
{
	static const struct share *const shares[] = { &piv_share, &pgp_share };

	return program_run(argc, argv, "both-card", shares, 2);
}
