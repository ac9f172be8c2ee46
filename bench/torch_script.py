"""Times the classic PyTorch script as people run it: one image at a time through Pillow, tensor and normalization.

    python bench/torch_script.py --data-dir data/mnist --epochs 1 --threads 2

The loader does for each image what torchvision's MNIST data set with ToTensor and Normalize does, without needing
torchvision. Prints seconds an epoch and milliseconds a step. `bench/torch_step.py` has the same model on data in
memory; the difference is the loader.
"""

import argparse
import json
import os
import statistics
import time

import numpy
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from torch_step import BATCH, VAE, load, objective


class Pictures(Dataset):
    """The training images as 28 by 28 Pillow pictures, turned into tensors when asked for."""

    def __init__(self, folder):
        self.pixels = (load(folder) * 127.5 + 127.5).round().byte().reshape(-1, 28, 28)

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        picture = Image.fromarray(self.pixels[index].numpy(), mode="L")
        values = torch.from_numpy(numpy.array(picture, numpy.uint8, copy=True)).reshape(1, 28, 28)
        return (values.contiguous().to(torch.float32).div(255) - 0.5) / 0.5


def epoch(model, optimizer, loader):
    times, total = [], 0.0
    start = time.perf_counter()
    for batch in loader:
        x = batch.reshape(batch.shape[0], -1)
        reconstruction, mean, log_variance = model(x)
        loss = objective(reconstruction, x, mean, log_variance)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        now = time.perf_counter()
        times.append((now - start) * 1e3)
        start = now
    return times, total / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--data-dir", default=os.environ.get("ELBO_MNIST_DIR"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(Pictures(options.data_dir), batch_size=BATCH, shuffle=True)
    for number in range(1, options.epochs + 1):
        times, loss = epoch(model, optimizer, loader)
        deciles = statistics.quantiles(times, n=10)
        result = {
            "program": f"PyTorch {torch.__version__}, the script's loader",
            "threads": options.threads,
            "step_ms": {"median": statistics.median(times), "p10": deciles[0], "p90": deciles[-1]},
            "epoch_s": sum(times) / 1e3,
        }
        line = f"epoch {number}: loss {loss:.2f}, {result['epoch_s']:.2f} s, {result['step_ms']['median']:.2f} ms a step"
        print(json.dumps(result) if options.json else line)


if __name__ == "__main__":
    main()
