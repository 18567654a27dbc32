#!/bin/sh
# Stands between cargo and the compiler (RUSTC_WORKSPACE_WRAPPER) while the fuzz targets are built: our own crates
# count branches and show comparisons, so that libFuzzer can steer. What others wrote stays as the tests have it.
compiler="$1"
shift
case " $* " in
  *" --crate-name build_script_"*) exec "$compiler" "$@" ;;
esac
exec "$compiler" "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
