#!/usr/bin/env bash
# Follows a page with a card in the reader: gives it the label of the token, as
# it is and as URIs have it, and leaves out what is for the software token.
# usage: card.sh PAGE [WORD of page.py]...
# CARD_LABEL is how the label begins, where a card has two tokens.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
module=$(pkg-config --variable p11_module_path p11-kit-1)/signet-pkcs11.so
label=$(pkcs11-tool --module "$module" --list-token-slots |
	sed -n "s/^ *token label *: \(${CARD_LABEL-}.*[^ ]\) *$/\1/p")
page=$1
shift
if grep -q '^#.*software token' "$page"; then
	set -- --without 'software token' "$@"
fi
"$here/page.py" "$page" "$@" \
	"TOKEN=${label// /%20}" "LABEL=$label"
