#!/bin/bash -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds the fuzzers as OSS-Fuzz's image runs it: CC, CXX, CFLAGS, CXXFLAGS and LIB_FUZZING_ENGINE say how, and OUT gets the
# fuzzers with their libraries, dictionaries and first inputs. The source is the current folder.
#
#   build.sh [FUZZER...]      such as fuzz-conf; without a name all of them
#
# Without OSS-Fuzz's image:
#   export CC=clang CXX=clang++ OUT=/tmp/out WORK=/tmp/work LIB_FUZZING_ENGINE=-fsanitize=fuzzer
#   export CFLAGS="-g -O1 -fsanitize=address,undefined,fuzzer-no-link" CXXFLAGS=$CFLAGS
#   packaging/oss-fuzz/build.sh fuzz-conf

# The old kind of path is searched for the libraries of libraries, too.
export LDFLAGS="${LDFLAGS:-} -Wl,--disable-new-dtags -Wl,-rpath,'\$ORIGIN/lib'"
mkdir -p "$OUT/lib" "$WORK"
[ -e "$WORK/build/build.ninja" ] || meson setup "$WORK/build" . --buildtype=plain -Dwerror=false -Db_lundef=false \
    -Db_pie=false -Dfuzz=true -Dfuzz-engine="$LIB_FUZZING_ENGINE"

fuzzers=("$@")
if [ $# = 0 ]; then
    for source in tests/fuzz/fuzz-*.c; do fuzzers+=("$(basename "$source" .c)"); done
fi
ninja -C "$WORK/build" "${fuzzers[@]/#/tests/fuzz/}"

# OSS-Fuzz runs them in an image that has the C library only.
copy_libraries() { # PROGRAM
    ldd "$1" | awk '$2 == "=>" && $3 ~ "^/" { print $3 }' | while read -r library; do
        case $(basename "$library") in
        libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | libresolv.so.*) ;;
        *) cp -u "$library" "$OUT/lib" ;;
        esac
    done
}

first_inputs() { # FUZZER
    case $1 in
    fuzz-conf) echo tests/qemuxml2xmldata ;;
    fuzz-trace-record) echo tests/tracedata ;;
    *) echo "tests/fuzz/seeds/${1#fuzz-}" ;;
    esac
}

for fuzzer in "${fuzzers[@]}"; do
    program=$WORK/build/tests/fuzz/$fuzzer
    copy_libraries "$program" # of the system; that in OUT finds those of the fuzzer before it
    cp "$program" "$OUT"
    [ ! -e "tests/fuzz/$fuzzer.dict" ] || cp "tests/fuzz/$fuzzer.dict" "$OUT"
    inputs=$(first_inputs "$fuzzer")
    [ ! -d "$inputs" ] || (cd "$inputs" && find . -type f -exec python3 -m zipfile -c "$OUT/${fuzzer}_seed_corpus.zip" {} +)
    printf '[libfuzzer]\ntimeout = 10\nrss_limit_mb = 2048\n' >"$OUT/$fuzzer.options"
done
