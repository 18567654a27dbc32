#!/usr/bin/env bash
# Runs a test with a fresh token of its own, where the server's keys are then made: SoftHSM's, or kryoptic's if
# BATZEN_TEST_KRYOPTIC names its library. As a runner of test programs:
#   CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=tests/tokens/run.sh cargo nextest run --package server --test door
set -euo pipefail
for argument in "$@"; do
    [[ $argument == --list ]] && exec "$@"
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/tokens"
export SOFTHSM2_CONF=$folder/softhsm2.conf KRYOPTIC_CONF=$folder/kryoptic.conf
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$folder/tokens" > "$SOFTHSM2_CONF"
printf '[[slots]]\nslot = 1\ndbtype = "sqlite"\ndbargs = "%s"\n' "$folder/tokens/kryoptic.sql" > "$KRYOPTIC_CONF"
export BATZEN_TEST_TOKEN=test BATZEN_TEST_TOKEN_PIN=654321
export BATZEN_TEST_TOKEN_MODULE=${BATZEN_TEST_KRYOPTIC:-/usr/lib/softhsm/libsofthsm2.so}
softhsm2-util --module "$BATZEN_TEST_TOKEN_MODULE" --init-token --free --label test \
    --so-pin 654321 --pin 654321 > "$folder/made"
"$@"
