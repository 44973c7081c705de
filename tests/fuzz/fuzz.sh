#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Builds the library with clang, libFuzzer and sanitizers, and lets it run on a target:
#   tests/fuzz/fuzz.sh ROOT TARGET RUNS SEED
# With KI_FUZZ_KEEP=FOLDER what was found on the way is copied there. The same seed makes the same runs. Exit
# status 77 without clang or its libFuzzer. HDF5 is left out: its own leaks and crashes are not ours to find.
set -u
root=$1 target=$2 runs=$3 seed=$4
folder=$(mktemp -d) || exit 1
work=$(mktemp -d -p /dev/shm 2>/dev/null) || work=$(mktemp -d) || exit 1 # a file for each run: not on a disk
trap 'cd /; rm -rf "$folder" "$work"' EXIT INT TERM
flags="-g -O1 -std=gnu17 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined"
echo 'int LLVMFuzzerTestOneInput(const void *d, unsigned long n) { (void)d; (void)n; return 0; }' >"$folder/try.c"
if ! clang $flags "$folder/try.c" -o "$folder/try" 2>/dev/null; then
    echo "skipped: no clang with libFuzzer"
    exit 77
fi
mkdir "$folder/corpus"
[ "$target" = fuzz_recording ] && rooms="src/recording/*.c src/raster/raster.c src/raster/spikes.c src/base/check.c" || rooms=
# What a million runs found, and the files that they began from.
gzip -dc "$root/tests/fuzz/$target.tar.gz" | tar -xf - -C "$folder/corpus" || exit 1
(cd "$root" && cp tests/fuzz/corpus/* "$folder/corpus/" && if [ "$target" = fuzz_recording ]; then cp tests/fuzz/recordings/* "$folder/corpus/"; fi &&
    clang $flags -w -D_FILE_OFFSET_BITS=64 -Iinclude -Isrc "tests/fuzz/$target.c" src/io/*/*.c src/base/error.c \
        src/base/memory.c $rooms -lz -lm -o "$folder/$target") || exit 1
cd "$work" || exit 1
ASAN_OPTIONS=allocator_may_return_null=1 "$folder/$target" -runs="$runs" -seed="$seed" -max_len=4096 \
    -rss_limit_mb=4096 -timeout=20 -print_final_stats=1 -artifact_prefix="$folder/" "$folder/corpus" 2>"$folder/log"
status=$?
left=$(ls -A "$work")
if [ $status -eq 0 ] && [ -n "$left" ]; then
    echo "left behind: $left" >>"$folder/log"
    status=1
fi
[ -z "${KI_FUZZ_KEEP:-}" ] || cp "$folder"/corpus/* "$KI_FUZZ_KEEP"
tail -n 12 "$folder/log"
if [ $status -ne 0 ]; then
    cat "$folder/log"
    for found in "$folder"/crash-* "$folder"/timeout-* "$folder"/oom-* "$folder"/leak-*; do
        [ -f "$found" ] && base64 "$found"
    done
fi
exit $status
