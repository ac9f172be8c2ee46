#!/usr/bin/env bash
# All that a machine with an NVIDIA GPU is needed for, in one go: conformance, CPU and GPU side by side, times, PyTorch.
#
#   bench/gpu.sh                    build here, then run
#   bench/gpu.sh --pack FOLDER      build here, and leave programs and scripts in FOLDER
#   bench/gpu.sh --packed FOLDER    run what --pack has left; needs no Rust
#   bench/gpu.sh --try              no GPU: all of it on the stand-in driver, with a small model, to see that it works
#
# ELBO_MNIST_DIR names the data set, else digits are drawn. PYTHON names a Python with PyTorch for CUDA; without one,
# PyTorch is left out. RESULTS names the folder for logs and JSON (default: gpu-results). PROFILE is cargo's (release).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

programs=target/gpu
is_try=
model=()
timed=(20)
few=20 many=100
if [ "${1:-}" = --packed ]; then
    programs=${2:?name the folder that --pack has made}
else
    cd "$here/.."
    profile=${PROFILE:-release}
    if [ "${1:-}" = --pack ]; then
        programs=${2:?name a folder}
    elif [ "${1:-}" = --try ]; then
        is_try=1 programs=target/gpu-try
    elif [ $# -gt 0 ]; then
        echo "gpu: $1 is no option; see the head of bench/gpu.sh" >&2
        exit 2
    fi
    mkdir -p "$programs"
    # Where cargo has put them: its own words, one line a program.
    build() {
        cargo "$@" --profile "$profile" --message-format json |
            sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
    }
    cp "$(build build --package elbo --bin elbo)" "$programs/elbo"
    cp "$(build build --package elbo-cuda --example step_time)" "$programs/step_time"
    for test in conformance training chains; do
        cp "$(build test --package elbo-cuda --test "$test" --no-run)" "$programs/$test"
    done
    cp bench/gpu.sh bench/torch_vae_cuda.py "$programs/"
    if [ "${1:-}" = --pack ]; then
        echo "gpu: take $programs along, and run there: bash gpu.sh --packed . (in that folder)"
        exit 0
    fi
    if [ -n "$is_try" ]; then
        driver=$(cargo run --quiet --profile "$profile" --package elbo-cuda-stand-in --example folder)
        export LD_LIBRARY_PATH=$driver${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} STAND_IN_FAST=1
        export ELBO_MNIST_DIR=$PWD/$programs/images
        mkdir -p "$ELBO_MNIST_DIR"
        # A set in the format of MNIST, of noise: 700 images to train with, 100 to test.
        for set in train:'\x02\xbc':700 t10k:'\x00\x64':100; do
            IFS=: read -r name size count <<<"$set"
            printf '\x00\x00\x08\x03\x00\x00'"$size"'\x00\x00\x00\x1c\x00\x00\x00\x1c' >"$ELBO_MNIST_DIR/$name-images-idx3-ubyte"
            head -c $((count * 784)) /dev/urandom >>"$ELBO_MNIST_DIR/$name-images-idx3-ubyte"
            printf '\x00\x00\x08\x01\x00\x00'"$size" >"$ELBO_MNIST_DIR/$name-labels-idx1-ubyte"
            head -c "$count" /dev/zero >>"$ELBO_MNIST_DIR/$name-labels-idx1-ubyte"
        done
        model=(--hidden 16 --latent 3)
        timed=(1 300)
        few=4 many=5
    fi
fi
programs=$(cd "$programs" && pwd)
torch=$here/torch_vae_cuda.py
results=${RESULTS:-gpu-results}
mkdir -p "$results"
results=$(cd "$results" && pwd)
export ELBO_GPU=1 ELBO_OFFLINE=1
failed=0

step() {
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    if "$@" 2>&1 | tee "$results/$name.log"; then
        echo "== $name: ok, $((SECONDS - start)) s"
    else
        echo "== $name: FAILED after $((SECONDS - start)) s"
        failed=1
    fi
}

seconds() {
    local start end
    start=$(date +%s.%N)
    "$@"
    end=$(date +%s.%N)
    echo "from process start to its end: $(echo "$end $start" | awk '{printf "%.2f", $1 - $2}') s"
}

same() {
    cmp "$1" "$2" && echo "two runs with one seed: the same bits"
}

# The losses of every epoch, columns 3 to 9 of metrics.csv, differ by at most half a percent.
close() {
    paste -d, "$1" "$2" | awk -F, 'NR > 1 {
        n = NF / 2
        for (i = 3; i <= 9; i++) {
            apart = $i - $(i + n); if (apart < 0) apart = -apart
            if (apart > most * $i) most = apart / $i
        }
    } END {
        printf "%d epochs on CPU and GPU: losses at most %.1e apart\n", NR - 1, most
        exit !(NR > 1 && most < 0.005)
    }'
}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | tee "$results/device.log" || true
run() { "$programs/elbo" train --out "$results/$1" "${model[@]}" "${@:2}"; }
rm -rf "$results"/run-*

for test in conformance training chains; do
    step "$test" "$programs/$test" --test-threads=1
done
for precision in single tf32x3 tf32; do
    step "step-$precision" "$programs/step_time" "$precision" "${timed[@]}"
done
step 3-epochs-cuda run run-cuda-3 --device cuda --epochs 3
step 3-epochs-cuda-again run run-cuda-3-again --device cuda --epochs 3
step same-bits same "$results"/run-cuda-3{,-again}/checkpoints/last.safetensors
step 3-epochs-cpu run run-cpu-3 --device cpu --epochs 3
step close close "$results"/run-{cpu,cuda}-3/metrics.csv
step "$few-epochs-cuda" run "run-cuda-$few" --device cuda --epochs "$few"
step "$many-epochs-cuda" seconds run "run-cuda-$many" --device cuda --epochs "$many"
if "${PYTHON:-python3}" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    for variant in eager graph compile; do
        step "torch-$variant" "${PYTHON:-python3}" "$torch" --variant "$variant"
    done
elif [ -n "$is_try" ] && "${PYTHON:-python3}" -c 'import torch' 2>/dev/null; then
    step torch-cpu "${PYTHON:-python3}" "$torch" --variant eager --cpu --epochs 1
else
    echo "== no PyTorch with CUDA under ${PYTHON:-python3}: left out"
fi

echo
echo "== what it comes to"
grep -h '"step_us"' "$results"/*.log || true
microseconds() { sed -n 's/.*"step_us": \([0-9.]*\).*/\1/p' "$results/$1.log" 2>/dev/null || true; }
for variant in eager graph compile; do
    theirs=$(microseconds "torch-$variant") ours=$(microseconds step-single)
    if [ -n "$theirs" ] && [ -n "$ours" ]; then
        awk -v theirs="$theirs" -v ours="$ours" -v name="$variant" \
            'BEGIN { printf "PyTorch %s: %.2f times our step\n", name, theirs / ours }'
    fi
done
for run in run-cpu-3 run-cuda-3; do
    echo "$run: $(tail -n 1 "$results/$run/metrics.csv" 2>/dev/null)"
done
grep -h -e "from process start" -e "apart" -e "the same bits" "$results"/*.log || true
exit $failed
