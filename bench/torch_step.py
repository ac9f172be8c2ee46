"""Times PyTorch on the training step that `elbo train` takes: the same model, loss and optimizer, data in memory.

    python bench/torch_step.py --variant eager --adam fused --threads 2 --steps 500
    python bench/torch_step.py --variant compile --threads 2 --json

Prints the median and the 10th and 90th percentile of a step in milliseconds. `--variant compile` compiles
forward, backward and optimizer as one function and leaves the compiling out of the times. The images come from
the folder that `--data-dir` or ELBO_MNIST_DIR names; without one they are random, which costs the same time.
"""

import argparse
import gzip
import json
import os
import pathlib
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

BATCH = 128
PIXELS = 784


class VAE(nn.Module):
    """784-400-20, as in the script that this project re-creates."""

    def __init__(self, hidden=400, latent=20):
        super().__init__()
        self.fc1 = nn.Linear(PIXELS, hidden)
        self.fc21 = nn.Linear(hidden, latent)
        self.fc22 = nn.Linear(hidden, latent)
        self.fc3 = nn.Linear(latent, hidden)
        self.fc4 = nn.Linear(hidden, PIXELS)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        mean, log_variance = self.fc21(h), self.fc22(h)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return torch.tanh(self.fc4(F.relu(self.fc3(z)))), mean, log_variance


def objective(reconstruction, x, mean, log_variance):
    squared_error = F.mse_loss(reconstruction, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return (squared_error + kl) / x.shape[0]


def load(folder):
    """All training images, [60000, 784] in [-1, 1]."""
    if folder is None:
        return torch.rand(60_000, PIXELS) * 2 - 1
    path = pathlib.Path(folder) / "train-images-idx3-ubyte"
    packed = path.with_name(path.name + ".gz")
    raw = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    pixels = torch.frombuffer(bytearray(raw[16:]), dtype=torch.uint8).reshape(-1, PIXELS)
    return (pixels.float() / 255 - 0.5) / 0.5


def step_function(variant, adam, model):
    options = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}[adam]
    if variant == "compile":
        # A rate in a tensor keeps the optimizer from being compiled anew at each step.
        options = {"lr": torch.tensor(1e-3)}
    optimizer = torch.optim.Adam(model.parameters(), **{"lr": 1e-3, **options})

    def step(x):
        optimizer.zero_grad(set_to_none=True)
        loss = objective(*_forward(model, x))
        loss.backward()
        optimizer.step()
        return loss

    return torch.compile(step, dynamic=False) if variant == "compile" else step


def _forward(model, x):
    reconstruction, mean, log_variance = model(x)
    return reconstruction, x, mean, log_variance


def measure(step, images, steps, warm_up):
    order = torch.randperm(len(images))
    times = []
    for number in range(warm_up + steps):
        start = time.perf_counter()
        first = number * BATCH % (len(images) - BATCH)
        step(images.index_select(0, order[first : first + BATCH])).item()
        if number >= warm_up:
            times.append((time.perf_counter() - start) * 1e3)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variant", choices=["eager", "compile"], default="eager")
    parser.add_argument("--adam", choices=["default", "foreach", "fused"], default="fused")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--warm-up", type=int, default=50)
    parser.add_argument("--data-dir", default=os.environ.get("ELBO_MNIST_DIR"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    step = step_function(options.variant, options.adam, VAE())
    times = measure(step, load(options.data_dir), options.steps, options.warm_up)
    deciles = statistics.quantiles(times, n=10)
    result = {
        "program": f"PyTorch {torch.__version__} {options.variant}",
        "adam": options.adam if options.variant == "eager" else "compiled",
        "threads": options.threads,
        "step_ms": {"median": statistics.median(times), "p10": deciles[0], "p90": deciles[-1]},
    }
    if options.json:
        print(json.dumps(result))
    else:
        ms = result["step_ms"]
        spread = f"({ms['p10']:.2f} to {ms['p90']:.2f})"
        print(f"{result['program']}, Adam {result['adam']}, {options.threads} threads: {ms['median']:.2f} ms a step {spread}")


if __name__ == "__main__":
    main()
