#!/usr/bin/env bash
# Runs a command that puts a card into a reader service, with readers of ours.
# usage: run.sh DRIVER FAKES ON_CARD ARGUMENT...
set -euo pipefail

driver=$1 fakes=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SIGNET_VPCD_DRIVER=$driver SIGNET_IFD=$fakes
export SIGNET_IFD_PINS=$work/typed SIGNET_IFD_STALL=$work/stall
# In the folder that pcscd/run makes.
export SIGNET_LOG_LEVEL=debug SIGNET_LOG_FILE=/run/signet-test/signet.log
"$@"
