#!/bin/sh
# Stands between cargo and the compiler (RUSTC_WORKSPACE_WRAPPER) while coverage is measured: our own crates count
# which lines run, in the form of LLVM's tools.
compiler="$1"
shift
case " $* " in
  *" --crate-name build_script_"*) exec "$compiler" "$@" ;;
esac
exec "$compiler" "$@" -Cinstrument-coverage
