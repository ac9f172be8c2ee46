#!/usr/bin/env bash
# All that a machine with an NVIDIA GPU is needed for, in one go: conformance, CPU and GPU side by side, times, PyTorch.
#
#   bench/gpu.sh                    build here, then run
#   bench/gpu.sh --pack FOLDER      build here, and leave programs and scripts in FOLDER
#   bench/gpu.sh --packed FOLDER    run what --pack has left; needs no Rust
#
# ELBO_MNIST_DIR names the data set, else digits are drawn. PYTHON names a Python with PyTorch for CUDA; without one,
# PyTorch is left out. RESULTS names the folder for logs and JSON (default: gpu-results).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

programs=target/gpu
if [ "${1:-}" = --packed ]; then
    programs=${2:?name the folder that --pack has made}
else
    cd "$here/.."
    [ "${1:-}" = --pack ] && programs=${2:?name a folder}
    mkdir -p "$programs"
    cargo build --release --package elbo --bin elbo
    cargo build --release --package elbo-cuda --example step_time
    # The newest test programs, by what cargo says of them.
    tests=$(cargo test --release --package elbo-cuda --test conformance --test training --no-run --message-format json |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | grep -E '/(conformance|training)-[0-9a-f]+$')
    target=$(dirname "$(dirname "$(echo "$tests" | head -n 1)")")
    cp "$target/elbo" "$target/examples/step_time" "$programs/"
    for test in $tests; do
        name=$(basename "$test")
        cp "$test" "$programs/${name%-*}"
    done
    cp bench/gpu.sh bench/torch_vae_cuda.py "$programs/"
    if [ "${1:-}" = --pack ]; then
        echo "gpu: take $programs along, and run there: bash gpu.sh --packed . (in that folder)"
        exit 0
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

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$results/device.log" || true
run() { "$programs/elbo" train --out "$results/$1" "${@:2}"; }
rm -rf "$results"/run-*

step conformance "$programs/conformance" --test-threads=1
step training "$programs/training" --test-threads=1
for precision in single tf32x3 tf32; do
    step "step-$precision" "$programs/step_time" "$precision" 20
done
step 3-epochs-cuda run run-cuda-3 --device cuda --epochs 3
step 3-epochs-cuda-again run run-cuda-3-again --device cuda --epochs 3
step same-bits same "$results"/run-cuda-3{,-again}/checkpoints/last.safetensors
step 3-epochs-cpu run run-cpu-3 --device cpu --epochs 3
step 20-epochs-cuda run run-cuda-20 --device cuda --epochs 20
step 100-epochs-cuda seconds run run-cuda-100 --device cuda --epochs 100
if "${PYTHON:-python3}" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    for variant in eager graph compile; do
        step "torch-$variant" "${PYTHON:-python3}" "$torch" --variant "$variant"
    done
else
    echo "== no PyTorch with CUDA under ${PYTHON:-python3}: left out"
fi

echo
echo "== what it comes to"
grep -h '"step_us"' "$results"/*.log || true
for run in run-cpu-3 run-cuda-3; do
    echo "$run: $(tail -n 1 "$results/$run/metrics.csv" 2>/dev/null)"
done
grep -h "from process start" "$results"/*.log || true
exit $failed
